"""A pair at a glance: both photographs, the disparity, the render at the K found, and what is left between them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from bokeh_render.imagefile import quantise, write_image
from bokeh_render.optics import Float32

from ..contact_sheet import INK, PAPER, map_colours, write_line

if TYPE_CHECKING:
    from .pair import PreparedPair

PICTURE_HEIGHT_PX, HEAD_PX = 220, 64
"""Where the pictures lie on a strip: their height, and how far below its top they begin."""
_GAP_PX, _BAND_PX = 6, 26
_WIDEST_PX = 3 * PICTURE_HEIGHT_PX
"""A panorama is shown smaller, so that five of them still make a file that can be written."""
_DIFFERENCE = 4.0
"""By so much the difference is brightened."""


class Strip(NamedTuple):
    """What to show of a pair. title; wide, shallow: (H, W, 3) display values; disparity: (H, W) normalised;
    rendered: (H, W, 3), None when the pair was refused before; line: small print below the title; aligned: whether
    the wide photograph was moved onto the shallow one.
    """

    title: str
    wide: Float32
    shallow: Float32
    disparity: Float32
    rendered: Float32 | None = None
    line: str = ""
    aligned: bool = False


def labels(*, rendered: bool, aligned: bool) -> tuple[str, ...]:
    """Return what a strip's pictures show, from left to right; rendered, aligned: as in :class:`Strip`."""
    first = ("wide, aligned" if aligned else "wide", "shallow", "disparity, near is bright")
    if rendered:
        return (*first, "wide, rendered at its K", f"render and shallow, difference × {_DIFFERENCE:g}")
    return (*first, f"wide and shallow, difference × {_DIFFERENCE:g}")


def strip_of(scene: str, pair: PreparedPair) -> Strip:
    """Return the strip of a prepared pair."""
    blur, residual = pair.blur, pair.residual
    left = "not measured what is left" if residual is None else f"{residual.median_px:.2f} px left"
    how = "not aligned" if pair.registration.method == "none" else f"aligned by {pair.registration.method}"
    gains = " ".join(f"{gain:.3f}" for gain in pair.photometry.gains)
    line = (
        f"K {blur.blur_parameter:.1f} px, focus at {blur.focus_disparity:.2f}, gamma {blur.gamma:.1f}; "
        f"{how}, {left}; gains {gains}; likeness {blur.likeness:.2f}"
    )
    doubt = f", doubtful: {blur.doubts[0]}" if blur.doubts else ""
    aligned = pair.registration.method != "none"
    return Strip(scene + doubt, pair.wide, pair.shallow, pair.disparity, pair.rendered, line, aligned)


def write_strip(path: Path, strip: Strip) -> tuple[int, int]:
    """Write a strip as JPEG, atomically, and return its size (width, height)."""
    last = strip.wide if strip.rendered is None else strip.rendered
    pictures = [strip.wide, strip.shallow, map_colours(strip.disparity)]
    pictures += [] if strip.rendered is None else [strip.rendered]
    pictures.append(np.abs(last - strip.shallow) * _DIFFERENCE)
    texts = labels(rendered=strip.rendered is not None, aligned=strip.aligned)
    shape = strip.wide.shape
    width = max(1, min(_WIDEST_PX, round(PICTURE_HEIGHT_PX * shape[1] / shape[0])))
    height = (
        max(1, min(PICTURE_HEIGHT_PX, round(width * shape[0] / shape[1]))) if width == _WIDEST_PX else PICTURE_HEIGHT_PX
    )
    step = width + _GAP_PX
    canvas = Image.new("RGB", (len(pictures) * step - _GAP_PX, HEAD_PX + PICTURE_HEIGHT_PX + _BAND_PX), PAPER)
    draw = ImageDraw.Draw(canvas)
    write_line(draw, (_GAP_PX, 8), strip.title, 18, canvas.width - 2 * _GAP_PX, colour=INK, bold=True)
    write_line(draw, (_GAP_PX, 36), strip.line, 13, canvas.width - 2 * _GAP_PX)
    for place, (text, picture) in enumerate(zip(texts, pictures, strict=True)):
        small = Image.fromarray(quantise(picture, 8)).resize((width, height), Image.Resampling.BOX)
        canvas.paste(small, (place * step, HEAD_PX + (PICTURE_HEIGHT_PX - height) // 2))
        write_line(draw, (place * step + _GAP_PX, HEAD_PX + PICTURE_HEIGHT_PX + 5), text, 12, width - _GAP_PX)
    write_image(path, np.asarray(canvas, dtype=np.float32) / np.float32(255), quality=88)
    return canvas.size
