"""Render bokeh from one image and a disparity map; optics, image files and the project's errors.

Names are loaded when first used, so that importing this package imports neither torch nor numba.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lazy import load_on_use

if TYPE_CHECKING:
    from .aperture import Aperture
    from .aperture_shapes import CatEye, Outline, Ring, Shape
    from .aperture_text import parse_aperture
    from .classical import Scatter, ScatterResult, scatter, scatter_reference
    from .errors import BadInputError, BokehbenchError
    from .highlights import HighlightRecovery, recover_highlights
    from .imagefile import Encoding, Image, read_image, read_map, write_image
    from .layered import LayeredResult, render_layered
    from .neural.hybrid import HybridRenderer
    from .neural.hybrid_options import HybridOptions, HybridResult
    from .optics import signed_defocus
    from .render import RenderSettings, render_file
    from .renderers import render_display

__all__ = [
    "Aperture",
    "BadInputError",
    "BokehbenchError",
    "CatEye",
    "Encoding",
    "HighlightRecovery",
    "HybridOptions",
    "HybridRenderer",
    "HybridResult",
    "Image",
    "LayeredResult",
    "Outline",
    "RenderSettings",
    "Ring",
    "Scatter",
    "ScatterResult",
    "Shape",
    "parse_aperture",
    "read_image",
    "read_map",
    "recover_highlights",
    "render_display",
    "render_file",
    "render_layered",
    "scatter",
    "scatter_reference",
    "signed_defocus",
    "write_image",
]

__getattr__ = load_on_use(
    __name__,
    {
        "Aperture": "aperture",
        "CatEye": "aperture_shapes",
        "Outline": "aperture_shapes",
        "Ring": "aperture_shapes",
        "Shape": "aperture_shapes",
        "parse_aperture": "aperture_text",
        "Scatter": "classical",
        "ScatterResult": "classical",
        "scatter": "classical",
        "scatter_reference": "classical",
        "BadInputError": "errors",
        "BokehbenchError": "errors",
        "HighlightRecovery": "highlights",
        "recover_highlights": "highlights",
        "Encoding": "imagefile",
        "Image": "imagefile",
        "read_image": "imagefile",
        "read_map": "imagefile",
        "write_image": "imagefile",
        "LayeredResult": "layered",
        "render_layered": "layered",
        "HybridOptions": "neural.hybrid_options",
        "HybridRenderer": "neural.hybrid",
        "HybridResult": "neural.hybrid_options",
        "signed_defocus": "optics",
        "RenderSettings": "render",
        "render_file": "render",
        "render_display": "renderers",
    },
)
