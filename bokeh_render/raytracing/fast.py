"""The ray tracer compiled for the CPU: the same image as :func:`bokeh_render.raytracing.trace`, many times sooner.

A ray stops at the first layer that hides the rest, nothing is kept per ray, and layers that no ray of a pixel can meet
are left out for all of its rays. One scene at a time; no gradients.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

from ..classical.cpu import in_parallel
from ..classical.jit import compiled
from ..errors import BadInputError
from ..optics import Float32
from .layers import Layer
from .tracer import check_layers

_HIDDEN = 1e-4
"""A ray that so little gets through any more is followed no further."""


def trace_fast(
    layers: Sequence[Layer],
    lens: NDArray[np.float64],
    blur_parameter: float,
    focus_disparity: float,
    size: tuple[int, int],
    *,
    within_pixel: NDArray[np.float64] | None = None,
    threads: int = 0,
) -> Float32:
    """Return the bokeh image, (H, W, 3), linear light; the slow twin is :func:`bokeh_render.raytracing.trace`.

    layers: of one scene (N = 1), near to far; lens: (n, 2), lens radii, right and up; within_pixel: (n, 2), where in
    its pixel each ray lands, px right and down of the centre (the centre if not given); threads: 0 = all. The same bits
    come out for any number of threads. Raises BadInputError as the twin does, and for more scenes than one.
    """
    if layers and len(layers[0].light) != 1:
        raise BadInputError(f"{len(layers[0].light)} scenes were given; the compiled tracer takes one at a time")
    check_layers(layers, torch.from_numpy(np.ascontiguousarray(lens)), torch.tensor([blur_parameter]))
    paint = [_premultiplied(layer) for layer in layers]
    starts = np.cumsum([0, *(array.size for array in paint)])[:-1].astype(np.int64)
    shapes = np.array([array.shape[:2] for array in paint], dtype=np.int64)
    planes = np.stack([layer.plane[0].double().numpy() for layer in layers])
    planes[:, 0] -= focus_disparity
    planes *= blur_parameter
    landing = np.zeros_like(lens) if within_pixel is None else within_pixel
    points = np.ascontiguousarray(np.concatenate([lens * [1.0, -1.0], landing], axis=1), dtype=np.float64)
    total = np.zeros((*size, 3), dtype=np.float32)
    met, hides = _what_rays_can_meet(paint, planes, points, size)
    flat = np.concatenate([array.reshape(-1) for array in paint])
    in_parallel(
        lambda begin, end: _trace(begin, end, flat, starts, shapes, planes, points, met, hides, total), size[0], threads
    )
    return total


def _premultiplied(layer: Layer) -> Float32:
    both = torch.cat([layer.light * layer.alpha, layer.alpha], dim=1)[0]
    return np.ascontiguousarray(both.permute(1, 2, 0).float().numpy())


def _what_rays_can_meet(
    paint: Sequence[Float32], planes: NDArray[np.float64], points: NDArray[np.float64], size: tuple[int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return two (L, H, W) masks: whether any ray of a pixel can meet a layer, and whether all are stopped by it."""
    met, hides = np.ones((len(paint), *size), dtype=np.uint8), np.ones((len(paint), *size), dtype=np.uint8)
    half = 0.5 * (np.array(size[::-1]) - 1)
    rim = float(np.hypot(points[:, 0], points[:, 1]).max())
    for layer, array in enumerate(paint):
        slope = np.abs(planes[layer, 1:])
        reach = (abs(planes[layer, 0]) + slope @ half) * rim / (1.0 - rim * float(np.hypot(*slope)))
        window = 2 * (int(reach + float(np.abs(points[:, 2:]).max())) + 2) + 1
        alpha = array[..., 3]
        for mask, found in (
            (met, ndimage.maximum_filter((alpha > 0).view(np.uint8), window, mode="nearest")),
            (hides, ndimage.minimum_filter((alpha >= 1).view(np.uint8), window, mode="nearest")),
        ):
            mask[layer] = _centred(found, size)
    return met, hides


def _centred(mask: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return the (H, W) middle of a mask; where sizes differ by an odd number, what either of two places holds."""
    spare = [(have - want) / 2 for have, want in zip(mask.shape, size, strict=True)]
    rows, columns = (
        np.clip(np.arange(want) + int(np.floor(gap)), 0, have - 1)
        for have, want, gap in zip(mask.shape, size, spare, strict=True)
    )
    return np.ascontiguousarray(mask[rows[:, None], columns[None]])


@compiled
def _trace(
    begin: int,
    end: int,
    paint: Float32,
    starts: NDArray[np.int64],
    shapes: NDArray[np.int64],
    planes: NDArray[np.float64],
    lens: NDArray[np.float64],
    met: NDArray[np.uint8],
    hides: NDArray[np.uint8],
    total: Float32,
) -> None:
    height, width = total.shape[:2]
    chosen = np.empty(len(starts), dtype=np.int64)
    for row in range(begin, end):
        for column in range(width):
            red, green, blue = 0.0, 0.0, 0.0
            count = 0
            for layer in range(len(starts)):
                if met[layer, row, column]:
                    chosen[count] = layer
                    count += 1
                    if hides[layer, row, column]:
                        break
            for k in range(len(lens)):
                u, v = lens[k, 0], lens[k, 1]
                x = column - 0.5 * (width - 1) + lens[k, 2]
                y = row - 0.5 * (height - 1) + lens[k, 3]
                open_, r, g, b = 1.0, 0.0, 0.0, 0.0
                for place in range(count):
                    layer = chosen[place]
                    defocus = planes[layer, 0] + planes[layer, 1] * x + planes[layer, 2] * y
                    reach = defocus / (1.0 - planes[layer, 1] * u - planes[layer, 2] * v)
                    h, w = shapes[layer, 0], shapes[layer, 1]
                    px = min(max(x + u * reach + 0.5 * (w - 1), 0.0), w - 1.0)
                    py = min(max(y + v * reach + 0.5 * (h - 1), 0.0), h - 1.0)
                    left, top = int(px), int(py)
                    right, bottom = min(left + 1, w - 1), min(top + 1, h - 1)
                    fx, fy = px - left, py - top
                    a = starts[layer] + 4 * (top * w + left)
                    c = starts[layer] + 4 * (top * w + right)
                    d = starts[layer] + 4 * (bottom * w + left)
                    e = starts[layer] + 4 * (bottom * w + right)
                    wa, wc = (1.0 - fx) * (1.0 - fy), fx * (1.0 - fy)
                    wd, we = (1.0 - fx) * fy, fx * fy
                    alpha = wa * paint[a + 3] + wc * paint[c + 3] + wd * paint[d + 3] + we * paint[e + 3]
                    if alpha <= 0.0:
                        continue
                    r += open_ * (wa * paint[a] + wc * paint[c] + wd * paint[d] + we * paint[e])
                    g += open_ * (wa * paint[a + 1] + wc * paint[c + 1] + wd * paint[d + 1] + we * paint[e + 1])
                    b += open_ * (wa * paint[a + 2] + wc * paint[c + 2] + wd * paint[d + 2] + we * paint[e + 2])
                    open_ *= 1.0 - alpha
                    if open_ < _HIDDEN:
                        break
                stopped = max(1.0 - open_, 1e-6)
                red += r / stopped
                green += g / stopped
                blue += b / stopped
            total[row, column, 0] = red / len(lens)
            total[row, column, 1] = green / len(lens)
            total[row, column, 2] = blue / len(lens)
