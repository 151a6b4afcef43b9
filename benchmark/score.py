"""Score predictions, truth by truth: each ground truth is read and prepared once for all methods that are scored.

A finished score is noted at once, keyed by the hashes of both files and of the protocol, so that a killed run goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from itertools import groupby
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bokeh_render.errors import BadInputError
from bokeh_render.journal import append_to_journal, read_journal
from bokeh_render.optics import Float32
from bokeh_render.progress import ReportStep, Step, silent
from bokeh_render.schema import sha256_of_file, sha256_of_json
from generator.stack import SampleKey

from .dataset import Dataset
from .metrics.lpips import Lpips
from .metrics.parallel import in_order
from .metrics.scorer import Measured, Scorer
from .predict import Cost
from .predictions import read_prediction
from .protocols import Protocol
from .regions import Mask, region_masks
from .results import MethodReference, RegionScores, SampleScore, Scores
from .samples import Sample


@dataclass(frozen=True)
class Entry:
    """What one method is scored by.

    journal: where its finished scores are noted until the result is written; notices: what a reader should know.
    """

    reference: MethodReference
    files: Mapping[Sample, Path]
    costs: Mapping[Sample, Cost]
    journal: Path
    notices: tuple[str, ...] = ()

    def sha256(self) -> dict[Sample, str]:
        """Return the hash of each prediction's file."""
        return {sample: sha256_of_file(path) for sample, path in self.files.items()}


@dataclass(frozen=True)
class _Prediction:
    entry: int
    sample: Sample
    path: Path
    sha256: str


@dataclass(frozen=True)
class _Job:
    """One ground truth and the predictions that are compared with it."""

    key: SampleKey
    predictions: tuple[_Prediction, ...]


@dataclass
class Scored:
    """What became of one entry: a score for every sample, or the sentences why some have none."""

    scores: dict[Sample, SampleScore]
    errors: list[str]


def score_entries(
    entries: Sequence[Entry],
    dataset: Dataset,
    protocol: Protocol,
    lpips: Lpips | None,
    *,
    threads: int = 0,
    report: ReportStep = silent,
) -> list[Scored]:
    """Score entries together. threads: CPU threads, 0 = all.

    A prediction that cannot be read is its entry's error and does not stop the others. Raises BadInputError when a
    truth is not the file that the manifest lists.
    """
    samples = dataset.samples(protocol)
    rule = sha256_of_json([protocol.sha256, lpips and lpips.backbone_sha256, metadata.version("bokehbench")])
    known = [_Known(entry.journal, rule, dataset) for entry in entries]
    found = [Scored({}, []) for _ in entries]
    jobs = list(_jobs(entries, samples, known, found))
    scorer = Scorer(protocol.psnr_cap_db, protocol.ssim, lpips, least_pixels=protocol.regions.least_pixels)
    task, done = "score", sum(len(one.scores) for one in found)
    total = len(entries) * len(samples)

    def work(job: _Job) -> tuple[list[tuple[_Prediction, Measured]], list[tuple[_Prediction, str]]]:
        truth = scorer.prepare(dataset.truth_display(job.key, protocol))
        reading = _Reading(job.predictions, truth.display.shape, protocol)
        measured = scorer.score(truth, reading, _masks(dataset, job.key, protocol))
        return list(zip(reading.whole, measured, strict=True)), reading.failed

    report(Step(task, done, total))
    for job, (measured, failed) in in_order(work, jobs, threads=threads):
        for prediction, numbers in measured:
            cost = entries[prediction.entry].costs.get(prediction.sample, Cost())
            score = _sample_score(prediction, numbers, cost, dataset)
            known[prediction.entry].note(score)
            found[prediction.entry].scores[prediction.sample] = score
        for prediction, error in failed:
            found[prediction.entry].errors.append(error)
        done += len(job.predictions)
        report(Step(task, done, total, job.key.scene))
    for one in found:
        one.scores = {sample: one.scores[sample] for sample in samples if sample in one.scores}
    return found


