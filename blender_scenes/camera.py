"""The camera: a pinhole or a thin lens without focus breathing, always looking along its own -Z.

With ``sensor_fit = HORIZONTAL`` and square pixels Cycles obeys, exactly,
``radius_px = K * |1/z - 1/focus_distance|`` with ``K = f_px * lens_radius_m``,
``f_px = lens_mm / sensor_width_mm * width_px`` and ``lens_radius_m = lens_mm * 1e-3 / (2 * fstop)``.
The formulas themselves live in ``bokeh_render.optics``; here the camera is only told what to be.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import bpy
from mathutils import Vector

CLIP_END_M = 10_000.0
_POINT_SAMPLES = 0.01  # px; the narrowest pixel filter Cycles takes: every sample lies at its pixel's centre


def add_camera(
    location: Sequence[float],
    look_at: Sequence[float],
    *,
    lens_mm: float = 50.0,
    sensor_width_mm: float = 36.0,
) -> bpy.types.Object:
    """Add the scene's camera, upright, and make it the active one.

    location, look_at: world position and the point in the middle of the frame, metres (x, y, z), z up.
    lens_mm, sensor_width_mm: focal length and sensor width, millimetres.
    Returns the camera object. The lens starts closed (pinhole).
    """
    data = bpy.data.cameras.new("camera")
    data.lens = lens_mm
    data.sensor_width = sensor_width_mm
    data.sensor_fit = "HORIZONTAL"
    data.clip_start = 0.01
    data.clip_end = CLIP_END_M
    camera = bpy.data.objects.new("camera", data)
    camera.location = location
    direction = Vector(look_at) - Vector(location)
    camera.rotation_euler = direction.to_track_quat("-Z", "Y").to_euler()
    scene = bpy.context.scene
    scene.collection.objects.link(camera)
    scene.camera = camera
    close_lens(camera)
    return camera


def open_lens(
    camera: bpy.types.Object,
    *,
    fstop: float,
    focus_distance_m: float,
    blades: int = 0,
    rotation_rad: float = 0.0,
    ratio: float = 1.0,
) -> None:
    """Give the camera a lens of diameter ``lens_mm / fstop`` focused at a planar distance.

    focus_distance_m: along the optical axis, metres; blades: 0 for a disc, 3 or more for a regular polygon
    inscribed in it; rotation_rad: its rotation, counter-clockwise as seen in background blur; ratio: the opening's
    height divided by its width (above 1: narrowed horizontally).
    """
    dof = camera.data.dof
    dof.use_dof = True
    dof.focus_object = None
    dof.focus_distance = focus_distance_m
    dof.aperture_fstop = fstop
    dof.aperture_blades = blades
    dof.aperture_rotation = rotation_rad
    dof.aperture_ratio = ratio


def close_lens(camera: bpy.types.Object) -> None:
    """Turn the camera into a pinhole: everything sharp, depth exact."""
    camera.data.dof.use_dof = False


@contextmanager
def pinhole_view(
    scene: bpy.types.Scene,
    camera: bpy.types.Object,
    *,
    right_m: float,
    up_m: float,
    shift_right_px: float,
    shift_up_px: float,
    margin_px: int,
) -> Iterator[None]:
    """Move the pinhole along the camera's own axes for one render of point samples, then put everything back.

    right_m, up_m: how far from the lens centre; shift_right_px, shift_up_px: how far the image window is shifted, in
    pixels of the frame; margin_px: added on all four sides. Every pixel is sampled at its centre (no pixel filter).
    """
    render, data, cycles = scene.render, camera.data, scene.cycles
    place, sensor, shift = camera.location.copy(), data.sensor_width, (data.shift_x, data.shift_y)
    width, height, filter_width = render.resolution_x, render.resolution_y, cycles.filter_width
    wide = width + 2 * margin_px
    close_lens(camera)
    axes = camera.matrix_world.to_3x3().normalized()
    camera.location = place + axes @ Vector((right_m, up_m, 0.0))
    render.resolution_x, render.resolution_y = wide, height + 2 * margin_px
    data.sensor_width = sensor * wide / width
    # Blender counts both shifts in widths of the rendered window
    data.shift_x = (shift[0] * width + shift_right_px) / wide
    data.shift_y = (shift[1] * width + shift_up_px) / wide
    cycles.filter_width = _POINT_SAMPLES
    try:
        yield
    finally:
        camera.location = place
        data.sensor_width = sensor
        data.shift_x, data.shift_y = shift
        render.resolution_x, render.resolution_y = width, height
        cycles.filter_width = filter_width
