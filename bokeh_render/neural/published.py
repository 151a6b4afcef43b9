"""BokehMe's neural part as published: ARNet at a size that its blur range fits, then IUNet, twice as large each time.

Defocus is told to the networks in units of 10 px. Sizes, resizing (bilinear, the corners' centres aligned), masks and
their softening follow BokehMe's demo (CVPR 2022); the networks' tiles are ours.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

from .networks import ARNet, IUNet, gamma_input, resize, to_even_size
from .reach import soften
from .tiling import Tiles, run_in_tiles

UNIT_PX = 10.0
"""Blur radius, px, that the networks are told as 1."""

_SOFTENED = 0.005  # radius of the masks' Gaussian, as a share of height + width


class Published(NamedTuple):
    """What the networks say. bokeh: (1, 3, H, W), display values, 0 or more, not clipped above; error_map:
    (1, 1, H, W), in [0, 1].
    """

    bokeh: Tensor
    error_map: Tensor


class Networks(NamedTuple):
    """The two networks of BokehMe, ready for use."""

    arnet: ARNet
    iunet: IUNet


def render_published(
    networks: Networks,
    display: Tensor,
    defocus: Tensor,
    dilated: Tensor,
    gamma: float,
    *,
    iterative: bool = True,
    how: Tiles = Tiles(),  # noqa: B008  (cannot be changed)
) -> Published:
    """Return the neural bokeh and where the classical one errs.

    display: (1, 3, H, W), display values; defocus: (1, 1, H, W), signed, px; dilated: (1, 1, H, W), the largest signed
    defocus that reaches each pixel, px (see :class:`bokeh_render.ScatterResult`); iterative: False takes ARNet's bokeh,
    enlarged; how: see :class:`.tiling.Tiles`.
    """
    size = (display.shape[2], display.shape[3])
    told = gamma_input(torch.tensor([gamma])).clamp(0.0, 1.0).to(display)
    defocus, dilated = defocus / UNIT_PX, dilated / UNIT_PX
    shrink = max(float(defocus.abs().max()), 1.0)

    def resized(ratio: float) -> tuple[Tensor, Tensor, Tensor]:
        small = (max(1, int(size[0] * ratio)), max(1, int(size[1] * ratio)))
        return resize(display, small), resize(defocus, small) * ratio, resize(dilated, small) * ratio

    image, blur, _ = resized(1.0 / shrink)
    bokeh, error = _arnet(networks.arnet, image, blur, told, how)
    if not iterative:
        return Published(resize(bokeh, size), resize(error, size))
    ratios = [2.0 ** (i + 1) / shrink for i in range(int(math.log2(shrink)))]
    for ratio in (*ratios, 1.0):
        image, blur, reach = resized(ratio)
        sharper = _iunet(networks.iunet, image, blur.clamp(-1.0, 1.0), bokeh, told, how)
        small = (image.shape[2], image.shape[3])
        counts = soften((reach.abs() < 1.0).float(), int(_SOFTENED * (small[0] + small[1])))
        bokeh = torch.lerp(resize(bokeh, small), sharper, counts)
    return Published(bokeh.clamp_min(0.0), resize(error, size))


def _arnet(arnet: ARNet, image: Tensor, blur: Tensor, gamma: Tensor, how: Tiles) -> tuple[Tensor, Tensor]:
    """Return low-resolution bokeh, 0 or more, and error map."""

    def run(full: Tensor) -> Tensor:
        return torch.cat(arnet(full[:, :3], full[:, 3:], gamma), dim=1)

    size = image.shape[2:]
    full = resize(torch.cat([image, blur], dim=1), to_even_size(size))
    found = resize(run_in_tiles(run, [full], 4, how), size)
    return found[:, :3].clamp_min(0.0), torch.sigmoid(found[:, 3:])


def _iunet(iunet: IUNet, image: Tensor, blur: Tensor, coarse: Tensor, gamma: Tensor, how: Tiles) -> Tensor:
    """Return the bokeh at the image's size from a coarser one."""

    def run(full: Tensor, previous: Tensor) -> Tensor:
        found: Tensor = iunet(full[:, :3], full[:, 3:], previous, gamma)
        return found

    size = image.shape[2:]
    full = resize(torch.cat([image, blur], dim=1), to_even_size(size))
    previous = resize(coarse, (full.shape[2] // 2, full.shape[3] // 2))
    return resize(run_in_tiles(run, [full, previous], 3, how), size)
