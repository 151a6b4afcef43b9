"""The occlusion-aware classical renderer: scatter, but nothing shines through what stands in front of it.

Every ray of the lens ends at the first surface it meets. Scattering alone adds up all surfaces: a blurred background
leaks over a sharp foreground, and a blurred foreground is no more transparent than the photo behind it. Here

1. the hidden background is guessed where the lens can look behind an edge (:mod:`bokeh_render.hidden_background`), and
   mixed pixels are taken apart (:mod:`bokeh_render.mixed_pixels`): at most two samples per pixel, each with its own
   defocus, light and share of the pixel;
2. the samples are sorted into layers by defocus; each is scattered with weights that sum to 1, so that what arrives is
   the share of the lens it covers;
3. layers are put together from near to far (:mod:`bokeh_render.compositing`), separately for each sector of the lens
   (:mod:`bokeh_render.lens_parts`);
4. the plain scatter stays wherever no depth edge can be seen through the lens: there it is right.

Cost: one plain scatter, and ``lens_parts`` times the samples' own, with the layers' empty pixels nearly free.
"""

from __future__ import annotations

import math
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .aperture import Aperture
from .aperture_shapes import CatEye, Shape
from .classical import scatter
from .classical.cpu import accumulate, in_parallel
from .classical.jit import compiled
from .classical.taps import Quality, tap_table
from .compositing import add_layer
from .errors import BadInputError
from .hidden_background import hidden_background
from .lens_parts import cut_lens
from .mixed_pixels import JUMP_PX, depth_edges, take_apart
from .optics import Float32
from .outline import reach_of

LAYERS = 10
LENS_PARTS = 4
_THINNEST_LAYER_PX = 0.5
_MOST_LAYERS, _MOST_PARTS = 256, 64
_LEAST_COVERED = 1e-3  # of the lens, for light to be taken from it
_BEYOND_PX = 0.25  # a pixel is partly covered by a disc that ends less than 0.71 px before its centre
_NONE = -1


class LayeredResult(NamedTuple):
    """bokeh: (H, W, 3) float32, linear light; edge_share: (H, W) float32 in [0, 1], where a depth edge can be seen
    through the lens: 1 = rendered in layers, 0 = as the plain scatter.
    """

    bokeh: Float32
    edge_share: Float32


class Samples(NamedTuple):
    """A sample per pixel: light (H, W, 3); share (H, W), how much of the pixel it covers; defocus (H, W), px; layer
    (H, W), counted from the nearest, -1 where there is no sample.
    """

    light: Float32
    share: Float32
    defocus: Float32
    layer: NDArray[np.int32]

    def rows(self, rows: slice) -> Samples:
        """Return the samples of some rows."""
        return Samples(self.light[rows], self.share[rows], self.defocus[rows], self.layer[rows])


def render_layered(
    light: Float32,
    defocus: Float32,
    *,
    aperture: Shape | None = None,
    layers: int = LAYERS,
    lens_parts: int = LENS_PARTS,
    quality: Quality = "high",
    threads: int = 0,
) -> LayeredResult:
    """Blur an image as a lens does, with occlusion.

    light: (H, W, 3), linear, 0 or more; defocus: (H, W), signed blur radius in px, positive in front of the focal
    plane; aperture: a disc if not given; layers: at most so many, none thinner than half a pixel of defocus: more keep
    more surfaces apart; lens_parts: sectors of the lens in which occlusion is worked out separately: more are exacter
    and slower; quality: "high", or "preview" (rougher edges; for light without strong highlights); threads: 0 = all.

    The same bits come out for any number of threads. Equal to :func:`bokeh_render.scatter` where no depth edge (a jump
    of more than 1 px of defocus between neighbours) can be seen through the lens, and everywhere if there is none.
    Raises BadInputError for shapes that do not fit, NaN, infinity, negative light, a cat's eye (whose outline differs
    from pixel to pixel), and options that do not exist.
    """
    shape = Aperture() if aperture is None else aperture
    light, defocus = _checked(light, defocus, shape, layers, lens_parts)
    plain: Float32 = scatter(light, defocus, aperture=shape, quality=quality, threads=threads).bokeh
    edges = depth_edges(defocus)
    if not edges.any():
        return LayeredResult(plain, np.zeros_like(defocus))
    share = _edge_share(defocus, shape, quality, threads)
    visible, second, count = _samples(light, defocus, edges, layers, threads)
    covered, total = _composite(visible, second, count, shape, lens_parts, quality, threads)
    share[covered <= _LEAST_COVERED] = 0.0
    layered = total / np.maximum(covered, _LEAST_COVERED)[..., None]
    bokeh = np.maximum(plain + share[..., None] * (layered - plain), 0.0)
    return LayeredResult(bokeh.astype(np.float32), share)


