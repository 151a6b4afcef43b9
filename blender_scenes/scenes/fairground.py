"""A fairground at night: a big wheel, a roundabout, stalls, festoons of coloured bulbs.

Tests: saturated lights. Hundreds of bulbs above display white, one colour channel near nothing, stand at every depth
from 1 m to 70 m and before one another; their discs overlap, add up and are cut by awnings and cables. A renderer that
clips before it blurs, or blurs in display values, gets every one of them wrong.
"""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

from ..camera import add_camera
from ..fair import BULBS, add_big_wheel, add_bulbs, add_carousel, add_stall
from ..lights import add_area_light, add_horizon_glow, set_even_sky
from ..materials import Colour, glowing_ball, paving, principled, wood
from ..mesh import add_box, add_grid, add_tube
from ..playground import add_tree
from ..spill import Glow, shed
from ..strings_of_lights import sagging
from ..variation import Variation

_ROUNDABOUT_X = -3.9


def build(rng: np.random.Generator, parameters: dict[str, Any]) -> bpy.types.Object:
    """Build the scene and return the camera."""
    vary = Variation.of(rng, parameters)
    set_even_sky(vary.choice((0.05, 0.07, 0.14), [(0.09, 0.06, 0.1), (0.05, 0.05, 0.07)]))
    horizon = vary.choice((0.2, 0.09, 0.14), [(0.3, 0.12, 0.06), (0.05, 0.1, 0.2)])
    add_horizon_glow(horizon, (0.006, 0.012, 0.045), distance_m=500.0, height_m=360.0)
    add_area_light(
        "fair",
        (0.0, 3.5, 5.5),
        (0.0, 7.0, 0.5),
        size_m=(4.0, 4.0),
        power_w=vary.number(240.0, 160.0, 300.0),
        colour=(1.0, 0.62, 0.36),
    )
    colours = vary.order(BULBS)
    glows = [glowing_ball(f"bulb{index}", colour, 4.2) for index, colour in enumerate(colours)]
    _ground()
    spill = _stalls(vary, rng)
    _wheel(vary, glows)
    _roundabout(vary, glows)
    _festoons(vary, glows)
    _near(vary, glows)
    for index, (x, y, height) in enumerate(
        ((-16.0, 34.0, 9.0), (17.0, 38.0, 10.0), (25.0, 42.0, 9.0), (-26.0, 40.0, 11.0))
    ):
        add_tree(
            f"tree{index}", (x, y, 0.0), height, rng, light=(0.05, 0.1, 0.03), dark=(0.02, 0.04, 0.015), leaves=1500
        )
    carousel = Glow(place=(_ROUNDABOUT_X, 15.5, 2.6), light=(9.0, 4.6, 1.6))
    shed([*spill, carousel, Glow(place=(3.5, 30.0, 5.0), light=(16.0, 6.0, 6.0))])
    return add_camera(
        (vary.number(0.0, -0.3, 0.3), 0.0, vary.number(1.55, 1.4, 1.75)),
        (vary.number(0.3, -0.6, 0.9), 12.0, vary.number(2.9, 2.5, 3.2)),
        lens_mm=vary.number(32.0, 28.0, 36.0),
    )


def _ground() -> None:
    flags = paving("flags", (0.2, 0.19, 0.19), (0.1, 0.1, 0.11), stone_m=(0.5, 0.35))
    x = np.arange(-16.0, 16.01, 0.4)
    y = np.concatenate([np.arange(-1.0, 12.0, 0.3), np.arange(12.0, 60.0, 0.9)])
    grid = np.stack(np.broadcast_arrays(x[:, None], y[None, :], 0.0), axis=2)
    add_grid("ground", grid, flags)


def _stalls(vary: Variation, rng: np.random.Generator) -> list[Glow]:
    cream: Colour = (0.62, 0.56, 0.45)
    paints: list[Colour] = [
        (0.55, 0.04, 0.03),
        (0.04, 0.16, 0.4),
        (0.05, 0.3, 0.12),
        (0.6, 0.33, 0.03),
        (0.3, 0.05, 0.3),
    ]
    warm: Colour = (1.0, 0.6, 0.25)
    spots = [(-3.5, 6.3, 0.62), (-4.9, 10.3, 0.55), (4.5, 7.2, -0.62), (5.9, 11.6, -0.5)]
    return [
        add_stall(
            f"stall{index}", (x + vary.number(0.0, -0.3, 0.3), y, 0.0), (3.0, 1.7, 2.3), turn, (paint, cream), warm, rng
        )
        for index, ((x, y, turn), paint) in enumerate(zip(spots, vary.order(paints), strict=False))
    ]


