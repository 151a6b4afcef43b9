"""A user's own scene (.blend, glTF, OBJ) made ready for ground truth: opened, checked, its camera replaced by ours.

Nothing is ever saved, and no script in the file is run. Kept from the file: geometry, materials, lamps, world, light
bounces, caustics, exposure. Left out: everything that would make a picture something else than light through a lens
(compositor, sequencer, denoiser, clamps, motion blur, film transparency, render region, other view layers and passes).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from . import animation, user_camera, versions
from .errors import UserError
from .external_files import check_files_named_by, check_files_used_by, file_sha256
from .lights import set_even_sky

_ASPECT_TOLERANCE = 0.01


@dataclass(frozen=True)
class UserScene:
    """An opened scene. camera: ours, a pinhole so far; notices: what the user should know, a sentence each."""

    scene: bpy.types.Scene
    camera: bpy.types.Object
    notices: tuple[str, ...]


def open_user_scene(request: dict[str, Any], width: int, height: int) -> UserScene:
    """Open ``request["path"]`` and make it renderable as it is at one moment, seen by one camera.

    request: ``path``, ``sha256`` (of the file as it was planned), ``camera`` and ``frame`` (or None), ``auto_camera``;
    width, height: of the frame to render, px. Raises UserError for everything that the user can put right.
    """
    file = Path(request["path"])
    if file_sha256(file) != request["sha256"]:
        raise UserError(f"{file} was changed while it was being rendered; run the command again, into a new folder")
    check_files_named_by(file)
    _open(file)
    check_files_used_by(file)
    scene = bpy.context.scene
    notices = [*_notices(scene, file, width, height), *animation.set_frame(scene, file, request["frame"])]
    found = user_camera.choose_camera(scene, file, request["camera"])
    if found is not None:
        camera = user_camera.replace_camera(scene, found, width, height)
    elif request["auto_camera"]:
        camera = user_camera.add_three_quarter_camera(scene, file, width, height)
    else:
        raise UserError(
            f"{file} has no camera; expected one: add it in Blender, or let one be placed with --auto-camera"
        )
    if not _has_light(scene):
        if request["auto_camera"]:
            _add_default_lights(scene)
        else:
            notices.append(
                f"{file.name} has no light (no lamp, no glowing material, a black world): its pictures will be black; "
                "--auto-camera adds a sun and a sky where there is no light"
            )
    _leave_out_what_is_no_light(scene)
    return UserScene(scene, camera, tuple(notices))


def _open(file: Path) -> None:
    suffix = file.suffix.lower()
    try:
        if suffix == ".blend":
            bpy.ops.wm.open_mainfile(filepath=str(file), load_ui=False, use_scripts=False)
            return
        bpy.ops.wm.read_factory_settings(use_empty=True)
        if suffix == ".obj":
            bpy.ops.wm.obj_import(filepath=str(file))
        else:
            versions.import_gltf(file)
    except RuntimeError as error:
        reason = _in_one_line(str(error))
        expected = "a Blender file" if suffix == ".blend" else f"a {suffix} file"
        raise UserError(
            f"{file} cannot be opened by Blender {bpy.app.version_string}: {reason}; "
            f"expected {expected} that it can read"
        ) from error
    if not any(item.type in {"MESH", "CURVE"} for item in bpy.context.scene.objects):
        raise UserError(f"{file} holds no geometry; expected a {suffix} file with at least one mesh")


def _in_one_line(words: str) -> str:
    """Return what an operator said; of a traceback, only the error it ended with."""
    lines = [line.strip() for line in words.splitlines() if line.strip() and not line.startswith("Location:")]
    return lines[-1] if "Traceback" in words else " ".join(lines).removeprefix("Error: ")


def _notices(scene: bpy.types.Scene, file: Path, width: int, height: int) -> list[str]:
    notices = []
    render = scene.render
    if file.suffix.lower() == ".blend":
        if render.engine != "CYCLES":
            notices.append(
                f"{file.name} was made for {render.engine}; it is rendered with Cycles and may look different"
            )
        aspect = render.resolution_x * render.pixel_aspect_x / (render.resolution_y * render.pixel_aspect_y)
        if abs(aspect / (width / height) - 1) > _ASPECT_TOLERANCE:
            notices.append(
                f"{file.name} is composed for {render.resolution_x}×{render.resolution_y} and is rendered as "
                f"{width}×{height}, which shows more or less of it; --width and --height choose another shape"
            )
        if len([layer for layer in scene.view_layers if layer.use]) > 1:
            notices.append(f"{file.name} has several view layers; only {_shown_layer(scene).name!r} is rendered")
        if render.use_compositing and versions.has_compositor(scene):
            notices.append(f"{file.name} has compositor nodes; they are left out")
        if newer := versions.of_newer_blender():
            notices.append(f"{file.name} was saved by Blender {newer}, newer than this one ({bpy.app.version_string})")
        if bpy.app.autoexec_fail:
            notices.append(
                f"{file.name} holds a script or scripted driver; it was not run ({bpy.app.autoexec_fail_message})"
            )
    return notices


def _shown_layer(scene: bpy.types.Scene) -> bpy.types.ViewLayer:
    return next((layer for layer in scene.view_layers if layer.use), scene.view_layers[0])


def _has_light(scene: bpy.types.Scene) -> bool:
    if any(item.type == "LIGHT" and not item.hide_render for item in scene.objects):
        return True
    world = scene.world
    if world is not None and not versions.uses_nodes(world) and any(world.color):
        return True
    blocks = [block for block in [world, *bpy.data.materials] if block is not None and block.users]
    trees = [block.node_tree for block in blocks if versions.uses_nodes(block)]
    trees += [tree for tree in bpy.data.node_groups if tree.users]
    return any(versions.shines(node) for tree in trees for node in tree.nodes)


def _add_default_lights(scene: bpy.types.Scene) -> None:
    """Add a sun, softened, from behind the camera's shoulder, and an even sky: the same at every size of a scene."""
    data = bpy.data.lights.new("sun", "SUN")
    data.energy = 3.0
    data.angle = 0.2
    sun = bpy.data.objects.new("sun", data)
    sun.rotation_euler = (0.75, 0.15, 0.2)
    scene.collection.objects.link(sun)
    set_even_sky((0.5, 0.55, 0.6))


