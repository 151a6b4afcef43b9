"""First weights from a seed: torch's own distribution, drawn from a generator instead of the global state.

BokehMe's networks give a whole image, not a residual. They start with a way through for one: ARNet gives the image that
it sees, IUNet the coarse bokeh. In 800 steps of ARNet that was worth .2 dB, over random weights alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import nn

from ..neural.networks import ARNet, HalfSizeNetwork, IUNet

_IMAGE = range(12)  # behind the space to depth: four pixels each of red, green, blue, then of the defocus
_DEFOCUS = slice(12, 16)
_COARSE = range(16, 19)
_LOUDER = 8.0
_QUIETER = 0.1


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
        _let_through(network, list(_IMAGE))
    elif isinstance(network, IUNet):
        _let_through(network, [channel for channel in _COARSE for _ in range(4)])


def _let_through(network: HalfSizeNetwork, channels: Sequence[int]) -> None:
    """Make output n start as input ``channels[n]`` (at half size), with a little of all else; the rest is as drawn.

    The first hidden channels carry it: their ELU leaves values of 0 or more alone, and blocks add to them.
    """
    carried = sorted(set(channels))
    first, last = network.conv0.conv, network.conv1.conv
    assert first.bias is not None
    assert last.bias is not None
    for block in network.block_stack.blocks:
        *_, end = (layer for layer in block.modules() if isinstance(layer, nn.Conv2d))
        assert end.bias is not None
        end.weight.mul_(_QUIETER)
        end.bias.zero_()
    first.weight[: len(carried)] = 0.0
    first.bias[: len(carried)] = 0.0
    last.weight[: len(channels)] *= _QUIETER
    last.weight[: len(channels), : len(carried)] = 0.0
    last.bias[: len(channels)] = 0.0
    for hidden, channel in enumerate(carried):
        first.weight[hidden, channel, 1, 1] = 1.0
    for output, channel in enumerate(channels):
        last.weight[output, carried.index(channel), 1, 1] = 1.0
