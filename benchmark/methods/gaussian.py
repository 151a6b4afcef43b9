"""What simple camera apps do: a Gaussian blur of display values whose width follows the defocus, pixel by pixel."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from bokeh_render.optics import Float32

from .interface import MethodInput, package_revision

_LEVELS = 12
_SIGMA_OF_DISC = 0.5  # a disc of radius r has the standard deviation r / 2 along each axis


class Gaussian:
    """Blends copies of the image, blurred ever wider, by each pixel's own blur radius; no light, no occlusion."""

    name = "gaussian"
    revision = package_revision()
    description = "Gaussian blur of display values, its width following each pixel's defocus"

    def render(self, sample: MethodInput) -> Float32:
        """Return the blended image. See :class:`benchmark.methods.interface.Method`."""
        sigma = _SIGMA_OF_DISC * np.abs(sample.defocus)
        largest = float(sigma.max())
        if largest == 0.0:
            return sample.display
        position = np.clip(sigma / largest * _LEVELS, 0.0, _LEVELS)
        lower = np.minimum(position.astype(int), _LEVELS - 1)
        share = (position - lower)[..., None]
        result = np.zeros_like(sample.display)
        nearer = sample.display
        for level in range(_LEVELS):
            width = largest * (level + 1) / _LEVELS
            wider = gaussian_filter(sample.display, (width, width, 0), mode="nearest")
            blended = (1 - share) * nearer + share * wider
            result = np.where((lower == level)[..., None], blended, result)
            nearer = wider
        return result.astype(np.float32)
