"""Render bokeh from one image and a disparity map; optics, image files and the project's errors.

Names are loaded when first used, so that importing this package never imports torch.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

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

_HOME = {
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
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted(__all__)
