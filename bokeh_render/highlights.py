"""Lights that a photograph clipped, brightened again where they will be blurred, so that they become discs of light.

A lamp far brighter than display white is stored as white; scattered, it fades into a grey smear. BokehMe's demo
multiplies each display value I before scattering:

    I <- I * (1 + gain * blurred * bright)
    blurred = clip(tanh(focus_steepness * ((d - d_f)^2 - in_focus_within^2)), 0, 1)
    bright  = clip(tanh(steepness * (I - threshold)), 0, 1)

with d the normalised disparity, d_f the focus. Source: BokehMe (CVPR 2022), its published demo, whose numbers are
the defaults. It is a guess about what the camera did not record; leave it off where numbers are compared.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from .errors import BadInputError
from .optics import Float32
from .schema import Record


class HighlightRecovery(Record):
    """How clipped lights are brightened; the defaults are BokehMe's.

    gain: by what share a fully bright, fully blurred value grows (0.4: to 1.4 times the display value, which at gamma
    2.2 is 2.1 times the light); threshold: display value in [0, 1) above which a value counts as bright;
    steepness: how fast it comes to count fully (at 10, white reaches 88 % of the gain); in_focus_within: normalised
    disparities nearer to the focus than this are left alone; focus_steepness: how fast the effect sets in beyond.
    """

    gain: Annotated[float, Field(ge=0)] = 0.4
    threshold: Annotated[float, Field(ge=0, lt=1)] = 220 / 255
    steepness: Annotated[float, Field(gt=0)] = 10.0
    in_focus_within: Annotated[float, Field(ge=0)] = 0.1
    focus_steepness: Annotated[float, Field(gt=0)] = 200.0


def recover_highlights(
    display: Float32,
    disparity_normalised: Float32,
    focus_disparity: float,
    settings: HighlightRecovery | None = None,
) -> Float32:
    """Brighten clipped lights that are out of focus; returns new (H, W, 3) float32 display values, not clipped.

    display: (H, W, 3) display values; disparity_normalised: (H, W), larger = nearer, in [0, 1]; focus_disparity: in
    the same unit; settings: BokehMe's where None. Every channel counts by itself, and values never get darker.
    Raises BadInputError for sizes that do not fit.
    """
    settings = settings or HighlightRecovery()
    if display.ndim != 3 or disparity_normalised.shape != display.shape[:2]:
        raise BadInputError(
            f"image is {display.shape} and disparity {disparity_normalised.shape}; expected equal height and width"
        )
    off_focus = np.square(disparity_normalised - focus_disparity) - settings.in_focus_within**2
    blurred = np.clip(np.tanh(settings.focus_steepness * off_focus), 0.0, 1.0)[..., None]
    bright = np.clip(np.tanh(settings.steepness * (display - settings.threshold)), 0.0, 1.0)
    return np.asarray(display * (1.0 + settings.gain * blurred * bright), dtype=np.float32)
