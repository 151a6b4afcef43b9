"""Does K hang on a few places of the picture? The best K and focus, when now these and now those parts are looked at.

A wrong map is wrong in other ways in other places, so that they disagree about K and focus; the likeness of the whole
picture over K does not show it: it may be as narrow as with a right map.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bokeh_render.optics import Float32

_FACTORS = (0.6, 0.7, 0.8, 0.88, 0.94, 1.0, 1.06, 1.14, 1.25, 1.43, 1.67)  # of K
_OFFSETS = (-0.08, -0.04, 0.0, 0.04, 0.08)  # of the focus disparity
_ROWS, _COLUMNS = 6, 8
_DRAWS = 100

Mask = NDArray[np.bool_]
Floats = NDArray[np.float64]


class Steadiness(NamedTuple):
    """How K and focus move with the parts of the picture that count.

    k: standard deviation of K, as a share of it; focus: of the focus disparity, normalised; elsewhere: K that is best
    over all parts, as a share of the one asked about: 1 unless the search has missed a better place nearby.
    """

    k: float
    focus: float
    elsewhere: float


def measure_steadiness(
    unlikeness: Callable[[float, float], Float32], counted: Mask, blur_parameter: float, focus_disparity: float
) -> Steadiness:
    """Look around a K and a focus disparity with parts of the picture that are drawn anew each time (a bootstrap).

    unlikeness: of a render with a K and a focus disparity, for each counted pixel, 0 to 1; counted: (H, W), which these
    are. The picture's 48 parts are a grid of 6 by 8; those without a counted pixel are left out.
    """
    height, width = counted.shape
    part = (np.arange(height) * _ROWS // height)[:, None] * _COLUMNS + np.arange(width) * _COLUMNS // width
    parts = part[counted]
    costs = np.zeros((len(_FACTORS), len(_OFFSETS), _ROWS * _COLUMNS))
    for row, factor in enumerate(_FACTORS):
        for column, offset in enumerate(_OFFSETS):
            focus = min(max(focus_disparity + offset, 0.0), 1.0)
            weights = unlikeness(blur_parameter * factor, focus)
            costs[row, column] = np.bincount(parts, weights=weights, minlength=_ROWS * _COLUMNS)
    costs = costs[:, :, np.bincount(parts, minlength=_ROWS * _COLUMNS) > 0]
    some = costs.shape[2]
    rng = np.random.Generator(np.random.PCG64(0))
    draws = rng.multinomial(some, np.full(some, 1.0 / some), size=_DRAWS).astype(np.float64)
    best = np.array([_best(costs @ draw) for draw in draws])
    whole, _ = _best(costs.sum(axis=2))
    return Steadiness(float(best[:, 0].std()), float(best[:, 1].std()), float(np.exp(whole)))


def _best(costs: Floats) -> tuple[float, float]:
    """Return ln of the factor and the offset of least cost."""
    row, column = np.unravel_index(int(np.argmin(costs)), costs.shape)
    return float(np.log(_FACTORS[row])), _OFFSETS[column]
