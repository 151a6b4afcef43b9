"""What a dataset's folder should hold, by its own word: our manifest, or the grid that the original layout's info asks
for. The same list of files for both, so that checks and pages need not know the layout.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from bokeh_render.errors import BadInputError
from bokeh_render.schema import load_json

from .stack import (
    DATASET_FILE,
    DEPTH_FILE,
    IMAGE_FILE,
    INFO_FILE,
    MANIFEST_FILE,
    WORK_FOLDER,
    DatasetRecord,
    ManifestEntry,
    Role,
    StackInfo,
    bokeh_file,
    original_scene_folders,
    read_manifest,
)


@dataclass(frozen=True)
class ListedFile:
    """A data file that should be there. bytes, sha256: None where nobody wrote them down (original layout)."""

    path: Path
    role: Role
    scene: str
    blur: int | None = None
    focus: int | None = None
    bytes: int | None = None
    sha256: str | None = None


@dataclass(frozen=True)
class Contents:
    """A dataset's folder and the data files it should hold. record: None for the original layout."""

    root: Path
    record: DatasetRecord | None
    files: tuple[ListedFile, ...]
    folders: dict[str, Path]

    @property
    def name(self) -> str:
        """What the dataset calls itself."""
        return f"{self.record.name} {self.record.version}" if self.record else f"{self.root.name} (original layout)"

    def of_scene(self, scene: str, roles: Iterable[Role] | None = None) -> list[ListedFile]:
        """Return the files of one scene, of these roles only."""
        wanted = None if roles is None else set(roles)
        return [file for file in self.files if file.scene == scene and (wanted is None or file.role in wanted)]


def read_contents(root: Path) -> Contents:
    """Read what a dataset of either layout should hold; raises BadInputError when the folder is no dataset.

    No data file is opened, and none need be there; hashes are not compared.
    """
    if not root.is_dir():
        raise BadInputError(f"{root} is not a folder; expected a dataset made by bokehbench generate")
    if (root / DATASET_FILE).is_file():
        return _ours(root)
    if (root / WORK_FOLDER).is_dir():
        raise BadInputError(
            f"{root} is not finished; run the command that began it (bokehbench generate, demo or prepare-ebb400) again"
        )
    return _original(root)


def _ours(root: Path) -> Contents:
    record = load_json(DatasetRecord, root / DATASET_FILE)
    if not (root / MANIFEST_FILE).is_file():
        raise BadInputError(f"{root} has {DATASET_FILE} but no {MANIFEST_FILE}; generate or download it again")
    manifest = read_manifest(root / MANIFEST_FILE)
    check_manifest_paths(manifest, str(root / MANIFEST_FILE))
    return listed_contents(root, record, manifest)


def check_manifest_paths(entries: list[ManifestEntry], source: str) -> None:
    """Refuse a manifest whose paths are not plain places below ``scenes/<its scene>/``, each once.

    Whoever reads, writes or unpacks a dataset may then join path and scene to a folder. Raises BadInputError.
    """
    paths = [entry.path for entry in entries]
    seen = set(paths)
    for entry in entries:
        path = PurePosixPath(entry.path)
        plain = path.as_posix() == entry.path and "\\" not in entry.path and entry.path.isprintable()
        hidden = any(part.startswith(".") for part in path.parts)
        if not plain or hidden or len(path.parts) < 3 or path.parts[:2] != ("scenes", entry.scene):
            raise BadInputError(f"{source}: the path {entry.path!r} is not a plain one below scenes/{entry.scene}/")
        inside = next((str(parent) for parent in path.parents if str(parent) in seen), None)
        if inside is not None or entry.bytes < 0:
            raise BadInputError(
                f"{source}: {entry.path!r} cannot be a file of its own (inside {inside}, {entry.bytes} bytes)"
            )
    if len(seen) < len(paths):
        raise BadInputError(f"{source}: a path is listed twice; expected each file once")


def listed_contents(root: Path, record: DatasetRecord, manifest: Iterable[ManifestEntry]) -> Contents:
    """Return what a dataset of ours should hold by its manifest."""
    files = tuple(
        ListedFile(root / entry.path, entry.role, entry.scene, entry.blur, entry.focus, entry.bytes, entry.sha256)
        for entry in manifest
    )
    return Contents(root, record, files, {file.scene: root / "scenes" / file.scene for file in files})


def _original(root: Path) -> Contents:
    folders = {folder.name: folder for folder in original_scene_folders(root)}
    files: list[ListedFile] = []
    for scene, folder in folders.items():
        info = load_json(StackInfo, folder / INFO_FILE)
        files += [
            ListedFile(folder / IMAGE_FILE, "image", scene),
            ListedFile(folder / DEPTH_FILE, "depth", scene),
            ListedFile(folder / INFO_FILE, "info", scene),
        ]
        files += [
            ListedFile(folder / bokeh_file(blur, focus), "bokeh", scene, blur, focus)
            for blur in range(len(info.blur_parameters))
            for focus in range(len(info.focus_distances))
        ]
    return Contents(root, None, tuple(files), folders)
