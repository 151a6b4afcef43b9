"""Grass and wild flowers at the edge of a wood, low sun.

Tests: thin structures. Thousands of blades, one or two pixels wide, stand before one another at every depth from 0.4 m
to 30 m; a renderer that loses the thin ones, or lets the near ones cover too much, shows it everywhere.
"""

from __future__ import annotations

import itertools
from typing import Any

import bpy
import numpy as np

from ..camera import add_camera
from ..grasses import add_daisies, add_grass, add_poppies, add_seed_heads, grass_material, scattered
from ..lights import add_area_light, add_horizon_glow, set_even_sky
from ..materials import Colour, Shader, principled, wood
from ..mesh import add_box, add_quad, add_tube
from ..playground import add_tree
from ..variation import Variation


def build(rng: np.random.Generator, parameters: dict[str, Any]) -> bpy.types.Object:
    """Build the scene and return the camera."""
    vary = Variation.of(rng, parameters)
    set_even_sky(vary.choice((0.36, 0.42, 0.52), [(0.45, 0.4, 0.38), (0.3, 0.33, 0.36)]))
    glow = vary.choice((1.0, 0.72, 0.4), [(0.75, 0.78, 0.8), (1.0, 0.5, 0.36)])
    add_horizon_glow(glow, (0.3, 0.48, 0.75), distance_m=300.0, height_m=130.0)
    side = vary.choice(1.0, [-1.0])
    add_area_light(
        "sun",
        (side * -20.0, -3.0, 13.0),
        (0.0, 3.0, 0.2),
        size_m=(6.0, 6.0),
        power_w=vary.number(21000.0, 15000.0, 26000.0),
        colour=(1.0, 0.78, 0.48),
    )
    add_area_light(
        "glow", (side * 14.0, 34.0, 12.0), (0.0, 8.0, 0.2), size_m=(14.0, 9.0), power_w=16000.0, colour=(1.0, 0.7, 0.4)
    )
    _ground(vary, rng)
    _flowers(vary, rng)
    _fence(vary)
    _wood(vary, rng)
    return add_camera(
        (0.0, 0.0, vary.number(0.37, 0.33, 0.46)),
        (vary.number(0.1, -0.3, 0.3), 3.0, vary.number(0.43, 0.38, 0.5)),
        lens_mm=vary.number(42.0, 35.0, 50.0),
    )


def _ground(vary: Variation, rng: np.random.Generator) -> None:
    shader = Shader("earth")
    patches = shader.noise(shader.coordinates((1.0, 1.0, 0.0)), 1.3, detail=5.0)
    earth = shader.surface(shader.ramp(patches, [(0.3, (0.05, 0.075, 0.02)), (0.7, (0.12, 0.15, 0.035))]), specular=0.0)
    add_quad("earth", [(-60, -2, 0), (60, -2, 0), (60, 80, 0), (-60, 80, 0)], earth)
    tip = vary.choice((0.27, 0.36, 0.06), [(0.42, 0.36, 0.1), (0.18, 0.33, 0.07)])
    root: Colour = (0.05, 0.1, 0.02)
    fresh = grass_material("grass", root, tip, height_m=0.3)
    dry = grass_material("straw", (0.12, 0.12, 0.04), (0.5, 0.4, 0.16), height_m=0.4)
    wind = (vary.number(0.12, -0.25, 0.25), 0.0)
    layers = (
        # count, x, y, lengths, width, material
        (5200, (-1.3, 1.3), (0.75, 1.9), (0.1, 0.3), 0.0052, fresh),
        (9000, (-2.8, 2.8), (1.7, 4.2), (0.12, 0.33), 0.007, fresh),
        (9000, (-6.5, 6.5), (4.0, 10.0), (0.13, 0.36), 0.012, fresh),
        (9000, (-16.0, 16.0), (9.0, 24.0), (0.2, 0.5), 0.028, fresh),
        (1500, (-3.5, 3.5), (0.9, 6.0), (0.25, 0.5), 0.0045, dry),
        (1800, (-13.0, 13.0), (6.0, 20.0), (0.3, 0.6), 0.016, dry),
    )
    for index, (count, x, y, lengths, width, material) in enumerate(layers):
        roots = scattered(rng, count, x, y)
        add_grass(f"grass{index}", roots, rng, material, length_m=lengths, width_m=width, wind=wind, lean=0.55)
    edges = np.concatenate(
        [scattered(rng, 60, (-0.42, -0.13), (0.42, 0.6)), scattered(rng, 45, (0.16, 0.42), (0.44, 0.62))]
    )
    add_grass("grass.near", edges, rng, fresh, length_m=(0.26, 0.5), width_m=0.0042, lean=0.45, wind=wind, steps=8)


