"""Hair: guides that fall from the scalp over head and shoulders, and thousands of strands along them, as one mesh."""

from __future__ import annotations

from collections.abc import Callable

import bpy
import numpy as np
from numpy.typing import NDArray

from .materials import Colour, Shader
from .mesh import add_quads

Array = NDArray[np.float64]
PushOut = Callable[[Array], Array]
"""Moves points (N, 3) that lie inside a body to its surface."""


def hair_material(name: str, dark: Colour, light: Colour, *, roughness: float = 0.42) -> bpy.types.Material:
    """Return hair whose locks differ in tone, with a soft sheen."""
    shader = Shader(name)
    locks = shader.noise(shader.coordinates((30.0, 30.0, 5.0)), 1.0, detail=3.0)
    return shader.surface(shader.ramp(locks, [(0.3, dark), (0.72, light)]), roughness=roughness, specular=0.45)


def fall(
    roots: Array,
    outward: Array,
    push_out: PushOut,
    rng: np.random.Generator,
    *,
    length_m: float,
    steps: int = 34,
    wave_m: float = 0.006,
    waves: float = 3.0,
    combed: tuple[float, float, float] = (0.0, -0.8, 0.3),
    wind: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> Array:
    """Let guides fall from their roots under gravity, round what is in their way. Returns their paths (N, steps, 3).

    roots, outward: (N, 3) metres and unit normals; push_out: keeps them off the body; wave_m, waves: amplitude and
    number of waves along a guide; combed: the way it is combed near the roots; wind: constant pull; in gravities.
    """
    count = len(roots)
    step = length_m * rng.uniform(0.82, 1.08, (count, 1)) / steps
    heading = outward * 0.5 + np.asarray(combed)
    pull = np.array([0.0, 0.0, -1.0]) + np.asarray(wind)
    place, path = roots.copy(), [roots.copy()]
    for number in range(steps - 1):
        comb = np.asarray(combed) * max(0.0, 1.0 - 2.5 * number / steps)
        heading = heading + 0.3 * (pull + comb) + rng.normal(0, 0.02, (count, 3))
        heading /= np.linalg.norm(heading, axis=1, keepdims=True)
        moved = push_out(place + step * heading)
        heading = (moved - place) / np.maximum(np.linalg.norm(moved - place, axis=1, keepdims=True), 1e-9)
        place = moved
        path.append(place)
    paths = np.stack(path, axis=1)
    t = np.linspace(0.0, 1.0, steps)[None, :, None]
    phase, turn = rng.uniform(0, 2 * np.pi, (2, count, 1, 1))
    sideways = np.concatenate([np.cos(turn), np.sin(turn), np.zeros_like(turn)], axis=2)
    return np.asarray(paths + wave_m * np.minimum(1.0, 3 * t) * np.sin(2 * np.pi * waves * t + phase) * sideways)


def strands(
    guides: Array,
    rng: np.random.Generator,
    *,
    per_guide: int,
    spread_m: float,
    gather: float = 0.55,
    stray_m: float = 0.0,
) -> Array:
    """Return strands (N * per_guide, steps, 3) round their guides.

    spread_m: how far a strand's root stands from its guide's; gather: how much nearer its tip is; stray_m: how far
    strands wander off on their own towards their tips.
    """
    count, steps, _ = guides.shape
    t = np.linspace(0.0, 1.0, steps)[None, None, :, None]
    offset = rng.normal(0, spread_m, (count, per_guide, 1, 3))
    drift = rng.normal(0, stray_m, (count, per_guide, 1, 3)) if stray_m else 0.0
    shorter = rng.uniform(0.8, 1.0, (count, per_guide, 1, 1))
    paths = guides[:, None] + offset * (1 - gather * t) + drift * t**2
    ends = t * shorter * (steps - 1)  # a shorter strand stops earlier along the same path
    low = np.minimum(ends.astype(int), steps - 2)
    share = ends - low
    first, second = (np.take_along_axis(paths, np.broadcast_to(k, paths.shape), axis=2) for k in (low, low + 1))
    return np.asarray((first * (1 - share) + second * share).reshape(-1, steps, 3))


def add_strands(name: str, paths: Array, radius_m: float, material: bpy.types.Material) -> bpy.types.Object:
    """Add strands as thin three-sided tubes that taper to their tips. paths: (N, steps, 3) metres."""
    count, steps, _ = paths.shape
    tangent = np.gradient(paths, axis=1)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=2, keepdims=True), 1e-9)
    side = np.cross(tangent, np.array([0.31, 0.95, 0.05]))
    side /= np.maximum(np.linalg.norm(side, axis=2, keepdims=True), 1e-9)
    other = np.cross(tangent, side)
    radius = radius_m * (1 - 0.75 * np.linspace(0.0, 1.0, steps) ** 3)[None, :, None, None]
    angle = np.linspace(0, 2 * np.pi, 3, endpoint=False)[None, None, :, None]
    ring = paths[:, :, None] + radius * (np.cos(angle) * side[:, :, None] + np.sin(angle) * other[:, :, None])
    n, k, i = np.meshgrid(np.arange(count), np.arange(steps - 1), np.arange(3), indexing="ij")
    first = (n * steps + k) * 3
    j = (i + 1) % 3
    quads = np.stack([first + i, first + j, first + 3 + j, first + 3 + i], axis=3).reshape(-1, 4)
    return add_quads(name, ring.reshape(-1, 3), quads, material)
