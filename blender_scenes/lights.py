"""Light without noise: soft sources that Cycles samples well, and small emitters that only the camera sees."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
from mathutils import Vector

from .materials import Colour


def show_to_camera_only(scene_object: bpy.types.Object) -> bpy.types.Object:
    """Hide an object from all but camera rays.

    A small emitter hit by chance from a diffuse bounce is a firefly; as a camera-only object it still turns into a
    bokeh ball, because rays through the lens are camera rays.
    """
    scene_object.visible_diffuse = False
    scene_object.visible_glossy = False
    scene_object.visible_transmission = False
    scene_object.visible_volume_scatter = False
    scene_object.visible_shadow = False
    return scene_object


def add_area_light(
    name: str,
    location: Sequence[float],
    look_at: Sequence[float],
    *,
    size_m: tuple[float, float],
    power_w: float,
    colour: Colour = (1.0, 1.0, 1.0),
) -> bpy.types.Object:
    """Add a rectangular lamp, invisible to the camera. size_m: width and height, metres; power_w: watts."""
    data = bpy.data.lights.new(name, "AREA")
    data.shape = "RECTANGLE"
    data.size, data.size_y = size_m
    data.energy = power_w
    data.color = colour
    lamp = bpy.data.objects.new(name, data)
    lamp.location = location
    lamp.rotation_euler = (Vector(look_at) - Vector(location)).to_track_quat("-Z", "Y").to_euler()
    lamp.visible_camera = False
    bpy.context.scene.collection.objects.link(lamp)
    return lamp


def set_gradient_sky(horizon: Colour, zenith: Colour, strength: float = 1.0) -> None:
    """Give the world a smooth vertical gradient: soft, noise-free light from everywhere. Colours: linear RGB."""
    scene = bpy.context.scene
    world = bpy.data.worlds.new("sky")
    scene.world = world
    world.use_nodes = True
    nodes, links = world.node_tree.nodes, world.node_tree.links
    nodes.clear()
    coordinates = nodes.new("ShaderNodeTexCoord")
    split = nodes.new("ShaderNodeSeparateXYZ")
    links.new(coordinates.outputs["Generated"], split.inputs["Vector"])
    ramp = nodes.new("ShaderNodeValToRGB")
    ramp.color_ramp.elements[0].position, ramp.color_ramp.elements[0].color = 0.0, (*horizon, 1.0)
    ramp.color_ramp.elements[1].position, ramp.color_ramp.elements[1].color = 0.6, (*zenith, 1.0)
    links.new(split.outputs["Z"], ramp.inputs["Fac"])
    background = nodes.new("ShaderNodeBackground")
    background.inputs["Strength"].default_value = strength
    links.new(ramp.outputs["Color"], background.inputs["Color"])
    output = nodes.new("ShaderNodeOutputWorld")
    links.new(background.outputs["Background"], output.inputs["Surface"])
