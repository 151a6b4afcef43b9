"""Images that Cycles renders whole: the all-in-focus image and, with the ``path`` engine, every bokeh image."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bokeh_render.errors import BokehbenchError
from bokeh_render.imagefile import read_exr_channels, write_image
from bokeh_render.optics import Float32

from .blender_process import Shot
from .plan import PlannedShot


class ImageShots:
    """The images of a plan that are not in ``folder`` yet; each becomes a file there as soon as it is rendered."""

    def __init__(self, plan: Sequence[PlannedShot], folder: Path) -> None:
        self._folder = folder
        self._plan = {shot.file: shot for shot in plan}
        self._missing = {file: shot for file, shot in self._plan.items() if not (folder / file).is_file()}

    @property
    def total(self) -> int:
        """How many images the plan has."""
        return len(self._plan)

    @property
    def done(self) -> int:
        """How many of them are there."""
        return len(self._plan) - len(self._missing)

    def shots(self, raw: Path) -> list[Shot]:
        """Return what is left to render. raw: folder for the worker's files."""
        return [
            Shot(
                id=shot.file,
                path=(raw / shot.file.replace("/", "_")).resolve(),
                samples=shot.samples,
                seed=shot.seed,
                lens=shot.lens,
            )
            for shot in self._missing.values()
        ]

    def accept(self, shot: Shot) -> None:
        """Turn a finished render into the image file; raises BokehbenchError on NaN or infinite colours."""
        write_image(self._folder / shot.id, np.moveaxis(read_light(shot), 0, 2), bits=16)
        del self._missing[shot.id]


def read_light(shot: Shot) -> Float32:
    """Return the colours of a finished render, (3, rows, columns); raises BokehbenchError unless all are finite."""
    channels = read_exr_channels(shot.path)
    light = np.stack([channel(channels, f"Combined.{letter}") for letter in "RGB"])
    if not np.isfinite(light).all():
        raise BokehbenchError(f"{shot.id} came out with NaN or infinite colours; the scene holds a broken material")
    return light


def channel(channels: dict[str, Float32], ending: str) -> Float32:
    """Return the one channel of a raw render whose name holds ``ending`` (``Depth``, ``Combined.R``)."""
    return next(values for name, values in channels.items() if ending in name)
