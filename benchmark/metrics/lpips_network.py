"""The backbone's feature maps, in float32 as the ``lpips`` package has them.

Two ways to the same numbers: torch's convolutions on any device (the slow twin, and what graphics cards run), and the
faster ones of ``winograd.py`` on CPUs. Maps keep their channels innermost in memory all the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

import torch
from torch import Tensor
from torch.nn import functional

from .lpips_weights import Layer, Net
from .winograd import WinogradConvolution

_SHIFT = (-0.030, -0.088, -0.188)  # of R, G, B in [-1, 1], before they are divided by the scale
_SCALE = (0.458, 0.448, 0.450)

_CUDNN = Lock()  # its flags are the process's: a thread that leaves must not set them back for one that is within

Convolution = Callable[[Tensor], Tensor]
"""(N, C, H, W) → (N, O, H', W'), both with channels innermost in memory; ReLU included."""


class Backbone:
    """A net with its weights on one device. winograd: whether the convolutions of stride 1 take the fast way."""

    def __init__(self, net: Net, state: dict[str, Tensor], device: torch.device, *, winograd: bool) -> None:
        first, *rest = net.layers
        self.net = net
        self.device = device
        self._first = _first_convolution(first, state, device)
        make = _fast if winograd else _plain
        self._rest = [(layer, make(layer, state, device)) for layer in rest]

    def maps(self, images: Tensor) -> Iterator[Tensor]:
        """Yield the map of each tap in turn, (N, h, w, C), before it is brought to unit length.

        images: (N, H, W, 3), display values in [0, 1], float32, on the net's device. To be used in inference mode.
        """
        with _float32_convolutions(self.device):
            x = self._first(images.permute(0, 3, 1, 2))
        if self.net.layers[0].tapped:
            yield x.permute(0, 2, 3, 1)
        for layer, convolution in self._rest:
            if layer.pool is not None:
                x = functional.max_pool2d(x, *layer.pool)
            with _float32_convolutions(self.device):
                x = convolution(x)
            if layer.tapped:
                yield x.permute(0, 2, 3, 1)


@contextmanager
def _float32_convolutions(device: torch.device) -> Iterator[None]:
    """Keep cuDNN from rounding to TF32's ten bits, as it does unless told."""
    if device.type != "cuda":
        yield
        return
    with _CUDNN, torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
        yield


def _first_convolution(layer: Layer, state: dict[str, Tensor], device: torch.device) -> Convolution:
    """Return the first layer with the scaling of its input folded into its weights.

    Its zero padding is of scaled values, so here it is padded with what is scaled to zero.
    """
    shift, scale = torch.tensor(_SHIFT).double(), torch.tensor(_SCALE).double()  # float32 first, as lpips has them
    weight, bias = state[layer.weight_key].double(), state[layer.bias_key].double()
    folded = (weight * (2.0 / scale).view(1, 3, 1, 1)).float()
    bias = (bias - (weight * ((1.0 + shift) / scale).view(1, 3, 1, 1)).sum(dim=(1, 2, 3))).float()
    border = ((1.0 + shift) / 2.0).float().to(device)
    folded = folded.to(device, memory_format=torch.channels_last)
    bias = bias.to(device)
    pad = layer.padding

    def convolve(images: Tensor) -> Tensor:
        count, _, height, width = images.shape
        padded = border.repeat(count, height + 2 * pad, width + 2 * pad, 1)
        padded[:, pad : pad + height, pad : pad + width] = images.permute(0, 2, 3, 1)
        return functional.conv2d(padded.permute(0, 3, 1, 2), folded, bias, layer.stride).relu_()

    return convolve


def _plain(layer: Layer, state: dict[str, Tensor], device: torch.device) -> Convolution:
    weight = state[layer.weight_key].float().to(device, memory_format=torch.channels_last)
    bias = state[layer.bias_key].float().to(device)

    def convolve(x: Tensor) -> Tensor:
        return functional.conv2d(x, weight, bias, layer.stride, layer.padding).relu_()

    return convolve


def _fast(layer: Layer, state: dict[str, Tensor], device: torch.device) -> Convolution:
    weight, bias = state[layer.weight_key].float(), state[layer.bias_key].float()
    assert layer.stride == 1
    assert device.type == "cpu"
    fast = WinogradConvolution(weight, bias, layer.padding)

    def convolve(x: Tensor) -> Tensor:
        return fast(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

    return convolve
