"""What controls find: numbers, a verdict and one sentence each; frozen, and the same on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from bokeh_render.errors import BokehbenchError
from bokeh_render.schema import Record

OVERVIEW_FILE = "control.png"
"""All plots on one sheet, beside the report."""

Verdict = Literal["pass", "notice", "fail"]
"""``pass``; ``notice``: know about it, it may be meant so; ``fail``: wrong, and it will cost in every table."""

VERDICTS: tuple[Verdict, ...] = ("pass", "notice", "fail")


class ControlResult(Record):
    """One control. numbers: what was measured, the unit in each name (``_px``, ``_db``; without one: a ratio or share);
    sentence: what it means and what the usual cause is; plot: file name beside the report, None where none was drawn.
    """

    name: str
    verdict: Verdict
    numbers: dict[str, float]
    sentence: str
    plot: str | None = None


class ControlReport(Record):
    """All controls of one revision of a method; ``control.json`` holds it."""

    method: str
    revision: str
    results: tuple[ControlResult, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of all verdicts."""
        return worst(*(result.verdict for result in self.results))

    def __getitem__(self, name: str) -> ControlResult:
        """Return the result of a control by its name; raises KeyError."""
        for result in self.results:
            if result.name == name:
                return result
        raise KeyError(name)


@dataclass(frozen=True)
class Judgement:
    """What a control says before anything is written. evidence: what its plot is drawn from."""

    verdict: Verdict
    numbers: Mapping[str, float]
    sentence: str
    evidence: object


@dataclass(frozen=True)
class NoEvidence:
    """Nothing could be measured; ``reason`` stands where the plot would."""

    reason: str


class UnmeasurableError(BokehbenchError):
    """The method gave no picture that a control could measure."""


class Bar(NamedTuple):
    """How far off a number may be: up to ``good`` it passes, up to ``bearable`` it is a notice, beyond it fails."""

    good: float
    bearable: float

    def verdict(self, error: float) -> Verdict:
        """Judge a deviation, smaller is better; NaN fails."""
        if error <= self.good:
            return "pass"
        return "notice" if error <= self.bearable else "fail"


class Floor(NamedTuple):
    """How much there must be of a number: from ``good`` up it passes, from ``bearable`` up it is a notice."""

    good: float
    bearable: float

    def verdict(self, amount: float) -> Verdict:
        """Judge an amount, larger is better; NaN fails."""
        if amount >= self.good:
            return "pass"
        return "notice" if amount >= self.bearable else "fail"


def worst(*verdicts: Verdict) -> Verdict:
    """Return the worst of some verdicts; ``pass`` for none."""
    return max(verdicts, key=VERDICTS.index, default="pass")
