"""What likeness means within one scene: inputs and ground truths sent back, files copied, noise undercut.

Every threshold here and in ``submission_likeness`` lies where no method comes that draws its own images,
however bad it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np

from ..samples import Sample
from .likeness import Float64, Look, Reordering, TruthLook, decibels, psnr_table, reordering
from .problems import Kind, Problem, Severity, problem

_BLURRED_SHARE = 0.05
_SAME_TRUTH_DB = 40.0  # truths nearer than this are not told apart
_ABOVE_FLOOR_DB = 3.0


def own_likeness(look: Look, truth: TruthLook, *, allow_identity: bool) -> Iterator[Problem]:
    """Yield what one prediction is that it must not be: its input, though blurred, or its own truth."""
    sample = look.sample
    if look.equals_truth and not truth.equals_input:
        yield problem(
            Kind.TRUTH,
            f"{sample} equals its own ground truth to the last stored digit; expected what a method made: "
            "send its output, not files of the dataset",
            sample=sample,
        )
    elif look.equals_input and not truth.equals_input and not allow_identity and truth.blurred >= _BLURRED_SHARE:
        yield problem(
            Kind.INPUT,
            f"{sample} equals the all-in-focus input, though {truth.blurred:.0%} of its pixels are blurred by more "
            "than 1 px; expected a bokeh image: render it, or pass --allow-identity if the method is to do nothing",
            sample=sample,
        )


class SceneLikeness:
    """Judges the predictions of one scene together; keeps only numbers for :class:`SubmissionLikeness`."""

    def __init__(self, truths: Sequence[TruthLook], looks: Sequence[Look]) -> None:
        self._truths = {truth.key: truth for truth in truths}
        self._column = {truth.key: index for index, truth in enumerate(truths)}
        self._looks = looks
        table = [truth.points for truth in truths]
        self._between = psnr_table(table, table)

    def judge(self) -> tuple[list[Problem], list[Reordering]]:
        """Return copies and truths of other samples, and what other orders would gain for each disparity map."""
        problems = list(self._copies())
        orders = []
        keys = list(self._truths)
        by_map = sorted(self._looks, key=lambda look: look.sample.corruption or 0)
        for _, group in groupby(by_map, key=lambda look: look.sample.corruption):
            looks = list(group)
            table = psnr_table([look.points for look in looks], [truth.points for truth in self._truths.values()])
            problems += self._truths_of_others(looks, table)
            orders.append(reordering(table, [look.sample for look in looks], keys))
        return problems, orders

    def _differ(self, one: Sample, other: Sample) -> bool:
        return bool(self._between[self._column[one.truth], self._column[other.truth]] < _SAME_TRUTH_DB)

    def _copies(self) -> Iterator[Problem]:
        first: dict[bytes, Sample] = {}
        for look in self._looks:
            if look.equals_input or look.equals_truth:
                continue
            other = first.setdefault(look.digest, look.sample)
            if self._differ(other, look.sample):
                yield copied(look.sample, other)

    def _truths_of_others(self, looks: Sequence[Look], table: Float64) -> Iterator[Problem]:
        truths = list(self._truths.values())
        for look, row in zip(looks, table, strict=True):
            near = truths[int(row.argmax())]
            if look.equals_truth or not self._differ(look.sample, Sample(*near.key)) or near.equals_input:
                continue
            if np.abs(look.points - near.points).max() <= look.tolerance:
                yield problem(
                    Kind.TRUTH,
                    f"{look.sample} equals the ground truth of {near.key.scene}/{near.key.name}; expected what a "
                    "method made: send its output, not files of the dataset",
                    sample=look.sample,
                )


def copied(sample: Sample, other: Sample) -> Problem:
    """Return the problem that two predictions are one image."""
    return problem(
        Kind.COPIED,
        f"{sample} is the same image as {other}, though their ground truths differ; expected one image a sample: "
        "render it with its own blur and focus",
        sample=sample,
    )


def above_noise(looks: Sequence[Look], floors: Mapping[int, float]) -> Iterator[Problem]:
    """Yield a notice for each blur level of a scene whose mean PSNR is well above what its truth's noise leaves."""
    by_blur: dict[int, list[float]] = defaultdict(list)
    for look in looks:
        if not look.equals_truth:
            by_blur[look.sample.blur].append(decibels(look.error))
    for blur, values in sorted(by_blur.items()):
        mean = float(np.mean(values))
        if blur in floors and mean > floors[blur] + _ABOVE_FLOOR_DB:
            yield problem(
                Kind.ABOVE_NOISE,
                f"{looks[0].sample.scene}, blur level {blur:02d}, scores {mean:.1f} dB, though noise in the truth "
                f"leaves {floors[blur]:.1f} dB to a perfect prediction; expected no more: see that no truth was used",
                severity=Severity.NOTICE,
            )
