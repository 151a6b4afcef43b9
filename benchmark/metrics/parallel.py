"""Many samples side by side on the cores of one machine, each by one thread, in order and within bounded memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

import torch

Item = TypeVar("Item")
Value = TypeVar("Value")


@dataclass(frozen=True)
class Outcome(Generic[Item, Value]):
    """What became of one item: a value, or the exception that its work raised."""

    item: Item
    value: Value | None
    error: Exception | None = None

    def value_or_raise(self) -> Value:
        """Return the value; raises the error where there is one."""
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]  # None only where it is a value


def in_order(
    work: Callable[[Item], Value], items: Iterable[Item], *, threads: int = 0, look_ahead: int | None = None
) -> Iterator[tuple[Item, Value]]:
    """Yield each item with what ``work`` made of it, in the items' order; raises the first error at its item's turn.

    The parameters are those of :func:`outcomes`.
    """
    for outcome in outcomes(work, items, threads=threads, look_ahead=look_ahead):
        yield outcome.item, outcome.value_or_raise()


def outcomes(
    work: Callable[[Item], Value], items: Iterable[Item], *, threads: int = 0, look_ahead: int | None = None
) -> Iterator[Outcome[Item, Value]]:
    """Yield what became of each item, in the items' order; an error ends its own item only.

    work: reads, decodes and scores one sample; most of that runs without Python's lock. items: taken as needed.
    threads: 0 = all cores this process may use. look_ahead: how many items may be begun or finished before their turn,
    beyond the one that is waited for; by default the number of threads. While a thread works, torch gives it one core:
    two samples side by side are faster than one on two cores.
    """
    threads = threads or usable_cores()
    waiting: deque[tuple[Item, Future[Value]]] = deque()
    remaining = iter(items)
    torch_threads = torch.get_num_threads()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="sample", initializer=torch.set_num_threads, initargs=(1,))
    try:
        for item in islice(remaining, 1 + (threads if look_ahead is None else look_ahead)):
            waiting.append((item, pool.submit(work, item)))
        while waiting:
            item, future = waiting.popleft()
            error = future.exception()
            if error is not None and not isinstance(error, Exception):
                raise error  # KeyboardInterrupt and its like end everything
            done = Outcome(item, future.result() if error is None else None, error)
            del item, future
            for following in islice(remaining, 1):
                waiting.append((following, pool.submit(work, following)))
            yield done
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        torch.set_num_threads(torch_threads)  # of this thread, and of threads that begin later


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):  # Linux: what this process may use, not what the machine has
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
