"""Things of glass and silver: wine glasses, a carafe, cutlery, candlesticks, a plate.

Glass here is thin-walled: what lies behind is seen unbent, weaker towards the rim, with the room's lights mirrored on
it. It casts no caustics, so it renders without fireflies; its depth is the glass's, not that of what is seen through.
"""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np
from numpy.typing import NDArray

from .chess_pieces import lathe
from .lights import show_to_camera_only
from .materials import Colour, Shader, dimmed, emission, principled
from .mesh import add_revolved, add_sphere, add_tube

Point = tuple[float, float, float]


def clear_glass(name: str, tint: Colour = (0.96, 0.98, 0.97), *, strength: float = 0.55) -> bpy.types.Material:
    """Return thin glass: clear where looked at squarely, tinted and mirroring at grazing angles."""
    shader = Shader(name)
    facing = shader.node("ShaderNodeLayerWeight", {"Blend": strength}).outputs["Facing"]
    body = shader.ramp(facing, [(0.0, tint), (0.75, dimmed(tint, 0.78)), (1.0, dimmed(tint, 0.3))])
    clear = shader.node("ShaderNodeBsdfTransparent", {"Color": body}).outputs[0]
    gloss = shader.node("ShaderNodeBsdfGlossy", {"Color": (1.0, 1.0, 1.0), "Roughness": 0.06}).outputs[0]
    mirror = shader.node("ShaderNodeMath", {0: facing, 1: 2.6}, operation="POWER").outputs[0]
    share = shader.node("ShaderNodeMath", {0: mirror, 1: 0.5}, operation="MULTIPLY").outputs[0]
    share = shader.node("ShaderNodeMath", {0: share, 1: 0.045}, operation="ADD").outputs[0]
    mixed = shader.node("ShaderNodeMixShader", {0: share, 1: clear, 2: gloss}).outputs[0]
    shader.node("ShaderNodeOutputMaterial", {"Surface": mixed})
    return shader.material


def wine(name: str, colour: Colour) -> bpy.types.Material:
    """Return wine in a glass: dark, a little see-through, its surface shining."""
    shader = Shader(name)
    facing = shader.node("ShaderNodeLayerWeight", {"Blend": 0.4}).outputs["Facing"]
    clear = shader.node("ShaderNodeBsdfTransparent", {"Color": colour}).outputs[0]
    body = shader.node("ShaderNodeBsdfPrincipled", {"Base Color": dimmed(colour, 0.35), "Roughness": 0.12}).outputs[0]
    share = shader.node("ShaderNodeMath", {0: facing, 1: 0.45}, operation="MULTIPLY_ADD")
    share.inputs[2].default_value = 0.25
    mixed = shader.node("ShaderNodeMixShader", {0: share.outputs[0], 1: clear, 2: body}).outputs[0]
    shader.node("ShaderNodeOutputMaterial", {"Surface": mixed})
    return shader.material


def silver(name: str, tint: Colour = (0.82, 0.8, 0.76), *, roughness: float = 0.17) -> bpy.types.Material:
    """Return polished metal."""
    return principled(name, tint, roughness=roughness, metallic=1.0)


def add_wine_glass(
    name: str,
    base: Point,
    glass: bpy.types.Material,
    *,
    height_m: float = 0.21,
    bowl_m: float = 0.042,
    drink: bpy.types.Material | None = None,
    fill: float = 0.45,
) -> None:
    """Add a stemmed glass. bowl_m: radius of its bowl; fill: share of the bowl's height filled."""
    h, r = height_m, bowl_m
    foot = [
        (0.0, 0.006),
        (0.1 * r, 0.006),
        (0.82 * r, 0.002),
        (0.84 * r, 0.0),
        (0.1 * r, 0.011),
        (0.1 * r, 0.03),
        (0.085 * r, 0.4 * h),
    ]
    bowl = [
        (0.12 * r, 0.46 * h),
        (0.55 * r, 0.52 * h),
        (0.93 * r, 0.63 * h),
        (r, 0.73 * h),
        (0.93 * r, 0.88 * h),
        (0.84 * r, h),
    ]
    add_revolved(name, lathe(foot + bowl), glass, base=base, segments=64)
    if drink is not None:
        top = (0.5 + 0.5 * fill) * h
        heights = np.linspace(0.485 * h, top, 14)
        radii = (
            np.interp(
                heights,
                [0.46 * h, 0.52 * h, 0.63 * h, 0.73 * h, 0.88 * h, h],
                [0.1 * r, 0.55 * r, 0.93 * r, r, 0.93 * r, 0.84 * r],
            )
            * 0.965
        )
        profile = [(0.0, heights[0]), *zip(radii, heights, strict=True), (0.0, top)]
        add_revolved(f"{name}.drink", profile, drink, base=base, segments=64)


