"""The method that does nothing: what any other must beat."""

from __future__ import annotations

from bokeh_render.optics import Float32

from . import MethodInput, package_revision


class Identity:
    """Returns the all-in-focus image."""

    name = "identity"
    description = "the all-in-focus image, untouched"

    def __init__(self) -> None:
        self.revision = package_revision()

    def render(self, sample: MethodInput) -> Float32:
        """Return the input. See :class:`benchmark.methods.Method`."""
        return sample.display
