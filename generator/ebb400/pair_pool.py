"""Processes that work on pairs, started once for a whole set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Self

from bokeh_render.classical.cpu import thread_count
from bokeh_render.workers import Workers, as_they_come

from .opencv import start_opencv
from .pair_work import Outcome, PairWork

_AHEAD = 2  # pairs that wait per process


class PairPool:
    """Works on ids, several at a time. jobs: processes, 0 = one a core; 1 = this one alone. A context manager."""

    def __init__(self, work: PairWork, jobs: int) -> None:
        self._work, self._jobs = work, thread_count(jobs)
        self._workers: Workers | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._workers is not None:
            self._workers.shutdown(cancel_futures=True)

    def outcomes(self, identifiers: Sequence[int]) -> Iterator[Outcome]:
        """Yield each id's outcome as it comes, those of an earlier run first."""
        left = []
        for identifier in identifiers:
            found = self._work.finished(identifier)
            if found is None:
                left.append(identifier)
            else:
                yield found
        if self._jobs == 1 or len(left) <= 1:
            for identifier in left:
                yield self._work.run(identifier)
        else:
            yield from self._elsewhere(left)

    def _elsewhere(self, identifiers: Sequence[int]) -> Iterator[Outcome]:
        if self._workers is None:
            self._workers = Workers(self._jobs, _receive, self._work)
        yield from as_they_come(self._workers, _run_one, identifiers, waiting=_AHEAD * self._jobs)


_given: PairWork | None = None
"""What this worker process works on: sent once, not with every id."""


def _receive(work: PairWork) -> None:
    global _given
    _given = work
    start_opencv(work.threads)


def _run_one(identifier: int) -> Outcome:
    if _given is None:
        raise RuntimeError("a worker was asked before it was told what to work on")
    return _given.run(identifier)
