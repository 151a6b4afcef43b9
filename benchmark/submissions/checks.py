"""Every guard between predictions that somebody made elsewhere and a score: all problems at once, nothing written.

One pass over predictions and truths, scene by scene; no metric but squared errors is computed here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from bokeh_render.errors import BadInputError
from bokeh_render.optics import signed_defocus
from bokeh_render.progress import ReportStep, Step, silent
from generator.stack import SampleKey

from ..dataset import Dataset
from ..protocols import Protocol
from ..samples import Sample
from ..scene import Scene
from .files import read_prediction_file
from .likeness import Given, Look, TruthLook, look_at_prediction, look_at_truth
from .likeness_rules import above_noise
from .names import match_names
from .problems import Kind, Problem, Severity, grouped, problem, shown
from .submission import SUBMISSION_FILE, Submission, SubmissionRecord
from .submission_likeness import SubmissionLikeness

_FULL_BITS = 16


@dataclass(frozen=True)
class Checked:
    """Predictions that were looked at.

    name: the submission's; files: the file of each sample that has one; problems: errors and notices, in the order in
    which they are shown; compared: how many predictions were held against their truths; seconds: what each sample took,
    as ``submission.json`` says.
    """

    name: str
    files: dict[Sample, Path]
    problems: tuple[Problem, ...]
    compared: int
    seconds: dict[Sample, float]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What keeps the predictions from being scored."""
        return tuple(one for one in self.problems if one.severity is Severity.ERROR)

    @property
    def notices(self) -> tuple[str, ...]:
        """What a reader of the result should know, in sentences."""
        return tuple(one.sentence for one in self.problems if one.severity is Severity.NOTICE)

    def refuse(self) -> None:
        """Raise BadInputError that lists every error by its kind, if there is any."""
        errors = self.errors
        if errors:
            kinds = len({one.kind for one in errors})
            raise BadInputError(
                f"predictions in {self.name} cannot be scored, {len(errors)} problem(s) of {kinds} kind(s):\n"
                + grouped(errors)
            )


class _Seen(NamedTuple):
    """What one truth and its predictions left behind."""

    truth: TruthLook | None
    looks: tuple[Look, ...]
    problems: tuple[Problem, ...]
    eight_bits: int


def check_submission(
    submission: Submission,
    dataset: Dataset,
    protocol: Protocol,
    *,
    allow_identity: bool = False,
    threads: int = 2,
    report: ReportStep = silent,
) -> Checked:
    """Look at every prediction of a submission and say all that is wrong with it (``Checked.refuse`` raises it).

    allow_identity: predictions may equal the input; threads: that read and compare, 0 = all cores. Raises
    BadInputError when the protocol does not fit the dataset.
    """
    samples = dataset.samples(protocol)
    names = match_names(submission.files, samples, protocol, submission.links)
    files = {sample: submission.files[name] for sample, name in names.files.items()}
    problems = [*_record_problems(submission, samples, dataset, protocol), *names.problems]
    look = _Looking(submission, names.files, dataset, protocol)
    together = SubmissionLikeness(len(samples), protocol.gamma)
    compared = eight_bits = done = 0
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        for scene, group in groupby(samples, key=lambda sample: sample.scene):
            of_scene = list(group)
            report(Step("check predictions", done, len(samples), scene))
            truths: list[TruthLook] = []
            looks: list[Look] = []
            for seen in look.at_scene(scene, of_scene, pool):
                problems += seen.problems
                eight_bits += seen.eight_bits
                looks += seen.looks
                truths += [seen.truth] if seen.truth is not None else []
            suffixes = {one.sample: names.files[one.sample].suffix for one in looks}
            problems += together.add(truths, looks, suffixes, allow_identity=allow_identity)
            if looks:
                problems += above_noise(looks, dataset.noise_floor(scene))
            compared += len(looks)
            done += len(of_scene)
    report(Step("check predictions", len(samples), len(samples)))
    problems += together.judge()
    if eight_bits:
        problems.append(_eight_bits(eight_bits, len(samples)))
    order = {kind: position for position, kind in enumerate(Kind)}
    problems.sort(key=lambda one: order[one.kind])
    return Checked(submission.name, files, tuple(problems), compared, _seconds(submission.record, samples))


