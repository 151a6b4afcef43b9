"""What a scene reads from outside its own file: which of it is missing, and one hash over the rest."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import bpy

from .errors import UserError

_READ_FROM_FILES = {"FILE", "SEQUENCE", "MOVIE", "TILED"}
_BLOCK_BYTES = 1 << 20


_SHOWN = 10


def check_files_named_by(scene_file: Path) -> None:
    """Refuse a glTF or OBJ file that names files which are not there; importers pass over some of them in silence."""
    _refuse_missing(scene_file, _named_by(scene_file), "put them back beside it")


def check_files_used_by(scene_file: Path) -> None:
    """Refuse the opened scene when an image, library, volume or cache that it reads is neither packed nor there."""
    remedy = "put them back, or pack them (File > External Data > Pack Resources)"
    _refuse_missing(scene_file, _used_by_blender(), remedy)


def _refuse_missing(scene_file: Path, named: Iterable[Path], remedy: str) -> None:
    missing = sorted({str(path) for path in named if not _versions_on_disk(path)})
    if missing:
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        raise UserError(
            f"{scene_file} uses {len(missing)} file(s) that are not there: {', '.join(missing[:_SHOWN])}{more}; "
            f"expected all of them: {remedy}"
        )


def external_sha256(scene_file: Path) -> str:
    """Hash the content of every file that the scene reads from outside its own, whatever they are called."""
    digest = hashlib.sha256()
    used = {found for path in [*_used_by_blender(), *_named_by(scene_file)] for found in _versions_on_disk(path)}
    for content in sorted(file_sha256(path) for path in used):
        digest.update(content.encode())
    return digest.hexdigest()


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _used_by_blender() -> Iterator[Path]:
    for image in _images_in_use():
        if image.source in _READ_FROM_FILES and image.packed_file is None and image.filepath:
            yield _absolute(image.filepath, image.library)
    for library in bpy.data.libraries:
        if library.packed_file is None:
            yield _absolute(library.filepath, library.parent)
    for block in [*bpy.data.volumes, *bpy.data.cache_files]:
        if block.users and block.filepath and getattr(block, "packed_file", None) is None:
            yield _absolute(block.filepath, block.library)


def _images_in_use() -> list[Any]:
    """Return the images that a picture of the scene may show: no brush's, no viewer's."""
    owners = [*bpy.data.materials, *bpy.data.worlds, *bpy.data.lights]
    trees = [owner.node_tree for owner in owners if owner.users and owner.node_tree]
    trees += [tree for tree in bpy.data.node_groups if tree.users and tree.bl_idname != "CompositorNodeTree"]
    images = [getattr(node, "image", None) for tree in trees for node in tree.nodes]
    images += [
        socket.default_value
        for tree in trees
        for node in tree.nodes
        for socket in node.inputs
        if socket.bl_idname == "NodeSocketImage"
    ]
    images += [getattr(texture, "image", None) for texture in bpy.data.textures if texture.users]
    return list({image.name_full: image for image in images if image is not None}.values())


def _absolute(path: str, library: Any) -> Path:
    return Path(bpy.path.abspath(path, library=library))


def _versions_on_disk(path: Path) -> list[Path]:
    """Return the files behind a path: itself, or every tile where it holds ``<UDIM>`` or ``<UVTILE>``."""
    for token in ("<UDIM>", "<UVTILE>"):
        if token in path.name:
            return sorted(path.parent.glob(path.name.replace(token, "*")))
    return [path] if path.is_file() else []


def _named_by(scene_file: Path) -> Iterator[Path]:
    suffix = scene_file.suffix.lower()
    if suffix in {".gltf", ".glb"}:
        content = _gltf_json(scene_file)
        for entry in [*content.get("buffers", ()), *content.get("images", ())]:
            uri = entry.get("uri", "")
            if uri and not uri.startswith("data:"):
                yield scene_file.parent / unquote(uri)
    elif suffix == ".obj":
        with scene_file.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith("mtllib "):
                    yield scene_file.parent / line.removeprefix("mtllib ").strip()


def _gltf_json(path: Path) -> dict[str, Any]:
    raw = path.read_bytes()
    try:
        if raw[:4] == b"glTF":  # binary: a header of 12 bytes, then the JSON as the first chunk
            (length,) = struct.unpack_from("<I", raw, 12)
            raw = raw[20 : 20 + length]
        content: dict[str, Any] = json.loads(raw)
    except (struct.error, ValueError) as error:
        raise UserError(f"{path} is damaged ({error}); expected a whole glTF file: export it again") from None
    return content
