"""Sums that do not depend on their order: 64-bit whole numbers, in a unit chosen for each image and channel.

Threads of a graphics card add in any order. Rounded numbers then give other bits every time; whole numbers do not. Two
properties make 64 bits enough:

Only the result must fit. A row of taps goes far beyond what is left of it after the running sum, but whole numbers that
overflow come back: modulo 2^64, the running sum is right whenever the sum itself lies within +-2^63.

What arrives is bounded. A source of radius r and value v gives a pixel at most ``|v| peak(r)``, and reaches no farther
than r + 4 px along x or y (2 px of soft edge and of the taps' places, 2 px between knots). With M the largest
``|v| peak(r) (r^2 + 1)`` of all sources, no pixel gets more than the sum of ``M / (r^2 + 1)`` over all places around
it, each with the smallest r that reaches it: ``M * most_overlap(reach)``. The unit is that bound / 2^62, rounded up to
a power of two: below 1e-16 of M for radii up to 300 px. The factor 2 that is left holds all that rounding can add.

How taps are rounded: each to the nearest unit, but the last one of a row is the negative sum of the others. So a row
of taps leaves nothing behind, bit for bit, however bright the source is: left and right of its disc, a light of 1e5
changes no pixel at all. Between its taps a source is off by at most half a unit per tap before that place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from .device_tables import DeviceTable

BITS = 62
_PIECE_PX = 1 << 20
_MOST_IMAGES = 1 << 15  # what a grid of thread blocks holds along its last axis


class Unit(NamedTuple):
    """Of each image and channel, both (N, 4) float64 and powers of two; NaN where something was not finite."""

    per_value: Tensor
    value: Tensor


def unit_of_sums(values: Tensor, defocus: Tensor, table: DeviceTable) -> Unit:
    """Return a unit in which all sums of ``values * weights`` fit.

    values: (N, H, W, 4); defocus: (N, H, W), px, NaN where there is no source.
    """
    found = []
    for image, radii in zip(values.flatten(1, 2), defocus.flatten(1), strict=True):
        pieces = [
            _largest(value, radius, table)
            for value, radius in zip(image.split(_PIECE_PX), radii.split(_PIECE_PX), strict=True)
        ]
        found.append(torch.stack(pieces).amax(0))
    return _unit(torch.stack(found) * most_overlap(table.reach))


def _largest(values: Tensor, defocus: Tensor, table: DeviceTable) -> Tensor:
    radius = torch.minimum(defocus.abs().double(), table.largest)
    spread = (table.peak * (radius * radius + 1)).clamp(max=table.peak_per_px2)
    size = values.abs().double() * spread[:, None]
    return torch.where(defocus.isnan()[:, None], 0.0, size).amax(0)


def unit_of_rows(cotangent: Tensor) -> Unit:
    """Return a unit in which all sums along rows of (N, H, W, 4) fit."""
    return _unit(cotangent.flatten(1, 2).abs().amax(1).double() * cotangent.shape[2])


def most_overlap(reach: int) -> float:
    """Return how much a pixel can get from sources that give ``1 / (radius^2 + 1)`` each; see above."""
    total = 1.0
    for distance in range(1, reach + 5):
        total += 8 * distance / (max(0, distance - 4) ** 2 + 1)
    return 1.01 * total


def _unit(bound: Tensor) -> Unit:
    exponent = torch.frexp(bound).exponent.long().clamp(-900, 1000)
    finite = bound.isfinite()
    return Unit(
        torch.where(finite, _power_of_two(BITS - exponent), torch.nan),
        torch.where(finite, _power_of_two(exponent - BITS), torch.nan),
    )


def _power_of_two(exponent: Tensor) -> Tensor:
    """Return 2^exponent exactly, which no pow promises."""
    return ((exponent + 1023) << 52).view(torch.float64)


class Part(NamedTuple):
    """What is worked on at a time: images begin … end - 1, and of each the rows top … bottom - 1."""

    begin: int
    end: int
    top: int
    bottom: int


def parts(images: int, height: int, row_bytes: int, most_bytes: int, extra_rows: int = 0) -> Iterator[Part]:
    """Yield parts that need at most ``most_bytes``, but at least one row (and ``extra_rows`` around it) each."""
    if height * row_bytes <= most_bytes:
        together = min(_MOST_IMAGES, most_bytes // (height * row_bytes))
        for begin in range(0, images, together):
            yield Part(begin, min(begin + together, images), 0, height)
        return
    rows = max(1, most_bytes // row_bytes - extra_rows)
    for image in range(images):
        for top in range(0, height, rows):
            yield Part(image, image + 1, top, min(top + rows, height))
