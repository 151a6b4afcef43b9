"""The part of the picture that both photographs show, once the wide one is moved onto the shallow one."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .similarity import Similarity


class Frame(NamedTuple):
    """A rectangle of the shallow photograph, px: rows top to bottom, columns left to right, ends not included."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def size(self) -> tuple[int, int]:
        """Height and width, px."""
        return self.bottom - self.top, self.right - self.left

    def cut(self, picture: NDArray[Any]) -> NDArray[Any]:
        """Return the part of a picture (H, W, …) within."""
        return np.ascontiguousarray(picture[self.top : self.bottom, self.left : self.right])

    def share_of(self, shape: tuple[int, ...]) -> float:
        """Return its share of a picture's area; 0 when nothing is left."""
        height, width = self.size
        return max(height, 0) * max(width, 0) / (shape[0] * shape[1])


def common_frame(similarity: Similarity, height: int, width: int, margin_px: int = 2) -> Frame:
    """Return the frame that the moved wide photograph covers, of even height and width.

    similarity: wide px to shallow px; height, width: of both photographs; margin_px: left out along its edge, which
    interpolation reaches beyond.
    """
    corners = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], dtype=np.float64)
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = similarity.apply(corners)
    top = max(0, math.ceil(max(y0, y1)) + margin_px)
    left = max(0, math.ceil(max(x0, x3)) + margin_px)
    bottom = min(height, math.floor(min(y2, y3)) - margin_px + 1)
    right = min(width, math.floor(min(x1, x2)) - margin_px + 1)
    return Frame(top, left, bottom - (bottom - top) % 2, right - (right - left) % 2)
