"""A room in shade with a window on a sunlit garden.

Tests: a range of light far beyond display white. The sky behind the panes is almost three times as
bright as white paper, the lawn as bright;
window bars, leaves and the back of a chair cut dark edges into it. Blurred as light, the garden eats into them;
blurred after clipping, it does not. Patches of sun lie on the floor.
"""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

from ..camera import add_camera
from ..furniture import add_armchair, add_chair, add_curtain, add_floor_lamp, add_picture, add_round_table
from ..grasses import add_grass, grass_material, scattered
from ..lights import add_area_light, set_even_sky, show_to_camera_only
from ..materials import Colour, Shader, cloth, glazed, leaf, plaster, principled, wood
from ..mesh import add_box, add_grid, add_quad, add_revolved, add_tube
from ..plants import add_blades, add_tuft, add_twig, blade
from ..playground import add_tree
from ..stationery import add_book, paper_edge
from ..tableware import add_flowerpot, add_jar, add_mug
from ..variation import Variation
from ..versions import stop_sampling_as_lamp

_LEFT_X, _RIGHT_X, _BACK_Y, _CEILING_Z = -1.9, 2.1, 4.1, 2.6
_WINDOW = (-1.0, 1.15, 0.72, 2.15)  # left, right, bottom, top of the opening in the back wall


def build(rng: np.random.Generator, parameters: dict[str, Any]) -> bpy.types.Object:
    """Build the scene and return the camera."""
    vary = Variation.of(rng, parameters)
    set_even_sky((0.16, 0.17, 0.19))
    left, right, bottom, top = _WINDOW
    day = add_area_light(
        "window",
        ((left + right) / 2, _BACK_Y - 0.12, (bottom + top) / 2),
        ((left + right) / 2, 0.0, 0.7),
        size_m=(right - left, top - bottom),
        power_w=vary.number(62.0, 45.0, 80.0),
        colour=vary.choice((1.0, 0.93, 0.82), [(0.85, 0.93, 1.0), (1.0, 0.82, 0.6)]),
    )
    day.visible_glossy = True
    add_area_light(
        "door", (_RIGHT_X - 0.1, -0.8, 1.4), (0.0, 2.0, 0.8), size_m=(1.0, 2.0), power_w=16.0, colour=(0.8, 0.88, 1.0)
    )
    _garden(vary, rng)
    _walls(vary)
    _window(vary)
    _furniture(vary, rng)
    _near(vary, rng)
    return add_camera(
        (vary.number(-0.1, -0.35, 0.3), vary.number(-0.1, -0.3, 0.1), vary.number(1.22, 1.1, 1.35)),
        (vary.number(0.08, -0.15, 0.3), 3.0, vary.number(1.12, 1.0, 1.2)),
        lens_mm=vary.number(31.0, 27.0, 36.0),
    )


def _sunlit(material: bpy.types.Material, strength: float) -> bpy.types.Material:
    """Make a surface give off its own colour, as if the sun stood on it: light that needs no lamp and has no noise."""
    tree = material.node_tree
    shader = next(node for node in tree.nodes if node.type in {"BSDF_DIFFUSE", "BSDF_PRINCIPLED"})
    socket = shader.inputs["Color" if shader.type == "BSDF_DIFFUSE" else "Base Color"]
    glow = tree.nodes.new("ShaderNodeEmission")
    glow.inputs["Strength"].default_value = strength
    if socket.is_linked:
        tree.links.new(socket.links[0].from_socket, glow.inputs["Color"])
    else:
        glow.inputs["Color"].default_value = socket.default_value[:]
    output = next(node for node in tree.nodes if node.type == "OUTPUT_MATERIAL")
    tree.links.new(glow.outputs[0], output.inputs["Surface"])
    stop_sampling_as_lamp(material)
    return material


