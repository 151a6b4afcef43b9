"""Blur parameter and focus disparity from two aligned photographs, without rendering: which blur fits which disparity.

The wide photograph, blurred evenly by each radius of a ladder, is compared with the shallow one. Summed over the pixels
of equal disparity this gives a small table, cost by disparity and radius, on which every pair of K and focus disparity
is judged at once: a pixel of disparity d should look like the wide photograph blurred by |K (d - d_f)|.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bokeh_render.classical import scatter
from bokeh_render.classical.dilation import dilate_defocus
from bokeh_render.optics import Float32, display_from_light, light_from_display, signed_defocus

_BINS = 96
_LADDER = (0.0, 0.35, 0.7, 1.0, 1.4, 1.9, 2.5, 3.2, 4.0, 5.0, 6.3, 7.9, 10.0, 12.6, 15.8, 20.0, 25.0, 31.6, 40.0, 50.0)
_TRUNCATION = 3.0  # times the median cost of the best radius: what is farther off tells nothing more
_FOCUS_STEPS = 101
_SMALLEST_K = 0.5
_K_STEPS = 160
_EDGE_PX = 1.0  # of blur radius, from a pixel to the next
_CLIPPED = 0.97  # display value

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Guess(NamedTuple):
    """K, px per unit of normalised disparity, and focus disparity, before any render."""

    blur_parameter: float
    focus_disparity: float


class CostTable(NamedTuple):
    """Cost by disparity and radius.

    disparities: (B,), normalised, the bins' middles; radii: (R,), px; costs: (B, R), squared differences of display
    values, summed over a bin's pixels.
    """

    disparities: Floats
    radii: Floats
    costs: Floats


def largest_radius(shape: tuple[int, ...], share: float) -> float:
    """Return the largest blur radius looked for, px: a share of the longer side."""
    return share * max(shape[:2])


def ladder(largest_px: float) -> Floats:
    """Return radii, px, from 0 to ``largest_px``, ever farther apart."""
    below = [radius for radius in _LADDER if radius < 0.9 * largest_px]
    while below[-1] * 1.26 < 0.9 * largest_px:
        below.append(below[-1] * 1.26)
    return np.array([*below, largest_px])


def evenly_blurred(wide: Float32, radii: Floats, gamma: float, threads: int) -> list[Float32]:
    """Return the wide photograph blurred by a disc of each radius, display values."""
    light = light_from_display(wide, gamma)
    return [
        np.clip(
            display_from_light(
                scatter(light, np.full(light.shape[:2], radius, dtype=np.float32), threads=threads).bokeh, gamma
            ),
            0.0,
            1.0,
        )
        for radius in radii
    ]


def cost_table(blurred: list[Float32], shallow: Float32, disparity: Float32, radii: Floats, trusted: Mask) -> CostTable:
    """Compare evenly blurred pictures with the shallow one, by disparity. trusted: (H, W), the pixels that count."""
    costs = np.stack([((picture - shallow) ** 2).mean(axis=2)[trusted] for picture in blurred], axis=1)
    limit = _TRUNCATION * max(float(np.median(costs.min(axis=1))), 1e-5) + costs.min(axis=1)[:, None]
    costs = np.minimum(costs, limit)
    which = np.minimum((disparity[trusted] * _BINS).astype(int), _BINS - 1)
    table = np.stack(
        [np.bincount(which, weights=costs[:, column], minlength=_BINS) for column in range(len(radii))], axis=1
    )
    middles = np.linspace(0.5 / _BINS, 1.0 - 0.5 / _BINS, _BINS)
    return CostTable(middles, radii, table.astype(np.float64))


def fit_defocus(table: CostTable, largest_px: float) -> Guess:
    """Return the K and focus disparity of least cost; K is at most twice ``largest_px``."""
    focus = np.linspace(0.0, 1.0, _FOCUS_STEPS)
    ks = np.geomspace(_SMALLEST_K, 2.0 * largest_px, _K_STEPS)
    away = np.abs(table.disparities[None, :] - focus[:, None])
    costs = np.stack([_whole_cost(table, k * away) for k in ks])
    row, column = (int(index) for index in np.unravel_index(np.argmin(costs), costs.shape))
    return Guess(float(ks[row]), float(focus[column]))


def _whole_cost(table: CostTable, radius: Floats) -> Floats:
    """Return the cost of all pixels, (F,), for the radius of each bin, (F, B), between the table's columns."""
    at = np.interp(radius, table.radii, np.arange(len(table.radii)))
    low = np.minimum(at.astype(int), len(table.radii) - 2)
    share, bins = at - low, np.arange(len(table.disparities))
    cost: Floats = ((1.0 - share) * table.costs[bins, low] + share * table.costs[bins, low + 1]).sum(axis=1)
    return cost


def calm(disparity: Float32, blur_parameter: float, focus_disparity: float) -> Mask:
    """Return where no light of another depth arrives: (H, W).

    There the defocus changes by less than a pixel from pixel to pixel as far as any blur reaches, so that what is seen
    there was blurred almost evenly, and the classical renderer and a lens agree.
    """
    defocus = signed_defocus(disparity.astype(np.float64), blur_parameter, focus_disparity).astype(np.float32)
    arriving = dilate_defocus(np.ceil(np.abs(defocus)), threads=1)
    edges = ndimage.maximum_filter(defocus, 3) - ndimage.minimum_filter(defocus, 3) > _EDGE_PX
    if not edges.any():
        return np.ones(defocus.shape, dtype=bool)
    distance = ndimage.distance_transform_edt(~edges)
    far: Mask = distance > arriving + 1.0
    return far


def clipped_pixels(display: Float32) -> Mask:
    """Return which pixels (H, W) of a photograph as it was taken, (H, W, 3) display values, may be clipped."""
    clipped: Mask = (display >= _CLIPPED).any(axis=2)
    return clipped


def reached_by_clipped(clipped: Mask, disparity: Float32, blur_parameter: float, focus_disparity: float) -> Mask:
    """Return where light of clipped pixels (H, W) arrives, (H, W): how bright they were nobody knows."""
    size = np.abs(signed_defocus(disparity.astype(np.float64), blur_parameter, focus_disparity))
    reach = np.where(clipped, np.ceil(size) + 2.0, 0.0).astype(np.float32)
    reached: Mask = dilate_defocus(reach, threads=1) >= 1.0
    return reached
