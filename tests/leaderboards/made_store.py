"""A store on disk, made of plain numbers, and entries that are changed on purpose."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmark.rendering import Rendering
from benchmark.results import Result, SampleScore, summarise
from bokeh_render.atomic import write_json
from leaderboards.entry import Entry
from leaderboards.entry_file import write_entry
from leaderboards.findings import Severity
from leaderboards.store import entry_path, rendering_path
from leaderboards.store_check import check_store
from tests.leaderboards.made_entries import made_rendering

NOW = datetime(2026, 12, 1, tzinfo=UTC)
"""When the checks of tests take place: after all that ``made_entries`` makes."""


def write_store(root: Path, entries: Sequence[Entry], renderings: Sequence[Rendering] | None = None) -> Path:
    """Write entries and what they are of as a store has them."""
    for rendering in [made_rendering()] if renderings is None else renderings:
        write_json(rendering_path(root, rendering), rendering.model_dump(mode="json"))
    for entry in entries:
        write_entry(entry_path(root, entry.result), entry)
    return root


def with_result(entry: Entry, **changes: Any) -> Entry:
    """Return an entry whose result is another in part; what follows from its samples follows again."""
    result = entry.result.model_copy(update=changes)
    return Entry(result=Result.model_validate(result.model_copy(update={"summary": summarise(result.samples)})))


def with_samples(entry: Entry, change: Callable[[SampleScore], SampleScore | None]) -> Entry:
    """Return an entry with every sample changed, or left out where ``change`` returns None."""
    changed = (change(score) for score in entry.result.samples)
    return with_result(entry, samples=tuple(score for score in changed if score is not None))


def problems(root: Path, against: Path | None = None) -> list[str]:
    """Return what the check of a store finds, as ``kind: sentence``; notices begin with a star."""
    found = check_store(root, NOW, against).findings
    return [f"{'*' * (one.severity is Severity.NOTICE)}{one.kind}: {one.sentence}" for one in found]
