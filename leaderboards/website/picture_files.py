"""Pictures as files, the same bytes for the same pixels: AVIF where fine differences count, WebP for small ones.

At equal size AVIF comes 1.5 to 2 dB nearer to the pixels than WebP, and keeps colour in full resolution. At about 38 dB
a picture of 480×320 takes 17 kB, so that 500 samples of 8 methods fit into 150 MB (docs/site.md).
"""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from PIL import Image, features

from bokeh_render.errors import BokehbenchError
from bokeh_render.optics import Float32, display_from_light, light_from_display

THUMBNAIL_WIDTH_PX = 240
_FULL: dict[str, Any] = {"format": "AVIF", "quality": 65, "subsampling": "4:4:4", "speed": 8, "max_threads": 1}
_SMALL: dict[str, Any] = {"format": "WEBP", "quality": 60, "method": 4}
_ERRORS: dict[str, Any] = {"format": "AVIF", "quality": 40, "subsampling": "4:2:0", "speed": 8, "max_threads": 1}
SETTINGS = {"full": _FULL, "small": _SMALL, "errors": _ERRORS, "thumbnail_width_px": THUMBNAIL_WIDTH_PX}
"""All that decides the bytes; a change makes pictures anew."""


def check_formats() -> None:
    """Raise BokehbenchError where this Pillow cannot write the formats."""
    lacking = [name for name in ("avif", "webp") if not features.check(name)]
    if lacking:
        raise BokehbenchError(
            f"this Pillow cannot write {' and '.join(lacking).upper()}; expected one that can: "
            "pip install 'pillow>=11.3'"
        )


def full(pixels: Float32) -> bytes:
    """Return a picture in full size. pixels: (H, W, 3), display values in [0, 1]."""
    return _encoded(pixels, _FULL)


def thumbnail(pixels: Float32) -> bytes:
    """Return a picture of at most 240 px width, each pixel the mean of the light that fell on its part."""
    height, width = pixels.shape[:2]
    if width > THUMBNAIL_WIDTH_PX:
        size = (THUMBNAIL_WIDTH_PX, max(1, round(height * THUMBNAIL_WIDTH_PX / width)))
        light = light_from_display(pixels)
        channels = [Image.fromarray(light[..., c]).resize(size, Image.Resampling.BOX) for c in range(3)]
        pixels = display_from_light(np.stack([np.asarray(channel) for channel in channels], axis=-1))
    return _encoded(pixels, _SMALL)


def errors(coloured: Float32) -> bytes:
    """Return an error map that has been coloured, in full size."""
    return _encoded(coloured, _ERRORS)


def _encoded(pixels: Float32, settings: dict[str, Any]) -> bytes:
    values = (np.clip(pixels, 0.0, 1.0) * 255 + 0.5).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(values).save(stream, **settings)
    return stream.getvalue()
