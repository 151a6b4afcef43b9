"""Rays from all points of the lens through painted layers: the exact image that a thin lens makes of them.

A ray that leaves the lens point u (lens radii; x right, y down) and meets the focal plane where the pinhole's ray of
pixel x does, meets disparity d at the image position ``x + K u (d - d_f)``. On a tilted layer d depends on that
position; both equations are linear, so with the signed defocus s = K (d - d_f) that the layer has at x, and the slope
g = K grad d, the ray meets the layer at ``x + u s(x) / (1 - g . u)``. Source: the same geometry as MPIB (ECCV 2022),
solved for disparity instead of depth.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from ..errors import BadInputError
from .layers import Layer

_STEEPEST = 0.9
"""A layer whose defocus changes by 1 px per px is seen edge-on from a point of the rim; beyond, its order flips."""


def trace(
    layers: Sequence[Layer],
    lens: Tensor,
    blur_parameter: Tensor,
    focus_disparity: Tensor,
    size: tuple[int, int],
    *,
    within_pixel: Tensor | None = None,
) -> Tensor:
    """Return the bokeh image, (N, 3, H, W), linear light.

    layers: near to far, all of them N scenes on one device; lens: (n, 2), points of the opening, lens radii, right and
    up (see :func:`lens_points`); blur_parameter: (N,), K in px per unit of the layers' disparity; focus_disparity:
    (N,); size: (H, W) of the image; within_pixel: (n, 2), where in its pixel each ray lands, px right and down of the
    centre (the centre if not given; see :func:`pixel_points`). Every ray takes what the layers let through, front to
    back, in light, and is divided by what it met in all, so that a ray that meets nothing gives 0.
    Cost: O(n layers N H W).
    Differentiable in the layers, K and the focus disparity. Raises BadInputError for shapes that do not fit, a negative
    K, and when a layer is seen edge-on from a point of the lens.
    """
    check_layers(layers, lens, blur_parameter)
    if focus_disparity.shape != blur_parameter.shape:
        raise BadInputError(
            f"focus disparities have shape {tuple(focus_disparity.shape)}; expected {tuple(blur_parameter.shape)}, "
            "one for each scene"
        )
    total = layers[0].light.new_zeros((layers[0].light.shape[0], 3, *size))
    premultiplied = [torch.cat([layer.light * layer.alpha, layer.alpha], dim=1) for layer in layers]
    grid = pixel_positions(size, total)
    planes = [_defocus(layer.plane, blur_parameter, focus_disparity, grid) for layer in layers]
    slopes = [layer.plane[:, 1:] * blur_parameter[:, None] for layer in layers]
    landing = torch.zeros_like(lens) if within_pixel is None else within_pixel
    for u, beside in zip(lens.to(total) * total.new_tensor([1.0, -1.0]), landing.to(total), strict=True):  # counts down
        open_, light = total.new_ones((len(total), 1, *size)), torch.zeros_like(total)
        for paint, defocus, slope in zip(premultiplied, planes, slopes, strict=True):
            reach = (defocus + (slope @ beside)[:, None, None]) / (1.0 - slope @ u)[:, None, None]
            met = _look_up(paint, grid[None] + beside + u * reach[..., None])
            light = light + open_ * met[:, :3]
            open_ = open_ * (1.0 - met[:, 3:])
        total += light / (1.0 - open_).clamp_min(1e-6)
    return total / len(lens)


def all_in_focus(layers: Sequence[Layer], size: tuple[int, int]) -> Tensor:
    """Return what the pinhole sees, (N, 3, H, W), linear light. layers: near to far; size: (H, W)."""
    scenes = layers[0].light.shape[0]
    nothing = layers[0].light.new_zeros(scenes)
    return trace(layers, layers[0].light.new_zeros((1, 2)), nothing, nothing, size)


def composite_disparity(layers: Sequence[Layer], size: tuple[int, int], *, mixed: bool = False) -> Tensor:
    """Return the disparity that the pinhole sees, (N, 1, H, W).

    mixed: False: that of the first layer before which less than half and behind which at least half of the pixel is
    covered, as a depth buffer holds it; True: the mean over what the pixel shows, as an antialiased one does.
    """
    first = layers[0].light
    grid = pixel_positions(size, first)
    open_ = first.new_ones((first.shape[0], 1, *size))
    disparity = torch.zeros_like(open_)
    for place, layer in enumerate(layers):
        here = (layer.plane[:, :1, None] + torch.einsum("nc,hwc->nhw", layer.plane[:, 1:], grid))[:, None]
        alpha = _look_up(layer.alpha, grid[None].expand(len(first), -1, -1, -1))
        behind = open_ * (1.0 - alpha)
        if mixed:
            disparity = disparity + (open_ - behind) * here
        else:
            last = place == len(layers) - 1
            chosen = (open_ > 0.5) & ((behind <= 0.5) | last)
            disparity = torch.where(chosen, here, disparity)
        open_ = behind
    return disparity / (1.0 - open_).clamp_min(1e-6) if mixed else disparity


def pixel_positions(size: tuple[int, int], like: Tensor) -> Tensor:
    """Return the pixel centres, (H, W, 2), px right and down of the image's centre."""
    height, width = size
    down = torch.arange(height, device=like.device, dtype=like.dtype) - (height - 1) / 2
    right = torch.arange(width, device=like.device, dtype=like.dtype) - (width - 1) / 2
    return torch.stack([right.expand(height, width), down[:, None].expand(height, width)], dim=-1)


