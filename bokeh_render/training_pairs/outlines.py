"""Outlines of things: closed polygons (n, 2) in px around (0, 0), y down."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from .ink import Points

_ROUND = 96


def turned(points: Points, angle: float) -> Points:
    """Turn an outline."""
    c, s = np.cos(angle), np.sin(angle)
    return np.asarray(points @ np.array([[c, s], [-s, c]]), dtype=np.float64)


def blob(rng: Generator, size: float) -> Points:
    """Return a smooth round outline of about the radius ``size``."""
    count = _ROUND if size > 12 else 24
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    radius = np.ones(count)
    rough = rng.choice([0.0, 0.25, 0.6])
    for order in range(2, 8):
        radius += rough * rng.standard_normal() / order * np.cos(order * angle + rng.uniform(0, 2 * np.pi))
    radius = size * np.maximum(radius, 0.15)
    flat = np.exp(rng.normal(0, 0.3))
    return turned(np.stack([radius * np.cos(angle) * flat, radius * np.sin(angle) / flat], axis=1), rng.uniform(0, 6.3))


def polygon(rng: Generator, size: float) -> Points:
    """Return three to nine corners, convex or not."""
    corners = int(rng.integers(3, 10))
    angle = np.sort(rng.uniform(0, 2 * np.pi, corners))
    radius = size * rng.uniform(rng.choice([0.35, 0.8]), 1.2, corners)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def box(rng: Generator, size: float) -> Points:
    """Return an upright rectangle, at times leaning, tapered, or with round corners."""
    flat = np.exp(rng.normal(0, 0.5))
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (size * flat, size / flat)
    corners[:2, 0] *= rng.choice([1.0, rng.uniform(0.4, 1.4)])
    return turned(corners, rng.choice([0.0, rng.normal(0, 0.2)]))


def vessel(rng: Generator, size: float) -> Points:
    """Return a turned thing seen from the side: bottle, vase, glass, chess piece, lamp."""
    knots = int(rng.integers(3, 9))
    height = np.linspace(-1, 1, 60)
    half = np.interp(height, np.linspace(-1, 1, knots), rng.uniform(0.12, 0.6, knots))
    if rng.uniform() < 0.7:
        half = np.convolve(np.pad(half, 4, mode="edge"), np.ones(9) / 9, mode="valid")
    right = np.stack([half, height], axis=1)
    return np.asarray(np.concatenate([right, right[::-1] * (-1, 1)]) * size, dtype=np.float64)


def bust(rng: Generator, size: float) -> Points:
    """Return head, neck and shoulders; the shoulders leave the picture below."""
    angle = np.linspace(0.65 * np.pi, 2.35 * np.pi, 60)
    wide = rng.uniform(0.35, 0.5)
    head = np.stack([np.cos(angle) * wide, np.sin(angle) * 0.55 - 0.35], axis=1)
    neck, shoulder = wide * rng.uniform(0.45, 0.7), rng.uniform(0.9, 1.4)
    right = np.array([[neck, 0.3], [shoulder * 0.8, 0.5], [shoulder, 0.9], [shoulder * 1.05, 4.0]])
    return np.asarray(np.concatenate([head, right, right[::-1] * (-1, 1)]) * size, dtype=np.float64)


def leaf(rng: Generator, size: float) -> Points:
    """Return a pointed oval, bent."""
    along = np.linspace(-1, 1, 14)
    half = rng.uniform(0.15, 0.45) * (1 - along**2) ** rng.uniform(0.6, 1.2)
    bend = rng.normal(0, 0.25) * along**2
    upper, lower = np.stack([along, bend + half], axis=1), np.stack([along, bend - half], axis=1)
    return turned(np.concatenate([upper, lower[::-1]]) * size, rng.uniform(0, 2 * np.pi))


def star(rng: Generator, size: float) -> Points:
    """Return a flower, star, cog or splash: a radius that goes up and down."""
    petals, angle = int(rng.integers(4, 14)), np.linspace(0, 2 * np.pi, 144, endpoint=False)
    wave = np.cos(petals * angle)
    radius = size * (1 + rng.uniform(0.1, 0.5) * (np.sign(wave) if rng.uniform() < 0.3 else wave))
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


OUTLINES: tuple[tuple[Callable[[Generator, float], Points], float], ...] = (
    (blob, 3.0), (box, 3.0), (vessel, 2.5), (polygon, 1.5), (leaf, 1.0), (star, 0.7), (bust, 0.6),
)  # fmt: skip


def outline(rng: Generator, size: float) -> Points:
    """Return one of the outlines, of about the half height ``size``."""
    weights = np.array([weight for _, weight in OUTLINES])
    return OUTLINES[rng.choice(len(OUTLINES), p=weights / weights.sum())][0](rng, size)
