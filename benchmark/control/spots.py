"""The lights of the targets and what a method made of them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np

from bokeh_render.aperture import Aperture

from .exact import opening_image
from .measures import Spot, light_of, measure_spot
from .runner import Answer
from .targets import BACKGROUND_DISPLAY, RADII_PX, Light, Sheet, light_sheet


def light_inputs() -> dict[str, Sheet]:
    """Return the sheets of lights by name."""
    return {sheet.sample.name: sheet for sheet in (light_sheet(group) for group in range(len(RADII_PX)))}


def spots_of(sheet: Sheet, answer: Answer) -> list[tuple[Light, Spot]]:
    """Return each light and what became of it; raises UnmeasurableError."""
    gamma = sheet.sample.gamma
    light = light_of(answer.display, gamma)
    background = BACKGROUND_DISPLAY**gamma
    return [
        (one, measure_spot(light[one.cell], one.y - one.cell[0].start, one.x - one.cell[1].start, background))
        for one in sheet.lights
    ]


def all_spots(answers: Mapping[str, Answer]) -> list[tuple[Light, Spot]]:
    """Return each light of all sheets and what became of it; raises UnmeasurableError."""
    return [pair for name, sheet in light_inputs().items() for pair in spots_of(sheet, answers[name])]


@cache
def ideal_spot(radius_px: float) -> Spot:
    """Return what the rulers say of an ideal lens's disc."""
    margin = int(0.6 * radius_px) + 6
    picture = np.pad(opening_image(Aperture(), radius_px), margin)
    return measure_spot(picture * np.pi * radius_px**2, picture.shape[0] // 2, picture.shape[1] // 2, 0.0)
