"""What hashes and sizes say, in an entry and between entries: other truths, truths handed in, copied predictions.

Entries come in the order in which they were admitted; of two that contradict each other, the later one is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from benchmark.results import MethodReference
from benchmark.samples import Sample

from .entry_file import Filed
from .findings import Finding, Kind, Severity

SHARE_WORTH_TELLING = 0.1

_Truth = tuple[str, int, int]
_Sizes = dict[str, int]
_Prediction = tuple[Sample, str]


def check_resemblance(filed: Sequence[Filed]) -> Iterator[Finding]:
    """Yield what is wrong between entries. filed: in the order in which they were admitted."""
    yield from _check_names(filed)
    yield from _check_doubled(filed)
    yield from _check_truths(filed)
    yield from _check_region_sizes(filed)
    yield from _check_one_for_all(filed)
    yield from _check_copies(filed)


def _check_names(filed: Sequence[Filed]) -> Iterator[Finding]:
    """Yield names, and revisions of one name, that differ in case only: on some file systems they are one file."""
    names: dict[str, str] = {}
    revisions: dict[tuple[str, str], str] = {}
    for one in filed:
        method = one.entry.result.method
        name = names.setdefault(method.name.casefold(), method.name)
        revision = revisions.setdefault((method.name, method.revision.casefold()), method.revision)
        for what, told, earlier in (("name", method.name, name), ("revision", method.revision, revision)):
            if told != earlier:
                yield Finding(
                    Kind.NAME,
                    one.file,
                    f"the method's {what} {told!r} differs only in case from {earlier!r}, which is there; expected "
                    "names that every file system keeps apart: choose another",
                )


def _check_doubled(filed: Sequence[Filed]) -> Iterator[Finding]:
    first: dict[tuple[str, str, str, str], str] = {}
    for one in filed:
        result = one.entry.result
        method = result.method
        key = (result.protocol.name, result.dataset.files_sha256, method.name, method.revision)
        other = first.setdefault(key, one.file)
        if other != one.file:
            yield Finding(
                Kind.DOUBLED,
                one.file,
                f"{method.name} {method.revision} is entered by {other} as well; expected one file for a revision: "
                "remove one",
            )


def _check_truths(filed: Sequence[Filed]) -> Iterator[Finding]:
    """Yield entries that were scored against other files than the first of their rendering, or that are those files."""
    known: dict[str, dict[_Truth, tuple[str, str]]] = defaultdict(dict)
    for one in filed:
        result = one.entry.result
        truths = known[result.dataset.files_sha256]
        others: dict[str, list[str]] = defaultdict(list)
        for score in result.samples:
            if score.truth_sha256 is not None:
                first, by = truths.setdefault(score.sample.truth, (score.truth_sha256, one.file))
                if first != score.truth_sha256:
                    others[by].append(str(score.sample))
        for by, samples in others.items():
            yield Finding(
                Kind.OTHER_TRUTHS,
                one.file,
                f"{len(samples)} sample(s), first {samples[0]}, were compared with other ground truths than in {by}, "
                "though the rendering is the same; expected the same files: evaluate on the dataset as generated",
            )
        hashes = {sha256 for sha256, _ in truths.values()}
        handed_in = [str(score.sample) for score in result.samples if score.prediction_sha256 in hashes]
        if handed_in:
            yield Finding(
                Kind.TRUTH,
                one.file,
                f"{len(handed_in)} prediction(s), first {handed_in[0]}, are files of ground truths by their sha256; "
                "expected what a method made: hand in its output, not files of the dataset",
            )


def _check_region_sizes(filed: Sequence[Filed]) -> Iterator[Finding]:
    """Yield entries whose regions are others than in the first of their board: those follow from the truth alone."""
    known: dict[tuple[str, str], dict[_Truth, tuple[_Sizes, str]]] = defaultdict(dict)
    for one in filed:
        result = one.entry.result
        told = known[result.protocol.sha256, result.dataset.files_sha256]
        others: dict[str, list[str]] = defaultdict(list)
        for score in result.samples:
            sizes = {name: region.pixels for name, region in score.regions.items()}
            first, by = told.setdefault(score.sample.truth, (sizes, one.file))
            if first != sizes:
                others[by].append(str(score.sample))
        for by, samples in others.items():
            where = "in another of its own samples" if by == one.file else f"in {by}"
            yield Finding(
                Kind.REGIONS,
                one.file,
                f"{len(samples)} sample(s), first {samples[0]}, have other regions, or of other sizes, than {where}, "
                "though both follow from the truth; expected the same: score the predictions again with bokehbench "
                "evaluate",
            )


def _check_one_for_all(filed: Sequence[Filed]) -> Iterator[Finding]:
    """Yield entries that have one prediction for several scenes; one for all settings of a scene can be honest."""
    for one in filed:
        first: dict[str, Sample] = {}
        doubled = []
        for score in one.entry.result.samples:
            other = first.setdefault(score.prediction_sha256, score.sample)
            if other.scene != score.scene:
                doubled.append((score.sample, other))
        if doubled:
            sample, other = doubled[0]
            yield Finding(
                Kind.COPIED,
                one.file,
                f"{len(doubled)} prediction(s), first {sample}, are by their sha256 the same file as one of another "
                f"scene, {other}; expected one made for each scene: see what the method wrote, and evaluate again",
            )


def _check_copies(filed: Sequence[Filed]) -> Iterator[Finding]:
    """Yield entries whose predictions are, file by file, those of an earlier one of the same protocol and rendering."""
    boards: dict[tuple[str, str], list[tuple[MethodReference, frozenset[_Prediction]]]] = defaultdict(list)
    for one in filed:
        result = one.entry.result
        method = result.method
        predictions = frozenset((score.sample, score.prediction_sha256) for score in result.samples)
        earlier = boards[result.protocol.sha256, result.dataset.files_sha256]
        nearest: dict[str, tuple[float, str]] = {}
        for other, theirs in earlier:
            share = len(predictions & theirs) / len(predictions)
            nearest[other.name] = max(nearest.get(other.name, (0.0, "")), (share, other.revision))
        for name, (share, revision) in nearest.items():
            if share > SHARE_WORTH_TELLING if name != method.name else share == 1.0:
                yield Finding(
                    Kind.COPIED,
                    one.file,
                    f"{share:.0%} of the predictions of {method.name} {method.revision} are those of {name} "
                    f"{revision}, by their sha256; expected a method's own: enter one method under one name",
                    Severity.ERROR if share == 1.0 and name != method.name else Severity.NOTICE,
                )
        earlier.append((method, predictions))
