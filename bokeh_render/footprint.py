"""Which pixels a disc covers, for filters."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def disc_footprint(radius_px: float) -> NDArray[np.bool_]:
    """Return (2n+1, 2n+1), n the whole part of the radius: the pixels whose centres lie within it."""
    reach = int(radius_px)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return np.asarray(x**2 + y**2 <= radius_px**2)
