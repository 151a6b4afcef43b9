"""E*: where a classical renderer may be wrong, from the defocus alone.

Scattering errs only where light passes a depth edge, so an edge is looked for first, and then spread as far as blur can
carry it. BokehMe (CVPR 2022) has the idea ("spatially variant dilation of the depth boundary"); the formulas are ours.

1. Edges. ``range(n)`` is the largest minus the smallest signed defocus among the (2n+1) x (2n+1) pixels round a pixel.
   Twice the window doubles it on a slope and leaves it as it is at a step, so ``2 range(n) - range(2n)`` is a step's
   height whatever slope it stands on, and 0 on a plane however tilted. It counts as an edge from ``jump_px`` on.
   In grey levels a plane is a staircase, and the difference up to two of them (less than three in all: each range is
   wrong by less than a level). On maps that are visibly quantised an edge is therefore more than 3.5 levels, so that
   slopes that bend by less than one stay free of edges, too; 7.5 at the picture's rim, where windows leave it.
2. Reach. From an edge pixel p light goes astray up to ``R(p) = reach * max |defocus| + margin_px``, the maximum taken
   over the same pixels: the blurred side of an edge decides, whichever it is.
3. Weight. With ``t(q) = min over p of |q - p| / R(p)``, E* is 1 up to ``t = inner_share``, falls smoothly, and is
   exactly 0 from t = 1 on. t is found by handing edges on from pixel to pixel, O(N) whatever R;
   single pixels may be given a little too large a t, never too small a one.

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
_LEVELS_INSIDE = 3.5
_LEVELS_AT_RIM = 7.5
"""Where windows leave the map, its rounding comes in several times over, by the reflection: 6 levels on a plane."""
_FEWEST_LEVELS = 16
"""With fewer distinct values a map is taken for a few flat things, whose steps are real, and not for grey levels."""
_BINS = 1 << 16


class ErrorMapSettings(Record):
    """How edges are found and how far they spread; see the module for the formulas.

    neighbourhood_px: n, half the window in which an edge is looked for: 1 for exact maps, more where edges are blurred
    or displaced; jump_px: the least step in signed defocus that counts as an edge (on maps in grey levels more than
    3.5 levels do, see quantum); reach: blur radii that an edge spreads (more than 1 for apertures that reach beyond the
    unit disc); margin_px: px that it spreads further; inner_share: the share of that way on which the weight is 1.
    """

    neighbourhood_px: int = Field(default=2, ge=1, le=64)
    jump_px: float = Field(default=0.5, gt=0.0)
    reach: float = Field(default=1.0, ge=0.0)
    margin_px: float = Field(default=2.0, ge=0.0)
    inner_share: float = Field(default=0.6, ge=0.0, lt=1.0)


def error_map(defocus: Float32, settings: ErrorMapSettings = ErrorMapSettings()) -> Float32:  # noqa: B008  (frozen)
    """Return E*, (H, W) float32 in [0, 1]: how much a classical render may be wrong at each pixel.

    defocus: (H, W), signed, px, finite; clean or imperfect. Exactly 0 out of every edge's reach, so everywhere for a
    map without edges. Cost: O(N), 50 bytes per pixel. Raises BadInputError for other shapes and for NaN or infinity.
    """
    if defocus.ndim != 2 or defocus.size == 0:
        raise BadInputError(f"defocus has shape {defocus.shape}; expected (height, width), neither of them 0")
    if not np.isfinite(defocus).all():
        raise BadInputError("defocus holds NaN or infinite values; expected finite numbers of pixels")
    radius = edge_reach(defocus, settings)
    if not radius.any():
        return np.zeros(defocus.shape, dtype=np.float32)
    rise = np.clip((1.0 - _share_of_reach(radius)) / (1.0 - settings.inner_share), 0.0, 1.0)
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
    level = quantum(defocus, settings.jump_px / _LEVELS_AT_RIM)
    least = np.full(defocus.shape, max(settings.jump_px, _LEVELS_AT_RIM * level), dtype=np.float32)
    least[2 * n : -2 * n, 2 * n : -2 * n] = max(settings.jump_px, _LEVELS_INSIDE * level)
    edge = (2.0 * near - (highest - lowest))[inside] > least
    radius = np.maximum(settings.reach * largest[inside] + settings.margin_px, _TINY)
    return np.where(edge, radius, 0.0).astype(np.float32)


def quantum(values: Float32, least: float) -> float:
    """Return the step between the grey levels of a map, or 0 where it has none above ``least`` (same unit as the map).

    A map has them if its distinct values, 16 or more, are all whole steps apart: an 8-bit map has, floats have not,
    nor has a map of a few flat things. Cost: O(N). One value is kept of each of at most 65536 bins, finer than least.
    """
    lowest, highest = float(values.min()), float(values.max())
    width = max(least / 8.0, (highest - lowest) / (_BINS - 1))
    if highest - lowest <= least * (_FEWEST_LEVELS - 1):
        return 0.0
    one_of_each = np.full(_BINS + 1, np.nan)
    one_of_each[((values - np.float32(lowest)) / np.float32(width)).astype(np.int32)] = values
    found = one_of_each[~np.isnan(one_of_each)] - lowest
    rounding = 1e-5 * max(abs(lowest), abs(highest))  # levels of equal number may differ by as much
    steps = np.diff(found)
    steps = steps[steps > rounding]
    if len(steps) < _FEWEST_LEVELS - 1 or steps.min() <= least:
        return 0.0
    step = found[-1] / round(found[-1] / steps.min())
    off = np.abs(found - step * np.round(found / step)).max()
    return float(step) if off < 0.1 * step else 0.0


def _extremes(values: Float32, n: int) -> tuple[Float32, Float32]:
    """Return the largest and the smallest value among the (2n+1) x (2n+1) pixels round each."""
    size = 2 * n + 1
    highest = maximum_filter1d(maximum_filter1d(values, size, axis=0, mode="nearest"), size, axis=1, mode="nearest")
    lowest = minimum_filter1d(minimum_filter1d(values, size, axis=0, mode="nearest"), size, axis=1, mode="nearest")
    return highest, lowest


def _share_of_reach(radius: Float32) -> Float32:
    """Return t, (H, W), not below 0: the least ``|q - p| / R(p)`` over all p with R > 0.

    Handing on by t alone stops at an edge of short reach (there t is 0), though a longer reach may go past it; handing
    on by ``R(p) - |q - p|`` goes past, and finds out exactly where t < 1, but not always the least t. So both.
    """
    return np.minimum(_handed_on(radius, relative=True), _handed_on(radius, relative=False))


def _handed_on(radius: Float32, *, relative: bool) -> Float32:
    known = radius.copy()
    offset = np.zeros((*radius.shape, 2), dtype=np.int32)
    least = np.where(radius > 0, np.float32(0.0) if relative else -radius, np.float32(np.inf)).astype(np.float32)
    for _ in range(2):  # what a first round hands round a corner, a second hands on
        _sweep(known, offset, least, relative)
    away = np.hypot(offset[..., 0], offset[..., 1], dtype=np.float32)
    return np.divide(away, known, out=np.full_like(known, np.inf), where=known > 0)


@compiled
def _sweep(known: NDArray[Any], offset: NDArray[Any], least: NDArray[Any], relative: bool) -> None:
    """Hand edges on, down and then up, and to and fro in each row.

    known: R of the edge each pixel knows, 0 for none; offset: px down and right from that edge; least: ``|offset| / R``
    if relative, else ``|offset| - R``.
    """
    height, width = known.shape
    for direction in (1, -1):
        for step in range(height):
            y = step if direction == 1 else height - 1 - step
            before = y - direction
            for way in (0, 1, -1):  # 0: from the row before; 1, -1: along this row
                if way == 0 and not 0 <= before < height:
                    continue
                for place in range(width):
                    x = width - 1 - place if way == -1 else place
                    for dx in range(-1 if way == 0 else way, 2 if way == 0 else way + 1):
                        source_y = before if way == 0 else y
                        source_x = x - dx
                        if source_x < 0 or source_x >= width or known[source_y, source_x] <= 0.0:
                            continue
                        reach = known[source_y, source_x]
                        down = offset[source_y, source_x, 0] + (direction if way == 0 else 0)
                        right = offset[source_y, source_x, 1] + dx
                        away = np.sqrt(np.float32(down) ** 2 + np.float32(right) ** 2)
                        here = away / reach if relative else away - reach
                        if here < least[y, x]:
                            least[y, x] = here
                            known[y, x] = reach
                            offset[y, x, 0] = down
                            offset[y, x, 1] = right
