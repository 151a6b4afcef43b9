"""A game of chess seen along the board, a warm room behind it.

Tests: one plane that runs without a break from far before to far behind the focus, so that every radius occurs next to
every other; turned pieces that stand on it and hide one another; grain and inlay whose sharpness shows a wrong radius;
lamps 2 to 4 m away behind fine silhouettes.
"""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

from ..camera import add_camera
from ..chess_pieces import BOARD_TOP_M, SQUARE_M, add_board, add_chess_clock, add_piece, polished
from ..lights import add_area_light, set_even_sky
from ..materials import Colour, cloth, glazed, leaf, plaster, principled, wood
from ..mesh import add_box, add_quad
from ..plants import add_tuft
from ..stationery import add_book, paper_edge
from ..strings_of_lights import add_string, sagging
from ..tableware import add_flowerpot, add_lantern, add_mug
from ..variation import Variation

# a middle game, file a…h from -x to +x, rank 1…8 away from the camera
_WHITE = "Kg1 Qd1 Rf1 Ra1 Bb3 Nf3 Pa2 Pb2 Pc3 Pd4 Pf2 Pg2 Ph3"
_BLACK = "Kg8 Qd6 Rf8 Ra8 Bb7 Nf6 Nc6 Pa6 Pb5 Pe6 Pf7 Pg7 Ph7"
_KINDS = {"K": "king", "Q": "queen", "R": "rook", "B": "bishop", "N": "knight", "P": "pawn"}
_WALL_Y = 2.9


def build(rng: np.random.Generator, parameters: dict[str, Any]) -> bpy.types.Object:
    """Build the scene and return the camera."""
    vary = Variation.of(rng, parameters)
    set_even_sky((0.07, 0.08, 0.11))
    side = vary.choice(-1.0, [1.0])
    warm = vary.choice((1.0, 0.78, 0.55), [(0.8, 0.88, 1.0), (1.0, 0.64, 0.36)])
    window = add_area_light(
        "window",
        (side * 1.3, vary.number(0.25, -0.3, 0.7), 0.95),
        (0.0, 0.0, 0.0),
        size_m=(1.1, 0.9),
        power_w=44.0,
        colour=warm,
    )
    window.visible_glossy = True  # a broad sheen along the turned pieces
    add_area_light("room", (1.2, 1.9, 1.6), (0.3, 2.6, 0.2), size_m=(0.9, 0.9), power_w=34.0, colour=(1.0, 0.66, 0.38))
    ivory = vary.choice((0.62, 0.42, 0.2), [(0.75, 0.68, 0.52), (0.5, 0.27, 0.1)])
    ebony = vary.choice((0.055, 0.02, 0.012), [(0.022, 0.02, 0.022), (0.2, 0.035, 0.02)])
    _table(vary)
    _board(ivory, vary)
    _pieces(vary, rng, ivory, ebony)
    _room(vary, rng)
    x = vary.number(-0.13, -0.24, 0.24)
    height = vary.number(0.165, 0.13, 0.24)
    return add_camera(
        (x, vary.number(-0.5, -0.56, -0.46), height),
        (vary.number(0.01, -0.05, 0.05), 0.0, vary.number(0.082, 0.06, 0.09)),
        lens_mm=vary.number(42.0, 36.0, 50.0),
    )


def _table(vary: Variation) -> None:
    light, dark = vary.choice(
        ((0.2, 0.09, 0.04), (0.08, 0.034, 0.016)),
        [((0.4, 0.26, 0.13), (0.2, 0.11, 0.05)), ((0.1, 0.07, 0.05), (0.04, 0.026, 0.02))],
    )
    for index in range(9):
        plank = (
            wood(f"plank{index % 3}", light, dark, along="x") if index < 3 else bpy.data.materials[f"plank{index % 3}"]
        )
        add_box(f"table{index}", (0.0, -0.72 + 0.19 * index, -0.015), (2.2, 0.188, 0.03), plank, bevel_m=0.002)


def _board(ivory: Colour, vary: Variation) -> None:
    frame = polished("frame", (0.19, 0.075, 0.03), (0.07, 0.025, 0.012))
    dark = vary.choice((0.13, 0.045, 0.02), [(0.03, 0.09, 0.05), (0.06, 0.05, 0.05)])
    add_board("board", (ivory[0] * 1.1, ivory[1] * 1.1, ivory[2] * 1.05), dark, frame)


def _square(name: str) -> tuple[float, float]:
    return (ord(name[0]) - ord("d") - 0.5) * SQUARE_M, (int(name[1]) - 4.5) * SQUARE_M


def _pieces(vary: Variation, rng: np.random.Generator, ivory: Colour, ebony: Colour) -> None:
    woods = {
        "white": polished("ivory", ivory, (ivory[0] * 0.72, ivory[1] * 0.68, ivory[2] * 0.6)),
        "black": polished("ebony", ebony, (ebony[0] * 0.45, ebony[1] * 0.45, ebony[2] * 0.45)),
    }
    for colour, squares in zip(woods, _position(vary), strict=True):
        for text in squares:
            x, y = _square(text[1:])
            place = (x + float(rng.uniform(-0.003, 0.003)), y + float(rng.uniform(-0.003, 0.003)), BOARD_TOP_M)
            facing = np.pi + (0.3 if colour == "white" else -0.35)  # a knight is known by its profile
            turn = facing + float(rng.uniform(-0.35, 0.35))
            add_piece(f"{colour}.{text}", _KINDS[text[0]], place, woods[colour], turn_rad=turn)
    captured = [("black", "pawn", 0.315, -0.02), ("black", "bishop", 0.335, 0.065), ("white", "pawn", 0.325, 0.15)]
    captured += [("white", "knight", -0.325, 0.06), ("white", "pawn", -0.31, -0.03)]
    for index, (colour, kind, x, y) in enumerate(captured[: vary.count(5, 2, 5)]):
        add_piece(f"captured{index}", kind, (x, y, 0.0), woods[colour], turn_rad=0.4)


