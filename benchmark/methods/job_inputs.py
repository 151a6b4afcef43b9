"""The files that a job's samples are given: each image and each map once, however many samples share it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np

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
        display = self._encoding == "display"
        return self._path("image", sample.display, lambda: sample.display if display else sample.light, self._suffix)

    def disparity(self, disparity: Float32) -> str:
        """Write a normalised map and return its path. A 16-bit PNG of it is off by 1/131070 at most."""
        return self._path("disparity", disparity, lambda: disparity, self._suffix)

    def disparity_raw(self, disparity: Float32) -> str:
        """Write a map in 1/metre and return its path; as NPY where images are PNG, which ends at 1."""
        suffix = ".npy" if self._suffix == ".png" else self._suffix
        return self._path("disparity_raw", disparity, lambda: disparity, suffix)

    def _path(self, kind: str, source: Float32, pixels: Callable[[], Float32], suffix: str) -> str:
        """Return the file of ``source``; it is written, with ``pixels()`` in it, when there is none yet."""
        place = (kind, id(source))
        if place not in self._by_place:
            content = (kind, _sha256(source))
            if content not in self._by_content:
                number = sum(known == kind for known, _ in self._by_content)
                path = self._folder / f"{kind}_{number:03d}{suffix}"
                write_image(path, pixels(), bits=32 if suffix == ".exr" else 16)
                self._by_content[content] = str(path)
            self._by_place[place] = self._by_content[content]
        return self._by_place[place]


def _sha256(array: Float32) -> str:
    digest = hashlib.sha256(f"{array.shape} {array.dtype.str}".encode())
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()
