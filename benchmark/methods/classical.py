"""BokehMe's classical scatter renderer, as its formula says."""

from __future__ import annotations

from bokeh_render.optics import Float32
from bokeh_render.renderers import render_display

from .interface import MethodInput, package_revision


class Classical:
    """Scatters light over soft discs; no occlusion."""

    name = "classical"
    revision = package_revision()
    description = "BokehMe's classical scatter renderer in linear light, its own soft discs, no occlusion"

    def render(self, sample: MethodInput) -> Float32:
        """Return the scattered image. See :class:`benchmark.methods.interface.Method`."""
        return render_display(
            sample.display, sample.defocus, aperture=sample.aperture, profile="bokehme", gamma=sample.gamma
        )
