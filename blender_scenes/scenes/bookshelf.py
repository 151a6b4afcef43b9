"""A corner of a library: bookcases running into the corner, a ladder, a reading table with an open book.

Tests: slanted planes that run from near to far (a wall of spines, an open page), covered with print-like texture on
which a wrong radius shows at once; rungs of a ladder before them; a lamp and small lights deep in the corner.
"""

from __future__ import annotations

import itertools
from typing import Any

import bpy
import numpy as np

from ..camera import add_camera
from ..library import Shelving, add_bookcase, add_globe, add_ladder, add_open_book
from ..lights import add_area_light, set_even_sky, show_to_camera_only
from ..materials import cloth, glowing_ball, plaster, principled, wood
from ..mesh import add_box, add_quad, add_revolved, add_sphere, add_tube
from ..stationery import add_book, paper_edge
from ..variation import Variation

_SHELVES = (0.08, 0.44, 0.78, 1.1, 1.42, 1.74, 2.06)
_LEFT_X, _BACK_Y, _TABLE_Z = -0.78, 3.3, 0.78


def build(rng: np.random.Generator, parameters: dict[str, Any]) -> bpy.types.Object:
    """Build the scene and return the camera."""
    vary = Variation.of(rng, parameters)
    set_even_sky((0.16, 0.15, 0.14))
    tint = vary.choice((1.0, 0.72, 0.44), [(1.0, 0.86, 0.7), (0.8, 0.88, 1.0)])
    add_area_light(
        "ceiling",
        (0.7, 1.6, 2.5),
        (-0.5, 2.0, 0.8),
        size_m=(1.6, 1.6),
        power_w=vary.number(62.0, 45.0, 85.0),
        colour=tint,
    )
    add_area_light(
        "desk", (0.55, 0.35, 1.65), (0.0, 0.75, 0.8), size_m=(0.6, 0.6), power_w=11.0, colour=(1.0, 0.8, 0.55)
    )
    oak = vary.choice(
        ((0.25, 0.12, 0.055), (0.1, 0.045, 0.02)),
        [((0.4, 0.26, 0.14), (0.22, 0.13, 0.06)), ((0.1, 0.045, 0.03), (0.04, 0.018, 0.012))],
    )
    case = wood("case", *oak, along="x")
    _cases(vary, rng, case)
    _floor_and_walls(vary)
    _ladder(vary)
    _table(vary, rng)
    _lamps(vary)
    return add_camera(
        (vary.number(0.2, 0.1, 0.34), vary.number(-0.3, -0.36, -0.2), vary.number(1.27, 1.2, 1.4)),
        (vary.number(-0.1, -0.2, 0.0), 1.8, vary.number(0.92, 0.84, 0.98)),
        lens_mm=vary.number(35.0, 31.0, 40.0),
    )


def _cases(vary: Variation, rng: np.random.Generator, oak: bpy.types.Material) -> None:
    books = Shelving("books", vary, rng)
    length = _BACK_Y - 0.2
    add_bookcase("left", (_LEFT_X, 0.2, 0.0), np.pi / 2, length, _SHELVES, oak, bay_m=1.03)
    add_bookcase("back", (_LEFT_X + 0.02, _BACK_Y, 0.0), 0.0, 3.0, _SHELVES, oak, bay_m=1.0)
    for low, high in itertools.pairwise(_SHELVES):
        for bay in range(3):
            books.fill((_LEFT_X, 0.235 + bay * length / 3, low), np.pi / 2, length / 3 - 0.04, high - low - 0.03)
            books.fill((_LEFT_X + 0.04 + bay, _BACK_Y, low), 0.0, 0.96, high - low - 0.03)


def _floor_and_walls(vary: Variation) -> None:
    planks = wood("floor", (0.22, 0.11, 0.05), (0.09, 0.04, 0.02), along="y")
    for index in range(16):
        add_box(f"floor{index:02d}", (-0.9 + 0.24 * index, 1.6, -0.01), (0.238, 4.0, 0.02), planks)
    wall = plaster("wall", vary.choice((0.3, 0.24, 0.16), [(0.15, 0.2, 0.18), (0.33, 0.3, 0.28)]))
    add_quad("wall.left", [(-1.05, -1, 2), (-1.05, 4, 2), (-1.05, 4, 4), (-1.05, -1, 4)], wall)
    add_quad("wall.back", [(-1.1, 3.56, 2), (4, 3.56, 2), (4, 3.56, 4), (-1.1, 3.56, 4)], wall)
    add_quad("wall.right", [(2.3, -1, 0), (2.3, 4, 0), (2.3, 4, 4), (2.3, -1, 4)], wall)
    rug = cloth("rug", vary.colour((0.3, 0.06, 0.05)), threads_per_m=200.0)
    add_box("rug", (0.9, 2.1, 0.006), (1.9, 1.5, 0.012), rug, turn_rad=0.05)


