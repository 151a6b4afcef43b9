"""Distances between a prediction and the truth."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

from .config import LossSettings

_HARDLY_WRONG = 1e-4  # 40 dB: a crop that is right to there must not lead every step
_LEAST_AREA = 0.01  # of a crop: below, the little there is to learn from counts less


class _Clip(Function):
    """Clip to [0, 1]; outside, a gradient passes only if following it leads back inside."""

    @staticmethod
    def forward(context: Any, values: Tensor) -> Tensor:
        context.save_for_backward(values)
        return values.clamp(0.0, 1.0)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        (values,) = context.saved_tensors
        (gradient,) = gradients
        stuck = ((values > 1.0) & (gradient < 0)) | ((values < 0.0) & (gradient > 0))
        return gradient.masked_fill(stuck, 0.0)


def clip_display(values: Tensor) -> Tensor:
    """Return values clipped to [0, 1], as scores are computed; what lies outside still learns to come back."""
    clipped: Tensor = _Clip.apply(values)  # type: ignore[no-untyped-call]
    return clipped


def image_loss(predicted: Tensor, truth: Tensor, weight: Tensor, settings: LossSettings) -> Tensor:
    """Return the weighted distance of (N, 3, H, W) display values to the truth, a scalar.

    weight: (N, 1, H, W), 0 or more. Each of the N is divided by its own sum of weights, so that a thin edge counts as
    much as a wide one, down to 1 % of the area.
    """
    difference = clip_display(predicted) - truth.clamp(0.0, 1.0)
    loss = _weighted_mean(difference, weight, settings)
    if settings.edges > 0:
        across = difference[..., :, 1:] - difference[..., :, :-1]
        down = difference[..., 1:, :] - difference[..., :-1, :]
        weight_across = torch.maximum(weight[..., :, 1:], weight[..., :, :-1])
        weight_down = torch.maximum(weight[..., 1:, :], weight[..., :-1, :])
        edges = _weighted_mean(across, weight_across, settings) + _weighted_mean(down, weight_down, settings)
        loss = loss + settings.edges * edges
    return loss


def pixel_weight(error: Tensor, settings: LossSettings) -> Tensor:
    """Return how much each pixel counts, from E* (N, 1, H, W)."""
    return settings.everywhere + settings.in_error_map * error


def _weighted_mean(difference: Tensor, weight: Tensor, settings: LossSettings) -> Tensor:
    distance = _penalty(difference, settings).mean(dim=1, keepdim=True)
    area = weight.sum(dim=(1, 2, 3)) + _LEAST_AREA * weight[0].numel()
    found = (weight * distance).sum(dim=(1, 2, 3)) / area
    if settings.kind == "decibel":
        found = 10.0 * torch.log10(found + _HARDLY_WRONG)
    return found.mean()


def _penalty(difference: Tensor, settings: LossSettings) -> Tensor:
    if settings.kind == "l1":
        return difference.abs()
    if settings.kind in {"l2", "decibel"}:
        return difference.square()
    return (difference.square() + 1e-6).sqrt()
