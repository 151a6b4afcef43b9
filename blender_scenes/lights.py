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


def set_even_sky(colour: Colour, strength: float = 1.0) -> None:
    """Give the world one colour (linear RGB) that lights the scene from everywhere; the cheapest soft light."""
    _background("even sky").inputs["Color"].default_value = (*(strength * part for part in colour), 1.0)


def set_gradient_sky(horizon: Colour, zenith: Colour, *, zenith_at: float = 0.5) -> None:
    """Give the world a vertical gradient that only the camera sees; light the scene by lamps. Colours: linear RGB.

    zenith_at: sine of the elevation at which ``zenith`` is reached.
    """
    background = _background("gradient sky")
    world = bpy.context.scene.world
    # a sky that also lights is evaluated for every light sample, which costs a sixth of the render time
    world.cycles.sampling_method = "NONE"
    for rays in ("diffuse", "glossy", "transmission", "scatter"):
        setattr(world.cycles_visibility, rays, False)
    nodes, links = world.node_tree.nodes, world.node_tree.links
    coordinates = nodes.new("ShaderNodeTexCoord")
    split = nodes.new("ShaderNodeSeparateXYZ")
    links.new(coordinates.outputs["Generated"], split.inputs["Vector"])
    ramp = nodes.new("ShaderNodeValToRGB")
    ramp.color_ramp.interpolation = "EASE"
    ramp.color_ramp.elements[0].position, ramp.color_ramp.elements[0].color = 0.0, (*horizon, 1.0)
    ramp.color_ramp.elements[1].position, ramp.color_ramp.elements[1].color = zenith_at, (*zenith, 1.0)
    links.new(split.outputs["Z"], ramp.inputs["Fac"])
    links.new(ramp.outputs["Color"], background.inputs["Color"])


def _background(name: str) -> bpy.types.ShaderNode:
    world = bpy.data.worlds.new(name)
    bpy.context.scene.world = world
    world.use_nodes = True
    nodes, links = world.node_tree.nodes, world.node_tree.links
    nodes.clear()
    background = nodes.new("ShaderNodeBackground")
    output = nodes.new("ShaderNodeOutputWorld")
    links.new(background.outputs["Background"], output.inputs["Surface"])
    return background