def _checked(light: Float32, defocus: Float32, shape: Shape, layers: int, parts: int) -> tuple[Float32, Float32]:
    if light.ndim != 3 or light.shape[2] != 3 or light.size == 0:
        raise BadInputError(f"light has shape {light.shape}; expected (height, width, 3), none of them 0")
    if defocus.shape != light.shape[:2]:
        raise BadInputError(f"defocus has shape {defocus.shape}; expected {light.shape[:2]} to match the light")
    with np.errstate(over="ignore"):  # what is too large becomes infinite and is refused
        light = np.ascontiguousarray(light, dtype=np.float32)
        defocus = np.ascontiguousarray(defocus, dtype=np.float32)
    for name, values in (("light", light), ("defocus", defocus)):
        if not np.isfinite(values).all():
            raise BadInputError(f"{name} holds NaN or infinite values; expected finite numbers")
    if light.min() < 0:
        raise BadInputError(f"light goes down to {light.min():g}; expected 0 or more")
    if isinstance(shape, CatEye):
        raise BadInputError("the layered renderer knows no cat's eye; use the classical one, or another aperture")
    if not 1 <= layers <= _MOST_LAYERS:
        raise BadInputError(f"{layers} layers were asked for; expected 1 to {_MOST_LAYERS}")
    if not 1 <= parts <= _MOST_PARTS:
        raise BadInputError(f"{parts} lens parts were asked for; expected 1 to {_MOST_PARTS}")
    return light, defocus


def _edge_share(defocus: Float32, shape: Shape, quality: Quality, threads: int) -> Float32:
    """Return (H, W) in [0, 1]: whether a depth edge can be seen through the lens.

    Both pixels at a jump count, each dilated by the larger blur radius of the two. The share falls to 0 over a pixel
    and is 0 from 1 px beyond that radius on.
    """
    size = np.abs(defocus)
    radius = np.full_like(defocus, np.nan)
    for axis in (0, 1):
        here, there = [slice(None)] * 2, [slice(None)] * 2
        here[axis], there[axis] = slice(0, -1), slice(1, None)
        a, b = tuple(here), tuple(there)
        reach = np.where(np.abs(defocus[a] - defocus[b]) > JUMP_PX, np.maximum(size[a], size[b]), np.nan)
        radius[a] = np.fmax(radius[a], reach)
        radius[b] = np.fmax(radius[b], reach)
    radius = radius * reach_of(shape) + np.float32(_BEYOND_PX)
    found = np.isfinite(radius)
    if not found.any():
        return np.zeros_like(defocus)
    table = tap_table(Aperture(), "area", quality, float(radius[found].max()), max(defocus.shape))
    values = np.zeros((*defocus.shape, 4), dtype=np.float32)
    values[found, 0] = math.pi * radius[found] ** 2
    return np.clip(accumulate(values, radius, table, threads=threads).weight, 0.0, 1.0).astype(np.float32)


def _samples(
    light: Float32, defocus: Float32, edges: NDArray[np.bool_], layers: int, threads: int
) -> tuple[Samples, Samples, int]:
    """Return the visible sample of each pixel, a second one where there is any, and the number of layers."""
    apart = take_apart(light, defocus, edges, threads=threads)
    hidden = hidden_background(light, defocus, edges, threads=threads)
    nearest, farthest = float(defocus.max()), float(defocus.min())
    count = max(1, min(layers, int((nearest - farthest) / _THINNEST_LAYER_PX) + 1))

    def layer_of(blur: Float32) -> NDArray[np.int32]:
        place = np.rint((nearest - blur) * ((count - 1) / max(nearest - farthest, 1e-6)))
        return np.where(np.isfinite(place), np.clip(np.nan_to_num(place), 0, count - 1), _NONE).astype(np.int32)

    has_hidden, has_front = np.isfinite(hidden.defocus), np.isfinite(apart.front_defocus)
    with np.errstate(invalid="ignore"):
        in_front = has_front & ~(has_hidden & (defocus - hidden.defocus >= apart.front_defocus - defocus))
    second_defocus = np.where(in_front, apart.front_defocus, hidden.defocus)
    layer, second_layer = layer_of(defocus), layer_of(second_defocus)
    second_layer[second_layer == layer] = _NONE  # in one layer nothing hides anything
    alone = second_layer == _NONE
    visible = Samples(
        np.where(alone[..., None], light, apart.light), np.where(alone, np.float32(1), apart.share), defocus, layer
    )
    second = Samples(
        np.where(in_front[..., None], apart.front_light, hidden.light),
        np.where(in_front, apart.front_share, np.float32(1)),
        second_defocus,
        second_layer,
    )
    return visible, second, count


