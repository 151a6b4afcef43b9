"""The answers: what an ideal lens makes of the targets."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import signal

from bokeh_render.aperture import Aperture, contains, rim
from bokeh_render.optics import DISPLAY_GAMMA

Float64 = NDArray[np.float64]
_SAMPLES = 8  # per pixel and axis


@cache
def opening_image(aperture: Aperture, radius_px: float, in_front: bool = False) -> Float64:
    """Return the image of a point light, (2n + 1, 2n + 1), its sum 1: the share of each pixel that is covered.

    in_front: of the focal plane, where the opening's image is turned by half a turn.
    """
    reach = int(np.ceil(radius_px)) + 1
    fine = (np.arange((2 * reach + 1) * _SAMPLES) + 0.5) / _SAMPLES - reach - 0.5
    turn = -1.0 if in_front else 1.0
    inside = contains(aperture, turn * fine[None, :] / radius_px, -turn * fine[:, None] / radius_px)
    size = 2 * reach + 1
    covered = inside.reshape(size, _SAMPLES, size, _SAMPLES).mean(axis=(1, 3))
    image: Float64 = covered / covered.sum()
    image.setflags(write=False)
    return image


def rim_px(aperture: Aperture, radius_px: float, angle_rad: ArrayLike, in_front: bool) -> Float64:
    """Return how far the image of a point light reaches at each angle, px; not for squeezed openings."""
    return radius_px * rim(aperture, np.asarray(angle_rad) + (np.pi if in_front else 0.0))


def blurred_display(display: Float64, radius_px: float) -> Float64:
    """Return display values (H, W, 3) blurred evenly by a disc, in light; what lies beyond the border repeats."""
    kernel = opening_image(Aperture(), radius_px)
    reach = kernel.shape[0] // 2
    light = np.pad(display, ((reach, reach), (reach, reach), (0, 0)), mode="edge") ** DISPLAY_GAMMA
    blurred = signal.fftconvolve(light, kernel[..., None], mode="valid", axes=(0, 1))
    return np.asarray(np.maximum(blurred, 0.0) ** (1 / DISPLAY_GAMMA))


def half_plane_coverage(distance_px: ArrayLike, radius_px: float) -> Float64:
    """Return how much of a lens disc a half plane hides, for a pixel this far outside its edge (inside: negative).

    With s = distance / radius: 1/2 - (asin s + s sqrt(1 - s^2)) / pi. At radius 0: a hard step.
    """
    distance = np.asarray(distance_px, dtype=np.float64)
    if radius_px == 0:
        return np.where(distance < 0, 1.0, 0.0)
    s = np.clip(distance / radius_px, -1.0, 1.0)
    return np.asarray(0.5 - (np.arcsin(s) + s * np.sqrt(1 - s * s)) / np.pi)
