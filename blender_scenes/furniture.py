"""Furniture of a living room: an armchair, a wooden chair, a table, a floor lamp, curtains, a picture."""

from __future__ import annotations

import bpy
import numpy as np

from .materials import Colour, glazed, principled
from .mesh import add_box, add_grid, add_revolved, add_tube, placed

Point = tuple[float, float, float]


def add_armchair(name: str, place: Point, turn_rad: float, cover: bpy.types.Material, legs: bpy.types.Material) -> None:
    """Add a cushioned armchair facing -Y before it is turned. place: its middle, on the floor."""
    parts = (
        ("base", (0, 0, 0.27), (0.78, 0.78, 0.2), 0.03),
        ("seat", (0, -0.05, 0.43), (0.56, 0.66, 0.15), 0.05),
        ("back", (0, 0.32, 0.66), (0.78, 0.18, 0.72), 0.07),
        ("cushion", (0, 0.19, 0.66), (0.54, 0.16, 0.42), 0.07),
        ("arm0", (-0.34, -0.03, 0.45), (0.15, 0.74, 0.36), 0.06),
        ("arm1", (0.34, -0.03, 0.45), (0.15, 0.74, 0.36), 0.06),
    )
    for part, local, size, bevel in parts:
        add_box(f"{name}.{part}", placed(place, turn_rad, local), size, cover, turn_rad=turn_rad, bevel_m=bevel)
    for x in (-0.32, 0.32):
        for y in (-0.32, 0.32):
            foot = [placed(place, turn_rad, (x * 1.08, y * 1.08, 0.0)), placed(place, turn_rad, (x, y, 0.18))]
            add_tube(f"{name}.leg{x}{y}", foot, [0.016, 0.026], legs)


def add_chair(name: str, place: Point, turn_rad: float, wood: bpy.types.Material) -> None:
    """Add a spindle-backed wooden chair facing -Y before it is turned. place: its middle, on the floor."""

    def at(*local: float) -> Point:
        return placed(place, turn_rad, local)

    add_box(f"{name}.seat", at(0, 0, 0.45), (0.42, 0.4, 0.035), wood, turn_rad=turn_rad, bevel_m=0.012)
    for x in (-0.17, 0.17):
        for y in (-0.15, 0.15):
            add_tube(f"{name}.leg{x}{y}", [at(1.15 * x, 1.2 * y, 0.0), at(x, y, 0.44)], [0.014, 0.019], wood)
    for x in (-0.19, 0.19):
        add_tube(f"{name}.stile{x}", [at(x, 0.17, 0.45), at(1.05 * x, 0.24, 0.98)], 0.016, wood)
    bow = [at(0.2 * t, 0.24 + 0.015 * (1 - t * t), 0.98 + 0.05 * (1 - t * t)) for t in np.linspace(-1, 1, 13)]
    add_tube(f"{name}.bow", bow, 0.021, wood)
    for x in np.linspace(-0.13, 0.13, 5):
        add_tube(
            f"{name}.spindle{x:.2f}", [at(0.9 * float(x), 0.17, 0.46), at(float(x), 0.25, 1.01)], 0.008, wood, sides=6
        )
    for y in (-0.16, 0.16):
        add_tube(f"{name}.rung{y}", [at(-0.185, y, 0.18), at(0.185, y, 0.18)], 0.01, wood, sides=6)


def add_round_table(name: str, place: Point, wood: bpy.types.Material, *, radius_m: float, height_m: float) -> None:
    """Add a round table on a turned column with three feet. place: its middle, on the floor."""
    r, h = radius_m, height_m
    top = [(0.0, h - 0.03), (0.94 * r, h - 0.03), (r, h - 0.018), (r, h - 0.004), (0.99 * r, h), (0.0, h)]
    add_revolved(f"{name}.top", top, wood, base=place, segments=72, smooth=False)
    column = [(0.05, 0.1), (0.06, 0.2), (0.03, 0.3), (0.035, 0.45), (0.055, h - 0.06), (0.12, h - 0.03)]
    add_revolved(f"{name}.column", column, wood, base=place)
    for angle in (0.4, 0.4 + 2 * np.pi / 3, 0.4 + 4 * np.pi / 3):
        path = [
            (place[0] + q * np.cos(angle), place[1] + q * np.sin(angle), place[2] + z)
            for q, z in ((0.03, 0.17), (0.16, 0.13), (0.3, 0.02))
        ]
        add_tube(f"{name}.foot{angle:.1f}", path, [0.03, 0.025, 0.02], wood)


def add_floor_lamp(name: str, place: Point, metal: bpy.types.Material, shade: bpy.types.Material) -> None:
    """Add a standing lamp 1.6 m high with a cloth shade, not lit."""
    x, y, z = place
    add_revolved(
        f"{name}.foot", [(0.0, 0.0), (0.15, 0.0), (0.15, 0.015), (0.02, 0.035), (0.0, 0.035)], metal, base=place
    )
    add_tube(f"{name}.rod", [(x, y, z), (x, y, z + 1.5)], 0.01, metal)
    add_revolved(f"{name}.shade", [(0.2, 1.3), (0.14, 1.62)], shade, base=place, segments=48)
    add_revolved(f"{name}.lining", [(0.196, 1.301), (0.136, 1.619)], shade, base=place, segments=48)


def add_curtain(
    name: str, left: Point, width_m: float, drop_m: float, cloth: bpy.types.Material, *, folds: int = 9
) -> None:
    """Add a hanging curtain along +X from its upper left corner, in folds 5 cm deep, looser at its foot."""
    u, v = np.meshgrid(np.linspace(0, 1, 18 * folds), np.linspace(0, 1, 12), indexing="ij")
    depth = 0.05 * np.sin(2 * np.pi * folds * u + 0.6 * np.sin(5 * u)) * (0.55 + 0.45 * v) + 0.012 * np.sin(
        3 * v + 11 * u
    )
    x = left[0] + width_m * (u + 0.006 * np.sin(9 * v + 20 * u))
    sheet = np.stack([x, left[1] + depth, left[2] - drop_m * v], axis=2)
    add_grid(name, sheet, cloth, smooth=True)


def add_picture(
    name: str, centre: Point, size: tuple[float, float], facing: str, frame: bpy.types.Material, tint: Colour
) -> None:
    """Add a framed picture of a landscape in patches. facing: ``x`` (on a wall of constant x, seen from smaller x),
    ``-x`` (from larger x) or ``-y``.
    """
    w, h = size
    paper = principled(f"{name}.mat", (0.62, 0.59, 0.52), specular=0.0)
    stops = [
        (0.36, tint),
        (0.5, (tint[0] * 1.7, tint[1] * 1.5, tint[2] * 1.3)),
        (0.62, (0.55, 0.48, 0.36)),
        (0.72, (0.2, 0.25, 0.3)),
    ]
    view = glazed(f"{name}.view", stops, scale=7.0, roughness=0.8)
    for part, grow, out, material in (
        ("frame", 0.05, 0.0, frame),
        ("mat", 0.0, 0.012, paper),
        ("view", -0.09, 0.016, view),
    ):
        if facing == "-y":
            add_box(f"{name}.{part}", (centre[0], centre[1] - out, centre[2]), (w + grow, 0.03, h + grow), material)
        else:
            sign = -1.0 if facing == "x" else 1.0
            add_box(
                f"{name}.{part}", (centre[0] + sign * out, centre[1], centre[2]), (0.03, w + grow, h + grow), material
            )
