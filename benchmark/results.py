"""One method's scores: plain numbers, one per sample, with everything needed to check or re-average them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, Field, model_validator

from bokeh_render.atomic import write_json
from bokeh_render.errors import BadInputError
from bokeh_render.schema import Record, load_json

from .methods.interface import MethodMetadata, check_file_name_part
from .protocols import ALEX_SHA256, Protocol
from .samples import Sample

if TYPE_CHECKING:
    import pandas as pd

METRICS = ("psnr", "ssim", "lpips")
REGIONS = ("boundary", "in_focus", "out_of_focus", "highlights")
"""Where errors are looked at apart (see ``benchmark.regions``). The first three cover an image without overlap."""

Index = Annotated[int, Field(ge=0, le=999)]
"""Of a blur level, focus setting or corrupted map. No stack has nearly so many, and readers make lists as long."""


class Scores(Record):
    """The metrics of a sample, or their mean. psnr in dB; lpips is None where there were no weights for it."""

    psnr: float
    ssim: float
    lpips: float | None


class RegionScores(Record):
    """The metrics of a region of one sample. ssim is None where none of it lies in the valid region."""

    psnr: float
    ssim: float | None
    pixels: int


class SampleScore(Record):
    """One sample: which, how good, what it cost, and of which files.

    corruption: index of the corrupted disparity map that was given, if any; regions: by name, those of this sample
    that are large enough; seconds, peak_memory_mb, peak_gpu_memory_mb: what the method took, None where nobody
    measured; truth_sha256: of the ground truth's file.
    """

    scene: str
    blur: Index
    focus: Index
    corruption: Index | None = None
    metrics: Scores
    regions: dict[str, RegionScores] = Field(default_factory=dict)
    seconds: float | None
    peak_memory_mb: float | None = None
    peak_gpu_memory_mb: float | None = None
    prediction_sha256: str
    truth_sha256: str | None = None

    @property
    def sample(self) -> Sample:
        """Which sample of the dataset it is."""
        return Sample(self.scene, self.blur, self.focus, self.corruption)


class DatasetReference(Record):
    """Which dataset, by its two hashes.

    noise_floor: PSNR bound in dB by scene and blur level, where measured; corruptions: what the corrupted maps are, by
    index, where they were given.
    """

    name: str
    version: str
    recipe_sha256: str | None
    files_sha256: str
    noise_floor: dict[str, dict[int, float]]
    corruptions: dict[int, str] = Field(default_factory=dict)


def _file_name_part(what: Literal["name", "revision"]) -> Callable[[str], str]:
    """Return a check of a method's name or revision; an empty revision is one that is yet to be filled in."""

    def check(text: str) -> str:
        if text or what == "name":
            check_file_name_part(what, text)
        return text

    return check


class MethodReference(Record):
    """Which method, in which revision, how it entered, and what it says of itself. Name and revision name files.

    source_sha256: of its code as far as that can be seen (see ``benchmark.methods.source``).
    """

    name: Annotated[str, AfterValidator(_file_name_part("name"))]
    revision: Annotated[str, AfterValidator(_file_name_part("revision"))]
    description: str
    entered_as: Literal["python", "command", "predictions"] | None = None
    source_sha256: str | None = None
    metadata: MethodMetadata = MethodMetadata()


class ProtocolReference(Record):
    """Which protocol, by name and by the hash of its definition, which is kept whole."""

    name: str
    sha256: str
    definition: dict[str, Any] | None = None


class LevelSummary(Record):
    """Means of one blur level: over focus settings (and disparity maps), then scenes."""

    blur: int
    metrics: Scores
    by_scene: dict[str, Scores]


