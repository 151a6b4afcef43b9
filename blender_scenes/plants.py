"""Plants: leaves as bent blades, stems as tubes, grown from a random generator."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .mesh import add_mesh, add_tube

Vector = NDArray[np.float64]


def _unit(vector: Vector) -> Vector:
    return vector / np.linalg.norm(vector)


def blade(
    base: ArrayLike,
    direction: ArrayLike,
    length_m: float,
    width_m: float,
    *,
    droop: float = 0.5,
    up: Sequence[float] = (0.0, 0.0, 1.0),
    steps: int = 8,
) -> tuple[Vector, list[list[int]]]:
    """Return a leaf's vertices (3·(steps+1), 3) in metres and its faces: pointed, folded along its midrib, drooping.

    direction: where it sets out; droop: by how many lengths its tip falls; up: the side its face turns to.
    """
    along = _unit(np.asarray(direction, dtype=np.float64))
    across = np.cross(along, np.asarray(up, dtype=np.float64))
    across = _unit(across) if np.linalg.norm(across) > 1e-6 else np.array([1.0, 0.0, 0.0])
    normal = np.cross(across, along)
    t = np.linspace(0.0, 1.0, steps + 1)[:, None]
    spine = np.asarray(base) + length_m * (t * along - np.array([0.0, 0.0, 1.0]) * droop * t**2)
    half = width_m * 0.5 * np.sin(np.pi * np.clip(t**0.75, 0.02, 0.985))
    edges = [spine + sign * half * across + 0.25 * half * normal for sign in (-1, 1)]
    vertices = np.stack([edges[0], spine, edges[1]], axis=1).reshape(-1, 3)
    faces = [
        [3 * k + side, 3 * k + side + 1, 3 * k + side + 4, 3 * k + side + 3] for k in range(steps) for side in (0, 1)
    ]
    return vertices, faces


def add_blades(
    name: str, blades: Sequence[tuple[Vector, list[list[int]]]], material: bpy.types.Material
) -> bpy.types.Object:
    """Add many leaves as one object."""
    vertices = np.concatenate([points for points, _ in blades])
    offsets = np.cumsum([0] + [len(points) for points, _ in blades])
    faces = [
        [int(offset) + index for index in face]
        for (_, leaf_faces), offset in zip(blades, offsets[:-1], strict=True)
        for face in leaf_faces
    ]
    return add_mesh(name, vertices, faces, material, smooth=True)


def add_twig(
    name: str,
    path: ArrayLike,
    rng: np.random.Generator,
    materials: Sequence[bpy.types.Material],
    stem: bpy.types.Material,
    *,
    leaf_m: float = 0.06,
    leaves: int = 14,
    stem_radius_m: float = 0.002,
) -> None:
    """Add a twig along a polyline (N, 3), thinning to its end, with leaves of the given materials to both sides."""
    points = np.asarray(path, dtype=np.float64)
    add_tube(f"{name}.stem", points, np.linspace(stem_radius_m, stem_radius_m * 0.4, len(points)), stem, sides=6)
    groups: list[list[tuple[Vector, list[list[int]]]]] = [[] for _ in materials]
    for index in range(leaves):
        t = (0.12 + 0.88 * index / (leaves - 1)) * (len(points) - 1)
        k = min(int(t), len(points) - 2)
        base = points[k] + (t - k) * (points[k + 1] - points[k])
        along = _unit(points[k + 1] - points[k])
        side = np.cross(along, (0.0, 0.0, 1.0)) * (1 if index % 2 else -1)
        direction = 0.55 * along + side + rng.normal(0, 0.25, 3)
        size = leaf_m * rng.uniform(0.75, 1.15)
        shape = blade(base, direction, size, size * rng.uniform(0.36, 0.46), droop=rng.uniform(0.1, 0.45))
        groups[int(rng.integers(len(materials)))].append(shape)
    for number, group in enumerate(groups):
        if group:
            add_blades(f"{name}.leaves{number}", group, materials[number])


def add_tuft(
    name: str,
    base: Sequence[float],
    rng: np.random.Generator,
    materials: Sequence[bpy.types.Material],
    *,
    count: int = 40,
    length_m: tuple[float, float] = (0.18, 0.34),
    width_m: float = 0.012,
    spread: float = 0.8,
) -> None:
    """Add a tuft of long arching blades, like a spider plant or grass, from one spot."""
    groups: list[list[tuple[Vector, list[list[int]]]]] = [[] for _ in materials]
    for _ in range(count):
        angle = rng.uniform(0, 2 * np.pi)
        lean = spread * np.sqrt(rng.uniform(0.02, 1.0))
        direction = np.array([np.cos(angle) * lean, np.sin(angle) * lean, 1.0])
        start = np.asarray(base) + np.array([np.cos(angle), np.sin(angle), 0.0]) * rng.uniform(0.0, 0.02)
        length = rng.uniform(*length_m)
        shape = blade(start, direction, length, width_m * rng.uniform(0.7, 1.2), droop=0.25 + 0.65 * lean, steps=12)
        groups[int(rng.integers(len(materials)))].append(shape)
    for number, group in enumerate(groups):
        if group:
            add_blades(f"{name}.{number}", group, materials[number])
