"""A chain-link fence close to the lens, a playground behind it.

Tests: partial occlusion. A net of wire 3 mm thick stands 0.6 to 1 m from the lens, ivy and a ribbon in it; focused far,
it all but vanishes and every wire lets through what stands behind it, which a renderer from one picture cannot see;
focused near, thin bright wires stand before blurred colours. A torn hole has no net at all.
"""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from ..camera import add_camera
from ..chain_link import add_chain_link
from ..lights import add_area_light, add_horizon_glow, set_even_sky
from ..materials import Colour, Shader, bricks, dimmed, leaf, plaster, principled
from ..mesh import add_box, add_grid, add_mesh, add_quad, add_revolved, add_tube
from ..plants import add_twig
from ..playground import add_ball, add_bin, add_dome, add_far_house, add_slide, add_swings, add_tree
from ..variation import Variation


def build(rng: np.random.Generator, parameters: dict[str, Any]) -> bpy.types.Object:
    """Build the scene and return the camera."""
    vary = Variation.of(rng, parameters)
    sky = vary.choice((0.42, 0.5, 0.66), [(0.55, 0.5, 0.5), (0.36, 0.4, 0.46)])
    set_even_sky(sky)
    haze = vary.choice((0.75, 0.72, 0.68), [(0.9, 0.62, 0.42), (0.6, 0.64, 0.7)])
    add_horizon_glow(haze, (0.2, 0.36, 0.72), distance_m=400.0, height_m=190.0)
    sun = vary.choice(1.0, [-1.0])
    add_area_light(
        "sun",
        (sun * -26.0, -8.0, 24.0),
        (0.0, 9.0, 0.5),
        size_m=(9.0, 9.0),
        power_w=vary.number(29000.0, 18000.0, 36000.0),
        colour=(1.0, 0.83, 0.6),
    )
    _ground(vary)
    _playground(vary)
    _far(vary, rng)
    _fence(vary, rng)
    return add_camera(
        (vary.number(0.0, -0.15, 0.15), 0.0, vary.number(1.45, 1.3, 1.6)),
        (vary.number(0.35, -0.5, 0.8), 9.0, vary.number(1.25, 1.0, 1.4)),
        lens_mm=vary.number(45.0, 38.0, 52.0),
    )


def _ground(vary: Variation) -> None:
    shader = Shader("lawn")
    patches = shader.noise(shader.coordinates((1.0, 1.0, 0.0)), 0.7, detail=6.0)
    green = vary.choice((0.13, 0.22, 0.05), [(0.2, 0.22, 0.07), (0.1, 0.18, 0.06)])
    tone = shader.ramp(patches, [(0.32, (0.28, 0.22, 0.1)), (0.45, green), (0.7, dimmed(green, 0.6))])
    lawn = shader.surface(tone, specular=0.0)
    add_quad("lawn", [(-60, -3, 0), (60, -3, 0), (60, 120, 0), (-60, 120, 0)], lawn)
    shader = Shader("sand")
    grain = shader.noise(shader.coordinates(), 2.5, detail=5.0)
    sand = shader.surface(shader.ramp(grain, [(0.3, (0.52, 0.4, 0.24)), (0.7, (0.68, 0.55, 0.36))]), specular=0.0)
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    pit = np.stack([0.9 + 3.6 * np.cos(angle), 9.6 + 2.2 * np.sin(angle), np.full(48, 0.01)], axis=1)
    _add_disc("sand", pit, sand)
    kerb = principled("kerb", (0.4, 0.24, 0.12), roughness=0.8)
    add_tube("kerb", pit + [0, 0, 0.05], 0.09, kerb, closed=True)


def _add_disc(name: str, rim: NDArray[np.float64], material: bpy.types.Material) -> None:
    """Add a flat face bounded by a rim (N, 3), metres."""
    add_mesh(name, rim, [list(range(len(rim)))], material)


