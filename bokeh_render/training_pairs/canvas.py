"""The area that a layer is painted on: the picture and a margin that only the rim of the lens sees."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..optics import Float32


@dataclass(frozen=True)
class Canvas:
    """height, width: px of the picture; margin: px beyond each of its sides. Places are px from the centre, x right, y
    down, as in :class:`bokeh_render.raytracing.Layer`.
    """

    height: int
    width: int
    margin: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns with the margin."""
        return self.height + 2 * self.margin, self.width + 2 * self.margin

    @property
    def side(self) -> float:
        """The picture's shorter side, px: the measure of how large things are painted."""
        return float(min(self.height, self.width))

    @cached_property
    def x(self) -> Float32:
        """(1, w), px right of the centre."""
        return (np.arange(self.shape[1], dtype=np.float32) - (self.shape[1] - 1) / 2)[None, :]

    @cached_property
    def y(self) -> Float32:
        """(h, 1), px below the centre."""
        return (np.arange(self.shape[0], dtype=np.float32) - (self.shape[0] - 1) / 2)[:, None]

    def inner(self, values: Float32) -> Float32:
        """Return the picture's part of an array painted on the canvas."""
        margin = self.margin
        return values[margin : margin + self.height, margin : margin + self.width]

    def disparity(self, plane: tuple[float, float, float]) -> Float32:
        """Return (h, w), the disparity of a plane: at the centre, and its slopes per px right and down."""
        return (plane[0] + plane[1] * self.x + plane[2] * self.y).astype(np.float32)
