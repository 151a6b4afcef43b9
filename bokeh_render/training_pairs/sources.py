"""The user's own images: folders of photographs, cut-outs with alpha, and datasets' all-in-focus images."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.random import Generator
from PIL import Image as Pillow

from ..errors import BadInputError
from ..imagefile import read_image
from ..optics import DISPLAY_GAMMA, Float32
from .canvas import Canvas

_PHOTOGRAPHS = (".png", ".jpg", ".jpeg")
_LEAST_PART = 0.4
"""Least share of a large photograph that becomes a surface; so pixels finer than a canvas' over this show nowhere."""
_MEMORY_BYTES = 128 * 2**20
ALL_IN_FOCUS = "image.exr"
"""Of EXR files only these are taken: the others of a dataset are depth and bokeh."""


class Photographs:
    """Pictures that textures and shapes are taken from, each with the probability ``share``.

    folders: searched with their sub-folders for PNG, JPEG and ``image.exr``; canvas_px: the longer side of the largest
    canvas: larger photographs are shrunk to what shows on it when they are read. What was used last stays in memory, up
    to 128 MiB. Raises BadInputError when there are no images.
    """

    def __init__(self, folders: Sequence[Path], share: float, canvas_px: int) -> None:
        self._files, self._share = image_files(folders), share
        self._shorter_px = int(np.ceil(canvas_px / _LEAST_PART))
        self._pictures: OrderedDict[Path, Float32] = OrderedDict()
        self._cutouts = [file for file in self._files if _see_through(file)]
        self._opaque = sorted(set(self._files) - set(self._cutouts))

    def surface(self, rng: Generator, canvas: Canvas) -> Float32 | None:
        """Return a random part of a random photograph, at a random scale, perhaps mirrored: (h, w, 3), or None."""
        if not self._opaque or rng.uniform() >= self._share:
            return None
        picture = self._read(self._opaque[rng.integers(len(self._opaque))])
        height, width = canvas.shape
        most = min(picture.shape[0] / height, picture.shape[1] / width)
        scale = most * rng.uniform(_LEAST_PART, 1.0) if most > 1 else most
        rows, columns = max(int(height * scale), 1), max(int(width * scale), 1)
        top = int(rng.integers(picture.shape[0] - rows + 1))
        left = int(rng.integers(picture.shape[1] - columns + 1))
        part = _resized(picture[top : top + rows, left : left + columns, :3], (height, width))
        return part[:, ::-1] if rng.uniform() < 0.5 else part

    def cutout(
        self, rng: Generator, canvas: Canvas, place: tuple[float, float], size: float
    ) -> tuple[Float32, Float32] | None:
        """Return a random cut-out about ``place``, of half height ``size`` px: colours and alpha, or None."""
        if not self._cutouts or rng.uniform() >= self._share:
            return None
        picture = self._read(self._cutouts[rng.integers(len(self._cutouts))])
        tall = max(int(2 * size), 2)
        wide = max(round(tall * picture.shape[1] / picture.shape[0]), 2)
        small = _resized(picture, (tall, wide))
        if rng.uniform() < 0.5:
            small = small[:, ::-1]
        whole = np.zeros((*canvas.shape, 4), np.float32)
        top = int(place[1] + canvas.shape[0] / 2 - tall / 2)
        left = int(place[0] + canvas.shape[1] / 2 - wide / 2)
        rows = slice(max(top, 0), min(top + tall, canvas.shape[0]))
        columns = slice(max(left, 0), min(left + wide, canvas.shape[1]))
        whole[rows, columns] = small[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]
        return whole[..., :3], np.clip(whole[..., 3], 0, 1)

    @property
    def bytes_in_memory(self) -> int:
        """Size of the photographs that are kept."""
        return sum(picture.nbytes for picture in self._pictures.values())

    def _read(self, file: Path) -> Float32:
        picture = self._pictures.pop(file, None)
        if picture is None:
            picture = _shrunk(_display(file), self._shorter_px)
        self._pictures[file] = picture
        while self.bytes_in_memory > _MEMORY_BYTES and len(self._pictures) > 1:
            self._pictures.popitem(last=False)
        return picture


def image_files(folders: Sequence[Path]) -> list[Path]:
    """Return the usable files of folders, sorted; raises BadInputError when a folder is missing or has none."""
    files: list[Path] = []
    for folder in folders:
        found = sorted(
            path for path in folder.rglob("*") if path.suffix.lower() in _PHOTOGRAPHS or path.name == ALL_IN_FOCUS
        )
        if not found:
            raise BadInputError(
                f"{folder} holds no images; expected a folder with PNG, JPEG or {ALL_IN_FOCUS} files in it or below"
            )
        files += found
    return files


def _see_through(file: Path) -> bool:
    if file.suffix.lower() != ".png":
        return False
    with Pillow.open(file) as picture:
        return picture.has_transparency_data


def _display(file: Path) -> Float32:
    """Return (h, w, 3 or 4), display values at gamma 2.2; alpha last, colours not multiplied by it."""
    if not _see_through(file):
        return read_image(file).as_display(DISPLAY_GAMMA)
    with Pillow.open(file) as picture:
        return np.asarray(picture.convert("RGBA"), dtype=np.float32) / 255.0


def _shrunk(picture: Float32, shorter_px: int) -> Float32:
    """Return a picture whose shorter side is at most ``shorter_px``."""
    scale = shorter_px / min(picture.shape[:2])
    if scale >= 1:
        return picture
    return _resized(picture, (round(picture.shape[0] * scale), round(picture.shape[1] * scale)))


def _resized(picture: Float32, size: tuple[int, int]) -> Float32:
    """Resize (h, w, c), averaging where it shrinks."""
    planes = [
        np.asarray(
            Pillow.fromarray(np.ascontiguousarray(picture[..., c])).resize(size[::-1], Pillow.Resampling.BILINEAR)
        )
        for c in range(picture.shape[2])
    ]
    return np.asarray(np.stack(planes, axis=-1), dtype=np.float32)
