"""Surfaces without depth: what a layer is painted with. All return display values (h, w, 3), about [0, 1]."""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..optics import Float32
from .canvas import Canvas
from .chance import log_uniform
from .ink import Ink
from .noise import noise
from .outlines import blob, polygon
from .prints import bricks, letters

Colours = NDArray[np.float64]
Texture = Callable[[Generator, Canvas, Colours], Float32]


def palette(rng: Generator, count: int = 6) -> Colours:
    """Return (count, 3) colours that go together: mostly dull, around one hue and sometimes its opposite."""
    hue, spread = rng.uniform(), rng.choice([0.03, 0.1, 0.4])
    dull = rng.uniform(0.15, 1.0)
    colours = []
    for _ in range(count):
        tone = hue + spread * rng.standard_normal() + 0.5 * (rng.uniform() < 0.15)
        colours.append(colorsys.hsv_to_rgb(tone % 1.0, rng.beta(1.3, 2.0) * dull, rng.uniform(0.08, 0.98)))
    return np.array(colours)


def colour(rng: Generator, colours: Colours, *, vary: float = 0.08) -> NDArray[np.float64]:
    """Return one of the colours, a little changed."""
    picked = colours[rng.integers(len(colours))]
    varied: Colours = np.clip(
        picked * np.exp(vary * rng.standard_normal()) + vary * 0.3 * rng.standard_normal(3), 0.01, 1.0
    )
    return varied


def clouds(rng: Generator, canvas: Canvas, colours: Colours) -> Float32:
    """Noise of a random roughness, mapped through two to four colours."""
    stretch = (1.0, float(np.exp(rng.normal(0, 0.7)))) if rng.uniform() < 0.4 else (1.0, 1.0)
    value = noise(rng, canvas.shape, rng.uniform(0.9, 2.0), stretch)
    return _mapped(rng, value, colours)


def wood(rng: Generator, canvas: Canvas, colours: Colours) -> Float32:
    """Wavy lines along one direction: wood, marble, hair, cloth."""
    angle = rng.choice([0.0, np.pi / 2, rng.uniform(0, np.pi)])
    along = canvas.x * np.cos(angle) + canvas.y * np.sin(angle)
    period = log_uniform(rng, 3, 60)
    bent = noise(rng, canvas.shape, rng.uniform(1.5, 2.2)) * rng.uniform(0.2, 3.0)
    value = np.sin(2 * np.pi * along / period + bent) + 0.4 * noise(rng, canvas.shape, 1.0)
    return _mapped(rng, value.astype(np.float32), colours)


def checks(rng: Generator, canvas: Canvas, colours: Colours) -> Float32:
    """Stripes or checks with edges one px wide, a little worn."""
    angle = rng.choice([0.0, rng.uniform(0, np.pi)])
    period = log_uniform(rng, 5, 90)
    right = canvas.x * np.cos(angle) + canvas.y * np.sin(angle)
    down = canvas.y * np.cos(angle) - canvas.x * np.sin(angle)
    value = _square_wave(right, period)
    if rng.uniform() < 0.5:
        value = value * _square_wave(down, period * rng.choice([1.0, rng.uniform(0.5, 2)]))
    share = (0.5 + 0.5 * value)[..., None]
    first, second = colour(rng, colours), colour(rng, colours)
    worn = 1.0 + rng.uniform(0, 0.15) * noise(rng, canvas.shape, 1.2)[..., None]
    return np.asarray((first * share + second * (1 - share)) * worn, dtype=np.float32)


