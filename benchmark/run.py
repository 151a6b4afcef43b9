"""Run methods over a dataset and score them; one scoring path for methods and for predictions made elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from bokeh_render.errors import BadInputError, BokehbenchError
from bokeh_render.progress import ReportStep, silent
from bokeh_render.schema import parse

from .dataset import Dataset
from .environment import describe_environment
from .methods.command import CommandMethod
from .methods.interface import metadata_of
from .metrics.lpips import WEIGHTS_VARIABLE, Lpips, load_lpips
from .predict import AnyMethod, Cost, predict
from .protocols import Protocol
from .results import (
    DatasetReference,
    MethodReference,
    ProtocolReference,
    Result,
    load_result,
    place_of,
    result_path,
    summarise,
    write_result,
)
from .samples import Sample
from .score import Entry, score_entries
from .submissions.checks import check_submission
from .submissions.submission import SubmissionRecord, open_submission

PREDICTIONS_FOLDER = "predictions"
_SCHEMA_VERSION: Literal[2] = 2
_SHOWN_FAILURES = 3


@dataclass(frozen=True)
class Outcome:
    """What became of one method: a result, or the sentence why there is none."""

    method: str
    result: Result | None
    error: BokehbenchError | None = None

    def result_or_raise(self) -> Result:
        """Return the result; raises the error when there is none."""
        if self.result is None:
            raise self.error or AssertionError("no result and no reason")
        return self.result


def evaluate(
    method: AnyMethod,
    dataset: Dataset,
    protocol: Protocol,
    out: Path,
    *,
    lpips_weights: Path | None = None,
    jobs: int = 1,
    threads: int = 0,
    report: ReportStep = silent,
) -> Result:
    """Let a method predict every sample, score the predictions, and write the result below ``out/results``.

    Predictions are kept as 16-bit PNG below ``out/predictions``; a killed run goes on where it stopped. jobs: processes
    that render side by side; threads: that score, 0 = all cores. Raises BadInputError when ``out`` holds another run or
    result of this method and revision, BokehbenchError when the method failed at any sample.
    """
    (outcome,) = evaluate_all(
        [method], dataset, protocol, out, lpips_weights=lpips_weights, jobs=jobs, threads=threads, report=report
    )
    return outcome.result_or_raise()


def evaluate_all(
    methods: Sequence[AnyMethod],
    dataset: Dataset,
    protocol: Protocol,
    out: Path,
    *,
    lpips_weights: Path | None = None,
    jobs: int = 1,
    threads: int = 0,
    report: ReportStep = silent,
) -> list[Outcome]:
    """Evaluate several methods, scored together so that every ground truth is prepared once; see :func:`evaluate`.

    A method that fails does not stop the others: its outcome holds the error, and there is no result for it.
    """
    lpips = _load_lpips(protocol, lpips_weights)
    described = _describe_dataset(dataset, protocol)
    outcomes: dict[int, Outcome] = {}
    entries: dict[int, Entry] = {}
    for index, method in enumerate(methods):
        try:
            entries[index] = _predicted_entry(method, dataset, described, protocol, out, jobs, report)
        except BokehbenchError as error:
            outcomes[index] = Outcome(method.name, None, error)
    run = _Run(dataset, described, protocol, lpips, out, jobs, threads, report)
    outcomes |= dict(zip(entries, run.score(list(entries.values())), strict=True))
    return [outcomes[index] for index in range(len(methods))]


def score_folder(
    predictions: Path,
    reference: MethodReference,
    dataset: Dataset,
    protocol: Protocol,
    out: Path,
    *,
    lpips_weights: Path | None = None,
    allow_identity: bool = False,
    threads: int = 0,
    report: ReportStep = silent,
) -> Result:
    """Score predictions that somebody made elsewhere, and write the result below ``out/results``.

    predictions: a folder or zip with ``<scene>/bokeh_KK_FF.png`` (display values), ``.exr`` or ``.npy`` (light);
    reference: which method; what it leaves empty is taken from ``submission.json`` beside them, if there is one.
    Raises BadInputError that lists all that is wrong with them (see ``benchmark.submissions.checks``); nothing is
    written then.
    """
    lpips = _load_lpips(protocol, lpips_weights)
    described = _describe_dataset(dataset, protocol)
    with open_submission(predictions, dataset, protocol) as submission:
        checked = check_submission(
            submission, dataset, protocol, allow_identity=allow_identity, threads=threads, report=report
        )
        checked.refuse()
        told = submission.record or SubmissionRecord()
        reference = _reference(reference, told)
        costs = {sample: Cost(seconds) for sample, seconds in checked.seconds.items()}
        entry = Entry(reference, checked.files, costs, _journal(out, protocol, described, reference))
        run = _Run(dataset, described, protocol, lpips, out, 0, threads, report)
        (outcome,) = run.score([entry], notices=checked.notices)
    return outcome.result_or_raise()


@dataclass(frozen=True)
class _Run:
    """What all entries of one scoring have in common."""

    dataset: Dataset
    described: DatasetReference
    protocol: Protocol
    lpips: Lpips | None
    out: Path
    jobs: int
    threads: int
    report: ReportStep

    def score(self, entries: Sequence[Entry], *, notices: Sequence[str] = ()) -> list[Outcome]:
        """Score what has no result yet, together, and write a result for each."""
        outcomes: dict[int, Outcome] = {}
        waiting: dict[int, Entry] = {}
        for index, entry in enumerate(entries):
            try:
                old = self._old_result(entry)
            except BokehbenchError as error:
                outcomes[index] = Outcome(entry.reference.name, None, error)
                continue
            if old is None:
                waiting[index] = entry
            else:
                outcomes[index] = Outcome(entry.reference.name, old)
        scored = score_entries(
            list(waiting.values()), self.dataset, self.protocol, self.lpips, threads=self.threads, report=self.report
        )
        for (index, entry), samples in zip(waiting.items(), scored, strict=True):
            result = Result(
                schema_version=_SCHEMA_VERSION,
                protocol=_describe_protocol(self.protocol),
                dataset=self.described,
                method=entry.reference,
                environment=self._environment(),
                created=datetime.now(UTC),
                unavailable={} if self.lpips is not None else {"lpips": _NO_WEIGHTS},
                notices=tuple(notices),
                samples=samples,
                summary=summarise(samples),
            )
            write_result(self._path(entry), result)
            with suppress(FileNotFoundError):
                entry.journal.unlink()
            outcomes[index] = Outcome(entry.reference.name, result)
        return [outcomes[index] for index in range(len(entries))]

    def _environment(self) -> dict[str, str]:
        found = describe_environment(jobs=self.jobs, threads=self.threads)
        return found if self.lpips is None else {**found, "lpips_backbone_sha256": self.lpips.backbone_sha256}

    def _path(self, entry: Entry) -> Path:
        return result_path(self.out, self.protocol.name, self.described, entry.reference)

    def _old_result(self, entry: Entry) -> Result | None:
        """Return the finished result of these very predictions; raises BadInputError when it is another one's."""
        path = self._path(entry)
        if not path.is_file():
            return None
        old = load_result(path)
        same = (old.protocol.sha256, old.dataset.files_sha256, old.method.model_dump()) == (
            self.protocol.sha256,
            self.dataset.files_sha256,
            entry.reference.model_dump(),
        )
        if not same or {score.sample: score.prediction_sha256 for score in old.samples} != entry.sha256():
            raise BadInputError(
                f"{path} holds the result of other predictions, and results are never overwritten; give the method "
                "another revision, or choose another --out"
            )
        if "lpips" in old.unavailable and self.lpips is not None:
            path.unlink()  # the same predictions, now with the metric that could not be computed then
            return None
        return old