def _garden(vary: Variation, rng: np.random.Generator) -> None:
    """Plant a lawn, a path, trees and a hedge in the sun; only the camera sees them."""
    bright = vary.number(4.6, 3.6, 6.5)
    before = set(bpy.context.scene.objects)
    shader = Shader("lawn")
    patches = shader.noise(shader.coordinates((1.0, 1.0, 0.0)), 0.9, detail=5.0)
    lawn = shader.surface(shader.ramp(patches, [(0.35, (0.1, 0.2, 0.03)), (0.6, (0.2, 0.32, 0.05))]), specular=0.0)
    add_quad("lawn", [(-30, _BACK_Y + 0.3, -0.4), (30, _BACK_Y + 0.3, -0.4), (30, 60, -0.4), (-30, 60, -0.4)], lawn)
    gravel = principled("gravel", (0.5, 0.42, 0.32), specular=0.0)
    y = np.linspace(_BACK_Y + 0.3, 22.0, 20)
    bend = vary.number(0.6, -0.8, 0.8)
    path = [[(side + bend * np.sin(0.22 * v), v, -0.39) for side in (-0.4, 0.4)] for v in y]
    add_grid("path", np.array(path), gravel)
    grass = grass_material("grass", (0.06, 0.13, 0.02), (0.26, 0.4, 0.07), height_m=0.05)
    add_grass(
        "tufts",
        scattered(rng, 2600, (-7.0, 7.0), (6.0, 16.0)) - [0, 0, 0.4],
        rng,
        grass,
        length_m=(0.1, 0.3),
        width_m=0.02,
    )
    bloom = vary.choice((0.6, 0.1, 0.2), [(0.7, 0.45, 0.05), (0.35, 0.15, 0.5)])
    for index, (x, depth, height) in enumerate(
        ((-4.2, 11.0, 5.5), (3.4, 13.0, 6.5), (-0.9, 19.0, 7.0), (7.0, 18.0, 7.5), (-8.0, 17.0, 7.5))
    ):
        light: Colour = (0.18 + 0.04 * (index % 3), 0.3, 0.05)
        spot = (x + vary.number(0.0, -0.8, 0.8), depth, -0.4)
        add_tree(f"tree{index}", spot, height, rng, light=light, dark=(0.05, 0.11, 0.02), leaves=1900)
    for index in range(12):
        tint = bloom if index % 3 == 0 else (0.12, 0.24, 0.04)
        add_tree(
            f"bush{index:02d}",
            (-11.0 + 2.0 * index, 24.0, -2.0),
            5.0,
            rng,
            light=tint,
            dark=(0.05, 0.1, 0.03),
            leaves=1100,
        )
    for index in range(7):
        x = (-1 if index % 2 else 1) * float(rng.uniform(0.9, 2.4))
        add_tree(
            f"rose{index}", (x, 6.6 + 0.9 * index, -0.8), 1.3, rng, light=bloom, dark=(0.06, 0.14, 0.03), leaves=500
        )
    sky = Shader("sky")
    height = sky.node("ShaderNodeSeparateXYZ", {0: sky.coordinates()}).outputs["Z"]
    share = sky.node("ShaderNodeMath", {0: height, 1: 30.0}, operation="DIVIDE").outputs[0]
    blue = sky.glow(sky.ramp(share, [(0.0, (0.85, 0.9, 0.95)), (1.0, (0.36, 0.58, 0.95))]), 0.62 * bright)
    add_quad("sky", [(-90, 70, -10), (90, 70, -10), (90, 70, 50), (-90, 70, 50)], blue)
    outside = [item for item in bpy.context.scene.objects if item not in before]
    for material in {slot.material for item in outside for slot in item.material_slots}:
        if material is not None and material.name != "sky":
            _sunlit(material, bright)
    for item in outside:
        show_to_camera_only(item)


