"""A table by a window at dusk: books, a mug, pencils, plants, fairy lights behind.

Tests: strong occlusion edges at close range (leaves 0.45 m before a subject at 0.95 m), thin stems, pencils and wires,
slanted planes with print-like texture, coloured lights 3 m away and a city at infinity behind window bars.
"""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

from ..camera import add_camera
from ..lights import add_area_light, set_even_sky, show_to_camera_only
from ..materials import Colour, cloth, dimmed, emission, glazed, leaf, plaster, principled, wood
from ..mesh import add_box, add_mesh, add_quad, add_sphere
from ..plants import add_blades, add_tuft, add_twig, blade
from ..stationery import add_book, add_brush, add_notebook, add_pencil, paper_edge
from ..strings_of_lights import add_string, sagging
from ..tableware import add_flowerpot, add_jar, add_lantern, add_mug, add_pear
from ..variation import Variation

_WALL_Y = 3.1
_WINDOW = (-1.35, -0.32, 0.05, 1.6)  # left, right, bottom, top of the opening in the wall, metres


def build(rng: np.random.Generator, parameters: dict[str, Any]) -> bpy.types.Object:
    """Build the scene and return the camera."""
    vary = Variation.of(rng, parameters)
    set_even_sky(vary.choice((0.085, 0.11, 0.2), [(0.13, 0.11, 0.13), (0.07, 0.1, 0.12)]))
    sunset = add_area_light(
        "window",
        (-1.35, vary.number(1.15, 0.6, 1.4), vary.number(0.72, 0.55, 0.95)),
        (0.05, 0.95, 0.05),
        size_m=(0.95, 1.05),
        power_w=vary.number(36.0, 26.0, 46.0),
        colour=vary.choice((1.0, 0.79, 0.56), [(0.8, 0.88, 1.0), (1.0, 0.6, 0.36)]),
    )
    sunset.visible_glossy = True  # broad enough to be a highlight on the glaze, not sparkle
    add_area_light("lamp", (1.5, 2.2, 1.5), (0.3, 2.6, 0.2), size_m=(0.9, 0.9), power_w=16.0, colour=(1.0, 0.66, 0.36))
    _table(rng, vary)
    _subject(vary)
    _foreground(rng, vary)
    _behind(rng, vary)
    _room(rng, vary)
    _city(rng)
    return add_camera(
        (vary.number(0.0, -0.1, 0.1), vary.number(0.0, -0.08, 0.05), vary.number(0.27, 0.22, 0.34)),
        (vary.number(0.0, -0.06, 0.06), 0.95, vary.number(0.125, 0.11, 0.145)),
        lens_mm=vary.number(50.0, 43.0, 56.0),
    )


def _table(rng: np.random.Generator, vary: Variation) -> None:
    add_box(
        "board", (0.0, 0.95, -0.0205), (12 * 0.145, 1.9, 0.03), principled("gap", (0.03, 0.018, 0.01), specular=0.0)
    )
    pale: tuple[Colour, Colour] = ((0.5, 0.36, 0.2), (0.28, 0.17, 0.08))
    dark: tuple[Colour, Colour] = ((0.16, 0.08, 0.05), (0.06, 0.03, 0.018))
    oak = wood("oak", *vary.choice(((0.42, 0.23, 0.1), (0.16, 0.075, 0.032)), [pale, dark]))
    width = 0.145
    for index in range(12):
        x = (index - 5.5) * width
        plank = add_box(f"plank{index:02d}", (x, 0.95, -0.015), (width - 0.002, 1.9, 0.03), oak, bevel_m=0.002)
        plank.location.z += float(rng.uniform(-0.0004, 0.0004))


_TURNS = (0.1, np.pi - 0.13, 0.2)  # the middle book shows its pages


