"""The two networks of BokehMe (CVPR 2022): ARNet renders small blur and says where scattering errs, IUNet sharpens.

Both work at half size inside (space to depth), on 3x3 convolutions without normalisation. The layers carry the names of
the official release (``conv0.conv``, ``block_stack.blocks.N.M.conv``, ``conv1.conv``), so that its checkpoints load.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

BLOCKS = 3
GAMMA_RANGE = (1.0, 5.0)
"""The gammas the networks are told, as (gamma - 1) / 4 in [0, 1]."""


def gamma_input(gamma: Tensor) -> Tensor:
    """Return gamma as the networks take it, (gamma - 1) / 4."""
    least, most = GAMMA_RANGE
    return (gamma - least) / (most - least)


class _Convolution(nn.Module):
    """A 3x3 convolution with zero padding, and an ELU behind it unless it is the last."""

    def __init__(self, inputs: int, outputs: int, *, activated: bool = True) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.activated = activated

    def forward(self, values: Tensor) -> Tensor:
        found: Tensor = self.conv(values)
        return functional.elu(found) if self.activated else found


class _Blocks(nn.Module):
    """Residual blocks: two convolutions each, the block's own input added behind the second ELU."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Sequential(_Convolution(width, width), _Convolution(width, width)) for _ in range(BLOCKS)
        )

    def forward(self, values: Tensor) -> Tensor:
        for block in self.blocks:
            values = values + block(values)
        return values


class HalfSizeNetwork(nn.Module):
    """What the networks share: space to depth, convolution, blocks, convolution, pixel shuffle.

    inputs: channels behind the space to depth, gamma's included; width: channels of the blocks; outputs: channels at
    full size.
    """

    def __init__(self, inputs: int, width: int, outputs: int) -> None:
        super().__init__()
        self.conv0 = _Convolution(inputs, width)
        self.block_stack = _Blocks(width)
        self.conv1 = _Convolution(width, 4 * outputs, activated=False)

    def _run(self, full: Tensor, gamma: Tensor, *half: Tensor) -> Tensor:
        """full: (N, C, H, W), of even size; half: more inputs, (N, any, H/2, W/2). Returns (N, outputs, H, W)."""
        constant = gamma.to(full)[:, None, None, None].expand(len(full), 1, full.shape[2] // 2, full.shape[3] // 2)
        inputs = torch.cat([functional.pixel_unshuffle(full, 2), *half, constant], dim=1)
        with torch.autocast(full.device.type, enabled=False):  # 16 bits would lose the small steps of the defocus
            hidden = self.conv0(inputs.float())
        hidden = self.block_stack(hidden)  # within half precision, the blocks add to float32
        with torch.autocast(full.device.type, enabled=False):
            return functional.pixel_shuffle(self.conv1(hidden.float()), 2)


class ARNet(HalfSizeNetwork):
    """Adaptive rendering: bokeh and an error map from the image and its defocus. 923,664 parameters.

    ``ARNet()(image, defocus, gamma)``: image (N, 3, H, W), display values; defocus (N, 1, H, W), in units in which the
    largest is about 1 (BokehMe: tens of pixels, at a size at which it stays below 10 px); gamma (N,), as
    :func:`gamma_input` gives it. Returns bokeh (N, 3, H, W), display values, not clipped, and the error map's logit
    (N, 1, H, W). Odd sizes are resized to even ones and back.
    """

    def __init__(self) -> None:
        super().__init__(17, 128, 4)

    def forward(self, image: Tensor, defocus: Tensor, gamma: Tensor) -> tuple[Tensor, Tensor]:
        """See the class."""
        size = image.shape[2:]
        full = resize(torch.cat([image, defocus], dim=1), to_even_size(size))
        found = resize(self._run(full, gamma), size)
        return found[:, :3], found[:, 3:]


class IUNet(HalfSizeNetwork):
    """Iterative upsampling: a bokeh image twice as large as a coarse one. 240,076 parameters.

    ``IUNet()(image, defocus, coarse, gamma)``: image and gamma as for ARNet; defocus (N, 1, H, W), clipped to [-1, 1];
    coarse (N, 3, any, any), display values, resized to half of the image's size. Returns (N, 3, H, W), display values,
    not clipped.
    """

    def __init__(self) -> None:
        super().__init__(20, 64, 3)

    def forward(self, image: Tensor, defocus: Tensor, coarse: Tensor, gamma: Tensor) -> Tensor:
        """See the class."""
        size = image.shape[2:]
        full = resize(torch.cat([image, defocus], dim=1), to_even_size(size))
        half = resize(coarse, (full.shape[2] // 2, full.shape[3] // 2))
        return resize(self._run(full, gamma, half), size)


def resize(values: Tensor, size: tuple[int, int] | torch.Size) -> Tensor:
    """Return (N, C, *size), bilinear with the corners' centres aligned; the same tensor if it has that size."""
    if tuple(values.shape[2:]) == tuple(size):
        return values
    return functional.interpolate(values, size=tuple(size), mode="bilinear", align_corners=True)


def to_even_size(size: tuple[int, int] | torch.Size) -> tuple[int, int]:
    """Return (H, W), each rounded up to an even number."""
    return size[0] + size[0] % 2, size[1] + size[1] % 2
