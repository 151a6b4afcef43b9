"""Meshes from arrays: the few shapes that scenes are built of, made without operators (fast, and no hidden state)."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
import numpy as np
from numpy.typing import ArrayLike

_BOX_FACES = [[0, 1, 3, 2], [4, 6, 7, 5], [0, 4, 5, 1], [2, 3, 7, 6], [0, 2, 6, 4], [1, 5, 7, 3]]


def placed(place: Sequence[float], turn_rad: float, local: Sequence[float]) -> tuple[float, float, float]:
    """Return where a point of a thing lies that stands at ``place``, turned about the vertical; (x, y, z), metres."""
    c, s = np.cos(turn_rad), np.sin(turn_rad)
    return (
        float(place[0] + c * local[0] - s * local[1]),
        float(place[1] + s * local[0] + c * local[1]),
        float(place[2] + local[2]),
    )


def add_mesh(
    name: str,
    vertices: ArrayLike,
    faces: Sequence[Sequence[int]],
    material: bpy.types.Material | None = None,
    *,
    smooth: bool = False,
) -> bpy.types.Object:
    """Add a mesh object to the scene.

    vertices: (N, 3) world metres; faces: vertex indices per face, any number of corners; smooth: shade smoothly.
    Returns the object, at the origin.
    """
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(np.asarray(vertices, dtype=np.float64).tolist(), [], [list(face) for face in faces])
    mesh.update()
    if smooth:
        mesh.polygons.foreach_set("use_smooth", [True] * len(mesh.polygons))
    if material is not None:
        mesh.materials.append(material)
    scene_object = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(scene_object)
    return scene_object


def add_quads(
    name: str, vertices: ArrayLike, quads: ArrayLike, material: bpy.types.Material, *, smooth: bool = True
) -> bpy.types.Object:
    """Add a large mesh of quadrilaterals, fast. vertices: (N, 3) world metres; quads: (M, 4) vertex indices."""
    points = np.ascontiguousarray(vertices, dtype=np.float32)
    corners = np.ascontiguousarray(quads, dtype=np.int32)
    mesh = bpy.data.meshes.new(name)
    mesh.vertices.add(len(points))
    mesh.vertices.foreach_set("co", points.ravel())
    mesh.loops.add(corners.size)
    mesh.loops.foreach_set("vertex_index", corners.ravel())
    mesh.polygons.add(len(corners))
    mesh.polygons.foreach_set("loop_start", np.arange(0, corners.size, 4, dtype=np.int32))
    mesh.polygons.foreach_set("loop_total", np.full(len(corners), 4, dtype=np.int32))
    mesh.polygons.foreach_set("use_smooth", np.full(len(corners), smooth))
    mesh.update(calc_edges=True)
    mesh.materials.append(material)
    scene_object = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(scene_object)
    return scene_object


def add_quad(name: str, corners: ArrayLike, material: bpy.types.Material) -> bpy.types.Object:
    """Add one flat quadrilateral. corners: (4, 3) world metres, counter-clockwise seen from its front."""
    return add_mesh(name, corners, [[0, 1, 2, 3]], material)


def add_box(
    name: str,
    centre: Sequence[float],
    size: Sequence[float],
    material: bpy.types.Material,
    *,
    turn_rad: float = 0.0,
    bevel_m: float = 0.0,
) -> bpy.types.Object:
    """Add a box. centre, size: metres (x, y, z); turn_rad: rotation about the vertical; bevel_m: rounded edges."""
    signs = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=np.float64)
    vertices = signs * np.asarray(size, dtype=np.float64) / 2
    box = add_mesh(name, vertices, _BOX_FACES, material)
    box.location = centre
    box.rotation_euler = (0.0, 0.0, turn_rad)
    if bevel_m > 0:
        bevel = box.modifiers.new("bevel", "BEVEL")
        bevel.width = bevel_m
        bevel.segments = 3
    return box


def add_boxes(
    name: str, boxes: Sequence[tuple[Sequence[float], Sequence[float]]], material: bpy.types.Material
) -> bpy.types.Object:
    """Add many axis-parallel boxes as one object. boxes: (centre, size) of each, metres."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], dtype=np.float64) / 2
    vertices = np.concatenate([np.asarray(centre) + corners * np.asarray(size) for centre, size in boxes])
    faces = [[8 * index + corner for corner in face] for index in range(len(boxes)) for face in _BOX_FACES]
    return add_mesh(name, vertices, faces, material)


