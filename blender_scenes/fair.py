"""A fairground at night: a big wheel, stalls with striped awnings, a carousel, festoons of coloured bulbs."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np
from numpy.typing import NDArray

from .lights import show_to_camera_only
from .materials import Colour, dimmed, emission, glowing_ball, principled, stripes
from .mesh import add_box, add_grid, add_mesh, add_revolved, add_sphere, add_tube
from .spill import Glow

Point = tuple[float, float, float]
BULBS: tuple[Colour, ...] = (
    (1.0, 0.34, 0.06),
    (1.0, 0.06, 0.03),
    (0.06, 0.3, 1.0),
    (0.08, 0.9, 0.16),
    (1.0, 0.08, 0.45),
    (1.0, 0.62, 0.12),
)


def add_bulbs(name: str, places: NDArray[np.float64], radius_m: float, glows: Sequence[bpy.types.Material]) -> None:
    """Add bulbs as one ball mesh per glow, taken in turn; only the camera sees them. places: (N, 3) metres."""
    polar, turn = np.meshgrid(
        np.linspace(-np.pi / 2, np.pi / 2, 7), np.linspace(0, 2 * np.pi, 10, endpoint=False), indexing="ij"
    )
    ball = radius_m * np.stack(
        [np.cos(polar) * np.cos(turn), np.cos(polar) * np.sin(turn), np.sin(polar)], axis=2
    ).reshape(-1, 3)
    k, i = np.meshgrid(np.arange(6), np.arange(10), indexing="ij")
    quads = np.stack(
        [k * 10 + i, k * 10 + (i + 1) % 10, (k + 1) * 10 + (i + 1) % 10, (k + 1) * 10 + i], axis=2
    ).reshape(-1, 4)
    for index, glow in enumerate(glows):
        mine = np.asarray(places)[index :: len(glows)]
        if len(mine) == 0:
            continue
        vertices = (mine[:, None] + ball[None]).reshape(-1, 3)
        faces = (quads[None] + len(ball) * np.arange(len(mine))[:, None, None]).reshape(-1, 4)
        show_to_camera_only(add_mesh(f"{name}.{index}", vertices, faces.tolist(), glow, smooth=True))


def add_big_wheel(
    name: str,
    hub: Point,
    radius_m: float,
    glows: Sequence[bpy.types.Material],
    steel: bpy.types.Material,
    cabins: Sequence[bpy.types.Material],
    *,
    spokes: int = 16,
    phase_rad: float = 0.0,
    turn_rad: float = 0.0,
    bulb_m: float = 0.16,
) -> None:
    """Add a wheel facing -Y before it is turned about the vertical: two rims, spokes with bulbs, cabins, an A-frame."""
    c, s = np.cos(turn_rad), np.sin(turn_rad)

    def at(right: float, up: float, out: float = 0.0) -> Point:
        return (hub[0] + c * right + s * out, hub[1] + s * right - c * out, hub[2] + up)

    ring = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    for out in (-0.5, 0.5):
        for share in (1.0, 0.9):
            add_tube(
                f"{name}.rim{out}{share}",
                [at(share * radius_m * np.cos(a), share * radius_m * np.sin(a), out) for a in ring],
                0.07,
                steel,
                closed=True,
                sides=6,
            )
    rim = np.linspace(0, 2 * np.pi, 6 * spokes, endpoint=False) + phase_rad
    add_bulbs(
        f"{name}.rim.bulbs",
        np.array([at(radius_m * np.cos(a), radius_m * np.sin(a), 0.62) for a in rim]),
        bulb_m,
        glows,
    )
    arms = []
    for number in range(spokes):
        a = 2 * np.pi * number / spokes + phase_rad
        for out in (-0.5, 0.5):
            add_tube(
                f"{name}.spoke{number}{out}",
                [at(0.3 * np.cos(a), 0.3 * np.sin(a), 0.4 * out), at(radius_m * np.cos(a), radius_m * np.sin(a), out)],
                0.035,
                steel,
                sides=5,
            )
        arms += [
            at(share * radius_m * np.cos(a), share * radius_m * np.sin(a), 0.62) for share in (0.28, 0.44, 0.6, 0.76)
        ]
        x, z = 1.02 * radius_m * np.cos(a), 1.02 * radius_m * np.sin(a) - 0.75
        cabin = cabins[number % len(cabins)]
        profile = [(0.0, -0.5), (0.45, -0.45), (0.62, -0.1), (0.62, 0.1), (0.58, 0.12), (0.5, 0.02), (0.0, -0.1)]
        add_revolved(f"{name}.cabin{number}", profile, cabin, base=at(x, z), segments=20)
        add_revolved(
            f"{name}.roof{number}", [(0.66, 0.62), (0.3, 0.85), (0.0, 0.92)], cabin, base=at(x, z), segments=20
        )
        for side in (-0.5, 0.5):
            add_tube(
                f"{name}.post{number}{side}", [at(x + side, z + 0.05), at(x + side, z + 0.64)], 0.03, steel, sides=5
            )
    add_bulbs(f"{name}.spoke.bulbs", np.array(arms), 0.8 * bulb_m, glows[::-1])
    add_sphere(f"{name}.hub", at(0.0, 0.0), 0.5, steel)
    show_to_camera_only(add_sphere(f"{name}.hub.glow", at(0.0, 0.0, 0.75), 0.42, glows[0]))
    for out in (-1.1, 1.1):
        for side in (-1, 1):
            add_tube(
                f"{name}.leg{out}{side}",
                [at(side * 0.55 * radius_m, -hub[2], 1.6 * out), at(0.0, 0.0, out)],
                0.16,
                steel,
                sides=8,
            )


def add_stall(
    name: str,
    place: Point,
    size: Point,
    turn_rad: float,
    awning: tuple[Colour, Colour],
    light: Colour,
    rng: np.random.Generator,
) -> Glow:
    """Add a booth looking to -Y before it is turned: counter, posts, a scalloped awning, prizes, a lit back.

    place: middle of its front on the ground; size: width, depth, height. Returns the light it sheds.
    """
    width, depth, height = size
    c, s = np.cos(turn_rad), np.sin(turn_rad)

    def at(right: float, into: float, up: float) -> Point:
        return (place[0] + c * right - s * into, place[1] + s * right + c * into, place[2] + up)

    wood = principled(f"{name}.wood", (0.28, 0.13, 0.06), roughness=0.7)
    panel = stripes(f"{name}.panel", awning[0], awning[1], per_m=2.2, axis="x", soft=0.03)
    add_box(f"{name}.counter", at(0, 0.1, 0.5), (width, 0.12, 1.0), panel, turn_rad=turn_rad, bevel_m=0.01)
    add_box(f"{name}.board", at(0, 0.12, 1.02), (width + 0.1, 0.4, 0.05), wood, turn_rad=turn_rad, bevel_m=0.01)
    back = emission(f"{name}.back", dimmed(light, 0.75), 0.55)
    show_to_camera_only(add_box(f"{name}.back", at(0, depth, 1.6), (width, 0.05, 1.5), back, turn_rad=turn_rad))
    for x in (-width / 2, width / 2):
        add_box(
            f"{name}.side{x}", at(x, depth / 2 + 0.1, height / 2), (0.06, depth - 0.1, height), wood, turn_rad=turn_rad
        )
        add_box(f"{name}.post{x}", at(x, 0.05, height / 2 + 0.1), (0.09, 0.09, height + 0.2), wood, turn_rad=turn_rad)
    for shelf in (1.35, 1.85):
        add_box(
            f"{name}.shelf{shelf}", at(0, depth - 0.2, shelf - 0.03), (width - 0.1, 0.3, 0.03), wood, turn_rad=turn_rad
        )
        for index in range(int(width / 0.34)):
            x = -width / 2 + 0.25 + 0.34 * index
            toy = BULBS[int(rng.integers(len(BULBS)))]
            paint = principled(f"{name}.toy{shelf}{index}", dimmed(toy, 0.55), roughness=0.8, specular=0.1)
            body = at(x, depth - 0.25, shelf + 0.09)
            add_sphere(f"{name}.toy{shelf}{index}", body, 0.1, paint, rings=8)
            add_sphere(f"{name}.head{shelf}{index}", (body[0], body[1], body[2] + 0.14), 0.07, paint, rings=8)
            for side in (-0.05, 0.05):
                add_sphere(
                    f"{name}.ear{shelf}{index}{side}",
                    (body[0] + c * side, body[1] + s * side, body[2] + 0.2),
                    0.028,
                    paint,
                    rings=6,
                )
    across = np.linspace(-width / 2 - 0.2, width / 2 + 0.2, 61)
    fringe = 0.1 * np.abs(np.sin(np.pi * (across + width / 2) / 0.36))
    cloth = stripes(f"{name}.awning", awning[0], awning[1], per_m=1.4, axis="x", soft=0.02)
    rows = [
        [(float(px), depth, height + 0.75) for px in across],
        [(float(px), -0.55, height + 0.12) for px in across],
        [(float(px), -0.57, height - 0.16 + float(f)) for px, f in zip(across, fringe, strict=True)],
    ]
    sheet = add_grid(f"{name}.awning", np.array(rows), cloth)
    sheet.location, sheet.rotation_euler = place, (0.0, 0.0, turn_rad)
    glows = [
        glowing_ball(f"{name}.bulb{i}", colour, 4.0)
        for i, colour in enumerate((light, BULBS[int(rng.integers(len(BULBS)))]))
    ]
    row = np.array(
        [at(float(px), -0.6, height + 0.2) for px in np.linspace(-width / 2, width / 2, max(4, int(width / 0.32)))]
    )
    add_bulbs(f"{name}.bulbs", row, 0.055, glows)
    return Glow(place=at(0, -0.45, height - 0.1), light=(2.4 * light[0], 2.4 * light[1], 2.4 * light[2]))


def add_carousel(
    name: str,
    place: Point,
    radius_m: float,
    glows: Sequence[bpy.types.Material],
    first: Colour,
    second: Colour,
    *,
    phase_rad: float = 0.0,
) -> None:
    """Add a roundabout: a stepped floor, a striped tent roof with bulbs on its rim, poles, horses."""
    x, y, z = place
    gold = principled(f"{name}.gold", (0.75, 0.5, 0.14), roughness=0.35, metallic=0.7)
    floor = principled(f"{name}.floor", (0.3, 0.12, 0.06), roughness=0.6)
    r = radius_m
    add_revolved(
        f"{name}.floor",
        [(0.0, 0.5), (r, 0.5), (r, 0.3), (r + 0.35, 0.3), (r + 0.35, 0.0)],
        floor,
        base=place,
        smooth=False,
    )
    red, white = principled(f"{name}.red", first, roughness=0.7), principled(f"{name}.white", second, roughness=0.7)
    gores = 24
    for index in range(gores):
        a, b = 2 * np.pi * index / gores, 2 * np.pi * (index + 1) / gores
        ring = [(x + (r + 0.4) * np.cos(t), y + (r + 0.4) * np.sin(t)) for t in (a, b)]
        corners = [(*ring[0], z + 3.4), (*ring[1], z + 3.4), (x, y, z + 5.2)]
        valance = [
            (*ring[0], z + 3.4),
            (*ring[1], z + 3.4),
            (*ring[1], z + 2.95),
            (0.5 * (ring[0][0] + ring[1][0]), 0.5 * (ring[0][1] + ring[1][1]), z + 2.78),
            (*ring[0], z + 2.95),
        ]
        paint = red if index % 2 else white
        add_mesh(f"{name}.gore{index}", corners, [[0, 1, 2]], paint)
        add_mesh(f"{name}.valance{index}", valance, [[0, 1, 2, 3, 4]], white if index % 2 else red)
    core = stripes(f"{name}.core", second, (0.6, 0.42, 0.12), per_m=1.6, axis="z")
    add_revolved(f"{name}.core", [(0.9, 0.5), (0.9, 3.4)], core, base=place)
    rim = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    add_bulbs(
        f"{name}.bulbs",
        np.array([(x + (r + 0.48) * np.cos(t), y + (r + 0.48) * np.sin(t), z + 3.42) for t in rim]),
        0.1,
        glows,
    )
    ribs = np.array(
        [
            (x + share * (r + 0.42) * np.cos(t), y + share * (r + 0.42) * np.sin(t), z + 5.25 - 1.8 * share)
            for t in rim[::5]
            for share in (0.3, 0.55, 0.8)
        ]
    )
    add_bulbs(f"{name}.ribs", ribs, 0.08, glows[::-1])
    show_to_camera_only(add_sphere(f"{name}.top", (x, y, z + 5.4), 0.22, glows[0]))
    for index in range(10):
        a = 2 * np.pi * index / 10 + phase_rad
        px, py, lift = x + 0.72 * r * np.cos(a), y + 0.72 * r * np.sin(a), 0.25 * np.sin(2.3 * index)
        add_tube(f"{name}.pole{index}", [(px, py, z + 0.5), (px, py, z + 3.3)], 0.03, gold, sides=8)
        coat = principled(f"{name}.coat{index}", (0.75, 0.7, 0.6) if index % 2 else (0.3, 0.15, 0.07), roughness=0.5)
        _add_horse(
            f"{name}.horse{index}",
            (px, py, z + 1.45 + lift),
            a + np.pi / 2,
            coat,
            principled(f"{name}.saddle{index}", first, roughness=0.5),
        )


def _add_horse(name: str, place: Point, turn_rad: float, coat: bpy.types.Material, saddle: bpy.types.Material) -> None:
    """Add a carousel horse about its pole, its back at ``place``, looking along +X before it is turned."""
    c, s = np.cos(turn_rad), np.sin(turn_rad)

    def at(ahead: float, left: float, up: float) -> Point:
        return (float(place[0] + c * ahead - s * left), float(place[1] + s * ahead + c * left), place[2] + up)

    add_tube(
        f"{name}.body",
        [at(-0.48, 0, -0.18), at(-0.3, 0, -0.12), at(0.0, 0, -0.2), at(0.32, 0, -0.14), at(0.48, 0, -0.05)],
        [0.12, 0.2, 0.19, 0.2, 0.14],
        coat,
        sides=14,
    )
    add_tube(
        f"{name}.neck", [at(0.36, 0, -0.1), at(0.54, 0, 0.18), at(0.6, 0, 0.42)], [0.16, 0.12, 0.09], coat, sides=12
    )
    add_tube(
        f"{name}.head", [at(0.54, 0, 0.46), at(0.68, 0, 0.4), at(0.86, 0, 0.24)], [0.085, 0.095, 0.055], coat, sides=12
    )
    add_tube(
        f"{name}.tail",
        [at(-0.5, 0, -0.1), at(-0.66, 0, -0.16), at(-0.72, 0, -0.5)],
        [0.05, 0.06, 0.015],
        saddle,
        sides=8,
    )
    for ahead, knee, hoof in ((0.38, 0.62, 0.46), (0.3, 0.4, 0.3), (-0.36, -0.5, -0.7), (-0.42, -0.4, -0.56)):
        side = 0.1 if ahead in (0.38, -0.36) else -0.1
        add_tube(
            f"{name}.leg{ahead}",
            [at(ahead, side, -0.24), at(knee, side, -0.46), at(hoof, side, -0.72)],
            [0.085, 0.05, 0.04],
            coat,
            sides=8,
        )
    add_box(f"{name}.saddle", at(0.0, 0.0, -0.02), (0.34, 0.4, 0.06), saddle, turn_rad=turn_rad, bevel_m=0.02)