def _leave_out_what_is_no_light(scene: bpy.types.Scene) -> None:
    versions.check_colour_space()
    scene.animation_data_clear()  # animated render settings would undo ours at every render
    scene.timeline_markers.clear()  # so would cameras bound to markers
    shown = _shown_layer(scene)
    for layer in scene.view_layers:
        layer.use = layer == shown
    shown.name = "ViewLayer"
    shown.samples = 0
    for owner in (shown, shown.cycles):
        for name in owner.bl_rna.properties.keys():  # noqa: SIM118  no mapping
            if name.startswith(("use_pass_", "pass_debug_")) or name == "denoising_store_passes":
                setattr(owner, name, name in {"use_pass_combined", "use_pass_z"})
    for aov in list(shown.aovs):
        shown.aovs.remove(aov)

    render, cycles = scene.render, scene.cycles
    render.use_multiview = render.use_freestyle = render.use_stamp = render.use_single_layer = False
    render.use_overwrite, render.use_placeholder = True, False
    render.image_settings.color_management = "FOLLOW_SCENE"
    cycles.film_exposure *= 2.0**scene.view_settings.exposure  # both only scale light; ours knows the one
    cycles.film_transparent_glass = False
    cycles.pixel_filter_type, cycles.filter_width = "BLACKMAN_HARRIS", 1.5
    cycles.use_animated_seed = False
    cycles.use_fast_gi = False
    cycles.time_limit = 0.0
    versions.switch_off(cycles, "use_sample_subset", "use_guiding")