def add_revolved(
    name: str,
    profile: ArrayLike,
    material: bpy.types.Material,
    *,
    base: Sequence[float] = (0.0, 0.0, 0.0),
    segments: int = 48,
    smooth: bool = True,
) -> bpy.types.Object:
    """Add a surface of revolution about the vertical (a mug, a pot, a lamp).

    profile: (N, 2) radius and height above ``base``, metres, from bottom to top; a radius of 0 closes an end.
    """
    radius, height = np.asarray(profile, dtype=np.float64).T
    angle = np.linspace(0.0, 2 * np.pi, segments, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    vertices = np.concatenate(
        [
            np.concatenate([ring * r, np.full((segments, 1), h)], axis=1)
            for r, h in zip(np.maximum(radius, 1e-6), height, strict=True)
        ]
    )
    faces = [
        [k * segments + i, k * segments + (i + 1) % segments, (k + 1) * segments + (i + 1) % segments]
        + [(k + 1) * segments + i]
        for k in range(len(radius) - 1)
        for i in range(segments)
    ]
    revolved = add_mesh(name, vertices, faces, material, smooth=smooth)
    revolved.location = base
    return revolved


def add_tube(
    name: str,
    path: ArrayLike,
    radius_m: ArrayLike,
    material: bpy.types.Material,
    *,
    sides: int = 8,
    closed: bool = False,
) -> bpy.types.Object:
    """Add a round tube along a polyline (a wire, a stem, a railing).

    path: (N, 3) world metres; radius_m: one radius or one per point; closed: join the last point to the first.
    """
    points = np.asarray(path, dtype=np.float64)
    radii = np.broadcast_to(np.asarray(radius_m, dtype=np.float64), (len(points),))
    if closed:
        tangents = np.roll(points, -1, axis=0) - np.roll(points, 1, axis=0)
    else:
        tangents = np.gradient(points, axis=0)
    tangents /= np.linalg.norm(tangents, axis=1, keepdims=True)
    normal = np.cross(tangents[0], (0.0, 0.0, 1.0))
    if np.linalg.norm(normal) < 1e-6:
        normal = np.array([1.0, 0.0, 0.0])
    angle = np.linspace(0.0, 2 * np.pi, sides, endpoint=False)
    vertices = []
    for point, tangent, radius in zip(points, tangents, radii, strict=True):
        normal = normal - tangent * np.dot(normal, tangent)  # carried along, so that the tube does not twist
        normal /= np.linalg.norm(normal)
        binormal = np.cross(tangent, normal)
        vertices.append(point + radius * (np.cos(angle)[:, None] * normal + np.sin(angle)[:, None] * binormal))
    count = len(points)
    faces = [
        [(k % count) * sides + i, (k % count) * sides + (i + 1) % sides]
        + [((k + 1) % count) * sides + (i + 1) % sides, ((k + 1) % count) * sides + i]
        for k in range(count if closed else count - 1)
        for i in range(sides)
    ]
    if not closed:
        faces += [list(range(sides))[::-1], [(count - 1) * sides + i for i in range(sides)]]
    return add_mesh(name, np.concatenate(vertices), faces, material, smooth=True)


def add_sphere(
    name: str,
    centre: Sequence[float],
    radius_m: float,
    material: bpy.types.Material,
    *,
    stretch: Sequence[float] = (1.0, 1.0, 1.0),
    rings: int = 16,
) -> bpy.types.Object:
    """Add a smooth ball, or an ellipsoid. stretch: factors of the radius along x, y, z."""
    polar = np.linspace(-np.pi / 2, np.pi / 2, rings + 1)
    profile = np.stack([np.cos(polar), np.sin(polar)], axis=1) * radius_m
    ball = add_revolved(name, profile, material, base=centre, segments=2 * rings)
    ball.scale = stretch
    return ball


def add_grid(name: str, points: ArrayLike, material: bpy.types.Material, *, smooth: bool = False) -> bpy.types.Object:
    """Add a sheet of quadrilaterals. points: (rows, columns, 3) world metres."""
    sheet = np.asarray(points, dtype=np.float64)
    rows, columns = sheet.shape[:2]
    corner = np.arange(rows * columns).reshape(rows, columns)
    faces = np.stack([corner[:-1, :-1], corner[1:, :-1], corner[1:, 1:], corner[:-1, 1:]], axis=2).reshape(-1, 4)
    return add_mesh(name, sheet.reshape(-1, 3), faces.tolist(), material, smooth=smooth)
