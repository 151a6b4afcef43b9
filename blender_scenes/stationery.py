"""Books, pencils and a spiral notebook."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np
from numpy.typing import ArrayLike

from .materials import Colour, Shader, cloth, principled, stripes
from .mesh import add_box, add_tube

_BOARD_M = 0.003


def paper_edge(name: str) -> bpy.types.Material:
    """Return the edge of a block of pages."""
    return stripes(name, (0.86, 0.8, 0.66), (0.62, 0.54, 0.4), per_m=420.0, soft=0.3)


def _ruled_paper(name: str) -> bpy.types.Material:
    """Return paper with a thin blue line every 8 mm, running along X."""
    shader = Shader(name)
    across = shader.node("ShaderNodeSeparateXYZ", {0: shader.coordinates((1.0, 125.0, 1.0))}).outputs["Y"]
    phase = shader.node("ShaderNodeMath", {0: across, 1: 1.0, 2: 0.0}, operation="WRAP").outputs[0]
    line, paper = (0.22, 0.34, 0.6), (0.8, 0.77, 0.68)
    return shader.surface(shader.ramp(phase, [(0.0, line), (0.13, line), (0.17, paper)]), specular=0.0)


def add_book(
    name: str,
    centre: Sequence[float],
    size: Sequence[float],
    cover: bpy.types.Material,
    pages: bpy.types.Material,
    *,
    turn_rad: float = 0.0,
    label: bpy.types.Material | None = None,
) -> None:
    """Add a closed book lying flat, its spine towards -Y before it is turned.

    centre: of the whole book; size: along the spine, across it, thickness; metres. label: a band on the spine.
    """
    length, depth, thick = size
    parts = [
        ("below", (0.0, 0.0, -(thick - _BOARD_M) / 2), (length, depth, _BOARD_M), cover, 0.0008),
        ("above", (0.0, 0.0, (thick - _BOARD_M) / 2), (length, depth, _BOARD_M), cover, 0.0008),
        ("spine", (0.0, -(depth - _BOARD_M) / 2, 0.0), (length, _BOARD_M, thick), cover, 0.0008),
        ("pages", (0.0, 0.004, 0.0), (length - 0.008, depth - 0.012, thick - 2 * _BOARD_M), pages, 0.0),
    ]
    if label is not None:
        outside = -(depth / 2 + 0.0004)
        parts.append(("label", (length * 0.02, outside, 0.0), (length * 0.42, 0.0012, thick * 0.5), label, 0.0))
        rule = (0.004, 0.0012, thick * 0.9)
        parts += [(f"rule{side}", (side * length * 0.38, outside, 0.0), rule, label, 0.0) for side in (-1, 1)]
    cosine, sine = np.cos(turn_rad), np.sin(turn_rad)
    for part, (x, y, z), box, material, bevel in parts:
        place = (centre[0] + cosine * x - sine * y, centre[1] + sine * x + cosine * y, centre[2] + z)
        add_box(f"{name}.{part}", place, box, material, turn_rad=turn_rad, bevel_m=bevel)


def add_pencil(name: str, foot: ArrayLike, tip: ArrayLike, paint: bpy.types.Material) -> None:
    """Add a sharpened pencil from its foot to its tip, metres, with bare wood and a lead."""
    start, end = np.asarray(foot, dtype=np.float64), np.asarray(tip, dtype=np.float64)
    along = (end - start) / np.linalg.norm(end - start)
    bare = principled(f"{name}.wood", (0.72, 0.5, 0.28))
    lead = principled(f"{name}.lead", (0.04, 0.04, 0.045), roughness=0.4)
    add_tube(f"{name}.body", [start, end - 0.022 * along], 0.0038, paint, sides=6)
    add_tube(f"{name}.cone", [end - 0.022 * along, end - 0.006 * along], [0.0038, 0.0013], bare, sides=12)
    add_tube(f"{name}.point", [end - 0.006 * along, end], [0.0013, 0.0003], lead, sides=8)


def add_brush(name: str, foot: ArrayLike, tip: ArrayLike, handle: Colour) -> None:
    """Add a paint brush from its foot to the end of its hairs, metres."""
    start, end = np.asarray(foot, dtype=np.float64), np.asarray(tip, dtype=np.float64)
    along = (end - start) / np.linalg.norm(end - start)
    metal = principled(f"{name}.ferrule", (0.42, 0.4, 0.36), roughness=0.55, specular=0.2)
    hair = principled(f"{name}.hair", (0.2, 0.11, 0.05), roughness=0.8)
    wood = principled(f"{name}.handle", handle, roughness=0.35)
    add_tube(f"{name}.stick", [start, end - 0.06 * along], [0.0022, 0.0042], wood, sides=12)
    add_tube(f"{name}.collar", [end - 0.06 * along, end - 0.032 * along], [0.0042, 0.005], metal, sides=12)
    bristles = [end - d * along for d in (0.032, 0.022, 0.01, 0.0)]
    add_tube(f"{name}.bristles", bristles, [0.005, 0.0062, 0.0042, 0.0004], hair, sides=12)


def add_notebook(name: str, centre: Sequence[float], size: Sequence[float], *, turn_rad: float) -> None:
    """Add an open spiral notebook lying flat, the spiral along its far edge. size: width, depth, thickness; metres."""
    width, depth, thick = size
    ruled = _ruled_paper(f"{name}.ruled")
    board = cloth(f"{name}.board", (0.5, 0.12, 0.07))
    wire = principled(f"{name}.wire", (0.16, 0.16, 0.155), roughness=0.55, specular=0.2)
    add_box(f"{name}.cover", (centre[0], centre[1], centre[2] + 0.001), (width, depth, 0.002), board, turn_rad=turn_rad)
    sheets = (centre[0], centre[1], centre[2] + 0.002 + thick / 2)
    add_box(f"{name}.sheets", sheets, (width - 0.006, depth - 0.006, thick), ruled, turn_rad=turn_rad, bevel_m=0.001)
    cosine, sine = np.cos(turn_rad), np.sin(turn_rad)
    angle = np.linspace(0, 2 * np.pi, 14, endpoint=False)
    radius = thick * 0.5 + 0.005
    for index, x in enumerate(np.linspace(-width / 2 + 0.012, width / 2 - 0.012, int(width / 0.011))):
        y = depth / 2 - 0.006 + radius * np.cos(angle)
        z = centre[2] + 0.002 + thick / 2 + radius * np.sin(angle)
        ring = np.stack([centre[0] + cosine * x - sine * y, centre[1] + sine * x + cosine * y, z], axis=1)
        add_tube(f"{name}.ring{index:02d}", ring, 0.0009, wire, sides=6, closed=True)
