"""Layers of coverage and light, put together from near to far.

``open_`` is the share of a part of the lens that no layer has covered yet. A layer that covers the share ``a`` is seen
through ``min(a, open_)`` of it: layers add up until that part is full, and what comes later is hidden. Pieces of one
smooth surface cover different places of the lens, so adding them is exact, and cutting a surface into layers leaves no
seam; the usual ``over`` would let the background shine through every cut.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .classical.jit import compiled
from .optics import Float32

_LEAST_COVERAGE = 1e-6  # what rounding may leave where nothing arrives


@compiled
def add_layer(
    begin: int, end: int, coverage: Float32, light: Float32, part_share: float, open_: Float32, total: Float32
) -> None:
    """Put a layer behind those before it, in the rows begin … end - 1.

    coverage: (H, W), share of this part of the lens that it covers; light: (H, W, 3), weighted by coverage; part_share:
    what this part is of the lens; open_: (H, W) of this part, and total: (H, W, 3) of the lens, are updated.
    """
    for y in range(begin, end):
        for x in range(coverage.shape[1]):
            covered = coverage[y, x]
            if covered > _LEAST_COVERAGE and open_[y, x] > 0.0:
                seen = min(covered, open_[y, x])
                open_[y, x] -= seen
                for c in range(3):
                    total[y, x, c] += part_share * seen / covered * light[y, x, c]


def add_layer_plainly(
    coverage: NDArray[Any], light: NDArray[Any], part_share: float, open_: NDArray[Any], total: NDArray[Any]
) -> None:
    """Do the same as :func:`add_layer`, to the whole image: its slow twin."""
    seen = np.where(coverage > _LEAST_COVERAGE, np.minimum(coverage, open_), 0.0)
    total += (part_share * seen / np.maximum(coverage, _LEAST_COVERAGE))[..., None] * light
    open_ -= seen