def dead_leaves(rng: Generator, canvas: Canvas, colours: Colours) -> Float32:
    """Shapes of all sizes over each other (as many the smaller they are): edges as in photographs."""
    ink = Ink(canvas)
    height, width = canvas.shape
    ink.polygon(
        np.array([[-width, -height], [width, -height], [width, height], [-width, height]]), colour(rng, colours)
    )
    smallest, largest = rng.uniform(1.5, 6), canvas.side * rng.uniform(0.15, 0.6)
    count = int(rng.integers(60, 350))
    sizes = smallest / np.sqrt(1 - rng.uniform(size=count) * (1 - (smallest / largest) ** 2))
    round_ = rng.uniform()
    for size in np.sort(sizes)[::-1] if rng.uniform() < 0.7 else sizes:
        centre = rng.uniform(-0.5, 0.5, 2) * (width, height)
        outline = blob(rng, size) if rng.uniform() < round_ else polygon(rng, size)
        ink.polygon(centre + outline, colour(rng, colours, vary=0.2))
    return ink.result()[0]


def gradient(rng: Generator, canvas: Canvas, colours: Colours) -> Float32:
    """Paint a soft passage between two colours with little grain: walls, skies, paper, plastic."""
    angle = rng.uniform(0, 2 * np.pi)
    along = (canvas.x * np.cos(angle) + canvas.y * np.sin(angle)) / canvas.side
    share = np.clip(0.5 + rng.uniform(0.2, 1.2) * along + 0.1 * noise(rng, canvas.shape, 2.2), 0, 1)[..., None]
    mixed = colour(rng, colours) * share + colour(rng, colours) * (1 - share)
    return np.asarray(mixed + rng.uniform(0, 0.03) * noise(rng, canvas.shape, 0.5)[..., None], dtype=np.float32)


def plain(rng: Generator, canvas: Canvas, colours: Colours) -> Float32:
    """One colour with fine grain and soft stains."""
    stains = rng.uniform(0.02, 0.25) * noise(rng, canvas.shape, rng.uniform(0.6, 2.0))
    return np.asarray(colour(rng, colours) * np.exp(stains)[..., None], dtype=np.float32)


def printed(rng: Generator, canvas: Canvas, colours: Colours) -> Float32:
    """Letters on a page, or on coloured blocks."""
    return letters(rng, canvas, colour(rng, colours), colour(rng, colours))


def walled(rng: Generator, canvas: Canvas, colours: Colours) -> Float32:
    """Bricks, tiles, planks, books in a row, windows of a house."""
    shades = np.array([colour(rng, colours, vary=0.25) for _ in range(8)])
    return bricks(rng, canvas, shades)


TEXTURES: tuple[tuple[Texture, float], ...] = (
    (clouds, 3.0), (dead_leaves, 3.0), (gradient, 2.0), (plain, 2.5), (wood, 1.5), (walled, 1.5), (checks, 1.0),
    (printed, 1.2),
)  # fmt: skip


def texture(rng: Generator, canvas: Canvas, colours: Colours) -> Float32:
    """Return one of the textures under uneven light."""
    weights = np.array([weight for _, weight in TEXTURES])
    chosen = TEXTURES[rng.choice(len(TEXTURES), p=weights / weights.sum())][0]
    painted = chosen(rng, canvas, colours)
    if rng.uniform() < 0.25:
        painted = painted * (1.0 + rng.uniform(0.05, 0.25) * noise(rng, canvas.shape, rng.uniform(0.3, 1.2))[..., None])
    return np.maximum(painted, 0.0).astype(np.float32)


def _mapped(rng: Generator, value: Float32, colours: Colours) -> Float32:
    stops = np.sort(rng.normal(0, 1.2, rng.integers(2, 5)))
    shades = np.array([colour(rng, colours) for _ in stops])
    if rng.uniform() < 0.3:
        stops = np.concatenate([[stop - 0.03, stop + 0.03] for stop in stops[1:]])
        shades = np.concatenate(list(pairwise(shades)))
    return np.stack([np.interp(value, stops, shades[:, c]).astype(np.float32) for c in range(3)], axis=-1)


def _square_wave(place: Float32, period: float) -> Float32:
    """Return -1 and 1 in turn, edges one px wide."""
    phase = np.mod(place / period, 1.0)
    return np.clip((np.minimum(phase, 1 - phase) - 0.25) * period, -0.5, 0.5).astype(np.float32) * 2
