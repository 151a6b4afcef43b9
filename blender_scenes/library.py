"""A library: bookcases full of books with printed spines, an open book, a ladder, a globe."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np
from numpy.typing import NDArray

from .materials import Colour, Shader, cloth, principled
from .mesh import add_box, add_boxes, add_grid, add_revolved, add_sphere, add_tube
from .stationery import paper_edge
from .variation import Variation

_CLOTHS: tuple[Colour, ...] = (
    (0.32, 0.05, 0.04),
    (0.04, 0.1, 0.2),
    (0.5, 0.34, 0.1),
    (0.06, 0.17, 0.09),
    (0.45, 0.42, 0.36),
    (0.12, 0.05, 0.12),
    (0.03, 0.03, 0.035),
    (0.36, 0.18, 0.08),
    (0.08, 0.2, 0.24),
    (0.5, 0.2, 0.08),
)


def lettering(name: str, ink: Colour, paper: Colour, *, line_m: float, per_m: float) -> bpy.types.Material:
    """Return lines of print along local X: dark words of uneven length, as text looks from a reading distance.

    line_m: from line to line along Y; per_m: letters per metre.
    """
    shader = Shader(name)
    position = shader.node("ShaderNodeSeparateXYZ", {0: shader.coordinates()})
    line = shader.node("ShaderNodeMath", {0: position.outputs["Y"], 1: 1.0 / line_m}, operation="MULTIPLY").outputs[0]
    number = shader.node("ShaderNodeMath", {0: line}, operation="FLOOR").outputs[0]
    within = shader.node("ShaderNodeMath", {0: line}, operation="FRACT").outputs[0]
    place = shader.node("ShaderNodeCombineXYZ", {"X": position.outputs["X"], "Y": number}).outputs[0]
    letters = shader.node("ShaderNodeMapping", {"Vector": place, "Scale": (per_m, 7.31, 1.0)}).outputs["Vector"]
    words = shader.node("ShaderNodeMapping", {"Vector": place, "Scale": (per_m / 5.5, 3.77, 1.0)}).outputs["Vector"]
    strokes = shader.node("ShaderNodeTexNoise", {"Vector": letters, "Scale": 1.0, "Detail": 0.0}).outputs[0]
    gaps = shader.node("ShaderNodeTexWhiteNoise", {"Vector": _floored(shader, words)}, noise_dimensions="2D").outputs[
        "Value"
    ]
    stroke = shader.node("ShaderNodeMath", {0: strokes, 1: 0.47}, operation="GREATER_THAN").outputs[0]
    word = shader.node("ShaderNodeMath", {0: gaps, 1: 0.16}, operation="GREATER_THAN").outputs[0]
    tall = shader.node("ShaderNodeMath", {0: within, 1: 0.52}, operation="LESS_THAN").outputs[0]
    both = shader.node("ShaderNodeMath", {0: stroke, 1: word}, operation="MULTIPLY").outputs[0]
    printed = shader.node("ShaderNodeMath", {0: both, 1: tall}, operation="MULTIPLY").outputs[0]
    return shader.surface(shader.mix(printed, paper, ink), specular=0.0)


def _floored(shader: Shader, vector: object) -> object:
    return shader.node("ShaderNodeVectorMath", {0: vector}, operation="FLOOR").outputs[0]


class Shelving:
    """Fills shelves along one wall with books, cloth and print shared among them.

    origin: left end at the floor, metres; along: unit vector of the wall (x, y), books face to its right hand side.
    """

    def __init__(self, name: str, vary: Variation, rng: np.random.Generator) -> None:
        self._name, self._rng, self._count = name, rng, 0
        self._cloths = [cloth(f"{name}.cloth{i}", vary.colour(colour, hue=0.06)) for i, colour in enumerate(_CLOTHS)]
        self._gilt = [
            principled(f"{name}.gilt", (0.7, 0.48, 0.16), roughness=0.4, metallic=0.8),
            principled(f"{name}.cream", (0.72, 0.66, 0.52)),
            principled(f"{name}.ink", (0.03, 0.03, 0.04)),
        ]
        gilt, cream = (0.72, 0.52, 0.2), (0.7, 0.64, 0.5)
        grounds: tuple[tuple[Colour, Colour], ...] = (
            (gilt, (0.04, 0.025, 0.02)),
            (gilt, (0.22, 0.03, 0.025)),
            (gilt, (0.03, 0.09, 0.05)),
            (cream, (0.03, 0.05, 0.12)),
            ((0.06, 0.04, 0.04), (0.52, 0.44, 0.3)),
        )
        self._titles = [
            lettering(f"{name}.title{i}", ink, ground, line_m=0.016, per_m=170.0)
            for i, (ink, ground) in enumerate(grounds)
        ]
        self._pages = paper_edge(f"{name}.pages")

    def fill(self, start: Sequence[float], turn_rad: float, length_m: float, height_m: float) -> None:
        """Stand books side by side from ``start`` (x, y, z of the shelf's front edge, left end) over a length."""
        rng, x = self._rng, 0.0
        while x < length_m - 0.06:
            if rng.random() < 0.06 and length_m - x > 0.3:
                x += self._stack(start, turn_rad, x)
                continue
            if rng.random() < 0.05:
                x += float(rng.uniform(0.03, 0.09))
            run = int(rng.integers(1, 5))  # a few volumes of one edition
            thick, tall = float(rng.uniform(0.018, 0.055)), float(rng.uniform(0.6, 0.93)) * height_m
            depth, material = float(rng.uniform(0.13, 0.19)), int(rng.integers(len(self._cloths)))
            title, band = int(rng.integers(len(self._titles) + 2)), int(rng.integers(len(self._gilt)))
            for _ in range(run):
                if x + thick > length_m - 0.03:
                    return
                lean = float(rng.uniform(0.06, 0.16)) if rng.random() < 0.04 else 0.0
                self._volume(start, turn_rad, x, (thick, depth, tall), material, title, band, lean)
                x += thick + 0.001 + np.sin(lean) * tall
        return

    def _put(
        self,
        name: str,
        start: Sequence[float],
        turn: float,
        local: Sequence[float],
        size: Sequence[float],
        material: bpy.types.Material,
        *,
        bevel_m: float = 0.0,
        lean: float = 0.0,
    ) -> None:
        """Add a box given in the shelf's frame (along, into, up)."""
        c, s = np.cos(turn), np.sin(turn)
        place = (start[0] + c * local[0] - s * local[1], start[1] + s * local[0] + c * local[1], start[2] + local[2])
        box = add_box(name, place, size, material, turn_rad=turn, bevel_m=bevel_m)
        if lean:
            box.rotation_euler = (0.0, lean, turn)

    def _volume(
        self,
        start: Sequence[float],
        turn: float,
        x: float,
        size: tuple[float, float, float],
        material: int,
        title: int,
        band: int,
        lean: float,
    ) -> None:
        thick, depth, tall = size
        self._count += 1
        name = f"{self._name}.{self._count:04d}"
        inset = float(self._rng.uniform(0.004, 0.02))
        shift = 0.5 * np.sin(lean) * tall
        centre = (x + thick / 2 + shift, inset + depth / 2, tall / 2 * np.cos(lean) + 0.5 * thick * np.sin(lean))
        self._put(
            name,
            start,
            turn,
            centre,
            (thick, depth, tall),
            self._cloths[material],
            bevel_m=min(0.006, 0.3 * thick),
            lean=lean,
        )
        pages = (centre[0], centre[1] + 0.004, centre[2] + 0.0)
        self._put(
            f"{name}.pages", start, turn, pages, (thick * 0.8, depth - 0.012, tall + 0.0006), self._pages, lean=lean
        )
        if lean or title >= len(self._titles):
            return
        front = inset - 0.0004
        for share in (0.1, 0.86):
            self._put(
                f"{name}.band{share}",
                start,
                turn,
                (x + thick / 2, front, share * tall),
                (thick * 0.94, 0.0014, 0.004),
                self._gilt[band],
            )
        label = add_box(f"{name}.title", (0.0, 0.0, 0.0), (tall * 0.3, thick * 0.8, 0.0012), self._titles[title])
        c, s = np.cos(turn), np.sin(turn)
        local = (x + thick / 2, front, 0.58 * tall)
        label.location = (
            start[0] + c * local[0] - s * local[1],
            start[1] + s * local[0] + c * local[1],
            start[2] + local[2],
        )
        label.rotation_euler = (np.pi / 2, -np.pi / 2, turn)  # read from bottom to top, looking out of the shelf

    def _stack(self, start: Sequence[float], turn: float, x: float) -> float:
        """Lay a few books flat on one another; returns the length they take."""
        width, z = float(self._rng.uniform(0.19, 0.25)), 0.0
        for _ in range(int(self._rng.integers(2, 5))):
            thick = float(self._rng.uniform(0.02, 0.045))
            self._count += 1
            material = self._cloths[int(self._rng.integers(len(self._cloths)))]
            jog = float(self._rng.uniform(-0.01, 0.01))
            local = (x + width / 2 + jog, 0.02 + 0.075, z + thick / 2)
            self._put(
                f"{self._name}.{self._count:04d}",
                start,
                turn,
                local,
                (width - 0.02, 0.15, thick),
                material,
                bevel_m=0.003,
            )
            inner = (local[0] + 0.006, local[1], local[2])
            self._put(
                f"{self._name}.{self._count:04d}.pages",
                start,
                turn,
                inner,
                (width - 0.014, 0.143, thick * 0.74),
                self._pages,
            )
            z += thick
        return width + 0.01


def add_bookcase(
    name: str,
    start: Sequence[float],
    turn_rad: float,
    length_m: float,
    shelves: Sequence[float],
    wood: bpy.types.Material,
    *,
    bay_m: float = 0.9,
    depth_m: float = 0.24,
) -> None:
    """Add a bookcase's boards. start: its left front corner on the floor; shelves: heights of their upper faces."""
    c, s = np.cos(turn_rad), np.sin(turn_rad)

    def put(part: str, along: float, into: float, up: float, size: Sequence[float]) -> None:
        place = (start[0] + c * along - s * into, start[1] + s * along + c * into, start[2] + up)
        add_box(f"{name}.{part}", place, size, wood, turn_rad=turn_rad, bevel_m=0.003)

    top = shelves[-1]
    for height in shelves:
        put(f"shelf{height:.2f}", length_m / 2, depth_m / 2, height - 0.0125, (length_m, depth_m, 0.025))
    for number, along in enumerate(np.linspace(0.0, length_m, round(length_m / bay_m) + 1)):
        put(f"side{number}", float(along), depth_m / 2 - 0.006, top / 2, (0.03, depth_m + 0.012, top))
    put("back", length_m / 2, depth_m + 0.005, top / 2, (length_m, 0.01, top))
    put("cornice", length_m / 2, depth_m / 2 - 0.02, top + 0.03, (length_m + 0.06, depth_m + 0.06, 0.06))


def add_open_book(
    name: str,
    place: Sequence[float],
    turn_rad: float,
    *,
    tilt_rad: float = 0.0,
    width_m: float = 0.15,
    height_m: float = 0.22,
) -> None:
    """Add a printed book lying open. place: the middle of its gutter; tilt_rad: lifted at its far edge."""
    page = lettering(f"{name}.print", (0.05, 0.045, 0.05), (0.82, 0.77, 0.66), line_m=0.0082, per_m=420.0)
    blank = principled(f"{name}.paper", (0.82, 0.77, 0.66), roughness=0.8, specular=0.0)
    t = np.linspace(0.0, 1.0, 24)
    arch = 0.004 + 0.018 * np.sin(np.pi * np.minimum(1.0, t * 1.15) ** 0.6) * (1 - t) ** 0.6
    y = np.linspace(-height_m / 2, height_m / 2, 2)
    parts = []
    for side in (-1, 1):
        sheet = np.stack(np.broadcast_arrays((side * t * width_m)[:, None], y[None, :], arch[:, None]), axis=2)
        parts.append(add_grid(f"{name}.page{side}", sheet if side > 0 else sheet[::-1], blank, smooth=True))
        inner = (t > 0.14) & (t < 0.9)
        text = np.stack(
            np.broadcast_arrays((side * t[inner] * width_m)[:, None], y[None, :] * 0.82, arch[inner][:, None] + 0.0006),
            axis=2,
        )
        parts.append(add_grid(f"{name}.text{side}", text if side > 0 else text[::-1], page, smooth=True))
    parts.append(
        add_boxes(
            f"{name}.block",
            [((s * 0.5 * width_m, 0.0, 0.001), (width_m, height_m - 0.004, 0.005)) for s in (-1, 1)],
            blank,
        )
    )
    parts.append(
        add_boxes(
            f"{name}.cover",
            [((0.0, 0.0, -0.0035), (2 * width_m + 0.012, height_m + 0.012, 0.004))],
            cloth(f"{name}.cover", (0.25, 0.05, 0.04)),
        )
    )
    for part in parts:
        part.location, part.rotation_euler = (place[0], place[1], place[2] + 0.0055), (tilt_rad, 0.0, turn_rad)


def add_ladder(name: str, foot: ArrayLike3, top: ArrayLike3, width_m: float, wood: bpy.types.Material) -> None:
    """Add a ladder leaning from its foot's middle to its top's middle, metres."""
    start, end = np.asarray(foot, dtype=np.float64), np.asarray(top, dtype=np.float64)
    along = (end - start) / np.linalg.norm(end - start)
    across = np.cross(along, (0.0, 0.0, 1.0))
    across /= np.linalg.norm(across)
    for side in (-1, 1):
        offset = side * width_m / 2 * across
        add_tube(f"{name}.rail{side}", [start + offset, end + offset], 0.02, wood, sides=8)
    steps = int(np.linalg.norm(end - start) / 0.26)
    for step in range(1, steps + 1):
        point = start + along * 0.26 * step
        add_tube(
            f"{name}.rung{step}", [point - width_m / 2 * across, point + width_m / 2 * across], 0.014, wood, sides=8
        )


ArrayLike3 = Sequence[float] | NDArray[np.float64]


def add_globe(name: str, base: Sequence[float], radius_m: float, metal: bpy.types.Material) -> None:
    """Add a globe of the earth, lands on a pale sea, in a brass meridian on a turned foot."""
    shader = Shader(f"{name}.map")
    lands = shader.noise(shader.coordinates((1.0, 1.0, 0.8)), 0.85 / radius_m * 0.9, detail=5.0, roughness=0.6)
    sea, shore, land, high = (0.12, 0.26, 0.3), (0.5, 0.42, 0.22), (0.32, 0.33, 0.12), (0.42, 0.25, 0.1)
    paper = shader.ramp(lands, [(0.5, sea), (0.515, shore), (0.54, land), (0.66, high)])
    ball = shader.surface(paper, roughness=0.4)
    x, y, z = base
    centre = (x, y, z + 1.6 * radius_m)
    add_sphere(f"{name}.ball", centre, radius_m, ball, rings=32)
    angle = np.linspace(-0.15, np.pi + 0.15, 32) - np.pi / 2 + 0.4
    ring = np.stack(
        [x + 1.08 * radius_m * np.cos(angle), np.full(32, y), centre[2] + 1.08 * radius_m * np.sin(angle)], axis=1
    )
    add_tube(f"{name}.meridian", ring, 0.035 * radius_m, metal)
    foot = [
        (0.0, 0.0),
        (0.55, 0.0),
        (0.55, 0.06),
        (0.3, 0.12),
        (0.1, 0.2),
        (0.14, 0.3),
        (0.08, 0.42),
        (0.08, 0.55),
        (0.0, 0.55),
    ]
    add_revolved(f"{name}.foot", [(r * radius_m, h * radius_m) for r, h in foot], metal, base=base)
