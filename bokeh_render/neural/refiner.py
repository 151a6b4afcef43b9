"""The network of the improved hybrid: what is still wrong with an occlusion-aware render, as a residual to add to it.

It is made as IUNet (half size inside, blocks of 64 channels, told gamma), with one difference: IUNet sharpens an image
of half the size, while this one corrects a base of the full size, so it sees every pixel of it (space to depth).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .networks import HalfSizeNetwork, resize, to_even_size

REFINER_RANGE_PX = 16.0
"""Blur radius, px, that the network is told as 1, the largest it is trained on; more is found at a smaller size."""


class Refiner(HalfSizeNetwork):
    """The residual between a base and the truth: ``neural = base + Refiner()(image, defocus, base, gamma)``.

    image, base: (N, 3, H, W), display values as :func:`compress` gives them; defocus: (N, 1, H, W), in units of
    :data:`REFINER_RANGE_PX`, used as clipped to [-1, 1]; gamma: (N,), as :func:`networks.gamma_input` gives it.
    Returns (N, 3, H, W), display values to add, any sign. :func:`refiner_inputs` makes the first three. The last
    convolution starts at zero, so an untrained refiner leaves the base as it is. 245,260 parameters.
    """

    def __init__(self) -> None:
        super().__init__(29, 64, 3)
        nn.init.zeros_(self.conv1.conv.weight)
        nn.init.zeros_(self.conv1.conv.bias)  # type: ignore[arg-type]

    def forward(self, image: Tensor, defocus: Tensor, base: Tensor, gamma: Tensor) -> Tensor:
        """See the class."""
        size = image.shape[2:]
        full = torch.cat([image, defocus.clamp(-1.0, 1.0), resize(base, size)], dim=1)
        return resize(self._run(resize(full, to_even_size(size)), gamma), size)


def compress(display: Tensor) -> Tensor:
    """Return display values with what exceeds 1 drawn in: x up to 1, 1 + ln x above. Any shape; smooth at 1.

    A highlight of 10 (display) becomes 3.3, so that one lamp does not outweigh all else the network sees.
    """
    return torch.where(display > 1.0, 1.0 + torch.log(display.clamp_min(1.0)), display)


def refiner_inputs(display: Tensor, defocus_px: Tensor, base: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return image, defocus and base as :class:`Refiner` takes them.

    display, base: (N, 3, H, W), display values, not clipped; defocus_px: (N, 1, H, W), signed, px.
    """
    return compress(display), (defocus_px / REFINER_RANGE_PX).clamp(-1.0, 1.0), compress(base)
