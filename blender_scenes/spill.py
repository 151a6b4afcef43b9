"""Light pools without noise: what emitters that only the camera sees would shed around them, baked into the meshes.

Each glow is a point whose light is summed per face corner by numpy, stored as a colour attribute, and given off again
by the surface as emission times its own colour. There are no shadows; skylight and area lamps add those.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import bpy
import numpy as np
from numpy.typing import NDArray

from . import versions
from .materials import Colour

_ATTRIBUTE = "spill"
_FAINTEST = 0.004  # what a glow adds below this (1 = display white on a white wall) is left out
_SOFTENING_M2 = 0.15  # keeps what touches an emitter from burning out

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Glow:
    """A source of spill. place: metres; light: linear RGB that a white wall 1 m before it would show;
    facing: the way it shines (a shop window), or None for all ways (a globe).
    """

    place: tuple[float, float, float]
    light: Colour
    facing: tuple[float, float, float] | None = None


def spill_at(points: Array, normals: Array, glows: Sequence[Glow], *, thin: bool = False) -> Array:
    """Return the light (N, 3), linear RGB, that glows shed on points (N, 3) in metres with unit normals (N, 3).

    thin: cloth or leaves, lit through from behind as well.
    """
    total = np.zeros_like(points)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    reach = float(np.linalg.norm(points.max(axis=0) - middle))
    for glow in glows:
        nearest = max(0.0, float(np.linalg.norm(middle - glow.place)) - reach)
        if max(glow.light) / (nearest**2 + _SOFTENING_M2) < _FAINTEST:
            continue
        towards = np.asarray(glow.place) - points
        distance = np.linalg.norm(towards, axis=1) + 1e-9
        cosine = np.einsum("ij,ij->i", towards, normals) / distance
        share = (np.abs(cosine) if thin else np.maximum(cosine, 0.0)) / (distance**2 + _SOFTENING_M2)
        if glow.facing is not None:
            share = share * np.maximum(-(towards @ np.asarray(glow.facing)) / distance, 0.0)
        total += share[:, None] * np.asarray(glow.light)
    return total


def shed(glows: Sequence[Glow]) -> None:
    """Bake the glows into every mesh that diffuse rays can see and let their materials show it. Call it last."""
    bpy.context.view_layer.update()
    materials: dict[str, bpy.types.Material] = {}
    for scene_object in bpy.context.scene.objects:
        if scene_object.type == "MESH" and scene_object.visible_diffuse:
            _bake(scene_object, glows)
            materials.update({material.name: material for material in scene_object.data.materials})
    for name in sorted(materials):
        _show(materials[name])


def _bake(scene_object: bpy.types.Object, glows: Sequence[Glow]) -> None:
    mesh = scene_object.data
    count, faces = len(mesh.loops), len(mesh.polygons)
    positions, normals = np.empty(len(mesh.vertices) * 3), np.empty(faces * 3)
    corners, corners_of_face = np.empty(count, dtype=np.int64), np.empty(faces, dtype=np.int64)
    mesh.vertices.foreach_get("co", positions)
    mesh.polygons.foreach_get("normal", normals)
    mesh.loops.foreach_get("vertex_index", corners)
    mesh.polygons.foreach_get("loop_total", corners_of_face)
    matrix = np.array(scene_object.matrix_world, dtype=np.float64)
    world = positions.reshape(-1, 3) @ matrix[:3, :3].T + matrix[:3, 3]
    facing = normals.reshape(-1, 3) @ np.linalg.inv(matrix[:3, :3])
    facing /= np.linalg.norm(facing, axis=1, keepdims=True) + 1e-12
    is_open = count < 2 * len(mesh.edges)  # a closed mesh has two faces at each edge; an open one is a sheet
    light = spill_at(world[corners], np.repeat(facing, corners_of_face, axis=0), glows, thin=is_open)
    attribute = mesh.attributes.new(_ATTRIBUTE, "FLOAT_COLOR", "CORNER")
    attribute.data.foreach_set("color", np.concatenate([light, np.ones((count, 1))], axis=1).ravel())


def _show(material: bpy.types.Material) -> None:
    """Make a surface give off the light baked into it, in its own colour."""
    nodes, links = material.node_tree.nodes, material.node_tree.links
    surface = next((node for node in nodes if node.type in {"BSDF_PRINCIPLED", "BSDF_DIFFUSE"}), None)
    if surface is None:
        return
    colour = surface.inputs[0]
    spill = nodes.new("ShaderNodeAttribute")
    spill.attribute_name = _ATTRIBUTE
    product = nodes.new("ShaderNodeVectorMath")
    product.operation = "MULTIPLY"
    links.new(spill.outputs["Color"], product.inputs[0])
    if colour.is_linked:
        links.new(colour.links[0].from_socket, product.inputs[1])
    else:
        product.inputs[1].default_value = tuple(colour.default_value)[:3]
    if surface.type == "BSDF_PRINCIPLED":
        links.new(product.outputs[0], versions.socket_named(surface.inputs, "Emission Color"))
        surface.inputs["Emission Strength"].default_value = 1.0
    else:
        glow, both = nodes.new("ShaderNodeEmission"), nodes.new("ShaderNodeAddShader")
        links.new(product.outputs[0], glow.inputs["Color"])
        output = next(node for node in nodes if node.type == "OUTPUT_MATERIAL")
        links.new(surface.outputs[0], both.inputs[0])
        links.new(glow.outputs[0], both.inputs[1])
        links.new(both.outputs[0], output.inputs["Surface"])
    versions.stop_sampling_as_lamp(material)
