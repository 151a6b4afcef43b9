"""Random sizes."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator


def log_uniform(rng: Generator, least: float, most: float) -> float:
    """Return a number even in its logarithm between two above 0; ``most`` counts as ``least`` where it is smaller."""
    return float(np.exp(rng.uniform(np.log(least), np.log(max(least, most)))))
