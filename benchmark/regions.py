"""Where in an image errors are looked at apart: near depth edges, in focus, out of focus, round highlights.

The regions follow from what the scene really is (clean disparity, true K), so they are the same for every method.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from bokeh_render.classical.dilation import dilate_defocus
from bokeh_render.optics import Float32

from .protocols import RegionSettings

Mask = NDArray[np.bool_]


def region_masks(display: Float32, defocus: Float32, settings: RegionSettings) -> dict[str, Mask]:
    """Return the regions of one sample, (H, W) each; the first three cover the image without overlap.

    display: (H, W, 3), the input's display values; defocus: (H, W), signed, px. See :class:`RegionSettings`.
    """
    boundary = boundary_band(defocus, settings)
    sharp = np.abs(defocus) < settings.sharp_px
    return {
        "boundary": boundary,
        "in_focus": ~boundary & sharp,
        "out_of_focus": ~boundary & ~sharp,
        "highlights": highlight_reach(display, defocus, settings),
    }


def boundary_band(defocus: Float32, settings: RegionSettings) -> Mask:
    """Return the pixels that light passing a depth edge can reach, (H, W)."""
    reach = np.zeros_like(defocus)
    size = np.abs(defocus)
    for here, there in (
        (np.s_[:, :-1], np.s_[:, 1:]),
        (np.s_[:-1, :], np.s_[1:, :]),
    ):
        jump = np.abs(defocus[here] - defocus[there]) > settings.jump_px
        larger = np.where(jump, np.maximum(size[here], size[there]) + settings.margin_px, 0.0)
        reach[here] = np.maximum(reach[here], larger)
        reach[there] = np.maximum(reach[there], larger)
    return np.asarray(dilate_defocus(reach, threads=1) > 0)


def highlight_reach(display: Float32, defocus: Float32, settings: RegionSettings) -> Mask:
    """Return the pixels that the light of clipped highlights can reach, (H, W)."""
    bright = display.max(axis=2) >= settings.highlight
    reach = np.where(bright, np.abs(defocus) + settings.margin_px, 0.0).astype(np.float32)
    return np.asarray(dilate_defocus(reach, threads=1) > 0)
