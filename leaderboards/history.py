"""What may change in a store from one state to the next: entries come in and are verified; nothing else."""

from __future__ import annotations

from collections.abc import Iterator

from .entry import Entry
from .findings import Finding, Kind, Severity
from .store_files import StoreFiles


def check_history(new: StoreFiles, old: StoreFiles) -> Iterator[Finding]:
    """Yield what was removed or changed since an older copy of a store, and what arrived as if it were verified.

    What could not be read in the older copy may be mended.
    """
    now = {filed.file: filed.entry for filed in new.entries}
    then = {filed.file: filed.entry for filed in old.entries}
    broken = {finding.file for finding in new.findings}
    for file, entry in then.items():
        if file in now:
            yield from _check_change(file, now[file], entry)
        elif file not in broken:
            yield _removed(file, f"the entry {entry.method} {entry.result.method.revision}")
    for file, rendering in old.renderings.items():
        if file in new.renderings and new.renderings[file] != rendering:
            yield Finding(
                Kind.CHANGED,
                file,
                "what the rendering consists of was changed; expected it as it was, since every entry on it was "
                "checked by it: put it back",
            )
        elif file not in new.renderings and file not in broken:
            yield _removed(file, f"the rendering of {rendering.name} {rendering.version}")
    for file in sorted(new.renderings.keys() - old.renderings.keys()):
        yield Finding(
            Kind.RENDERING,
            file,
            "the rendering is new, and it alone says what its entries must have; expected what the dataset really "
            "holds: get the dataset, and compare by bokehbench submit with an entry and --dataset",
            Severity.NOTICE,
        )
    for file in sorted(now.keys() - then.keys()):
        if now[file].status != "self-reported":
            yield Finding(
                Kind.STATUS,
                file,
                f"the entry is new and {now[file].status} already; expected that of those who keep the store alone: "
                "accept it only if you ran bokehbench leaderboard verify yourselves",
                Severity.NOTICE,
            )


def _removed(file: str, what: str) -> Finding:
    return Finding(Kind.REMOVED, file, f"{what} was removed; expected that what was published stays: put it back")


def _check_change(file: str, new: Entry, old: Entry) -> Iterator[Finding]:
    if new.result != old.result:
        yield Finding(
            Kind.CHANGED,
            file,
            "the result was changed; expected it as it was: put it back, and enter other numbers as another revision",
        )
    if new.verifications[: len(old.verifications)] != old.verifications:
        yield Finding(
            Kind.CHANGED,
            file,
            "verifications were changed or removed; expected those that were there, new ones after them: put them back",
        )
    elif new.verifications != old.verifications:
        yield Finding(
            Kind.STATUS,
            file,
            f"the status was {old.status} and is {new.status}; expected that of those who keep the store alone: accept "
            "it only if you ran bokehbench leaderboard verify yourselves",
            Severity.NOTICE,
        )
