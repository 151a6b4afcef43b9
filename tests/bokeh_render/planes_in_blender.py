"""Run by Blender's Python, not by pytest: renders painted planes through an open lens, as a JSON file says.

A plane's paint is looked up where the line from the camera's middle to the point meets the image, as for a layer of
the ray tracer; every pixel is sampled at its centre only, so that what is compared is the lens and nothing else.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import bpy  # noqa: TID251  (this file runs in Blender)

_MARGIN_PX = 24  # by which a plane is larger than its paint, whose outermost pixels go on


def paint(layer: dict[str, Any], f_px: float) -> bpy.types.Material:
    """Return a material that glows with the layer's light and lets pass what its alpha leaves."""
    material = bpy.data.materials.new("paint")
    material.use_nodes = True
    tree = material.node_tree
    tree.nodes.clear()

    def node(kind: str, *inputs: Any, **settings: Any) -> Any:
        made = tree.nodes.new(f"ShaderNode{kind}")
        for name, value in settings.items():
            setattr(made, name, value)
        for socket, value in zip(made.inputs, inputs, strict=False):
            if isinstance(value, bpy.types.NodeSocket):
                tree.links.new(value, socket)
            else:
                socket.default_value = value
        return made

    def picture(key: str) -> Any:
        image = bpy.data.images.load(layer[key])
        image.colorspace_settings.name = "Non-Color"
        return node("TexImage", at.outputs[0], image=image, extension="EXTEND", interpolation="Linear").outputs[0]

    height, width = layer["size"]
    place = node("SeparateXYZ", node("TexCoord").outputs["Camera"]).outputs  # right, up, ahead
    share = [
        node(
            "Math",
            node("Math", place[k], place[2], operation="DIVIDE").outputs[0],
            f_px / n,
            0.5,
            operation="MULTIPLY_ADD",
        )
        for k, n in ((0, width), (1, height))
    ]
    at = node("CombineXYZ", share[0].outputs[0], share[1].outputs[0], 0.0)
    glow = node("Emission", picture("light"), 1.0)
    passes = node("Invert", 1.0, picture("alpha"))
    both = node("AddShader", glow.outputs[0], node("BsdfTransparent", passes.outputs[0]).outputs[0])
    node("OutputMaterial", both.outputs[0])
    return material


def add_plane(layer: dict[str, Any], f_px: float) -> None:
    """Add the plane whose disparity is d0 + dx x + dy y, x px right and y px down; the camera looks along +Y."""
    d0, dx, dy = layer["plane"]
    right, down = (side / 2 + _MARGIN_PX for side in reversed(layer["size"]))
    corners = []
    for x, y in ((-right, -down), (right, -down), (right, down), (-right, down)):
        ahead = 1.0 / (d0 + dx * x + dy * y)
        corners.append((ahead * x / f_px, ahead, -ahead * y / f_px))
    mesh = bpy.data.meshes.new("plane")
    mesh.from_pydata(corners, [], [(0, 1, 2, 3)])
    mesh.materials.append(paint(layer, f_px))
    bpy.context.scene.collection.objects.link(bpy.data.objects.new("plane", mesh))


def add_camera(lens: dict[str, Any], width: int) -> float:
    """Add the camera, at the origin, and return its focal length in pixels."""
    data = bpy.data.cameras.new("camera")
    data.lens, data.sensor_width, data.sensor_fit, data.clip_start = 50.0, 36.0, "HORIZONTAL", 0.01
    data.dof.use_dof = True
    data.dof.focus_distance, data.dof.aperture_fstop = lens["focus_distance_m"], lens["fstop"]
    data.dof.aperture_blades, data.dof.aperture_rotation = lens["blades"], lens["rotation_rad"]
    data.dof.aperture_ratio = lens["ratio"]
    camera = bpy.data.objects.new("camera", data)
    camera.rotation_euler = (math.pi / 2, 0.0, 0.0)
    bpy.context.scene.collection.objects.link(camera)
    bpy.context.scene.camera = camera
    return data.lens / data.sensor_width * width


def main(job: dict[str, Any]) -> None:
    """Build the scene and render it once for every seed."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    height, width = job["size"]
    f_px = add_camera(job["lens"], width)
    for layer in job["layers"]:
        add_plane(layer, f_px)
    render, cycles = scene.render, scene.cycles
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y, render.resolution_percentage = width, height, 100
    render.threads_mode, render.threads = "FIXED", 2
    render.image_settings.file_format, render.image_settings.color_depth = "OPEN_EXR", "32"
    cycles.samples, cycles.use_adaptive_sampling, cycles.use_denoising = job["samples"], False, False
    cycles.pixel_filter_type, cycles.filter_width = "GAUSSIAN", 0.01
    cycles.sample_clamp_direct = cycles.sample_clamp_indirect = 0.0
    for number in range(job["renders"]):
        cycles.seed = number
        render.filepath = str(Path(job["folder"]) / f"render_{number}.exr")
        bpy.ops.render.render(write_still=True)


main(json.loads(Path(sys.argv[-1]).read_text()))
