"""Anti-aliased disparity: the scene rendered as if everything glowed with its own disparity.

Cycles' depth pass takes one sample per pixel and would average depth, not disparity. Here every surface emits 1/z
(z planar, from the camera), the world is black and no ray bounces, so the pixel filter averages disparity.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy

from . import versions


@contextmanager
def disparity_as_light(scene: bpy.types.Scene) -> Iterator[None]:
    """Make the scene's light its raw disparity, 1/metre, for the renders inside; then put everything back."""
    layer, cycles = scene.view_layers[0], scene.cycles
    world, override, bounces = scene.world, layer.material_override, cycles.max_bounces
    lamps = [item for item in scene.objects if item.type == "LIGHT" and not item.hide_render]
    layer.material_override = _glowing_disparity()
    scene.world = None
    cycles.max_bounces = 0
    for lamp in lamps:
        lamp.hide_render = True
    try:
        yield
    finally:
        layer.material_override = override
        scene.world = world
        cycles.max_bounces = bounces
        for lamp in lamps:
            lamp.hide_render = False


def _glowing_disparity() -> bpy.types.Material:
    material = bpy.data.materials.new("disparity")
    tree = versions.give_nodes(material)
    nodes, links = tree.nodes, tree.links
    nodes.clear()
    camera, invert = nodes.new("ShaderNodeCameraData"), nodes.new("ShaderNodeMath")
    invert.operation = "DIVIDE"
    invert.inputs[0].default_value = 1.0
    links.new(camera.outputs["View Z Depth"], invert.inputs[1])
    emission, output = nodes.new("ShaderNodeEmission"), nodes.new("ShaderNodeOutputMaterial")
    links.new(invert.outputs[0], emission.inputs["Strength"])
    links.new(emission.outputs[0], output.inputs["Surface"])
    versions.stop_sampling_as_lamp(material)
    return material