_NO_WEIGHTS = (
    f"no weights of its network on this machine; name a file by --lpips-weights or {WEIGHTS_VARIABLE}, "
    "or fetch them with bokehbench doctor --download-lpips"
)


def _load_lpips(protocol: Protocol, weights: Path | None) -> Lpips | None:
    return load_lpips(protocol.lpips.backbone_sha256, weights, net=protocol.lpips.net)


def _predicted_entry(
    method: AnyMethod,
    dataset: Dataset,
    described: DatasetReference,
    protocol: Protocol,
    out: Path,
    jobs: int,
    report: ReportStep,
) -> Entry:
    reference = describe_method(method)
    folder = predictions_folder(out, protocol, described, reference)
    if isinstance(method, CommandMethod):
        method.log = out / "logs" / place_of(protocol.name, described) / f"{reference.name}@{reference.revision}.txt"
    predicted = predict(method, dataset, protocol, folder, jobs=jobs, report=report)
    if predicted.failures:
        raise BokehbenchError(_failed(method.name, predicted.failures, len(predicted.files), folder))
    return Entry(reference, predicted.files, predicted.costs, _journal(out, protocol, described, reference))


def _reference(given: MethodReference, told: SubmissionRecord) -> MethodReference:
    """Fill in what the caller left empty from what the author of the predictions says."""
    content = {
        "name": given.name,
        "revision": given.revision or told.revision or "1",
        "description": given.description or told.description or "predictions made elsewhere",
        "entered_as": "predictions",
        "metadata": told.metadata.model_dump(),
    }
    return parse(MethodReference, content, "submission.json")


