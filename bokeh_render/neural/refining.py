"""The improved hybrid's neural part: the residual to add to a base, found coarse to fine.

The refiner knows blur up to 16 px. Where an image has more, image, base and defocus are made smaller until the largest
blur is 16 px, and the residual is found there; then at twice that size, and so on up to full size. At each finer size
the new residual counts where no blur of more than 16 px (at that size) reaches, and the coarser one elsewhere. Every
pass sees the base itself, never an earlier pass's result, so errors do not add up.

Only what the error map lets through is computed.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from .networks import gamma_input
from .reach import reached_by_more_than
from .refiner import REFINER_RANGE_PX, Refiner, refiner_inputs
from .tiling import Tiles, run_in_tiles

_AROUND_NEEDED = 4
"""Px of the coarser size: what bilinear upsampling reads beside a pixel, over all sizes, and rounding."""


def scales_of(largest_px: float, *, iterative: bool) -> tuple[float, ...]:
    """Return the sizes at which the residual is found, as shares of the full size, coarse to fine.

    largest_px: the largest |defocus|; iterative: False stops at the first.
    """
    if largest_px <= REFINER_RANGE_PX:
        return (1.0,)
    scales = [REFINER_RANGE_PX / largest_px]
    while iterative and scales[-1] < 1.0:
        scales.append(min(1.0, 2.0 * scales[-1]))
    return tuple(scales)


def residual(
    refiner: Refiner,
    display: Tensor,
    defocus: Tensor,
    base: Tensor,
    error: Tensor,
    gamma: float,
    *,
    iterative: bool = True,
    how: Tiles = Tiles(),  # noqa: B008  (cannot be changed)
    threads: int = 0,
) -> Tensor:
    """Return what to add to a base, (1, 3, H, W), display values; 0 wherever ``error`` is 0.

    display, base: (1, 3, H, W), display values, not clipped; defocus: (1, 1, H, W), px; error: (1, 1, H, W), in [0, 1];
    iterative: False takes the coarsest residual everywhere; how: see :class:`.tiling.Tiles`; threads: of the
    CPU, for the masks, 0 = all.
    """
    size = (display.shape[2], display.shape[3])
    scales = scales_of(float(defocus.abs().max()), iterative=iterative)
    sizes = [_scaled(size, scale) for scale in scales]
    largest = functional.adaptive_max_pool2d(defocus.abs(), sizes[0]) * scales[0]  # px at the coarsest size
    found: Tensor | None = None
    for scale, small in zip(scales, sizes, strict=True):
        counts: Tensor | None = None
        needed = _needed(error, small)
        if found is not None:
            reached = reached_by_more_than(
                largest[0, 0].cpu().numpy(), REFINER_RANGE_PX * scales[0] / scale, threads=threads
            )
            counts = 1.0 - _resized(torch.from_numpy(reached)[None, None].to(display), small)
            needed = needed & (counts[0, 0] > 0)
        fresh = _pass(refiner, _resized(display, small), _resized(defocus, small) * scale, _resized(base, small),
                      gamma, needed, how)  # fmt: skip
        found = fresh if found is None or counts is None else torch.lerp(_resized(found, small), fresh, counts)
    assert found is not None
    return torch.where(error > 0, _resized(found, size), 0.0)


def _pass(
    refiner: Refiner,
    display: Tensor,
    defocus_px: Tensor,
    base: Tensor,
    gamma: float,
    needed: Tensor,
    how: Tiles,
) -> Tensor:
    """Return the residual at one size; 0 where it is not needed."""
    height, width = display.shape[2:]
    told = gamma_input(torch.tensor([gamma])).clamp(0.0, 1.0).to(display)

    def run(image: Tensor, defocus: Tensor, rendered: Tensor) -> Tensor:
        found: Tensor = refiner(*refiner_inputs(image, defocus, rendered), told)
        return found

    inputs = [_even(values) for values in (display, defocus_px, base)]
    flags = _even(needed[None, None].float())[0, 0] > 0
    return run_in_tiles(run, inputs, 3, how, flags)[:, :, :height, :width]


def _needed(error: Tensor, size: Sequence[int]) -> Tensor:
    """Return (h, w), bool: the pixels of a smaller size from which some pixel with an error above 0 is made."""
    there = functional.adaptive_max_pool2d((error > 0).float(), tuple(size))
    if tuple(size) != tuple(error.shape[2:]):
        there = functional.max_pool2d(there, 2 * _AROUND_NEEDED + 1, stride=1, padding=_AROUND_NEEDED)
    return there[0, 0] > 0


def _scaled(size: tuple[int, int], scale: float) -> tuple[int, int]:
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _resized(values: Tensor, size: tuple[int, int]) -> Tensor:
    """Return (N, C, *size): averages where it gets smaller, bilinear where larger."""
    if tuple(values.shape[2:]) == size:
        return values
    return functional.interpolate(values, size=size, mode="bilinear", align_corners=False, antialias=True)


def _even(values: Tensor) -> Tensor:
    """Return values with the last row and column repeated where their number is odd."""
    height, width = values.shape[2:]
    if height % 2 == 0 and width % 2 == 0:
        return values
    return functional.pad(values, (0, width % 2, 0, height % 2), mode="replicate")
