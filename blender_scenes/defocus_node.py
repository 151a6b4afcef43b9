"""Blender's own blur for finished pictures: the compositor's Defocus node, fed with arrays instead of renders.

With its Z-buffer the node takes a depth and a camera, and asks for the blur radius of a thin lens::

    radius_px = width_px / sensor * f * f / (2 * fstop) * s / (s - f) * |1/depth - 1/s|

f: focal length; s: focus distance. Only differences of 1/depth matter, so that a disparity of any unit serves:
:func:`camera_for` moves it to [1, 2] per metre (a depth of 1/2 to 1 m), and chooses the sensor's width so that the
formula becomes ``K * |disparity - focus_disparity|``.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from numpy.typing import NDArray

from . import stage, versions

Float32 = NDArray[np.float32]

FOCAL_LENGTH_M = 0.1  # so short that the nearest depth is beyond it, so long that no sensor is narrower than Blender's
FSTOP = 1.0
_SMALLEST_EXTENT_PX = 1e-3  # a radius this small blurs nothing, and keeps the sensor finite where K is 0


@dataclass(frozen=True)
class NodeCamera:
    """What the node is told about the optics. depth_m: (H, W); largest_px: the largest radius, a whole number."""

    depth_m: Float32
    focus_distance_m: float
    sensor_width_mm: float
    largest_px: float


def camera_for(disparity: Float32, blur_parameter: float, focus_disparity: float) -> NodeCamera:
    """Return the camera whose blur radius is ``blur_parameter * |disparity - focus_disparity|`` pixels.

    disparity: (H, W), of any unit, larger = nearer; focus_disparity: of the same unit.
    """
    lowest = min(float(disparity.min()), focus_disparity)
    extent = max(float(disparity.max()), focus_disparity) - lowest or 1.0
    focus_distance_m = extent / (extent + focus_disparity - lowest)
    image_distance = focus_distance_m / (focus_distance_m - FOCAL_LENGTH_M) * FOCAL_LENGTH_M
    extent_px = max(blur_parameter * extent, _SMALLEST_EXTENT_PX)
    return NodeCamera(
        depth_m=(extent / (extent + disparity - lowest)).astype(np.float32),
        focus_distance_m=focus_distance_m,
        sensor_width_mm=1e3 * disparity.shape[1] * FOCAL_LENGTH_M * image_distance / (2 * FSTOP * extent_px),
        largest_px=max(1.0, float(np.ceil(blur_parameter * np.abs(disparity - focus_disparity).max()))),
    )


class DefocusScene:
    """A scene that holds nothing but the node; one picture after another goes through it."""

    def __init__(self) -> None:
        self._scene = stage.empty_stage()
        camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
        self._scene.collection.objects.link(camera)
        self._scene.camera = camera
        self._camera: Any = camera.data
        self._camera.lens = 1e3 * FOCAL_LENGTH_M
        self._camera.sensor_fit = "HORIZONTAL"
        self._camera.dof.use_dof = True
        self._set_up_render()
        tree, result = versions.empty_compositor(self._scene)
        self._image, self._depth = (tree.nodes.new("CompositorNodeImage") for _ in range(2))
        channels = tree.nodes.new("CompositorNodeSeparateColor")  # else a depth would be the mean of its colours
        self._node = tree.nodes.new("CompositorNodeDefocus")
        self._node.use_zbuffer = True
        self._node.f_stop = FSTOP
        tree.links.new(self._image.outputs["Image"], self._node.inputs["Image"])
        tree.links.new(self._depth.outputs["Image"], channels.inputs["Image"])
        tree.links.new(channels.outputs["Red"], self._node.inputs["Z"])
        tree.links.new(self._node.outputs["Image"], result)

    def _set_up_render(self) -> None:
        render = self._scene.render
        versions.composite_on_processor(render)
        render.use_compositing = True
        render.use_sequencer = False
        render.resolution_percentage = 100
        self._scene.view_settings.view_transform = "Raw"
        settings = render.image_settings
        settings.file_format = "OPEN_EXR"
        settings.color_mode = "RGB"
        settings.color_depth = "32"
        settings.exr_codec = "NONE"

    def show(self, light: Float32) -> None:
        """Take a picture, (H, W, 3) linear light, of which the next renders are made."""
        height, width = light.shape[:2]
        self._scene.render.resolution_x, self._scene.render.resolution_y = width, height
        _replace(self._image, light)

    def render(self, camera: NodeCamera, bokeh: str, angle_rad: float, path: Path) -> float:
        """Write the picture as that camera blurs it into a float EXR of linear light; return the seconds it took.

        bokeh, angle_rad: the node's settings of these names. Raises RuntimeError when Blender wrote no file.
        """
        started = time.monotonic()
        self._camera.sensor_width = camera.sensor_width_mm
        self._camera.dof.focus_distance = camera.focus_distance_m
        self._node.blur_max = camera.largest_px
        self._node.bokeh = bokeh
        self._node.angle = angle_rad
        _replace(self._depth, np.repeat(camera.depth_m[..., None], 3, axis=2))
        bpy.ops.render.render()
        seconds = time.monotonic() - started
        bpy.data.images["Render Result"].save_render(str(path), scene=self._scene)
        if not path.is_file():
            raise RuntimeError(f"Blender finished without writing {path.name}")
        return seconds


def _replace(node: Any, pixels: Float32) -> None:
    """Give an image node plain numbers, (H, W, 3), and forget the ones it had."""
    if node.image is not None:
        bpy.data.images.remove(node.image)
    height, width = pixels.shape[:2]
    image = bpy.data.images.new("Pixels", width, height, alpha=False, float_buffer=True)
    image.colorspace_settings.name = (
        "Non-Color"  # numbers as they are: light is already what the compositor computes in
    )
    rows = np.ones((height, width, 4), dtype=np.float32)
    rows[..., :3] = pixels[::-1]  # Blender counts rows from the bottom
    image.pixels.foreach_set(rows.ravel())
    image.update()
    node.image = image
