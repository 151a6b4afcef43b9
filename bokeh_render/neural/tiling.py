"""A network over an image of any size, tile by tile: the same values as in one piece, in the memory of one tile.

The networks are eight 3x3 convolutions at half size, so a pixel's value depends on what lies within 16 px of it. A tile
is given a margin of that and a little more; at the image's own border it ends there, as the whole image does.
Tiles begin and end at even pixels, so that space to depth pairs the same pixels everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from .device import half_type

MARGIN_PX = 24
"""How much wider than its result a tile is seen on each side; the networks need 16."""


class Tiles(NamedTuple):
    """How a network is run. side_px: of a tile's result, even; half: 16-bit floats inside, see :func:`half_type`."""

    side_px: int = 512
    half: bool = False


class Tile(NamedTuple):
    """A rectangle of an image: rows top up to bottom, columns left up to right, px, all even."""

    top: int
    bottom: int
    left: int
    right: int

    def widened(self, height: int, width: int) -> Tile:
        """Return the tile with its margin, cut off at the borders of an image of this size."""
        return Tile(
            max(0, self.top - MARGIN_PX),
            min(height, self.bottom + MARGIN_PX),
            max(0, self.left - MARGIN_PX),
            min(width, self.right + MARGIN_PX),
        )

    def of(self, values: Tensor, height: int) -> Tensor:
        """Return this part of (N, C, H, W), or of a tensor of half that size. height: H of the image."""
        step = height // values.shape[2]
        return values[:, :, self.top // step : self.bottom // step, self.left // step : self.right // step]


def run_in_tiles(
    network: Callable[..., Tensor],
    inputs: Sequence[Tensor],
    channels: int,
    how: Tiles,
    needed: Tensor | None = None,
) -> Tensor:
    """Run a network over its inputs, tile by tile; return (N, channels, H, W), float32, on the inputs' device.

    network: takes the inputs' tiles, returns (N, channels, h, w); inputs: (N, C, H, W), H and W even, or half of that
    in both; how: see :class:`Tiles`; needed: (H, W), bool, all else may be left at 0; None: everything.
    """
    height, width = inputs[0].shape[2:]
    found = torch.zeros((len(inputs[0]), channels, height, width), device=inputs[0].device)
    for tile in tiles(height, width, how.side_px):
        inner = tile if needed is None else _shrunk(tile, needed)
        if inner is None:
            continue
        seen = inner.widened(height, width)
        with torch.autocast(found.device.type, dtype=half_type(found.device), enabled=how.half):
            values = network(*(seen.of(values, height) for values in inputs)).float()
        rows = slice(inner.top - seen.top, inner.bottom - seen.top)
        columns = slice(inner.left - seen.left, inner.right - seen.left)
        found[:, :, inner.top : inner.bottom, inner.left : inner.right] = values[:, :, rows, columns]
    return found


def tiles(height: int, width: int, tile_px: int) -> Iterator[Tile]:
    """Yield tiles that cover an image of even size without overlap, each at most tile_px high and wide."""
    for top in range(0, height, tile_px):
        for left in range(0, width, tile_px):
            yield Tile(top, min(height, top + tile_px), left, min(width, left + tile_px))


def _shrunk(tile: Tile, needed: Tensor) -> Tile | None:
    """Return the smallest part of a tile that holds all that is needed in it, None if nothing is."""
    part = needed[tile.top : tile.bottom, tile.left : tile.right]
    rows, columns = torch.nonzero(part.any(dim=1)), torch.nonzero(part.any(dim=0))
    if not len(rows):
        return None
    top, bottom = int(rows[0]), int(rows[-1]) + 1
    left, right = int(columns[0]), int(columns[-1]) + 1
    return Tile(
        tile.top + top // 2 * 2,
        tile.top + -(-bottom // 2) * 2,
        tile.left + left // 2 * 2,
        tile.left + -(-right // 2) * 2,
    )
