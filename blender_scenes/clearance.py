"""Whether the camera stands free: not inside any closed body, and how near the nearest surface is."""

from __future__ import annotations

import bpy
import numpy as np
from mathutils import Vector


def enclosing_body(scene: bpy.types.Scene, camera: bpy.types.Object) -> str | None:
    """Return the name of a closed mesh that the camera is inside of, or None.

    A mesh is closed when each of its edges joins exactly two faces; the camera is inside when the nearest point of its
    surface faces away from it. Sheets (walls, grass, leaves) have no inside.
    """
    graph = bpy.context.evaluated_depsgraph_get()
    for body in scene.objects:
        if body.type != "MESH" or body.hide_render:
            continue
        evaluated = body.evaluated_get(graph)
        place = evaluated.matrix_world.inverted_safe() @ camera.matrix_world.translation
        corners = np.array(evaluated.bound_box)
        if (np.array(place) < corners.min(axis=0)).any() or (np.array(place) > corners.max(axis=0)).any():
            continue
        if not _is_closed(evaluated.data):
            continue
        found, surface, normal, _ = evaluated.closest_point_on_mesh(Vector(place))
        if found and (surface - Vector(place)).dot(normal) > 0:
            return str(body.name)
    return None


def _is_closed(mesh: bpy.types.Mesh) -> bool:
    """Return whether every edge of a mesh joins two faces."""
    edges = np.empty(len(mesh.loops), dtype=np.int32)
    mesh.loops.foreach_get("edge_index", edges)
    if len(edges) == 0:
        return False
    return bool((np.bincount(edges, minlength=len(mesh.edges)) == 2).all())
