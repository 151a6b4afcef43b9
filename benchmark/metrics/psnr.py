"""Peak signal-to-noise ratio over all pixels and channels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .image_rows import Float64, check_pair, exact_type, rows_of
from .kernels import squared_error_map, squared_error_sum


def psnr(prediction: NDArray[Any], truth: NDArray[Any], *, cap_db: float) -> float:
    """Return 10 log10(1 / MSE) in dB, at most ``cap_db`` (what equal images get); NaN where an image holds NaN.

    prediction, truth: (H, W, 3), display values in [0, 1]. Computed in float64. Raises BadInputError when the shapes
    differ.
    """
    check_pair(prediction, truth)
    dtype = exact_type(prediction, truth)
    return psnr_of(squared_error_sum(rows_of(prediction, dtype), rows_of(truth, dtype)) / truth.size, cap_db=cap_db)


def psnr_of(mean_squared_error: float, *, cap_db: float) -> float:
    """Return the PSNR in dB that belongs to a mean squared error."""
    if mean_squared_error == 0.0:
        return cap_db
    decibels = -10.0 * math.log10(mean_squared_error)
    return cap_db if decibels > cap_db else decibels


def squared_errors(prediction: NDArray[Any], truth: NDArray[Any]) -> Float64:
    """Return each pixel's squared error, the mean over R, G, B, (H, W); their mean over all pixels is the MSE."""
    check_pair(prediction, truth)
    dtype = exact_type(prediction, truth)
    errors = np.empty(truth.shape[:2])
    squared_error_map(rows_of(prediction, dtype), rows_of(truth, dtype), errors)
    return errors
