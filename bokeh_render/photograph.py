"""PNG and JPEG as they are stored: values at full depth, and what the file says about colours and orientation."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .colour_profile import srgb_from_profile
from .errors import BadInputError
from .optics import Float32
from .orientation import orientation_of
from .png_chunks import PngChunks

_INTEROPERABILITY_IFD, _INTEROPERABILITY_INDEX, _ADOBE_RGB_INDEX = 0xA005, 1, "R03"


class Photograph(NamedTuple):
    """A PNG or JPEG file as stored.

    values: (H, W, C) float32 in [0, 1], scaled by the file's bit depth, C = 1 (grey) or 3 (RGB), palettes looked up,
    alpha gone; orientation: EXIF's, 1 = upright; profile: ICC; strange_colours: what else the file says of its
    colours where that is not sRGB.
    """

    values: Float32
    orientation: int
    profile: bytes | None
    strange_colours: str | None


def read_png(path: Path) -> Photograph:
    """Read a PNG of 1 to 16 bits, grey, colours or palette. Raises BadInputError for one that is see-through."""
    import imagecodecs

    content = path.read_bytes()
    array = np.asarray(imagecodecs.png_decode(content))
    array = array[..., None] if array.ndim == 2 else array
    chunks = PngChunks(content)
    return Photograph(_scaled(_opaque(array, path)), chunks.orientation, chunks.profile, chunks.strange_colours)


def read_jpeg(path: Path) -> Photograph:
    """Read a grey or colour JPEG. Raises BadInputError for CMYK."""
    from PIL import Image as PillowImage

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PillowImage.DecompressionBombWarning)  # a large photograph is no attack
        with PillowImage.open(path, formats=("JPEG",)) as picture:
            if picture.mode not in ("L", "RGB"):
                raise BadInputError(
                    f"{path} is a {picture.mode} JPEG, made for print; expected grey or RGB, convert it to sRGB first"
                )
            picture.load()
            exif, profile = picture.getexif(), picture.info.get("icc_profile") or None
            array = np.asarray(picture)
    index = exif.get_ifd(_INTEROPERABILITY_IFD).get(_INTEROPERABILITY_INDEX)
    adobe = profile is None and str(index).strip("\0 ") == _ADOBE_RGB_INDEX
    array = array[..., None] if array.ndim == 2 else array
    return Photograph(
        _scaled(array), orientation_of(exif), profile, "Adobe RGB, without its profile" if adobe else None
    )


def as_srgb(photograph: Photograph, name: str) -> Float32:
    """Return (H, W, 3) float32 sRGB display values; grey becomes RGB, another profile's colours are converted.

    Raises BadInputError for colours that are described in another way than by a profile and are not sRGB.
    """
    if photograph.strange_colours is not None:
        raise BadInputError(
            f"{name} says that its colours are not sRGB ({photograph.strange_colours}); convert it to sRGB first"
        )
    if photograph.profile is not None:
        return srgb_from_profile(photograph.values, photograph.profile, name)
    return np.repeat(photograph.values, 3, axis=2) if photograph.values.shape[2] == 1 else photograph.values


def _opaque(array: NDArray[Any], path: Path) -> NDArray[Any]:
    """Return the array without its alpha channel, which must be fully opaque."""
    if array.shape[2] not in (2, 4):
        return array
    see_through = int(np.count_nonzero(array[..., -1] != np.iinfo(array.dtype).max))
    if see_through:
        raise BadInputError(
            f"{path} has {see_through} see-through pixel(s), whose values are not defined; "
            "expected an opaque picture: flatten it onto a background first"
        )
    return array[..., :-1]


def _scaled(array: NDArray[Any]) -> Float32:
    return array.astype(np.float32) / np.float32(np.iinfo(array.dtype).max)