def _position(vary: Variation) -> tuple[list[str], list[str]]:
    """Return both sides' pieces: the composed game, or one with as many pieces on squares drawn at random."""
    white, black = _WHITE.split(), _BLACK.split()
    if not vary.free:
        return white, black
    squares = vary.order([f"{file}{rank}" for file in "abcdefgh" for rank in range(2, 8)])
    taken = iter(squares)
    placed = [[piece[0] + next(taken) for piece in side[: vary.count(11, 6, 13)]] for side in (white, black)]
    return placed[0], placed[1]


def _room(vary: Variation, rng: np.random.Generator) -> None:
    tint = vary.choice((0.1, 0.17, 0.15), [(0.3, 0.13, 0.09), (0.12, 0.14, 0.26), (0.42, 0.36, 0.27)])
    add_quad(
        "wall", [(-4, _WALL_Y, -1), (4, _WALL_Y, -1), (4, _WALL_Y, 2.8), (-4, _WALL_Y, 2.8)], plaster("wall", tint)
    )
    floor = wood("floor", (0.2, 0.11, 0.06), (0.08, 0.04, 0.022), along="x")
    add_quad("floor", [(-4, -2, -0.75), (4, -2, -0.75), (4, _WALL_Y, -0.75), (-4, _WALL_Y, -0.75)], floor)
    add_chess_clock(
        "clock",
        (vary.number(0.17, -0.15, 0.25), 0.34),
        vary.number(0.12, -0.3, 0.3),
        polished("clock.case", (0.2, 0.07, 0.03), (0.1, 0.03, 0.015)),
    )
    white = principled("mug.white", (0.8, 0.76, 0.68), roughness=0.35)
    glaze = vary.colour((0.05, 0.16, 0.28))
    add_mug(
        "mug",
        (-0.2, 0.37, 0.0),
        glazed("glaze", [(0.3, glaze), (0.7, (glaze[0] * 1.6, glaze[1] * 1.6, glaze[2] * 1.6))], scale=18.0),
        white,
    )
    _sideboard(vary, rng)
    bulbs: list[Colour] = [(1.0, 0.46, 0.12), (1.0, 0.36, 0.07), (1.0, 0.56, 0.2)]
    bright: list[Colour] = [*bulbs, (1.0, 0.1, 0.04), (0.1, 0.35, 1.0), (0.1, 0.8, 0.2)]
    black = principled("cable", (0.03, 0.035, 0.03))
    for index, (height, colours, count) in enumerate(((0.62, bulbs, 9), (0.4, vary.choice(bright, [bulbs]), 10))):
        path = sagging((-1.5, _WALL_Y - 0.05, height), (1.6, _WALL_Y - 0.05, height + 0.1), 0.13)
        add_string(
            f"string{index}",
            path,
            rng,
            black,
            bulbs=count + vary.count(0, -2, 3),
            radius_m=0.03,
            colours=colours,
            strength=4.0,
        )


def _sideboard(vary: Variation, rng: np.random.Generator) -> None:
    """Put a sideboard with books, a plant and a lantern before the wall."""
    pine = wood("pine", (0.3, 0.16, 0.07), (0.14, 0.07, 0.03), along="x")
    add_box("sideboard", (0.1, _WALL_Y - 0.3, -0.33), (2.6, 0.45, 0.84), pine, bevel_m=0.01)
    top = 0.09
    greens = [
        leaf("leaf0", (0.16, 0.3, 0.05), (0.05, 0.13, 0.02)),
        leaf("leaf1", (0.1, 0.22, 0.08), (0.03, 0.09, 0.03)),
    ]
    clay = glazed("clay", [(0.3, (0.4, 0.14, 0.06)), (0.7, (0.58, 0.25, 0.12))], scale=25.0, roughness=0.8)
    spot = vary.number(0.62, 0.3, 0.9)
    earth = add_flowerpot("pot", (spot, _WALL_Y - 0.32, top), 0.1, clay)
    add_tuft("plant", (spot, _WALL_Y - 0.32, top + earth), rng, greens, count=50, length_m=(0.25, 0.5), width_m=0.026)
    iron = principled("iron", (0.04, 0.036, 0.034), roughness=0.45, metallic=0.6)
    add_lantern("lantern", (vary.number(-0.42, -0.8, -0.2), _WALL_Y - 0.32, top), 0.15, iron, flame_strength=8.0)
    pages = paper_edge("pages")
    height = top
    for index in range(vary.count(4, 2, 5)):
        tall = float(rng.uniform(0.03, 0.05))
        cover = cloth(
            f"cover{index}",
            vary.colour(
                [(0.4, 0.07, 0.05), (0.05, 0.12, 0.2), (0.5, 0.36, 0.12), (0.08, 0.2, 0.1), (0.3, 0.28, 0.25)][index]
            ),
        )
        add_book(
            f"book{index}",
            (0.08, _WALL_Y - 0.3, height + tall / 2),
            (0.3, 0.2, tall),
            cover,
            pages,
            turn_rad=float(rng.uniform(-0.25, 0.25)),
        )
        height += tall
