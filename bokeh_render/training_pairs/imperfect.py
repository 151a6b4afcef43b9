"""A disparity map as a user has it: blurred, grown or shrunk at depth edges, bent by slow errors."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from scipy import ndimage

from ..footprint import disc_footprint
from ..optics import Float32
from .chance import log_uniform
from .noise import waves
from .settings import ImperfectSettings


def imperfect(rng: Generator, disparity: Float32, settings: ImperfectSettings) -> Float32:
    """Return a worse copy of a normalised disparity map (H, W), in [0, 1]; with luck an equal one."""
    if rng.uniform() >= settings.probability:
        return disparity
    faults = rng.choice(4, int(rng.integers(1, 3)), replace=False)
    for fault in faults:
        if fault == 0:
            sigma = rng.uniform(min(0.5, settings.blur_sigma_px), settings.blur_sigma_px)
            disparity = ndimage.gaussian_filter(disparity, sigma, mode="nearest")
        elif fault == 3:
            period = log_uniform(rng, 0.1, 0.6) * max(disparity.shape)
            disparity = disparity + rng.uniform(0, settings.wave) * waves(
                rng, (disparity.shape[0], disparity.shape[1]), period
            )
        else:
            radius = rng.uniform(min(1.0, settings.grow_px), settings.grow_px)
            grown = ndimage.maximum_filter if fault == 1 else ndimage.minimum_filter
            disparity = grown(disparity, footprint=disc_footprint(radius), mode="nearest")
    return np.clip(disparity, 0.0, 1.0).astype(np.float32)
