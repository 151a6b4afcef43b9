"""Light on a flat shape as if it were round: bright on one side, darker at the edge, with a highlight."""

from __future__ import annotations

import numpy as np
from numpy.random import Generator
from scipy import ndimage

from ..optics import Float32
from .canvas import Canvas
from .chance import log_uniform
from .noise import noise


def rounded(rng: Generator, paint: Float32, alpha: Float32, *, shiny: float) -> Float32:
    """Return paint (h, w, 3) shaded by a height that rises from the outline of alpha (h, w).

    shiny: in [0, 1], how much of it mirrors a made-up surrounding; highlights then pass 1.
    """
    rows, columns = np.nonzero(alpha > 0)
    if not len(rows):
        return paint
    top, bottom = max(rows.min() - 2, 0), rows.max() + 3
    left, right = max(columns.min() - 2, 0), columns.max() + 3
    part = (slice(top, bottom), slice(left, right))
    inside = ndimage.distance_transform_edt(alpha[part] > 0.5)
    deepest = float(inside.max())
    round_px = max(deepest * rng.uniform(0.2, 1.0), 1.5)
    height = round_px * np.sqrt(1 - (1 - np.clip(inside / round_px, 0, 1)) ** 2)
    height = ndimage.gaussian_filter(height, max(0.08 * round_px, 0.7))
    down, across = np.gradient(height)
    normal = np.stack([-across, -down, np.full_like(down, rng.uniform(0.5, 1.0))], axis=-1)
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True)
    sun = np.array([rng.normal(), -abs(rng.normal()) - 0.3, rng.uniform(0.3, 1.2)], dtype=np.float64)
    sun /= np.linalg.norm(sun)
    facing = normal @ sun
    shaded = paint[part] * (rng.uniform(0.3, 0.7) + rng.uniform(0.4, 0.8) * np.maximum(facing, 0))[..., None]
    if shiny > 0:
        surrounding = 0.5 + 0.5 * np.sin(rng.uniform(3, 9) * normal[..., 1] + rng.uniform(-1, 1) * normal[..., 0] * 6)
        mirror = surrounding ** rng.uniform(1, 4) * rng.uniform(0.6, 1.4)
        shaded = shaded * (1 - shiny) + shiny * mirror[..., None] * (0.5 + 0.5 * paint[part])
    if rng.uniform() < 0.25 + 0.7 * shiny:
        half = sun + np.array([0.0, 0.0, 1.0])
        half /= np.linalg.norm(half)
        spot = np.maximum(normal @ half, 0) ** log_uniform(rng, 20, 300)
        shaded = shaded + (rng.uniform(0.2, 2.0) * spot)[..., None]
    lit = paint.copy()
    lit[part] = shaded
    return lit


def uneven_light(rng: Generator, canvas: Canvas) -> Float32:
    """Return (h, w), a slow change of brightness over the picture, about 1: light from a side, pools, shadows."""
    angle = rng.uniform(0, 2 * np.pi)
    along = (canvas.x * np.cos(angle) + canvas.y * np.sin(angle)) / canvas.side
    light = rng.normal(0, 0.35) * along + rng.uniform(0, 0.25) * noise(rng, canvas.shape, 2.2)
    if rng.uniform() < 0.2:  # a shadow with a border
        shadow = np.clip((noise(rng, canvas.shape, 2.0) - rng.normal()) * rng.uniform(1, 30), 0, 1)
        light = light - rng.uniform(0.3, 0.9) * shadow
    return np.asarray(np.exp(np.clip(light, -1.5, 1.0)), dtype=np.float32)
