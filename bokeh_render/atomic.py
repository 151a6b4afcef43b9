"""Files that are either whole or absent: write under a temporary name beside the target, then rename."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TEMPORARY_PREFIX = ".partial-"
"""Names that begin so are leftovers of a killed run; no reader looks at them."""


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a temporary path in the target's folder; on success it is synced and renamed to ``target``.

    The temporary name keeps the target's suffix (writers choose formats by it). On an exception it is removed and
    the target stays as it was. The target's folder is made when missing.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=TEMPORARY_PREFIX, suffix=target.suffix, dir=target.parent)
    os.close(descriptor)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_bytes(target: Path, content: bytes) -> None:
    """Write ``content`` to ``target``, atomically."""
    with atomic_path(target) as temporary:
        temporary.write_bytes(content)


def write_text(target: Path, content: str) -> None:
    """Write ``content`` to ``target`` as UTF-8, atomically."""
    write_bytes(target, content.encode("utf-8"))


def write_json(target: Path, content: Any, *, default: Callable[[Any], Any] | None = None) -> None:
    """Write ``content`` as indented JSON with a final newline, atomically. NaN and infinity are refused."""
    write_text(target, json.dumps(content, indent=2, allow_nan=False, default=default) + "\n")


def remove_leftovers(folder: Path) -> None:
    """Delete what killed writers left in ``folder`` and below. Only call it while no other writer is at work."""
    for leftover in folder.rglob(f"{TEMPORARY_PREFIX}*"):
        if leftover.is_file():
            leftover.unlink(missing_ok=True)
