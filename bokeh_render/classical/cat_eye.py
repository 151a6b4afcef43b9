"""The scatter through a lens whose barrel cuts the blur off towards the corners: another shape at every pixel.

No table can hold all those shapes, so the rows of each are found on the way: the opening and the barrel's rim are
discs, and a line through both is an interval, whose ends are two taps. Each row is the mean of eight such lines.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..aperture_shapes import CatEye
from .cpu import Floats, Sums, in_parallel
from .jit import compiled
from .kernels import divide

Float64 = NDArray[np.float64]
_LINES = 8
_NOTHING_PX = 1e-6


def field_positions(height: int, width: int) -> tuple[Float64, Float64]:
    """Return where pixels stand in the image: (right, up), each (H, W), 0 in its middle; the corners' length is 1."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    right, up = x - (width - 1) / 2, (height - 1) / 2 - y
    corner = max(float(np.hypot(right[0, 0], up[0, 0])), 1e-9)
    return right / corner, up / corner


def common_area(distance: ArrayLike, barrel_radius: float) -> Float64:
    """Return what a disc of radius 1 shares with one of ``barrel_radius`` whose centre is at ``distance``."""
    d = np.maximum(np.asarray(distance, dtype=np.float64), 1e-12)
    small = np.pi * min(1.0, barrel_radius) ** 2
    cos_one = np.clip((d**2 + 1 - barrel_radius**2) / (2 * d), -1, 1)
    cos_other = np.clip((d**2 + barrel_radius**2 - 1) / (2 * d * barrel_radius), -1, 1)
    kite = (1 + barrel_radius - d) * (d + 1 - barrel_radius) * (d - 1 + barrel_radius) * (d + 1 + barrel_radius)
    both = np.arccos(cos_one) + barrel_radius**2 * np.arccos(cos_other) - 0.5 * np.sqrt(np.maximum(kite, 0.0))
    area: Float64 = np.where(d <= abs(1 - barrel_radius), small, np.where(d >= 1 + barrel_radius, 0.0, both))
    return area


def scatter_through_barrel(light: Floats, defocus: Floats, shape: CatEye, *, threads: int) -> Sums:
    """Scatter light by defocus through a :class:`CatEye`, with the profile ``area``.

    light: (H, W, 3); defocus: (H, W), px, finite, the same type. Returns the colours divided by the weight.
    """
    height, width = defocus.shape
    sums = Sums(np.empty((height, width), dtype=light.dtype), np.empty((height, width, 3), dtype=light.dtype))
    right, up = (-shape.strength * field for field in field_positions(height, width))
    reach = min(int(np.abs(defocus).max()) + 1, height)
    weight = np.empty((height, width))
    in_parallel(lambda begin, end: _weigh(begin, end, defocus, right, up, shape.barrel_radius, weight), height, threads)

    def scatter_block(begin: int, end: int) -> None:
        _scatter_rows(
            begin, end, light, defocus, weight, right, up, shape.barrel_radius, reach, sums.weight, sums.colours
        )
        divide(begin, end, light, sums.weight, sums.colours)

    in_parallel(scatter_block, height, threads)
    return sums


@compiled
def _interval(up, centre_right, centre_up, barrel):  # type: ignore[no-untyped-def]
    """Return where a line at height ``up`` enters and leaves what both discs share, lens radii; equal: nowhere."""
    one = 1.0 - up * up
    other = barrel * barrel - (up - centre_up) ** 2
    if one <= 0.0 or other <= 0.0:
        return 0.0, 0.0
    half = np.sqrt(one)
    far = np.sqrt(other)
    left = max(-half, centre_right - far)
    right = min(half, centre_right + far)
    return left, max(left, right)


@compiled
def _weigh(begin, end, defocus, centre_right, centre_up, barrel, weight):  # type: ignore[no-untyped-def]
    """Write one over what the lines of each source add up to, so that every source arrives with weight 1."""
    for y in range(begin, end):
        for x in range(defocus.shape[1]):
            radius = abs(np.float64(defocus[y, x]))
            total = 0.0
            if radius > _NOTHING_PX:
                reach = int(radius + 0.5)
                for row in range(-reach, reach + 1):
                    low = max(row - 0.5, -radius)
                    step = (min(row + 0.5, radius) - low) / _LINES  # type: ignore[operator]
                    for line in range(_LINES):
                        down = low + (line + 0.5) * step
                        left, right = _interval(-down / radius, centre_right[y, x], centre_up[y, x], barrel)
                        total += radius * (right - left) * step
            weight[y, x] = 1.0 / total if total > 0.0 else 0.0


@compiled
def _scatter_rows(  # type: ignore[no-untyped-def]
    begin, end, light, defocus, weight, centre_right, centre_up, barrel, reach, weight_out, colours_out
):
    """Add up what reaches the rows begin … end - 1, as differences along each row."""
    height, width = defocus.shape
    buffer = np.empty((width + 2, 4))
    for y in range(begin, end):
        buffer[:] = 0.0
        for source_y in range(max(0, y - reach), min(height, y + reach + 1)):
            for x in range(width):
                signed = np.float64(defocus[source_y, x])
                radius = abs(signed)
                if weight[source_y, x] == 0.0:  # no blur at all
                    if y == source_y:
                        _add(buffer, x - 0.5, x + 0.5, 1.0, light, source_y, x, width)
                    continue
                low = max(y - source_y - 0.5, -radius)
                step = (min(y - source_y + 0.5, radius) - low) / _LINES  # type: ignore[operator]
                if step <= 0.0:
                    continue
                side = -1.0 if signed > 0 else 1.0
                share = weight[source_y, x] * step
                for line in range(_LINES):
                    down = low + (line + 0.5) * step
                    left, right = _interval(
                        -side * down / radius, centre_right[source_y, x], centre_up[source_y, x], barrel
                    )
                    if right > left:
                        one, other = side * radius * left, side * radius * right
                        _add(buffer, x + min(one, other), x + max(one, other), share, light, source_y, x, width)
        a, b, c, d = 0.0, 0.0, 0.0, 0.0
        for x in range(width):
            a += buffer[x, 0]
            b += buffer[x, 1]
            c += buffer[x, 2]
            d += buffer[x, 3]
            weight_out[y, x] = a
            colours_out[y, x, 0] = b
            colours_out[y, x, 1] = c
            colours_out[y, x, 2] = d


@compiled
def _add(buffer, left, right, share, light, source_y, source_x, width):  # type: ignore[no-untyped-def]
    """Add an interval (pixel k covers k - 1/2 … k + 1/2) to a row of differences."""
    for end in range(2):
        place = (left if end == 0 else right) + 0.5
        if place >= width:
            continue
        place = max(place, 0.0)
        pixel = int(place)
        fraction = place - pixel
        amount = share if end == 0 else -share
        for k in range(4):
            value = amount if k == 0 else amount * light[source_y, source_x, k - 1]
            buffer[pixel, k] += value * (1.0 - fraction)
            buffer[pixel + 1, k] += value * fraction
