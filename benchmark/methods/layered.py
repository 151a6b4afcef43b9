"""The occlusion-aware classical renderer: layers by defocus over a guessed background, put together near to far."""

from __future__ import annotations

from bokeh_render.optics import Float32
from bokeh_render.renderers import render_display

from .interface import MethodInput, package_revision


class Layered:
    """Scatters light in layers that hide one another; equals the plain scatter where there is no depth edge."""

    name = "layered"
    revision = package_revision()
    description = "scatter in layers from near to far, hidden background filled, edge pixels taken apart"

    def render(self, sample: MethodInput) -> Float32:
        """Return the layered image. See :class:`benchmark.methods.interface.Method`."""
        return render_display(
            sample.display, sample.defocus, renderer="layered", aperture=sample.aperture, gamma=sample.gamma
        )
