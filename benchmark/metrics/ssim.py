"""Structural similarity as Wang et al. 2004 defined it: a Gaussian window, population moments, only whole windows.

Source: Wang et al., Image Quality Assessment: From Error Visibility to Structural Similarity, IEEE TIP 2004. The slow
twin is scikit-image's, with every default that differs undone; tests/benchmark/test_ssim.py holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokeh_render.errors import BadInputError

from ..protocols import SsimSettings
from .image_rows import Float64, Rows, check_pair, exact_type, rows_of
from .kernels import similarity_map, window_moments


@dataclass(frozen=True)
class TruthMoments:
    """What SSIM needs of a truth, whichever prediction it is compared with: 16 bytes a value beyond the image itself.

    truth: (H, W, 3); rows: the same as (H, 3 W); mean, square: the Gaussian means of the values and of their squares in
    each whole window, (H - n + 1, 3 (W - n + 1)) for a window of n px.
    """

    settings: SsimSettings
    truth: NDArray[Any]
    rows: Rows
    mean: Float64
    square: Float64


def ssim(prediction: NDArray[Any], truth: NDArray[Any], settings: SsimSettings) -> float:
    """Return the mean over pixels of the valid region and over R, G, B; 1 for equal images.

    prediction, truth: (H, W, 3), display values in [0, 1], at least as large as the window. Computed in float64.
    Raises BadInputError when the shapes differ or the images are too small.
    """
    return float(ssim_map(prediction, truth_moments(truth, settings)).mean())


def truth_moments(truth: NDArray[Any], settings: SsimSettings) -> TruthMoments:
    """Return what :func:`ssim_map` needs of a truth (H, W, 3); raises BadInputError when it is too small."""
    check_pair(truth, truth)
    height, width = truth.shape[:2]
    if min(height, width) < settings.window_px:
        raise BadInputError(f"images are {width}×{height}; SSIM needs at least {settings.window_px} px each way")
    rows = rows_of(truth, exact_type(truth))
    lost = settings.window_px - 1
    mean, square = (np.empty((height - lost, 3 * (width - lost))) for _ in range(2))
    window_moments(rows, gaussian_taps(settings), mean, square)
    return TruthMoments(settings, truth, rows, mean, square)


def ssim_map(prediction: NDArray[Any], moments: TruthMoments) -> Float64:
    """Return SSIM at each pixel of the valid region, the mean over R, G, B, (H - n + 1, W - n + 1) for n px.

    prediction: (H, W, 3), display values in [0, 1]. Its mean over all pixels is :func:`ssim`; which pixels of the image
    it covers, :func:`valid_region` says.
    """
    check_pair(prediction, moments.truth)
    settings = moments.settings
    dtype = exact_type(prediction, moments.rows)
    similarity = np.empty((moments.mean.shape[0], moments.mean.shape[1] // 3))
    similarity_map(
        rows_of(prediction, dtype),
        moments.rows.astype(dtype, copy=False),
        moments.mean,
        moments.square,
        gaussian_taps(settings),
        settings.k1**2,
        settings.k2**2,
        similarity,
    )
    return similarity


def valid_region(settings: SsimSettings) -> tuple[slice, slice]:
    """Return the rows and columns of an image whose window lies inside it: those that SSIM is taken over."""
    border = settings.window_px // 2
    inside = slice(border, -border or None)
    return inside, inside


def gaussian_taps(settings: SsimSettings) -> tuple[float, ...]:
    """Return the window along one axis; the sum is 1. Raises BadInputError unless it has a middle and a width."""
    if settings.window_px < 1 or settings.window_px % 2 == 0 or not settings.sigma > 0:
        raise BadInputError(
            f"SSIM's window is {settings.window_px} px with sigma {settings.sigma}; "
            "expected an odd number of pixels and a sigma above 0"
        )
    offsets = np.arange(settings.window_px) - settings.window_px // 2
    weights = np.exp(-0.5 * (offsets / settings.sigma) ** 2)
    return tuple(float(weight) for weight in weights / weights.sum())
