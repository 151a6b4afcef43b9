"""First weights from a seed: torch's own distribution, drawn from a generator instead of the global state."""

from __future__ import annotations

import math

import torch
from torch import nn

from ..neural.networks import ARNet

_DEFOCUS = slice(12, 16)  # behind the space to depth: four pixels each of red, green, blue, then of the defocus
_LOUDER = 8.0


@torch.no_grad()
def draw_weights(network: nn.Module, generator: torch.Generator) -> None:
    """Draw the weights of every convolution anew, as torch does; one that is 0 (a residual's last) stays 0.

    ARNet's for the defocus are 8 times as large: its steps are small beside the image's, and without that the error map
    is not learnt.
    """
    for module in network.modules():
        if not isinstance(module, nn.Conv2d) or not module.weight.any():
            continue
        bound = 1.0 / math.sqrt(module.weight[0].numel())
        nn.init.uniform_(module.weight, -bound, bound, generator=generator)
        if module.bias is not None:
            nn.init.uniform_(module.bias, -bound, bound, generator=generator)
    if isinstance(network, ARNet):
        network.conv0.conv.weight[:, _DEFOCUS] *= _LOUDER