def _playground(vary: Variation) -> None:
    red, yellow, blue, green = (0.62, 0.05, 0.03), (0.75, 0.45, 0.02), (0.03, 0.16, 0.5), (0.05, 0.35, 0.1)
    places = vary.order([(-1.9, 9.2), (3.2, 12.0), (2.35, 7.5)])
    (sx, sy), (wx, wy), (dx, dy) = places
    slide = vary.choice(yellow, [red, blue, green])
    add_slide("slide", (sx, sy, 0.0), vary.number(-0.25, -0.8, 0.5), vary.choice(blue, [red, green]), slide)
    swing = [vary.number(angle, -0.5, 0.5) for angle in (0.12, -0.3, 0.0)[: vary.count(3, 2, 3)]]
    add_swings(
        "swings", (wx, wy, 0.0), vary.number(0.1, -0.4, 0.4), vary.choice(red, [blue, green, yellow]), angles_rad=swing
    )
    add_dome("dome", (dx, dy, 0.0), vary.number(1.0, 0.8, 1.2), vary.order([red, yellow, blue, green]))
    add_ball(
        "ball",
        (vary.number(0.35, -1.0, 1.0), vary.number(5.6, 4.6, 6.4), 0.0),
        0.17,
        (0.8, 0.78, 0.7),
        vary.choice(red, [blue, green]),
    )
    add_bin("bin", (vary.number(-2.6, -3.0, -1.8), 6.6, 0.0), (0.04, 0.2, 0.1))
    wood = principled("bench.wood", (0.42, 0.24, 0.1), roughness=0.7)
    x, y = vary.number(3.9, 3.6, 4.2), vary.number(9.4, 9.2, 9.8)
    for index, (depth, height) in enumerate(((0.0, 0.45), (0.16, 0.45), (0.32, 0.45), (0.42, 0.65), (0.46, 0.82))):
        add_box(
            f"bench{index}",
            (x, y + depth, height),
            (1.6, 0.12 if index < 3 else 0.04, 0.04 if index < 3 else 0.13),
            wood,
            bevel_m=0.008,
        )
    iron = principled("bench.iron", (0.03, 0.03, 0.03), roughness=0.5)
    for side in (-0.6, 0.6):
        add_box(f"bench.leg{side}", (x + side, y + 0.18, 0.22), (0.05, 0.4, 0.44), iron)
        add_box(f"bench.back{side}", (x + side, y + 0.46, 0.65), (0.05, 0.04, 0.5), iron)


def _far(vary: Variation, rng: np.random.Generator) -> None:
    tints: list[Colour] = [(0.5, 0.34, 0.17), (0.52, 0.47, 0.4), (0.42, 0.18, 0.12)]
    for index, x in enumerate((-13.0, -1.5, 10.5)):
        wall = (
            plaster(f"house{index}", tints[index], scale=1.5)
            if index != 2
            else bricks("house2", (0.4, 0.15, 0.1), (0.28, 0.1, 0.07), (0.4, 0.36, 0.32), facing="y")
        )
        place = (x + vary.number(0.0, -2.0, 2.0), 27.0 + 2.0 * index, 0.0)
        add_far_house(
            f"house{index}",
            place,
            (9.0, 7.0, 5.6),
            wall,
            vary.choice((0.3, 0.08, 0.05), [(0.12, 0.1, 0.1), (0.4, 0.16, 0.08)]),
        )
    for index, (x, y, height) in enumerate(
        ((-6.5, 17.0, 7.0), (6.4, 19.0, 8.0), (-1.0, 22.0, 6.0), (13.0, 22.0, 8.5), (-13.5, 23.0, 8.0))
    ):
        light = vary.choice((0.2, 0.3, 0.05), [(0.45, 0.28, 0.04), (0.4, 0.14, 0.03), (0.13, 0.24, 0.08)])
        spot = (x + vary.number(0.0, -1.5, 1.5), y, 0.0)
        add_tree(f"tree{index}", spot, height, rng, light=light, dark=dimmed(light, 0.4))


