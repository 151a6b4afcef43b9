"""What a dataset will cost before it is begun: camera samples, time and bytes, roughly."""

from __future__ import annotations

import math
import shutil
from pathlib import Path
from typing import NamedTuple

from bokeh_render.errors import BokehbenchError

from .config import GenerateConfig

_SAMPLES_PER_SECOND_PER_THREAD = 0.3e6
"""Measured on two cores with the ten scenes: 0.4 to 0.8 million camera samples a second with two threads."""
_SECONDS_PER_VIEW = 0.05
"""What a view costs beside its samples: moving the camera, writing and reading its file."""
_SECONDS_PER_SCENE = 10.0
_SPARE_BYTES = 64 * 2**20
_FULL_BYTES = 2**18
_RAW_BYTES_PER_PIXEL = 20  # of a render before it is converted
_HALF_RGB, _FLOAT = 6, 4  # bytes per pixel before compression, which is not counted on


class Estimate(NamedTuple):
    """A dataset's cost. images: bokeh and all-in-focus; camera_samples: rays from the camera; seconds: of wall time on
    this machine; output_bytes: at most.
    """

    images: int
    camera_samples: int
    seconds: float
    output_bytes: int


def estimate(config: GenerateConfig, *, threads: int) -> Estimate:
    """Return the cost of a dataset. threads: CPU threads of all processes together."""
    pixels = config.width * config.height
    levels, focus, noise = len(config.blur_levels), len(config.focus_disparities), len(config.noise_floor.focus)
    images = 1 + levels * focus
    samples = pixels * 2 * config.image_samples  # the image, and the smooth disparity map
    seconds = _SECONDS_PER_SCENE
    if config.engine == "lightfield":
        margin = math.ceil(config.blur_levels[-1] / 2) + 3
        samples += config.bokeh_samples * (config.width + 2 * margin) * (config.height + 2 * margin)
        seconds += config.bokeh_samples * _SECONDS_PER_VIEW
    else:
        images += levels * noise
        samples += pixels * config.bokeh_samples * levels * (focus + noise)
    seconds += samples / (_SAMPLES_PER_SECOND_PER_THREAD * max(1, threads))
    corruptions = config.corruptions
    maps = 2 + sum(
        map(len, (corruptions.gaussian_sigma_px, corruptions.dilation_radius_px, corruptions.erosion_radius_px))
    )
    scenes = len(config.scenes)
    return Estimate(
        images=scenes * images,
        camera_samples=scenes * samples,
        seconds=scenes * seconds,
        output_bytes=scenes * pixels * (_HALF_RGB * images + _FLOAT * maps),
    )


def is_disk_full(error: BokehbenchError, place: Path) -> bool:
    """Return whether a failure to render into ``place`` is that of a full disk, which not everyone says.

    Blender reports success after saving a torn file to a full disk; it is the reader who stumbles over it.
    """
    return getattr(error, "kind", "") == "disk full" or shutil.disk_usage(place).free < _FULL_BYTES


def check_disk_space(config: GenerateConfig, out: Path) -> None:
    """Raise BokehbenchError when the place of ``out`` has too little room for what is still to be written."""
    place = next(folder for folder in (out, *out.resolve().parents) if folder.exists())
    present = sum(path.stat().st_size for path in out.rglob("*") if path.is_file()) if out.exists() else 0
    raw = config.width * config.height * _RAW_BYTES_PER_PIXEL * 4  # a few renders wait for their conversion
    needed = max(0, estimate(config, threads=1).output_bytes - present) + raw + _SPARE_BYTES
    free = shutil.disk_usage(place).free
    if free < needed:
        raise BokehbenchError(
            f"{place} has {free / 1e6:.0f} MB free, up to {needed / 1e6:.0f} MB are needed; "
            "free some space or choose another folder"
        )
