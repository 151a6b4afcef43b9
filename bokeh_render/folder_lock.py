"""Locks between processes that write into one folder, or into a part of it."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import BadInputError, BokehbenchError


@contextmanager
def locked(lock: Path, folder: Path, *, shared: bool = False, wait: bool = False) -> Iterator[None]:
    """Hold a lock file; it is freed when the process ends, however it ends.

    shared: others may hold it too, as long as they share it as well; wait: until it is free, instead of raising
    BadInputError that names the folder. A run that finishes clears the lock files away; the lock that is held is
    always that of the file which others would open now. Raises BokehbenchError on a file system without locks.
    """
    while True:
        lock.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        except FileNotFoundError:  # cleared away between these two lines
            continue
        try:
            _take(descriptor, lock, folder, shared=shared, wait=wait)
            if _is_still_there(descriptor, lock):
                yield
                return
        finally:
            os.close(descriptor)


def _take(descriptor: int, lock: Path, folder: Path, *, shared: bool, wait: bool) -> None:
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(descriptor, kind if wait else kind | fcntl.LOCK_NB)
    except BlockingIOError:
        message = f"another run is writing into {folder}; wait for it or choose another folder"
        raise BadInputError(message) from None
    except OSError as error:
        raise BokehbenchError(
            f"{lock} cannot be locked ({error.strerror}); expected a file system with locks "
            "(NFS: mounted without nolock; Lustre: with flock)"
        ) from None


def _is_still_there(descriptor: int, lock: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), lock.stat())
    except FileNotFoundError:
        return False