@dataclass(frozen=True)
class _Looking:
    """Reads the predictions of one scene after another."""

    submission: Submission
    names: dict[Sample, PurePosixPath]
    dataset: Dataset
    protocol: Protocol

    def at_scene(self, scene: str, samples: Sequence[Sample], pool: ThreadPoolExecutor) -> Iterator[_Seen]:
        """Yield what each truth of a scene and its predictions leave behind; one image a thread is in memory."""
        try:
            given = self.dataset.scene(scene)
            display = self.dataset.method_input(Sample(*samples[0].truth), self.protocol).display
        except BadInputError as error:
            yield _Seen(None, (), (problem(Kind.DATASET, str(error)),), 0)
            return
        clipped = Given.of(display, self.protocol.clip_scored)
        groups = [list(group) for _, group in groupby(samples, key=lambda sample: sample.truth)]
        yield from pool.map(lambda group: self._at_truth(group[0].truth, group, given, clipped), groups)

    def _at_truth(self, key: SampleKey, samples: Sequence[Sample], scene: Scene, given: Given) -> _Seen:
        try:
            truth = self.dataset.truth(key)
        except BadInputError as error:
            return _Seen(None, (), (problem(Kind.DATASET, str(error)),), 0)
        protocol = self.protocol
        display = truth.as_display(protocol.gamma).clip(*protocol.clip_scored)
        defocus = signed_defocus(scene.disparity, scene.blur_parameters[key.blur], scene.focus_disparities[key.focus])
        looks: list[Look] = []
        problems: list[Problem] = []
        eight_bits = 0
        for sample in samples:
            if (name := self.names.get(sample)) is None:
                continue
            found = read_prediction_file(self.submission.files[name], name, sample, scene.size, truth)
            problems += found.problems
            eight_bits += found.bits is not None and found.bits <= 8
            if found.image is not None:
                looks.append(
                    look_at_prediction(
                        sample,
                        found.image.as_display(protocol.gamma),
                        display,
                        given,
                        gamma=protocol.gamma,
                        clip=protocol.clip_scored,
                        bits=found.bits or _FULL_BITS,
                    )
                )
        return _Seen(look_at_truth(key, display, given, defocus), tuple(looks), tuple(problems), eight_bits)


def _record_problems(
    submission: Submission, samples: Sequence[Sample], dataset: Dataset, protocol: Protocol
) -> Iterator[Problem]:
    """Yield what is wrong with ``submission.json``, or does not fit what the predictions are to be scored on."""
    if submission.record_problem is not None:
        yield problem(Kind.RECORD, submission.record_problem)
    record = submission.record
    if record is None:
        return
    if record.protocol not in (None, protocol.name):
        yield problem(
            Kind.MIXED,
            f"{SUBMISSION_FILE} says protocol {shown(str(record.protocol))}, but these predictions are to be scored "
            f"under {protocol.name}; expected the same: name it by --protocol, or render with the other's input",
        )
    if record.dataset_files_sha256 not in (None, dataset.files_sha256):
        yield problem(
            Kind.MIXED,
            f"{SUBMISSION_FILE} says that the dataset was rendering {shown(record.dataset_files_sha256 or '')[:12]}…, "
            f"but {dataset.root} is {dataset.files_sha256[:12]}…; expected the same files_sha256: render on this one, "
            "or name the other by --dataset",
        )
    known = {str(sample) for sample in samples}
    strange = [name for name in record.seconds if name not in known]
    if strange:
        yield problem(
            Kind.RECORD,
            f"{SUBMISSION_FILE} has seconds of {len(strange)} unknown sample(s), first {shown(strange[0])}; expected "
            "names like <scene>/bokeh_KK_FF: correct them or leave them out",
        )


def _seconds(record: SubmissionRecord | None, samples: Sequence[Sample]) -> dict[Sample, float]:
    told = {} if record is None else record.seconds
    return {sample: told[str(sample)] for sample in samples if str(sample) in told}


def _eight_bits(count: int, total: int) -> Problem:
    return problem(
        Kind.EIGHT_BITS,
        f"{count} of {total} predictions are stored with 8 bits, which bounds them at 58.9 dB; expected 16 bits: "
        "write 16-bit PNG, EXR or NPY",
        severity=Severity.NOTICE,
    )