def _walls(vary: Variation) -> None:
    left, right, bottom, top = _WINDOW
    paint = vary.choice((0.36, 0.32, 0.25), [(0.22, 0.28, 0.26), (0.4, 0.24, 0.18), (0.24, 0.26, 0.34)])
    wall = plaster("wall", paint, scale=2.0)
    pieces = [
        (_LEFT_X, left, 0.0, _CEILING_Z),
        (right, _RIGHT_X, 0.0, _CEILING_Z),
        (left, right, 0.0, bottom),
        (left, right, top, _CEILING_Z),
    ]
    for index, (x0, x1, z0, z1) in enumerate(pieces):
        add_box(f"back{index}", ((x0 + x1) / 2, _BACK_Y + 0.1, (z0 + z1) / 2), (x1 - x0, 0.2, z1 - z0), wall)
    add_quad(
        "left",
        [(_LEFT_X, -2, 0), (_LEFT_X, _BACK_Y, 0), (_LEFT_X, _BACK_Y, _CEILING_Z), (_LEFT_X, -2, _CEILING_Z)],
        wall,
    )
    add_quad(
        "right",
        [(_RIGHT_X, -2, 0), (_RIGHT_X, _BACK_Y, 0), (_RIGHT_X, _BACK_Y, _CEILING_Z), (_RIGHT_X, -2, _CEILING_Z)],
        wall,
    )
    white = principled("white", (0.62, 0.6, 0.56), roughness=0.7, specular=0.1)
    add_quad(
        "ceiling",
        [
            (_LEFT_X, -2, _CEILING_Z),
            (_RIGHT_X, -2, _CEILING_Z),
            (_RIGHT_X, _BACK_Y, _CEILING_Z),
            (_LEFT_X, _BACK_Y, _CEILING_Z),
        ],
        white,
    )
    for index, (x, y, sx, sy) in enumerate(
        (
            ((_LEFT_X + _RIGHT_X) / 2, _BACK_Y - 0.01, _RIGHT_X - _LEFT_X, 0.02),
            (_LEFT_X + 0.01, 1.0, 0.02, 6.2),
            (_RIGHT_X - 0.01, 1.0, 0.02, 6.2),
        )
    ):
        add_box(f"skirting{index}", (x, y, 0.06), (sx, sy, 0.12), white)
    planks = wood("floor", (0.34, 0.19, 0.09), (0.17, 0.085, 0.04), along="y", roughness=0.4)
    width = 0.16
    for index in range(26):
        add_box(f"floor{index:02d}", (_LEFT_X + width * (index + 0.5), 1.0, -0.01), (width - 0.003, 6.4, 0.02), planks)
    rug = Shader("rug")
    rings = rug.node(
        "ShaderNodeTexWave", {"Vector": rug.coordinates(), "Scale": 1.6, "Distortion": 1.5}, wave_type="RINGS"
    ).outputs[1]
    tint = vary.colour((0.34, 0.07, 0.05))
    weave = rug.surface(
        rug.ramp(rings, [(0.4, tint), (0.5, (0.5, 0.42, 0.3)), (0.6, (tint[0] * 0.4, tint[1] * 0.4, tint[2] * 0.5))]),
        specular=0.0,
    )
    add_box("rug", (0.1, 2.4, 0.006), (2.3, 1.6, 0.012), weave)
    # sun on the floor, as the panes throw it
    sun = principled("sun", (0.36, 0.2, 0.095), specular=0.0)
    shift = vary.number(0.45, -0.7, 0.7)
    for column in range(3):
        for row in range(2):
            x0, y0 = -0.82 + 0.66 * column, 2.75 + 0.52 * row
            corners = [
                (x0 + shift * (_BACK_Y - v) * 0.35 + u, v, 0.0135)
                for u, v in ((0, y0), (0.58, y0), (0.58, y0 + 0.46), (0, y0 + 0.46))
            ]
            add_quad(f"sun{column}{row}", corners, sun)
    _sunlit(sun, 3.4)


def _window(vary: Variation) -> None:
    left, right, bottom, top = _WINDOW
    white = principled("frame", (0.55, 0.53, 0.49), roughness=0.6, specular=0.2)
    columns, rows = vary.count(3, 2, 4), vary.count(2, 1, 3)
    for x in np.linspace(left, right, columns + 1):
        add_box(
            f"upright{x:.2f}",
            (float(x), _BACK_Y + 0.03, (bottom + top) / 2),
            (0.05, 0.06, top - bottom),
            white,
            bevel_m=0.006,
        )
    for z in np.linspace(bottom, top, rows + 1):
        add_box(
            f"bar{z:.2f}",
            ((left + right) / 2, _BACK_Y + 0.03, float(z)),
            (right - left, 0.05, 0.045),
            white,
            bevel_m=0.006,
        )
    add_box(
        "sill",
        ((left + right) / 2, _BACK_Y - 0.07, bottom - 0.03),
        (right - left + 0.24, 0.26, 0.04),
        white,
        bevel_m=0.01,
    )
    linen = cloth("linen", vary.choice((0.5, 0.44, 0.34), [(0.16, 0.24, 0.3), (0.42, 0.12, 0.09)]), threads_per_m=300.0)
    rod = principled("rod", (0.12, 0.08, 0.05), roughness=0.4)
    add_tube("rod", [(left - 0.5, _BACK_Y - 0.14, top + 0.16), (right + 0.5, _BACK_Y - 0.14, top + 0.16)], 0.014, rod)
    add_curtain(
        "curtain.left", (left - 0.45, _BACK_Y - 0.14, top + 0.15), vary.number(0.62, 0.45, 0.7), top + 0.1, linen
    )
    add_curtain("curtain.right", (right - 0.12, _BACK_Y - 0.14, top + 0.15), 0.55, top + 0.1, linen)


