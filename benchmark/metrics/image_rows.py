"""How the compiled loops of the metrics see images: contiguous rows of R, G, B after R, G, B."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokeh_render.errors import BadInputError

Rows = NDArray[np.floating[Any]]
Float64 = NDArray[np.float64]


def check_pair(prediction: NDArray[Any], truth: NDArray[Any]) -> None:
    """Refuse anything but two images (H, W, 3) of the same size; raises BadInputError."""
    if truth.ndim != 3 or truth.shape[2] != 3 or truth.size == 0:
        raise BadInputError(f"the truth has shape {truth.shape}; expected an image (height, width, 3)")
    if prediction.shape != truth.shape:
        raise BadInputError(
            f"the prediction has shape {prediction.shape}, the truth {truth.shape}; "
            "expected two images (height, width, 3) of the same size"
        )


def rows_of(image: NDArray[Any], dtype: type[np.floating[Any]]) -> Rows:
    """Return an image (H, W, 3) as (H, 3 W), without a copy where it already is what is asked for."""
    return np.ascontiguousarray(image, dtype=dtype).reshape(image.shape[0], -1)


def exact_type(*images: NDArray[Any]) -> type[np.floating[Any]]:
    """Return float32 if that holds all images as they are, else float64: one loop is compiled for each."""
    return np.float32 if all(image.dtype == np.float32 for image in images) else np.float64
