"""Run methods over a dataset and score them; one scoring path for methods and for predictions made elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from bokeh_render.errors import BadInputError, BokehbenchError
from bokeh_render.progress import ReportStep, silent

from .dataset import Dataset
from .describing import describe_dataset, describe_method, describe_predictions, describe_protocol
from .environment import describe_environment
from .methods.command import CommandMethod
from .metrics.lpips import WEIGHTS_VARIABLE, Lpips, load_lpips
from .metrics.lpips_weights import net_of
from .metrics.parallel import usable_cores
from .predict import FAILURES_FILE, AnyMethod, Cost, failures_in_words, predict
from .protocols import ALEX_SHA256, Protocol
from .results import DatasetReference, MethodReference, Result, load_result, summarise, write_result
from .score import Entry, Scored, score_entries
from .store import Store
from .submissions.checks import check_submission
from .submissions.problems import Kind
from .submissions.submission import open_submission

_SCHEMA_VERSION: Literal[2] = 2
_SHOWN = 3


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

    A method that fails does not stop the others: its outcome holds the error, and there is no result for it. Raises
    BadInputError when two of them are the same revision of one name.
    """
    references = [describe_method(method) for method in methods]
    named = Counter((reference.name, reference.revision) for reference in references)
    for (name, revision), count in named.items():
        if count > 1:
            raise BadInputError(
                f"{count} of the methods are {name} {revision}; expected each once: give one another name or revision"
            )
    run = _begin(dataset, protocol, out, lpips_weights, jobs, threads, report)
    outcomes: dict[int, Outcome] = {}
    entries: dict[int, Entry] = {}
    with run.store.writing():
        for index, (method, reference) in enumerate(zip(methods, references, strict=True)):
            try:
                entries[index] = run.predicted_entry(method, reference)
            except BokehbenchError as error:
                outcomes[index] = Outcome(method.name, None, error)
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
    if predictions.is_dir() and out.resolve().is_relative_to(predictions.resolve()):
        raise BadInputError(f"{out} lies in the predictions {predictions}; choose another --out")
    run = _begin(dataset, protocol, out, lpips_weights, 0, threads, report)
    with open_submission(predictions, dataset, protocol) as submission:
        checked = check_submission(
            submission, dataset, protocol, allow_identity=allow_identity, threads=threads, report=report
        )
        checked.refuse()
        described = describe_predictions(reference, submission.record)
        costs = {sample: Cost(seconds) for sample, seconds in checked.seconds.items()}
        entry = Entry(described, checked.files, costs, run.store.scores(described), checked.notices)
        with run.store.writing():
            (outcome,) = run.score([entry])
    return outcome.result_or_raise()


def _begin(
    dataset: Dataset,
    protocol: Protocol,
    out: Path,
    lpips_weights: Path | None,
    jobs: int,
    threads: int,
    report: ReportStep,
) -> _Run:
    if out.resolve().is_relative_to(dataset.root.resolve()):
        raise BadInputError(f"{out} lies in the dataset {dataset.root}, which nothing may change; choose another --out")
    if out.exists() and not out.is_dir():
        raise BadInputError(f"{out} is a file; expected a folder for predictions and results")
    lpips = load_lpips(protocol.lpips.backbone_sha256, lpips_weights, net=protocol.lpips.net)
    described = describe_dataset(dataset, protocol)
    store = Store(out, protocol.name, described)
    return _Run(dataset, described, protocol, lpips, store, jobs, threads or usable_cores(), report)


