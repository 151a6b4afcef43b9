"""A café street at blue hour: a laid table, an iron fence, a bicycle by a lamp, lit windows down to a clock tower.

Tests: bright lights at every depth from 1.5 m to 80 m, a sky 500 m away, thin bars and spokes over lights, strings
of bulbs across the frame, strong occlusion edges at 1.3 m, 2.7 m and 5 m.
"""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

from ..camera import add_camera
from ..clock_tower import add_clock_tower
from ..facades import House, HousePaint, add_house
from ..lights import add_area_light, add_horizon_glow, set_even_sky, show_to_camera_only
from ..materials import (
    Colour,
    Shader,
    bricks,
    emission,
    glazed,
    glowing_ball,
    leaf,
    paving,
    plaster,
    principled,
    stripes,
    wood,
)
from ..mesh import add_box, add_grid, add_revolved, add_sphere
from ..plants import add_tuft, add_twig
from ..shop_windows import ShopLight, shop_light
from ..spill import Glow, shed
from ..street_furniture import (
    add_bicycle,
    add_cafe_chair,
    add_cafe_table,
    add_car,
    add_fence,
    add_street_lamp,
    add_table_lamp,
)
from ..strings_of_lights import add_string, sagging
from ..tableware import add_lantern, add_mug
from ..variation import Variation

_LEFT_FRONT, _KERB, _FAR_KERB, _RIGHT_FRONT = -3.0, 1.15, 5.0, 6.6


def build(rng: np.random.Generator, parameters: dict[str, Any]) -> bpy.types.Object:
    """Build the scene and return the camera."""
    vary = Variation.of(rng, parameters)
    sky = vary.choice((0.25, 0.33, 0.6), [(0.4, 0.3, 0.4), (0.18, 0.22, 0.34)])
    set_even_sky(sky)
    glow = vary.choice((0.95, 0.42, 0.2), [(0.8, 0.3, 0.4), (0.35, 0.45, 0.7)])
    add_horizon_glow(glow, (0.025, 0.11, 0.46), distance_m=500.0, height_m=218.0)
    power = vary.number(170.0, 120.0, 230.0)
    add_area_light("café", (-2.8, 1.6, 2.7), (0.2, 3.2, 0.7), size_m=(2.0, 2.0), power_w=power, colour=(1.0, 0.6, 0.28))
    iron = principled("iron", (0.02, 0.022, 0.024), roughness=0.45)
    _ground()
    shops = _houses(rng, vary)
    _terrace(rng, iron, vary)
    _street(iron, vary)
    _strings(rng, vary)
    shed([*_lamp_glows(), *shops])
    return add_camera(
        (vary.number(0.0, -0.12, 0.12), vary.number(0.0, -0.3, 0.1), vary.number(1.28, 1.2, 1.45)),
        (vary.number(0.25, -0.4, 1.0), 10.0, vary.number(1.72, 1.5, 2.0)),
        lens_mm=vary.number(35.0, 30.0, 40.0),
    )


def _ground() -> None:
    setts = paving("setts", (0.25, 0.24, 0.25), (0.1, 0.1, 0.115), stone_m=(0.2, 0.13))
    flags = bricks("flags", (0.34, 0.31, 0.28), (0.24, 0.22, 0.2), (0.1, 0.1, 0.1))
    slab = paving("slabs", (0.34, 0.31, 0.29), (0.2, 0.19, 0.19), stone_m=(0.42, 0.3))
    sheets = (
        ("road", _KERB, _FAR_KERB, -0.05, setts),
        ("terrace", -9.0, _KERB, 0.0, slab),
        ("pavement", _FAR_KERB, 13.0, 0.0, slab),
    )
    along = np.concatenate([np.arange(-5.0, 14.0, 0.25), np.arange(14.0, 86.0, 0.6)])
    for name, x0, x1, height, stone in sheets:  # fine enough to carry baked light
        across = np.arange(x0, x1 + 0.01, (x1 - x0) / round((x1 - x0) / 0.3))
        points = np.stack(np.broadcast_arrays(across[:, None], along[None, :], height), axis=2)
        add_grid(name, points, stone)
    for name, x in (("kerb", _KERB), ("far kerb", _FAR_KERB)):
        edge = np.array([[x - 0.08, -0.01], [x - 0.08, 0.012], [x + 0.08, 0.012], [x + 0.08, -0.06]])
        if x == _FAR_KERB:
            edge = edge * [-1.0, 1.0] + [2.0 * x, 0.0]
        rows = [np.stack([np.full_like(along, px), along, np.full_like(along, pz)], axis=1) for px, pz in edge]
        add_grid(name, rows, flags)


