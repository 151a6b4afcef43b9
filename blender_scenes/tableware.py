"""Things of clay and metal that stand on a table: a mug, a jar, a pot, a pear, a lantern."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np

from .lights import show_to_camera_only
from .materials import emission, glazed, principled
from .mesh import add_box, add_revolved, add_sphere, add_tube


def add_mug(name: str, base: Sequence[float], glaze: bpy.types.Material, inside: bpy.types.Material) -> None:
    """Add a mug 9.5 cm high with a handle to its right. base: where it stands, metres."""
    outer = [(0.0, 0.0), (0.03, 0.0), (0.035, 0.004), (0.039, 0.03), (0.041, 0.06), (0.0425, 0.093), (0.0415, 0.0955)]
    add_revolved(f"{name}.body", [*outer, (0.0395, 0.0945)], glaze, base=base, segments=64)
    inner = [(0.0395, 0.0945), (0.038, 0.06), (0.036, 0.03), (0.03, 0.012), (0.0, 0.01)]
    add_revolved(f"{name}.inside", inner, inside, base=base, segments=64)
    coffee = principled(f"{name}.coffee", (0.05, 0.022, 0.01), roughness=0.3)
    add_revolved(f"{name}.coffee", [(0.0, 0.08), (0.0388, 0.08)], coffee, base=base, segments=64)
    angle = np.linspace(-1.8, 1.8, 24)
    handle = np.stack(
        [0.0375 + 0.03 * np.cos(angle), np.full(24, -0.004), 0.05 + 0.031 * np.sin(angle)], axis=1
    ) + np.asarray(base)
    add_tube(f"{name}.handle", handle, 0.0052, glaze, sides=12)


def add_jar(name: str, base: Sequence[float], radius_m: float, height_m: float, glaze: bpy.types.Material) -> None:
    """Add an open jar with a rounded foot and rim. base: where it stands, metres."""
    r, h = radius_m, height_m
    profile = [(0.0, 0.0), (0.84 * r, 0.0), (0.95 * r, 0.05 * h), (r, 0.3 * h), (0.97 * r, 0.8 * h), (r, h)]
    profile += [(0.93 * r, 1.01 * h), (0.88 * r, 0.97 * h), (0.88 * r, 0.15 * h), (0.0, 0.1 * h)]
    add_revolved(name, profile, glaze, base=base, segments=56)


def add_flowerpot(name: str, base: Sequence[float], radius_m: float, clay: bpy.types.Material) -> float:
    """Add a clay pot with a collar and earth in it; return the height of the earth above ``base``, metres."""
    r = radius_m
    profile = [
        (0.0, 0.0),
        (0.68 * r, 0.0),
        (0.9 * r, 1.25 * r),
        (1.02 * r, 1.25 * r),
        (1.06 * r, 1.7 * r),
        (0.94 * r, 1.7 * r),
    ]
    add_revolved(f"{name}.pot", [*profile, (0.9 * r, 1.5 * r)], clay, base=base, segments=56, smooth=False)
    earth = glazed(
        f"{name}.earth", [(0.3, (0.018, 0.012, 0.008)), (0.7, (0.07, 0.045, 0.03))], scale=90.0, roughness=1.0
    )
    add_revolved(f"{name}.earth", [(0.0, 1.52 * r), (0.92 * r, 1.5 * r)], earth, base=base, segments=40)
    return 1.5 * r


def add_pear(name: str, base: Sequence[float], skin: bpy.types.Material, *, size_m: float = 0.085) -> None:
    """Add a pear standing upright."""
    height = 0.5 * (1 - np.cos(np.linspace(0.0, np.pi, 36)))
    ease = np.clip((height - 0.28) / 0.46, 0.0, 1.0)
    neck = 0.37 - 0.185 * ease**2 * (3 - 2 * ease)  # an egg below, half as wide above
    profile = np.stack([neck * np.sqrt(4 * height * (1 - height)), height], axis=1) * size_m
    add_revolved(f"{name}.flesh", profile, skin, base=base)
    top = np.asarray(base) + np.array([0.0, 0.0, size_m * 0.97])
    stalk = [top, top + [0.002, 0.0, 0.009], top + [0.006, 0.001, 0.018]]
    add_tube(f"{name}.stalk", stalk, [0.0014, 0.0012, 0.0018], principled(f"{name}.stalk", (0.09, 0.05, 0.02)))


def add_lantern(
    name: str, base: Sequence[float], size_m: float, metal: bpy.types.Material, *, flame_strength: float = 26.0
) -> None:
    """Add a square wire lantern with a burning candle. base: centre of its foot; size_m: its width.

    flame_strength: radiance factor of the flame (1 = display white).
    """
    x, y, z = base
    half, height = size_m / 2, 1.75 * size_m
    add_box(f"{name}.foot", (x, y, z + 0.008), (size_m, size_m, 0.016), metal, bevel_m=0.003)
    add_box(f"{name}.lid", (x, y, z + height), (size_m, size_m, 0.014), metal, bevel_m=0.003)
    chimney = [(0.72 * half, 0.0), (0.4 * half, 0.3 * size_m), (0.22 * half, 0.34 * size_m), (0.0, 0.36 * size_m)]
    add_revolved(f"{name}.roof", chimney, metal, base=(x, y, z + height + 0.006), segments=4, smooth=False)
    angle = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    hoop = np.stack([0.2 * size_m * np.cos(angle), 0 * angle, 0.2 * size_m * np.sin(angle)], axis=1)
    add_tube(f"{name}.hoop", hoop + [x, y, z + height + 0.55 * size_m], 0.0028, metal, closed=True)
    corners = [(-half, -half), (half, -half), (half, half), (-half, half)]
    for index, (dx, dy) in enumerate(corners):
        ex, ey = corners[(index + 1) % 4]
        add_tube(f"{name}.post{index}", [(x + dx, y + dy, z), (x + dx, y + dy, z + height)], 0.004, metal)
        for number, share in enumerate((0.33, 0.66)):
            level = z + share * height
            add_tube(f"{name}.wire{index}{number}", [(x + dx, y + dy, level), (x + ex, y + ey, level)], 0.0022, metal)
        for number, share in enumerate((0.33, 0.66)):
            px, py = dx + share * (ex - dx), dy + share * (ey - dy)
            add_tube(f"{name}.bar{index}{number}", [(x + px, y + py, z), (x + px, y + py, z + height)], 0.0018, metal)
    wax = principled(f"{name}.wax", (0.82, 0.7, 0.5), roughness=0.7)
    add_revolved(
        f"{name}.candle",
        [(0.0, 0.0), (0.26 * size_m, 0.0), (0.26 * size_m, 0.62 * size_m), (0.0, 0.6 * size_m)],
        wax,
        base=(x, y, z + 0.016),
    )
    flame = emission(f"{name}.flame", (1.0, 0.55, 0.16), flame_strength)
    show_to_camera_only(
        add_sphere(f"{name}.flame", (x, y, z + 0.016 + 0.82 * size_m), 0.1 * size_m, flame, stretch=(1.0, 1.0, 1.9))
    )
