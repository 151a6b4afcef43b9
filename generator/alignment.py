"""Do depth and image show the same edges? Depth edges are moved over the image's edges to see where they fit best."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bokeh_render.optics import Float32, disparity_range, display_from_light

from .finding import Finding

REACH_PX = 6
"""Displacements up to this are tried, in x and in y."""

_STEP = 0.03  # of the disparity range: what counts as a depth edge
_TILES_DOWN = 8
_SMALLEST_TILE_PX = 16
_FEWEST_EDGE_PX = 6  # in a tile
_FEWEST_TILES = 6
_CLEAR = 3.0  # standard errors; renders of 384×256 have 5 and more, of 96×64 about 2
_SURE = 3.5


class Alignment(NamedTuple):
    """How depth edges lie on image edges.

    best: (dy, dx) in px, how the depth must be moved to fit best; tiles: parts of the image with depth edges;
    certainty: by how many standard errors, over those tiles, the best place beats those 3 px and more away from it
    (for best = (0, 0)), or beats the place where the depth is now.
    """

    best: tuple[int, int]
    tiles: int
    certainty: float


def measure_alignment(light: Float32, disparity: Float32) -> Alignment | None:
    """Return how depth and image fit, or None when there are too few depth edges to tell.

    light: (H, W, 3); disparity: (H, W), any unit.
    """
    scores = _tile_scores(light, disparity)
    if len(scores) < _FEWEST_TILES:
        return None
    mean = scores.mean(axis=0)
    y, x = (int(index) for index in np.unravel_index(np.argmax(mean), mean.shape))
    best = (y - REACH_PX, x - REACH_PX)
    here = (REACH_PX, REACH_PX)
    if max(abs(best[0]), abs(best[1])) <= 1:
        offsets = np.arange(2 * REACH_PX + 1) - REACH_PX
        away = np.maximum(np.abs(offsets[:, None] - best[0]), np.abs(offsets[None, :] - best[1])) >= 3
        rivals = [(int(row), int(column)) for row, column in np.argwhere(away)]
        certainty = min(_advantage(scores, (y, x), rival) for rival in rivals)
    else:
        certainty = _advantage(scores, (y, x), here)
    return Alignment(best, len(scores), certainty)


def _advantage(scores: NDArray[np.float64], winner: tuple[int, int], loser: tuple[int, int]) -> float:
    """Return by how many standard errors, over the tiles, one displacement scores higher than another."""
    difference = scores[:, winner[0], winner[1]] - scores[:, loser[0], loser[1]]
    return float(difference.mean() / (difference.std(ddof=1) / np.sqrt(len(difference)) + 1e-12))


def _tile_scores(light: Float32, disparity: Float32) -> NDArray[np.float64]:
    """Return for each tile and displacement (tiles, 13, 13) how strong the image's edges are under depth edges."""
    extent = disparity_range(disparity).extent or 1.0
    jump = ndimage.maximum_filter(disparity, 3) - ndimage.minimum_filter(disparity, 3)
    edges = jump > _STEP * extent
    strength = _edge_strength(light)
    height, width = edges.shape
    tile = max(_SMALLEST_TILE_PX, height // _TILES_DOWN)
    scores = []
    for top in range(REACH_PX, height - REACH_PX, tile):
        for left in range(REACH_PX, width - REACH_PX, tile):
            bottom, right = min(top + tile, height - REACH_PX), min(left + tile, width - REACH_PX)
            rows, columns = np.nonzero(edges[top:bottom, left:right])
            if len(rows) < _FEWEST_EDGE_PX:
                continue
            scores.append(
                [
                    [
                        float(strength[rows + top + dy, columns + left + dx].mean())
                        for dx in range(-REACH_PX, REACH_PX + 1)
                    ]
                    for dy in range(-REACH_PX, REACH_PX + 1)
                ]
            )
    return np.array(scores).reshape(-1, 2 * REACH_PX + 1, 2 * REACH_PX + 1)


def _edge_strength(light: Float32) -> NDArray[np.float64]:
    """Return each pixel's rank, 0 to 1, by the step of display values round it (so that lamps do not outvote all)."""
    display = np.clip(display_from_light(light), 0.0, 1.5)
    step = (ndimage.maximum_filter(display, (3, 3, 1)) - ndimage.minimum_filter(display, (3, 3, 1))).max(axis=2)
    order = np.empty(step.size)
    order[np.argsort(step, axis=None, kind="stable")] = np.linspace(0.0, 1.0, step.size)
    return order.reshape(step.shape)


def check_alignment(scene: str, light: Float32, disparity: Float32) -> Finding:
    """Check that the depth lies on the image; a warning where the edges do not tell clearly."""
    found = measure_alignment(light, disparity)
    if found is None:
        return Finding("alignment", scene, "not checked", "too few depth edges to compare with the image's")
    dy, dx = found.best
    evidence = f"{found.certainty:.1f} standard errors over {found.tiles} tiles"
    if max(abs(dy), abs(dx)) <= 1:
        if found.certainty >= _CLEAR:
            return Finding("alignment", scene, "ok", f"depth edges lie on image edges ({evidence})")
        return Finding("alignment", scene, "warning", f"depth edges lie on image edges, but not clearly ({evidence})")
    moved = f"depth edges fit the image's best when moved by {dx:+d} px in x and {dy:+d} px in y ({evidence})"
    if found.certainty >= _SURE:
        return Finding("alignment", scene, "failed", f"{moved}; expected no displacement")
    return Finding("alignment", scene, "warning", f"{moved}, which is weak evidence; look at both")