def add_tumbler(
    name: str, base: Point, glass: bpy.types.Material, *, radius_m: float = 0.036, height_m: float = 0.085
) -> None:
    """Add a plain water glass with a heavy bottom."""
    r, h = radius_m, height_m
    outer = [
        (0.0, 0.0),
        (0.86 * r, 0.0),
        (0.9 * r, 0.004),
        (r, h),
        (0.95 * r, h),
        (0.84 * r, 0.14 * h),
        (0.0, 0.13 * h),
    ]
    add_revolved(name, outer, glass, base=base, segments=48)


def add_carafe(
    name: str,
    base: Point,
    glass: bpy.types.Material,
    *,
    height_m: float = 0.27,
    drink: bpy.types.Material | None = None,
) -> None:
    """Add a wide-bodied carafe with a flaring neck."""
    h = height_m
    body = [
        (0.0, 0.004),
        (0.2 * h, 0.0),
        (0.3 * h, 0.03 * h),
        (0.33 * h, 0.14 * h),
        (0.26 * h, 0.34 * h),
        (0.12 * h, 0.54 * h),
    ]
    neck = [(0.085 * h, 0.68 * h), (0.085 * h, 0.82 * h), (0.12 * h, 0.95 * h), (0.15 * h, h)]
    add_revolved(name, lathe(body + neck), glass, base=base, segments=72)
    if drink is not None:
        heights = np.linspace(0.012, 0.36 * h, 16)
        radii = (
            np.interp(
                heights, [0.0, 0.03 * h, 0.14 * h, 0.34 * h, 0.54 * h], [0.2 * h, 0.3 * h, 0.33 * h, 0.26 * h, 0.12 * h]
            )
            * 0.97
        )
        profile = [(0.0, heights[0]), *zip(radii, heights, strict=True), (0.0, 0.36 * h)]
        add_revolved(f"{name}.drink", profile, drink, base=base, segments=64)


def add_candlestick(
    name: str,
    base: Point,
    metal: bpy.types.Material,
    wax: bpy.types.Material,
    *,
    height_m: float = 0.2,
    candle_m: float = 0.16,
    flame: float = 7.0,
) -> None:
    """Add a turned candlestick with a burning candle. flame: radiance factor, for the camera only."""
    h = height_m
    profile = [
        (0.0, 0.0),
        (0.26 * h, 0.0),
        (0.27 * h, 0.03 * h),
        (0.2 * h, 0.08 * h),
        (0.07 * h, 0.14 * h),
        (0.1 * h, 0.22 * h),
    ]
    profile += [
        (0.05 * h, 0.32 * h),
        (0.045 * h, 0.6 * h),
        (0.09 * h, 0.7 * h),
        (0.05 * h, 0.78 * h),
        (0.12 * h, 0.93 * h),
        (0.12 * h, h),
        (0.0, h),
    ]
    add_revolved(f"{name}.stick", lathe(profile), metal, base=base, segments=48)
    x, y, z = base
    add_revolved(
        f"{name}.wax",
        [(0.0, 0.0), (0.011, 0.0), (0.0105, candle_m), (0.006, candle_m - 0.003), (0.0, candle_m - 0.004)],
        wax,
        base=(x, y, z + h),
        segments=32,
    )
    top = z + h + candle_m
    add_tube(
        f"{name}.wick",
        [(x, y, top - 0.004), (x + 0.001, y, top + 0.006)],
        0.0008,
        principled(f"{name}.wick", (0.02, 0.02, 0.02)),
        sides=5,
    )
    glow = emission(f"{name}.flame", (1.0, 0.6, 0.2), flame)
    t = np.linspace(0.0, 1.0, 14)
    drop = np.stack([0.0085 * np.sin(np.pi * t**0.62) ** 0.9, 0.042 * t], axis=1)
    show_to_camera_only(add_revolved(f"{name}.flame", drop, glow, base=(x, y, top + 0.001), segments=24))


def _blade_strip(
    name: str, outline: Sequence[tuple[float, float, float]], metal: bpy.types.Material, place: Point, turn_rad: float
) -> None:
    """Add a flat tapered piece along its length. outline: (along, half width, height of its middle), metres."""
    points = np.asarray(outline)
    across = np.array([-1.0, -0.72, 0.0, 0.72, 1.0])
    swell = 0.0016 * (1 - across**2)
    sheet = np.stack(
        [
            np.broadcast_to(points[:, :1], (len(points), 5)),
            points[:, 1:2] * across[None, :],
            points[:, 2:3] + swell[None, :] + 0.001,
        ],
        axis=2,
    )
    from .mesh import add_grid

    strip = add_grid(name, sheet, metal, smooth=True)
    strip.location, strip.rotation_euler = place, (0.0, 0.0, turn_rad)


