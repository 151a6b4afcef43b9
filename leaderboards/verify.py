"""Checking an entry by scoring again: its own predictions, with the same numbers, or what its code makes anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from benchmark.protocols import PROTOCOLS, Protocol
from benchmark.results import METRICS, MethodReference, Result, SampleScore
from benchmark.samples import Sample
from bokeh_render.errors import BadInputError
from bokeh_render.schema import parse

from .entry import STATUSES, Entry, Verification
from .entry_file import load_strictly, read_strictly, write_entry
from .store import RESULTS_FOLDER

Proof = Literal["reproduced", "verified"]

TOLERANCES: dict[Proof, dict[str, float]] = {
    "reproduced": dict.fromkeys(METRICS, 1e-6),
    "verified": {"psnr": 0.02, "ssim": 0.0005, "lpips": 0.001},
}
"""How far a sample's metrics may differ.

The same files give the same numbers to rounding. Run on another machine, a method's images differ a little: sums are
taken in another order, a card's convolutions are not a processor's. 0.02 dB is a change of 0.23 % of the error, which
at 40 dB is one and a half steps of a 16-bit file at every pixel, all in the error's own direction.
"""


@dataclass(frozen=True)
class Difference:
    """One number of one sample that is not what the entry says. measure: psnr, ssim or lpips, also of a region."""

    sample: Sample
    name: str
    told: float | None
    found: float | None
    allowed: float

    @property
    def size(self) -> float:
        """How far apart the two are; infinite where only one is there."""
        return float("inf") if self.told is None or self.found is None else abs(self.told - self.found)


@dataclass(frozen=True)
class Comparison:
    """An entry beside what was found. other_files: predictions with another sha256; other_truths: truths likewise.

    differences: of every number, the largest first, as multiples of what is allowed.
    """

    proves: Proof
    other_files: tuple[Sample, ...]
    other_truths: tuple[Sample, ...]
    differences: tuple[Difference, ...]

    @property
    def too_large(self) -> tuple[Difference, ...]:
        """The differences that are not allowed."""
        return tuple(one for one in self.differences if one.size > one.allowed)

    @property
    def agrees(self) -> bool:
        """Whether the entry says what was found."""
        same_files = self.proves == "verified" or not self.other_files
        return same_files and not self.other_truths and not self.too_large

    @property
    def largest(self) -> dict[str, float]:
        """The largest difference of each whole-image metric."""
        return {name: max(one.size for one in self.differences if one.name == name) for name in METRICS}


def find_entry(text: str, store: Path | None) -> Path:
    """Return an entry's file. text: a path, or ``<protocol>/<dataset>@<version>/<method>/<revision>`` of the store.

    Raises BadInputError when there is none.
    """
    tried = [Path(text)]
    if store is not None:
        tried += [store / text, store / RESULTS_FOLDER / text, store / RESULTS_FOLDER / f"{text}.json"]
    for path in tried:
        if path.is_file():
            return path
    where = "" if store is None else f", nor in the store {store}"
    raise BadInputError(
        f"there is no entry {text}{where}; expected its file, or <protocol>/<dataset>@<version>/<method>/<revision>"
    )


def load_entry(path: Path) -> tuple[Entry, Protocol]:
    """Read an entry and its protocol; raises BadInputError when it is none, or of a protocol that is not published."""
    content = read_strictly(path)
    if isinstance(content, dict) and "result" not in content:
        raise BadInputError(
            f"{path} is no entry of a store; expected one, which keeps its verifications: enter the result first, with "
            "bokehbench submit"
        )
    entry = parse(Entry, content, str(path))
    told = entry.result.protocol
    protocol = PROTOCOLS.get(told.name)
    if protocol is None:
        raise BadInputError(
            f"{path} is of the protocol {told.name!r}; expected a published one, {', '.join(PROTOCOLS)}: it can not be "
            "verified"
        )
    if protocol.sha256 != told.sha256:
        raise BadInputError(
            f"{path} was scored by another {told.name} ({told.sha256[:12]}…) than the published one; expected "
            f"{protocol.sha256[:12]}…: it can not be verified"
        )
    return entry, protocol


def check_same_dataset(entry: Entry, files_sha256: str) -> None:
    """Refuse to verify on another rendering; raises BadInputError."""
    told = entry.result.dataset
    if told.files_sha256 != files_sha256:
        raise BadInputError(
            f"the dataset is the rendering {files_sha256[:12]}… and the entry is of {told.files_sha256[:12]}… of "
            f"{told.name} {told.version}; expected that one: import it by bokehbench dataset import"
        )


def check_same_method(entry: Entry, method: MethodReference) -> None:
    """Refuse to verify by code that is not the entry's; raises BadInputError before anything is run."""
    told = entry.result.method
    if (told.name, told.revision) != (method.name, method.revision):
        raise BadInputError(
            f"the method is {method.name} {method.revision} and the entry is of {told.name} {told.revision}; expected "
            "that name and revision: check out the code of the entry"
        )
    if told.source_sha256 is not None and told.source_sha256 != method.source_sha256:
        raise BadInputError(
            f"the code of {method.name} {method.revision} is not the entry's, by its sha256; expected the same code "
            "under one revision: check out the code of the entry"
        )


