"""One method's scores: plain numbers, one per sample, with everything needed to check or re-average them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import AwareDatetime, model_validator

from bokeh_render.atomic import write_json
from bokeh_render.errors import BadInputError
from bokeh_render.schema import Record, load_json

if TYPE_CHECKING:
    import pandas as pd

METRICS = ("psnr", "ssim", "lpips")


class Scores(Record):
    """The metrics of a sample, or their mean. psnr in dB; lpips is None where there were no weights for it."""

    psnr: float
    ssim: float
    lpips: float | None


class SampleScore(Record):
    """One sample: which, how good, how long the method took (None for a folder of predictions), and on which file."""

    scene: str
    blur: int
    focus: int
    metrics: Scores
    seconds: float | None
    prediction_sha256: str


class DatasetReference(Record):
    """Which dataset, by its two hashes. noise_floor: PSNR bound in dB by scene and blur level, where measured."""

    name: str
    version: str
    recipe_sha256: str | None
    files_sha256: str
    noise_floor: dict[str, dict[int, float]]


class MethodReference(Record):
    """Which method, in which revision."""

    name: str
    revision: str
    description: str


class ProtocolReference(Record):
    """Which protocol, by name and by the hash of its definition."""

    name: str
    sha256: str


class LevelSummary(Record):
    """Means of one blur level: over focus settings, then scenes."""

    blur: int
    metrics: Scores
    by_scene: dict[str, Scores]


class Summary(Record):
    """The aggregate: ``overall`` is the mean over blur levels of their means."""

    overall: Scores
    levels: tuple[LevelSummary, ...]
    seconds_per_image: float | None


class Result(Record):
    """One JSON. unavailable: metrics that could not be computed, with the reason; created: when, UTC."""

    protocol: ProtocolReference
    dataset: DatasetReference
    method: MethodReference
    environment: dict[str, str]
    created: AwareDatetime
    unavailable: dict[str, str]
    samples: tuple[SampleScore, ...]
    summary: Summary

    @model_validator(mode="after")
    def _summary_follows_from_samples(self) -> Result:
        if summarise(self.samples) != self.summary:
            raise ValueError("the summary does not follow from the samples; it was edited or cut")
        return self


def mean_scores(scores: Sequence[Scores]) -> Scores:
    """Return the mean of each metric; lpips only when every one has it."""
    lpips = [score.lpips for score in scores if score.lpips is not None]
    return Scores(
        psnr=_mean([score.psnr for score in scores]),
        ssim=_mean([score.ssim for score in scores]),
        lpips=_mean(lpips) if len(lpips) == len(scores) else None,
    )


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 9)


def summarise(samples: Iterable[SampleScore]) -> Summary:
    """Average over focus settings, then scenes, then blur levels."""
    grid: dict[int, dict[str, list[SampleScore]]] = {}
    for sample in samples:
        grid.setdefault(sample.blur, {}).setdefault(sample.scene, []).append(sample)
    levels = []
    for blur, scenes in sorted(grid.items()):
        by_scene = {scene: mean_scores([sample.metrics for sample in found]) for scene, found in scenes.items()}
        levels.append(LevelSummary(blur=blur, metrics=mean_scores(list(by_scene.values())), by_scene=by_scene))
    seconds = [sample.seconds for scenes in grid.values() for found in scenes.values() for sample in found]
    known = [value for value in seconds if value is not None]
    return Summary(
        overall=mean_scores([level.metrics for level in levels]),
        levels=tuple(levels),
        seconds_per_image=_mean(known) if known and len(known) == len(seconds) else None,
    )


def write_result(path: Path, result: Result) -> None:
    """Write a result as JSON, atomically."""
    write_json(path, result.model_dump(mode="json"))


def load_result(path: Path) -> Result:
    """Read a result; raises BadInputError when it is missing, broken, or its summary does not follow."""
    return load_json(Result, path)


def load_results(folder: Path) -> list[Result]:
    """Read every ``*.json`` of a folder; raises BadInputError when there is none or they do not belong together."""
    paths = sorted(folder.glob("*.json")) if folder.is_dir() else []
    if not paths:
        raise BadInputError(f"{folder} holds no results; expected JSON files written by bokehbench evaluate")
    results = [load_result(path) for path in paths]
    check_comparable(results)
    return results


def check_comparable(results: Sequence[Result]) -> None:
    """Refuse results that must not share a table: other protocol, other rendering, other sample list."""
    first = results[0]
    for other in results[1:]:
        for what, a, b in (
            ("protocol", first.protocol, other.protocol),
            ("dataset files", first.dataset.files_sha256, other.dataset.files_sha256),
            ("sample list", _keys(first), _keys(other)),
        ):
            if a != b:
                raise BadInputError(
                    f"results of {first.method.name} and {other.method.name} differ in {what}; "
                    "expected the same for all methods of one table"
                )


def _keys(result: Result) -> set[tuple[str, int, int]]:
    return {(sample.scene, sample.blur, sample.focus) for sample in result.samples}


def to_dataframe(results: Sequence[Result]) -> pd.DataFrame:
    """Return one row per method and sample, for pandas."""
    import pandas as pd

    rows: list[dict[str, Any]] = [
        {
            "protocol": result.protocol.name,
            "method": result.method.name,
            "revision": result.method.revision,
            "scene": sample.scene,
            "blur": sample.blur,
            "focus": sample.focus,
            **sample.metrics.model_dump(),
            "seconds": sample.seconds,
        }
        for result in results
        for sample in result.samples
    ]
    return pd.DataFrame(rows)
