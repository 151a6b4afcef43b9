"""Which drawn training scenes are good enough: a camera that stands free, depth in three ranges, edges in depth.

Judged from the depth map alone, at a fixed small size, so that the verdict does not depend on the resolution.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bokeh_render.optics import disparity_from_depth, disparity_range

NEAREST_M = 0.2
"""No surface may be nearer to the lens."""
BANDS = ((0.0, 0.12), (0.18, 0.45), (0.55, 1.0))
"""Far, middle and near, in normalised disparity, with gaps between; each must hold ``LEAST_SHARE`` of the pixels."""
LEAST_SHARE = 0.01
EDGE_STEP = 0.02
"""A pixel lies at a depth edge when normalised disparity differs by more to its right or lower neighbour."""
LEAST_EDGES = 0.05
MAX_ATTEMPTS = 8
"""How many draws a seed has before the scene counts as failed."""
_JUDGED_WIDTH = 192


def reasons_to_refuse(depth_m: NDArray[np.float32]) -> list[str]:
    """Return what is wrong with a scene, one clause each; empty when it is accepted. depth_m: (H, W), planar metres."""
    disparity = _judged(disparity_from_depth(depth_m))
    measured = disparity_range(disparity)
    reasons = []
    if measured.maximum > 1.0 / NEAREST_M:
        reasons.append(f"a surface {1.0 / measured.maximum:.2f} m before the lens (at least {NEAREST_M} m)")
    normalised = measured.normalise(disparity)
    for name, (low, high) in zip(("far", "middle", "near"), BANDS, strict=True):
        share = float(((normalised >= low) & (normalised <= high)).mean())
        if share < LEAST_SHARE:
            reasons.append(f"{share:.1%} of the pixels in the {name} range (at least {LEAST_SHARE:.0%})")
    edges = edge_share(normalised)
    if edges < LEAST_EDGES:
        reasons.append(f"depth edges on {edges:.1%} of the pixels (at least {LEAST_EDGES:.0%})")
    return reasons


def edge_share(normalised: NDArray[np.float32]) -> float:
    """Return the share of pixels at a depth edge. normalised: disparity in [0, 1], (H, W)."""
    edge = np.zeros(normalised.shape, dtype=bool)
    edge[:, :-1] |= np.abs(np.diff(normalised, axis=1)) > EDGE_STEP
    edge[:-1] |= np.abs(np.diff(normalised, axis=0)) > EDGE_STEP
    return float(edge.mean())


def _judged(disparity: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the map sampled at ``_JUDGED_WIDTH`` columns (smaller ones stay as they are)."""
    height, width = disparity.shape
    if width <= _JUDGED_WIDTH:
        return disparity
    rows = round(height * _JUDGED_WIDTH / width)
    y = ((np.arange(rows) + 0.5) * height / rows).astype(int)
    x = ((np.arange(_JUDGED_WIDTH) + 0.5) * width / _JUDGED_WIDTH).astype(int)
    return np.asarray(disparity[np.ix_(y, x)])
