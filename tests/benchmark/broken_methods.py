"""Methods that are right but for one fault, to see whether the controls find it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmark.methods.interface import MethodInput
from bokeh_render import scatter
from bokeh_render.aperture import Aperture
from bokeh_render.optics import Float32, display_from_light, light_from_display
from bokeh_render.renderers import render_display

Answer = Callable[[MethodInput], object]


class Method:
    """A method made of one function."""

    name, revision, description = "slipped", "1", "has one fault"

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def render(self, sample: MethodInput) -> Float32:
        return self.answer(sample)  # type: ignore[return-value]  # some return nonsense on purpose


def right(sample: MethodInput, defocus: Float32 | None = None, **changes: object) -> Float32:
    """Scatter as it should be, but for what is given."""
    given = replace(sample, **changes)
    blur = sample.defocus if defocus is None else defocus
    return render_display(given.display, blur.astype(np.float32), aperture=given.aperture, gamma=given.gamma)


def mirrored(aperture: Aperture) -> Aperture:
    return aperture.model_copy(update={"rotation_rad": -aperture.rotation_rad})


def raw_defocus(disparity: Float32 | None, blur_parameter: float | None, focus: float | None) -> Float32:
    assert disparity is not None
    return np.float32(blur_parameter or 0.0) * (disparity - np.float32(focus or 0.0))


def unnormalised(s: MethodInput) -> Float32:
    """Plateaus as bright as the source: nothing divides by the disc's area."""
    area = np.maximum(np.pi * s.defocus**2, 1.0)[..., None]
    spread = light_from_display(right(s), s.gamma)
    background = float(s.light.min())
    return display_from_light(background + (spread - background) * area, s.gamma)


def unweighted(s: MethodInput) -> Float32:
    """Scatter without dividing by the sum of weights that reached a pixel."""
    result = scatter(s.light, s.defocus)
    return display_from_light(result.bokeh * result.weight[..., None], s.gamma)


def dark_border(s: MethodInput) -> Float32:
    return np.pad(right(s)[2:-2, 2:-2], ((2, 2), (2, 2), (0, 0)))


def soft(s: MethodInput) -> Float32:
    """Discs that are the mean of narrower and wider ones: as wide as asked, with an edge of a fifth of the radius."""
    widths = (0.85, 0.95, 1.05, 1.15)
    light = sum(light_from_display(right(s, s.defocus * w), s.gamma) for w in widths)
    return display_from_light(light / len(widths), s.gamma)


def shifted(s: MethodInput) -> Float32:
    return np.roll(right(s), 1, axis=1)


def nan_at_odd_sizes(s: MethodInput) -> Float32:
    out = right(s)
    return np.where(out.shape[0] % 2 == 1, np.float32(np.nan), out)


def cropped_to_eights(s: MethodInput) -> Float32:
    return right(s)[: s.display.shape[0] // 8 * 8, : s.display.shape[1] // 8 * 8]


def noisy() -> Answer:
    rng = np.random.Generator(np.random.PCG64(7))
    return lambda s: np.maximum(right(s) + 0.02 * rng.standard_normal(s.display.shape, dtype=np.float32), 0.0)


def at_least_one_px(s: MethodInput) -> Float32:
    return right(s, np.where(s.defocus > 0, 1.0, -1.0) * np.maximum(np.abs(s.defocus), 1.0))


def only_in_focus_sharpened(s: MethodInput) -> Float32:
    """Two layers with a border at 1 px: what should be sharp in a blurred picture is a little blurred."""
    return right(s, s.defocus + np.float32(0.7) * (np.abs(s.defocus).max() > 1))


def raising(s: MethodInput) -> Float32:
    raise ValueError("no kernel for this size")