def _lit_window(name: str, colour: Colour, strength: float) -> bpy.types.Material:
    """Return a lit room behind glass: brighter and darker patches of one colour."""
    shader = Shader(name)
    patches = shader.noise(shader.coordinates(), 1.6, detail=2.0)
    dark: Colour = (colour[0] * 0.25, colour[1] * 0.2, colour[2] * 0.18)
    return shader.glow(shader.ramp(patches, [(0.35, dark), (0.62, colour)]), strength)


def _houses(rng: np.random.Generator, vary: Variation) -> list[Glow]:
    """Line both sides with houses; return what their shop windows shed on the street."""
    dark_pane = principled("pane", (0.018, 0.024, 0.045), roughness=0.3)
    trim = principled("stone", (0.42, 0.38, 0.33), roughness=0.8)
    slate = principled("slate", (0.035, 0.038, 0.05), roughness=0.7)
    lit = [
        _lit_window("lit0", (1.0, 0.56, 0.2), 1.35),
        _lit_window("lit1", (1.0, 0.62, 0.28), 1.2),
        _lit_window("lit2", (0.9, 0.36, 0.1), 1.3),
    ]
    curtain = emission("curtain", (0.62, 0.24, 0.07), 0.75)
    tints: list[Colour] = [(1.0, 0.6, 0.26), (1.0, 0.66, 0.36), (1.0, 0.46, 0.17)]
    near: list[ShopLight] = [shop_light(f"shop{index}", tint, 1.1) for index, tint in enumerate(tints)]
    far: list[ShopLight] = [shop_light(f"shop.far{index}", tint, 0.75) for index, tint in enumerate(tints)]
    glows: list[Glow] = []
    awnings = [
        stripes("awning0", (0.5, 0.06, 0.05), (0.62, 0.56, 0.46), per_m=2.4, axis="y"),
        stripes("awning1", (0.04, 0.16, 0.12), (0.6, 0.55, 0.44), per_m=2.4, axis="y"),
        stripes("awning2", (0.05, 0.1, 0.26), (0.58, 0.55, 0.5), per_m=2.4, axis="y"),
    ]
    walls = [
        plaster("ochre", (0.5, 0.34, 0.17), scale=2.0),
        bricks("brick", (0.34, 0.13, 0.085), (0.22, 0.085, 0.06), (0.26, 0.23, 0.21)),
        plaster("rose", (0.48, 0.29, 0.25), scale=2.0),
        plaster("grey", (0.36, 0.37, 0.37), scale=2.0),
        bricks("pale brick", (0.42, 0.33, 0.23), (0.32, 0.24, 0.16), (0.3, 0.28, 0.25)),
    ]
    for side, face_x, start in ((1, _LEFT_FRONT, -2.0), (-1, _RIGHT_FRONT, 0.0)):
        y, number = start, 0
        while y < 72.0:
            length = float(rng.uniform(6.5, 9.0))
            pick = number + (0 if side > 0 else 3) + vary.count(0, 0, 14)
            shops = near if y < 16.0 else far  # softer contrast where bars and goods are finer than pixels
            paint = HousePaint(
                walls[pick % 5], trim, dark_pane, lit, curtain, shops[pick % 3], awnings[pick % 3], slate
            )
            house = House(face_x, side, y, y + length - 0.02, float(rng.uniform(10.0, 13.5)), 3)
            add_house(f"house{side:+d}.{number}", house, paint, rng, lit_share=0.55)
            red, green, blue = tints[pick % 3]
            for step in np.linspace(y + 1.0, y + length - 2.0, 3):
                place = (face_x + 0.05 * side, float(step), 1.7)
                glows.append(Glow(place, (0.5 * red, 0.5 * green, 0.5 * blue), (float(side), 0.0, 0.0)))
            y += length
            number += 1
    add_clock_tower((2.4, 78.5, 0.0), slate)
    return glows