def _subject(vary: Variation) -> None:
    pages = paper_edge("pages")
    gold = principled("gold", (0.75, 0.5, 0.16), roughness=0.35, metallic=1.0)
    cream = principled("cream", (0.78, 0.7, 0.52))
    volumes: list[tuple[Colour, float, float, float, bpy.types.Material]] = [
        ((0.05, 0.12, 0.16), 0.23, 0.165, 0.034, gold),
        ((0.42, 0.07, 0.045), 0.205, 0.15, 0.026, cream),
        ((0.62, 0.4, 0.1), 0.185, 0.13, 0.03, principled("ink", (0.05, 0.05, 0.09))),
    ]
    height, left = 0.0, vary.number(-0.135, -0.17, -0.11)
    volumes = vary.order(volumes)[: vary.count(3, 1, 3)]
    for index, ((colour, length, depth, thick, label), turn) in enumerate(zip(volumes, _TURNS, strict=False)):
        place = (left + 0.008 * index, 1.0, height + thick / 2)
        add_book(
            f"book{index}",
            place,
            (length, depth, thick),
            cloth(f"cloth{index}", vary.colour(colour)),
            pages,
            turn_rad=turn + vary.number(0.0, -0.15, 0.15),
            label=label,
        )
        height += thick
    skin = glazed(
        "pear",
        [(0.3, (0.34, 0.36, 0.06)), (0.55, (0.55, 0.5, 0.1)), (0.75, (0.62, 0.24, 0.08))],
        scale=16.0,
        roughness=0.38,
    )
    add_pear("pear", (left - 0.015, 0.985, height - 0.001), skin)

    blue = vary.choice((0.05, 0.27, 0.34), [(0.42, 0.1, 0.06), (0.1, 0.3, 0.12), (0.5, 0.38, 0.1)])
    deep = (0.02, 0.13, 0.2) if not vary.free else dimmed(blue, 0.45)
    glaze = glazed("glaze", [(0.3, deep), (0.7, blue)], scale=18.0, roughness=0.35)
    add_mug(
        "mug",
        (vary.number(0.075, 0.03, 0.1), vary.number(0.905, 0.86, 0.95), 0.0),
        glaze,
        principled("mug.white", (0.8, 0.76, 0.68), roughness=0.35),
    )

    stoneware = glazed("stoneware", [(0.35, (0.5, 0.4, 0.3)), (0.65, (0.72, 0.64, 0.52))], scale=70.0, roughness=0.5)
    jar = np.array([0.215, 1.1, 0.0])
    add_jar("jar", tuple(jar), 0.045, 0.105, stoneware)
    paints = [
        (0.75, 0.42, 0.03),
        (0.03, 0.18, 0.4),
        (0.55, 0.05, 0.04),
        (0.05, 0.3, 0.13),
        (0.02, 0.02, 0.025),
        (0.75, 0.42, 0.03),
    ]
    angles = np.linspace(0.2, 2 * np.pi + 0.2, len(paints), endpoint=False)
    for index, (paint, angle) in enumerate(zip(paints, angles, strict=True)):
        lean = np.array([np.cos(angle), 0.8 * np.sin(angle), 0.0])
        tip = jar + 0.058 * lean + [0, 0, 0.185 + 0.012 * (index % 3)]
        add_pencil(
            f"pencil{index}",
            jar + 0.02 * -lean + [0, 0, 0.016],
            tip,
            principled(f"paint{index}", paint, roughness=0.35),
        )
    add_brush("brush0", jar + [0.01, 0.0, 0.016], jar + [-0.05, 0.02, 0.235], (0.4, 0.06, 0.04))
    add_brush("brush1", jar + [-0.012, 0.01, 0.016], jar + [0.062, -0.01, 0.225], (0.05, 0.1, 0.2))


def _foreground(rng: np.random.Generator, vary: Variation) -> None:
    greens = [leaf(f"near.leaf{i}", light, dark) for i, (light, dark) in enumerate(_GREENS)]
    stem = principled("near.stem", (0.1, 0.12, 0.04))
    t = np.linspace(0, 1, 9)[:, None]
    high = (
        np.array([-0.2, 0.43, 0.335]) * (1 - t)
        + np.array([-0.035, 0.47, 0.262]) * t
        + np.array([0, 0, 0.02]) * t * (1 - t) * 4
    )
    high = high * [vary.choice(1.0, [-1.0]), 1.0, 1.0] + [0.0, 0.0, vary.number(0.0, -0.02, 0.03)]
    add_twig("twig", high, rng, greens, stem, leaf_m=vary.number(0.05, 0.04, 0.06), leaves=vary.count(13, 9, 16))
    fallen = [((-0.125, 0.715), (0.8, 0.5), 0.05), ((-0.035, 0.685), (-0.5, 0.75), 0.042)]
    for index, ((x, y), heading, length) in enumerate(fallen):
        lying = blade((x, y, 0.0015), (*heading, 0.06), length, 0.42 * length, droop=0.05)
        add_blades(f"fallen{index}", [lying], greens[index])
    add_notebook("notebook", (0.19, 0.73, 0.0), (0.2, 0.15, 0.008), turn_rad=vary.number(0.38, 0.25, 0.5))
    add_pencil(
        "loose",
        (0.1, 0.7, 0.0145),
        (0.235, 0.765, 0.0145),
        principled("loose.paint", (0.7, 0.37, 0.03), roughness=0.35),
    )


