"""An endless, ordered stream of pairs from worker processes, for training loops of your own.

``bokehbench train`` keeps its pairs on disk instead: see :mod:`bokeh_render.training.pool`.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future

from ..workers import Workers
from .mixture import Draw
from .pair import TrainingPair

_AHEAD = 3
"""Pairs that are asked for in advance, per worker."""


def iter_drawn(draw: Draw, seed: int, first_index: int = 0, workers: int = 0) -> Iterator[TrainingPair]:
    """Yield ``draw(seed, first_index)``, ``draw(seed, first_index + 1)``, … without end, in order.

    draw: any, as ``partial(draw_pair, settings)`` or a :class:`Mixture`; workers: processes that draw ahead; 0 draws
    here. The stream is the same for any number of them. Closing the iterator (``close()``, or leaving it to be
    collected) ends the processes, and so does the end of this one, even if it is killed. A script that uses workers
    needs ``if __name__ == "__main__"``, as they are started afresh.
    """
    if workers <= 0:
        for index in itertools.count(first_index):
            yield draw(seed, index)
    pool = Workers(workers)
    try:
        indices = itertools.count(first_index)
        waiting: deque[Future[TrainingPair]] = deque()
        while True:
            while len(waiting) < _AHEAD * workers:
                waiting.append(pool.submit(draw, seed, next(indices)))
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
