"""Peak signal-to-noise ratio over all pixels and channels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def psnr(prediction: NDArray[Any], truth: NDArray[Any], *, cap_db: float) -> float:
    """Return 10 log10(1 / MSE) in dB, at most ``cap_db`` (what equal images get).

    prediction, truth: (H, W, 3), display values in [0, 1]. Computed in float64.
    """
    mse = float(np.mean((prediction.astype(np.float64) - truth.astype(np.float64)) ** 2))
    return cap_db if mse == 0.0 else min(cap_db, -10.0 * math.log10(mse))
