"""A pair's two photographs as display values: decoded whole or refused, upright, sRGB, of one size."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bokeh_render.errors import BadInputError
from bokeh_render.optics import Float32
from bokeh_render.orientation import UPRIGHT, turn_upright
from bokeh_render.photograph import Photograph, as_srgb, read_jpeg, read_png

from .source import PhotographFiles

SMALLEST_SIDE_PX = 64
_BEGINNINGS = {"PNG": b"\x89PNG\r\n\x1a\n", "JPEG": b"\xff\xd8\xff"}
_START_OF_SCAN = 0xDA
_END_OF_JPEG = b"\xff\xd9"
_GREY_OF_DECODERS = np.float32(128) / np.float32(255)
_AGAIN = "get the file again"


class Photographs(NamedTuple):
    """A pair, ready to be aligned.

    wide, shallow: (H, W, 3) float32 sRGB display values in [0, 1], upright; stored_size: (height, width) of the wide
    one as its file stores it, and orientation: EXIF's, 1 to 8, which turns it upright: a disparity map may have been
    made from the stored pixels; notes: what was done to the photographs, a sentence each; turned: whether either of
    them was stored turned.
    """

    wide: Float32
    shallow: Float32
    stored_size: tuple[int, int]
    orientation: int
    notes: tuple[str, ...]
    turned: bool = False


class _Upright(NamedTuple):
    pixels: Float32
    stored_size: tuple[int, int]
    orientation: int
    notes: list[str]


def read_photographs(files: PhotographFiles) -> Photographs:
    """Read a pair of photographs, JPEG or PNG.

    EXIF's orientation and an ICC profile are applied. Raises BadInputError, in one sentence that begins with the
    file's own name (``original/12.jpg``), for a file that is truncated or cannot be decoded, is grey, CMYK, in colours
    that are no profile's and not sRGB, or smaller than 64 px, and for two photographs of different sizes.
    """
    wide = _read(files.wide, files.wide_name)
    shallow = _read(files.shallow, files.shallow_name)
    if wide.pixels.shape != shallow.pixels.shape:
        raise BadInputError(
            f"{files.wide_name} is {_size_of(wide)} and {files.shallow_name} {_size_of(shallow)}; "
            "expected two photographs of one size"
        )
    notes = tuple(wide.notes + shallow.notes)
    turned = (wide.orientation, shallow.orientation) != (UPRIGHT, UPRIGHT)
    return Photographs(wide.pixels, shallow.pixels, wide.stored_size, wide.orientation, notes, turned)


def _read(path: Path, name: str) -> _Upright:
    stored = _decode(path, name)
    height, width, channels = stored.values.shape
    if channels != 3:
        raise BadInputError(f"{name} is grey; expected a photograph in colours")
    if min(height, width) < SMALLEST_SIDE_PX:
        raise BadInputError(f"{name} is {width}×{height} px; expected {SMALLEST_SIDE_PX} px at least on each side")
    notes = []
    pixels = as_srgb(stored, name)
    if pixels is not stored.values and not np.array_equal(pixels, stored.values):
        notes.append(f"{name} was converted to sRGB from the colours of its ICC profile")
    if stored.orientation != UPRIGHT:
        pixels = turn_upright(pixels, stored.orientation)
        notes.append(f"{name} was turned upright (EXIF orientation {stored.orientation})")
    return _Upright(np.ascontiguousarray(pixels), (height, width), stored.orientation, notes)


def _decode(path: Path, name: str) -> Photograph:
    """Return what the file stores; raises BadInputError where that is not the whole photograph."""
    kind = "PNG" if path.suffix.lower() == ".png" else "JPEG"
    content = path.read_bytes()
    if not content.startswith(_BEGINNINGS[kind]):
        found = f"it begins with {content[:8]!r}" if content else "it is empty"
        raise BadInputError(f"{name} is no {kind} file: {found}; {_AGAIN}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata; pixels that are missing are no warning
            photograph = read_png(path) if kind == "PNG" else read_jpeg(path)
    except BadInputError as error:
        raise BadInputError(str(error).replace(str(path), name)) from None
    except Exception as error:  # noqa: BLE001  (every decoder has its own exceptions)
        told = " ".join(str(error).split())
        of_use = kind == "JPEG" and str(path) not in told  # the PNG decoder's words are garbled
        reason = f" ({told})" if of_use else ""
        raise BadInputError(f"{name} cannot be decoded as {kind}{reason}, it may be truncated; {_AGAIN}") from None
    if kind == "JPEG":
        _refuse_cut(photograph.values, content, name)
    return photograph


def _refuse_cut(values: Float32, content: bytes, name: str) -> None:
    """Refuse a JPEG that was cut and then filled with zeros or closed, which decoders read without a word.

    They show grey where pixels are missing. Zeros are what a download that reserves its space leaves.
    """
    is_grey = (values == _GREY_OF_DECODERS).all(axis=(1, 2))
    missing = int(np.cumprod(is_grey[::-1]).sum())
    if missing:
        raise BadInputError(f"{name} is cut off: its lowest {missing} rows decode to even grey; {_AGAIN}")
    if _END_OF_JPEG not in content[_start_of_scan(content) :]:
        raise BadInputError(f"{name} is cut off: a JPEG's end mark is missing; {_AGAIN}")


def _start_of_scan(content: bytes) -> int:
    """Return where a JPEG's pixels begin; what lies before may hold a thumbnail, a whole JPEG itself."""
    position = 2
    while position + 4 <= len(content) and content[position] == 0xFF and content[position + 1] != _START_OF_SCAN:
        is_fill = content[position + 1] == 0xFF
        position += 1 if is_fill else 2 + int.from_bytes(content[position + 2 : position + 4], "big")
    return position


def _size_of(picture: _Upright) -> str:
    height, width = picture.pixels.shape[:2]
    return f"{width}×{height} px" + ("" if picture.orientation == UPRIGHT else " (turned upright)")