def _wheel(vary: Variation, glows: list[bpy.types.Material]) -> None:
    steel = principled("steel", (0.35, 0.36, 0.4), roughness=0.45)
    cabins = [
        principled(f"cabin{index}", colour, roughness=0.45)
        for index, colour in enumerate(((0.5, 0.04, 0.03), (0.04, 0.15, 0.42), (0.55, 0.4, 0.05), (0.06, 0.3, 0.1)))
    ]
    spokes = vary.count(16, 12, 20)
    hub = (vary.number(3.4, -4.5, 5.0), vary.number(33.0, 29.0, 38.0), 10.6)
    add_big_wheel(
        "wheel",
        hub,
        9.4,
        glows,
        steel,
        cabins,
        spokes=spokes,
        phase_rad=vary.number(0.1, 0.0, 0.4),
        turn_rad=vary.number(0.28, -0.5, 0.5),
        bulb_m=0.17,
    )


def _roundabout(vary: Variation, glows: list[bpy.types.Material]) -> None:
    first = vary.choice((0.52, 0.05, 0.04), [(0.05, 0.15, 0.4), (0.06, 0.28, 0.12)])
    add_carousel(
        "roundabout",
        (_ROUNDABOUT_X, 17.5, 0.0),
        3.2,
        glows,
        first,
        (0.66, 0.6, 0.48),
        phase_rad=vary.number(0.2, 0.0, 0.6),
    )


def _festoons(vary: Variation, glows: list[bpy.types.Material]) -> None:
    """Hang cables with bulbs across the lane, from near to far."""
    black = principled("cable", (0.02, 0.02, 0.025))
    pole = principled("pole", (0.1, 0.09, 0.09), roughness=0.6)
    for index, y in enumerate((4.4, 7.2, 11.0, 16.0, 23.0)):
        half, height = 3.1 + 0.16 * y, 3.35 + 0.05 * y
        for side in (-1, 1):
            add_tube(f"pole{index}{side}", [(side * half, y, 0.0), (side * half, y, height + 0.1)], 0.05, pole)
        path = sagging(
            (-half, y, height), (half, y, height + vary.number(0.0, -0.2, 0.2)), vary.number(0.55, 0.3, 0.8), points=64
        )
        add_tube(f"festoon{index}", path, 0.012, black, sides=5)
        count = 13 + 3 * index + vary.count(0, -3, 3)
        t = (np.arange(count) + 0.5) / count * 63
        places = np.stack([np.interp(t, np.arange(64), path[:, axis]) for axis in range(3)], axis=1)
        order = glows[index % len(glows) :] + glows[: index % len(glows)]
        add_bulbs(f"festoon.bulbs{index}", places - [0.0, 0.0, 0.09], 0.06 + 0.002 * y, order)


def _near(vary: Variation, glows: list[bpy.types.Material]) -> None:
    """Put a railing with a garland of bulbs right before the lens."""
    iron, oak = (
        principled("rail.iron", (0.03, 0.03, 0.035), roughness=0.5),
        wood("rail", (0.2, 0.1, 0.045), (0.09, 0.04, 0.02), along="x"),
    )
    y, top = 1.25, vary.number(1.35, 1.3, 1.4)
    add_box("handrail", (0.0, y, top), (4.0, 0.09, 0.05), oak, bevel_m=0.012)
    for index in range(17):
        add_tube(f"baluster{index}", [(-1.6 + 0.2 * index, y, 0.0), (-1.6 + 0.2 * index, y, top)], 0.009, iron, sides=8)
    swags = vary.count(3, 2, 4)
    for index in range(swags):
        x0, x1 = -1.2 + 2.4 * index / swags, -1.2 + 2.4 * (index + 1) / swags
        path = sagging((x0, y - 0.07, top + 0.02), (x1, y - 0.07, top + 0.02), 0.12, points=32)
        add_tube(f"garland{index}", path, 0.004, iron, sides=5)
        t = (np.arange(6) + 0.5) / 6 * 31
        places = np.stack([np.interp(t, np.arange(32), path[:, axis]) for axis in range(3)], axis=1)
        add_bulbs(f"garland.bulbs{index}", places - [0.0, 0.0, 0.02], 0.017, glows[index:] + glows[:index])
    # one more cable, hanging in from above, cut by the frame
    path = sagging((-1.3, 1.35, 2.02), (1.7, 1.6, 2.3), vary.number(0.16, 0.05, 0.22), points=40)
    add_tube("drooping", path, 0.005, iron, sides=5)
    t = (np.arange(8) + 0.5) / 8 * 39
    places = np.stack([np.interp(t, np.arange(40), path[:, axis]) for axis in range(3)], axis=1)
    add_bulbs("drooping.bulbs", places - [0.0, 0.0, 0.03], 0.024, glows)
