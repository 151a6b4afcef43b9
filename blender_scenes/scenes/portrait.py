"""Head and shoulders of a woman with loose hair, looking out over evening lights.

Tests: single strands of hair, a pixel wide or less, against bright balls of light: the outline of a head is no line
but hundreds of half-covered pixels whose disparity is both near and far.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import bpy
import numpy as np

from ..camera import add_camera
from ..fair import BULBS, add_bulbs
from ..figure import Figure, add_figure, knitwear, push_out, scalp, skin_material
from ..hair import add_strands, fall, hair_material, strands
from ..lights import add_area_light, add_horizon_glow, set_even_sky
from ..materials import Colour, bricks, emission, glowing_ball, leaf, paving, principled, wood
from ..mesh import add_box, add_quad, add_tube
from ..plants import add_twig
from ..playground import add_tree
from ..strings_of_lights import sagging
from ..variation import Variation

_CHIN_Z = 1.45


def build(rng: np.random.Generator, parameters: dict[str, Any]) -> bpy.types.Object:
    """Build the scene and return the camera."""
    vary = Variation.of(rng, parameters)
    set_even_sky(vary.choice((0.11, 0.14, 0.24), [(0.16, 0.13, 0.17), (0.09, 0.12, 0.16)]))
    dusk = vary.choice((0.75, 0.34, 0.2), [(0.55, 0.25, 0.35), (0.3, 0.4, 0.6)])
    add_horizon_glow(dusk, (0.03, 0.07, 0.22), distance_m=400.0, height_m=190.0)
    side = vary.choice(-1.0, [1.0])
    key = add_area_light(
        "key",
        (side * 1.5, 0.1, 2.3),
        (0.0, 1.25, 1.5),
        size_m=(0.9, 0.9),
        power_w=vary.number(34.0, 26.0, 42.0),
        colour=(1.0, 0.8, 0.6),
    )
    key.visible_glossy = True  # the sheen on the hair
    rim = add_area_light(
        "rim",
        (-side * 1.3, 2.6, 2.2),
        (0.0, 1.25, 1.5),
        size_m=(0.7, 1.0),
        power_w=vary.number(44.0, 30.0, 55.0),
        colour=vary.choice((1.0, 0.62, 0.32), [(0.5, 0.65, 1.0)]),
    )
    rim.visible_glossy = True
    _woman(vary, rng, side)
    _terrace(vary)
    _evening(vary, rng)
    _near(vary, rng)
    return add_camera(
        (vary.number(0.0, -0.12, 0.12), 0.0, _CHIN_Z + vary.number(0.1, 0.04, 0.18)),
        (vary.number(0.05, -0.05, 0.1), 1.25, _CHIN_Z + vary.number(0.025, 0.0, 0.05)),
        lens_mm=vary.number(50.0, 43.0, 58.0),
    )


def _woman(vary: Variation, rng: np.random.Generator, side: float) -> None:
    """Seat her in three-quarter view from behind, her face turned towards the key light."""
    turn = side * vary.number(1.22, 0.7, 1.4)
    figure = Figure((vary.number(0.0, -0.06, 0.06), 1.25, _CHIN_Z), turn, nod_rad=vary.number(0.06, -0.05, 0.16))
    skin = skin_material(
        "skin", vary.choice((0.62, 0.38, 0.27), [(0.3, 0.16, 0.1), (0.72, 0.5, 0.4), (0.45, 0.26, 0.17)])
    )
    add_figure("woman", figure, skin, knitwear("jumper", vary.colour((0.08, 0.2, 0.26), hue=0.5)))
    dark, light = vary.choice(
        ((0.1, 0.03, 0.012), (0.42, 0.16, 0.06)),
        [
            ((0.018, 0.012, 0.01), (0.09, 0.06, 0.045)),
            ((0.3, 0.19, 0.08), (0.72, 0.53, 0.28)),
            ((0.06, 0.035, 0.02), (0.25, 0.15, 0.08)),
        ],
    )
    hair = hair_material("hair", dark, light)
    wave, waves = vary.number(0.009, 0.001, 0.014), vary.number(3.2, 1.5, 5.0)
    length = vary.number(0.4, 0.26, 0.46)
    for layer, (clearance, guides, per_guide) in enumerate(((0.003, 300, 10), (0.007, 340, 12), (0.012, 220, 10))):
        roots, outward = scalp(guides, rng)
        outward = outward + [0.0, -0.2, 0.1]
        outward /= np.linalg.norm(outward, axis=1, keepdims=True)
        paths = fall(
            roots, outward, partial(push_out, clearance_m=clearance), rng, length_m=length, wave_m=wave, waves=waves
        )
        locks = strands(paths, rng, per_guide=per_guide, spread_m=0.0036, stray_m=0.003)
        add_strands(f"hair{layer}", figure.out(locks, head=True), 0.0007, hair)
    roots, outward = scalp(150, rng)
    wind = (vary.number(0.25, -0.5, 0.5), vary.number(-0.3, -0.5, 0.0), 0.35)
    loose = fall(
        roots,
        outward,
        partial(push_out, clearance_m=0.014),
        rng,
        length_m=0.75 * length,
        wave_m=0.014,
        waves=2.0,
        wind=wind,
    )
    flying = strands(loose, rng, per_guide=2, spread_m=0.006, gather=-0.6, stray_m=0.045)
    add_strands("hair.flying", figure.out(flying, head=True), 0.00042, hair)


def _terrace(vary: Variation) -> None:
    """Lay a terrace with a railing behind her and a wall at one side."""
    flags = paving("flags", (0.3, 0.28, 0.26), (0.17, 0.16, 0.16), stone_m=(0.45, 0.3))
    add_quad("terrace", [(-6, -1, 0), (6, -1, 0), (6, 4.2, 0), (-6, 4.2, 0)], flags)
    iron, oak = (
        principled("iron", (0.03, 0.03, 0.035), roughness=0.45),
        wood("oak", (0.26, 0.14, 0.06), (0.11, 0.05, 0.025), along="x"),
    )
    y, top = vary.number(2.7, 2.3, 3.4), 1.12
    add_box("handrail", (0.0, y, top + 0.2), (9.0, 0.09, 0.05), oak, bevel_m=0.012)
    for index in range(60):
        x = -3.6 + 0.122 * index
        add_tube(f"bar{index}", [(x, y, 0.0), (x, y, top + 0.18)], 0.008, iron, sides=6)
    brick = bricks("brick", (0.3, 0.12, 0.08), (0.19, 0.075, 0.05), (0.22, 0.2, 0.18), facing="y")
    side = vary.choice(1.0, [-1.0])
    add_box("pillar", (side * 1.75, y + 0.25, 1.3), (0.5, 0.5, 2.9), brick)


def _evening(vary: Variation, rng: np.random.Generator) -> None:
    """Hang festoons behind her and put a lit town below the sky."""
    colours = vary.order([(1.0, 0.45, 0.12), (1.0, 0.56, 0.2), (1.0, 0.34, 0.07), *BULBS[1:5]])
    glows = [glowing_ball(f"bulb{index}", colour, 4.2) for index, colour in enumerate(colours)]
    black = principled("cable", (0.02, 0.02, 0.025))
    for index, (y, height, sag, count) in enumerate(
        ((3.3, 2.05, 0.2, 13), (4.6, 2.2, 0.42, 13), (7.5, 2.35, 0.55, 15))
    ):
        half = 0.62 * y
        path = sagging((-half, y, height), (half, y, height + vary.number(0.1, -0.2, 0.25)), sag, points=48)
        add_tube(f"festoon{index}", path, 0.006, black, sides=5)
        t = (np.arange(count) + 0.5) / count * 47
        places = np.stack([np.interp(t, np.arange(48), path[:, axis]) for axis in range(3)], axis=1)
        add_bulbs(f"festoon.bulbs{index}", places - [0.0, 0.0, 0.05], 0.027 + 0.0035 * y, glows[index:] + glows[:index])
    dark = principled("town", (0.035, 0.035, 0.05), specular=0.0)
    panes: list[Colour] = [(1.0, 0.46, 0.13), (1.0, 0.6, 0.26), (0.35, 0.55, 1.0), (1.0, 0.2, 0.08)]
    windows = [emission(f"pane{index}", colour, 3.0) for index, colour in enumerate(panes)]
    for index in range(12):
        distance = float(rng.uniform(40.0, 60.0))
        x, width, top = (-0.46 + 0.084 * index) * distance, 0.08 * distance, float(rng.uniform(0.02, 0.1)) * distance
        add_box(f"block{index}", (x, distance, top / 2 - 10.0), (width, 3.0, top + 20.0), dark)
        lit = np.stack(
            [x + rng.uniform(-0.4, 0.4, 4) * width, np.full(4, distance - 1.7), rng.uniform(-0.05 * distance, top, 4)],
            axis=1,
        )
        add_bulbs(f"windows{index}", lit, 0.0062 * distance, windows)
    lamps = np.array([[-6.0, 17.0, 0.9], [-2.6, 24.0, 0.6], [4.4, 19.0, 1.0], [7.5, 26.0, 1.6], [1.2, 30.0, 0.9]])
    add_bulbs("lamps", lamps, 0.2, [glowing_ball("lamp", (1.0, 0.62, 0.24), 5.0)])
    for index, (x, y) in enumerate(((-5.2, 14.0), (6.2, 15.0), (1.4, 21.0))):
        add_tree(
            f"tree{index}", (x, y, -4.0), 7.0, rng, light=(0.07, 0.12, 0.04), dark=(0.02, 0.045, 0.02), leaves=1700
        )


def _near(vary: Variation, rng: np.random.Generator) -> None:
    """Let a twig and a few bulbs reach into the frame close to the lens."""
    greens = [
        leaf("near.leaf0", (0.16, 0.28, 0.05), (0.04, 0.11, 0.02)),
        leaf("near.leaf1", (0.24, 0.32, 0.07), (0.07, 0.16, 0.03)),
    ]
    stem = principled("near.stem", (0.12, 0.1, 0.04))
    x = vary.choice(1.0, [-1.0])
    t = np.linspace(0, 1, 10)[:, None]
    for index, (start, end) in enumerate(
        (
            ((0.32, 0.62, _CHIN_Z + 0.02), (0.13, 0.55, _CHIN_Z - 0.09)),
            ((0.32, 0.58, _CHIN_Z + 0.2), (0.17, 0.56, _CHIN_Z + 0.22)),
        )
    ):
        a, b = np.array(start) * [x, 1, 1], np.array(end) * [x, 1, 1]
        add_twig(
            f"near{index}",
            a * (1 - t) + b * t + np.array([0, 0, 0.1]) * t * (1 - t),
            rng,
            greens,
            stem,
            leaf_m=vary.number(0.055, 0.045, 0.07),
            leaves=11,
        )
