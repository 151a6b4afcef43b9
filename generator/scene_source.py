"""What a dataset's scene is made from: a test scene, a training scene ``name@seed`` of the same family, or a file.

A file (.blend, .glb, .gltf, .obj) is a user's own scene. A dataset knows it by the hash of its content, never by where
it lay, so that two versions of a file cannot meet in one dataset and the recipe is the same on every machine.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from blender_scenes.catalogue import SCENES
from bokeh_render.errors import BadInputError
from bokeh_render.schema import Record, sha256_of_file

TEST_SEED = 0
"""The seed with which every test scene is built; refused for training."""


FILE_SUFFIXES = (".blend", ".glb", ".gltf", ".obj")
_BEGINNINGS = {
    ".blend": (b"BLENDER", b"\x1f\x8b", b"\x28\xb5\x2f\xfd"),  # plain, gzip (to 2.93), zstd (from 3.0)
    ".glb": (b"glTF",),
    ".gltf": (b"{", b"\xef\xbb\xbf{"),
}


class FileScene(Record):
    """A scene of the user's own. id: its folder's name in a dataset; file: its name; sha256: of its bytes;
    camera: by name, None for its active one; frame: of an animated scene; auto_camera: place one if it has none;
    path: where it lies on this machine (no part of the recipe).
    """

    id: str
    file: str
    sha256: str
    camera: str | None = None
    frame: int | None = None
    auto_camera: bool = False
    path: Path | None = Field(default=None, exclude=True)


@dataclass(frozen=True)
class SceneSource:
    """One scene to build. id: its folder's name in a dataset; name: in the catalogue; seed: of its random numbers;
    free: drawn from its family (training) instead of as composed (test); file: opened instead of built.
    """

    id: str
    name: str
    seed: int
    free: bool
    file: FileScene | None = None


def is_file_name(text: str) -> bool:
    """Return whether what a user calls a scene is meant as a file: scenes' names hold neither dot nor slash."""
    return "." in text or "/" in text or "\\" in text


def file_scene(
    path: Path, *, camera: str | None = None, frame: int | None = None, auto_camera: bool = False
) -> FileScene:
    """Describe a scene file as it is now; raises BadInputError when it is missing or plainly no scene."""
    expected = f"expected a scene: {', '.join(FILE_SUFFIXES)}"
    suffix = path.suffix.lower()
    if path.is_dir():
        raise BadInputError(f"{path} is a folder; {expected}")
    if suffix not in FILE_SUFFIXES:
        raise BadInputError(
            f"{path} has the suffix {suffix or '(none)'!r}; {expected} (export it from where it was made)"
        )
    if not path.is_file():
        raise BadInputError(f"{path} does not exist; {expected}")
    with path.open("rb") as stream:
        start = stream.read(64).lstrip()
    if suffix in _BEGINNINGS and not start.startswith(_BEGINNINGS[suffix]):
        kind = "a Blender file" if suffix == ".blend" else "a glTF file"
        raise BadInputError(f"{path} is not {kind} (it begins with {start[:8]!r}); {expected}")
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", path.stem).strip("_-") or "scene"
    return FileScene(
        id=name,
        file=path.name,
        sha256=sha256_of_file(path),
        camera=camera,
        frame=frame,
        auto_camera=auto_camera,
        path=path.resolve(),
    )


def parse_scene(text: str, files: Sequence[FileScene] = ()) -> SceneSource:
    """Read ``window_table``, ``window_table@17`` or the id of one of ``files``.

    Raises BadInputError that says what is known or allowed.
    """
    for file in files:
        if file.id == text:
            return SceneSource(text, text, TEST_SEED, free=False, file=file)
    name, at, seed = text.partition("@")
    if name not in SCENES:
        raise BadInputError(f"unknown scene {name!r}; expected one of {', '.join(SCENES)}")
    if not at:
        return SceneSource(text, name, TEST_SEED, free=False)
    if not re.fullmatch(r"0|[1-9][0-9]{0,8}", seed):
        raise BadInputError(f"{text!r} is not a scene; expected {name}@SEED with a whole number as seed")
    if int(seed) == TEST_SEED:
        raise BadInputError(f"{text!r}: seed {TEST_SEED} is the test scene's; choose another, from 1 on")
    return SceneSource(text, name, int(seed), free=True)
