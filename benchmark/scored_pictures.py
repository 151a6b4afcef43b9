"""The pictures of one rendering and of the predictions that were scored on it, as the site of results shows them.

It meets ``leaderboards.website.picture_source`` without knowing it: the command joins the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bokeh_render.errors import BadInputError
from bokeh_render.optics import Float32
from bokeh_render.schema import sha256_of_file

from .dataset import Dataset
from .predictions import prediction_path, read_prediction
from .protocols import Protocol
from .results import Result
from .samples import Sample
from .store import Store


class ScoredPictures:
    """Pictures as display values in [0, 1], (H, W, 3). runs: folders with predictions, the first that has them counts.

    :meth:`has_predictions` finds the predictions of a result; ask it before :meth:`prediction`.
    """

    def __init__(self, dataset: Dataset, runs: Sequence[Path]) -> None:
        self.files_sha256 = dataset.files_sha256
        self._dataset, self._runs = dataset, runs
        self._folders: dict[int, Path] = {}  # of predictions, by the id of their result

    def image(self, scene: str, rule: Protocol) -> Float32:
        """Return what methods are given, all in focus."""
        return np.clip(self._dataset.scene(scene).image.as_display(rule.gamma), *rule.clip_scored)

    def disparity(self, scene: str) -> Float32:
        """Return the normalised disparity as grey, near = white."""
        return np.repeat(self._dataset.scene(scene).disparity[..., None], 3, axis=2)

    def truth(self, sample: Sample, rule: Protocol) -> Float32:
        """Return the ground truth."""
        return self._dataset.truth_display(sample.truth, rule)

    def has_predictions(self, result: Result) -> bool:
        """Return whether a run holds the predictions of a result.

        Raises BadInputError when there are some, but in no run all are the files that were scored.
        """
        folders = [Store.of(run, result).predictions(result.method) for run in self._runs]
        others = []
        for folder in filter(Path.is_dir, folders):
            other = _not_scored(folder, result)
            if other is None:
                self._folders[id(result)] = folder
                return True
            others.append(other)
        if others:
            raise BadInputError(
                f"{others[0]} is not the file that was scored (it is missing, or its sha256 differs); run evaluate "
                "again, or name another --run"
            )
        return False  # they were made elsewhere and not kept

    def prediction(self, sample: Sample, result: Result, rule: Protocol) -> Float32:
        """Return what a method predicted."""
        height, width = self._dataset.scene(sample.scene).size
        return read_prediction(prediction_path(self._folders[id(result)], sample), (height, width, 3), rule)


def _not_scored(folder: Path, result: Result) -> Path | None:
    """Return the first prediction in a folder that is not the file that was scored; None where all are."""
    for score in result.samples:
        path = prediction_path(folder, score.sample)
        if not path.is_file() or sha256_of_file(path) != score.prediction_sha256:
            return path
    return None
