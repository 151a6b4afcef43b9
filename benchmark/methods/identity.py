"""The method that does nothing: what any other must beat."""

from __future__ import annotations

from bokeh_render.optics import Float32

from .interface import MethodInput, package_revision


class Identity:
    """Returns the all-in-focus image."""

    name = "identity"
    revision = package_revision()
    description = "the all-in-focus image, untouched"

    def render(self, sample: MethodInput) -> Float32:
        """Return the input. See :class:`benchmark.methods.interface.Method`."""
        return sample.display
