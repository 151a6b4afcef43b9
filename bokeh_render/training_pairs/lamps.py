"""Lights: points and discs far brighter than white, which show the shape of the lens opening when blurred."""

from __future__ import annotations

import colorsys

import numpy as np
from numpy.random import Generator

from ..optics import Float32
from .canvas import Canvas
from .chance import log_uniform
from .ink import Points

BRIGHTEST = 20.0
"""Light of the brightest lamps; display value 3.9 at gamma 2.2."""


def lamps(rng: Generator, canvas: Canvas, centres: Points) -> tuple[Float32, Float32]:
    """Return the light (h, w, 3) of lamps at (n, 2) px from the centre, and how much of each pixel they cover (h, w).

    All are alike but for colour and brightness, or each is its own; radii from half a px to a few px: smaller
    ones would need more rays than pairs have, and out of focus they look as larger, dimmer ones do.
    """
    glow, alpha = np.zeros((*canvas.shape, 3), np.float32), np.zeros(canvas.shape, np.float32)
    largest = log_uniform(rng, 1.0, 4.5)
    hue, spread = rng.uniform(), rng.choice([0.03, 0.1, 1.0])
    brightest = log_uniform(rng, 1.5, BRIGHTEST)
    for x, y in centres:
        radius = largest * rng.uniform(0.6, 1.0)
        light = brightest * rng.uniform(0.3, 1.0)
        tone = colorsys.hsv_to_rgb((hue + spread * rng.normal()) % 1.0, rng.uniform(0, 0.8), 1.0)
        _lamp(canvas, glow, alpha, (x, y), radius, light * np.array(tone))
    return glow, alpha


def _lamp(
    canvas: Canvas,
    glow: Float32,
    alpha: Float32,
    centre: tuple[float, float],
    radius: float,
    light: Points,
) -> None:
    height, width = canvas.shape
    column, row = centre[0] + (width - 1) / 2, centre[1] + (height - 1) / 2
    reach = int(radius + 2)
    top, left = max(int(row) - reach, 0), max(int(column) - reach, 0)
    bottom, right = min(int(row) + reach + 2, height), min(int(column) + reach + 2, width)
    if top >= bottom or left >= right:
        return
    y, x = np.mgrid[top:bottom, left:right]
    covered = np.clip(radius + 0.5 - np.hypot(x - column, y - row), 0, 1) * min(1.0, np.pi * radius**2)
    part = (slice(top, bottom), slice(left, right))
    glow[part] = np.maximum(glow[part], covered[..., None] * light)
    alpha[part] = np.maximum(alpha[part], covered)


def lamp_places(rng: Generator, canvas: Canvas) -> Points:
    """Return (n, 2) places: strewn, in rows, along a hanging string, or in a heap."""
    height, width = canvas.shape
    kind, count = rng.integers(4), int(log_uniform(rng, 3, 60))
    if kind == 0:
        strewn: Points = rng.uniform(-0.5, 0.5, (count, 2)) * (width, height * rng.uniform(0.3, 1.0))
        return strewn
    if kind == 1:
        step = rng.uniform(8, 50, 2)
        rows = np.stack(np.meshgrid(np.arange(-width / 2, width / 2, step[0]), np.arange(1 + count // 12)), -1)
        grid = rows.reshape(-1, 2) * (1, step[1]) + (0, rng.uniform(-0.4, 0.3) * height)
        return np.asarray(grid[rng.uniform(size=len(grid)) < rng.uniform(0.3, 1.0)], dtype=np.float64)
    if kind == 2:
        along = np.linspace(-0.6, 0.6, count)
        sag, slope = rng.normal(0, 0.6), rng.normal(0, 0.4)
        string = np.stack([along, sag * along**2 + slope * along + rng.uniform(-0.5, 0.4)], axis=1)
        return np.asarray(string * (width, height), dtype=np.float64)
    heap = rng.standard_normal((count, 2)) * rng.uniform(0.05, 0.3, 2)
    return np.asarray((heap + rng.uniform(-0.4, 0.4, 2)) * (width, height), dtype=np.float64)
