"""What one training sample is."""

from __future__ import annotations

from typing import NamedTuple

from ..optics import Float32


class TrainingPair(NamedTuple):
    """An all-in-focus image with its disparity, and the bokeh image that a thin lens makes of the same scene.

    display: (H, W, 3), all in focus, display values, not clipped; disparity: (H, W), normalised, clean; imperfect:
    (H, W), normalised, in [0, 1], what a user would have; bokeh: (H, W, 3), display values, not clipped, the truth;
    blur_parameter: K, px per unit of normalised disparity; focus_disparity: normalised; gamma: light = display **
    gamma; name: where the pair comes from.
    """

    display: Float32
    disparity: Float32
    imperfect: Float32
    bokeh: Float32
    blur_parameter: float
    focus_disparity: float
    gamma: float
    name: str
