"""Antialiased flat shapes: drawn three times as large, then averaged down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ..optics import Float32
from .canvas import Canvas

_FINER = 3
Points = NDArray[np.float64]
Colour = Sequence[float] | NDArray[np.floating[Any]]


class Ink:
    """Draws polygons, lines and discs, later ones over earlier ones; places in px from the canvas' centre."""

    def __init__(self, canvas: Canvas) -> None:
        height, width = canvas.shape
        self._canvas = canvas
        self._image = Image.new("RGBA", (width * _FINER, height * _FINER), (0, 0, 0, 0))
        self._pen = ImageDraw.Draw(self._image)

    def polygon(self, points: Points, colour: Colour = (1, 1, 1)) -> None:
        """Fill the inside of (n, 2) points."""
        self._pen.polygon(self._place(points), fill=_bytes(colour))

    def hole(self, points: Points) -> None:
        """Take the inside of (n, 2) points away."""
        self._pen.polygon(self._place(points), fill=(0, 0, 0, 0))

    def line(self, points: Points, width: float, colour: Colour = (1, 1, 1)) -> None:
        """Stroke through (n, 2) points, width in px; it can be no finer than a third of a px."""
        self._pen.line(self._place(points), fill=_bytes(colour), width=max(1, round(width * _FINER)), joint="curve")

    def disc(self, centre: Sequence[float], radius: float, colour: Colour = (1, 1, 1)) -> None:
        """Fill a disc."""
        x, y = self._place(np.array([centre]))[0]
        reach = radius * _FINER
        self._pen.ellipse([x - reach, y - reach, x + reach, y + reach], fill=_bytes(colour))

    def result(self) -> tuple[Float32, Float32]:
        """Return colours (h, w, 3), display values, not multiplied by alpha, and alpha (h, w)."""
        height, width = self._canvas.shape
        colours, alpha = np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.float32)
        drawn = self._image.getbbox()
        if drawn is None:
            return colours, alpha
        left, top = drawn[0] // _FINER, drawn[1] // _FINER
        right, bottom = -(-drawn[2] // _FINER), -(-drawn[3] // _FINER)
        part = self._image.crop((left * _FINER, top * _FINER, right * _FINER, bottom * _FINER))
        small = np.asarray(part.convert("RGBa").reduce(_FINER), dtype=np.float32) / 255.0
        alpha[top:bottom, left:right] = small[..., 3]
        colours[top:bottom, left:right] = small[..., :3] / np.maximum(small[..., 3:], 1.0 / 255.0)
        return colours, alpha

    def _place(self, points: Points) -> list[tuple[float, float]]:
        height, width = self._canvas.shape
        placed = (np.asarray(points, dtype=np.float64) + (width / 2, height / 2)) * _FINER
        return [(float(x), float(y)) for x, y in placed]


def _bytes(colour: Colour) -> tuple[int, int, int, int]:
    red, green, blue = (int(np.clip(round(255 * value), 0, 255)) for value in colour)
    return red, green, blue, 255
