"""Locks between processes that write into one dataset: one for the whole of it, one for each scene."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bokeh_render.errors import BadInputError


@contextmanager
def locked(lock: Path, dataset: Path, *, shared: bool = False, wait: bool = False) -> Iterator[None]:
    """Hold a lock file; it is freed when the process ends, however it ends.

    shared: others may hold it too, as long as they share it as well; wait: until it is free, instead of raising
    BadInputError that names the dataset.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as stream:
        kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        try:
            fcntl.flock(stream, kind if wait else kind | fcntl.LOCK_NB)
        except BlockingIOError:
            message = f"another run is generating into {dataset}; wait for it or choose another folder"
            raise BadInputError(message) from None
        yield
