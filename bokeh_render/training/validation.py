"""How good a network is on pairs it is never trained on."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from .batches import batch_of, whole
from .examples import Examples
from .stages import Objective

EDGE = 0.5
"""E* above which a pixel belongs to the edge region."""


@torch.no_grad()
def validate(objective: Objective, examples: Examples, device: torch.device) -> dict[str, float]:
    """Return psnr and edge_psnr (where E* > 0.5) of the network's images, base_psnr and base_edge_psnr of the bases.

    Means over the examples, dB, of display values clipped to [0, 1], where no light from outside the picture arrives;
    examples without an edge there count in psnr only.
    """
    found: dict[str, list[float]] = {}
    objective.eval()
    for index in range(len(examples)):
        batch = batch_of([whole(examples[index])], device)
        predicted = objective.predict(batch)
        known = batch.counts > 0
        edge = (batch.error > EDGE) & known
        for name, image in (("", predicted.final), ("base_", predicted.base)):
            found.setdefault(f"{name}psnr", []).append(_psnr(image, batch.truth, known))
            if edge.any():
                found.setdefault(f"{name}edge_psnr", []).append(_psnr(image, batch.truth, edge))
    objective.train()
    return {name: sum(values) / len(values) for name, values in found.items()}


def validate_all(objective: Objective, pools: Mapping[str, Examples], device: torch.device) -> dict[str, float]:
    """Return :func:`validate` for each set of examples, its name before every key."""
    return {
        f"{prefix}{key}": value
        for prefix, examples in pools.items()
        for key, value in validate(objective, examples, device).items()
    }


def _psnr(image: Tensor, truth: Tensor, where: Tensor) -> float:
    difference = image.clamp(0.0, 1.0) - truth.clamp(0.0, 1.0)
    squares = difference.square().mean(dim=1, keepdim=True)[where]
    return -10.0 * math.log10(max(float(squares.double().mean()), 1e-10))