def _defocus(plane: Tensor, blur_parameter: Tensor, focus_disparity: Tensor, grid: Tensor) -> Tensor:
    disparity = plane[:, 0, None, None] + torch.einsum("nc,hwc->nhw", plane[:, 1:], grid)
    return blur_parameter[:, None, None] * (disparity - focus_disparity[:, None, None])


def _look_up(paint: Tensor, position: Tensor) -> Tensor:
    """Return (N, C, H, W), values of (N, C, h, w) at (N, H, W, 2), px right and down of the centre, bilinear."""
    half = position.new_tensor([paint.shape[3], paint.shape[2]]) / 2
    return functional.grid_sample(paint, position / half, mode="bilinear", padding_mode="border", align_corners=False)


def check_layers(layers: Sequence[Layer], lens: Tensor, blur_parameter: Tensor) -> None:
    """Refuse what cannot be traced; raises BadInputError. See :func:`trace`."""
    if not layers:
        raise BadInputError("no layers to trace; expected at least one")
    scenes = [len(layer.light) for layer in layers]
    if len(set(scenes)) > 1:
        raise BadInputError(f"the layers hold {scenes} scenes; expected the same number in each: repeat what is shared")
    if lens.ndim != 2 or lens.shape[1] != 2 or not len(lens):
        raise BadInputError(f"lens points have shape {tuple(lens.shape)}; expected (n, 2), n at least 1")
    if blur_parameter.shape != (scenes[0],):
        raise BadInputError(
            f"blur parameters have shape {tuple(blur_parameter.shape)}; expected ({scenes[0]},), one for each scene"
        )
    if not bool(((blur_parameter >= 0) & torch.isfinite(blur_parameter)).all()):
        raise BadInputError(
            f"blur parameters K are {blur_parameter.tolist()}; expected finite numbers, 0 or more "
            "(to focus elsewhere change the focus disparity, not the sign of K)"
        )
    reach = float(torch.linalg.vector_norm(lens, dim=1).max())
    for place, layer in enumerate(layers):
        slopes = torch.linalg.vector_norm(layer.plane[:, 1:].detach(), dim=1) * blur_parameter.detach()
        slope = float(slopes.max()) * reach
        if not slope < _STEEPEST:
            raise BadInputError(
                f"layer {place} changes its blur by {slope:.2f} px per px; expected less than {_STEEPEST}: "
                "steeper ones are seen edge-on from the rim of the lens; tilt it less or blur less"
            )
