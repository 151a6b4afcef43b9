"""An endless, ordered stream of pairs from worker processes."""

from __future__ import annotations

import itertools
import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor

import torch

from .draw import draw_pair
from .pair import TrainingPair
from .settings import PairSettings

_AHEAD = 3
"""Pairs that are asked for in advance, per worker."""


def iter_pairs(settings: PairSettings, seed: int, first_index: int = 0, workers: int = 0) -> Iterator[TrainingPair]:
    """Yield the pairs ``first_index``, ``first_index + 1``, … of a seed, without end.

    workers: processes that draw ahead; 0 draws here. The stream is the same for any number of them. Closing the
    iterator (``close()``, or leaving it to be collected) ends the processes.
    """
    if workers <= 0:
        yield from (draw_pair(settings, seed, index) for index in itertools.count(first_index))
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=be_a_worker)
    try:
        indices = itertools.count(first_index)
        waiting: deque[Future[TrainingPair]] = deque()
        while True:
            while len(waiting) < _AHEAD * workers:
                waiting.append(pool.submit(draw_pair, settings, seed, next(indices)))
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def be_a_worker() -> None:
    """Set a worker process up: the processes share the cores, so each computes on one."""
    torch.set_num_threads(1)
