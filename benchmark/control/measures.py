"""Rulers: how wide, how sharp-edged, how bright and of what shape the image of a light is; how sharp a texture is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bokeh_render.optics import Float32, light_from_display

from ..metrics.psnr import psnr

Float64 = NDArray[np.float64]
Real = NDArray[Any]

ANGLES_RAD: Float64 = np.radians(np.arange(0.0, 360.0, 2.0))
"""Directions in which a rim is measured, counter-clockwise from the right."""

_PROFILE_STEP_PX = 0.5
_CORE = 0.5  # of the radius: where the plateau is read
_NOTHING = 1e-6  # light below which nothing is there


@dataclass(frozen=True)
class Spot:
    """The image of a point light, in light above the background.

    radius_px: of the uniform disc with the same second moment; light: the sum; dy, dx: how far its centroid stands from
    the light, px, rows downwards; plateau: mean light within half the radius; edge_px: width in which the radial
    profile falls from 90 to 10 % of it; distance_px, profile: that profile, round the centroid.
    """

    radius_px: float
    light: float
    dy: float
    dx: float
    plateau: float
    edge_px: float
    distance_px: Float64
    profile: Float64


def light_of(display: Float32, gamma: float) -> Float64:
    """Return light (H, W), the mean of the channels, for display values (H, W, 3)."""
    light: Float64 = light_from_display(display, gamma).mean(axis=2, dtype=np.float64)
    return light


def measure_spot(light: Float64, y: int, x: int, background: float) -> Spot:
    """Measure the spot of a light at (y, x) in a cell (H, W) that holds no other light.

    The window shrinks to 1.5 radii and 4 px, so that a veil far away does not count as radius.
    """
    values = light - background
    rows, columns = np.indices(values.shape, dtype=np.float64)
    largest = float(min(y, x, values.shape[0] - 1 - y, values.shape[1] - 1 - x))
    window, radius, total = largest, 0.0, 0.0
    centre_y, centre_x = float(y), float(x)
    for _ in range(8):
        weights = np.where(np.hypot(rows - centre_y, columns - centre_x) <= window, values, 0.0)
        total = float(weights.sum())
        if total <= _NOTHING:
            return Spot(0.0, max(total, 0.0), 0.0, 0.0, 0.0, 0.0, np.zeros(1), np.zeros(1))
        moved_y, moved_x = float((weights * rows).sum() / total), float((weights * columns).sum() / total)
        spread = float((weights * ((rows - moved_y) ** 2 + (columns - moved_x) ** 2)).sum() / total)
        radius = float(np.sqrt(2 * max(spread, 0.0)))
        settled = min(largest, 1.5 * radius + 4.0)
        done = abs(settled - window) < 0.01
        window, centre_y, centre_x = settled, moved_y, moved_x
        if done:
            break
    distance = np.hypot(rows - centre_y, columns - centre_x)
    plateau = float(values[distance <= max(_CORE * radius, 0.75)].mean())
    steps, profile = _radial_profile(values, distance, window)
    edge = _falls_to(steps, profile, 0.1 * plateau) - _falls_to(steps, profile, 0.9 * plateau)
    return Spot(radius, total, centre_y - y, centre_x - x, plateau, max(edge, 0.0), steps, profile)


def _radial_profile(values: Float64, distance: Float64, window: float) -> tuple[Float64, Float64]:
    """Return mean distance and mean value in rings half a pixel wide, empty ones left out."""
    ring = (distance / _PROFILE_STEP_PX).astype(int)
    count = int(window / _PROFILE_STEP_PX) + 1
    inside = ring < count
    pixels = np.bincount(ring[inside], minlength=count)
    filled = pixels > 0
    sums = [np.bincount(ring[inside], weights=data[inside], minlength=count) for data in (distance, values)]
    return sums[0][filled] / pixels[filled], sums[1][filled] / pixels[filled]


def _falls_to(distance: Float64, profile: Float64, level: float) -> float:
    """Return where a profile is at or above a level for the last time, between two rings by a straight line."""
    above = np.nonzero(profile >= level)[0]
    if len(above) == 0:
        return 0.0
    last = int(above[-1])
    if last + 1 == len(profile):
        return float(distance[last])
    share = (profile[last] - level) / (profile[last] - profile[last + 1])
    return float(distance[last] + share * (distance[last + 1] - distance[last]))


def rim_by_angle(light: Float64, y: int, x: int, background: float, spot: Spot) -> Float64:
    """Return how far a spot reaches in each of ANGLES_RAD, px from its centroid; its light is at (y, x).

    Each ray is as long as its light at plateau height would reach, weighted by area, so that a soft edge does not make
    it longer: r^2 = 2 * integral of light / plateau * rho.
    """
    if spot.plateau <= 0:
        return np.zeros_like(ANGLES_RAD)
    step = 0.1
    rho = np.arange(step / 2, 1.5 * spot.radius_px + 4.0, step)
    rows = y + spot.dy - np.sin(ANGLES_RAD)[:, None] * rho
    columns = x + spot.dx + np.cos(ANGLES_RAD)[:, None] * rho
    along = ndimage.map_coordinates(light - background, [rows, columns], order=1, mode="nearest") / spot.plateau
    return np.asarray(np.sqrt(np.maximum(2 * (along * rho).sum(axis=1) * step, 0.0)))


def sharpness(display: Real) -> float:
    """Return the mean squared difference of neighbours, display values (H, W, 3), clipped to [0, 1]."""
    values = np.clip(np.asarray(display, dtype=np.float64), 0.0, 1.0)
    return float((np.diff(values, axis=0) ** 2).mean() + (np.diff(values, axis=1) ** 2).mean())


def psnr_db(first: Real, second: Real) -> float:
    """Return PSNR of display values (H, W, 3) clipped to [0, 1]; 100 where it would be more."""
    return psnr(np.clip(first, 0, 1), np.clip(second, 0, 1), cap_db=100.0)


def largest_difference(first: Real, second: Real) -> float:
    """Return the largest difference of display values clipped to [0, 1]."""
    return float(np.abs(np.clip(first, 0, 1) - np.clip(second, 0, 1)).max())
