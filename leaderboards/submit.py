"""Entering results into a store: all checks on all of them first, then all of them or none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path

from benchmark.rendering import Rendering
from bokeh_render.atomic import write_json
from bokeh_render.errors import BadInputError

from .admission import check_entry, check_rendering
from .entry import Entry
from .entry_file import LARGEST_BYTES, Filed, entry_text, read_entry, write_entry
from .findings import Finding, Kind, Severity, errors, listed
from .resemblance import check_resemblance
from .standing import standing
from .store import entry_path, rendering_path
from .store_files import StoreFiles, read_files, too_large, unreadable


@dataclass(frozen=True)
class Submitted:
    """One entry that is in the store now. is_new: it was not before; standing: its rank and its changes, in words."""

    path: Path
    is_new: bool
    standing: tuple[str, ...]


@dataclass(frozen=True)
class Submission:
    """What became of the results that were handed in. notices: what readers of the pull request should know."""

    entries: tuple[Submitted, ...]
    notices: tuple[Finding, ...]


def submit(paths: Sequence[Path], store: Path, now: datetime, rendering: Rendering | None = None) -> Submission:
    """Enter result files into a store; what is there already is left as it is.

    paths: results of ``bokehbench evaluate``, or entries, whose verifications are left behind: only those who keep a
    store verify. rendering: what the dataset consists of; needed for the first entry of each. now: UTC. Raises
    BadInputError that lists all that is wrong with any of them; nothing is written then.
    """
    if not store.is_dir():
        raise BadInputError(
            f"{store} is no folder; expected a store: make the folder first, or name another by --store"
        )
    given, unread = _read_all(paths)
    plan = _Plan(store, read_files(store), tuple(given), rendering)
    found = [*unread, *plan.findings(now)]
    wrong = errors(found)
    if wrong:
        raise BadInputError(f"nothing was entered; {len(wrong)} error(s) were found:\n{listed(found)}")
    if rendering is not None and plan.needs(rendering):
        write_json(rendering_path(store, rendering), rendering.model_dump(mode="json"))
    for one in plan.new:
        write_entry(store / _place(one), one.entry)
    every = [filed.entry for filed in (*plan.files.entries, *plan.new)]
    entries = tuple(
        Submitted(store / _place(one), one in plan.new, tuple(standing(one.entry, every, plan.known)))
        for one in plan.given
    )
    return Submission(entries, tuple(found))


def _read_all(paths: Sequence[Path]) -> tuple[list[Filed], list[Finding]]:
    given: dict[str, Filed] = {}
    found = []
    for path in paths:
        try:
            entry = read_entry(path)
        except BadInputError as error:
            found.append(unreadable(str(path), path, error))
        else:
            given[str(path)] = Filed(str(path), Entry(result=entry.result))
    return list(given.values()), found


def _place(one: Filed) -> str:
    return entry_path(Path(), one.entry.result).as_posix()


def _in_the_way(store: Path, place: Path) -> Path | None:
    """Return what keeps a file from a place: itself, or a link or file where a folder has to be. Relative to store."""
    for part in (*reversed(place.parents), place):
        path = store / part
        if part != Path() and (path.is_symlink() or (path.exists() and (part == place or not path.is_dir()))):
            return part
    return None


@dataclass(frozen=True)
class _Plan:
    """What is there, what was handed in, and the rendering that came with it."""

    store: Path
    files: StoreFiles
    given: tuple[Filed, ...]
    rendering: Rendering | None

    @cached_property
    def known(self) -> dict[str, Rendering]:
        """Renderings by files_sha256; the store's own, where it has one."""
        told = {} if self.rendering is None else {self.rendering.files_sha256: self.rendering}
        return told | self.files.by_files_sha256

    @cached_property
    def _there(self) -> dict[str, Entry]:
        return {one.file: one.entry for one in self.files.entries}

    @cached_property
    def new(self) -> tuple[Filed, ...]:
        """What was handed in and is not in the store."""
        there = self._there
        return tuple(
            one for one in self.given if _place(one) not in there or there[_place(one)].result != one.entry.result
        )

    def needs(self, rendering: Rendering) -> bool:
        """Return whether an entry is of this rendering, and the store has not got it."""
        files = rendering.files_sha256
        is_used = any(one.entry.result.dataset.files_sha256 == files for one in self.new)
        return is_used and files not in self.files.by_files_sha256

    def findings(self, now: datetime) -> Iterator[Finding]:
        """Yield all that is wrong with what was handed in."""
        yield from self._check_given_rendering()
        yield from self._check_free()
        yield from self._check_places()
        for one in self.given:
            yield from check_entry(one, self.known, now)
            size = len(entry_text(one.entry).encode())
            if size > LARGEST_BYTES:
                yield too_large(one.file, size)
        own = {one.file for one in self.new}
        for finding in check_resemblance([*self.files.entries, *self.new]):
            if finding.file in own and finding.kind is not Kind.DOUBLED:  # which the places tell
                yield finding

    def _check_given_rendering(self) -> Iterator[Finding]:
        if self.rendering is None:
            return
        yield from check_rendering("--dataset", self.rendering)
        if self.known[self.rendering.files_sha256] != self.rendering:
            yield Finding(
                Kind.RENDERING,
                "--dataset",
                f"the store describes the rendering {self.rendering.files_sha256[:12]}… otherwise; expected the same: "
                "generate or import the dataset again, or leave --dataset out",
            )
        if all(one.entry.result.dataset.files_sha256 != self.rendering.files_sha256 for one in self.given):
            yield Finding(
                Kind.RENDERING,
                "--dataset",
                f"nothing that was handed in is of this rendering, {self.rendering.files_sha256[:12]}…; expected the "
                "dataset that it was scored on: nothing was compared with it",
                Severity.NOTICE,
            )

    def _check_free(self) -> Iterator[Finding]:
        """Yield places that something has which is no entry: what cannot be read is not written over either."""
        wanted = {_place(one): one.file for one in self.new if _place(one) not in self._there}
        if self.rendering is not None and self.needs(self.rendering):
            wanted[rendering_path(Path(), self.rendering).as_posix()] = "--dataset"
        for place, file in wanted.items():
            found = _in_the_way(self.store, Path(place))
            if found is not None:
                yield Finding(
                    Kind.PLACE,
                    file,
                    f"{found.as_posix()} is in the store already, and is a link or not what belongs there; expected "
                    "nothing at that place: see what bokehbench leaderboard check says of it, and mend or remove it",
                )

    def _check_places(self) -> Iterator[Finding]:
        """Yield entries whose place in the store is another one's."""
        taken = {place: ("the store", entry) for place, entry in self._there.items()}
        for one in self.new:
            by, old = taken.setdefault(_place(one), (one.file, one.entry))
            if by == one.file:
                continue
            method, dataset = one.entry.result.method, one.entry.result.dataset
            differs = "with the same numbers" if old == one.entry else "with other numbers"
            if old.result.dataset.files_sha256 != dataset.files_sha256:
                differs = f"on another rendering ({old.result.dataset.files_sha256[:12]}…) of {dataset.name}"
            yield Finding(
                Kind.DOUBLED,
                one.file,
                f"{method.name} {method.revision} is in {by} already, {differs}; expected one entry for a revision, "
                "which never changes: evaluate under another revision",
            )
