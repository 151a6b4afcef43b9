"""Ending when told to, and with one's parent: what a kill leaves behind must not wait, idle, for ever."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from bokeh_render.exit_codes import TERMINATED

_PR_SET_PDEATHSIG = 1
_LINUX = sys.platform == "linux"
_libc = ctypes.CDLL(None) if _LINUX else None  # found before any fork: between fork and exec nothing may be loaded


def program_dies_with_us() -> Callable[[], None] | None:
    """Return a ``preexec_fn`` that lets a program be killed as soon as *this thread* ends; None where Linux is not.

    The kernel looks at the thread that starts the program, not at the process: start it from one that lives as long.
    What the program itself starts is not killed with it.
    """
    return None if _libc is None else _dies_with(os.getpid())


def _dies_with(parent: int) -> Callable[[], None]:
    def begin() -> None:
        assert _libc is not None
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it ended before we asked
            os._exit(1)

    return begin


def process_dies_with_parent() -> None:
    """Let this process, which ``multiprocessing`` started, end at once when its parent is gone, however that ended.

    On Linux the kernel sees to it, for the parent's thread that started us; elsewhere a thread of ours watches.
    """
    parent = multiprocessing.parent_process()
    if parent is None or parent.pid is None:
        return
    if _libc is not None:
        _dies_with(parent.pid)()
        return
    watched = parent

    def watch() -> None:
        watched.join()
        os._exit(1)

    threading.Thread(target=watch, name="watch parent", daemon=True).start()


@contextmanager
def sigterm_interrupts() -> Iterator[None]:
    """Let SIGTERM (of timeout, of SLURM) end the block like Ctrl-C, then the process with SystemExit(143).

    Inside it is a KeyboardInterrupt, as what a method raises, SystemExit included, only ends a sample. Signals after
    the first are ignored until the block has cleaned up. Does nothing outside the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    told = False

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal told
        if not told:
            told = True
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    except KeyboardInterrupt:
        if told:
            raise SystemExit(TERMINATED) from None
        raise
    finally:
        signal.signal(signal.SIGTERM, before)


class Interruptible:
    """Lets SIGTERM and SIGINT end a process of a pool cleanly: what is under way is interrupted, nothing is begun.

    Once made, in the main thread, the first signal raises KeyboardInterrupt inside :meth:`work`, so that with-blocks
    clean up, and ends a process that waits for work silently; later signals are ignored.
    """

    def __init__(self) -> None:
        self._told = self._working = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._interrupt)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        if not self._told:
            self._told = True
            raise KeyboardInterrupt if self._working else SystemExit(TERMINATED)

    @contextmanager
    def work(self) -> Iterator[None]:
        """Do under ``with`` what a signal may interrupt; raises KeyboardInterrupt when one has come before."""
        if self._told:
            raise KeyboardInterrupt
        self._working = True
        try:
            yield
        finally:
            self._working = False
