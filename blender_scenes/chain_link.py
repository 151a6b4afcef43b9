"""A chain-link fence: flat spirals of wire hooked into one another, each bulging to both sides of the net's plane."""

from __future__ import annotations

from collections.abc import Callable

import bpy
import numpy as np
from numpy.typing import NDArray

from .mesh import add_mesh

Place = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def add_chain_link(
    name: str,
    wire: bpy.types.Material,
    place: Place,
    *,
    width_m: float,
    height_m: float,
    mesh_m: float,
    wire_m: float,
    keep: Callable[[float, float], bool],
) -> bpy.types.Object:
    """Add a net as one object.

    place: maps points (N, 3) of the flat net (x along, y out of its plane, z up; metres, x from 0 to width_m) to the
    world; mesh_m: side of a diamond; wire_m: the wire's radius; keep: whether the wire at (x, z) is there (holes).
    """
    half = mesh_m / np.sqrt(2.0)  # half a diamond's diagonal, a zig or a zag
    vertices: list[NDArray[np.float64]] = []
    faces: list[NDArray[np.int64]] = []
    sides, total = 6, 0
    angle = np.linspace(0.0, 2 * np.pi, sides, endpoint=False)
    for column in range(int(width_m / half) + 1):
        steps = int(height_m / half)
        t = np.arange(0, steps + 1e-9, 0.2)
        fold = np.abs((t + column) % 2.0 - 1.0)  # zig-zag across the column, 0…1
        x = (column + fold) * half
        bulge = wire_m * 1.25 * np.cos(np.pi * fold) * (1 if column % 2 else -1)
        path = np.stack([x, bulge, t * half], axis=1)
        present = np.array([keep(float(px), float(pz)) for px, _, pz in path])
        for run in np.split(np.arange(len(path)), np.nonzero(np.diff(present.astype(int)))[0] + 1):
            if len(run) < 2 or not present[run[0]]:
                continue
            centre = path[run]
            tangent = np.gradient(centre, axis=0)
            tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
            out = np.broadcast_to([0.0, 1.0, 0.0], tangent.shape)
            across = np.cross(tangent, out)
            across /= np.linalg.norm(across, axis=1, keepdims=True)
            normal = np.cross(across, tangent)
            ring = centre[:, None] + wire_m * (
                np.cos(angle)[None, :, None] * across[:, None] + np.sin(angle)[None, :, None] * normal[:, None]
            )
            vertices.append(ring.reshape(-1, 3))
            k, i = np.meshgrid(np.arange(len(centre) - 1), np.arange(sides), indexing="ij")
            j = (i + 1) % sides
            quads = np.stack([k * sides + i, k * sides + j, (k + 1) * sides + j, (k + 1) * sides + i], axis=2)
            faces.append(quads.reshape(-1, 4) + total)
            total += len(centre) * sides
    return add_mesh(name, place(np.concatenate(vertices)), np.concatenate(faces).tolist(), wire, smooth=True)
