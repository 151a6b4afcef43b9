"""The camera of a user's scene, replaced by one of ours that sees the same and obeys the same law.

The rule: the frame shows what Blender itself would show at ``width`` × ``height`` with square pixels. Blender fits the
sensor to one side of the frame (the width for HORIZONTAL, the height for VERTICAL, the longer one for AUTO) and lets
the other follow. Ours is always fitted to the width, so a sensor of ``s`` mm fitted to the height becomes one of
``s * width / height`` mm; ``f_px = lens_mm / sensor_width_mm * width`` then holds for every camera.

Lens shift is kept: the lens stays parallel to the sensor, so ``radius_px = K * |1/z - 1/z_f|`` with planar ``z`` is
exact with it too. Blender counts it in lengths of the fitted side, ours in widths.

A copy, not the user's own object: theirs may be linked from a library, animated or driven, and would be put back at
every render.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Vector
from numpy.typing import NDArray

from .camera import close_lens
from .errors import UserError

_PROJECTIONS = {"ORTHO": "orthographic", "PANO": "panoramic", "CUSTOM": "custom (OSL)"}
_AUTO_LENS_MM = 50.0
_AUTO_SENSOR_MM = 36.0
_AUTO_MARGIN = 1.08
_THREE_QUARTER = (1.0, -1.6, 0.9)  # from the middle of the scene towards the automatic camera


def choose_camera(scene: bpy.types.Scene, file: Path, name: str | None) -> bpy.types.Object | None:
    """Return the named camera, else the active one, else the only one; None when the scene has none at all.

    Raises UserError, which lists the cameras there are, when the name is not among them or none is chosen.
    """
    cameras = {item.name: item for item in scene.objects if item.type == "CAMERA"}
    there = ", ".join(sorted(cameras)) or "no camera"
    if name is not None:
        if name not in cameras:
            raise UserError(f"{file} has no camera {name!r}; it has {there}: choose one with --camera NAME")
        chosen = cameras[name]
    elif scene.camera is not None and scene.camera.type == "CAMERA":
        chosen = scene.camera
    elif len(cameras) > 1:
        raise UserError(f"{file} has no active camera; it has {there}: choose one with --camera NAME")
    else:
        chosen = next(iter(cameras.values()), None)
    if chosen is not None and chosen.data.type != "PERSP":
        kind = _PROJECTIONS.get(chosen.data.type, chosen.data.type.lower())
        others = ", ".join(sorted(key for key, item in cameras.items() if item.data.type == "PERSP"))
        remedy = f"choose another with --camera NAME ({others})" if others else "set its type to Perspective"
        raise UserError(
            f"{file}: the camera {chosen.name!r} is {kind}; expected a perspective camera, the only kind whose blur "
            f"follows from depth: {remedy}"
        )
    return chosen


def fitted_to_width(
    fit: str, sensor_width_mm: float, sensor_height_mm: float, shift: tuple[float, float], width: int, height: int
) -> tuple[float, tuple[float, float]]:
    """Return the sensor width in mm and the shift (in widths) of the equal camera with sensor_fit HORIZONTAL."""
    if fit == "HORIZONTAL" or (fit == "AUTO" and width >= height):
        return sensor_width_mm, shift
    sensor = sensor_height_mm if fit == "VERTICAL" else sensor_width_mm  # AUTO looks at the width's number only
    return sensor * width / height, (shift[0] * height / width, shift[1] * height / width)


def replace_camera(scene: bpy.types.Scene, camera: bpy.types.Object, width: int, height: int) -> bpy.types.Object:
    """Make our copy of ``camera`` as it stands at the current frame the scene's camera, its lens closed."""
    scene.camera = camera  # so that it is evaluated even where it is hidden
    bpy.context.view_layer.update()
    seen = camera.evaluated_get(bpy.context.evaluated_depsgraph_get())
    lens = seen.data
    sensor, shift = fitted_to_width(
        lens.sensor_fit, lens.sensor_width, lens.sensor_height, (lens.shift_x, lens.shift_y), width, height
    )
    ours = _add(scene, seen.matrix_world.normalized(), lens.lens, sensor, (lens.clip_start, lens.clip_end))
    ours.data.shift_x, ours.data.shift_y = shift
    return ours


def add_three_quarter_camera(scene: bpy.types.Scene, file: Path, width: int, height: int) -> bpy.types.Object:
    """Add a camera that sees all there is, from above and from the side (50 mm on 36 mm), as near as it can stand."""
    corners = _corners_of_all()
    if not len(corners):
        raise UserError(f"{file} holds nothing to render; expected at least one mesh, curve or text")
    middle = (corners.min(axis=0) + corners.max(axis=0)) / 2
    turned = Vector(_THREE_QUARTER).to_track_quat("Z", "Y").to_matrix()
    right, up, towards = (np.array(axis) for axis in turned.col)
    seen = corners - middle
    half_width = _AUTO_SENSOR_MM / _AUTO_LENS_MM / 2 / _AUTO_MARGIN
    needed = np.maximum(np.abs(seen @ right), np.abs(seen @ up) * width / height) / half_width + seen @ towards
    distance = max(float(needed.max()), 1e-6)
    matrix = Matrix.Translation(Vector(middle + distance * towards)) @ turned.to_4x4()
    return _add(scene, matrix, _AUTO_LENS_MM, _AUTO_SENSOR_MM, (distance * 1e-3, distance * 1e3))


def _add(
    scene: bpy.types.Scene, matrix: Matrix, lens_mm: float, sensor_mm: float, clip: Sequence[float]
) -> bpy.types.Object:
    data = bpy.data.cameras.new("bokehbench")
    data.sensor_fit = "HORIZONTAL"
    data.lens, data.sensor_width = lens_mm, sensor_mm
    data.clip_start, data.clip_end = clip
    camera = bpy.data.objects.new("bokehbench", data)
    camera.matrix_world = matrix
    scene.collection.objects.link(camera)
    scene.camera = camera
    close_lens(camera)
    return camera


def _corners_of_all() -> NDArray[Any]:
    """Return the world corners (N, 3) of the bounding boxes of everything that will be rendered."""
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    corners = []
    for instance in graph.object_instances:
        shown = instance.object
        if shown.type in {"MESH", "CURVE", "SURFACE", "FONT", "META", "CURVES", "VOLUME"} and not shown.hide_render:
            corners += [instance.matrix_world @ Vector(corner) for corner in shown.bound_box]
    return np.array(corners, dtype=np.float64).reshape(-1, 3)
