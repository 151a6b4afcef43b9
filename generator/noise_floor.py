"""The ground truth's own noise, as the PSNR that a perfect, noise-free prediction would get.

Two independent estimates of one image differ by the noise of both. With a second render (``path``) that is twice the
variance of one; with the two halves of a light field it is four times the variance of their mean.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import numpy as np

from bokeh_render.imagefile import read_image
from bokeh_render.optics import Float32, display_from_light

from .stack import SECOND_SEED_FOLDER, NoiseFloor, bokeh_file

_SHARE_OF_ONE = {"second_seed": 0.5, "half_views": 0.25}
Measure = Literal["second_seed", "half_views"]


def noise_psnr(first: Float32, second: Float32, measure: Measure) -> float:
    """Return the noise floor in dB from two estimates of the same light (H, W, 3), in clipped display values.

    measure: ``second_seed`` when the published image is one of the two, ``half_views`` when it is their mean.
    """
    a, b = (np.clip(display_from_light(light), 0.0, 1.0).astype(np.float64) for light in (first, second))
    error = _SHARE_OF_ONE[measure] * float(np.mean((a - b) ** 2))
    return -10 * float(np.log10(max(error, 1e-12)))


def second_seed_psnrs(folder: Path, blur: int, focus: Iterable[int]) -> dict[int, float]:
    """Measure one blur level of a stack that was rendered twice at these focus indices."""
    return {
        index: noise_psnr(
            read_image(folder / bokeh_file(blur, index)).pixels,
            read_image(folder / SECOND_SEED_FOLDER / bokeh_file(blur, index)).pixels,
            "second_seed",
        )
        for index in focus
    }


def noise_floors(psnrs: dict[int, dict[int, float]], measure: Measure) -> tuple[NoiseFloor, ...]:
    """Return one entry per blur level, the mean over its focus settings. psnrs: dB by blur and focus index."""
    return tuple(
        NoiseFloor(
            blur=blur,
            psnr=round(float(np.mean(list(by_focus.values()))), 3),
            measured_focus=tuple(sorted(by_focus)),
            measure=measure,
        )
        for blur, by_focus in sorted(psnrs.items())
        if by_focus
    )
