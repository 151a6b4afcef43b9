"""Lit shop windows: a bright back wall, shelves, goods of all sizes standing on them, pendant lamps above."""

from __future__ import annotations

from dataclasses import dataclass

import bpy
import numpy as np

from .lights import show_to_camera_only
from .materials import Colour, Shader, emission
from .mesh import add_boxes, add_mesh

Box = tuple[tuple[float, float, float], tuple[float, float, float]]

_GOODS: tuple[Colour, ...] = (
    (0.36, 0.1, 0.035),
    (0.62, 0.34, 0.12),
    (0.12, 0.14, 0.06),
    (0.85, 0.66, 0.42),
    (0.3, 0.035, 0.03),
    (0.07, 0.1, 0.16),
)


@dataclass(frozen=True)
class ShopLight:
    """How a shop glows. wall: its back wall, brightest at the top; shelf: dark wood; goods: one material each;
    pendant: its lamps.
    """

    wall: bpy.types.Material
    shelf: bpy.types.Material
    goods: tuple[bpy.types.Material, ...]
    pendant: bpy.types.Material


def shop_light(name: str, colour: Colour, strength: float) -> ShopLight:
    """Return the glowing materials of a shop lit in one colour. strength: radiance of its back wall (1 = white)."""
    shader = Shader(f"{name}.wall")
    height = shader.node("ShaderNodeSeparateXYZ", {0: shader.coordinates((1.0, 1.0, 1.0 / 2.4))}).outputs["Z"]
    deep: Colour = (colour[0] * 0.34, colour[1] * 0.24, colour[2] * 0.18)
    fall = shader.ramp(
        height, [(0.2, deep), (0.6, (colour[0] * 0.72, colour[1] * 0.64, colour[2] * 0.55)), (1.0, colour)]
    )
    haze = shader.ramp(
        shader.noise(shader.coordinates(), 1.1, detail=1.0), [(0.3, (0.6, 0.55, 0.5)), (0.65, (1.0, 1.0, 1.0))]
    )
    wall = shader.glow(shader.mix(1.0, fall, haze, "MULTIPLY"), strength)
    goods = tuple(emission(f"{name}.goods{index}", tint, 0.62 * strength) for index, tint in enumerate(_GOODS))
    shelf = emission(f"{name}.shelf", (0.1, 0.05, 0.022), strength)
    return ShopLight(wall, shelf, goods, emission(f"{name}.pendant", (1.0, 0.66, 0.3), 2.4))


def add_shop_window(
    name: str, plane: tuple[float, int, float, float], light: ShopLight, rng: np.random.Generator
) -> None:
    """Fill a shop's glass, 0.58 to 2.33 m above the ground, with what is seen through it.

    plane: X of the house's front, the side it looks to (+1 or -1), and the glass's start and end along Y, metres.
    """
    x, side, start, end = plane
    middle, wide = (start + end) / 2, end - start
    show_to_camera_only(
        add_boxes(f"{name}.wall", [((x + side * 0.006, middle, 1.455), (0.008, wide, 1.75))], light.wall)
    )
    shelves: list[Box] = []
    goods: list[list[Box]] = [[] for _ in light.goods]
    for z in (0.62, 1.08, 1.52):
        shelves.append(((x + side * 0.012, middle, z - 0.02), (0.01, wide, 0.04)))
        y = start + 0.08
        while y < end - 0.12:
            kind = goods[int(rng.integers(len(goods)))]
            thick, tall = rng.uniform(0.07, 0.16), rng.uniform(0.09, 0.27)
            for _ in range(int(rng.integers(1, 6))):  # alike things stand in a row
                if y + thick > end - 0.05:
                    break
                kind.append(((x + side * 0.014, y + thick / 2, z + tall / 2), (0.012, thick, tall)))
                if tall > 1.9 * thick:  # a bottle: a neck on its shoulders
                    kind.append(((x + side * 0.014, y + thick / 2, z + tall + 0.04), (0.012, thick * 0.34, 0.08)))
                y += thick + 0.022
            y += rng.uniform(0.05, 0.4)
    show_to_camera_only(add_boxes(f"{name}.shelves", shelves, light.shelf))
    for index, boxes in enumerate(goods):
        if boxes:
            show_to_camera_only(add_boxes(f"{name}.goods{index}", boxes, light.goods[index]))
    pendants = max(2, round(wide / 1.5))
    cords = [
        ((x + side * 0.012, start + (k + 0.5) / pendants * wide, 2.27), (0.006, 0.012, 0.14)) for k in range(pendants)
    ]
    show_to_camera_only(add_boxes(f"{name}.cords", cords, light.shelf))
    _add_discs(f"{name}.pendants", [(x + side * 0.018, cord[0][1], 2.14) for cord in cords], 0.085, light.pendant)


def _add_discs(name: str, centres: list[tuple[float, float, float]], radius_m: float, glow: bpy.types.Material) -> None:
    """Add upright discs that look along X, as one object."""
    angle = np.linspace(0.0, 2 * np.pi, 20, endpoint=False)
    ring = radius_m * np.stack([0 * angle, np.cos(angle), np.sin(angle)], axis=1)
    vertices = np.concatenate([np.asarray(centre) + ring for centre in centres])
    faces = [list(range(20 * index, 20 * index + 20)) for index in range(len(centres))]
    show_to_camera_only(add_mesh(name, vertices, faces, glow))
