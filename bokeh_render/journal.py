"""A log of finished pieces, one JSON value a line, that survives being killed in the middle of a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def append_to_journal(path: Path, entry: Any) -> None:
    """Append one JSON value. It begins a line of its own even after a line that was torn off."""
    with path.open("a+b") as stream:
        torn = False
        if stream.seek(0, 2):
            stream.seek(-1, 2)
            torn = stream.read(1) != b"\n"
        stream.write((b"\n" if torn else b"") + json.dumps(entry).encode() + b"\n")


def read_journal(path: Path) -> list[Any]:
    """Return the entries that were written whole, in order; none when there is no such file."""
    if not path.is_file():
        return []
    entries = []
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]:
        try:
            entries.append(json.loads(line))
        except json.JSONDecodeError:
            continue  # torn off by a kill; what it told of is made again
    return entries
