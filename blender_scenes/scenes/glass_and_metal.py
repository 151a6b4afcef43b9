"""Glasses, a carafe and silver on a laid table in the evening.

Tests: glass and mirrors. What is seen through a glass or in a knife lies at another depth than the glass itself, so one
disparity per pixel cannot say how to blur it; rims of glass are thin and bright before dark; candle flames and bulbs
stand at 0.6 m to 4 m.
"""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

from ..camera import add_camera
from ..glassware import (
    add_candlestick,
    add_carafe,
    add_fork,
    add_grapes,
    add_knife,
    add_lemon,
    add_plate,
    add_spoon,
    add_tumbler,
    add_wine_glass,
    clear_glass,
    silver,
    wine,
)
from ..lights import add_area_light, set_even_sky
from ..materials import Colour, cloth, glazed, plaster, principled, wood
from ..mesh import add_box, add_grid, add_quad
from ..strings_of_lights import add_string, sagging
from ..variation import Variation

_WALL_Y = 3.2


def build(rng: np.random.Generator, parameters: dict[str, Any]) -> bpy.types.Object:
    """Build the scene and return the camera."""
    vary = Variation.of(rng, parameters)
    cycles = bpy.context.scene.cycles
    cycles.max_bounces = cycles.glossy_bounces = 5  # a light seen in a knife through two glasses
    cycles.transparent_max_bounces = 24
    set_even_sky(vary.choice((0.075, 0.085, 0.13), [(0.11, 0.1, 0.1), (0.06, 0.09, 0.1)]))
    side = vary.choice(-1.0, [1.0])
    window = add_area_light(
        "window",
        (side * 1.25, 0.75, 0.85),
        (0.0, 0.75, 0.08),
        size_m=(0.9, 1.1),
        power_w=vary.number(19.0, 15.0, 26.0),
        colour=vary.choice((0.66, 0.78, 1.0), [(1.0, 0.85, 0.7)]),
    )
    window.visible_glossy = True  # broad: the highlight that draws every glass
    candles = add_area_light(
        "candles", (0.1, 1.25, 0.62), (0.0, 0.7, 0.0), size_m=(0.5, 0.3), power_w=9.0, colour=(1.0, 0.6, 0.28)
    )
    candles.visible_glossy = True
    add_area_light("room", (1.0, 2.2, 1.9), (0.1, 3.2, 0.3), size_m=(1.0, 1.0), power_w=22.0, colour=(1.0, 0.68, 0.4))
    _cloth(vary)
    _laid(vary, rng)
    _room(vary, rng)
    return add_camera(
        (vary.number(0.0, -0.12, 0.12), vary.number(-0.02, -0.06, 0.02), vary.number(0.3, 0.22, 0.36)),
        (vary.number(0.02, -0.05, 0.07), 0.75, vary.number(0.13, 0.115, 0.14)),
        lens_mm=vary.number(46.0, 40.0, 52.0),
    )


def _cloth(vary: Variation) -> None:
    oak = wood("oak", (0.3, 0.16, 0.07), (0.13, 0.06, 0.026), along="x")
    for index in range(8):
        add_box(f"plank{index}", (0.0, 0.12 + 0.22 * index, -0.017), (2.6, 0.218, 0.03), oak, bevel_m=0.002)
    x, y = np.meshgrid(np.linspace(-0.34, 0.34, 90), np.linspace(-0.1, 1.85, 120), indexing="ij")
    ripple = 0.0012 * np.sin(13 * y + 3 * x) * np.cos(17 * x)
    runner = vary.choice((0.5, 0.46, 0.39), [(0.1, 0.16, 0.24), (0.36, 0.07, 0.06), (0.2, 0.26, 0.18)])
    add_grid(
        "runner",
        np.stack([x, y, 0.0005 + np.abs(ripple)], axis=2),
        cloth("runner", runner, threads_per_m=500.0),
        smooth=True,
    )