def _fence(vary: Variation, rng: np.random.Generator) -> None:
    zinc = principled(
        "zinc", vary.choice((0.46, 0.47, 0.48), [(0.06, 0.2, 0.1), (0.3, 0.28, 0.25)]), roughness=0.4, metallic=0.35
    )
    slant = vary.choice(1.0, [-1.0]) * vary.number(0.24, 0.12, 0.34)
    hole = (vary.number(1.53, 1.3, 1.8), vary.number(1.36, 1.25, 1.55), vary.number(0.1, 0.06, 0.13))

    def place(points: NDArray[np.float64]) -> NDArray[np.float64]:
        x = points[:, 0] - 1.5
        sag = 0.012 * np.sin(5 * x) + 0.008 * np.sin(9 * points[:, 2])
        return np.stack(
            [
                x * np.cos(slant) - points[:, 1] * np.sin(slant),
                0.74 + x * np.sin(slant) + points[:, 1] + sag,
                points[:, 2],
            ],
            axis=1,
        )

    def keep(x: float, z: float) -> bool:
        return (x - hole[0]) ** 2 + ((z - hole[1]) / 1.25) ** 2 > hole[2] ** 2

    add_chain_link(
        "net", zinc, place, width_m=3.0, height_m=2.2, mesh_m=vary.number(0.052, 0.045, 0.065), wire_m=0.0019, keep=keep
    )

    def on(x: float, z: float, out: float = -0.006) -> NDArray[np.float64]:
        point: NDArray[np.float64] = place(np.array([[x, out, z]]))[0]
        return point

    for x in (0.62, 2.62):
        add_tube(f"post{x}", [on(x, 0.0, 0.03), on(x, 2.25, 0.03)], 0.024, zinc, sides=16)
    add_tube("rail", [on(x, 2.02) for x in np.linspace(0, 3, 12)], 0.003, zinc, sides=6)
    greens = [
        leaf("ivy0", (0.12, 0.22, 0.05), (0.03, 0.09, 0.02)),
        leaf("ivy1", (0.2, 0.27, 0.07), (0.07, 0.13, 0.03)),
        leaf("ivy2", (0.4, 0.12, 0.05), (0.18, 0.04, 0.02)),
    ]
    stem = principled("ivy.stem", (0.12, 0.08, 0.04))
    for index, (x, z0, z1, lean) in enumerate(
        ((1.29, 0.95, 1.62, 0.1), (1.2, 0.95, 1.7, 0.08), (1.36, 0.95, 1.28, 0.1))
    ):
        start = x + vary.number(0.0, -0.12, 0.12)
        t = np.linspace(0.0, 1.0, 9)
        path = [on(start + lean * s + 0.02 * np.sin(9 * s + index), z0 + (z1 - z0) * s, -0.009) for s in t]
        add_twig(
            f"ivy{index}",
            path,
            rng,
            greens,
            stem,
            leaf_m=vary.number(0.05, 0.04, 0.06),
            leaves=17,
            stem_radius_m=0.0024,
        )
    ribbon = principled("ribbon", vary.colour((0.7, 0.04, 0.06)), roughness=0.5)
    x, z = vary.number(1.76, 1.7, 1.9), vary.number(1.52, 1.4, 1.6)
    s = np.linspace(0.0, 1.0, 16)
    for tail, sway in enumerate((0.05, -0.04)):
        rows = [
            [
                on(x + 0.6 * sway * v + w + 0.01 * np.sin(8 * v), z - 0.13 * v, -0.012 - 0.02 * np.sin(5 * v + tail))
                for w in (0.0, 0.013)
            ]
            for v in s
        ]
        add_grid(f"ribbon{tail}", np.array(rows), ribbon, smooth=True)
    add_revolved(
        "knot",
        [(0.0, -0.009), (0.008, -0.006), (0.01, 0.0), (0.008, 0.006), (0.0, 0.009)],
        ribbon,
        base=tuple(on(x + 0.006, z, -0.012)),
        segments=20,
    )
