"""Structural similarity as Wang et al. 2004 defined it, by scikit-image with every default that differs undone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from bokeh_render.errors import BadInputError

from ..protocols import SsimSettings


def ssim(prediction: NDArray[Any], truth: NDArray[Any], settings: SsimSettings) -> float:
    """Return the mean over pixels of the valid region and over R, G, B; 1 for equal images.

    prediction, truth: (H, W, 3), display values in [0, 1], at least as large as the window. Computed in float64.
    """
    if min(truth.shape[:2]) < settings.window_px:
        raise BadInputError(
            f"images are {truth.shape[1]}×{truth.shape[0]}; SSIM needs at least {settings.window_px} px each way"
        )
    value = structural_similarity(  # type: ignore[no-untyped-call]
        prediction.astype(np.float64),
        truth.astype(np.float64),
        gaussian_weights=True,
        sigma=settings.sigma,
        win_size=settings.window_px,
        use_sample_covariance=False,
        K1=settings.k1,
        K2=settings.k2,
        data_range=1.0,
        channel_axis=-1,
    )
    return float(value)
