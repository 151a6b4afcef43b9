"""Networks with weights drawn from a seed: they render nothing sensible, but every weight counts."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

from bokeh_render.neural.networks import ARNet, IUNet
from bokeh_render.neural.published import Networks
from bokeh_render.neural.refiner import Refiner

NetworkT = TypeVar("NetworkT", bound=nn.Module)


def drawn(network: NetworkT, seed: int = 0) -> NetworkT:
    """Draw a network's weights so that values keep their size from layer to layer."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for values in network.parameters():
            size = (values[0].numel()) ** -0.5 if values.ndim > 1 else 0.05
            values.copy_(size * torch.randn(values.shape, generator=generator))
    return network.eval()


def drawn_refiner(seed: int = 0) -> Refiner:
    return drawn(Refiner(), seed)


def drawn_published() -> Networks:
    return Networks(drawn(ARNet(), 1), drawn(IUNet(), 2))
