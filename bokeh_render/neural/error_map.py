"""E*: where a classical renderer may be wrong, from the defocus alone.

Scattering errs only where light passes a depth edge, so an edge is looked for first, and then spread as far as blur can
carry it. BokehMe (CVPR 2022) has the idea ("spatially variant dilation of the depth boundary"); the formulas are ours.

1. Edges. ``range(n)`` is the largest minus the smallest signed defocus among the (2n+1) x (2n+1) pixels round a pixel.
   Twice the window doubles it on a slope and leaves it as it is at a step, so ``2 range(n) - range(2n)`` is a step's
   height whatever slope it stands on, and 0 on a plane however tilted. It counts as an edge from ``jump_px`` on.
2. Reach. From an edge pixel p light goes astray up to ``R(p) = reach * max |defocus| + margin_px``, the maximum taken
   over the same pixels: the blurred side of an edge decides, whichever it is.
3. Weight. With ``t(q) = min over p of |q - p| / R(p)``, E* is 1 up to ``t = inner_share``, falls smoothly, and is
   exactly 0 from t = 1 on. t is found by handing the nearest edge from pixel to pixel (four sweeps, O(N) whatever R).

How well it covers real errors: docs/error_map.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from ..classical.jit import compiled
from ..errors import BadInputError
from ..optics import Float32
from ..schema import Record

_TINY = 1e-6


class ErrorMapSettings(Record):
    """How edges are found and how far they spread; see the module for the formulas.

    neighbourhood_px: n, half the window in which an edge is looked for: 1 for exact maps, more where edges are blurred
    or displaced; jump_px: the least step in signed defocus that counts as an edge (keep it
    above the defocus of one grey level of a coarsely quantised map, else every slope is a staircase); reach: blur radii that an edge
    spreads (more than 1 for apertures that reach beyond the unit disc); margin_px: px that it spreads further;
    inner_share: the share of that way on which the weight is 1.
    """

    neighbourhood_px: int = Field(default=2, ge=1, le=64)
    jump_px: float = Field(default=0.5, gt=0.0)
    reach: float = Field(default=1.0, ge=0.0)
    margin_px: float = Field(default=2.0, ge=0.0)
    inner_share: float = Field(default=0.6, ge=0.0, lt=1.0)


def error_map(defocus: Float32, settings: ErrorMapSettings = ErrorMapSettings()) -> Float32:  # noqa: B008  (frozen)
    """Return E*, (H, W) float32 in [0, 1]: how much a classical render may be wrong at each pixel.

    defocus: (H, W), signed, px, finite; clean or imperfect. Exactly 0 out of every edge's reach, so everywhere for a
    map without edges. Cost: O(N), 40 bytes per pixel. Raises BadInputError for other shapes and for NaN or infinity.
    """
    if defocus.ndim != 2 or defocus.size == 0:
        raise BadInputError(f"defocus has shape {defocus.shape}; expected (height, width), neither of them 0")
    if not np.isfinite(defocus).all():
        raise BadInputError("defocus holds NaN or infinite values; expected finite numbers of pixels")
    radius = edge_reach(defocus, settings)
    if not radius.any():
        return np.zeros(defocus.shape, dtype=np.float32)
    away = np.sqrt(_nearest(radius))
    rise = np.clip((1.0 - away) / (1.0 - settings.inner_share), 0.0, 1.0)
    return np.asarray(rise * rise * (3.0 - 2.0 * rise), dtype=np.float32)


def edge_reach(defocus: Float32, settings: ErrorMapSettings) -> Float32:
    """Return R, px, at the pixels of depth edges, and 0 elsewhere; (H, W) float32."""
    n = settings.neighbourhood_px
    # beyond the rim the map goes on as a slope does, so that a plane stays a plane there
    padded = np.pad(np.asarray(defocus, dtype=np.float32), 2 * n, mode="reflect", reflect_type="odd")
    highest, lowest = _extremes(padded, n)
    near = highest - lowest
    largest = np.maximum(np.abs(highest), np.abs(lowest))
    highest, lowest = _extremes(highest, n)[0], _extremes(lowest, n)[1]
    inside = np.s_[2 * n : -2 * n, 2 * n : -2 * n]
    edge = (2.0 * near - (highest - lowest))[inside] > settings.jump_px
    radius = np.maximum(settings.reach * largest[inside] + settings.margin_px, _TINY)
    return np.where(edge, radius, 0.0).astype(np.float32)


def _extremes(values: Float32, n: int) -> tuple[Float32, Float32]:
    """Return the largest and the smallest value among the (2n+1) x (2n+1) pixels round each."""
    size = 2 * n + 1
    highest = maximum_filter1d(maximum_filter1d(values, size, axis=0, mode="nearest"), size, axis=1, mode="nearest")
    lowest = minimum_filter1d(minimum_filter1d(values, size, axis=0, mode="nearest"), size, axis=1, mode="nearest")
    return highest, lowest


def _nearest(radius: Float32) -> Float32:
    """Return t squared, (H, W): the least ``(|q - p| / R(p)) ** 2`` over all p with R > 0."""
    rate = np.zeros_like(radius)
    np.divide(1.0, radius * radius, out=rate, where=radius > 0)
    offset = np.zeros((*radius.shape, 2), dtype=np.int32)
    found = np.where(rate > 0, np.float32(0.0), np.float32(np.inf))
    for _ in range(2):  # a second round reaches what lies behind an edge of shorter reach
        _sweep(rate, offset, found)
    return found


@compiled
def _sweep(rate: NDArray[Any], offset: NDArray[Any], found: NDArray[Any]) -> None:
    """Hand edges on, down and then up, and to and fro in each row.

    rate: 1 / R**2 of the edge each pixel knows; offset: px down and right from that edge; found: what the two give.
    """
    height, width = rate.shape
    for direction in (1, -1):
        for step in range(height):
            y = step if direction == 1 else height - 1 - step
            before = y - direction
            if 0 <= before < height:
                for x in range(width):
                    for dx in (-1, 0, 1):
                        source = x - dx
                        if 0 <= source < width and rate[before, source] > 0.0:
                            down = offset[before, source, 0] + direction
                            right = offset[before, source, 1] + dx
                            here = (np.float32(down) ** 2 + np.float32(right) ** 2) * rate[before, source]
                            if here < found[y, x]:
                                found[y, x] = here
                                rate[y, x] = rate[before, source]
                                offset[y, x, 0] = down
                                offset[y, x, 1] = right
            for to in (1, -1):
                for place in range(1, width):
                    x = place if to == 1 else width - 1 - place
                    source = x - to
                    if rate[y, source] > 0.0:
                        down = offset[y, source, 0]
                        right = offset[y, source, 1] + to
                        here = (np.float32(down) ** 2 + np.float32(right) ** 2) * rate[y, source]
                        if here < found[y, x]:
                            found[y, x] = here
                            rate[y, x] = rate[y, source]
                            offset[y, x, 0] = down
                            offset[y, x, 1] = right
