"""Truth for two parallel planes: the mean of what many points of the lens see, each by shifting both planes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import shift

Array = NDArray[np.float64]


def two_planes(front: Array, cover: Array, back: Array, front_px: float, back_px: float, *, views: int = 400) -> Array:
    """Render a plane in front of another through a round lens.

    front, back: (H, W, 3) light; cover: (H, W) in [0, 1], how much of each pixel the front covers; front_px, back_px:
    their signed defocus.
    """
    index = np.arange(views) + 0.5
    radius, angle = np.sqrt(index / views), index * np.pi * (3 - 5**0.5)
    total = np.zeros(back.shape)
    for right, down in zip(radius * np.cos(angle), radius * np.sin(angle), strict=True):
        near, far = (down * front_px, right * front_px, 0), (down * back_px, right * back_px, 0)
        alpha = shift(cover[..., None], near, order=1, mode="nearest")
        total += shift(front * cover[..., None], near, order=1, mode="nearest")
        total += (1 - alpha) * shift(back, far, order=1, mode="nearest")
    return total / views


def psnr(found: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """Return 10 log10(1 / MSE), dB."""
    return float(-10 * np.log10(np.mean((found - truth) ** 2)))
