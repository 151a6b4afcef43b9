"""A figure's head, neck and shoulders, built of level sections: (height, front, back, half width) in metres.

The head's origin lies below the ears at the height of the chin; it looks along +Y. Points are given in the figure's own
frame; :class:`Figure` places and turns them.
"""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from .materials import Colour, Shader
from .mesh import add_grid, add_sphere, add_tube

Array = NDArray[np.float64]

_HEAD = np.array(
    [
        (-0.002, 0.074, 0.050, 0.012),
        (0.004, 0.086, 0.020, 0.030),
        (0.018, 0.094, -0.012, 0.044),
        (0.040, 0.096, -0.045, 0.054),
        (0.070, 0.094, -0.072, 0.062),
        (0.100, 0.093, -0.090, 0.069),
        (0.130, 0.097, -0.099, 0.075),
        (0.160, 0.093, -0.102, 0.077),
        (0.190, 0.077, -0.095, 0.070),
        (0.213, 0.050, -0.073, 0.054),
        (0.229, 0.018, -0.038, 0.028),
        (0.233, -0.006, -0.014, 0.004),
    ]
)
_BODY = np.array(
    [
        (-0.062, 0.035, -0.088, 0.062),
        (-0.078, 0.045, -0.098, 0.080),
        (-0.100, 0.058, -0.112, 0.128),
        (-0.125, 0.068, -0.122, 0.176),
        (-0.155, 0.080, -0.130, 0.207),
        (-0.200, 0.095, -0.136, 0.222),
        (-0.280, 0.112, -0.136, 0.222),
        (-0.420, 0.115, -0.130, 0.205),
        (-0.700, 0.110, -0.125, 0.195),
    ]
)


def _sections(table: Array, rows: int) -> Array:
    """Return the table resampled to ``rows`` sections by a smooth curve through it."""
    position = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(table, axis=0), axis=1))])
    where = np.linspace(0.0, position[-1], rows)
    slopes = np.gradient(table, position, axis=0)
    k = np.clip(np.searchsorted(position, where, side="right") - 1, 0, len(table) - 2)
    h = (position[k + 1] - position[k])[:, None]
    t = ((where - position[k])[:, None]) / h
    hermite = (1 + 2 * t) * (1 - t) ** 2 * table[k] + t * (1 - t) ** 2 * h * slopes[k]
    return np.asarray(hermite + t**2 * (3 - 2 * t) * table[k + 1] + t**2 * (t - 1) * h * slopes[k + 1])


def _surface(sections: Array, angle: Array, power: float) -> Array:
    """Return a closed surface (sections, angles, 3): each section a superellipse. angle: 0 = ahead, turning left."""
    z, front, back, half = (sections[:, index][:, None] for index in range(4))
    c, s = np.cos(angle)[None, :], np.sin(angle)[None, :]
    round_c, round_s = np.sign(c) * np.abs(c) ** (2 / power), np.sign(s) * np.abs(s) ** (2 / power)
    y = (front + back) / 2 + (front - back) / 2 * round_c
    return np.stack(np.broadcast_arrays(-half * round_s, y, z), axis=2)


@dataclass(frozen=True)
class Figure:
    """Where a figure stands. place: of the head's origin, metres; turn_rad: about the vertical, 0 = looking along +Y;
    nod_rad: of the head, forwards.
    """

    place: tuple[float, float, float]
    turn_rad: float
    nod_rad: float = 0.0

    def out(self, points: Array, *, head: bool = False) -> Array:
        """Return points (..., 3) of the figure's frame in world metres."""
        p = np.array(points, dtype=np.float64)
        if head and self.nod_rad:
            c, s = np.cos(self.nod_rad), np.sin(self.nod_rad)
            p = np.stack([p[..., 0], c * p[..., 1] + s * p[..., 2], -s * p[..., 1] + c * p[..., 2]], axis=-1)
        c, s = np.cos(self.turn_rad), np.sin(self.turn_rad)
        return np.asarray(
            np.stack([c * p[..., 0] - s * p[..., 1], s * p[..., 0] + c * p[..., 1], p[..., 2]], axis=-1) + self.place
        )