def _terrace(rng: np.random.Generator, iron: bpy.types.Material, vary: Variation) -> None:
    slats = wood("slats", (0.36, 0.17, 0.07), (0.16, 0.07, 0.03), along="x")
    marble = glazed("marble", [(0.35, (0.62, 0.6, 0.57)), (0.7, (0.8, 0.79, 0.76))], scale=9.0, roughness=0.35)
    place = np.array([vary.number(-0.42, -0.75, -0.3), vary.number(2.75, 2.5, 3.3), 0.0])
    top = add_cafe_table("table", tuple(place), iron, marble)
    add_lantern("candle", (place[0] - 0.1, place[1] + 0.06, top), 0.12, iron)
    cup = principled("cup", (0.8, 0.77, 0.72), roughness=0.35)
    add_mug("cup", (place[0] + 0.14, place[1] - 0.1, top), cup, cup)
    saucer = [(0.0, 0.0), (0.05, 0.0), (0.085, 0.012), (0.083, 0.014), (0.0, 0.006)]
    add_revolved("saucer", saucer, cup, base=(place[0] + 0.14, place[1] - 0.1, top - 0.004))
    add_cafe_chair(
        "chair0", (place[0] - 0.62, place[1] + 0.2, 0.0), iron, slats, turn_rad=vary.number(-0.35, -0.8, 0.2)
    )
    shade = emission("shade", vary.choice((1.0, 0.4, 0.13), [(1.0, 0.2, 0.1), (0.5, 0.8, 0.2)]), 2.0)
    for index, (x, y, turn) in enumerate([(-1.75, 5.3, 0.3), (-1.7, 8.2, -0.2), (-1.75, 11.4, 0.2)]):
        high = add_cafe_table(f"table.far{index}", (x, y, 0.0), iron, marble)
        add_table_lamp(f"table.lamp{index}", (x + 0.05, y, high), iron, shade)
        add_cafe_chair(f"chair.far{index}a", (x - 0.6, y + 0.1, 0.0), iron, slats, turn_rad=turn)
        add_cafe_chair(f"chair.far{index}b", (x + 0.62, y - 0.1, 0.0), iron, slats, turn_rad=np.pi + turn)
    add_fence("fence", (0.16, 1.36, 0.0), (1.1, 1.22, 0.0), 1.08, iron, bars=11)
    greens = [
        leaf("green0", (0.12, 0.24, 0.05), (0.035, 0.1, 0.02)),
        leaf("green1", (0.2, 0.3, 0.07), (0.07, 0.14, 0.03)),
    ]
    zinc = principled("zinc", (0.2, 0.21, 0.22), roughness=0.5, metallic=0.4)
    add_box("planter", (0.62, 1.4, 0.93), (0.5, 0.17, 0.17), zinc, turn_rad=-0.15, bevel_m=0.008)
    for index, x in enumerate(np.linspace(0.42, 0.82, 5)):
        spot = (float(x), 1.4 - 0.15 * (float(x) - 0.62), 1.0)
        add_tuft(
            f"planter.leaves{index}", spot, rng, greens, count=22, length_m=(0.14, 0.27), width_m=0.024, spread=0.8
        )
    petals = [
        principled(f"petal{i}", colour)
        for i, colour in enumerate([(0.6, 0.04, 0.05), (0.75, 0.3, 0.4), (0.8, 0.72, 0.6)])
    ]
    for index in range(16):
        spot = (float(rng.uniform(0.38, 0.86)), float(rng.uniform(1.33, 1.44)), float(rng.uniform(1.06, 1.15)))
        add_sphere(
            f"flower{index:02d}",
            spot,
            float(rng.uniform(0.014, 0.022)),
            petals[index % 3],
            stretch=(1, 1, 0.7),
            rings=8,
        )
    stem = principled("branch", (0.07, 0.045, 0.025))
    t = np.linspace(0, 1, 8)[:, None]
    branch = (
        np.array([-0.82, 1.22, 1.83]) * (1 - t)
        + np.array([-0.24, 1.36, 1.6]) * t
        + np.array([0, 0, 0.05]) * t * (1 - t) * 4
    )
    add_twig("branch", branch, rng, greens, stem, leaf_m=0.085, leaves=17, stem_radius_m=0.005)


