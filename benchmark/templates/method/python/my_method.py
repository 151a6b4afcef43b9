"""A bokeh method as a Python class; put your own into ``render``."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmark.methods.interface import MethodInput, MethodMetadata

Array = NDArray[Any]
LEVELS = 8


class MyMethod:
    """Averages a disc of light around each pixel, as wide as the pixel's own blur radius; no occlusion.

    bokehbench makes one of these without arguments and calls ``render`` for each sample: load weights in ``__init__``.
    """

    name = "my-method"
    revision = "1"  # change it whenever the results may change: predictions of two revisions are never mixed
    description = "discs of each pixel's own blur radius, averaged in light; no occlusion"
    metadata = MethodMetadata(training_data=())  # also: paper, code, licence, weights_sha256

    def render(self, sample: MethodInput) -> NDArray[np.float32]:
        """Return the bokeh image, (H, W, 3), display values.

        The sample holds ``display`` and ``light``, (H, W, 3) with light = display ** gamma; ``disparity``, (H, W), 0 =
        far, 1 = near; ``blur_parameter`` and ``focus_disparity``; ``defocus``, the signed blur radius of each pixel in
        px that follows from them, positive in front of the focus; ``gamma``; ``aperture``; and disparity, K and focus
        once more in 1/metre (``_raw``; None for photographs). Leave its arrays as they are.
        """
        radius_px = np.abs(sample.defocus)
        largest = float(radius_px.max())
        if largest == 0.0:
            return sample.display
        place = radius_px / largest * LEVELS
        light = np.zeros(sample.light.shape)
        for level, blurred in enumerate(blurred_by_discs(sample.light, np.linspace(0.0, largest, LEVELS + 1))):
            light += np.maximum(1.0 - np.abs(place - level), 0.0)[..., None] * blurred
        return (light ** (1.0 / sample.gamma)).astype(np.float32)


def blurred_by_discs(light: Array, radii_px: Array) -> list[Array]:
    """Return the image averaged over discs of each radius; what lies outside of it does not count."""
    height, width = light.shape[:2]
    margin = int(radii_px.max()) + 2
    size = (height + margin, width + margin)
    from_origin = [np.minimum(np.arange(count), count - np.arange(count)) for count in size]
    distance_px = np.hypot(from_origin[0][:, None], from_origin[1][None, :])
    image = np.fft.rfft2(light, s=size, axes=(0, 1))
    inside = np.fft.rfft2(np.ones((height, width)), s=size)
    blurred = []
    for radius_px in radii_px:
        disc = np.fft.rfft2(np.clip(radius_px + 0.5 - distance_px, 0.0, 1.0))
        total = np.fft.irfft2(image * disc[..., None], s=size, axes=(0, 1))[:height, :width]
        weight = np.fft.irfft2(inside * disc, s=size)[:height, :width]
        blurred.append(np.maximum(total, 0.0) / weight[..., None])
    return blurred
