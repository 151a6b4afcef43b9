"""Does a disparity map lie on its photograph the right way round? Its edges, turned over, are held against the
photograph's.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, stats

from bokeh_render.optics import Float32

from .disparity_refining import resize

FLIPS = ("as it is", "turned upside down", "mirrored left to right", "turned by 180°")
"""The ways a map can lie, by what must be done to it."""

CLEAR = 3.5
"""Standard errors from which one way counts as the right one. Of 34 drawn pictures, whose things lie without regard to
up and down, no right map was refused, and none lost by more than 1.3; of those turned over 31 are noticed, 29 when they
are 4 times smaller and blurred, 16 when their edges are displaced by 1 small pixel besides. Two rendered scenes: 10 and
more."""

_LONGER_SIDE_PX = 384
_TILES_DOWN = 12
_SMALLEST_TILE_PX = 8
_FEWEST_EDGE_PX = 4  # in a tile
_FEWEST_TILES = 6
_AROUND_PX = 25
_STEP, _LARGEST_STEP = 0.03, 0.3  # of the disparity range: from where it is an edge, from where it counts no more
_SLICES = ((1, 1), (-1, 1), (1, -1), (-1, -1))


class MapOrientation(NamedTuple):
    """How a map lies.

    best: the one of FLIPS under which map and photograph fit best; certainty: by how many standard errors, over the
    parts of the map that have edges, it fits better than the others (for the first of FLIPS), or better than the map
    as it is.
    """

    best: str
    certainty: float

    @property
    def is_right(self) -> bool:
        """Whether the map clearly lies as it should."""
        return self.best == FLIPS[0] and self.certainty >= CLEAR

    @property
    def is_wrong(self) -> bool:
        """Whether the map clearly lies another way."""
        return self.best != FLIPS[0] and self.certainty >= CLEAR


def measure_orientation(display: Float32, disparity: Float32) -> MapOrientation | None:
    """Return how a map lies on its photograph, None when it has too few edges to tell.

    display: (H, W, 3) display values; disparity: (h, w) normalised, of any size. Near and far exchanged give the same
    edges: that cannot be seen here.
    """
    longer = max(display.shape[:2])
    factor = min(1.0, _LONGER_SIDE_PX / longer)
    size = (max(1, round(display.shape[0] * factor)), max(1, round(display.shape[1] * factor)))
    scores = _tile_scores(_edge_strength(resize(np.clip(display, 0.0, 1.0), size)), _edges(resize(disparity, size)))
    if len(scores) < _FEWEST_TILES:
        return None
    best = int(np.argmax(scores.mean(axis=0)))
    rivals = range(1, len(FLIPS)) if best == 0 else (0,)
    return MapOrientation(FLIPS[best], min(_advantage(scores, best, rival) for rival in rivals))


def _advantage(scores: NDArray[np.float64], winner: int, loser: int) -> float:
    """Return by how many standard errors, over the tiles, one way scores higher than another."""
    difference = scores[:, winner] - scores[:, loser]
    return float(difference.mean() / (difference.std(ddof=1) / np.sqrt(len(difference)) + 1e-9))


def _edge_strength(display: Float32) -> NDArray[np.float64]:
    """Return how much stronger than round it an edge is at each pixel, by rank; 1 px off counts as well.

    Without taking off what is round it, busy parts of a photograph would draw the edges of any map to them.
    """
    step = (ndimage.maximum_filter(display, (3, 3, 1)) - ndimage.minimum_filter(display, (3, 3, 1))).max(axis=2)
    rank = ndimage.maximum_filter(stats.rankdata(step).reshape(step.shape) / step.size, 3)
    return np.asarray(rank - ndimage.uniform_filter(rank, _AROUND_PX, mode="reflect"))


def _edges(disparity: Float32) -> NDArray[np.float64]:
    """Return the height of the disparity's step where that is steepest, 0 elsewhere."""
    step = ndimage.maximum_filter(disparity, 3) - ndimage.minimum_filter(disparity, 3)
    steepest = step >= 0.9 * ndimage.maximum_filter(step, 5)
    return np.where((step > _STEP) & steepest, np.minimum(step, _LARGEST_STEP), 0.0).astype(np.float64)


def _tile_scores(strength: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return for each tile of the map how strong the photograph's edges are under it, (tiles, 4) for the four ways."""
    height, width = edges.shape
    tile = max(_SMALLEST_TILE_PX, height // _TILES_DOWN)
    turned = [strength[::down, ::right] for down, right in _SLICES]  # a map turned over on it, the other way round
    scores = []
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            part = (slice(top, top + tile), slice(left, left + tile))
            weights = edges[part]
            if np.count_nonzero(weights) >= _FEWEST_EDGE_PX:
                scores.append([float((one[part] * weights).sum() / weights.sum()) for one in turned])
    return np.array(scores).reshape(-1, len(_SLICES))
