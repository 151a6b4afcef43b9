"""Where predictions lie and how they are read: ``<scene>/bokeh_KK_FF.png`` (or ``.exr``, ``.npy``).

PNG holds display values; EXR and NPY hold light. Predictions that somebody made elsewhere are opened by
``benchmark.submissions.submission`` and checked by ``benchmark.submissions.checks`` before they are read here.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_image
from bokeh_render.optics import Float32

from .protocols import Protocol
from .samples import Sample
from .submissions.names import match_names
from .submissions.submission import open_submission

_SHOWN = 8


def prediction_path(folder: Path, key: Sample, suffix: str = ".png") -> Path:
    """Return where a sample's prediction lies."""
    return folder / key.scene / (key.name + suffix)


def refuse(folder: Path, problems: list[str]) -> None:
    """Raise BadInputError listing the problems, if there are any."""
    if problems:
        shown = problems[:_SHOWN] + ([f"… and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else [])
        raise BadInputError(
            f"predictions in {folder} cannot be scored, {len(problems)} problem(s):\n  " + "\n  ".join(shown)
        )


def match_predictions(folder: Path, samples: Iterable[Sample], protocol: Protocol) -> dict[Sample, Path]:
    """Return the one file of each sample; raises BadInputError that lists all that is missing, extra or doubled.

    Only names are looked at: for predictions of our own making. Others go through ``benchmark.submissions.checks``.
    """
    if not folder.is_dir():
        raise BadInputError(f"{folder} is not a folder; expected predictions as <scene>/bokeh_KK_FF.png")
    with open_submission(folder) as submission:
        names = match_names(submission.files, tuple(samples), protocol)
    refuse(folder, [f"{one.kind}: {one.sentence}" for one in names.problems])
    return {sample: submission.files[name] for sample, name in names.files.items()}


def read_prediction(path: Path, shape: tuple[int, ...], protocol: Protocol) -> Float32:
    """Return a prediction as clipped display values; raises BadInputError when it is unreadable or of another size."""
    image = read_image(path)
    if image.pixels.shape != shape:
        raise BadInputError(
            f"{path} is {image.pixels.shape[1]}×{image.pixels.shape[0]}; "
            f"expected {shape[1]}×{shape[0]} as the ground truth"
        )
    return np.clip(image.as_display(protocol.gamma), *protocol.clip_scored)