def add_figure(name: str, figure: Figure, skin: bpy.types.Material, clothes: bpy.types.Material) -> None:
    """Add a head with a plain face and ears, a neck, and shoulders in a jumper with a rolled collar."""
    angle = np.linspace(-np.pi, np.pi, 97)
    sections = _sections(_HEAD, 90)
    head = _surface(sections, angle, 2.15)
    z, around = sections[:, 0][:, None], angle[None, :]
    ahead = head[:, :, 1]

    def bump(height: float, tall: float, left: float, wide: float) -> Array:
        return np.asarray(np.exp(-(((z - height) / tall) ** 2) - ((around - left) / wide) ** 2))

    nose = np.clip((0.128 - z) / 0.055, 0.0, 1.0) * (z > 0.06) + (z <= 0.06) * np.clip((z - 0.05) / 0.01, 0.0, 1.0)
    head[:, :, 1] = ahead + 0.026 * nose * np.exp(-((around / 0.13) ** 2))
    head[:, :, 1] += (
        0.007 * bump(0.043, 0.005, 0.0, 0.22)
        + 0.006 * bump(0.031, 0.005, 0.0, 0.2)
        - 0.003 * bump(0.02, 0.006, 0.0, 0.3)
    )
    for side in (-0.36, 0.36):
        head[:, :, 1] -= 0.009 * bump(0.108, 0.011, side, 0.13)
        head[:, :, 1] += 0.003 * bump(0.105, 0.006, side, 0.08)
    add_grid(f"{name}.head", figure.out(head, head=True), skin, smooth=True)
    for side in (-1, 1):
        spiral = np.linspace(0.3, 5.6, 26)
        rim = np.stack(
            [
                side * (0.074 + 0.012 * np.sin(spiral / 2)),
                -0.012 - 0.016 * np.sin(spiral),
                0.092 + 0.03 * np.cos(spiral),
            ],
            axis=1,
        )
        add_tube(f"{name}.ear{side}", figure.out(rim, head=True), 0.0046, skin, sides=10)
        add_sphere(
            f"{name}.lobe{side}",
            tuple(figure.out(np.array([side * 0.076, -0.008, 0.088]), head=True)),
            0.016,
            skin,
            stretch=(0.6, 0.8, 1.2),
        )
    neck = np.array([(0.0, -0.022, 0.05), (0.0, -0.026, 0.0), (0.0, -0.03, -0.05), (0.0, -0.034, -0.1)])
    add_tube(f"{name}.neck", figure.out(neck), [0.05, 0.05, 0.053, 0.064], skin, sides=32)
    body = _surface(_sections(_BODY, 60), angle, 2.3)
    add_grid(f"{name}.body", figure.out(body), clothes, smooth=True)
    turn = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    for index, (height, reach, thick) in enumerate(((-0.05, 0.062, 0.016), (-0.07, 0.072, 0.015))):
        collar = np.stack([reach * np.cos(turn), -0.03 + 1.02 * reach * np.sin(turn), np.full(40, height)], axis=1)
        add_tube(f"{name}.collar{index}", figure.out(collar), thick, clothes, sides=12, closed=True)


def scalp(count: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return places on the scalp and their outward unit normals, (N, 3) each, in the figure's frame."""
    middle, reach = np.array([0.0, -0.006, 0.13]), np.array([0.078, 0.102, 0.104])
    direction = rng.normal(0, 1, (count * 6, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    point = middle + reach * direction
    y, z = point[:, 1], point[:, 2]
    # the hairline runs from the forehead down before the ears to the nape
    hairline = np.where(y > 0.02, 0.13 + 0.62 * y, np.where(y > -0.02, 0.105, 0.045))
    kept = (z > hairline) & (y < 0.082)
    normal = direction[kept] / reach
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)
    return point[kept][:count], normal[:count]


def push_out(points: Array, clearance_m: float) -> Array:
    """Return points (N, 3) of the figure's frame moved out of head, neck and shoulders by at least a clearance."""
    moved = points.copy()
    bodies = (
        ((0.0, -0.004, 0.118), (0.079, 0.103, 0.117)),
        ((0.0, -0.03, -0.03), (0.074, 0.074, 0.1)),
        ((0.0, -0.02, -0.29), (0.222, 0.128, 0.205)),
        ((0.0, -0.02, -0.16), (0.15, 0.108, 0.075)),
    )
    # combed back behind the ears: below the temples nothing hangs before the face
    before = (moved[:, 2] < 0.15) & (moved[:, 2] > -0.06)
    moved[before, 1] = np.minimum(moved[before, 1], -0.012 + 0.55 * np.maximum(0.0, moved[before, 2] - 0.1))
    for middle, reach in bodies:
        size = np.asarray(reach) + clearance_m
        offset = (moved - middle) / size
        distance = np.linalg.norm(offset, axis=1, keepdims=True)
        inside = distance[:, 0] < 1.0
        moved[inside] = np.asarray(middle) + (offset / np.maximum(distance, 1e-6) * size)[inside]
    return moved


def skin_material(name: str, colour: Colour) -> bpy.types.Material:
    """Return skin: soft, slightly mottled, a little sheen."""
    shader = Shader(name)
    mottle = shader.noise(shader.coordinates(), 22.0, detail=3.0)
    warm: Colour = (colour[0], colour[1] * 0.84, colour[2] * 0.8)
    return shader.surface(shader.ramp(mottle, [(0.35, warm), (0.65, colour)]), roughness=0.55, specular=0.3)


def knitwear(name: str, colour: Colour) -> bpy.types.Material:
    """Return ribbed knitwear: vertical wales of stitches."""
    shader = Shader(name)
    coordinates = shader.coordinates((1.0, 1.0, 0.12))
    wales = shader.node(
        "ShaderNodeTexWave", {"Vector": coordinates, "Scale": 34.0, "Distortion": 0.6}, bands_direction="DIAGONAL"
    ).outputs[1]
    wool = shader.noise(shader.coordinates(), 420.0, detail=1.0)
    dark: Colour = (colour[0] * 0.45, colour[1] * 0.45, colour[2] * 0.45)
    tone = shader.mix(
        0.35, shader.ramp(wales, [(0.15, dark), (0.6, colour)]), shader.ramp(wool, [(0.3, dark), (0.7, colour)])
    )
    return shader.surface(tone, specular=0.0)