_LEFT_LAMPS = [(0.98, 5.1), (0.98, 12.0), (0.98, 21.0), (0.98, 33.0), (0.98, 48.0)]
_RIGHT_LAMPS = [(5.25, 9.5), (5.25, 17.0), (5.25, 27.0), (5.25, 40.0)]


def _lamp_glows() -> list[Glow]:
    """Return what the street lamps' globes shed."""
    return [Glow((x, y, 2.84), (3.3, 1.75, 0.66)) for x, y in (*_LEFT_LAMPS, *_RIGHT_LAMPS)]


def _street(iron: bpy.types.Material, vary: Variation) -> None:
    for side, lamps in (("left", _LEFT_LAMPS), ("right", _RIGHT_LAMPS)):
        for index, (x, y) in enumerate(lamps):  # a far globe fills little of its ball: bright it clips, dim it is quiet
            strength = 3.2 + 0.012 * y * y if y < 24.0 else 3.2
            globe = glowing_ball(f"globe.{side}{index}", (1.0, 0.56, 0.21), strength)
            add_street_lamp(f"lamp.{side}{index}", (x, y, 0.0), iron, globe)
    add_bicycle("bicycle", (0.62, 4.85, 0.0), vary.colour((0.05, 0.2, 0.2)), turn_rad=vary.number(0.12, -0.1, 0.25))
    tail, front = vary.number(13.5, 9.0, 18.0), vary.number(24.0, 15.0, 32.0)
    add_car("car", (2.3, tail, -0.05), vary.colour((0.3, 0.04, 0.035)), towards_us=False)
    add_car("oncoming", (4.0, front, -0.05), vary.colour((0.1, 0.12, 0.16)), towards_us=True)
    green = emission("signal", vary.choice((0.04, 1.0, 0.25), [(1.0, 0.08, 0.03), (1.0, 0.5, 0.04)]), 8.0)
    add_box("signal.post", (5.5, 20.0, 1.4), (0.1, 0.1, 2.8), iron)
    add_box("signal.box", (5.5, 20.0, 3.1), (0.42, 0.3, 1.05), iron, bevel_m=0.04)
    show_to_camera_only(add_sphere("signal.lamp", (5.5, 19.84, 2.8), 0.16, green, stretch=(1, 0.3, 1)))


def _strings(rng: np.random.Generator, vary: Variation) -> None:
    black = principled("cable", (0.012, 0.012, 0.014))
    colours: list[Colour] = [
        (1.0, 0.24, 0.035),
        (1.0, 0.3, 0.06),
        (1.0, 0.035, 0.012),
        (0.025, 0.11, 1.0),
        (0.03, 0.5, 0.06),
        (1.0, 0.26, 0.04),
    ]
    lines = [
        (
            (-1.2, 1.9, 2.08),
            (6.6, vary.number(11.0, 8.0, 14.0), 4.9),
            vary.number(0.5, 0.3, 0.7),
            vary.count(15, 11, 18),
        ),
        ((1.5, 2.3, 2.25), (-2.9, vary.number(8.5, 6.5, 11.0), 3.9), vary.number(0.3, 0.2, 0.5), vary.count(10, 7, 13)),
    ]
    for index, (start, end, sag, bulbs) in enumerate(lines):
        add_string(
            f"string{index}",
            sagging(start, end, sag),
            rng,
            black,
            bulbs=bulbs,
            radius_m=0.048,
            colours=colours,
            strength=4.2,
            drop_m=0.03,
            cable_radius_m=0.004,
        )