@dataclass(frozen=True)
class _Run:
    """What all entries of one run have in common."""

    dataset: Dataset
    described: DatasetReference
    protocol: Protocol
    lpips: Lpips | None
    store: Store
    jobs: int
    threads: int
    report: ReportStep

    def predicted_entry(self, method: AnyMethod, reference: MethodReference) -> Entry:
        """Let a method predict; raises BokehbenchError when it failed at any sample."""
        if isinstance(method, CommandMethod):
            method.log = self.store.log(reference)
        folder = self.store.predictions(reference)
        predicted = predict(method, self.dataset, self.protocol, folder, jobs=self.jobs, report=self.report)
        if predicted.failures:
            failed, count = predicted.failures, len(predicted.files)
            raise BokehbenchError(
                f"method {method.name} failed at {len(failed)} of {count} samples, so it gets no score: "
                f"{failures_in_words(failed, count)}; all are in {folder / FAILURES_FILE}, and the same command tries "
                "them again"
            )
        notices = () if reference.source_sha256 is None else self._look_at(folder)
        return Entry(reference, predicted.files, predicted.costs, self.store.scores(reference), notices)

    def _look_at(self, folder: Path) -> tuple[str, ...]:
        """Look at predictions of a method that is not ours as at any submission; most of what is found is a notice.

        Raises BadInputError when they are ground truths: a method that runs here can find the files.
        """
        with open_submission(folder, self.dataset, self.protocol) as submission:
            found = check_submission(
                submission,
                self.dataset,
                self.protocol,
                allow_identity=True,
                threads=self.threads,
                report=self.report,
            )
        truths = [one.sentence for one in found.problems if one.kind is Kind.TRUTH]
        if truths:
            raise BadInputError(f"{len(truths)} predictions are ground truths: {truths[0]}")
        return tuple(dict.fromkeys(one.sentence for one in found.problems if one.kind is not Kind.EIGHT_BITS))

    def score(self, entries: Sequence[Entry]) -> list[Outcome]:
        """Score what has no result yet, together, and write a result for each."""
        outcomes: dict[int, Outcome] = {}
        waiting: dict[int, Entry] = {}
        for index, entry in enumerate(entries):
            try:
                old = self._old_result(entry)
            except BokehbenchError as error:
                outcomes[index] = Outcome(entry.reference.name, None, error)
                continue
            if old is None or ("lpips" in old.unavailable and self.lpips is not None):
                waiting[index] = entry
            else:
                outcomes[index] = Outcome(entry.reference.name, old)
        scored = score_entries(
            list(waiting.values()), self.dataset, self.protocol, self.lpips, threads=self.threads, report=self.report
        )
        for (index, entry), found in zip(waiting.items(), scored, strict=True):
            outcomes[index] = self._outcome(entry, found)
        return [outcomes[index] for index in range(len(entries))]

    def _outcome(self, entry: Entry, scored: Scored) -> Outcome:
        name = entry.reference.name
        if scored.errors:
            shown = "; ".join(scored.errors[:_SHOWN])
            error = BadInputError(f"{len(scored.errors)} predictions of {name} cannot be scored: {shown}")
            return Outcome(name, None, error)
        environment = describe_environment(jobs=self.jobs, threads=self.threads)
        if self.lpips is not None:
            environment["lpips_backbone_sha256"] = self.lpips.backbone_sha256
        samples = tuple(scored.scores.values())
        result = Result(
            schema_version=_SCHEMA_VERSION,
            protocol=describe_protocol(self.protocol),
            dataset=self.described,
            method=entry.reference,
            environment=environment,
            created=datetime.now(UTC),
            unavailable={} if self.lpips is not None else {"lpips": _no_weights(self.protocol.lpips.net)},
            notices=entry.notices,
            samples=samples,
            summary=summarise(samples),
        )
        write_result(self.store.result(entry.reference), result, completes=True)  # under the run's lock, see above
        with suppress(FileNotFoundError):
            entry.journal.unlink()
        return Outcome(name, result)

    def _old_result(self, entry: Entry) -> Result | None:
        """Return the finished result of these very predictions; raises BadInputError when it is another one's."""
        path = self.store.result(entry.reference)
        if not path.is_file():
            return None
        old = load_result(path)
        now = {
            "protocol": self.protocol.sha256,
            "dataset": self.dataset.files_sha256,
            **entry.reference.model_dump(),
            "predictions": entry.sha256(),
            "LPIPS weights": self.lpips.backbone_sha256 if self.lpips else None,
        }
        then = {
            "protocol": old.protocol.sha256,
            "dataset": old.dataset.files_sha256,
            **old.method.model_dump(),
            "predictions": {score.sample: score.prediction_sha256 for score in old.samples},
            "LPIPS weights": old.environment.get("lpips_backbone_sha256", ALEX_SHA256) if self.lpips else None,
        }
        if "lpips" in old.unavailable:
            then["LPIPS weights"] = now["LPIPS weights"]
        differs = [what for what in now if now[what] != then[what]]
        if differs:
            raise BadInputError(
                f"{path} holds a result that differs in {', '.join(differs)}, and results are never overwritten; "
                "give the method another revision, or choose another --out"
            )
        return old


def _no_weights(net: str) -> str:
    wanted = net_of(net)
    where = f"name a file by --lpips-weights or {WEIGHTS_VARIABLE}"
    or_fetch = ", or fetch them with bokehbench doctor --download-lpips" if net == "alex" else ""
    return f"no weights of {wanted.title} on this machine ({wanted.torchvision_file}); {where}{or_fetch}"
