"""Render bokeh from one image and a disparity map; optics, image files and the project's errors.

Names are loaded when first used, so that importing this package never imports torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lazy import load_on_use

if TYPE_CHECKING:
    from .classical import ScatterResult, render_classical, scatter_reference
    from .errors import BadInputError, BokehbenchError
    from .imagefile import Encoding, Image, read_image, read_map, write_image
    from .optics import signed_defocus

__all__ = [
    "BadInputError",
    "BokehbenchError",
    "Encoding",
    "Image",
    "ScatterResult",
    "read_image",
    "read_map",
    "render_classical",
    "scatter_reference",
    "signed_defocus",
    "write_image",
]

__getattr__ = load_on_use(
    __name__,
    {
        "ScatterResult": "classical",
        "render_classical": "classical",
        "scatter_reference": "classical",
        "BadInputError": "errors",
        "BokehbenchError": "errors",
        "Encoding": "imagefile",
        "Image": "imagefile",
        "read_image": "imagefile",
        "read_map": "imagefile",
        "write_image": "imagefile",
        "signed_defocus": "optics",
    },
)
