"""What stands in a street: lamps, a bicycle, café tables and chairs, a fence, cars."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np
from numpy.typing import NDArray

from .lights import show_to_camera_only
from .materials import Colour, emission, principled, wicker
from .mesh import add_box, add_boxes, add_mesh, add_revolved, add_sphere, add_tube


def add_street_lamp(name: str, foot: Sequence[float], iron: bpy.types.Material, glow: bpy.types.Material) -> None:
    """Add a cast-iron lamp 3 m high with a globe of 0.2 m radius that only the camera sees."""
    profile = [
        (0.16, 0.0),
        (0.16, 0.12),
        (0.1, 0.2),
        (0.085, 0.6),
        (0.055, 0.7),
        (0.045, 1.6),
        (0.06, 1.66),
        (0.04, 1.72),
    ]
    profile += [(0.032, 2.5), (0.07, 2.56), (0.07, 2.6), (0.12, 2.66), (0.0, 2.67)]
    add_revolved(f"{name}.post", profile, iron, base=foot, segments=20)
    x, y, z = foot
    add_tube(f"{name}.arm", [(x - 0.28, y, z + 2.42), (x + 0.28, y, z + 2.42)], 0.016, iron)
    show_to_camera_only(add_sphere(f"{name}.globe", (x, y, z + 2.84), 0.2, glow))
    cap = [(0.13, 0.0), (0.06, 0.06), (0.02, 0.1), (0.0, 0.2)]
    add_revolved(f"{name}.cap", cap, iron, base=(x, y, z + 3.02), segments=20)


def _turned(points: NDArray[np.float64], place: Sequence[float], turn_rad: float) -> NDArray[np.float64]:
    """Turn points (N, 3) about the vertical and move them to a place, metres."""
    cosine, sine = np.cos(turn_rad), np.sin(turn_rad)
    turned = points @ np.array([[cosine, sine, 0.0], [-sine, cosine, 0.0], [0.0, 0.0, 1.0]])
    moved: NDArray[np.float64] = turned + np.asarray(place)
    return moved


def add_bicycle(name: str, place: Sequence[float], paint: Colour, *, turn_rad: float) -> None:
    """Add a town bicycle standing upright, its frame along X before it is turned. place: between the wheels, ground."""
    frame = principled(f"{name}.frame", paint, roughness=0.35)
    black = principled(f"{name}.black", (0.015, 0.015, 0.017), roughness=0.6)
    steel = principled(f"{name}.steel", (0.55, 0.55, 0.56), roughness=0.35, metallic=1.0)
    radius, rear, front = 0.33, -0.52, 0.53
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    for wheel, x in (("rear", rear), ("front", front)):
        ring = np.stack([x + radius * np.cos(angle), 0 * angle, radius + radius * np.sin(angle)], axis=1)
        add_tube(f"{name}.{wheel}.tyre", _turned(ring, place, turn_rad), 0.018, black, closed=True)
        inner = np.stack([x + 0.31 * np.cos(angle), 0 * angle, radius + 0.31 * np.sin(angle)], axis=1)
        add_tube(f"{name}.{wheel}.rim", _turned(inner, place, turn_rad), 0.01, steel, closed=True)
        guard = np.linspace(0.1 * np.pi, 1.05 * np.pi, 20)
        fender = np.stack([x + 0.365 * np.cos(guard), 0 * guard, radius + 0.365 * np.sin(guard)], axis=1)
        add_tube(f"{name}.{wheel}.guard", _turned(fender, place, turn_rad), 0.016, frame)
        for spoke, a in enumerate(np.linspace(0, 2 * np.pi, 14, endpoint=False)):
            line = np.array([[x, 0, radius], [x + 0.31 * np.cos(a), 0, radius + 0.31 * np.sin(a)]])
            add_tube(f"{name}.{wheel}.spoke{spoke:02d}", _turned(line, place, turn_rad), 0.0022, steel, sides=4)
    crank, seat, head = (-0.08, 0.0, 0.3), (-0.2, 0.0, 0.78), (0.36, 0.0, 0.82)
    hub_rear, hub_front = (rear, 0.0, radius), (front, 0.0, radius)
    lines: list[tuple[str, list[tuple[float, float, float]], float, bpy.types.Material]] = [
        ("down", [crank, (0.38, 0.0, 0.7)], 0.018, frame),
        ("top", [(-0.17, 0.0, 0.66), (0.1, 0.0, 0.62), (0.37, 0.0, 0.76)], 0.016, frame),
        ("seat tube", [crank, seat], 0.016, frame),
        ("stay", [crank, hub_rear], 0.011, frame),
        ("upper stay", [(-0.175, 0.0, 0.68), hub_rear], 0.01, frame),
        ("fork", [head, (0.42, 0.0, 0.6), hub_front], 0.015, frame),
        ("seat post", [seat, (-0.225, 0.0, 0.9)], 0.012, steel),
        ("stem", [head, (0.33, 0.0, 0.98)], 0.013, steel),
        (
            "bar",
            [(0.12, -0.29, 1.0), (0.3, -0.2, 1.04), (0.35, 0.0, 1.0), (0.3, 0.2, 1.04), (0.12, 0.29, 1.0)],
            0.012,
            steel,
        ),
        ("pedals", [(-0.08, -0.16, 0.2), (-0.08, -0.06, 0.2), (-0.08, 0.06, 0.4), (-0.08, 0.16, 0.4)], 0.012, black),
    ]
    for part, line_points, thick, material in lines:
        add_tube(f"{name}.{part}", _turned(np.array(line_points), place, turn_rad), thick, material)
    saddle = _turned(np.array([[-0.24, 0.0, 0.92]]), place, turn_rad)[0]
    add_sphere(f"{name}.saddle", saddle, 0.1, black, stretch=(1.25, 0.8, 0.38)).rotation_euler = (0, 0, turn_rad)
    basket = _turned(np.array([[0.53, 0.0, 0.86]]), place, turn_rad)[0]
    cane = wicker(f"{name}.wicker", (0.4, 0.24, 0.11), (0.2, 0.11, 0.05))
    add_box(f"{name}.basket", basket, (0.3, 0.36, 0.22), cane, turn_rad=turn_rad, bevel_m=0.03)


def add_cafe_table(name: str, place: Sequence[float], iron: bpy.types.Material, top: bpy.types.Material) -> float:
    """Add a round bistro table; return the height of its top above the ground, metres."""
    x, y, z = place
    add_revolved(f"{name}.top", [(0.0, 0.7), (0.33, 0.7), (0.345, 0.712), (0.33, 0.724), (0.0, 0.724)], top, base=place)
    add_tube(f"{name}.column", [(x, y, z + 0.1), (x, y, z + 0.7)], 0.022, iron)
    for leg in range(3):
        angle = 2 * np.pi * leg / 3 + 0.4
        dx, dy = np.cos(angle), np.sin(angle)
        feet = [(x, y, z + 0.2), (x + 0.14 * dx, y + 0.14 * dy, z + 0.14), (x + 0.27 * dx, y + 0.27 * dy, z + 0.01)]
        add_tube(f"{name}.leg{leg}", feet, 0.014, iron)
    return 0.724


def add_cafe_chair(
    name: str, place: Sequence[float], iron: bpy.types.Material, slats: bpy.types.Material, *, turn_rad: float
) -> None:
    """Add a folding bistro chair that looks towards +X before it is turned."""
    for side in (-0.19, 0.19):
        front = np.array([[-0.16, side, 0.87], [-0.12, side, 0.5], [0.2, side, 0.0]])
        rear = np.array([[0.18, side * 0.92, 0.46], [0.0, side * 0.92, 0.25], [-0.22, side * 0.92, 0.0]])
        for part, line in (("front", front), ("rear", rear)):
            add_tube(f"{name}.{part}{side}", _turned(line, place, turn_rad), 0.009, iron)
    for index in range(6):
        seat = _turned(np.array([[-0.14 + 0.064 * index, 0.0, 0.46]]), place, turn_rad)[0]
        add_box(f"{name}.seat{index}", seat, (0.048, 0.4, 0.016), slats, turn_rad=turn_rad, bevel_m=0.004)
    for index, z in enumerate((0.62, 0.73, 0.84)):
        rest = _turned(np.array([[-0.15 - 0.035 * index * 0.5, 0.0, z]]), place, turn_rad)[0]
        add_box(f"{name}.rest{index}", rest, (0.014, 0.42, 0.06), slats, turn_rad=turn_rad, bevel_m=0.004)


def add_fence(
    name: str, start: Sequence[float], end: Sequence[float], top_m: float, iron: bpy.types.Material, *, bars: int
) -> None:
    """Add a wrought-iron fence with ball finials and a row of rings. start, end: at the ground; top_m: rail height."""
    a, b = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
    up = np.array([0.0, 0.0, 1.0])
    for index, height in enumerate((0.12, top_m - 0.13, top_m)):
        add_tube(f"{name}.rail{index}", [a + height * up, b + height * up], 0.008, iron)
    for index, t in enumerate(np.linspace(0, 1, bars)):
        foot = a + t * (b - a)
        add_tube(f"{name}.bar{index:02d}", [foot, foot + (top_m + 0.09) * up], 0.0055, iron, sides=8)
        add_sphere(f"{name}.finial{index:02d}", foot + (top_m + 0.105) * up, 0.017, iron, rings=8)
    along = (b - a) / np.linalg.norm(b - a)
    angle = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    for index in range(bars - 1):
        centre = a + (index + 0.5) / (bars - 1) * (b - a) + (top_m - 0.065) * up
        radius = min(0.055, 0.46 * float(np.linalg.norm(b - a)) / (bars - 1))
        ring = centre + radius * (np.cos(angle)[:, None] * along + np.sin(angle)[:, None] * up)
        add_tube(f"{name}.ring{index:02d}", ring, 0.004, iron, sides=6, closed=True)


def add_car(name: str, place: Sequence[float], paint: Colour, *, towards_us: bool) -> None:
    """Add a small car along Y, showing its tail or, coming towards us, its front. place: its middle, on the ground."""
    x, y, z = place
    body = principled(f"{name}.body", paint, roughness=0.3)
    glass = principled(f"{name}.glass", (0.02, 0.025, 0.035), roughness=0.3)
    black = principled(f"{name}.black", (0.012, 0.012, 0.014), roughness=0.7)
    add_box(f"{name}.lower", (x, y, z + 0.55), (1.72, 3.9, 0.55), body, bevel_m=0.14)
    cabin = np.array([[-0.7, -1.25, 0.8], [0.7, -1.25, 0.8], [0.7, 1.35, 0.8], [-0.7, 1.35, 0.8]])
    roof = np.array([[-0.56, -0.85, 1.42], [0.56, -0.85, 1.42], [0.56, 0.7, 1.42], [-0.56, 0.7, 1.42]])
    faces = [[0, 1, 5, 4], [1, 2, 6, 5], [2, 3, 7, 6], [3, 0, 4, 7]]
    shell = np.concatenate([cabin, roof]) + np.asarray(place)
    add_mesh(f"{name}.windows", shell, faces, glass)
    add_box(f"{name}.roof", (x, y - 0.07, z + 1.43), (1.16, 1.6, 0.07), body, bevel_m=0.03)
    for wx in (-0.78, 0.78):
        for wy in (-1.2, 1.25):
            wheel = add_revolved(
                f"{name}.wheel{wx}{wy}", [(0.0, -0.1), (0.31, -0.1), (0.31, 0.1), (0.0, 0.1)], black, smooth=False
            )
            wheel.location, wheel.rotation_euler = (x + wx, y + wy, z + 0.31), (0.0, np.pi / 2, 0.0)
    rear = y - 1.95
    add_boxes(f"{name}.bumper", [((x, rear, z + 0.4), (1.6, 0.12, 0.14))], black)
    add_boxes(
        f"{name}.plate",
        [((x, rear - 0.02, z + 0.62), (0.5, 0.03, 0.12))],
        principled(f"{name}.plate", (0.7, 0.68, 0.6)),
    )
    colour, strength = ((1.0, 0.72, 0.42), 6.0) if towards_us else ((1.0, 0.03, 0.015), 4.0)
    glow = emission(f"{name}.lights", colour, strength)
    for side in (-0.64, 0.64):
        lamp = add_sphere(f"{name}.lamp{side}", (x + side, rear - 0.02, z + 0.66), 0.12, glow, stretch=(1.15, 0.3, 0.9))
        show_to_camera_only(lamp)


def add_table_lamp(name: str, base: Sequence[float], metal: bpy.types.Material, shade: bpy.types.Material) -> None:
    """Add a café table's lamp: a foot, a rod and a glowing shade 0.16 m wide that only the camera sees."""
    foot = [(0.0, 0.0), (0.05, 0.0), (0.05, 0.012), (0.008, 0.022), (0.008, 0.2), (0.0, 0.2)]
    add_revolved(f"{name}.foot", foot, metal, base=base, segments=16)
    cone = [(0.08, 0.17), (0.05, 0.29), (0.0, 0.29)]
    show_to_camera_only(add_revolved(f"{name}.shade", cone, shade, base=base, segments=24))