class Summary(Record):
    """The aggregate: ``overall`` is the mean over blur levels of their means.

    regions: mean PSNR in dB by region, over the samples that have it, averaged in the same order; by_corruption:
    likewise for each corrupted disparity map; peak_memory_mb: the most of any sample.
    """

    overall: Scores
    levels: tuple[LevelSummary, ...]
    seconds_per_image: float | None
    regions: dict[str, float] = Field(default_factory=dict)
    by_corruption: dict[int, Scores] = Field(default_factory=dict)
    peak_memory_mb: float | None = None


class Result(Record):
    """One JSON. unavailable: metrics that could not be computed, with the reason; created: when, UTC.

    schema_version: of this description; a file without one is of version 1. notices: what a reader should know.
    """

    schema_version: Literal[1, 2] = 1
    protocol: ProtocolReference
    dataset: DatasetReference
    method: MethodReference
    environment: dict[str, str]
    created: AwareDatetime
    unavailable: dict[str, str]
    notices: tuple[str, ...] = ()
    samples: tuple[SampleScore, ...]
    summary: Summary

    @model_validator(mode="after")
    def _hash_belongs_to_definition(self) -> Result:
        definition = self.protocol.definition
        if definition is not None and Protocol.model_validate(definition).sha256 != self.protocol.sha256:
            raise ValueError("the protocol's definition does not have the hash beside it; the file was edited")
        return self

    @model_validator(mode="after")
    def _every_sample_once(self) -> Result:
        scenes: dict[str, list[Sample]] = {}
        for score in self.samples:
            scenes.setdefault(score.scene, []).append(score.sample)
        for scene, found in scenes.items():
            grid = math.prod(len(set(axis)) for axis in zip(*(sample[1:] for sample in found), strict=True))
            if len(set(found)) != len(found) or len(found) != grid:
                raise ValueError(f"the samples of {scene} are no whole grid, each once; the file was edited or cut")
        if not scenes:
            raise ValueError("there are no samples; the file was edited or cut")
        return self

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
    """Average over focus settings (and disparity maps), then scenes, then blur levels."""
    grid: dict[int, dict[str, list[SampleScore]]] = {}
    for sample in samples:
        grid.setdefault(sample.blur, {}).setdefault(sample.scene, []).append(sample)
    levels = []
    for blur, scenes in sorted(grid.items()):
        by_scene = {scene: mean_scores([sample.metrics for sample in found]) for scene, found in scenes.items()}
        levels.append(LevelSummary(blur=blur, metrics=mean_scores(list(by_scene.values())), by_scene=by_scene))
    every = [sample for scenes in grid.values() for found in scenes.values() for sample in found]
    seconds = [sample.seconds for sample in every if sample.seconds is not None]
    memory = [sample.peak_memory_mb for sample in every if sample.peak_memory_mb is not None]
    return Summary(
        overall=mean_scores([level.metrics for level in levels]),
        levels=tuple(levels),
        seconds_per_image=_mean(seconds) if seconds and len(seconds) == len(every) else None,
        regions=_region_means(every),
        by_corruption=_corruption_means(every),
        peak_memory_mb=max(memory) if memory and len(memory) == len(every) else None,
    )


def _region_means(samples: Sequence[SampleScore]) -> dict[str, float]:
    names = dict.fromkeys(name for sample in samples for name in sample.regions)
    return {name: _nested_mean(samples, name) for name in sorted(names)}


def _nested_mean(samples: Sequence[SampleScore], region: str) -> float:
    grid: dict[int, dict[str, list[float]]] = {}
    for sample in samples:
        if region in sample.regions:
            grid.setdefault(sample.blur, {}).setdefault(sample.scene, []).append(sample.regions[region].psnr)
    return _mean([_mean([_mean(values) for values in scenes.values()]) for _, scenes in sorted(grid.items())])


def _corruption_means(samples: Sequence[SampleScore]) -> dict[int, Scores]:
    by_map: dict[int, list[SampleScore]] = {}
    for sample in samples:
        if sample.corruption is not None:
            by_map.setdefault(sample.corruption, []).append(sample)
    return {index: _overall([s.model_copy(update={"corruption": None}) for s in by_map[index]]) for index in by_map}


