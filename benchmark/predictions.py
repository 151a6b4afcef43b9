"""Where predictions lie and how they are read: ``<scene>/bokeh_KK_FF.png`` (or ``.exr``, ``.npy``).

PNG holds display values; EXR and NPY hold light. Predictions that somebody made elsewhere are opened by
``benchmark.submissions.submission`` and checked by ``benchmark.submissions.checks`` before they are read here.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_image
from bokeh_render.optics import Float32

from .protocols import Protocol
from .samples import Sample


def prediction_path(folder: Path, key: Sample, suffix: str = ".png") -> Path:
    """Return where a sample's prediction lies."""
    return folder / key.scene / (key.name + suffix)


def read_prediction(path: Path, shape: tuple[int, ...], protocol: Protocol) -> Float32:
    """Return a prediction as clipped display values; raises BadInputError when it is unreadable or of another size."""
    image = read_image(path)
    if image.pixels.shape != shape:
        raise BadInputError(
            f"{path} is {image.pixels.shape[1]}×{image.pixels.shape[0]}; "
            f"expected {shape[1]}×{shape[0]} as the ground truth"
        )
    return np.clip(image.as_display(protocol.gamma), *protocol.clip_scored)