def _laid(vary: Variation, rng: np.random.Generator) -> None:
    glass, green = (
        clear_glass("glass"),
        clear_glass("carafe.glass", vary.choice((0.93, 0.98, 0.95), [(0.75, 0.93, 0.8), (0.8, 0.9, 0.98)])),
    )
    red = wine("wine", vary.choice((0.32, 0.012, 0.03), [(0.75, 0.6, 0.16), (0.75, 0.3, 0.26)]))
    metal = silver("silver", vary.choice((0.82, 0.8, 0.76), [(0.85, 0.62, 0.28)]))
    spots = vary.order([(-0.105, 0.7), (0.13, 0.86), (-0.2, 1.02)])
    for index, (x, y) in enumerate(spots):
        spot = (x + vary.number(0.0, -0.02, 0.02), y + vary.number(0.0, -0.03, 0.03), 0.0012)
        add_wine_glass(
            f"wine{index}",
            spot,
            glass,
            height_m=0.2 + 0.015 * index,
            drink=red if index != 1 else None,
            fill=vary.number(0.45, 0.2, 0.55),
        )
    add_tumbler("tumbler", (vary.number(0.21, 0.17, 0.24), vary.number(0.62, 0.58, 0.66), 0.0012), glass)
    add_tumbler("tumbler.far", (-0.33, 1.22, 0.0), glass)
    add_carafe(
        "carafe",
        (vary.number(0.03, -0.05, 0.08), vary.number(1.12, 1.05, 1.2), 0.0012),
        green,
        height_m=vary.number(0.27, 0.24, 0.3),
        drink=red,
    )
    wax = principled("wax", vary.choice((0.8, 0.74, 0.6), [(0.5, 0.05, 0.04), (0.1, 0.25, 0.14)]), roughness=0.6)
    for index, (x, y, height) in enumerate(((0.27, 1.12, 0.1), (-0.12, 1.38, 0.13), (0.4, 1.5, 0.09))):
        spot = (x + vary.number(0.0, -0.05, 0.05), y, 0.0012)
        add_candlestick(
            f"candle{index}", spot, metal, wax, height_m=height + vary.number(0.0, -0.02, 0.03), candle_m=0.1
        )
    china = principled("china", (0.8, 0.78, 0.74), roughness=0.25)
    band = principled("band", vary.colour((0.05, 0.12, 0.35)), roughness=0.3)
    add_plate("plate", (0.03, 0.6, 0.001), china, band, radius_m=0.115)
    add_plate("plate.far", (-0.42, 0.9, 0.001), china, band)
    add_knife("knife", (0.165, 0.49, 0.0015), np.pi / 2 - 0.06, metal)
    add_spoon("spoon", (0.2, 0.47, 0.0015), np.pi / 2 - 0.1, metal)
    add_fork("fork", (-0.115, 0.48, 0.0015), np.pi / 2 + 0.05, metal)
    lemon = glazed("lemon", [(0.3, (0.72, 0.5, 0.03)), (0.7, (0.8, 0.62, 0.06))], scale=60.0, roughness=0.45)
    purple = vary.choice((0.09, 0.025, 0.1), [(0.3, 0.4, 0.1)])
    grape = glazed(
        "grape", [(0.3, purple), (0.7, (purple[0] * 1.7, purple[1] * 1.8, purple[2] * 1.4))], scale=45.0, roughness=0.3
    )
    add_grapes("grapes", (0.02, 0.61, 0.0045), grape, rng, count=vary.count(30, 18, 36))
    add_lemon("lemon", (0.075, 0.555, 0.004), lemon, turn_rad=0.5)
    add_lemon("lemon.table", (-0.27, 0.62, 0.0), lemon, turn_rad=vary.number(-0.5, -1.5, 1.5))
    # a glass cut by the frame, close to the lens
    add_wine_glass("near", (vary.number(-0.155, -0.17, -0.14), 0.41, 0.0012), glass, height_m=0.225, bowl_m=0.044)


def _room(vary: Variation, rng: np.random.Generator) -> None:
    tint = vary.choice((0.07, 0.1, 0.16), [(0.2, 0.07, 0.06), (0.1, 0.14, 0.1), (0.3, 0.24, 0.17)])
    add_quad(
        "wall", [(-4, _WALL_Y, -1), (4, _WALL_Y, -1), (4, _WALL_Y, 2.8), (-4, _WALL_Y, 2.8)], plaster("wall", tint)
    )
    floor = wood("floor", (0.2, 0.11, 0.06), (0.08, 0.04, 0.022), along="x")
    add_quad("floor", [(-4, -2, -0.75), (4, -2, -0.75), (4, _WALL_Y, -0.75), (-4, _WALL_Y, -0.75)], floor)
    frame, paper = (
        principled("picture.frame", (0.3, 0.2, 0.09), roughness=0.4, metallic=0.5),
        principled("picture.mat", (0.6, 0.57, 0.5)),
    )
    for index, (x, z, w, h) in enumerate(((-0.75, 0.42, 0.5, 0.62), (0.05, 0.5, 0.62, 0.46), (0.85, 0.4, 0.44, 0.56))):
        add_box(f"frame{index}", (x, _WALL_Y - 0.02, z), (w, 0.04, h), frame, bevel_m=0.01)
        add_box(f"mat{index}", (x, _WALL_Y - 0.042, z), (w - 0.07, 0.01, h - 0.07), paper)
        sea = vary.colour([(0.1, 0.2, 0.3), (0.3, 0.22, 0.08), (0.12, 0.22, 0.14)][index])
        view = glazed(
            f"view{index}",
            [(0.35, sea), (0.55, (sea[0] * 2.2, sea[1] * 1.8, sea[2] * 1.4)), (0.7, (0.6, 0.5, 0.36))],
            scale=6.0,
            roughness=0.7,
        )
        add_box(f"view{index}", (x, _WALL_Y - 0.049, z), (w - 0.19, 0.01, h - 0.19), view)
    warm: list[Colour] = [(1.0, 0.46, 0.12), (1.0, 0.34, 0.06), (1.0, 0.58, 0.22)]
    bright: list[Colour] = [*warm, (1.0, 0.1, 0.05), (0.1, 0.4, 1.0), (0.12, 0.85, 0.25)]
    black = principled("cable", (0.03, 0.035, 0.03))
    for index, (height, count) in enumerate(((0.84, 9), (0.24, 11))):
        path = sagging((-1.6, _WALL_Y - 0.08, height), (1.6, _WALL_Y - 0.08, height + 0.06), 0.12)
        colours = vary.choice(warm, [bright])
        add_string(
            f"string{index}",
            path,
            rng,
            black,
            bulbs=count + vary.count(0, -3, 3),
            radius_m=0.026,
            colours=colours,
            strength=4.5,
        )
