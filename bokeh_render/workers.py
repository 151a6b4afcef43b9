"""Processes for long work: one core each, deaf to Ctrl-C, which their parent answers, and ended with their parent."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

import torch

Parameters = ParamSpec("Parameters")
Given = TypeVar("Given")
Found = TypeVar("Found")


class Workers(ProcessPoolExecutor):
    """So many processes, started afresh when there is work. ``submit`` from the main thread.

    given: what each process calls first, with ``arguments``, which are sent once and not with every piece of work.
    """

    def __init__(self, count: int, given: Callable[..., None] | None = None, *arguments: Any) -> None:
        context = multiprocessing.get_context("spawn")
        super().__init__(count, mp_context=context, initializer=_begin, initargs=(given, *arguments))

    def submit(
        self, fn: Callable[Parameters, Found], /, *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Future[Found]:
        """See Executor.submit. A process started here is deaf to Ctrl-C from its first instruction on."""
        with _interrupts_held():
            return super().submit(fn, *args, **kwargs)


def as_they_come(
    workers: Workers, work: Callable[[Given], Found], given: Iterable[Given], *, waiting: int
) -> Iterator[Found]:
    """Yield ``work`` of each of ``given``, in the order in which they end; never more than ``waiting`` are begun."""
    running: set[Future[Found]] = set()
    queue = iter(given)
    while True:
        for one in queue:
            running.add(workers.submit(work, one))
            if len(running) >= waiting:
                break
        if not running:
            return
        finished, running = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            yield future.result()


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back until the end; children inherit that, and keep it."""
    if not hasattr(signal, "pthread_sigmask"):  # not on Windows: there they are deaf once they have begun
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(given: Callable[..., None] | None = None, *arguments: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    parent = multiprocessing.parent_process()
    if parent is not None:

        def watch() -> None:  # a killed parent cannot end its workers, and they would wait for work for ever
            parent.join()
            os._exit(1)

        threading.Thread(target=watch, name="watch parent", daemon=True).start()
    if given is not None:
        given(*arguments)
