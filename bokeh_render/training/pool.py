"""A folder of finished examples: filled by worker processes before training, each file whole or absent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np

from ..atomic import atomic_path
from ..classical.cpu import thread_count
from ..errors import BokehbenchError
from ..neural.threads import torch_threads
from ..progress import ReportStep, Step, silent
from ..schema import sha256_of_json
from ..workers import Workers, as_they_come
from .examples import PLANE_COUNT, Derivation, Half, PairSource, make_example

_AHEAD = 2  # pieces of work that wait per worker


class ExamplePool:
    """The examples made of a source's pairs, in a folder named by what they depend on.

    ``pool[index]`` is (PLANE_COUNT, H, W) float16, mapped from disk: see :class:`.examples.Planes`; ``key``: hash of
    all that decides the examples (drawing, settings, files, derivation), not of their number.
    """

    def __init__(self, root: Path, source: PairSource, derivation: Derivation) -> None:
        self.source, self.derivation = source, derivation
        self.key = sha256_of_json({"pairs": source.key, "made": derivation.key})
        self.folder = root / f"{derivation.base}-{self.key[:16]}"

    def __len__(self) -> int:
        return len(self.source)

    def path(self, index: int) -> Path:
        """Return where an example lies."""
        return self.folder / f"{index:06d}.npy"

    def __getitem__(self, index: int) -> Half:
        found: Half = np.load(self.path(index), mmap_mode="r")
        if found.ndim != 3 or found.shape[0] != PLANE_COUNT or found.dtype != np.float16:
            raise BokehbenchError(
                f"{self.path(index)} holds {found.dtype} of shape {found.shape}; expected float16 of "
                f"({PLANE_COUNT}, height, width): delete the file, the same command makes it again"
            )
        return found

    def filling(self, *, workers: int = 0, report: ReportStep = silent, task: str = "drawing pairs") -> Iterator[int]:
        """Make the examples that are missing, and yield after each how many there are.

        workers: processes, 0 = one a core; 1 = none, but this one.
        """
        there = {entry.name for entry in os.scandir(self.folder)} if self.folder.is_dir() else set()
        missing = [index for index in range(len(self)) if self.path(index).name not in there]
        workers = thread_count(workers)
        done = len(self) - len(missing)
        report(Step(task, done, len(self)))
        made = self._make_here(missing) if workers == 1 else self._make_elsewhere(missing, workers)
        for _ in made:
            done += 1
            report(Step(task, done, len(self)))
            yield done

    def make(self, index: int) -> None:
        """Make one example."""
        example = make_example(self.source.pair(index), self.derivation)
        with atomic_path(self.path(index)) as temporary, temporary.open("wb") as stream:
            np.save(stream, example)

    def _make_here(self, missing: list[int]) -> Iterator[int]:
        with torch_threads(1):
            for index in missing:
                self.make(index)
                yield index

    def _make_elsewhere(self, missing: list[int], workers: int) -> Iterator[int]:
        if not missing:
            return
        executor = Workers(min(workers, len(missing)))
        try:
            yield from as_they_come(executor, partial(_make_one, self), missing, waiting=_AHEAD * workers)
        finally:
            executor.shutdown(cancel_futures=True)


def _make_one(pool: ExamplePool, index: int) -> int:
    pool.make(index)
    return index
