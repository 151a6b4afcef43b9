"""The guard of a store: everything in it looked at, all that is wrong said at once, and what is new told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bokeh_render.errors import BadInputError

from .admission import check_entry, check_rendering
from .entry_file import Filed
from .findings import Finding, Kind, Severity, errors
from .history import check_history
from .resemblance import check_resemblance
from .standing import standing
from .store import RESULTS_FOLDER
from .store_files import StoreFiles, read_files


@dataclass(frozen=True)
class NewEntry:
    """An entry that an older copy of the store has not got. standing: its rank and its changes, in words."""

    file: str
    standing: tuple[str, ...]


@dataclass(frozen=True)
class CheckedStore:
    """What was found. files: those that could be read; new: empty without an older copy."""

    files: StoreFiles
    findings: tuple[Finding, ...]
    new: tuple[NewEntry, ...] = ()


def check_store(root: Path, now: datetime, against: Path | None = None) -> CheckedStore:
    """Check a whole store. now: UTC; against: an older copy, since which entries may only have been added.

    Raises BadInputError when ``root`` or ``against`` holds no entries at all.
    """
    files = read_files(root)
    if not files.entries and not files.findings:
        raise BadInputError(f"{root} holds no {RESULTS_FOLDER}/**.json; expected a store: name its folder by --store")
    old = None
    if against is not None:
        old = read_files(against)
        if not old.entries and not old.findings:
            raise BadInputError(
                f"{against} holds no {RESULTS_FOLDER}/**.json; expected an older copy of the store: name its folder by "
                "--against, or leave that out as long as the store is new"
            )
    filed = _in_order_of_admission(files, old)
    found = list(files.findings)
    for one in filed:
        found += check_entry(one, files.by_files_sha256, now)
    found += _check_renderings(files)
    found += check_resemblance(filed)
    if old is not None:
        found += check_history(files, old)
    return CheckedStore(files, tuple(found), () if old is None else tuple(_new_entries(files, old, found)))


def _in_order_of_admission(files: StoreFiles, old: StoreFiles | None) -> list[Filed]:
    """Return the entries that were there before first, then by when they were made."""
    before = set() if old is None else {one.file for one in old.entries}
    return sorted(files.entries, key=lambda one: (one.file not in before, one.entry.result.created, one.file))


def _check_renderings(files: StoreFiles) -> Iterator[Finding]:
    used = {one.entry.result.dataset.files_sha256 for one in files.entries}
    first: dict[str, str] = {}
    for file, rendering in files.renderings.items():
        yield from check_rendering(file, rendering)
        other = first.setdefault(rendering.files_sha256, file)
        if other != file:
            yield Finding(
                Kind.DOUBLED,
                file,
                f"the rendering {rendering.files_sha256[:12]}… is described by {other} as well; expected one file for "
                "each: remove one",
            )
        if rendering.files_sha256 not in used:
            yield Finding(
                Kind.RENDERING,
                file,
                "no entry is of this rendering; expected at least one: remove the file if none will come",
                Severity.NOTICE,
            )


def _new_entries(files: StoreFiles, old: StoreFiles, findings: list[Finding]) -> Iterator[NewEntry]:
    """Yield the entries without errors that are new, with where they stand among those without errors."""
    wrong = {finding.file for finding in errors(findings)}
    sound = [one for one in files.entries if one.file not in wrong]
    before = {one.file for one in old.entries}
    for one in sound:
        if one.file not in before:
            told = standing(one.entry, [other.entry for other in sound], files.by_files_sha256)
            yield NewEntry(one.file, tuple(told))
