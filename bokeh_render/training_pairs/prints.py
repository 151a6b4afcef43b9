"""Man-made patterns: letters, bricks, tiles, windows."""

from __future__ import annotations

import string
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from ..optics import Float32
from .canvas import Canvas
from .chance import log_uniform
from .ink import Ink
from .noise import noise

Colour = NDArray[np.float64]


@lru_cache(maxsize=64)
def _font(size_px: int) -> Any:
    return ImageFont.load_default(size_px)


def letters(rng: Generator, canvas: Canvas, paper: Colour, ink: Colour) -> Float32:
    """Lines of random letters, of one size or several, on paper: (h, w, 3)."""
    height, width = canvas.shape
    page = Image.new("L", (2 * width, 2 * height), 0)
    pen, top = ImageDraw.Draw(page), int(rng.integers(-20, 20))
    size = int(log_uniform(rng, 12, 80))
    signs = np.array(list(string.ascii_letters + string.digits + "      "))
    while top < 2 * height:
        used = size if rng.uniform() < 0.85 else int(size * rng.uniform(1.2, 3.0))
        count = int(rng.integers(3, 4 + int(5 * width / used)))
        pen.text((int(rng.integers(-20, 60)), top), "".join(rng.choice(signs, count)), fill=255, font=_font(used))
        top += int(used * rng.uniform(1.0, 1.8))
    share = (np.asarray(page.reduce(2), dtype=np.float32) / 255.0)[..., None]
    worn = 1.0 + rng.uniform(0, 0.1) * noise(rng, canvas.shape, 1.2)[..., None]
    return np.asarray((paper * (1 - share) + ink * share) * worn, dtype=np.float32)


def bricks(rng: Generator, canvas: Canvas, shades: Colour) -> Float32:
    """Rectangles in rows with joints, each in one of (n, 3) shades: (h, w, 3)."""
    ink, (height, width) = Ink(canvas), canvas.shape
    ink.polygon(_box(0, 0, width + 2, height + 2), shades[0])
    tall, wide = np.exp(rng.uniform(np.log(5), np.log(70), 2))
    wide = max(wide, tall * 0.15)
    joint, shift = rng.uniform(0, 0.12) * min(tall, wide), rng.choice([0.0, 0.5])
    ragged = rng.choice([0.0, rng.uniform(0, 0.5)])
    for row, y in enumerate(np.arange(-height / 2, height / 2 + tall, tall)):
        x = -width / 2 - rng.uniform(0, wide) * ragged - wide * shift * (row % 2)
        while x < width / 2:
            long = wide * np.exp(ragged * rng.standard_normal())
            shade = shades[rng.integers(1, len(shades))] * rng.uniform(0.85, 1.15)
            ink.polygon(_box(x + long / 2, y, max(long - joint, 1), max(tall - joint, 1)), shade)
            x += max(long, 1.5)
    painted = ink.result()[0]
    return np.asarray(painted * (1.0 + rng.uniform(0, 0.15) * noise(rng, canvas.shape, 1.1)[..., None]), np.float32)


def _box(x: float, y: float, width: float, height: float) -> NDArray[np.float64]:
    return np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (width / 2, height / 2) + (x, y)
