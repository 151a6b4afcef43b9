"""A playground: a slide, swings, a climbing dome, a sandpit, trees and houses behind it."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np
from numpy.typing import NDArray

from .materials import Colour, dimmed, leaf, principled, stripes
from .mesh import add_box, add_grid, add_mesh, add_revolved, add_sphere, add_tube, placed
from .plants import add_blades, blade

Point = tuple[float, float, float]


def add_slide(name: str, place: Point, turn_rad: float, paint: Colour, chute: Colour) -> None:
    """Add a tower with a pitched roof, a ladder and a chute that runs out along +X before it is turned."""
    post = principled(f"{name}.post", (0.42, 0.24, 0.1), roughness=0.7)
    colour, slide = principled(f"{name}.paint", paint, roughness=0.4), principled(f"{name}.chute", chute, roughness=0.3)

    def at(*local: float) -> Point:
        return placed(place, turn_rad, local)

    for x in (-0.6, 0.6):
        for y in (-0.6, 0.6):
            add_box(f"{name}.post{x}{y}", at(x, y, 1.35), (0.1, 0.1, 2.7), post, turn_rad=turn_rad, bevel_m=0.01)
    add_box(f"{name}.deck", at(0, 0, 1.4), (1.3, 1.3, 0.08), post, turn_rad=turn_rad)
    for index, (x, y, sx, sy) in enumerate(((0, -0.6, 1.1, 0.04), (0, 0.6, 1.1, 0.04), (-0.6, 0, 0.04, 1.1))):
        add_box(f"{name}.board{index}", at(x, y, 1.75), (sx, sy, 0.55), colour, turn_rad=turn_rad, bevel_m=0.01)
    eaves, ridge = [at(s * 0.85, t * 0.85, 2.65) for s, t in ((-1, -1), (1, -1), (1, 1), (-1, 1))], at(0, 0, 3.4)
    roof = principled(f"{name}.roof", (0.5, 0.05, 0.04), roughness=0.6)
    add_mesh(f"{name}.roof", [*eaves, ridge], [[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]], roof)
    t = np.linspace(0.0, 1.0, 20)
    down, out = 1.45 * (0.5 + 0.5 * np.cos(np.pi * np.clip(t * 1.12, 0, 1))) + 0.12, 0.62 + 2.6 * t
    section = [(-0.32, 0.22), (-0.3, 0.02), (-0.1, 0.0), (0.1, 0.0), (0.3, 0.02), (0.32, 0.22)]
    sheet = np.array([[at(float(o), y, float(d) + h) for y, h in section] for o, d in zip(out, down, strict=True)])
    add_grid(f"{name}.chute", sheet, slide, smooth=True)
    for side in (-0.25, 0.25):
        add_tube(f"{name}.stile{side}", [at(-1.2, side, 0.0), at(-0.65, side, 1.45)], 0.03, colour)
    for step in range(1, 6):
        share = step / 6
        ends = [at(-1.2 + 0.55 * share, side, 1.45 * share) for side in (-0.25, 0.25)]
        add_tube(f"{name}.step{step}", ends, 0.022, colour)


def add_swings(name: str, place: Point, turn_rad: float, paint: Colour, *, angles_rad: Sequence[float]) -> None:
    """Add a swing frame 2.4 m high along X before it is turned, one seat per angle (0 = hanging still)."""
    steel = principled(f"{name}.frame", paint, roughness=0.35)
    chain = principled(f"{name}.chain", (0.3, 0.3, 0.31), roughness=0.5, metallic=0.6)
    seat = principled(f"{name}.seat", (0.02, 0.02, 0.025), roughness=0.5)
    half = 0.75 * len(angles_rad)

    def at(*local: float) -> Point:
        return placed(place, turn_rad, local)

    add_tube(f"{name}.beam", [at(-half, 0, 2.4), at(half, 0, 2.4)], 0.045, steel)
    for x in (-half, half):
        for y in (-0.85, 0.85):
            add_tube(f"{name}.leg{x}{y}", [at(x * 1.08, y, 0.0), at(x, 0, 2.4)], 0.04, steel)
    for index, angle in enumerate(angles_rad):
        x = -half + 1.5 * (index + 0.5)
        foot = (1.85 * np.sin(angle), 2.4 - 1.85 * np.cos(angle))
        for side in (-0.22, 0.22):
            add_tube(f"{name}.chain{index}{side}", [at(x + side, 0, 2.38), at(x + side, *foot)], 0.012, chain, sides=6)
        add_box(f"{name}.seat{index}", at(x, *foot), (0.5, 0.2, 0.035), seat, turn_rad=turn_rad, bevel_m=0.01)


def add_dome(name: str, place: Point, radius_m: float, paints: Sequence[Colour]) -> None:
    """Add a climbing dome of painted bars."""
    bars = [principled(f"{name}.bar{index}", paint, roughness=0.4) for index, paint in enumerate(paints)]
    rings = []
    for number, polar in enumerate((0.0, 0.42, 0.84, 1.26)):
        count = 10
        angle = 2 * np.pi * (np.arange(count) + 0.5 * (number % 2)) / count
        r, h = radius_m * np.cos(polar), radius_m * np.sin(polar)
        rings.append(
            np.stack([place[0] + r * np.cos(angle), place[1] + r * np.sin(angle), np.full(count, place[2] + h)], axis=1)
        )
    for number, ring in enumerate(rings):
        add_tube(f"{name}.ring{number}", ring, 0.022, bars[number % len(bars)], closed=True, sides=6)
        if number == 0:
            continue
        for index, point in enumerate(ring):
            for step in (0, 1) if number % 2 else (-1, 0):
                lower = rings[number - 1][(index + step) % len(ring)]
                add_tube(
                    f"{name}.strut{number}{index}{step}",
                    [lower, point],
                    0.02,
                    bars[(number + index) % len(bars)],
                    sides=6,
                )


def add_tree(
    name: str,
    foot: Point,
    height_m: float,
    rng: np.random.Generator,
    *,
    light: Colour,
    dark: Colour,
    leaves: int = 1800,
) -> None:
    """Add a broad-leaved tree: a forked trunk and a crown of loose leaf clusters."""
    bark = principled(f"{name}.bark", (0.12, 0.08, 0.05), roughness=0.9, specular=0.0)
    x, y, z = foot
    fork: NDArray[np.float64] = np.array([x, y, z + 0.42 * height_m])
    add_tube(f"{name}.trunk", np.array([foot, fork]), [0.035 * height_m, 0.024 * height_m], bark)
    crowns: list[NDArray[np.float64]] = []
    for index in range(7):
        angle, lean = 2 * np.pi * index / 7 + float(rng.uniform(-0.3, 0.3)), float(rng.uniform(0.12, 0.3))
        tip = fork + height_m * np.array([lean * np.cos(angle), lean * np.sin(angle), float(rng.uniform(0.18, 0.46))])
        add_tube(
            f"{name}.bough{index}",
            np.array([fork, 0.5 * (fork + tip) + [0, 0, 0.04 * height_m], tip]),
            [0.018 * height_m, 0.012 * height_m, 0.004 * height_m],
            bark,
            sides=6,
        )
        crowns.append(tip)
    greens = [leaf(f"{name}.leaf{i}", dimmed(light, f), dimmed(dark, f)) for i, f in enumerate((1.15, 0.8))]
    groups: list[list[tuple[NDArray[np.float64], list[list[int]]]]] = [[], []]
    size = 0.036 * height_m
    for number in range(leaves):
        tip = crowns[int(rng.integers(len(crowns)))]
        base = tip + rng.normal(0, 1, 3) * height_m * np.array([0.1, 0.1, 0.085])
        shape = blade(base, rng.normal(0, 1, 3), size * float(rng.uniform(0.7, 1.3)), size * 0.75, droop=0.3, steps=2)
        groups[number % 2].append(shape)
    for index, group in enumerate(groups):
        add_blades(f"{name}.crown{index}", group, greens[index])


def add_far_house(name: str, place: Point, size: Point, wall: bpy.types.Material, roof: Colour) -> None:
    """Add a house with windows in its front (towards -Y) and a saddle roof. place: middle of its front, ground."""
    x, y, z = place
    width, depth, height = size
    add_box(f"{name}.body", (x, y + depth / 2, z + height / 2), size, wall)
    tiles = stripes(f"{name}.tiles", roof, dimmed(roof, 0.6), per_m=3.0, axis="z")
    top, ridge, over = z + height, z + height + 0.42 * depth, 0.4
    corners = [
        (x - width / 2 - over, y - over, top - 0.25),
        (x + width / 2 + over, y - over, top - 0.25),
        (x + width / 2 + over, y + depth / 2, ridge),
    ]
    corners += [
        (x - width / 2 - over, y + depth / 2, ridge),
        (x - width / 2, y + depth, top),
        (x + width / 2, y + depth, top),
    ]
    add_mesh(f"{name}.roof", corners, [[0, 1, 2, 3], [3, 2, 5, 4]], tiles)
    glass, frame = (
        principled(f"{name}.glass", (0.04, 0.06, 0.08), roughness=0.3),
        principled(f"{name}.frame", (0.7, 0.68, 0.62)),
    )
    columns = max(2, int(width / 2.4))
    for row in range(max(1, int(height / 2.7))):
        for column in range(columns):
            cx, cz = x - width / 2 + width * (column + 0.5) / columns, z + 1.6 + 2.7 * row
            add_box(f"{name}.frame{row}{column}", (cx, y - 0.01, cz), (1.15, 0.06, 1.35), frame)
            for side in (-1, 1):
                add_box(f"{name}.glass{row}{column}{side}", (cx + side * 0.26, y - 0.05, cz), (0.46, 0.03, 1.15), glass)


def add_ball(name: str, place: Point, radius_m: float, first: Colour, second: Colour) -> None:
    """Add a striped ball lying on the ground."""
    x, y, z = place
    paint = stripes(f"{name}.paint", first, second, per_m=1.2 / radius_m, axis="x", soft=0.02)
    add_sphere(f"{name}", (x, y, z + radius_m), radius_m, paint, rings=20)


def add_bin(name: str, place: Point, paint: Colour) -> None:
    """Add a litter bin on a post."""
    steel = principled(f"{name}.steel", paint, roughness=0.45)
    add_revolved(name, [(0.0, 0.3), (0.18, 0.3), (0.2, 0.9), (0.17, 0.9), (0.0, 0.5)], steel, base=place, segments=24)
    add_tube(
        f"{name}.post",
        [(place[0] + 0.24, place[1], place[2]), (place[0] + 0.24, place[1], place[2] + 1.0)],
        0.03,
        steel,
    )
