"""What is wrong with an entry or a store, in sentences for its author: kinds, one finding, and all of them as text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """An error keeps an entry out; a notice is for whoever reads the pull request."""

    ERROR = "error"
    NOTICE = "notice"


class Kind(StrEnum):
    """What sort of finding it is."""

    SIZE = "too large"
    CONTENT = "content"
    PLACE = "place"
    NAME = "name"
    DOUBLED = "doubled"
    METHOD = "method"
    TIME = "time"
    PROTOCOL = "protocol"
    RENDERING = "rendering"
    SAMPLES = "samples"
    METRICS = "metrics"
    REGIONS = "regions"
    VALUES = "impossible values"
    TRUTH = "a ground truth"
    ABOVE_NOISE = "above the noise floor"
    OTHER_TRUTHS = "other truths"
    COPIED = "copied"
    REMOVED = "removed"
    CHANGED = "changed"
    STATUS = "status"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong. file: where, as people are told of it; sentence: found, expected, what to do."""

    kind: Kind
    file: str
    sentence: str
    severity: Severity = Severity.ERROR


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Return those that keep an entry out."""
    return [one for one in findings if one.severity is Severity.ERROR]


def listed(findings: Iterable[Finding]) -> str:
    """Return findings as text, file by file, all of them."""
    by_file: dict[str, list[Finding]] = {}
    for one in findings:
        by_file.setdefault(one.file, []).append(one)
    lines = []
    for file in sorted(by_file):
        lines.append(_printable(file))
        lines += [f"  {one.severity}, {one.kind}: {_printable(one.sentence)}" for one in by_file[file]]
    return "\n".join(lines)


def _printable(text: str) -> str:
    """Return text in which nothing from a file can act on a terminal or pass for a line of ours."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