def _furniture(vary: Variation, rng: np.random.Generator) -> None:
    oak = wood("oak", (0.2, 0.1, 0.045), (0.09, 0.04, 0.02), along="z")
    brass = principled("brass", (0.5, 0.36, 0.16), roughness=0.45, metallic=0.8)
    cover = cloth("cover", vary.colour((0.12, 0.22, 0.2)), threads_per_m=350.0)
    side = vary.choice(1.0, [-1.0])
    add_armchair("armchair", (side * 1.25, 2.95, 0.012), -side * vary.number(0.7, 0.4, 1.0), cover, oak)
    add_floor_lamp("lamp", (side * 1.68, 3.55, 0.0), brass, cloth("shade", (0.6, 0.5, 0.36), threads_per_m=300.0))
    add_round_table("table", (0.1, 2.35, 0.012), oak, radius_m=0.46, height_m=0.74)
    top = 0.752
    glaze = vary.colour((0.06, 0.16, 0.3))
    pot = glazed("pot", [(0.3, glaze), (0.7, (1.5 * glaze[0], 1.5 * glaze[1], 1.5 * glaze[2]))], scale=18.0)
    add_jar("vase", (vary.number(0.0, -0.12, 0.12), 2.42, top), 0.065, 0.2, pot)
    _bouquet("bouquet", (vary.number(0.0, -0.001, 0.001), 2.42, top + 0.17), rng, vary)
    add_mug("mug", (0.3, 2.2, top), pot, principled("mug.white", (0.7, 0.66, 0.6), roughness=0.4))
    add_book(
        "book",
        (-0.2, 2.2, top + 0.014),
        (0.2, 0.15, 0.028),
        cloth("book.cover", vary.colour((0.4, 0.07, 0.05))),
        paper_edge("pages"),
        turn_rad=0.5,
    )
    add_chair("chair", (-side * 0.62, 2.25, 0.012), -side * 1.25, oak)
    add_chair("chair.near", (vary.number(0.42, 0.2, 0.6), 1.25, 0.012), np.pi + vary.number(0.35, -0.5, 0.6), oak)
    frame = principled("picture.frame", (0.2, 0.12, 0.05), roughness=0.5)
    add_picture("picture0", (_LEFT_X + 0.03, 2.4, 1.55), (0.7, 0.52), "-x", frame, vary.colour((0.14, 0.2, 0.12)))
    add_picture("picture1", (_RIGHT_X - 0.03, 2.2, 1.6), (0.6, 0.75), "x", frame, vary.colour((0.1, 0.17, 0.26)))
    clay = glazed("clay", [(0.3, (0.4, 0.14, 0.06)), (0.7, (0.58, 0.25, 0.12))], scale=25.0, roughness=0.8)
    greens = [
        leaf("sill.leaf0", (0.16, 0.3, 0.05), (0.05, 0.13, 0.02)),
        leaf("sill.leaf1", (0.1, 0.22, 0.08), (0.03, 0.09, 0.03)),
    ]
    sill = _WINDOW[2] - 0.01
    for index, x in enumerate((-0.62, 0.72)):
        earth = add_flowerpot(f"sill.pot{index}", (x + vary.number(0.0, -0.15, 0.15), _BACK_Y - 0.1, sill), 0.075, clay)
        add_tuft(
            f"sill.plant{index}",
            (x, _BACK_Y - 0.1, sill + earth),
            rng,
            greens,
            count=40,
            length_m=(0.16, 0.34),
            width_m=0.022,
        )