_GREENS: tuple[tuple[Colour, Colour], ...] = (
    ((0.16, 0.3, 0.05), (0.05, 0.13, 0.02)),
    ((0.27, 0.36, 0.07), (0.09, 0.18, 0.03)),
    ((0.1, 0.22, 0.08), (0.03, 0.09, 0.03)),
)


def _behind(rng: np.random.Generator, vary: Variation) -> None:
    clay = glazed("clay", [(0.3, (0.4, 0.14, 0.06)), (0.7, (0.58, 0.25, 0.12))], scale=25.0, roughness=0.8)
    spot = vary.number(0.46, 0.36, 0.52)
    earth = add_flowerpot("pot", (spot, 1.62, 0.0), 0.085, clay)
    greens = [leaf(f"far.leaf{i}", light, dark) for i, (light, dark) in enumerate(_GREENS)]
    add_tuft("plant", (spot, 1.62, earth), rng, greens, count=46, length_m=(0.22, 0.42), width_m=0.02)
    iron = principled("iron", (0.04, 0.036, 0.034), roughness=0.45, metallic=0.6)
    add_lantern(
        "lantern", (vary.number(-0.47, -0.55, -0.3), vary.number(1.6, 1.45, 1.7), 0.0), 0.13, iron, flame_strength=9.0
    )


def _room(rng: np.random.Generator, vary: Variation) -> None:
    left, right, bottom, top = _WINDOW
    paint = vary.choice((0.5, 0.4, 0.32), [(0.25, 0.34, 0.36), (0.45, 0.22, 0.16), (0.34, 0.36, 0.24)])
    wall = plaster("wall", paint, bump_m=0.004)
    pieces = [(-4.0, left, -1.0, 2.6), (right, 4.0, -1.0, 2.6), (left, right, -1.0, bottom), (left, right, top, 2.6)]
    for index, (x0, x1, z0, z1) in enumerate(pieces):
        add_box(f"wall{index}", ((x0 + x1) / 2, _WALL_Y + 0.1, (z0 + z1) / 2), (x1 - x0, 0.2, z1 - z0), wall)
    floor = wood("floor", (0.2, 0.11, 0.06), (0.08, 0.04, 0.022), along="x")
    add_quad("floor", [(-4, -2, -0.75), (4, -2, -0.75), (4, _WALL_Y, -0.75), (-4, _WALL_Y, -0.75)], floor)
    _window()
    _curtain(vary)
    _shelf(rng)
    _fairy_lights(rng, vary)


def _window() -> None:
    """Put a frame with bars and a sill into the opening in the wall."""
    left, right, bottom, top = _WINDOW
    white = principled("frame", (0.66, 0.62, 0.55), roughness=0.45)
    for x in (left, (left + right) / 2, right):
        add_box(
            f"upright{x:.2f}",
            (x, _WALL_Y + 0.02, (bottom + top) / 2),
            (0.045, 0.06, top - bottom),
            white,
            bevel_m=0.006,
        )
    for z in (bottom, bottom + 0.42, bottom + 0.84, top):
        add_box(
            f"bar{z:.2f}", ((left + right) / 2, _WALL_Y + 0.02, z), (right - left, 0.05, 0.035), white, bevel_m=0.006
        )
    add_box(
        "sill",
        ((left + right) / 2, _WALL_Y - 0.06, bottom - 0.03),
        (right - left + 0.2, 0.22, 0.035),
        white,
        bevel_m=0.008,
    )


