"""Which pixels large blur reaches: where a network that knows small blur only must not be believed."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..aperture import Aperture
from ..classical.cpu import accumulate
from ..classical.taps import tap_table
from ..optics import Float32

_ROUNDING = 1e-3


def reached_by_more_than(defocus_px: Float32, limit_px: float, *, threads: int = 0) -> Float32:
    """Return (H, W) in [0, 1]: 1 where the disc of a pixel with |defocus| above the limit reaches, soft over a pixel.

    defocus_px: (H, W), px at this size; threads: 0 = all. Discs only: other openings differ little for this purpose.
    """
    size = np.abs(defocus_px)
    large = size > limit_px
    if not large.any():
        return np.zeros_like(size)
    radius = np.where(large, size, np.float32(np.nan))
    table = tap_table(Aperture(), "area", "high", float(size.max()), max(size.shape))
    values = np.zeros((*size.shape, 4), dtype=np.float32)
    values[large, 0] = math.pi * size[large] ** 2  # each disc then counts 1 at every pixel that it covers
    weight = accumulate(values, radius, table, threads=threads).weight
    reached = np.clip((weight - _ROUNDING) / (1.0 - 2.0 * _ROUNDING), 0.0, 1.0)  # exactly 0 and 1 away from rims
    reached[large] = 1.0
    return reached.astype(np.float32)


def soften(mask: Tensor, radius_px: int) -> Tensor:
    """Return (N, 1, H, W), blurred by the Gaussian of BokehMe's masks: sigma 0.3 (radius - 1) + 0.8, edges repeated."""
    if radius_px < 1:
        return mask
    sigma = 0.3 * (radius_px - 1) + 0.8
    offsets = torch.arange(-radius_px, radius_px + 1, device=mask.device, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = kernel / kernel.sum()
    wide = functional.pad(mask, (radius_px, radius_px, 0, 0), mode="replicate")
    rows = functional.conv2d(wide, kernel[None, None, None, :])
    tall = functional.pad(rows, (0, 0, radius_px, radius_px), mode="replicate")
    return functional.conv2d(tall, kernel[None, None, :, None])
