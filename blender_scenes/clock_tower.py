"""The clock tower at the end of the street: quoins, string courses, louvres, a lit clock and a gate to walk through."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np

from .lights import show_to_camera_only
from .materials import emission, plaster, principled
from .mesh import add_box, add_boxes, add_mesh, add_revolved

Box = tuple[tuple[float, float, float], tuple[float, float, float]]

_WIDTH, _HEIGHT = 7.0, 22.0


def add_clock_tower(foot: Sequence[float], slate: bpy.types.Material) -> None:
    """Add the tower with its front, 7 m wide, facing -Y. foot: the middle of the front's foot, metres."""
    x, y, z = foot
    stone = plaster("tower.stone", (0.5, 0.43, 0.36), scale=1.4)
    pale = principled("tower.pale", (0.56, 0.51, 0.45), specular=0.0)
    dark = principled("tower.dark", (0.03, 0.03, 0.04), specular=0.0)
    add_box("tower", (x, y + _WIDTH / 2, z + _HEIGHT / 2), (_WIDTH, _WIDTH, _HEIGHT), stone)
    add_boxes("tower.pale", [*_courses(x, y, z), *_quoins(x, y, z)], pale)
    spire = add_revolved(
        "tower.spire",
        [(5.2, 0.0), (3.2, 2.4), (0.0, 12.5)],
        slate,
        base=(x, y + 3.5, z + 22.6),
        segments=4,
        smooth=False,
    )
    spire.rotation_euler = (0.0, 0.0, np.pi / 4)
    _openings(x, y, z, dark, pale)
    _clock(x, y, z + 18.0, slate, pale)


def _courses(x: float, y: float, z: float) -> list[Box]:
    """Return the bands that run across the front and the cornice on top."""
    bands: list[Box] = [((x, y - 0.05, z + h), (_WIDTH + 0.3, 0.3, 0.35)) for h in (6.6, 11.2, 15.2)]
    bands.append(((x, y + 3.3, z + _HEIGHT), (_WIDTH + 0.9, _WIDTH + 0.9, 0.5)))
    bands.append(((x, y + 3.3, z + _HEIGHT + 0.45), (_WIDTH + 1.4, _WIDTH + 1.4, 0.4)))
    return bands


def _quoins(x: float, y: float, z: float) -> list[Box]:
    """Return the corner stones, long and short in turn."""
    stones: list[Box] = []
    for index, h in enumerate(np.arange(0.45, 21.5, 0.9)):
        wide = 1.0 if index % 2 else 0.6
        across = _WIDTH / 2 - wide / 2 + 0.06
        stones += [((x + side * across, y, z + float(h)), (wide, 0.16, 0.8)) for side in (-1, 1)]
    return stones


def _openings(x: float, y: float, z: float, dark: bpy.types.Material, pale: bpy.types.Material) -> None:
    """Add a lit gate and two storeys of pointed windows, the upper one louvred."""
    room = emission("tower.room", (1.0, 0.5, 0.16), 1.6)
    gate = _arch(x, y - 0.02, z, 2.9, 3.4)
    show_to_camera_only(
        add_mesh("tower.gate", gate, [list(range(len(gate)))], emission("tower.gate", (1.0, 0.42, 0.13), 0.8))
    )
    for name, sill, glow in (("lower", 8.0, room), ("upper", 12.2, None)):
        for side in (-1.25, 1.25):
            pane = _arch(x + side, y - 0.03, z + sill, 0.95, 1.5)
            window = add_mesh(f"tower.{name}{side}", pane, [list(range(len(pane)))], glow or dark)
            if glow is not None:
                show_to_camera_only(window)
            louvres: list[Box] = [((x + side, y - 0.08, z + sill - 0.1), (1.3, 0.3, 0.18))]
            if glow is None:
                louvres += [((x + side, y - 0.07, z + sill + 0.3 * k), (0.95, 0.08, 0.09)) for k in range(1, 6)]
            else:
                louvres.append(((x + side, y - 0.07, z + sill + 0.95), (0.09, 0.06, 1.9)))
            add_boxes(f"tower.louvres.{name}{side}", louvres, pale)


def _arch(
    x: float, y: float, z: float, wide: float, straight: float
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Return the outline (N, 3) of an opening with a round head, in the plane ``y``, metres."""
    angle = np.linspace(0.0, np.pi, 16)
    head = np.stack([x + wide / 2 * np.cos(angle), np.full(16, y), z + straight + wide / 2 * np.sin(angle)], axis=1)
    return np.concatenate([[[x - wide / 2, y, z], [x + wide / 2, y, z]], head])


def _clock(x: float, y: float, z: float, slate: bpy.types.Material, pale: bpy.types.Material) -> None:
    """Add a lit dial with hour marks in a stone ring, at ten past ten."""
    surround = add_revolved("clock.ring", [(2.0, 0.0), (2.0, 0.3), (2.4, 0.3), (2.4, 0.0)], pale, base=(x, y, z))
    face = add_revolved(
        "clock.face", [(0.0, 0.12), (2.0, 0.12)], emission("clock", (1.0, 0.68, 0.34), 1.9), base=(x, y, z)
    )
    for part in (surround, face):
        part.rotation_euler = (np.pi / 2, 0.0, 0.0)
    show_to_camera_only(face)
    for hour in range(12):
        angle = hour * np.pi / 6
        length = 0.5 if hour % 3 == 0 else 0.3
        middle = 1.85 - length / 2
        mark = add_box(
            f"clock.mark{hour:02d}",
            (x + middle * np.sin(angle), y - 0.16, z + middle * np.cos(angle)),
            (0.16, 0.04, length),
            slate,
        )
        mark.rotation_euler = (0.0, angle, 0.0)
    for name, length, angle, wide in (("minute", 1.55, np.pi / 3, 0.2), ("hour", 1.0, -np.pi * 55 / 180, 0.27)):
        hand = add_box(
            f"clock.{name}",
            (x + length / 2 * np.sin(angle), y - 0.2, z + length / 2 * np.cos(angle)),
            (wide, 0.05, length),
            slate,
        )
        hand.rotation_euler = (0.0, angle, 0.0)
