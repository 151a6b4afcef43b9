"""Where on the lens the pinhole views of a light field stand, and how much each counts.

All blur levels share the views: the lens of level j is the same shape scaled by ``K_j / K_max``, so the widest lens is
cut into rings between one level and the next, and level j is the average over rings 0 … j, each by its area. A ring has
at least the views its own blur needs, and the rest of the budget goes where it lowers the noise of all levels most.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bokeh_render.aperture import Aperture, spread
from bokeh_render.errors import BadInputError

VIEWS_PER_SQUARE_PX = 0.5
"""The least density of views over a blur disc, below which a small bright light turns into separate dots."""

_GOLDEN_TURN = (math.sqrt(5.0) - 1) / 2
_PLASTIC = 1.32471795724474602596  # its powers spread points in the unit square as the golden ratio does on a line


@dataclass(frozen=True)
class LensView:
    """One pinhole view. ring: the smallest blur level it belongs to; right, up: place on the lens, in radii of the
    widest one; weight: its ring's share of the lens area, divided among the ring's views; half: 0 or 1, the halves
    whose difference measures the noise; jitter_px: (right, up) shift of the pixel grid, px in [-0.5, 0.5).
    """

    ring: int
    right: float
    up: float
    weight: float
    half: int
    jitter_px: tuple[float, float]


def views_needed(blur_levels: Sequence[float], aperture: Aperture) -> tuple[int, ...]:
    """Return the least number of views of each ring. blur_levels: K in px per normalised disparity, ascending.

    A disc of R px radius needs ``pi R^2 / 2`` views in all (1964 for 50 px, 123 for 12.5 px at half the radius…).
    """
    edges = (0.0, *blur_levels)
    rings = [math.pi * aperture.area * (b**2 - a**2) for a, b in itertools.pairwise(edges)]
    return tuple(max(8, 2 * math.ceil(VIEWS_PER_SQUARE_PX * ring / 2)) for ring in rings)


def share_views(blur_levels: Sequence[float], aperture: Aperture, views: int) -> tuple[int, ...]:
    """Divide ``views`` among the rings so that the summed variance of all levels is least (even numbers).

    Raises BadInputError, which names the number needed, when they are too few for the widest blur.
    """
    least = views_needed(blur_levels, aperture)
    if views < sum(least):
        raise BadInputError(
            f"{views} views are too few for a blur radius of {blur_levels[-1]:g} px: lights would turn into dots; "
            f"expected at least {sum(least)} (bokeh_samples), a smaller blur, or engine: path"
        )
    edges = (0.0, *blur_levels)
    areas = [b**2 - a**2 for a, b in itertools.pairwise(edges)]
    # level j averages its rings by area: ring k adds (area_k / K_j^2)^2 / n_k to the variance of every level j >= k
    cost = [sum((area / level**2) ** 2 for level in blur_levels[k:]) for k, area in enumerate(areas)]
    free, share = set(range(len(areas))), [float(n) for n in least]
    while True:
        left = views - sum(least[k] for k in range(len(areas)) if k not in free)
        root = sum(math.sqrt(cost[k]) for k in free)
        for k in free:
            share[k] = left * math.sqrt(cost[k]) / root
        short = {k for k in free if share[k] < least[k]}
        if not short:
            break
        free -= short
        for k in short:
            share[k] = float(least[k])
    return tuple(max(n, 2 * int(exact / 2)) for n, exact in zip(least, share, strict=True))


def place_views(blur_levels: Sequence[float], aperture: Aperture, views: int, seed: int) -> list[LensView]:
    """Return the views, ring by ring from the centre, spread evenly by golden turns. seed: turns and shifts them."""
    counts = share_views(blur_levels, aperture, views)
    turn, jitter_right, jitter_up = np.random.Generator(np.random.PCG64(seed)).random(3)
    edges = np.array([0.0, *blur_levels]) / blur_levels[-1]
    placed: list[LensView] = []
    for ring, count in enumerate(counts):
        inner, outer = float(edges[ring] ** 2), float(edges[ring + 1] ** 2)
        for index in range(count):
            number = len(placed)
            share = inner + (outer - inner) * (index + 0.5) / count
            right, up = spread(aperture, share, (turn + number * _GOLDEN_TURN) % 1.0)
            jitter = (
                (jitter_right + number / _PLASTIC) % 1.0 - 0.5,
                (jitter_up + number / _PLASTIC**2) % 1.0 - 0.5,
            )
            placed.append(LensView(ring, float(right), float(up), (outer - inner) / count, index % 2, jitter))
    return placed