def _fairy_lights(rng: np.random.Generator, vary: Variation) -> None:
    """Hang three strings of globe bulbs on the wall and from the curtain."""
    black = principled("cable", (0.03, 0.035, 0.03))
    warm: list[Colour] = [(1.0, 0.42, 0.1), (1.0, 0.34, 0.06), (1.0, 0.52, 0.16)]
    bright: list[Colour] = [*warm, (1.0, 0.07, 0.03), (0.06, 0.3, 1.0), (0.08, 0.9, 0.16), (1.0, 0.1, 0.4)]
    y = _WALL_Y - 0.03
    strings = [
        ((-0.02, y, 0.62), (0.62, y, 0.5), 0.1, vary.count(5, 4, 7), vary.choice(warm, [bright])),
        ((0.62, y, 0.5), (1.3, y, 0.58), 0.09, vary.count(5, 4, 7), vary.choice(bright, [warm])),
        ((-0.4, y - 0.17, 0.36), (0.66, y, 0.44), vary.number(0.17, 0.08, 0.22), vary.count(7, 5, 10), bright),
    ]
    brass = principled("hook", (0.5, 0.36, 0.14), roughness=0.4, metallic=1.0)
    for index, (start, end, sag, bulbs, colours) in enumerate(strings):
        for number, place in enumerate((start, end)):
            add_sphere(f"hook{index}.{number}", place, 0.014, brass, stretch=(1.0, 2.6, 1.0), rings=8)
        path = sagging(start, end, sag)
        name = f"lights{index}"
        add_string(name, path, rng, black, bulbs=bulbs, radius_m=0.029, colours=colours, strength=3.6)


def _curtain(vary: Variation) -> None:
    """Hang a folded curtain at the window's right side."""
    x = np.linspace(-0.42, -0.05, 120)
    fold = _WALL_Y - 0.12 + 0.035 * np.sin(x * 95) + 0.012 * np.sin(x * 41 + 1)
    vertices = [(px, py, z) for z in (-0.75, 2.2) for px, py in zip(x, fold, strict=True)]
    faces = [[i, i + 1, 121 + i, 120 + i] for i in range(119)]
    add_mesh(
        "curtain", vertices, faces, cloth("linen", vary.colour((0.42, 0.12, 0.1)), threads_per_m=300.0), smooth=True
    )


def _shelf(rng: np.random.Generator) -> None:
    """Fill a shelf on the wall with upright books and a vase."""
    pine = wood("pine", (0.46, 0.28, 0.14), (0.26, 0.14, 0.06), along="x")
    add_box("shelf", (0.95, _WALL_Y - 0.11, -0.03), (1.3, 0.24, 0.03), pine, bevel_m=0.003)
    x = 0.42
    for index in range(17):
        thick, tall = rng.uniform(0.022, 0.05), rng.uniform(0.17, 0.26)
        colour = _SPINES[int(rng.integers(len(_SPINES)))]
        add_box(
            f"spine{index:02d}",
            (x + thick / 2, _WALL_Y - 0.12, -0.015 + tall / 2),
            (thick - 0.002, 0.15, tall),
            cloth(f"spine{index:02d}", colour),
            bevel_m=0.003,
        )
        x += thick
    vase = glazed("vase", [(0.3, (0.5, 0.46, 0.4)), (0.7, (0.7, 0.66, 0.58))], scale=10.0)
    add_jar("vase", (x + 0.12, _WALL_Y - 0.12, -0.015), 0.07, 0.2, vase)


_SPINES: tuple[Colour, ...] = (
    (0.3, 0.05, 0.04),
    (0.04, 0.1, 0.2),
    (0.5, 0.36, 0.12),
    (0.07, 0.18, 0.1),
    (0.42, 0.4, 0.36),
    (0.1, 0.05, 0.12),
)


def _city(rng: np.random.Generator) -> None:
    """Put dark tower blocks with lit windows behind the panes."""
    dark = principled("skyline", (0.03, 0.035, 0.05), specular=0.0)
    colours: list[Colour] = [(1.0, 0.4, 0.1), (1.0, 0.55, 0.22), (0.25, 0.5, 1.0), (1.0, 0.13, 0.05)]
    glows = [emission(f"city{index}", colour, 2.8) for index, colour in enumerate(colours)]
    blocks = 8
    for index in range(blocks):
        distance = float(rng.uniform(48.0, 66.0))
        x = (-0.43 + 0.39 * (index + 0.5) / blocks) * distance
        width, top = 0.056 * distance, float(rng.uniform(0.035, 0.1)) * distance
        add_box(f"block{index}", (x, distance, top / 2 - 10.0), (width, 3.0, top + 20.0), dark)
        for number in range(2):
            side, size = 0.24 * width * (2 * number - 1), 0.0125 * distance
            z = float(rng.uniform(-0.03 * distance, top - size))
            pane = (x + side, distance - 1.55, z)
            glow = glows[int(rng.integers(len(glows)))]
            show_to_camera_only(add_box(f"pane{index}{number}", pane, (size, 0.04, 1.2 * size), glow))
