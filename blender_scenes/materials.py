"""Materials as shader nodes: nothing is downloaded, every texture is procedural."""

from __future__ import annotations

import bpy

Colour = tuple[float, float, float]


def principled(
    name: str, colour: Colour, *, roughness: float = 0.6, metallic: float = 0.0, specular: float = 0.5
) -> bpy.types.Material:
    """Return a plain surface. colour: linear RGB reflectance in [0, 1]."""
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    shader = material.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*colour, 1.0)
    shader.inputs["Roughness"].default_value = roughness
    shader.inputs["Metallic"].default_value = metallic
    shader.inputs["Specular IOR Level"].default_value = specular
    return material


def emission(name: str, colour: Colour, strength: float, *, lights_scene: bool = False) -> bpy.types.Material:
    """Return a glowing surface. colour: linear RGB; strength: radiance factor (1 = display white).

    lights_scene: sample it as a light source. Off for small bright emitters, whose light would only be noise;
    such objects should also be hidden from indirect rays (see :func:`blender_scenes.lights.show_to_camera_only`).
    """
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    nodes, links = material.node_tree.nodes, material.node_tree.links
    nodes.clear()
    glow = nodes.new("ShaderNodeEmission")
    glow.inputs["Color"].default_value = (*colour, 1.0)
    glow.inputs["Strength"].default_value = strength
    output = nodes.new("ShaderNodeOutputMaterial")
    links.new(glow.outputs["Emission"], output.inputs["Surface"])
    material.cycles.emission_sampling = "AUTO" if lights_scene else "NONE"
    return material
