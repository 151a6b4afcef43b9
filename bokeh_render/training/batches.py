"""The crops that a step sees: drawn from the seed and the step's number alone, so that a resumed run sees the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..errors import BadInputError
from .config import StageConfig
from .examples import PLANES, Examples, Half


class Batch(NamedTuple):
    """N crops as torch tensors: see :class:`bokeh_render.training.examples.Planes`; gamma is (N,).

    defocus and reach are in px of the crop as it is: a crop seen at half size has half the blur.
    """

    display: Tensor
    base: Tensor
    truth: Tensor
    defocus: Tensor
    reach: Tensor
    error: Tensor
    gamma: Tensor


def batch_of(planes: Tensor, scales: Sequence[float], device: torch.device) -> Batch:
    """Return the batch of (N, 13, H, W) planes that were resized by ``scales``, on ``device``."""
    planes = planes.float().to(device)
    scale = torch.tensor(scales, dtype=torch.float32, device=device)[:, None, None, None]
    return Batch(
        planes[:, PLANES.display],
        planes[:, PLANES.base],
        planes[:, PLANES.truth],
        planes[:, PLANES.defocus] * scale,
        planes[:, PLANES.reach] * scale,
        planes[:, PLANES.error],
        planes[:, PLANES.gamma.start, 0, 0],
    )


def draw_batch(examples: Examples, stage: StageConfig, rng: np.random.Generator, device: torch.device) -> Batch:
    """Draw a step's batch. examples: (13, H, W) each; see StageConfig for what is drawn how.

    Raises BadInputError when an example is smaller than the crop.
    """
    planes, scales = [], []
    for _ in range(stage.batch):
        example = examples[int(rng.integers(len(examples)))]
        crop, scale = _draw_crop(example, stage, rng)
        planes.append(crop)
        scales.append(scale)
    return batch_of(torch.stack(planes), scales, device)


def _draw_crop(example: Half, stage: StageConfig, rng: np.random.Generator) -> tuple[Tensor, float]:
    height, width = example.shape[1:]
    if min(height, width) < stage.crop:
        raise BadInputError(f"pairs are {width}x{height} px but the crop is {stage.crop} px; expected at most as large")
    scale = 1.0
    if rng.random() < stage.coarse_share:
        scale = math.exp(rng.uniform(math.log(stage.coarsest), 0.0))
    side = min(round(stage.crop / scale), height, width)
    places = [
        (int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))) for _ in range(stage.crop_tries)
    ]
    top, left = max(places, key=lambda place: _error_within(example, place, side))
    crop = np.asarray(example[:, top : top + side, left : left + side])
    if rng.random() < 0.5:
        crop = crop[:, :, ::-1]
    crop = np.ascontiguousarray(np.rot90(crop, int(rng.integers(4)), axes=(1, 2)), dtype=np.float32)
    seen = torch.from_numpy(crop)[None]
    if side != stage.crop:  # averaged, as the hybrid does before its first passes
        seen = functional.interpolate(seen, (stage.crop, stage.crop), mode="bilinear", antialias=True)
    return seen[0], stage.crop / side


def _error_within(example: Half, place: tuple[int, int], side: int) -> float:
    top, left = place
    return float(example[PLANES.error, top : top + side, left : left + side].mean(dtype=np.float32))
