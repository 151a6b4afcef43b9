"""The files that a job's samples are given: each image and each map once, however many samples share it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from bokeh_render.imagefile import write_image
from bokeh_render.optics import Float32

from .interface import MethodInput
from .job import Encoding

ImageFormat = Literal["png16", "exr", "npy"]
_SUFFIXES: dict[ImageFormat, str] = {"png16": ".png", "exr": ".exr", "npy": ".npy"}


class JobInputs:
    """Writes inputs into ``folder``. Arrays that are the same object, or hold the same numbers, become one file.

    All samples given to one of these must stay alive as long as it does: it knows an array again by where it lies.
    """

    def __init__(self, folder: Path, encoding: Encoding, image_format: ImageFormat) -> None:
        self._folder = folder
        self._encoding = encoding
        self._suffix = _SUFFIXES[image_format]
        self._by_place: dict[tuple[str, int], str] = {}
        self._by_content: dict[tuple[str, str], str] = {}

    def image(self, sample: MethodInput) -> str:
        """Write a sample's image as display values or light and return its path."""
        known = self._known("image", sample.display)
        if known is not None:
            return known
        pixels = sample.display if self._encoding == "display" else sample.light
        return self._write("image", sample.display, pixels, self._suffix)

    def disparity(self, disparity: Float32) -> str:
        """Write a normalised map and return its path. A 16-bit PNG of it is off by 1/131070 at most."""
        return self._known("disparity", disparity) or self._write("disparity", disparity, disparity, self._suffix)

    def disparity_raw(self, disparity: Float32) -> str:
        """Write a map in 1/metre and return its path; as NPY where images are PNG, which ends at 1."""
        suffix = ".npy" if self._suffix == ".png" else self._suffix
        return self._known("disparity_raw", disparity) or self._write("disparity_raw", disparity, disparity, suffix)

    def _known(self, kind: str, source: NDArray[Any]) -> str | None:
        place = (kind, id(source))
        if place not in self._by_place:
            content = (kind, _sha256(source))
            if content not in self._by_content:
                return None
            self._by_place[place] = self._by_content[content]
        return self._by_place[place]

    def _write(self, kind: str, source: NDArray[Any], pixels: Float32, suffix: str) -> str:
        path = self._folder / f"{kind}_{sum(1 for known, _ in self._by_content if known == kind):03d}{suffix}"
        write_image(path, pixels, bits=32 if suffix == ".exr" else 16)
        self._by_place[kind, id(source)] = self._by_content[kind, _sha256(source)] = str(path)
        return str(path)


def _sha256(array: NDArray[Any]) -> str:
    shape = f"{array.shape} {array.dtype.str}".encode()
    return hashlib.sha256(shape + np.ascontiguousarray(array).tobytes()).hexdigest()
