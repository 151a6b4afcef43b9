"""Noise whose spectrum falls as a power of frequency, as that of natural images does."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from scipy import fft

from ..optics import Float32


def noise(rng: Generator, shape: tuple[int, int], exponent: float, stretch: tuple[float, float] = (1, 1)) -> Float32:
    """Return (h, w), mean 0 and standard deviation 1, amplitude ~ 1 / frequency ** exponent.

    stretch: how much longer its features are along y and along x.
    """
    rows, columns = (fft.next_fast_len(size, real=True) for size in shape)
    down = (fft.fftfreq(rows) * stretch[0]).astype(np.float32)[:, None]
    right = (fft.rfftfreq(columns) * stretch[1]).astype(np.float32)[None, :]
    power = down**2 + right**2
    power[0, 0] = np.inf
    white = fft.rfft2(rng.standard_normal((rows, columns), dtype=np.float32))
    shaped = fft.irfft2(white * power ** np.float32(-exponent / 2), s=(rows, columns))[: shape[0], : shape[1]]
    return np.asarray((shaped - shaped.mean()) / max(float(shaped.std()), 1e-9), dtype=np.float32)


def waves(rng: Generator, shape: tuple[int, int], period_px: float) -> Float32:
    """Return (h, w) smooth noise in [-1, 1] without details much finer than ``period_px``."""
    rows, columns = fft.next_fast_len(shape[0], real=True), fft.next_fast_len(shape[1], real=True)
    power = fft.fftfreq(rows).astype(np.float32)[:, None] ** 2 + fft.rfftfreq(columns).astype(np.float32)[None, :] ** 2
    white = fft.rfft2(rng.standard_normal((rows, columns), dtype=np.float32))
    smooth = fft.irfft2(white * np.exp(-power * np.float32(period_px**2)), s=(rows, columns))[: shape[0], : shape[1]]
    return np.asarray(smooth / max(float(np.abs(smooth).max()), 1e-9), dtype=np.float32)