def compare(entry: Entry, found: Result, proves: Proof) -> Comparison:
    """Compare every number of an entry with a result of the same samples.

    Raises BadInputError when LPIPS could not be computed here.
    """
    if "lpips" in found.unavailable:
        raise BadInputError(f"LPIPS cannot be compared: {found.unavailable['lpips']}")
    here = {score.sample: score for score in found.samples}
    missing = [score.sample for score in entry.result.samples if score.sample not in here]
    if missing or len(here) != len(entry.result.samples):
        raise BadInputError(
            f"the entry has {len(entry.result.samples)} samples and {len(here)} were scored here; expected the same: "
            "see bokehbench leaderboard check"
        )
    pairs = [(score, here[score.sample]) for score in entry.result.samples]
    differences = [one for told, now in pairs for one in _differences(told, now, TOLERANCES[proves])]
    differences.sort(key=lambda one: one.size / one.allowed, reverse=True)
    return Comparison(
        proves=proves,
        other_files=tuple(told.sample for told, now in pairs if told.prediction_sha256 != now.prediction_sha256),
        other_truths=tuple(told.sample for told, now in pairs if told.truth_sha256 != now.truth_sha256),
        differences=tuple(differences),
    )


def _differences(told: SampleScore, now: SampleScore, allowed: dict[str, float]) -> Iterator[Difference]:
    for metric in METRICS:
        values = (getattr(told.metrics, metric), getattr(now.metrics, metric))
        yield Difference(told.sample, metric, *values, allowed[metric])
    for region in sorted({*told.regions, *now.regions}):
        for metric in ("psnr", "ssim"):
            one, other = (getattr(score.regions.get(region), metric, None) for score in (told, now))
            if one is not None or other is not None:
                yield Difference(told.sample, f"{region}_{metric}", one, other, allowed[metric])


def add_verification(path: Path, comparison: Comparison, found: Result, now: datetime) -> Entry:
    """Write into an entry that it was checked, and with it the status that this earns. comparison: one that agrees."""
    assert comparison.agrees
    entry = load_strictly(Entry, path)
    verification = Verification(
        proves=comparison.proves,
        created=now,
        largest_difference=comparison.largest,
        environment=found.environment,
        method_revision=found.method.revision if comparison.proves == "verified" else None,
    )
    order = list(STATUSES)
    updated = Entry(
        status=max(entry.status, comparison.proves, key=order.index),
        verifications=(*entry.verifications, verification),
        result=entry.result,
    )
    write_entry(path, updated)
    return updated


Rescore = Callable[[Entry, Protocol], Result]
"""Scores an entry's predictions again, or its method's; the command joins it to datasets and methods."""
