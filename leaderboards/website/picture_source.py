"""Where the site's pictures come from; the command joins it to a dataset and to predictions."""

from __future__ import annotations

from typing import Protocol

from benchmark.protocols import Protocol as Rule
from benchmark.results import Result
from benchmark.samples import Sample
from bokeh_render.optics import Float32


class PictureSource(Protocol):
    """Pictures of one rendering as display values in [0, 1], (H, W, 3). files_sha256: which rendering."""

    files_sha256: str

    def image(self, scene: str, rule: Rule) -> Float32:
        """Return what methods are given, all in focus."""

    def disparity(self, scene: str) -> Float32:
        """Return the normalised disparity as grey, near = white."""

    def truth(self, sample: Sample, rule: Rule) -> Float32:
        """Return the ground truth."""

    def has_predictions(self, result: Result) -> bool:
        """Return whether there are the predictions of a result; asked before anything is written.

        Raises BadInputError when some are not the files that were scored.
        """

    def prediction(self, sample: Sample, result: Result, rule: Rule) -> Float32:
        """Return what a method predicted."""
