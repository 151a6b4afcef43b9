"""Town houses along a street: walls, rows of framed windows, shops with awnings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import bpy
import numpy as np

from .lights import show_to_camera_only
from .mesh import add_box, add_boxes, add_grid, add_mesh
from .shop_windows import ShopLight, add_shop_window

Box = tuple[tuple[float, float, float], tuple[float, float, float]]


@dataclass(frozen=True)
class HousePaint:
    """The materials of a house. lit: what lit windows may look like, one drawn for each; curtain: before them."""

    wall: bpy.types.Material
    trim: bpy.types.Material
    dark_pane: bpy.types.Material
    lit: Sequence[bpy.types.Material]
    curtain: bpy.types.Material
    shop: ShopLight
    awning: bpy.types.Material
    roof: bpy.types.Material


@dataclass(frozen=True)
class House:
    """Where a house stands. face_x: its front's plane; side: +1 if the front looks towards +X, else -1;
    start_y, end_y: along the street; height: of the wall; metres.
    """

    face_x: float
    side: int
    start_y: float
    end_y: float
    height: float
    floors: int


def add_house(name: str, house: House, paint: HousePaint, rng: np.random.Generator, *, lit_share: float = 0.5) -> None:
    """Add a house: wall, cornice, roof, a shop on the ground floor and windows above, some of them lit."""
    depth, length = 6.0, house.end_y - house.start_y
    middle = (house.start_y + house.end_y) / 2
    back = house.face_x - house.side * depth / 2
    add_box(
        f"{name}.wall", (back - house.side * 0.01, middle, house.height / 2), (depth, length, house.height), paint.wall
    )
    along, upwards = np.linspace(house.start_y, house.end_y, 16), np.linspace(0.0, house.height, 22)
    front = np.stack(np.broadcast_arrays(house.face_x, along[:, None], upwards[None, :]), axis=2)
    add_grid(f"{name}.front", front, paint.wall)  # fine enough to carry baked light
    add_box(f"{name}.roof", (back, middle, house.height + 0.35), (depth + 0.1, length, 0.7), paint.roof, bevel_m=0.3)
    trim: list[Box] = [((house.face_x, middle, house.height - 0.12), (0.5, length + 0.1, 0.24))]
    trim.append(((house.face_x, middle, 3.25), (0.24, length, 0.16)))
    dark: list[Box] = []
    lit: list[list[Box]] = [[] for _ in paint.lit]
    curtains: list[Box] = []
    columns = max(2, round(length / 2.3))
    pitch, storey = length / columns, (house.height - 3.6) / house.floors
    for floor in range(house.floors):
        for column in range(columns):
            y = house.start_y + (column + 0.5) * pitch
            z = 3.6 + (floor + 0.5) * storey
            tall, wide = min(1.75, storey * 0.62), 1.0
            pane: Box = ((house.face_x + house.side * 0.012, y, z), (0.02, wide, tall))
            if rng.uniform() < lit_share:
                lit[int(rng.integers(len(lit)))].append(pane)
                curtains += _curtains(house, y, z, wide, tall, rng)
            else:
                dark.append(pane)
            trim += _frame(house, y, z, wide, tall)
    _add_shop(name, house, paint, rng)
    add_boxes(f"{name}.trim", trim, paint.trim)
    if dark:
        add_boxes(f"{name}.panes", dark, paint.dark_pane)
    for index, panes in enumerate(lit):
        if panes:
            show_to_camera_only(add_boxes(f"{name}.lit{index}", panes, paint.lit[index]))
    if curtains:
        show_to_camera_only(add_boxes(f"{name}.curtains", curtains, paint.curtain))


def _curtains(house: House, y: float, z: float, wide: float, tall: float, rng: np.random.Generator) -> list[Box]:
    """Return two curtains, drawn more or less far, or a half-lowered blind, just before a pane."""
    x = house.face_x + house.side * 0.024
    if rng.uniform() < 0.3:
        low = float(rng.uniform(0.2, 0.6)) * tall
        return [((x, y, z + (tall - low) / 2), (0.004, wide, low))]
    drawn = float(rng.uniform(0.12, 0.3)) * wide
    return [((x, y + sign * (wide - drawn) / 2, z), (0.004, drawn, tall)) for sign in (-1, 1)]


def _frame(house: House, y: float, z: float, wide: float, tall: float) -> list[Box]:
    """Return the stone surround, sill and glazing bars of a window."""
    x = house.face_x + house.side * 0.04
    return [
        ((x, y - wide / 2 - 0.06, z), (0.1, 0.12, tall + 0.24)),
        ((x, y + wide / 2 + 0.06, z), (0.1, 0.12, tall + 0.24)),
        ((x, y, z + tall / 2 + 0.07), (0.12, wide + 0.28, 0.14)),
        ((x + house.side * 0.05, y, z - tall / 2 - 0.06), (0.24, wide + 0.36, 0.1)),
        ((x - house.side * 0.015, y, z), (0.05, 0.05, tall)),
        ((x - house.side * 0.015, y, z + tall * 0.18), (0.05, wide, 0.045)),
    ]


def _add_shop(name: str, house: House, paint: HousePaint, rng: np.random.Generator) -> None:
    """Add a shop window with a door beside it, a fascia and an awning with a hanging edge."""
    length = house.end_y - house.start_y
    x = house.face_x + house.side * 0.015
    glass_start, glass_end = house.start_y + 0.5, house.start_y + 0.5 + (length - 2.2)
    door = house.end_y - 0.95
    add_shop_window(f"{name}.shop", (house.face_x, house.side, glass_start, glass_end), paint.shop, rng)
    show_to_camera_only(add_boxes(f"{name}.entrance", [((x, door, 1.2), (0.02, 0.85, 2.2))], paint.shop.wall))
    bars: list[Box] = [
        ((x + house.side * 0.02, y, 1.45), (0.06, 0.07, 1.85)) for y in np.linspace(glass_start, glass_end, 4)
    ]
    bars += [
        ((x + house.side * 0.02, (glass_start + glass_end) / 2, z), (0.08, glass_end - glass_start, 0.1))
        for z in (0.55, 2.35)
    ]
    bars += [((x + house.side * 0.02, door + side * 0.45, 1.2), (0.06, 0.08, 2.3)) for side in (-1, 1)]
    bars += [((x + house.side * 0.02, door, z), (0.06, 0.85, 0.08)) for z in (0.8, 2.32)]
    add_boxes(f"{name}.shopfront", bars, paint.roof)
    reach, high, low = house.side * rng.uniform(1.0, 1.3), 3.05, 2.5
    y0, y1 = house.start_y + 0.3, glass_end + 0.2
    cloth = [
        (house.face_x, y0, high),
        (house.face_x, y1, high),
        (house.face_x + reach, y1, low),
        (house.face_x + reach, y0, low),
        (house.face_x + reach, y1, low - 0.22),
        (house.face_x + reach, y0, low - 0.22),
    ]
    add_mesh(f"{name}.awning", cloth, [[0, 1, 2, 3], [3, 2, 4, 5]], paint.awning)
