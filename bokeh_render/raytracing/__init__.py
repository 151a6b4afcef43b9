"""The layered thin-lens ray tracer: exact bokeh, all-in-focus image and disparity of painted layers."""

from __future__ import annotations

from .fast import trace_fast
from .layers import Layer
from .lens_points import lens_points, pixel_points
from .tracer import all_in_focus, composite_disparity, trace

__all__ = ["Layer", "all_in_focus", "composite_disparity", "lens_points", "pixel_points", "trace", "trace_fast"]