def _overall(samples: Sequence[SampleScore]) -> Scores:
    return summarise(samples).overall


def write_result(path: Path, result: Result, *, completes: bool = False) -> None:
    """Write a result as JSON, atomically; raises BadInputError when one is there already.

    completes: it is the one that is there, with a metric that could not be computed then.
    """
    if path.exists() and not completes:
        raise BadInputError(
            f"{path} is there already and results are never overwritten; give the method another revision, or choose "
            "another --out"
        )
    write_json(path, result.model_dump(mode="json"))


def result_schema_text() -> str:
    """Return the JSON schema of a result file; published as ``benchmark/result.schema.json``."""
    return json.dumps(Result.model_json_schema(), indent=2) + "\n"


def load_result(path: Path) -> Result:
    """Read a result; raises BadInputError when it is missing, broken, or its summary does not follow."""
    return load_json(Result, path)


def load_results(folder: Path, protocol: str | None = None, files_sha256: str | None = None) -> list[Result]:
    """Read every ``*.json`` of a folder and below; those of one protocol, of one rendering of a dataset, if named.

    Raises BadInputError when there is none, or when they are of several protocols or datasets.
    """
    paths = sorted(folder.rglob("*.json")) if folder.is_dir() else []
    every = [load_result(path) for path in paths]
    results = [
        result
        for result in every
        if protocol in (None, result.protocol.name) and files_sha256 in (None, result.dataset.files_sha256)
    ]
    if not results:
        of = f" of {protocol}" if protocol else ""
        on = f" on the dataset {files_sha256[:12]}…" if files_sha256 else ""
        raise BadInputError(f"{folder} holds no results{of}{on}; expected JSON files written by bokehbench evaluate")
    for option, found in (
        ("--protocol", {result.protocol.name for result in results}),
        ("--dataset", {f"{r.dataset.name} ({r.dataset.files_sha256[:12]}…)" for r in results}),
    ):
        if len(found) > 1:
            raise BadInputError(
                f"{folder} holds results of {', '.join(sorted(found))}; expected one for a table: choose by {option}"
            )
    check_comparable(results)
    return results


def check_comparable(results: Sequence[Result]) -> None:
    """Refuse results that must not share a table: other protocol, other rendering, other sample list."""
    first = results[0]
    asked: dict[str, Callable[[Result], Any]] = {
        "protocol": lambda result: (result.protocol.name, result.protocol.sha256),
        "dataset files": lambda result: result.dataset.files_sha256,
        "sample list": lambda result: {score.sample for score in result.samples},
        "LPIPS weights": lambda result: result.environment.get("lpips_backbone_sha256", ALEX_SHA256),
    }
    for other in results[1:]:
        for what, of in asked.items():
            if of(first) != of(other):
                raise BadInputError(
                    f"results of {first.method.name} and {other.method.name} differ in {what}; "
                    "expected the same for all methods of one table"
                )


def to_dataframe(results: Sequence[Result]) -> pd.DataFrame:
    """Return one row per method and sample, for pandas; regions as columns such as ``boundary_psnr``."""
    import pandas as pd

    rows: list[dict[str, Any]] = [
        {
            "protocol": result.protocol.name,
            "dataset": f"{result.dataset.name} {result.dataset.version}",
            "method": result.method.name,
            "revision": result.method.revision,
            "scene": score.scene,
            "blur": score.blur,
            "focus": score.focus,
            "corruption": score.corruption,
            **score.metrics.model_dump(),
            **{f"{name}_psnr": region.psnr for name, region in score.regions.items()},
            **{f"{name}_ssim": region.ssim for name, region in score.regions.items()},
            "seconds": score.seconds,
            "peak_memory_mb": score.peak_memory_mb,
            "peak_gpu_memory_mb": score.peak_gpu_memory_mb,
        }
        for result in results
        for score in result.samples
    ]
    return pd.DataFrame(rows)
