"""Points spread evenly over the opening of the lens."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..aperture import Aperture, spread

_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0


def lens_points(aperture: Aperture, count: int, offset: float = 0.0) -> NDArray[np.float64]:
    """Return (count, 2) points, lens radii, right and up: a sunflower, each point standing for an equal area.

    offset: in [0, 1), turns the pattern, so that several sets of points differ.
    """
    order = np.arange(count)
    right, up = spread(aperture, (order + 0.5) / count, np.mod(order * _GOLDEN + offset, 1.0))
    return np.stack([right, up], axis=1)
