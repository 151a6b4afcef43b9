"""All metrics of any number of predictions of one truth, which is prepared once.

What a prediction gets does not depend on which others are scored with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokeh_render.errors import BadInputError
from bokeh_render.optics import Float32

from ..protocols import SsimSettings
from .image_rows import Float64, check_pair
from .kernels import sum_where
from .lpips import Lpips, LpipsTruth, device_of
from .psnr import psnr, psnr_of, squared_errors
from .ssim import TruthMoments, ssim_map, truth_moments, valid_region

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class RegionScores:
    """The same errors over some of the pixels.

    psnr: dB, of all of the region's pixels; ssim: the mean of the SSIM map (of R, G and B) over those of them that lie
    in SSIM's valid region, None where they are too few; pixels: how many the region has.
    """

    psnr: float
    ssim: float | None
    pixels: int


@dataclass(frozen=True)
class Measured:
    """One prediction's numbers. psnr: dB; lpips: None where there are no weights; regions: those that are large enough.

    See :meth:`Scorer.score`.
    """

    psnr: float
    ssim: float
    lpips: float | None
    regions: dict[str, RegionScores] = field(default_factory=dict)


class Truth:
    """A ground truth as display values in [0, 1], (H, W, 3) float32, and what the metrics keep of it once they know it.

    By one thread at a time. (functools.cached_property would not do: in Python 3.11 all instances share its lock.)
    """

    def __init__(self, display: Float32) -> None:
        self.display = display
        self.lpips = LpipsTruth(display)
        self._moments: TruthMoments | None = None

    def moments(self, settings: SsimSettings) -> TruthMoments:
        """Return the moments that SSIM needs; found at the first call."""
        if self._moments is None or self._moments.settings != settings:
            self._moments = truth_moments(self.display, settings)
        return self._moments


class Scorer:
    """Scores predictions of a truth by PSNR, SSIM and, where ``lpips`` is given, LPIPS. Several threads may use it.

    psnr_cap_db: what equal images get; device: where LPIPS runs, ``auto`` is a CUDA card where torch sees one, else the
    CPU; least_pixels: smaller regions are left out. Raises BadInputError when the device is not there.
    """

    def __init__(
        self,
        psnr_cap_db: float,
        ssim_settings: SsimSettings,
        lpips: Lpips | None,
        device: str = "auto",
        *,
        least_pixels: int = 200,
    ) -> None:
        self._psnr_cap_db = psnr_cap_db
        self._ssim_settings = ssim_settings
        self._lpips = None if lpips is None else lpips.to(device_of(device))
        self._least_pixels = max(1, least_pixels)

    def prepare(self, display_truth: Float32) -> Truth:
        """Return a truth to be scored against. display_truth: (H, W, 3) float32 in [0, 1]; it is kept, not copied."""
        check_pair(display_truth, display_truth)
        return Truth(display_truth)

    def score(
        self, truth: Truth, predictions: Iterable[Float32], regions: Mapping[str, Mask] | None = None
    ) -> list[Measured]:
        """Return the numbers of each prediction, in order.

        predictions: (H, W, 3) in [0, 1] each; a generator is asked for no more than go through LPIPS together, so that
        memory stays flat. regions: (H, W) each, by name. Raises BadInputError when an image or region is not of the
        truth's size, holds NaN, or is too small for a metric.
        """
        masks = {name: self._region(name, mask, truth) for name, mask in (regions or {}).items()}
        large = {name: mask for name, mask in masks.items() if np.count_nonzero(mask) >= self._least_pixels}
        remaining = iter(predictions)
        at_once = 1 if self._lpips is None else self._lpips.images_at_once(truth.display.shape)
        scores: list[Measured] = []
        while batch := list(islice(remaining, at_once)):
            scores.extend(self._score_batch(truth, batch, large))
        return scores

    def _score_batch(self, truth: Truth, batch: list[Float32], masks: Mapping[str, Mask]) -> Iterator[Measured]:
        distances: list[float | None] = [None] * len(batch)
        for prediction in batch:
            _check_prediction(prediction, truth.display)
        if self._lpips is not None:
            distances = list(self._lpips.distances(batch, truth.lpips))
        for prediction, distance in zip(batch, distances, strict=True):
            similarity = ssim_map(prediction, truth.moments(self._ssim_settings))
            yield Measured(
                psnr=psnr(prediction, truth.display, cap_db=self._psnr_cap_db),
                ssim=float(similarity.mean()),
                lpips=distance,
                regions=self._region_scores(prediction, truth, similarity, masks),
            )

    def _region_scores(
        self, prediction: Float32, truth: Truth, similarity: Float64, masks: Mapping[str, Mask]
    ) -> dict[str, RegionScores]:
        if not masks:
            return {}
        errors = squared_errors(prediction, truth.display)
        scores = {}
        for name, mask in masks.items():
            pixels = int(np.count_nonzero(mask))
            valid = np.ascontiguousarray(mask[valid_region(self._ssim_settings)])
            valid_pixels = int(np.count_nonzero(valid))
            scores[name] = RegionScores(
                psnr=psnr_of(sum_where(errors, mask) / pixels, cap_db=self._psnr_cap_db),
                ssim=sum_where(similarity, valid) / valid_pixels if valid_pixels >= self._least_pixels else None,
                pixels=pixels,
            )
        return scores

    def _region(self, name: str, mask: NDArray[Any], truth: Truth) -> Mask:
        if mask.shape != truth.display.shape[:2] or mask.dtype != np.bool_:
            raise BadInputError(
                f"region {name} is {mask.dtype} of shape {mask.shape}; expected one bool per pixel of the truth, "
                f"{truth.display.shape[:2]}"
            )
        return np.ascontiguousarray(mask)


def _check_prediction(prediction: NDArray[Any], truth: NDArray[Any]) -> None:
    check_pair(prediction, truth)
    if not np.isfinite(prediction).all():
        raise BadInputError("the prediction holds NaN or infinite values; expected display values in [0, 1]")
