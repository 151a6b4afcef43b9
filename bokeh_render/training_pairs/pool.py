"""A finite set of pairs kept on disk, for machines that draw slower than they train."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from zipfile import BadZipFile

import numpy as np

from ..atomic import atomic_path, write_json
from ..errors import BadInputError
from ..schema import read_json, sha256_of_json
from .draw import draw_pair
from .loader import be_a_worker
from .pair import TrainingPair
from .settings import PairSettings
from .sources import image_files

LAYOUT = 3
"""Raise it when the drawing changes, so that pools drawn by older code are not mixed with newer pairs."""
_NUMBERS = ("blur_parameter", "focus_disparity", "gamma")


class PairPool(Sequence[TrainingPair]):
    """``count`` pairs of a seed, each drawn once, as half floats in one NPZ a pair: about 1.2 MB at 256 x 256.

    folder: kept between runs; a pair that is there already is not drawn again, whatever ``count`` was before.
    ``draw`` makes what is missing; indexing draws a missing pair on the spot. Raises BadInputError when the folder
    belongs to other settings or another seed.
    """

    def __init__(self, folder: Path, settings: PairSettings, seed: int, count: int) -> None:
        self.folder, self.settings, self.seed, self._count = folder, settings, seed, count
        key, record = pool_key(settings, seed), folder / "pool.json"
        if record.exists():
            found = read_json(record)
            if found.get("key") != key:
                raise BadInputError(
                    f"{folder} holds pairs of other settings or another seed; expected an empty folder or these ones': "
                    "give another folder, or remove it"
                )
        else:
            content = {"key": key, "seed": seed, "layout": LAYOUT, "settings": settings.model_dump(mode="json")}
            write_json(record, content)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> TrainingPair:  # type: ignore[override]
        if not -self._count <= index < self._count:
            raise IndexError(index)
        path = self.path(index % self._count)
        if not path.exists():
            _draw_into(path, self.settings, self.seed, index % self._count)
        return read_pair(path)

    def path(self, index: int) -> Path:
        """Return the file of a pair, whether it is there or not."""
        return self.folder / f"pair_{index:06d}.npz"

    def missing(self) -> list[int]:
        """Return the indices of the pairs that are not there yet."""
        return [index for index in range(self._count) if not self.path(index).exists()]

    def draw(self, workers: int = 0, told: Callable[[int, int], None] | None = None) -> None:
        """Draw what is missing with so many processes (0: here). told: called with (pairs there, pairs wanted)."""
        todo = self.missing()
        jobs = [(self.path(index), self.settings, self.seed, index) for index in todo]
        there = self._count - len(todo)
        if workers <= 0:
            for number, job in enumerate(jobs, start=1):
                _draw_into(*job)
                if told is not None:
                    told(there + number, self._count)
            return
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=context, initializer=be_a_worker) as pool:
            try:
                for number, _ in enumerate(pool.map(_draw_into, *zip(*jobs, strict=True)) if jobs else (), start=1):
                    if told is not None:
                        told(there + number, self._count)
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise


def pool_key(settings: PairSettings, seed: int) -> str:
    """Return the hash of what decides the pairs: layout, settings, seed, and the files in the settings' folders."""
    files = [[str(path), path.stat().st_size] for path in image_files(settings.photographs)]
    return sha256_of_json([LAYOUT, settings.model_dump(mode="json"), seed, files])


def write_pair(path: Path, pair: TrainingPair) -> None:
    """Write a pair as half floats, not compressed, atomically."""
    arrays = {name: getattr(pair, name).astype(np.float16) for name in ("display", "disparity", "imperfect", "bokeh")}
    numbers = np.array([getattr(pair, name) for name in _NUMBERS])
    with atomic_path(path) as temporary, temporary.open("wb") as stream:
        np.savez(stream, **arrays, numbers=numbers, name=np.array(pair.name))


def read_pair(path: Path) -> TrainingPair:
    """Read a pair as float32; raises BadInputError when the file is broken."""
    try:
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
            arrays = {name: stored[name].astype(np.float32) for name in ("display", "disparity", "imperfect", "bokeh")}
            blur_parameter, focus_disparity, gamma = (float(value) for value in stored["numbers"])
            name = str(stored["name"])
    except (OSError, EOFError, KeyError, ValueError, BadZipFile) as error:
        raise BadInputError(f"{path} is no stored pair ({error}); remove it, and it is drawn again") from None
    return TrainingPair(
        **arrays, blur_parameter=blur_parameter, focus_disparity=focus_disparity, gamma=gamma, name=name
    )


def _draw_into(path: Path, settings: PairSettings, seed: int, index: int) -> None:
    write_pair(path, draw_pair(settings, seed, index))
