"""From point samples of a shifted view to pixels of the image: Cycles' own pixel filter, applied where the samples lie.

A view is rendered with its pixel filter closed to a point, so every value is one sample whose place in the image is
known to a fraction of a pixel. Gathering them with the Blackman-Harris filter that Cycles uses for a direct render
gives the light-field images the same sharpness as a direct one, and no negative weights, so no rings round lights.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from bokeh_render.optics import Float32

FILTER_RADIUS_PX = 1.5
"""Half the support of Cycles' Blackman-Harris filter at its default width of 1.5 px."""


def blackman_harris(offset_px: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the filter's weight (1 at the centre) at an offset in px; 0 from ``FILTER_RADIUS_PX`` on."""
    phase = np.pi * offset_px / FILTER_RADIUS_PX
    weight = 0.35875 + 0.48829 * np.cos(phase) + 0.14128 * np.cos(2 * phase) + 0.01168 * np.cos(3 * phase)
    return np.where(np.abs(offset_px) < FILTER_RADIUS_PX, weight, 0.0)


def taps(shift_px: float, margin_px: int) -> tuple[int, NDArray[np.float64]]:
    """Return the filter along one axis: pixel p is the sum of ``weights[k] * samples[p + first + k]``.

    shift_px: sample i lies at ``i + 0.5 - margin_px + shift_px`` in the image, where pixel p covers p to p + 1.
    Returns (first, weights); the weights are not normalised.
    """
    centre = margin_px - shift_px
    first = math.ceil(centre - FILTER_RADIUS_PX)
    last = math.floor(centre + FILTER_RADIUS_PX)
    return first, blackman_harris(np.arange(first, last + 1) - centre)


def gather(
    samples: Float32, shape: tuple[int, int], shift_px: tuple[float, float], margin_px: int
) -> tuple[Float32, float]:
    """Filter a view's samples into an image. Returns (weighted sum (C, H, W), sum of weights).

    samples: (C, H + 2 margin, W + 2 margin), one per pixel; shape: (H, W); shift_px: where the view lies in the image
    (right, down). Raises ValueError when the margin is too small for the shift.
    """
    height, width = shape
    top, row_weights = taps(shift_px[1], margin_px)
    left, column_weights = taps(shift_px[0], margin_px)
    bottom, right = top + len(row_weights) - 1 + height, left + len(column_weights) - 1 + width
    if min(top, left) < 0 or bottom > samples.shape[1] or right > samples.shape[2]:
        raise ValueError(f"a margin of {margin_px} px does not hold a shift of {shift_px} px")
    rows = _weighted_sum((samples[:, top + k : top + k + height] for k in range(len(row_weights))), row_weights)
    image = _weighted_sum((rows[:, :, left + k : left + k + width] for k in range(len(column_weights))), column_weights)
    return image, float(row_weights.sum() * column_weights.sum())


def _weighted_sum(terms: Iterable[Float32], weights: NDArray[np.float64]) -> Float32:
    total: Float32 | None = None
    for term, weight in zip(terms, weights.astype(np.float32), strict=True):
        if total is None:
            total = term * weight
        else:
            total += term * weight
    assert total is not None
    return total
