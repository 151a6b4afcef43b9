"""Light without noise: soft sources that Cycles samples well, and small emitters that only the camera sees."""

from __future__ import annotations

from collections.abc import Sequence

import bpy
from mathutils import Vector

from . import versions
from .materials import Colour, Shader
from .mesh import add_quad


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
    lamp.visible_glossy = False  # its mirror image in polished things would only be sparkle
    bpy.context.scene.collection.objects.link(lamp)
    return lamp


def set_even_sky(colour: Colour) -> None:
    """Give the world one colour (linear RGB) that lights the scene from everywhere.

    It is the cheapest soft light: a sky with a texture is evaluated for every light sample, a sixth of the render time.
    """
    world = bpy.data.worlds.new("even sky")
    bpy.context.scene.world = world
    tree = versions.give_nodes(world)
    nodes, links = tree.nodes, tree.links
    nodes.clear()
    background = nodes.new("ShaderNodeBackground")
    background.inputs["Color"].default_value = (*colour, 1.0)
    output = nodes.new("ShaderNodeOutputWorld")
    links.new(background.outputs["Background"], output.inputs["Surface"])


def add_horizon_glow(colour: Colour, sky: Colour, *, distance_m: float, height_m: float) -> None:
    """Hang a glowing curtain across +Y that only the camera sees: ``colour`` at the horizon, ``sky`` at its top."""
    shader = Shader("horizon")
    height = shader.node("ShaderNodeSeparateXYZ", {0: shader.coordinates((1.0, 1.0, 1.0 / height_m))}).outputs["Z"]
    between: Colour = (0.5 * (colour[0] + sky[0]), 0.4 * (colour[1] + sky[1]), 0.5 * (colour[2] + sky[2]))
    glow = shader.glow(shader.ramp(height, [(0.0, colour), (0.4, between), (1.0, sky)]), 1.0)
    x, y, z = 2.0 * distance_m, distance_m, height_m
    show_to_camera_only(add_quad("horizon", [(-x, y, -z), (x, y, -z), (x, y, z), (-x, y, z)], glow))
