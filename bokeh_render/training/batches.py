"""The crops that a step sees: drawn from the seed and the step's number alone, so that a resumed run sees the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ..errors import BadInputError
from ..neural.networks import resize
from ..neural.published import shares_of
from ..neural.refiner import REFINER_RANGE_PX
from ..neural.refining import scales_of
from .config import StageConfig
from .examples import PLANES, Examples, Half

_REFINED_PX = 1.001 * REFINER_RANGE_PX  # float16 rounds a reach that is just within the range


class Batch(NamedTuple):
    """N crops as torch tensors: see :class:`bokeh_render.training.examples.Planes`; gamma is (N,).

    defocus and dilated are in px of the crop as it is: a crop seen at half size has half the blur. counts: the plane
    ``known``, for the refiner's crops 0 also where their pass is not the one that counts in use. largest: (N,), the
    largest |defocus| of the picture that each is cut from, in px as defocus.
    """

    display: Tensor
    base: Tensor
    truth: Tensor
    defocus: Tensor
    dilated: Tensor
    error: Tensor
    gamma: Tensor
    counts: Tensor
    largest: Tensor


class Crop(NamedTuple):
    """Planes, (PLANE_COUNT, H, W), seen at a scale, and the largest |defocus| of their picture, px at full size."""

    planes: Tensor
    scale: float
    largest_px: float


def batch_of(crops: Sequence[Crop], device: torch.device) -> Batch:
    """Return the batch of crops of one size, on ``device``."""
    planes = torch.stack([crop.planes for crop in crops]).float().to(device)
    scales = torch.tensor([crop.scale for crop in crops], dtype=torch.float32, device=device)
    scale = scales[:, None, None, None]
    return Batch(
        planes[:, PLANES.display],
        planes[:, PLANES.base],
        planes[:, PLANES.truth],
        planes[:, PLANES.defocus] * scale,
        planes[:, PLANES.dilated] * scale,
        planes[:, PLANES.error],
        planes[:, PLANES.gamma.start, 0, 0],
        planes[:, PLANES.known],
        scales * torch.tensor([crop.largest_px for crop in crops], dtype=torch.float32, device=device),
    )


def whole(example: Half) -> Crop:
    """Return all of an example, at full size."""
    return Crop(torch.from_numpy(np.array(example)), 1.0, _largest(example))


def draw_batch(examples: Examples, stage: StageConfig, rng: np.random.Generator, device: torch.device) -> Batch:
    """Draw a step's batch. examples: (PLANE_COUNT, H, W) each; see StageConfig for what is drawn how.

    Raises BadInputError when an example is smaller than the crop.
    """
    crops = [_draw_crop(examples[int(rng.integers(len(examples)))], stage, rng) for _ in range(stage.batch)]
    return batch_of(crops, device)


def _draw_crop(example: Half, stage: StageConfig, rng: np.random.Generator) -> Crop:
    height, width = example.shape[1:]
    if min(height, width) < stage.crop:
        raise BadInputError(f"pairs are {width}x{height} px but the crop is {stage.crop} px; expected at most as large")
    largest = _largest(example)
    fitting = [scale for scale in _scales(stage, largest) if round(stage.crop / scale) <= min(height, width)]
    scale = fitting[int(rng.integers(len(fitting)))] if fitting else stage.crop / min(height, width)
    side = round(stage.crop / scale)
    places = [
        (int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))) for _ in range(stage.crop_tries)
    ]
    refined = stage.network == "refiner"
    crop = max((_cut(example, place, side, scale if refined else None) for place in places), key=_to_learn)
    if rng.random() < 0.5:
        crop = crop[:, :, ::-1]
    crop = np.ascontiguousarray(np.rot90(crop, int(rng.integers(4)), axes=(1, 2)), dtype=np.float32)
    seen = torch.from_numpy(crop)[None]
    size = (stage.crop, stage.crop)
    if side != stage.crop:  # as the hybrid makes what its networks see smaller
        seen = functional.interpolate(seen, size, mode="bilinear", antialias=True) if refined else resize(seen, size)
    return Crop(seen[0], stage.crop / side, largest)


def _scales(stage: StageConfig, largest_px: float) -> tuple[float, ...]:
    """Return the sizes at which the network meets a picture of this blur, as shares of the full size."""
    if stage.network == "refiner":
        return scales_of(largest_px, iterative=True)
    # IUNet's objective makes the passes itself: each needs the one before
    return shares_of(largest_px)[:1] if stage.network == "arnet" else (1.0,)


def _largest(example: Half) -> float:
    return float(np.abs(example[PLANES.defocus]).max())


def _cut(example: Half, place: tuple[int, int], side: int, scale: float | None) -> Half:
    """Return a square of an example; scale: of the refiner's pass, which counts in part of it."""
    top, left = place
    crop = np.array(example[:, top : top + side, left : left + side])
    if scale is not None:
        crop[PLANES.known] *= counts_in_pass(crop[PLANES.reach], scale)
    return crop


def _to_learn(crop: Half) -> float:
    """Return the mean E* where the crop counts."""
    return float((crop[PLANES.error].astype(np.float32) * crop[PLANES.known]).mean())


def counts_in_pass(reach: Half, scale: float) -> NDArray[np.bool_]:
    """Return where the refiner's pass at ``scale`` is the finest that may be believed. reach: px at full size."""
    within: NDArray[np.bool_] = reach.astype(np.float32) * scale <= _REFINED_PX
    if scale >= 1.0:
        return within
    return within & (reach.astype(np.float32) * min(1.0, 2.0 * scale) > REFINER_RANGE_PX)
