"""An endless, ordered stream of pairs from worker processes."""

from __future__ import annotations

import itertools
import multiprocessing
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from functools import partial

import torch

from .draw import draw_pair
from .mixture import Draw
from .pair import TrainingPair
from .settings import PairSettings

_AHEAD = 3
"""Pairs that are asked for in advance, per worker."""


def iter_pairs(settings: PairSettings, seed: int, first_index: int = 0, workers: int = 0) -> Iterator[TrainingPair]:
    """Yield the pairs ``first_index``, ``first_index + 1``, … of a seed, without end; see :func:`iter_drawn`."""
    return iter_drawn(partial(draw_pair, settings), seed, first_index, workers)


def iter_drawn(draw: Draw, seed: int, first_index: int = 0, workers: int = 0) -> Iterator[TrainingPair]:
    """Yield ``draw(seed, first_index)``, ``draw(seed, first_index + 1)``, … without end, in order.

    draw: any, also a :class:`Mixture`; workers: processes that draw ahead; 0 draws here. The stream is the same for
    any number of them. Closing the iterator (``close()``, or leaving it to be collected) ends the processes. A script
    that uses workers needs ``if __name__ == "__main__"``, as they are started afresh.
    """
    if workers <= 0:
        for index in itertools.count(first_index):
            yield draw(seed, index)
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=be_a_worker)
    try:
        indices = itertools.count(first_index)
        waiting: deque[Future[TrainingPair]] = deque()
        while True:
            while len(waiting) < _AHEAD * workers:
                waiting.append(pool.submit(draw, seed, next(indices)))
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def be_a_worker() -> None:
    """Set a worker process up: the processes share the cores, so each computes on one."""
    torch.set_num_threads(1)
