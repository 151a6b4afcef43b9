"""Where the files of a run lie: a place for each protocol and rendering of a dataset, with one writer at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bokeh_render.folder_lock import locked

from .results import DatasetReference, MethodReference, Result

RESULTS_FOLDER = "results"


@dataclass(frozen=True)
class Store:
    """The places below ``out`` that belong to a protocol and one rendering of a dataset."""

    out: Path
    protocol: str
    dataset: DatasetReference

    @classmethod
    def of(cls, out: Path, result: Result) -> Store:
        """Return the store that a result lies in."""
        return cls(out, result.protocol.name, result.dataset)

    def result(self, method: MethodReference) -> Path:
        """Return the one file for the result of a method's revision."""
        return self._place(RESULTS_FOLDER) / f"{_name(method)}.json"

    def predictions(self, method: MethodReference) -> Path:
        """Return the folder for the predictions of a method that we run."""
        return self._place("predictions") / _name(method)

    def scores(self, method: MethodReference) -> Path:
        """Return the journal of scores that are finished before the result is."""
        return self._place(".scores") / f"{_name(method)}.jsonl"

    def log(self, method: MethodReference) -> Path:
        """Return the file for what a command says."""
        return self._place("logs") / f"{_name(method)}.txt"

    @property
    def plots(self) -> Path:
        """Return the folder for pictures of all results."""
        return self._place("plots")

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Keep other runs out of ``out`` for a while; raises BadInputError when one is at work there."""
        with locked(self.out / ".lock", self.out):
            yield

    def _place(self, what: str) -> Path:
        return self.out / what / self.protocol / f"{self.dataset.name}-{self.dataset.files_sha256[:12]}"


def _name(method: MethodReference) -> str:
    return f"{method.name}@{method.revision}"
