"""What is wrong with predictions, in sentences for their author: kinds, one problem, and all of them as one text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from pathlib import PurePosixPath

from bokeh_render.schema import Record

from ..samples import Sample

_SHOWN = 8
_LONGEST_NAME = 160


class Severity(StrEnum):
    """An error keeps predictions from being scored; a notice only goes with the result."""

    ERROR = "error"
    NOTICE = "notice"


class Kind(StrEnum):
    """What sort of problem it is, in the order in which they are shown."""

    RECORD = "submission.json"
    MIXED = "mixed dataset versions"
    DATASET = "dataset"
    MISSING = "missing"
    MISNAMED = "misnamed"
    DOUBLED = "doubled"
    EXTRA = "extra"
    FORMAT = "wrong format"
    UNREADABLE = "unreadable"
    SIZE = "wrong size"
    NUMBERS = "wrong kind of numbers"
    CHANNELS = "wrong channels"
    NOT_FINITE = "not finite"
    NEGATIVE = "negative light"
    SCALE = "wrong scale"
    CONSTANT = "one colour"
    TRANSFER = "light or display values"
    COLOURS = "colours exchanged"
    TURNED = "turned or mirrored"
    SCENES = "scenes exchanged"
    ORDER = "samples exchanged"
    INPUT = "the input itself"
    TRUTH = "a ground truth"
    COPIED = "copies"
    ABOVE_NOISE = "above the noise floor"
    TONE = "tone"
    SHIFTED = "shifted"
    EIGHT_BITS = "8 bits"


CHECKS: dict[str, tuple[Kind, ...]] = {
    "submission.json": (Kind.RECORD, Kind.MIXED),
    "dataset": (Kind.DATASET,),
    "names": (Kind.MISSING, Kind.MISNAMED, Kind.DOUBLED, Kind.EXTRA),
    "files": (Kind.FORMAT, Kind.UNREADABLE, Kind.SIZE, Kind.NUMBERS, Kind.CHANNELS, Kind.EIGHT_BITS),
    "values": (Kind.NOT_FINITE, Kind.NEGATIVE, Kind.SCALE, Kind.CONSTANT),
    "likeness": (
        Kind.TRANSFER,
        Kind.COLOURS,
        Kind.TURNED,
        Kind.SCENES,
        Kind.ORDER,
        Kind.INPUT,
        Kind.TRUTH,
        Kind.COPIED,
        Kind.ABOVE_NOISE,
        Kind.TONE,
        Kind.SHIFTED,
    ),
}
"""Every kind, by the check that finds it."""


class Problem(Record):
    """One thing that is wrong.

    sample: ``<scene>/bokeh_KK_FF``, file: its name in the submission, None where it is about many; sentence: what was
    found, what was expected, what to do.
    """

    kind: Kind
    sentence: str
    sample: str | None = None
    file: str | None = None
    severity: Severity = Severity.ERROR


def problem(
    kind: Kind,
    sentence: str,
    *,
    sample: Sample | None = None,
    file: PurePosixPath | None = None,
    severity: Severity = Severity.ERROR,
) -> Problem:
    """Return a problem about a sample or a file, or about all."""
    return Problem(
        kind=kind,
        sentence=sentence,
        sample=None if sample is None else str(sample),
        file=None if file is None else shown(file),
        severity=severity,
    )


def shown(name: PurePosixPath | str) -> str:
    """Return a file's name as it can be printed: what is not printable becomes ``?``, what is long is cut."""
    text = "".join(letter if letter.isprintable() else "?" for letter in str(name))
    return text if len(text) <= _LONGEST_NAME else f"{text[:_LONGEST_NAME]}…"


def grouped(problems: Iterable[Problem]) -> str:
    """Return problems as text, grouped by kind: how many, and the first eight of each."""
    by_kind: dict[Kind, list[Problem]] = {}
    for one in problems:
        by_kind.setdefault(one.kind, []).append(one)
    return "\n".join(line for kind in Kind if kind in by_kind for line in _group(kind, by_kind[kind]))


def _group(kind: Kind, problems: Sequence[Problem]) -> list[str]:
    lines = [f"  {kind} ({len(problems)}):", *(f"    {one.sentence}" for one in problems[:_SHOWN])]
    if len(problems) > _SHOWN:
        lines.append(f"    … and {len(problems) - _SHOWN} more")
    return lines
