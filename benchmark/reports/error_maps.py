"""Where predictions err: one sheet per sample with what was given, the truth, every prediction and its error map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bokeh_render.errors import BadInputError
from bokeh_render.optics import Float32

from ..dataset import Dataset
from ..metrics.psnr import psnr
from ..protocols import Protocol
from ..regions import boundary_band
from ..results import Result, SampleScore
from ..samples import Sample
from .plot_style import INK, save_figure
from .scene_scores import LOWER_IS_BETTER, has_metric

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ERROR_SCALE = 0.25
"""The error, in display values, that error maps show at full brightness; the same in all, so that they compare."""

_CELL_INCHES = 3.2
_TITLE_INCHES = 0.28
_COLUMNS = 4
_BAND = "#00A000"
_PALE = 1.6  # the colours reach further than the values, lest the darkest ones hide the band


def error_map(prediction: Float32, truth: Float32) -> Float32:
    """Return the largest error of R, G and B at each pixel, (H, W), display values. Arguments: (H, W, 3), [0, 1]."""
    found: Float32 = np.abs(prediction - truth).max(axis=2)
    return found


def error_sheet(
    dataset: Dataset, protocol: Protocol, sample: Sample, predictions: Mapping[str, Float32], path: Path
) -> None:
    """Write a sheet as PNG, JPEG, SVG or PDF: input, given disparity, defocus, truth; then methods with error maps.

    The defocus is the scene's own, with the outline of the boundary band, within which light has passed a depth edge.
    predictions: display values (H, W, 3) by method. Raises BadInputError when one has another shape than the truth, or
    for another suffix.
    """
    truth = dataset.truth_display(sample.truth, protocol)
    for method, prediction in predictions.items():
        if prediction.shape != truth.shape:
            raise BadInputError(f"{method} predicts shape {prediction.shape} for {sample}; expected {truth.shape}")
    given = dataset.method_input(sample, protocol)
    real = dataset.method_input(sample._replace(corruption=None), protocol)
    figure, cells = _sheet(truth.shape[0] / truth.shape[1], len(predictions))
    name = f"{sample.scene}, blur level {sample.blur + 1}, focus setting {sample.focus + 1}"
    figure.suptitle(f"{name} (focused at disparity {given.focus_disparity:.2f})", fontsize=12, color=INK)
    _show(cells[0], np.clip(given.display, 0.0, 1.0), "given: all-in-focus image")
    _show(cells[1], given.disparity, f"given: disparity{_corruption(dataset, sample)}, near = bright", cmap="gray")
    _show_defocus(cells[2], real.defocus, boundary_band(real.defocus.astype(np.float32), protocol.regions))
    _show(cells[3], truth, "ground truth")
    for index, (method, prediction) in enumerate(predictions.items()):
        shown = np.clip(prediction, *protocol.clip_scored)
        score = psnr(shown, truth, cap_db=protocol.psnr_cap_db)
        _show(cells[_COLUMNS + 2 * index], shown, f"{method}, {score:.2f} dB")
        errors = _show(
            cells[_COLUMNS + 2 * index + 1],
            error_map(shown, truth),
            f"error of {method}",
            cmap="inferno",
            vmin=0.0,
            vmax=ERROR_SCALE,
        )
        if index == len(predictions) - 1:
            bar = figure.colorbar(errors, ax=cells[_COLUMNS:], extend="max", fraction=0.02, pad=0.01, aspect=30)
            bar.set_label("largest error of R, G, B (display values)", fontsize=8)
    save_figure(figure, path)


def _sheet(shape: float, methods: int) -> tuple[Figure, list[Any]]:
    """Return an empty sheet and its cells, four a row. shape: height / width of the images."""
    from matplotlib.figure import Figure

    rows = 1 + -(-2 * methods // _COLUMNS)
    height = rows * (_CELL_INCHES * shape + _TITLE_INCHES) + 0.35
    figure = Figure(figsize=(_COLUMNS * _CELL_INCHES + 0.95, height), layout="constrained")
    cells = list(figure.subplots(rows, _COLUMNS, squeeze=False).flat)
    for cell in cells:
        cell.axis("off")
    return figure, cells


def _show(cell: Axes, pixels: NDArray[Any], title: str, **colours: Any) -> Any:
    cell.set_title(title, fontsize=9, color=INK, loc="left", pad=3)
    return cell.imshow(pixels, **colours)


def _show_defocus(cell: Axes, defocus: Float32, band: NDArray[np.bool_]) -> None:
    reach = max(1.0, float(np.abs(defocus).max()))
    title = "signed defocus (px), boundary band in green"
    image = _show(cell, defocus, title, cmap="PuOr", vmin=-_PALE * reach, vmax=_PALE * reach)
    if band.any() and not band.all():
        levels = band.astype(np.float32)
        cell.contourf(levels, levels=[0.5, 1.5], colors=[_BAND], alpha=0.18)
        cell.contour(levels, levels=[0.5], colors=[_BAND], linewidths=0.8)
    paper = cell.inset_axes((0.66, 0.02, 0.32, 0.19))
    paper.set(xticks=[], yticks=[], facecolor="white")
    place = paper.inset_axes((0.1, 0.6, 0.8, 0.25))
    bar = cell.figure.colorbar(image, cax=place, orientation="horizontal", ticks=[-int(reach), 0, int(reach)])
    bar.ax.tick_params(labelsize=7, colors=INK, pad=1, length=2)


def _corruption(dataset: Dataset, sample: Sample) -> str:
    if sample.corruption is None:
        return ""
    known = dataset.scene(sample.scene).corruptions
    if sample.corruption >= len(known):
        return f", corrupted map {sample.corruption + 1}"
    return f", {known[sample.corruption].kind} {known[sample.corruption].size_px:g} px"


def worst_samples(result: Result, count: int, metric: str = "psnr") -> tuple[Sample, ...]:
    """Return the samples a method does worst on, the worst first, of another scene each while there are scenes left.

    metric: ``psnr``, ``ssim`` or ``lpips``. Raises BadInputError when the result lacks it.
    """
    left = _from_worst(result, metric)
    chosen: list[SampleScore] = []
    while left and len(chosen) < count:
        scenes: set[str] = set()
        for score in list(left):
            if score.scene not in scenes and len(chosen) < count:
                scenes.add(score.scene)
                chosen.append(score)
                left.remove(score)
    return tuple(score.sample for score in chosen)


def median_sample(result: Result, metric: str = "psnr") -> Sample:
    """Return the sample in the middle of a method's scores; errors: see :func:`worst_samples`."""
    ordered = _from_worst(result, metric)
    return ordered[len(ordered) // 2].sample


def sheet_samples(results: Sequence[Result], count: int = 1) -> tuple[Sample, ...]:
    """Return what sheets to draw: of each method the ``count`` worst samples and the median one, none twice."""
    chosen = [sample for result in results for sample in (*worst_samples(result, count), median_sample(result))]
    return tuple(dict.fromkeys(chosen))


def _from_worst(result: Result, metric: str) -> list[SampleScore]:
    if not has_metric(result, metric):
        raise BadInputError(f"the result of {result.method.name} has no {metric}; choose another metric")
    sign = -1.0 if metric in LOWER_IS_BETTER else 1.0
    return sorted(result.samples, key=lambda score: sign * getattr(score.metrics, metric))
