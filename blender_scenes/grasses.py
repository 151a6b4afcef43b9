"""Grass and wild flowers by the thousand: blades and petals as strips, one mesh for each kind of green."""

from __future__ import annotations

import bpy
import numpy as np
from numpy.typing import NDArray

from .materials import Colour, Shader, principled
from .mesh import add_quads, add_sphere, add_tube
from .plants import add_blades, blade

Array = NDArray[np.float64]


def grass_material(name: str, root: Colour, tip: Colour, *, height_m: float) -> bpy.types.Material:
    """Return grass that is dark at the root and light at the tip, in patches. height_m: where it is lightest."""
    shader = Shader(name)
    position = shader.coordinates()
    height = shader.node("ShaderNodeSeparateXYZ", {0: position}).outputs["Z"]
    share = shader.node("ShaderNodeMath", {0: height, 1: height_m}, operation="DIVIDE").outputs[0]
    patches = shader.noise(position, 3.0, detail=2.0)
    light = shader.ramp(patches, [(0.35, tip), (0.7, (tip[0] * 0.65, tip[1] * 0.8, tip[2] * 0.6))])
    mixed = shader.mix(share, root, light)
    return shader.surface(mixed, specular=0.0)


def add_grass(
    name: str,
    roots: Array,
    rng: np.random.Generator,
    material: bpy.types.Material,
    *,
    length_m: tuple[float, float],
    width_m: float,
    lean: float = 0.5,
    wind: tuple[float, float] = (0.0, 0.0),
    steps: int = 4,
) -> bpy.types.Object:
    """Add a blade per root as one mesh. roots: (N, 3) metres; lean: how far they bend; wind: their common bend."""
    count = len(roots)
    length = rng.uniform(*length_m, count)[:, None, None]
    angle = rng.uniform(0, 2 * np.pi, count)
    bend = lean * rng.uniform(0.1, 1.0, count)
    out = np.stack([np.cos(angle) * bend + wind[0], np.sin(angle) * bend + wind[1], np.zeros(count)], axis=1)[:, None]
    across = np.stack([-np.sin(angle), np.cos(angle), np.zeros(count)], axis=1)[:, None]
    t = np.linspace(0.0, 1.0, steps + 1)[None, :, None]
    reach = np.linalg.norm(out, axis=2, keepdims=True)
    spine = roots[:, None] + length * (
        out * t**2 + np.array([0.0, 0.0, 1.0]) * t * (1 - 0.35 * np.minimum(reach, 1.3) * t)
    )
    half = 0.5 * width_m * rng.uniform(0.6, 1.3, count)[:, None, None] * (1 - t**2 * 0.96)
    vertices = np.stack([spine - half * across, spine + half * across], axis=2).reshape(-1, 3)
    first = np.arange(count)[:, None] * 2 * (steps + 1) + 2 * np.arange(steps)[None, :]
    faces = np.stack([first, first + 1, first + 3, first + 2], axis=2).reshape(-1, 4)
    return add_quads(name, vertices, faces, material)


def add_daisies(
    name: str,
    places: Array,
    rng: np.random.Generator,
    *,
    height_m: tuple[float, float],
    petal_m: float = 0.016,
    petals: Colour = (0.82, 0.8, 0.74),
    heart: Colour = (0.75, 0.45, 0.02),
    stem: bpy.types.Material,
) -> None:
    """Add flowers with a ring of petals round a domed heart. places: (N, 3) metres, at the ground."""
    white = principled(f"{name}.petal", petals, specular=0.0)
    yellow = principled(f"{name}.heart", heart, roughness=0.9, specular=0.0)
    rays: list[tuple[Array, list[list[int]]]] = []
    for index, place in enumerate(places):
        head, facing = _stalk(f"{name}.{index:03d}", place, rng, height_m, stem)
        first, second = _plane(facing)
        for number in range(15):
            a = 2 * np.pi * number / 15 + float(rng.uniform(-0.08, 0.08))
            out = np.cos(a) * first + np.sin(a) * second + 0.12 * facing
            shape = blade(
                head + 0.2 * petal_m * out, out, petal_m, 0.32 * petal_m, droop=0.08, up=tuple(facing), steps=3
            )
            rays.append(shape)
        add_sphere(
            f"{name}.heart{index:03d}",
            tuple(head + 0.06 * petal_m * facing),
            0.33 * petal_m,
            yellow,
            stretch=(1.0, 1.0, 0.75),
            rings=8,
        )
    add_blades(f"{name}.petals", rays, white)