def _composite(
    visible: Samples, second: Samples, count: int, shape: Shape, parts: int, quality: Quality, threads: int
) -> tuple[Float32, Float32]:
    """Scatter layer by layer and put them together.

    Returns (H, W), the share of the lens that surfaces cover, and (H, W, 3), the light that comes through it.
    """
    height, width = visible.defocus.shape
    lens = cut_lens(shape, parts)
    radius = max(float(np.abs(visible.defocus).max()), float(np.nanmax(np.abs(second.defocus), initial=0.0)))
    tables = [tap_table(part.shape, "area", quality, radius * part.scale, max(height, width)) for part in lens]
    opens = [np.ones((height, width), dtype=np.float32) for _ in lens]
    total = np.zeros((height, width, 3), dtype=np.float32)
    widest = max(part.scale for part in lens)
    for layer in range(count):
        rows = _rows_reached(visible, second, layer, widest)
        if rows is None:
            continue
        values, blur = _sources(visible, second, layer, rows, threads)
        for part, table, open_ in zip(lens, tables, opens, strict=True):
            scaled = blur if part.scale == 1.0 else blur * np.float32(part.scale)
            sums = accumulate(values, scaled, table, threads=threads)
            add = partial(_add_rows, *sums, part.share, open_[rows], total[rows])
            in_parallel(add, len(blur), threads)
    covered = np.ones((height, width), dtype=np.float32)
    for part, open_ in zip(lens, opens, strict=True):
        covered -= np.float32(part.share) * open_
    return covered, total


def _add_rows(
    coverage: Float32, light: Float32, part_share: float, open_: Float32, total: Float32, begin: int, end: int
) -> None:
    add_layer(begin, end, coverage, light, part_share, open_, total)


def _rows_reached(visible: Samples, second: Samples, layer: int, widest: float) -> slice | None:
    """Return the rows that a layer's samples can reach, None if it has no sample."""
    top, bottom = visible.defocus.shape[0], 0
    reach = 0.0
    for samples in (visible, second):
        there = samples.layer == layer
        rows = np.flatnonzero(there.any(axis=1))
        if len(rows):
            top, bottom = min(top, int(rows[0])), max(bottom, int(rows[-1]) + 1)
            reach = max(reach, float(np.abs(samples.defocus[there]).max()))
    margin = min(int(widest * reach), visible.defocus.shape[0]) + 2
    return None if bottom <= top else slice(max(0, top - margin), bottom + margin)


def _sources(visible: Samples, second: Samples, layer: int, rows: slice, threads: int) -> tuple[Float32, Float32]:
    """Return a layer's sources as the scatter takes them: (rows, W, 4) share and light, (rows, W) defocus, px."""
    one, other = visible.rows(rows), second.rows(rows)
    values = np.empty((*one.defocus.shape, 4), dtype=np.float32)
    blur = np.empty_like(one.defocus)
    in_parallel(lambda begin, end: _select(begin, end, layer, *one, *other, values, blur), len(blur), threads)
    return values, blur


@compiled
def _select(
    begin: int,
    end: int,
    layer: int,
    light: Float32,
    share: Float32,
    defocus: Float32,
    layer_of: NDArray[np.int32],
    second_light: Float32,
    second_share: Float32,
    second_defocus: Float32,
    second_layer_of: NDArray[np.int32],
    values: Float32,
    blur: Float32,
) -> None:
    for y in range(begin, end):
        for x in range(blur.shape[1]):
            if layer_of[y, x] == layer:
                blur[y, x] = defocus[y, x]
                values[y, x, 0] = share[y, x]
                for c in range(3):
                    values[y, x, 1 + c] = share[y, x] * light[y, x, c]
            elif second_layer_of[y, x] == layer:
                blur[y, x] = second_defocus[y, x]
                values[y, x, 0] = second_share[y, x]
                for c in range(3):
                    values[y, x, 1 + c] = second_share[y, x] * second_light[y, x, c]
            else:
                blur[y, x] = np.nan
                values[y, x, :] = 0.0
