"""Which moment of a user's scene is rendered: a frame must be chosen where anything moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from .errors import UserError


def set_frame(scene: bpy.types.Scene, file: Path, frame: int | None) -> list[str]:
    """Go to ``frame``, or stay where the file was saved when nothing moves; return what the user should know.

    Raises UserError, which says the range, when the scene moves and no frame is chosen.
    """
    first, last = scene.frame_start, scene.frame_end
    if frame is None:
        if first != last and is_animated(scene):
            raise UserError(f"{file} is animated (frames {first} to {last}); expected one frame: add --frame N")
        frame = scene.frame_current
    scene.frame_set(frame)
    if is_animated(scene) and not first <= frame <= last:
        return [f"{file.name} is animated from frame {first} to {last}; frame {frame} lies outside"]
    return []


def is_animated(scene: bpy.types.Scene) -> bool:
    """Return whether the scene can differ from frame to frame: keys, strips, caches, films, several bound cameras."""
    if len({marker.camera for marker in scene.timeline_markers if marker.camera is not None}) > 1:
        return True
    if scene.rigidbody_world is not None or any(cache.users for cache in bpy.data.cache_files):
        return True
    if any(image.users and image.source in {"SEQUENCE", "MOVIE"} for image in bpy.data.images):
        return True
    return any(_moves(block) for block in _blocks_that_may_move())


def _blocks_that_may_move() -> Iterator[Any]:
    data = bpy.data
    for blocks in (data.objects, data.shape_keys, data.cameras, data.lights, data.meshes, data.curves, data.armatures):
        yield from blocks
    yield from data.scenes
    for owner in [*data.materials, *data.worlds, *data.lights]:
        yield owner
        if owner.node_tree:
            yield owner.node_tree
    yield from data.node_groups


def _moves(block: Any) -> bool:
    held = block.animation_data
    if held is None or not (block.users or isinstance(block, bpy.types.NodeTree)):
        return False
    actions = [held.action] if held.action is not None else []
    actions += [strip.action for track in held.nla_tracks for strip in track.strips if strip.action is not None]
    return any(action.frame_range[1] > action.frame_range[0] for action in actions)
