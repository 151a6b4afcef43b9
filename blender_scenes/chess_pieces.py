"""Chess: Staunton pieces turned on a lathe (the knight's head carved), a board, a clock."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np

from .materials import Colour, Shader, principled
from .mesh import add_box, add_boxes, add_mesh, add_revolved, add_sphere, add_tube

SQUARE_M = 0.055
BOARD_TOP_M = 0.022

# radius and height in units of a square, from the felt to the collar; every piece stands on the same foot
_FOOT = [(0.0, 0.0), (0.36, 0.0), (0.38, 0.03), (0.38, 0.08), (0.34, 0.13), (0.31, 0.15), (0.32, 0.19), (0.27, 0.24)]
_PROFILES: dict[str, list[tuple[float, float]]] = {
    "pawn": [(0.17, 0.36), (0.125, 0.52), (0.115, 0.6), (0.2, 0.63), (0.21, 0.655), (0.13, 0.68), (0.15, 0.72)]
    + [(0.19, 0.8), (0.195, 0.87), (0.17, 0.95), (0.1, 1.01), (0.0, 1.03)],
    "rook": [(0.2, 0.38), (0.17, 0.6), (0.175, 0.8), (0.23, 0.85), (0.25, 0.88), (0.25, 1.08), (0.19, 1.08)]
    + [(0.18, 0.98), (0.0, 0.98)],
    "bishop": [(0.17, 0.4), (0.12, 0.68), (0.11, 0.88), (0.2, 0.92), (0.21, 0.95), (0.12, 0.99), (0.13, 1.03)]
    + [
        (0.18, 1.13),
        (0.185, 1.21),
        (0.15, 1.33),
        (0.08, 1.42),
        (0.045, 1.44),
        (0.055, 1.48),
        (0.04, 1.52),
        (0.0, 1.54),
    ],
    "queen": [(0.19, 0.42), (0.13, 0.75), (0.12, 1.05), (0.22, 1.09), (0.23, 1.12), (0.13, 1.17), (0.15, 1.24)]
    + [(0.23, 1.46), (0.245, 1.5), (0.19, 1.5), (0.12, 1.56), (0.05, 1.59), (0.065, 1.64), (0.04, 1.69), (0.0, 1.7)],
    "king": [(0.2, 0.44), (0.14, 0.78), (0.13, 1.1), (0.23, 1.14), (0.24, 1.18), (0.14, 1.23), (0.16, 1.3)]
    + [(0.225, 1.52), (0.215, 1.57), (0.12, 1.62), (0.06, 1.65), (0.0, 1.65)],
    "knight": [(0.25, 0.3), (0.22, 0.36), (0.0, 0.38)],
}
# a horse's head and neck seen from its side, in squares, looking to +x
_HORSE = [
    (-0.26, 0.34),
    (-0.29, 0.5),
    (-0.27, 0.72),
    (-0.22, 0.92),
    (-0.15, 1.07),
    (-0.07, 1.16),
    (0.0, 1.19),
    (0.05, 1.18),
]
_HORSE += [
    (0.1, 1.14),
    (0.18, 1.05),
    (0.27, 0.93),
    (0.35, 0.81),
    (0.39, 0.74),
    (0.38, 0.66),
    (0.33, 0.62),
    (0.26, 0.65),
]
_HORSE += [(0.19, 0.72), (0.11, 0.76), (0.07, 0.71), (0.12, 0.6), (0.2, 0.46), (0.24, 0.34)]


def lathe(profile: Sequence[tuple[float, float]], steps: int = 4) -> list[tuple[float, float]]:
    """Return a turned profile with its corners rounded: a spline through the given (radius, height) points."""
    points = np.asarray(profile, dtype=np.float64)
    ends = np.concatenate([points[:1], points, points[-1:]])
    smooth = []
    for p0, p1, p2, p3 in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        for t in np.arange(steps) / steps:
            straight = (1 - t) * p1 + t * p2
            curved = 0.5 * (2 * p1 + (p2 - p0) * t + (2 * p0 - 5 * p1 + 4 * p2 - p3) * t**2)
            curved = curved + 0.5 * (3 * p1 - p0 - 3 * p2 + p3) * t**3
            smooth.append(0.35 * straight + 0.65 * curved)
    smooth.append(points[-1])
    return [(max(0.0, float(r)), float(h)) for r, h in smooth]


def add_piece(
    name: str, kind: str, place: tuple[float, float, float], wood: bpy.types.Material, *, turn_rad: float = 0.0
) -> None:
    """Add a chess piece. kind: pawn, rook, knight, bishop, queen or king; place: under its foot, metres."""
    profile = [(r * SQUARE_M, h * SQUARE_M) for r, h in lathe(_FOOT + _PROFILES[kind])]
    add_revolved(f"{name}.body", profile, wood, base=place, segments=40)
    if kind == "knight":
        _add_horse(f"{name}.head", place, wood, turn_rad)
    elif kind == "king":
        x, y, z = place
        height = z + 1.65 * SQUARE_M
        bars = [
            ((x, y, height + 0.11 * SQUARE_M), (0.07, 0.09, 0.24)),
            ((x, y, height + 0.13 * SQUARE_M), (0.22, 0.09, 0.07)),
        ]
        for index, (centre, size) in enumerate(bars):
            box = tuple(SQUARE_M * edge for edge in size)
            add_box(f"{name}.cross{index}", centre, box, wood, turn_rad=turn_rad, bevel_m=0.0012)
    elif kind == "queen":
        x, y, z = place
        for index, angle in enumerate(np.linspace(0, 2 * np.pi, 9, endpoint=False)):
            point = (x + 0.225 * SQUARE_M * np.cos(angle), y + 0.225 * SQUARE_M * np.sin(angle), z + 1.5 * SQUARE_M)
            add_sphere(f"{name}.point{index}", point, 0.045 * SQUARE_M, wood, rings=8)
    elif kind == "rook":
        x, y, z = place
        for index, angle in enumerate(np.linspace(0, 2 * np.pi, 5, endpoint=False) + turn_rad):
            point = (x + 0.215 * SQUARE_M * np.cos(angle), y + 0.215 * SQUARE_M * np.sin(angle), z + 1.13 * SQUARE_M)
            size = (0.075 * SQUARE_M, 0.17 * SQUARE_M, 0.13 * SQUARE_M)
            add_box(f"{name}.merlon{index}", point, size, wood, turn_rad=float(angle), bevel_m=0.001)


def _add_horse(name: str, place: tuple[float, float, float], wood: bpy.types.Material, turn_rad: float) -> None:
    """Add a carved head: the outline in five slices, the outer ones drawn in, so that it is round and not sawn out."""
    outline = np.array(lathe([(x + 1.0, z) for x, z in _HORSE], steps=3)) - [1.0, 0.0]
    count = len(outline)
    slices = [(-0.15, 0.055), (-0.115, 0.012), (0.0, 0.0), (0.115, 0.012), (0.15, 0.055)]
    edge = np.roll(outline, -1, axis=0) - np.roll(outline, 1, axis=0)
    inward = np.stack([edge[:, 1], -edge[:, 0]], axis=1) / np.linalg.norm(edge, axis=1, keepdims=True)
    vertices = []
    for depth, inset in slices:
        # the head narrows from the broad neck to the muzzle
        taper = np.interp(outline[:, 0], [-0.25, 0.0, 0.36], [1.0, 0.95, 0.55])
        shape = outline + inset * inward
        vertices.append(np.stack([shape[:, 0], depth * taper, shape[:, 1]], axis=1))
    corners = np.concatenate(vertices) * SQUARE_M
    faces = [list(range(count)), [4 * count + index for index in range(count)][::-1]]
    faces += [
        [k * count + i, (k + 1) * count + i, (k + 1) * count + (i + 1) % count, k * count + (i + 1) % count]
        for k in range(4)
        for i in range(count)
    ]
    head = add_mesh(name, corners, faces, wood)
    head.location, head.rotation_euler = place, (0.0, 0.0, turn_rad)
    for index, (x, z) in enumerate(_HORSE[1:6]):  # a carved mane
        size = (0.08 * SQUARE_M, 0.1 * SQUARE_M, 0.08 * SQUARE_M)
        lock = add_box(f"{name}.mane{index}", (0.0, 0.0, 0.0), size, wood, bevel_m=0.0012)
        across = np.array([(x + 0.015) * np.cos(turn_rad), (x + 0.015) * np.sin(turn_rad), z]) * SQUARE_M
        lock.location, lock.rotation_euler = np.asarray(place) + across, (0.0, 0.6, turn_rad)
    dark = principled(f"{name}.eye", (0.01, 0.008, 0.006), roughness=0.3)
    for side in (-1, 1):
        eye = _beside(place, turn_rad, 0.13, side * 0.125, 0.97)
        add_sphere(f"{name}.eye{side}", eye, 0.03 * SQUARE_M, dark, rings=8)
        ear = [
            _beside(place, turn_rad, x, side * y, z)
            for x, y, z in ((0.0, 0.06, 1.12), (-0.02, 0.08, 1.22), (-0.03, 0.085, 1.33))
        ]
        add_tube(f"{name}.ear{side}", ear, np.array([0.06, 0.05, 0.008]) * SQUARE_M, wood)


def _beside(
    place: tuple[float, float, float], turn_rad: float, ahead: float, left: float, up: float
) -> tuple[float, float, float]:
    """Return a point given in squares, in the frame of a turned piece."""
    x = place[0] + SQUARE_M * (ahead * np.cos(turn_rad) - left * np.sin(turn_rad))
    y = place[1] + SQUARE_M * (ahead * np.sin(turn_rad) + left * np.cos(turn_rad))
    return float(x), float(y), place[2] + SQUARE_M * up


def polished(name: str, light: Colour, dark: Colour, *, roughness: float = 0.32) -> bpy.types.Material:
    """Return turned and polished wood: fine grain along the vertical, no bump."""
    shader = Shader(name)
    grain = shader.noise(shader.coordinates((70.0, 70.0, 9.0), per_object=True), 1.0, detail=2.0)
    return shader.surface(shader.ramp(grain, [(0.3, dark), (0.7, light)]), roughness=roughness)


def squares(name: str, light: Colour, dark: Colour) -> bpy.types.Material:
    """Return a board's inlay: squares of ``SQUARE_M`` with a corner at the object's origin, each with its grain."""
    shader = Shader(name)
    position = shader.coordinates()
    scaled = shader.node(
        "ShaderNodeVectorMath", {0: position, 1: (1 / SQUARE_M, 1 / SQUARE_M, 0.0)}, operation="MULTIPLY"
    )
    # half a square up, or the checker would flicker on the level z = 0 where two of its cells meet
    lifted = shader.node("ShaderNodeVectorMath", {0: scaled.outputs[0], 1: (0.0, 0.0, 0.5)}, operation="ADD").outputs[0]
    checker = shader.node("ShaderNodeTexChecker", {"Vector": lifted, "Scale": 1.0}).outputs[1]
    grain = shader.noise(shader.coordinates((30.0, 420.0, 1.0)), 1.0, detail=3.0)
    across = shader.noise(shader.coordinates((420.0, 30.0, 1.0)), 1.0, detail=3.0)
    deep: Colour = (light[0] * 0.72, light[1] * 0.66, light[2] * 0.58)
    black: Colour = (dark[0] * 0.5, dark[1] * 0.48, dark[2] * 0.45)
    pale = shader.ramp(grain, [(0.3, deep), (0.7, light)])
    brown = shader.ramp(across, [(0.3, black), (0.7, dark)])
    return shader.surface(shader.mix(checker, brown, pale), roughness=0.34)


def add_board(name: str, light: Colour, dark: Colour, frame: bpy.types.Material) -> None:
    """Add a board centred on the origin, its playing surface at ``BOARD_TOP_M``, on a moulded frame."""
    half = 4 * SQUARE_M
    top = add_box(
        f"{name}.squares",
        (0.0, 0.0, BOARD_TOP_M - 0.001),
        (2 * half, 2 * half, 0.002),
        squares(f"{name}.inlay", light, dark),
    )
    top.location = (0.0, 0.0, BOARD_TOP_M - 0.001)
    rim, width = half + 0.0175, 0.035
    sides = [((0.0, s * rim, 0.0), (2 * half + 2 * width, width)) for s in (-1, 1)]
    sides += [((s * rim, 0.0, 0.0), (width, 2 * half)) for s in (-1, 1)]
    for index, (centre, (x, y)) in enumerate(sides):
        add_box(f"{name}.frame{index}", (centre[0], centre[1], 0.0115), (x, y, 0.023), frame, bevel_m=0.004)
    add_boxes(f"{name}.base", [((0.0, 0.0, 0.004), (2 * half + 0.05, 2 * half + 0.05, 0.008))], frame)


def add_chess_clock(name: str, place: tuple[float, float], turn_rad: float, case: bpy.types.Material) -> None:
    """Add a wooden double clock standing on the table. place: its middle (x, y), metres; it looks towards -Y."""
    x, y = place
    cosine, sine = np.cos(turn_rad), np.sin(turn_rad)
    dial = principled(f"{name}.dial", (0.82, 0.78, 0.68), roughness=0.5)
    brass = principled(f"{name}.brass", (0.72, 0.5, 0.2), roughness=0.3, metallic=1.0)
    ink = principled(f"{name}.ink", (0.02, 0.02, 0.02))
    add_box(f"{name}.case", (x, y, 0.055), (0.21, 0.055, 0.11), case, turn_rad=turn_rad, bevel_m=0.007)

    def put(dx: float, dy: float) -> tuple[float, float]:
        return x + cosine * dx - sine * dy, y + sine * dx + cosine * dy

    for side in (-1, 1):
        px, py = put(side * 0.052, -0.028)
        face = add_revolved(
            f"{name}.dial{side}", [(0.0, 0.0012), (0.034, 0.0012), (0.034, 0.0)], dial, segments=48, smooth=False
        )
        face.location, face.rotation_euler = (px, py, 0.057), (np.pi / 2, 0.0, turn_rad)
        ring = np.linspace(0, 2 * np.pi, 40, endpoint=False)
        rim = [(*put(side * 0.052 + 0.036 * np.cos(a), -0.029), 0.057 + 0.036 * np.sin(a)) for a in ring]
        add_tube(f"{name}.rim{side}", rim, 0.0024, brass, closed=True)
        for number in range(12):
            a = number * np.pi / 6
            points = [(*put(side * 0.052 + r * np.cos(a), -0.0297), 0.057 + r * np.sin(a)) for r in (0.025, 0.031)]
            add_tube(f"{name}.hour{side}{number}", points, 0.0008, ink, sides=4)
        for length, angle in ((0.018, 2.3 - side), (0.026, 0.9 + side * 0.6)):
            points = [
                (*put(side * 0.052 + r * np.cos(angle), -0.0302), 0.057 + r * np.sin(angle)) for r in (0.0, length)
            ]
            add_tube(f"{name}.hand{side}{length}", points, 0.001, ink, sides=4)
        bx, by = put(side * 0.06, 0.0)
        add_revolved(
            f"{name}.button{side}",
            [(0.0, 0.0), (0.009, 0.0), (0.009, 0.012 + 0.006 * side), (0.0, 0.014 + 0.006 * side)],
            brass,
            base=(bx, by, 0.108),
            segments=24,
        )