class _Reading:
    """Reads predictions one after the other as they are asked for; remembers which were whole and what was wrong."""

    def __init__(self, predictions: Sequence[_Prediction], shape: tuple[int, ...], protocol: Protocol) -> None:
        self._predictions = predictions
        self._shape = shape
        self._protocol = protocol
        self.whole: list[_Prediction] = []
        self.failed: list[tuple[_Prediction, str]] = []

    def __iter__(self) -> Iterator[Float32]:
        for prediction in self._predictions:
            try:
                pixels = read_prediction(prediction.path, self._shape, self._protocol)
            except BadInputError as error:
                self.failed.append((prediction, str(error)))
                continue
            if sha256_of_file(prediction.path) != prediction.sha256:
                told = f"{prediction.path} was changed while it was scored; leave predictions alone until the end"
                self.failed.append((prediction, told))
                continue
            self.whole.append(prediction)
            yield pixels


def _jobs(
    entries: Sequence[Entry],
    samples: Sequence[Sample],
    known: Sequence[_Known],
    found: Sequence[Scored],
) -> Iterator[_Job]:
    """Yield what is left to score; what is known already goes into ``found``."""
    for key, group in groupby(samples, key=lambda sample: sample.truth):
        left = []
        for sample in group:
            for index, entry in enumerate(entries):
                prediction = _Prediction(index, sample, entry.files[sample], sha256_of_file(entry.files[sample]))
                score = known[index].score(prediction, entry.costs.get(sample, Cost()))
                if score is None:
                    left.append(prediction)
                else:
                    found[index].scores[sample] = score
        if left:
            yield _Job(key, tuple(left))


class _Known:
    """Scores that an earlier run noted, valid while the files and the rule are the same."""

    def __init__(self, path: Path, rule: str, dataset: Dataset) -> None:
        self._path = path
        self._rule = rule
        self._dataset = dataset
        entries = [entry for entry in read_journal(path) if isinstance(entry, dict) and entry.get("rule") == rule]
        self._scores = {score.sample: score for entry in entries if (score := _as_score(entry.get("score")))}

    def score(self, prediction: _Prediction, cost: Cost) -> SampleScore | None:
        """Return a noted score of this very prediction against this very truth."""
        score = self._scores.get(prediction.sample)
        truth = self._dataset.truth_sha256(prediction.sample.truth)
        if score is None or (score.prediction_sha256, score.truth_sha256) != (prediction.sha256, truth):
            return None
        return score.model_copy(update=cost._asdict())

    def note(self, score: SampleScore) -> None:
        """Keep a finished score."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        append_to_journal(self._path, {"rule": self._rule, "score": score.model_dump(mode="json")})


def _as_score(content: Any) -> SampleScore | None:
    """Return a noted score; None for one that another version wrote."""
    try:
        return SampleScore.model_validate(content)
    except ValidationError:
        return None


def _masks(dataset: Dataset, key: SampleKey, protocol: Protocol) -> dict[str, Mask]:
    """Return the regions of a truth, from what the scene really is."""
    given = dataset.method_input(Sample(*key), protocol)
    return region_masks(given.display, given.defocus, protocol.regions)


def _sample_score(prediction: _Prediction, measured: Measured, cost: Cost, dataset: Dataset) -> SampleScore:
    sample = prediction.sample
    return SampleScore(
        **sample._asdict(),
        metrics=Scores(psnr=measured.psnr, ssim=measured.ssim, lpips=measured.lpips),
        regions={
            name: RegionScores(psnr=region.psnr, ssim=region.ssim, pixels=region.pixels)
            for name, region in measured.regions.items()
        },
        **cost._asdict(),
        prediction_sha256=prediction.sha256,
        truth_sha256=dataset.truth_sha256(sample.truth),
    )
