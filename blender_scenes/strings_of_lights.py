"""Bulbs on a sagging cable."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .lights import show_to_camera_only
from .materials import Colour, emission
from .mesh import add_sphere, add_tube


def sagging(start: ArrayLike, end: ArrayLike, sag_m: float, points: int = 32) -> NDArray[np.float64]:
    """Return a cable's path, (points, 3) metres: straight from start to end but for a parabola's sag."""
    t = np.linspace(0.0, 1.0, points)[:, None]
    line = np.asarray(start, dtype=np.float64) * (1 - t) + np.asarray(end, dtype=np.float64) * t
    path: NDArray[np.float64] = line - np.array([0.0, 0.0, 4.0 * sag_m]) * t * (1 - t)
    return path


def add_string(
    name: str,
    path: NDArray[np.float64],
    rng: np.random.Generator,
    cable: bpy.types.Material,
    *,
    bulbs: int,
    radius_m: float,
    colours: Sequence[Colour],
    strength: float,
    drop_m: float = 0.0,
    cable_radius_m: float = 0.0012,
) -> None:
    """Add a cable along a path (N, 3) with bulbs that only the camera sees, hanging ``drop_m`` below it."""
    add_tube(f"{name}.cable", path, cable_radius_m, cable, sides=6)
    glows = [emission(f"{name}.glow{index}", colour, strength) for index, colour in enumerate(colours)]
    for index, t in enumerate((np.arange(bulbs) + 0.5) / bulbs * (len(path) - 1)):
        k = min(int(t), len(path) - 2)
        hook = path[k] + (t - k) * (path[k + 1] - path[k])
        centre = hook - [0.0, 0.0, drop_m + radius_m]
        if drop_m > 0:
            add_tube(f"{name}.socket{index:02d}", [hook, centre + [0, 0, 0.6 * radius_m]], radius_m * 0.42, cable)
        glow = glows[int(rng.integers(len(glows)))]
        ball = add_sphere(f"{name}.bulb{index:02d}", centre, radius_m, glow, stretch=(1.0, 1.0, 1.15), rings=10)
        show_to_camera_only(ball)
