"""A folder of predictions, held against what the dataset demands: ``<scene>/bokeh_KK_FF.png`` (or ``.exr``, ``.npy``).

PNG holds display values; EXR and NPY hold light. Whatever is missing, extra, doubled or of the wrong size is an error.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from bokeh_render.atomic import TEMPORARY_PREFIX
from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_image
from bokeh_render.optics import Float32

from .protocols import Protocol
from .samples import Sample

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
    """Return the one file of each sample; raises BadInputError that lists all that is missing, extra or doubled."""
    if not folder.is_dir():
        raise BadInputError(f"{folder} is not a folder; expected predictions as <scene>/bokeh_KK_FF.png")
    present = {
        path.relative_to(folder)
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith((TEMPORARY_PREFIX, "."))
    }
    matched: dict[Sample, Path] = {}
    problems: list[str] = []
    for key in samples:
        choices = [Path(key.scene) / (key.name + suffix) for suffix in protocol.prediction_suffixes]
        found = [path for path in choices if path in present]
        present.difference_update(found)
        if not found:
            problems.append(f"missing: {choices[0]}")
        elif len(found) > 1:
            problems.append(f"doubled: {' and '.join(str(path) for path in found)}; keep one")
        else:
            matched[key] = folder / found[0]
    expected = f"expected only <scene>/bokeh_KK_FF with one of {', '.join(protocol.prediction_suffixes)}"
    problems += [f"extra: {path}; {expected}" for path in sorted(present)]
    refuse(folder, problems)
    return matched


def read_prediction(path: Path, shape: tuple[int, ...], protocol: Protocol) -> Float32:
    """Return a prediction as clipped display values; raises BadInputError when it is unreadable or of another size."""
    image = read_image(path)
    if image.pixels.shape != shape:
        raise BadInputError(
            f"{path} is {image.pixels.shape[1]}×{image.pixels.shape[0]}; "
            f"expected {shape[1]}×{shape[0]} as the ground truth"
        )
    return np.clip(image.as_display(protocol.gamma), *protocol.clip_scored)