def _ladder(vary: Variation) -> None:
    beech = wood("ladder", (0.46, 0.28, 0.13), (0.28, 0.15, 0.06), along="z")
    y = vary.number(1.75, 1.4, 2.3)
    add_ladder("ladder", (_LEFT_X + 0.52, y, 0.0), (_LEFT_X + 0.03, y, 2.05), 0.4, beech)


def _table(vary: Variation, rng: np.random.Generator) -> None:
    top = wood("table", (0.3, 0.15, 0.07), (0.13, 0.06, 0.026), along="x")
    add_box("table", (0.42, 0.82, _TABLE_Z - 0.02), (1.5, 0.72, 0.04), top, bevel_m=0.006)
    for x in (-0.26, 1.1):
        for y in (0.52, 1.12):
            add_box(f"leg{x}{y}", (x, y, _TABLE_Z / 2 - 0.02), (0.06, 0.06, _TABLE_Z - 0.04), top, bevel_m=0.004)
    add_open_book(
        "open", (vary.number(0.03, -0.05, 0.15), vary.number(0.66, 0.62, 0.72), _TABLE_Z), vary.number(0.25, -0.4, 0.4)
    )
    brass = principled("brass", (0.7, 0.48, 0.2), roughness=0.35, metallic=1.0)
    add_globe(
        "globe",
        (vary.number(0.5, 0.42, 0.6), vary.number(1.0, 0.96, 1.05), _TABLE_Z),
        vary.number(0.12, 0.1, 0.14),
        brass,
    )
    pages, z = paper_edge("pages"), _TABLE_Z
    for index in range(vary.count(3, 1, 4)):
        thick = float(rng.uniform(0.025, 0.045))
        cover = cloth(
            f"pile{index}",
            vary.colour([(0.06, 0.16, 0.2), (0.45, 0.3, 0.08), (0.3, 0.05, 0.05), (0.1, 0.18, 0.08)][index]),
        )
        add_book(
            f"pile{index}",
            (vary.number(0.72, 0.66, 0.76), 0.72, z + thick / 2),
            (0.24, 0.17, thick),
            cover,
            pages,
            turn_rad=float(rng.uniform(-0.2, 0.3)),
            label=brass,
        )
        z += thick
    black = principled("spectacles", (0.03, 0.02, 0.02), roughness=0.35)
    ring = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    x, y = 0.24, 0.6
    for side in (-1, 1):
        rim = [(x + side * 0.032 + 0.024 * np.cos(a), y, _TABLE_Z + 0.021 + 0.019 * np.sin(a)) for a in ring]
        add_tube(f"rim{side}", rim, 0.0016, black, closed=True, sides=6)
        add_tube(
            f"temple{side}",
            [(x + side * 0.056, y, _TABLE_Z + 0.026), (x + side * 0.06, y + 0.11, _TABLE_Z + 0.004)],
            0.0014,
            black,
            sides=6,
        )
    add_tube(
        "bridge",
        [(x - 0.008, y, _TABLE_Z + 0.027), (x, y, _TABLE_Z + 0.031), (x + 0.008, y, _TABLE_Z + 0.027)],
        0.0016,
        black,
        sides=6,
    )


def _lamps(vary: Variation) -> None:
    """Hang glowing globes before the shelves and put a standing lamp into the corner."""
    brass = principled("lamp.brass", (0.6, 0.42, 0.18), roughness=0.4, metallic=1.0)
    glow = glowing_ball("globe.glow", (1.0, 0.62, 0.28), vary.number(3.2, 2.4, 4.0))
    for index, (x, y, z) in enumerate(((-0.45, 2.75, 1.62), (0.35, 3.0, 1.55), (1.15, 3.05, 1.6), (-0.5, 1.9, 1.7))):
        spot = (x + vary.number(0.0, -0.1, 0.1), y, z + vary.number(0.0, -0.12, 0.1))
        add_tube(f"pendant{index}.cord", [spot, (spot[0], spot[1], 3.2)], 0.004, brass, sides=6)
        add_revolved(f"pendant{index}.cap", [(0.0, 0.075), (0.02, 0.07), (0.035, 0.05)], brass, base=spot, segments=24)
        show_to_camera_only(add_sphere(f"pendant{index}.globe", spot, 0.06, glow, rings=14))
