"""Ctrl-C and SIGTERM during a run: the step under way ends and its state is saved. A second signal ends at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from ..exit_codes import TERMINATED


class StopRequest:
    """Whether a signal has asked to stop, and which."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def __bool__(self) -> bool:
        return self.signal is not None

    def end(self) -> NoReturn:
        """Leave as the signal asked: KeyboardInterrupt for Ctrl-C, SystemExit(143) for SIGTERM."""
        if self.signal == signal.SIGTERM:
            raise SystemExit(TERMINATED)
        raise KeyboardInterrupt


@contextmanager
def stop_requests() -> Iterator[StopRequest]:
    """Note the first signal inside the block. Outside the main thread signals are left alone."""
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    def note(number: int, _frame: FrameType | None) -> None:
        if request:
            request.end()
        request.signal = number

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