_HANDLE = [
    (0.0, 0.009, 0.002),
    (0.008, 0.012, 0.002),
    (0.03, 0.0105, 0.003),
    (0.07, 0.0055, 0.006),
    (0.105, 0.004, 0.007),
]


def add_knife(name: str, place: Point, turn_rad: float, metal: bpy.types.Material) -> None:
    """Add a table knife lying on its flat, its handle's end at ``place``."""
    _blade_strip(
        name,
        [
            *_HANDLE,
            (0.115, 0.008, 0.004),
            (0.14, 0.0105, 0.003),
            (0.19, 0.0105, 0.003),
            (0.215, 0.007, 0.003),
            (0.222, 0.001, 0.003),
        ],
        metal,
        place,
        turn_rad,
    )


def add_spoon(name: str, place: Point, turn_rad: float, metal: bpy.types.Material) -> None:
    """Add a spoon lying with its bowl up."""
    t = np.linspace(0.0, 1.0, 9)
    bowl = [
        (0.13 + 0.065 * s, 0.0205 * np.sqrt(max(0.0, 1 - (2 * s - 1) ** 2)) + 0.001, 0.006 - 0.004 * np.sin(np.pi * s))
        for s in t
    ]
    _blade_strip(name, [*_HANDLE, (0.125, 0.0035, 0.006), *bowl], metal, place, turn_rad)


def add_fork(name: str, place: Point, turn_rad: float, metal: bpy.types.Material) -> None:
    """Add a fork with four tines."""
    _blade_strip(
        name,
        [*_HANDLE, (0.125, 0.0035, 0.006), (0.14, 0.009, 0.004), (0.155, 0.012, 0.004), (0.165, 0.0125, 0.005)],
        metal,
        place,
        turn_rad,
    )
    c, s = np.cos(turn_rad), np.sin(turn_rad)
    for index, y in enumerate((-0.0103, -0.0034, 0.0034, 0.0103)):
        local = [(0.164, y, 0.0065), (0.185, y, 0.007), (0.205, 0.9 * y, 0.011)]
        path = [(place[0] + c * x - s * v, place[1] + s * x + c * v, place[2] + z) for x, v, z in local]
        add_tube(f"{name}.tine{index}", path, [0.0017, 0.0015, 0.0008], metal, sides=6)


def add_plate(
    name: str, base: Point, china: bpy.types.Material, rim: bpy.types.Material, *, radius_m: float = 0.13
) -> None:
    """Add a dinner plate with a coloured band."""
    r = radius_m
    add_revolved(
        name,
        [(0.0, 0.004), (0.6 * r, 0.003), (0.68 * r, 0.009), (0.98 * r, 0.019), (r, 0.018), (0.66 * r, 0.0), (0.0, 0.0)],
        china,
        base=base,
        segments=72,
    )
    add_revolved(f"{name}.band", [(0.9 * r, 0.0178), (0.96 * r, 0.0195)], rim, base=base, segments=72)


def add_lemon(name: str, place: Point, skin: bpy.types.Material, *, turn_rad: float = 0.0) -> None:
    """Add a lemon lying on its side. place: where it touches."""
    t = np.linspace(0.0, np.pi, 24)
    profile = np.stack([0.029 * np.sin(t) ** 0.9, -0.042 * np.cos(t) - 0.004 * np.cos(t) ** 5], axis=1)
    fruit = add_revolved(name, profile, skin, segments=40)
    fruit.location, fruit.rotation_euler = (place[0], place[1], place[2] + 0.028), (0.0, np.pi / 2, turn_rad)


def add_grapes(name: str, place: Point, skin: bpy.types.Material, rng: np.random.Generator, *, count: int = 34) -> None:
    """Add a bunch of grapes lying in a heap."""
    laid: list[NDArray[np.float64]] = []
    radius = 0.0105
    for _ in range(4000):
        if len(laid) == count:
            break
        spot = np.array([rng.normal(0, 0.03), rng.normal(0, 0.018), 0.0])
        heights = [
            np.sqrt(max(0.0, (1.9 * radius) ** 2 - float(np.hypot(*(spot - other)[:2])) ** 2)) + other[2]
            for other in laid
            if np.hypot(*(spot - other)[:2]) < 1.9 * radius
        ]
        spot[2] = max([radius, *heights])
        if spot[2] < 0.04:
            laid.append(spot)
    for index, spot in enumerate(laid):
        add_sphere(
            f"{name}.{index:02d}", tuple(np.asarray(place) + spot), radius, skin, stretch=(1.0, 1.0, 1.05), rings=12
        )