def add_poppies(
    name: str,
    places: Array,
    rng: np.random.Generator,
    *,
    height_m: tuple[float, float],
    size_m: float,
    colour: Colour,
    stem: bpy.types.Material,
) -> None:
    """Add poppies: four wide, crumpled petals as a bowl round a dark heart. places: (N, 3) metres, at the ground."""
    shader = Shader(f"{name}.petal")
    mottle = shader.noise(shader.coordinates(), 60.0, detail=2.0)
    red = shader.surface(
        shader.ramp(mottle, [(0.3, (colour[0] * 0.7, colour[1] * 0.6, colour[2] * 0.6)), (0.7, colour)]), specular=0.0
    )
    black = principled(f"{name}.heart", (0.02, 0.015, 0.02), roughness=0.9, specular=0.0)
    u, v = np.meshgrid(np.linspace(-1, 1, 9), np.linspace(0, 1, 7), indexing="xy")
    k, i = np.meshgrid(np.arange(6), np.arange(8), indexing="ij")
    quads = np.stack([k * 9 + i, k * 9 + i + 1, (k + 1) * 9 + i + 1, (k + 1) * 9 + i], axis=2).reshape(-1, 4)
    vertices, faces, total = [], [], 0
    for index, place in enumerate(places):
        head, facing = _stalk(f"{name}.{index:03d}", place, rng, height_m, stem)
        first, second = _plane(facing)
        size = size_m * float(rng.uniform(0.8, 1.15))
        opening = float(rng.uniform(0.55, 1.0))
        for petal in range(4):
            a = np.pi / 2 * petal + float(rng.uniform(-0.15, 0.15))
            angle = a + 0.95 * u * np.sqrt(v + 0.04)
            radius = size * opening * v * (1 + 0.05 * np.sin(7 * u + petal))
            rise = size * (
                0.1 + (1.05 - 0.62 * opening) * v**1.6 + 0.05 * np.sin(9 * u + 3 * petal + index) * v
            ) + 0.002 * (petal % 2)
            sheet = (
                head
                + radius[..., None] * (np.cos(angle)[..., None] * first + np.sin(angle)[..., None] * second)
                + rise[..., None] * facing
            )
            vertices.append(sheet.reshape(-1, 3))
            faces.append(quads + total)
            total += sheet.size // 3
        add_sphere(f"{name}.heart{index:03d}", tuple(head + 0.16 * size * facing), 0.17 * size, black, rings=8)
    add_quads(f"{name}.petals", np.concatenate(vertices), np.concatenate(faces), red)


def add_seed_heads(
    name: str, places: Array, rng: np.random.Generator, *, height_m: tuple[float, float], straw: bpy.types.Material
) -> None:
    """Add tall grass in ear: a thin bowed stalk with husks along its end. places: (N, 3) metres."""
    husks: list[tuple[Array, list[list[int]]]] = []
    for index, place in enumerate(places):
        height, angle = float(rng.uniform(*height_m)), float(rng.uniform(0, 2 * np.pi))
        t = np.linspace(0.0, 1.0, 10)
        bow = 0.22 * height * t**2.2
        path = np.stack([place[0] + np.cos(angle) * bow, place[1] + np.sin(angle) * bow, place[2] + height * t], axis=1)
        add_tube(f"{name}.{index:03d}", path, np.linspace(0.0014, 0.0006, 10), straw, sides=5)
        for s in np.linspace(0.72, 1.0, 16):
            at = np.array([np.interp(s, t, path[:, axis]) for axis in range(3)])
            around = float(rng.uniform(0, 2 * np.pi))
            husks.append(blade(at, (0.6 * np.cos(around), 0.6 * np.sin(around), 1.0), 0.02, 0.006, droop=0.1, steps=2))
    add_blades(f"{name}.husks", husks, straw)


def scattered(rng: np.random.Generator, count: int, x: tuple[float, float], y: tuple[float, float]) -> Array:
    """Return (count, 3) places on level ground in the rectangle x[0]…x[1] by y[0]…y[1], metres."""
    return np.stack([rng.uniform(x[0], x[1], count), rng.uniform(y[0], y[1], count), np.zeros(count)], axis=1)


def _stalk(
    name: str, place: Array, rng: np.random.Generator, height_m: tuple[float, float], stem: bpy.types.Material
) -> tuple[Array, Array]:
    """Add a flower's stalk; return where its head sits and the unit vector it faces."""
    height, angle = float(rng.uniform(*height_m)), float(rng.uniform(0, 2 * np.pi))
    bow = 0.12 * height
    t = np.linspace(0.0, 1.0, 7)
    path = np.stack(
        [place[0] + np.cos(angle) * bow * t**2, place[1] + np.sin(angle) * bow * t**2, place[2] + height * t], axis=1
    )
    add_tube(f"{name}.stalk", path, 0.0013, stem, sides=5)
    facing = np.array([0.5 * np.cos(angle), 0.5 * np.sin(angle) - 0.35, 1.0])
    return path[-1], facing / np.linalg.norm(facing)


def _plane(facing: Array) -> tuple[Array, Array]:
    first = np.cross(facing, (0.0, 1.0, 0.2))
    first /= np.linalg.norm(first)
    return first, np.cross(facing, first)
