"""The classical scatter renderer, as plain as its formula: the oracle that every faster kernel is tested against.

Every pixel p spreads its light over the shape of the opening, of radius ``r = |defocus(p)|``. A target q gets the
weight w(q - p; r) of one of the profiles (:mod:`bokeh_render.classical.profiles`), and the image is
``B(q) = sum_p w J(p) / sum_p w`` with J in linear light. There is no ordering by depth and no occlusion, which is the
known cause of its colour bleeding at depth edges. Only targets inside the image are hit.
Source: BokehMe (CVPR 2022), section 3, and its published classical renderer.

Cost: O(N r^2) by design. Everything is plain torch, so it runs on CPU and CUDA and can be differentiated with respect
to light, and with the profile ``bokehme`` with respect to defocus (the window and the dilated defocus are piecewise
constant and have no gradient; the weights of the profile ``area`` are taken as constants).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from ..aperture import Aperture
from ..aperture_shapes import Shape
from .checks import check_tensors
from .exact_weights import weights_of
from .profiles import check_profile, widest_of
from .result import ScatterResult

Offset = tuple[int, int]


def scatter_reference(
    light: Tensor, defocus: Tensor, *, aperture: Shape | None = None, profile: str = "bokehme"
) -> ScatterResult:
    """Scatter linear light by signed defocus, exactly as the formula says.

    light: (N, C, H, W) floating point, linear; defocus: (N, 1, H, W), px, positive in front of the focal plane, on the
    same device and of the same dtype; aperture: a disc if not given; profile: ``bokehme`` or ``area``.
    Raises BadInputError for shapes that do not fit, NaN or infinity, or a profile the opening does not have.
    """
    check_tensors(light, defocus)
    shape = Aperture() if aperture is None else aperture
    check_profile(profile, shape)
    weights = weights_of(shape, profile, defocus)
    total = torch.zeros_like(light)
    weight = torch.zeros_like(defocus)
    # nothing is farther apart than the image is large
    reach = min(int(defocus.detach().abs().max() * widest_of(shape)) + 1, max(light.shape[-2:]) - 1)
    for offsets in _offset_groups(reach, alike=shape == Aperture()):
        w = weights(*offsets[0])
        contribution = w * light
        for dy, dx in offsets:
            source, target = _overlap(light.shape[-2:], dy, dx)
            if source is None or target is None:
                continue
            total[target] += contribution[source]
            weight[target] += w[source]
    bokeh = torch.where(weight > 0, total / weight.clamp(min=torch.finfo(weight.dtype).tiny), light)
    return ScatterResult(bokeh, weight, lambda: dilate_reference(defocus))


def dilate_reference(defocus: Tensor) -> Tensor:
    """Return the largest signed defocus, truncated, among the discs that reach each pixel; (N, 1, H, W), px."""
    defocus = defocus.detach()
    radius, truncated = defocus.abs(), defocus.trunc()
    dilated = truncated.clone()
    reach = min(int(radius.max()) + 1, max(defocus.shape[-2:]) - 1)
    for offsets in _offset_groups(reach, alike=True):
        reaching = torch.where(radius >= math.hypot(*offsets[0]), truncated, -torch.inf)
        for dy, dx in offsets:
            source, target = _overlap(defocus.shape[-2:], dy, dx)
            if source is not None and target is not None:
                dilated[target] = torch.maximum(dilated[target], reaching[source])
    return dilated


Weights = Callable[[int, int], Tensor]


def _offset_groups(reach: int, *, alike: bool) -> Iterator[list[Offset]]:
    """Yield all offsets (dy, dx) up to ``reach``; in groups that share their weights where the opening is a disc."""
    for far in range(reach + 1):
        for near in range(far + 1):
            group = sorted(
                {(sy * y, sx * x) for y, x in ((near, far), (far, near)) for sy in (1, -1) for sx in (1, -1)}
            )
            if alike:
                yield group
            else:
                yield from ([offset] for offset in group)


Slices = tuple[slice, slice, slice, slice]


def _overlap(size: torch.Size, dy: int, dx: int) -> tuple[Slices, Slices] | tuple[None, None]:
    """Return the slices of sources and of targets = sources + (dy, dx) that both lie inside the image."""
    height, width = size
    if abs(dy) >= height or abs(dx) >= width:
        return None, None
    everything = slice(None)
    source = (slice(max(0, -dy), height - max(0, dy)), slice(max(0, -dx), width - max(0, dx)))
    target = (slice(max(0, dy), height - max(0, -dy)), slice(max(0, dx), width - max(0, -dx)))
    return (everything, everything, *source), (everything, everything, *target)