def _bouquet(name: str, place: tuple[float, float, float], rng: np.random.Generator, vary: Variation) -> None:
    """Put tulips into a vase."""
    stem = principled(f"{name}.stem", (0.1, 0.22, 0.05), specular=0.0)
    petal = principled(
        f"{name}.petal", vary.choice((0.7, 0.1, 0.12), [(0.75, 0.5, 0.05), (0.6, 0.2, 0.5)]), specular=0.0
    )
    petals, leaves = [], []
    for index in range(11):
        angle, lean = 2 * np.pi * index / 11 + float(rng.uniform(-0.2, 0.2)), float(rng.uniform(0.03, 0.16))
        t = np.linspace(0, 1, 8)
        reach = 0.28 + 0.08 * float(rng.random())
        path = np.asarray(place) + np.stack(
            [lean * np.cos(angle) * t**1.5, lean * np.sin(angle) * t**1.5, reach * t - 0.05], axis=1
        )
        add_tube(f"{name}.{index}", path, 0.0035, stem, sides=6)
        for number in range(6):
            a = 2 * np.pi * number / 6
            out = np.array([0.32 * np.cos(a), 0.32 * np.sin(a), 1.0])
            start = path[-1] + 0.012 * np.array([np.cos(a), np.sin(a), -0.4])
            petals.append(blade(start, out, 0.06, 0.034, droop=-0.02, up=(np.cos(a), np.sin(a), 0.0), steps=5))
        leaves.append(
            blade(
                path[1],
                path[4] - path[1] + [0.04 * np.cos(angle + 1), 0.04 * np.sin(angle + 1), 0.0],
                0.24,
                0.03,
                droop=0.25,
            )
        )
    add_blades(f"{name}.petals", petals, petal)
    add_blades(f"{name}.leaves", leaves, leaf(f"{name}.leaf", (0.14, 0.28, 0.06), (0.05, 0.12, 0.03)))


def _near(vary: Variation, rng: np.random.Generator) -> None:
    """Let a house plant reach into the frame close to the lens, and a shelf's end with books."""
    greens = [
        leaf("near.leaf0", (0.14, 0.27, 0.05), (0.04, 0.11, 0.02)),
        leaf("near.leaf1", (0.22, 0.32, 0.07), (0.07, 0.16, 0.03)),
    ]
    stem = principled("near.stem", (0.12, 0.1, 0.04))
    x = vary.choice(-1.0, [1.0])
    t = np.linspace(0, 1, 10)[:, None]
    for index, (start, end) in enumerate(
        (
            ((-0.5, 0.66, 1.62), (-0.12, 0.6, 1.42)),
            ((-0.52, 0.72, 1.05), (-0.2, 0.66, 1.24)),
            ((-0.5, 0.6, 1.4), (-0.24, 0.56, 1.3)),
        )
    ):
        a, b = np.array(start) * [x, 1, 1], np.array(end) * [x, 1, 1]
        sway = np.array([0, 0, 0.05]) * t * (1 - t) * 4
        add_twig(
            f"near{index}",
            a * (1 - t) + b * t + sway,
            rng,
            greens,
            stem,
            leaf_m=vary.number(0.1, 0.08, 0.12),
            leaves=11,
            stem_radius_m=0.003,
        )
    pot = glazed("near.pot", [(0.3, (0.4, 0.14, 0.06)), (0.7, (0.58, 0.25, 0.12))], scale=25.0, roughness=0.8)
    add_revolved(
        "stand",
        [(0.0, 0.0), (0.2, 0.0), (0.2, 0.03), (0.03, 0.05), (0.03, 0.8), (0.2, 0.82), (0.2, 0.85), (0.0, 0.85)],
        wood("stand", (0.2, 0.1, 0.045), (0.09, 0.04, 0.02)),
        base=(x * 0.72, 0.8, 0.0),
    )
    add_flowerpot("near", (x * 0.72, 0.8, 0.85), 0.13, pot)