def _failed(name: str, failures: dict[Sample, str], count: int, folder: Path) -> str:
    shown = "; ".join(f"{sample}: {error}" for sample, error in list(failures.items())[:_SHOWN_FAILURES])
    more = f"; and {len(failures) - _SHOWN_FAILURES} more" if len(failures) > _SHOWN_FAILURES else ""
    return (
        f"method {name} failed at {len(failures)} of {count} samples, so it gets no score ({shown}{more}); all are in "
        f"{folder / 'failures.json'}, and the same command tries them again"
    )


def describe_method(method: AnyMethod) -> MethodReference:
    """Return what a result says about a method; raises BadInputError when name or revision cannot name a file."""
    content = {
        "name": method.name,
        "revision": method.revision,
        "description": method.description,
        "entered_as": "command" if isinstance(method, CommandMethod) else "python",
        "metadata": metadata_of(method).model_dump(),
    }
    return parse(MethodReference, content, f"method {method.name}")


def predictions_folder(out: Path, protocol: Protocol, dataset: DatasetReference, method: MethodReference) -> Path:
    """Return where the predictions of a method that we ran lie."""
    return out / PREDICTIONS_FOLDER / place_of(protocol.name, dataset) / f"{method.name}@{method.revision}"


def _journal(out: Path, protocol: Protocol, dataset: DatasetReference, method: MethodReference) -> Path:
    return out / ".scores" / place_of(protocol.name, dataset) / f"{method.name}@{method.revision}.jsonl"


def _describe_protocol(protocol: Protocol) -> ProtocolReference:
    return ProtocolReference(name=protocol.name, sha256=protocol.sha256, definition=protocol.model_dump(mode="json"))


def _describe_dataset(dataset: Dataset, protocol: Protocol) -> DatasetReference:
    dataset.samples(protocol)  # refuses what does not belong together before anything is written
    first = next(iter(dataset.scenes))
    maps = dataset.scene(first).corruptions if protocol.disparity == "corrupted" else ()
    return DatasetReference(
        name=dataset.name,
        version=dataset.version,
        recipe_sha256=dataset.recipe_sha256,
        files_sha256=dataset.files_sha256,
        noise_floor={scene: floor for scene in dataset.scenes if (floor := dataset.noise_floor(scene))},
        corruptions={index: f"{one.kind} {one.size_px:g} px" for index, one in enumerate(maps)},
    )