def _flowers(vary: Variation, rng: np.random.Generator) -> None:
    stem = principled("stem", (0.1, 0.2, 0.04), specular=0.0)
    straw = principled("seed", (0.52, 0.4, 0.2), specular=0.0)
    red = vary.choice((0.78, 0.04, 0.015), [(0.75, 0.3, 0.02), (0.62, 0.1, 0.3)])
    blue = vary.choice((0.08, 0.12, 0.62), [(0.4, 0.1, 0.5), (0.75, 0.6, 0.05)])
    poppies = np.array(
        [[-0.16, 1.02, 0], [-0.3, 1.3, 0], [0.02, 1.16, 0], [0.2, 1.5, 0], [-0.05, 1.62, 0]], dtype=np.float64
    )
    if vary.free:
        poppies = scattered(rng, vary.count(5, 3, 8), (-0.4, 0.4), (0.95, 1.8))
    add_poppies("poppy", poppies, rng, height_m=(0.36, 0.5), size_m=0.042, colour=red, stem=stem)
    add_poppies(
        "poppy.far",
        scattered(rng, vary.count(46, 25, 70), (-4.5, 4.5), (2.2, 8.5)),
        rng,
        height_m=(0.36, 0.56),
        size_m=0.045,
        colour=red,
        stem=stem,
    )
    near = np.array(
        [[0.3, 0.98, 0], [0.4, 1.1, 0], [0.23, 1.16, 0], [0.46, 1.3, 0], [0.1, 0.86, 0], [0.17, 0.95, 0]],
        dtype=np.float64,
    )
    add_daisies(
        "daisy", near + [vary.number(0.0, -0.5, 0.05), 0, 0], rng, height_m=(0.27, 0.4), stem=stem, petal_m=0.024
    )
    add_daisies(
        "daisy.far",
        scattered(rng, vary.count(50, 25, 70), (-3.0, 3.0), (1.6, 6.0)),
        rng,
        height_m=(0.28, 0.48),
        stem=stem,
        petal_m=0.024,
    )
    add_daisies(
        "cornflower",
        scattered(rng, vary.count(34, 15, 50), (-2.2, 2.2), (1.4, 5.0)),
        rng,
        height_m=(0.32, 0.5),
        petals=blue,
        heart=(0.15, 0.08, 0.4),
        stem=stem,
        petal_m=0.021,
    )
    add_seed_heads(
        "ear", scattered(rng, vary.count(16, 8, 26), (-0.9, 0.9), (0.8, 2.4)), rng, height_m=(0.45, 0.68), straw=straw
    )
    add_seed_heads("ear.near", np.array([[-0.21, 0.5, 0], [0.235, 0.52, 0]]), rng, height_m=(0.5, 0.58), straw=straw)


def _fence(vary: Variation) -> None:
    """Add an old fence of split rails running away on one side."""
    side = vary.choice(1.0, [-1.0])
    grey = wood("rail", (0.32, 0.27, 0.21), (0.15, 0.12, 0.09), along="z", roughness=0.9)
    x0, dx = side * vary.number(1.15, 1.0, 1.5), side * 0.16
    posts = [(x0 + dx * (2.4 + 1.9 * index), 2.4 + 1.9 * index) for index in range(6)]
    for index, (x, y) in enumerate(posts):
        box = add_box(f"post{index}", (x, y, 0.42), (0.11, 0.1, 0.95), grey, turn_rad=0.3 * index, bevel_m=0.012)
        box.rotation_euler.x = 0.04 * (-1) ** index
    for height in (0.36, 0.7):
        for index, ((xa, ya), (xb, yb)) in enumerate(itertools.pairwise(posts)):
            tilt = 0.03 * (-1) ** index
            add_tube(f"rail{height}{index}", [(xa, ya, height + tilt), (xb, yb, height - tilt)], 0.035, grey, sides=7)


def _wood(vary: Variation, rng: np.random.Generator) -> None:
    """Stand trees along the meadow's far edge, the nearest at a side."""
    tint = vary.choice((0.16, 0.25, 0.04), [(0.4, 0.26, 0.04), (0.1, 0.2, 0.06)])
    spots = [
        (-7.5, 15.0, 8.0),
        (5.8, 19.0, 9.0),
        (-3.5, 23.0, 9.0),
        (10.5, 22.0, 10.0),
        (-12.0, 21.0, 10.0),
        (0.8, 27.0, 9.5),
        (15.5, 27.0, 11.0),
        (-8.5, 28.0, 10.5),
    ]
    for index, (x, y, height) in enumerate(spots):
        light: Colour = (tint[0] * (0.8 + 0.08 * (index % 5)), tint[1] * (0.8 + 0.06 * (index % 4)), tint[2])
        place = (x + vary.number(0.0, -1.8, 1.8), y, 0.0)
        add_tree(
            f"tree{index}",
            place,
            height,
            rng,
            light=light,
            dark=(light[0] * 0.35, light[1] * 0.4, light[2] * 0.4),
            leaves=2600,
        )
    for index in range(16):  # bushes close the gaps between the trunks
        light = (tint[0] * (0.55 + 0.1 * (index % 4)), tint[1] * (0.55 + 0.08 * (index % 5)), tint[2])
        place = (-25.0 + 3.3 * index + float(rng.uniform(-0.8, 0.8)), 31.0 + float(rng.uniform(-2.0, 2.0)), -2.2)
        dark: Colour = (light[0] * 0.35, light[1] * 0.4, light[2] * 0.4)
        add_tree(f"bush{index:02d}", place, 6.5, rng, light=light, dark=dark, leaves=1800)
