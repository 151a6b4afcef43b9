"""Pictures for the page: truth and predictions side by side, with where each prediction errs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import matplotlib as mpl
import numpy as np

from benchmark.results import Result
from bokeh_render.imagefile import write_image
from bokeh_render.optics import Float32

_GAP_PX = 6
ERROR_SCALE = 0.25
"""The error, in display values, that the error map shows at full brightness."""


@dataclass(frozen=True)
class Sources:
    """Display values in [0, 1] to show for one scene, all (H, W, 3): the input, the truth by focus index, and the
    predictions by method and focus index, of those methods that there are any of; disparity: (H, W) in [0, 1]; focus:
    normalised disparity by focus index.
    """

    scene: str
    title: str
    blur: int
    focus: dict[int, float]
    image: Float32
    disparity: Float32
    truth: dict[int, Float32]
    predictions: dict[str, dict[int, Float32]]


class PictureSource(Protocol):
    """Where the page's pictures come from; the command joins it to datasets and predictions."""

    def __call__(self, scene: str, blur: int, focus: Sequence[int], methods: Sequence[str]) -> Sources:
        """Return what to show of one scene."""


@dataclass(frozen=True)
class Picture:
    """One figure on the page: files relative to it, a caption, and the score if it is a prediction."""

    file: str
    label: str
    score: str = ""
    error_file: str = ""


@dataclass(frozen=True)
class SceneGallery:
    """All figures of a scene. rows: one per focus setting: truth first, then the methods by rank."""

    scene: str
    title: str
    given: tuple[Picture, ...]
    rows: tuple[tuple[str, tuple[Picture, ...]], ...]


def scene_gallery(sources: Sources, results: dict[str, Result], methods: Sequence[str], out: Path) -> SceneGallery:
    """Write a scene's pictures below ``out/pictures`` and return how to show them. methods: in order of rank."""

    def save(name: str, pixels: Float32) -> str:
        file = f"pictures/{sources.scene}_{name}.jpg"
        write_image(out / file, pixels, quality=92)
        return file

    given = (
        Picture(save("image", sources.image), "given: all-in-focus image"),
        Picture(
            save("disparity", np.repeat(sources.disparity[..., None], 3, axis=2)), "given: disparity, near = bright"
        ),
    )
    rows = []
    for focus, truth in sources.truth.items():
        figures = [Picture(save(f"truth_{focus:02d}", truth), "ground truth")]
        for method in (one for one in methods if one in sources.predictions):
            pixels = sources.predictions[method][focus]
            error = np.abs(pixels - truth).max(axis=2) / ERROR_SCALE
            figures.append(
                Picture(
                    save(f"{method}_{focus:02d}", pixels),
                    method,
                    f"{_psnr(results[method], sources.scene, sources.blur, focus):.2f} dB",
                    save(f"{method}_{focus:02d}_error", _heat(error)),
                )
            )
        rows.append((f"focused at disparity {sources.focus[focus]:.2f}", tuple(figures)))
    return SceneGallery(sources.scene, sources.title, given, tuple(rows))


def write_overview(path: Path, scenes: Sequence[Sources]) -> None:
    """Write one picture of all scenes, a row each: input, disparity, truth focused far, truth focused near."""
    rows = []
    for sources in scenes:
        by_distance = sorted(sources.truth, key=lambda index: sources.focus[index])
        disparity = np.repeat(sources.disparity[..., None], 3, axis=2)
        rows.append([sources.image, disparity, sources.truth[by_distance[0]], sources.truth[by_distance[-1]]])
    height, width = (max(row[0].shape[axis] for row in rows) for axis in (0, 1))
    sheet = np.ones((len(rows) * (height + _GAP_PX) - _GAP_PX, 4 * (width + _GAP_PX) - _GAP_PX, 3), dtype=np.float32)
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            top, left = y * (height + _GAP_PX), x * (width + _GAP_PX)
            sheet[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    write_image(path, sheet, quality=90)


def _psnr(result: Result, scene: str, blur: int, focus: int) -> float:
    return next(s.metrics.psnr for s in result.samples if (s.scene, s.blur, s.focus) == (scene, blur, focus))


def _heat(values: Float32) -> Float32:
    """Colour values in [0, 1] by the ``inferno`` map."""
    coloured = mpl.colormaps["inferno"](np.clip(values, 0.0, 1.0))
    return np.ascontiguousarray(coloured[..., :3], dtype=np.float32)
