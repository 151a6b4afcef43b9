"""A result as its scenes see it: means by scene and blur level, and how near the truth's own noise they come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bokeh_render.errors import BadInputError

from ..results import Result, SampleScore

LOWER_IS_BETTER = frozenset({"lpips"})

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SceneGrid:
    """Means over focus settings and disparity maps. values: (scenes, levels), NaN where no sample has the metric.

    scenes: sorted by name.
    """

    scenes: tuple[str, ...]
    blurs: tuple[int, ...]
    values: Array


def method_labels(results: Sequence[Result]) -> list[str]:
    """Return what to call each result: the method's name, with its revision where the name alone is not unique."""
    names = [result.method.name for result in results]
    return [
        name if names.count(name) == 1 else f"{name}@{result.method.revision}"
        for name, result in zip(names, results, strict=True)
    ]


def has_metric(result: Result, metric: str) -> bool:
    """Return whether a result holds this metric: for every sample, or, of a region, for any."""
    values = [_value(sample, metric) for sample in result.samples]
    return all(value is not None for value in values) if _is_whole(metric) else any(v is not None for v in values)


def _is_whole(metric: str) -> bool:
    return "_" not in metric


def _value(sample: SampleScore, metric: str) -> float | None:
    """metric: ``psnr``, ``ssim``, ``lpips``, or of a region such as ``boundary_psnr``."""
    if _is_whole(metric):
        value: float | None = getattr(sample.metrics, metric, None)
        return value
    region, _, name = metric.rpartition("_")
    found = sample.regions.get(region)
    return None if found is None else getattr(found, name, None)


def scene_grid(result: Result, metric: str, *, blur: int | None = None, corruption: int | None = None) -> SceneGrid:
    """Return a result's means by scene and blur level, of one level or of one corrupted map if it is named.

    metric: ``psnr`` (dB), ``ssim``, ``lpips``, or of a region: ``boundary_psnr``. Scenes that nowhere have a region are
    left out. Raises BadInputError when the result lacks the metric.
    """
    if not has_metric(result, metric):
        why = result.unavailable.get(metric, "it was not computed")
        raise BadInputError(f"the result of {result.method.name} has no {metric} ({why}); choose another metric")
    cells: dict[str, dict[int, list[float]]] = {}
    for sample in result.samples:
        value = _value(sample, metric)
        if value is not None and blur in (None, sample.blur) and corruption in (None, sample.corruption):
            cells.setdefault(sample.scene, {}).setdefault(sample.blur, []).append(value)
    blurs = tuple(sorted({level for levels in cells.values() for level in levels}))
    scenes = tuple(sorted(cells))
    values = [[float(np.mean(cells[scene].get(level, [np.nan]))) for level in blurs] for scene in scenes]
    return SceneGrid(scenes, blurs, np.array(values).reshape(len(scenes), len(blurs)))


def scene_means(result: Result, metric: str, blur: int | None = None) -> dict[str, float]:
    """Return each scene's mean: over focus settings (and disparity maps), then over the blur levels that it has.

    The mean of these is the overall score, but for regions that some scenes have at some levels only: there the overall
    score is the mean of the levels' means. metric, errors: see :func:`scene_grid`.
    """
    grid = scene_grid(result, metric, blur=blur)
    return {scene: float(np.nanmean(row)) for scene, row in zip(grid.scenes, grid.values, strict=True)}


def overall_mean(result: Result, metric: str, *, blur: int | None = None) -> float:
    """Return a metric's mean in the summary's order; of one blur level if it is named. Errors: :func:`scene_grid`."""
    return float(np.nanmean(np.nanmean(scene_grid(result, metric, blur=blur).values, axis=0)))


def noise_floor(result: Result, blur: int | None = None) -> float | None:
    """Return the PSNR in dB that a perfect, noise-free prediction would get, over levels then scenes.

    None where it was not measured for every scene and level.
    """
    scenes = {sample.scene for sample in result.samples}
    blurs = [level.blur for level in result.summary.levels] if blur is None else [blur]
    floors = result.dataset.noise_floor
    if not all(blur in floors.get(scene, {}) for scene in scenes for blur in blurs):
        return None
    return float(np.mean([floors[scene][blur] for scene in sorted(scenes) for blur in blurs]))


def headroom(result: Result, blur: int | None = None) -> float | None:
    """Return how far below the noise floor a method's mean PSNR is, in dB; None where no floor is known.

    Near zero, or negative, differences tell about the truth's noise rather than about methods.
    """
    floor = noise_floor(result, blur)
    return None if floor is None else floor - overall_mean(result, "psnr", blur=blur)
