"""The running mean of a network's weights: steadier than the weights themselves, and what is kept in the end."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def decay_at(step: int, decay: float) -> float:
    """Return the decay of step 0, 1, …: rises to ``decay``, so that a short run forgets where it began."""
    return min(decay, (1.0 + step) / (10.0 + step))


class RunningMean:
    """``weights``: the mean, by parameter name, float32."""

    def __init__(self, network: nn.Module) -> None:
        self.weights: dict[str, Tensor] = {name: value.detach().clone() for name, value in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module, decay: float) -> None:
        """Move the mean towards the network's weights by 1 - ``decay``."""
        for name, value in network.state_dict().items():
            self.weights[name].lerp_(value, 1.0 - decay)
