"""What a method is: the information every one gets, and what it has to return."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from typing import Protocol

from bokeh_render.aperture import Aperture
from bokeh_render.optics import Float32, light_from_display, signed_defocus


@dataclass(frozen=True)
class MethodInput:
    """All that any method is told about one sample.

    display: (H, W, 3), all-in-focus, display values, not clipped above; disparity, disparity_raw: (H, W), normalised to
    [0, 1] and in 1/metre, larger = nearer; blur_parameter, blur_parameter_raw: K in px per unit of the one or the
    other; focus_disparity, focus_disparity_raw: likewise; gamma: light = display ** gamma.
    """

    display: Float32
    disparity: Float32
    blur_parameter: float
    focus_disparity: float
    disparity_raw: Float32
    blur_parameter_raw: float
    focus_disparity_raw: float
    gamma: float
    aperture: Aperture

    @cached_property
    def light(self) -> Float32:
        """The same image in linear light."""
        return light_from_display(self.display, self.gamma)

    @property
    def defocus(self) -> Float32:
        """Signed blur radius, (H, W), px; positive in front of the focal plane."""
        return signed_defocus(self.disparity, self.blur_parameter, self.focus_disparity)


class Method(Protocol):
    """Anything that turns a :class:`MethodInput` into a bokeh image."""

    name: str
    revision: str
    description: str

    def render(self, sample: MethodInput) -> Float32:
        """Return the bokeh image, (H, W, 3) float32, display values; values above 1 are clipped when scored."""


def package_revision() -> str:
    """Return the revision of the included methods: the package's version."""
    return metadata.version("bokehbench")
