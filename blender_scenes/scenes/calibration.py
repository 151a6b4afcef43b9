"""A calibration target: one small emissive disc facing the camera before a black wall.

Tests: the camera law (radius of the disc's blur) and planar depth. The camera sits at the origin and looks along +Y,
so a world ``y`` is a planar depth.
"""

from __future__ import annotations

from typing import Any

import bpy
import numpy as np

from ..camera import add_camera
from ..materials import emission, principled
from ..mesh import add_mesh


def build(rng: np.random.Generator, parameters: dict[str, Any]) -> bpy.types.Object:
    """Build the target and return the camera.

    parameters: ``lens_mm``, ``sensor_width_mm`` (millimetres), ``emitter_distance_m``, ``emitter_radius_m``,
    ``emitter_offset_m`` (right, up; metres), ``emitter_strength`` (radiance), ``wall_distance_m``; all optional.
    The random generator is not used.
    """
    del rng
    distance = float(parameters.get("emitter_distance_m", 8.0))
    radius = float(parameters.get("emitter_radius_m", 0.01))
    right, up = parameters.get("emitter_offset_m", (0.0, 0.0))
    wall = float(parameters.get("wall_distance_m", 100.0))

    angles = np.linspace(0.0, 2 * np.pi, 64, endpoint=False)
    rim = np.stack([right + radius * np.cos(angles), np.full(64, distance), up + radius * np.sin(angles)], axis=1)
    light = emission("emitter", (1.0, 1.0, 1.0), float(parameters.get("emitter_strength", 100.0)))
    add_mesh("emitter", rim, [list(range(64))], light)

    half = wall * 5.0
    corners = np.array([[-half, wall, -half], [half, wall, -half], [half, wall, half], [-half, wall, half]])
    add_mesh("wall", corners, [[0, 1, 2, 3]], principled("black", (0.0, 0.0, 0.0), roughness=1.0, specular=0.0))
    return add_camera(
        (0.0, 0.0, 0.0),
        (0.0, 1.0, 0.0),
        lens_mm=float(parameters.get("lens_mm", 50.0)),
        sensor_width_mm=float(parameters.get("sensor_width_mm", 36.0)),
    )
