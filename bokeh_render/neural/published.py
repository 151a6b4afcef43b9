"""BokehMe's neural part as published: ARNet at a size that its blur range fits, then IUNet, twice as large each time.

Defocus is told to the networks in units of 10 px. Sizes, resizing (bilinear, the corners' centres aligned), masks and
their softening follow BokehMe's demo (CVPR 2022); the networks' tiles are ours. Training takes the same steps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
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
    """What the networks say. bokeh: (1, 3, H, W), display values, not clipped above; error_map: (1, 1, H, W), in
    [0, 1].
    """

    bokeh: Tensor
    error_map: Tensor


class Networks(NamedTuple):
    """The two networks of BokehMe, ready for use."""

    arnet: ARNet
    iunet: IUNet


class Picture(NamedTuple):
    """What the networks are told of one image, at some size.

    image: (1, 3, H, W), display values; blur: (1, 1, H, W), signed defocus, and dilated: (1, 1, H, W), the largest
    signed defocus that reaches each pixel, both in units of 10 px of this size; gamma: (1,), as the networks take it.
    """

    image: Tensor
    blur: Tensor
    dilated: Tensor
    gamma: Tensor

    def at(self, share: float) -> Picture:
        """Return the picture at a share of its size."""
        height, width = self.image.shape[2:]
        size = (max(1, int(height * share)), max(1, int(width * share)))
        return Picture(
            resize(self.image, size), resize(self.blur, size) * share, resize(self.dilated, size) * share, self.gamma
        )

    @property
    def size(self) -> tuple[int, int]:
        """Height and width, px."""
        return self.image.shape[2], self.image.shape[3]

    @property
    def counts(self) -> Tensor:
        """How much IUNet is believed at this size, (1, 1, H, W) in [0, 1]: where no larger blur reaches; softened."""
        return soften((self.dilated.abs() < 1.0).float(), int(_SOFTENED * sum(self.size)))


def picture_of(display: Tensor, defocus: Tensor, dilated: Tensor, gamma: Tensor) -> Picture:
    """Return the picture of an image: see :func:`render_published`; gamma: (1,)."""
    told = gamma_input(gamma).clamp(0.0, 1.0).to(display)
    return Picture(display, defocus / UNIT_PX, dilated / UNIT_PX, told)


def shares_of(largest_px: float) -> tuple[float, ...]:
    """Return the sizes of the passes, as shares of the full size: ARNet's, then IUNet's, of which the last is 1.

    largest_px: the largest |defocus| of the image, px.
    """
    shrink = max(largest_px / UNIT_PX, 1.0)
    return (1.0 / shrink, *(2.0 ** (step + 1) / shrink for step in range(int(math.log2(shrink)))), 1.0)


def run_passes(networks: Networks, picture: Picture, shares: Sequence[float], how: Tiles) -> Published:
    """Return what the passes at these shares give, each at its own size: the bokeh at the last, the error map at the
    first.
    """
    bokeh, error = _arnet(networks.arnet, picture.at(shares[0]), how)
    for share in shares[1:]:
        seen = picture.at(share)
        bokeh = torch.lerp(resize(bokeh, seen.size), sharpen(networks.iunet, seen, bokeh, how), seen.counts)
    return Published(bokeh, error)


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
    """Return the neural bokeh, 0 or more, and where the classical one errs, at full size.

    display: (1, 3, H, W), display values; defocus: (1, 1, H, W), signed, px; dilated: (1, 1, H, W), the largest signed
    defocus that reaches each pixel, px (see :class:`bokeh_render.ScatterResult`); iterative: False takes ARNet's bokeh,
    enlarged; how: see :class:`.tiling.Tiles`.
    """
    picture = picture_of(display, defocus, dilated, torch.tensor([gamma]))
    shares = shares_of(float(defocus.abs().max()))
    bokeh, error = run_passes(networks, picture, shares if iterative else shares[:1], how)
    return Published(resize(bokeh, picture.size).clamp_min(0.0), resize(error, picture.size))


def sharpen(iunet: IUNet, seen: Picture, coarse: Tensor, how: Tiles) -> Tensor:
    """Return IUNet's bokeh at the picture's size from a coarser one, (1, 3, H, W), display values, not clipped."""

    def run(full: Tensor, previous: Tensor) -> Tensor:
        found: Tensor = iunet(full[:, :3], full[:, 3:], previous, seen.gamma)
        return found

    full = resize(torch.cat([seen.image, seen.blur.clamp(-1.0, 1.0)], dim=1), to_even_size(seen.size))
    previous = resize(coarse, (full.shape[2] // 2, full.shape[3] // 2))
    return resize(run_in_tiles(run, [full, previous], 3, how), seen.size)


def _arnet(arnet: ARNet, seen: Picture, how: Tiles) -> tuple[Tensor, Tensor]:
    """Return low-resolution bokeh, 0 or more, and error map."""

    def run(full: Tensor) -> Tensor:
        return torch.cat(arnet(full[:, :3], full[:, 3:], seen.gamma), dim=1)

    full = resize(torch.cat([seen.image, seen.blur], dim=1), to_even_size(seen.size))
    found = resize(run_in_tiles(run, [full], 4, how), seen.size)
    return found[:, :3].clamp_min(0.0), torch.sigmoid(found[:, 3:])
