"""Where an entry stands: its rank on its board, and what changed since the previous revision of its method."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmark.rendering import Rendering
from benchmark.reports.table_text import format_value
from benchmark.results import METRICS, Result

from .board import boards
from .entry import Entry

MOVED = 0.001
"""A sample has moved when any of its metrics differs by more than this."""


@dataclass(frozen=True)
class RevisionChange:
    """How a revision's numbers differ from an earlier one's.

    means: new − old, by metric, none where the two are of different samples; samples, moved: how many.
    """

    earlier: str
    means: dict[str, float]
    samples: int
    moved: int

    def __str__(self) -> str:
        means = ", ".join(
            f"{metric.upper()} {format_value(metric, mean, signed=True)}{' dB' if metric == 'psnr' else ''}"
            for metric, mean in self.means.items()
        )
        means = means or "no means, as the samples are not the same"
        moved = f"{self.moved} of {self.samples} samples moved by more than {MOVED:g}"
        return f"against revision {self.earlier}: {means}; {moved}"


def same_board(entry: Entry, entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries that may be ranked with one: same protocol, same rendering."""
    return [one for one in entries if _board(one) == _board(entry)]


def _board(entry: Entry) -> tuple[str, str, str]:
    protocol = entry.result.protocol
    return protocol.name, protocol.sha256, entry.result.dataset.files_sha256


def rank_in_words(entry: Entry, entries: Sequence[Entry], renderings: Mapping[str, Rendering]) -> str:
    """Return an entry's rank on its board. entries: of the store, this one among them; renderings: by files_sha256."""
    (board,) = boards(same_board(entry, entries), renderings)
    place = f"{board.protocol.name}, {board.rendering.name} {board.rendering.version} ({board.key[1][:12]})"
    newest = board.entries[entry.method]
    if newest.result.method.revision != entry.result.method.revision:
        return f"not ranked on {place}: revision {newest.result.method.revision} is newer"
    if not board.is_whole(entry.method):
        return f"not ranked on {place}: {board.lacking(entry.method)} samples are missing"
    return f"rank {board.ranks[entry.method]} of {len(board.ranked)} on {place}"


def change_since_previous(entry: Entry, entries: Iterable[Entry]) -> RevisionChange | None:
    """Return what changed since the newest older revision of the same method on the same board; None without one."""
    result = entry.result
    older = [
        one.result
        for one in same_board(entry, entries)
        if one.method == entry.method
        and one.result.method.revision != result.method.revision
        and one.result.created <= result.created
    ]
    return revision_change(result, max(older, key=lambda one: one.created)) if older else None


def revision_change(new: Result, old: Result) -> RevisionChange:
    """Compare two results: their means, if both are over the same samples, and the samples that both have."""
    before = {score.sample: score.metrics for score in old.samples}
    are_alike = before.keys() == {score.sample for score in new.samples}
    means = {}
    for metric in METRICS if are_alike else ():
        now, then = (getattr(result.summary.overall, metric) for result in (new, old))
        if now is not None and then is not None:
            means[metric] = now - then
    pairs = [(score.metrics, before[score.sample]) for score in new.samples if score.sample in before]
    moved = 0
    for now, then in pairs:
        values = [(getattr(now, metric), getattr(then, metric)) for metric in METRICS]
        moved += any(a is not None and b is not None and abs(a - b) > MOVED for a, b in values)
    return RevisionChange(old.method.revision, means, len(pairs), moved)


def standing(entry: Entry, entries: Sequence[Entry], renderings: Mapping[str, Rendering]) -> list[str]:
    """Return lines that say where an entry stands. entries, renderings: see :func:`rank_in_words`."""
    change = change_since_previous(entry, entries)
    return [rank_in_words(entry, entries, renderings), *([str(change)] if change is not None else [])]
