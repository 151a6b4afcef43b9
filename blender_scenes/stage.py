"""Cycles set up for ground truth: every default of an empty file that would bias or soften it is undone here."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from . import versions

MAX_BOUNCES = 3


@dataclass(frozen=True)
class Crop:
    """A pixel rectangle of the full frame, ``x0 <= x < x1`` from the left, ``y0 <= y < y1`` from the top."""

    x0: int
    y0: int
    x1: int
    y1: int


def empty_stage() -> bpy.types.Scene:
    """Forget whatever was loaded and return an empty scene (no camera, no light, black world)."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return bpy.context.scene


def configure_cycles(
    scene: bpy.types.Scene,
    *,
    width: int,
    height: int,
    threads: int,
    crop: Crop | None = None,
    keep_light_paths: bool = False,
) -> None:
    """Make Cycles an unbiased, undenoised, unclamped camera simulator writing linear light.

    width, height: pixels of the full frame; threads: CPU threads, 0 = all; crop: render only this rectangle
    (the file then has the rectangle's size); keep_light_paths: leave bounces, caustics and exposure as they are.
    """
    scene.render.engine = "CYCLES"
    cycles = scene.cycles
    cycles.device = "CPU"
    cycles.use_adaptive_sampling = False
    cycles.use_denoising = False
    versions.set_sampling(cycles)
    cycles.sample_clamp_direct = 0.0
    cycles.sample_clamp_indirect = 0.0
    cycles.blur_glossy = 0.0
    if not keep_light_paths:
        _limit_light_paths(cycles)

    render = scene.render
    render.resolution_x = width
    render.resolution_y = height
    render.resolution_percentage = 100
    render.pixel_aspect_x = render.pixel_aspect_y = 1.0
    render.film_transparent = False
    render.use_persistent_data = True
    render.use_compositing = False
    render.use_sequencer = False
    render.use_motion_blur = False
    render.threads_mode = "FIXED" if threads else "AUTO"
    if threads:
        render.threads = threads
    render.use_border = render.use_crop_to_border = crop is not None
    if crop is not None:
        render.border_min_x, render.border_max_x = crop.x0 / width, crop.x1 / width
        render.border_min_y, render.border_max_y = 1 - crop.y1 / height, 1 - crop.y0 / height

    for layer in scene.view_layers:
        layer.use_pass_z = True
    versions.write_multilayer_exr(render.image_settings)


def _limit_light_paths(cycles: Any) -> None:
    """Few bounces and no caustics: what scripted scenes are composed for."""
    versions.switch_off(cycles, "use_light_tree")  # scenes have few lamps; the tree then only costs time
    cycles.caustics_reflective = False
    cycles.caustics_refractive = False
    cycles.max_bounces = MAX_BOUNCES
    cycles.diffuse_bounces = MAX_BOUNCES
    cycles.glossy_bounces = MAX_BOUNCES
    cycles.transmission_bounces = MAX_BOUNCES
    cycles.transparent_max_bounces = 16
    cycles.film_exposure = 1.0


def render_exr(scene: bpy.types.Scene, path: Path, *, samples: int, seed: int) -> None:
    """Render the scene as it stands into a multilayer EXR holding ``Combined`` (linear RGB) and ``Depth.Z``.

    The depth is only meaningful while the lens is closed: with an open lens Cycles stores one random lens sample.
    Raises RuntimeError when Blender wrote no file.
    """
    scene.cycles.samples = samples
    scene.cycles.seed = seed
    scene.render.filepath = str(path)
    bpy.ops.render.render(write_still=True)
    if not path.is_file():
        raise RuntimeError(f"Blender finished without writing {path.name}")


def geometry_sha256(scene: bpy.types.Scene, begun_with: str = "") -> str:
    """Hash every evaluated mesh and where it stands, rounded to 1e-5 m, in the order of object names.

    begun_with: something else that the hash is to depend on.
    """
    digest = hashlib.sha256(begun_with.encode())
    graph = bpy.context.evaluated_depsgraph_get()
    for scene_object in sorted(scene.objects, key=lambda item: item.name):
        digest.update(f"{scene_object.name}:{scene_object.type}".encode())
        matrix = np.array(scene_object.matrix_world, dtype=np.float64)
        digest.update((np.round(matrix * 1e5).astype(np.int64)).tobytes())
        if scene_object.type not in {"MESH", "CURVE", "SURFACE", "FONT", "META"}:
            continue
        evaluated = scene_object.evaluated_get(graph)
        mesh = evaluated.to_mesh()
        positions = np.empty(len(mesh.vertices) * 3, dtype=np.float32)
        mesh.vertices.foreach_get("co", positions)
        digest.update((np.round(positions.astype(np.float64) * 1e5).astype(np.int64)).tobytes())
        evaluated.to_mesh_clear()
    return digest.hexdigest()
