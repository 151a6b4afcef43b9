"""First weights from a seed: torch's own distribution, drawn from a generator instead of the global state."""

from __future__ import annotations

import math

import torch
from torch import nn


@torch.no_grad()
def draw_weights(network: nn.Module, generator: torch.Generator) -> None:
    """Draw the weights of every convolution anew, as torch does; one that is 0 (a residual's last) stays 0."""
    for module in network.modules():
        if not isinstance(module, nn.Conv2d) or not module.weight.any():
            continue
        bound = 1.0 / math.sqrt(module.weight[0].numel())
        nn.init.uniform_(module.weight, -bound, bound, generator=generator)
        if module.bias is not None:
            nn.init.uniform_(module.bias, -bound, bound, generator=generator)
