"""Checks of a dataset's files as files: all there, none changed, none besides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bokeh_render.errors import BadInputError
from bokeh_render.schema import load_json, sha256_of_file

from .contents import Contents, ListedFile
from .finding import Finding, listed
from .stack import DATASET_FILE, INFO_FILE, MANIFEST_FILE, StackInfo, bokeh_name

_DATA_SUFFIXES = {".exr", ".png", ".json", ".jsonl", ".npy", ".pfm"}
_NO_DATA_FOLDERS = {"previews"}


def check_manifest(contents: Contents) -> Finding:
    """Check that the manifest is the one the dataset is named after."""
    if contents.record is None:
        return Finding("manifest", "", "not checked", "the original layout has none, so no hash can be checked")
    found, expected = sha256_of_file(contents.root / MANIFEST_FILE), contents.record.files_sha256
    if found != expected:
        return Finding(
            "manifest",
            "",
            "failed",
            f"its sha256 is {found[:12]}…, but {DATASET_FILE} says {expected[:12]}…: one of them was edited",
        )
    return Finding("manifest", "", "ok", f"{len(contents.files)} files, sha256 {found[:12]}… as {DATASET_FILE} says")


def check_files(contents: Contents, scene: str, *, hashes: bool, seen: Callable[[ListedFile], None]) -> Finding:
    """Check that every listed file of a scene is there with its size and, if asked for, its sha256.

    seen: called after each file, for progress.
    """
    problems: list[str] = []
    files = contents.of_scene(scene)
    for file in files:
        problem = _problem(file, hashes=hashes)
        if problem:
            problems.append(f"{file.path.relative_to(contents.root)} {problem}")
        seen(file)
    if problems:
        return Finding(
            "files",
            scene,
            "failed",
            f"{len(problems)} of {len(files)}: {listed(problems)}; expected them as listed; get the dataset again",
        )
    if contents.record is None:
        return Finding("files", scene, "ok", f"{len(files)} files are there (no sizes or hashes are known)")
    compared = "sizes and hashes" if hashes else "sizes"
    return Finding("files", scene, "ok", f"{len(files)} files are there, {compared} as listed")


def _problem(file: ListedFile, *, hashes: bool) -> str:
    if not file.path.is_file():
        return "is missing"
    size = file.path.stat().st_size
    if file.bytes is not None and size != file.bytes:
        return f"has {size} bytes instead of {file.bytes}"
    if hashes and file.sha256 is not None and sha256_of_file(file.path) != file.sha256:
        return "has another sha256"
    return ""


def check_strays(contents: Contents) -> Finding:
    """Check that no data lies about that is not listed; the card, the page and previews are no data."""
    if contents.record is None:
        return Finding("strays", "", "not checked", "the original layout lists no files")
    known = {file.path for file in contents.files} | {contents.root / DATASET_FILE, contents.root / MANIFEST_FILE}
    strays = sorted(
        str(path.relative_to(contents.root))
        for path in contents.root.rglob("*")
        if path.is_file() and path not in known and _looks_like_data(path.relative_to(contents.root))
    )
    if strays:
        return Finding(
            "strays",
            "",
            "failed",
            f"{len(strays)} file(s) that the manifest does not list: {listed(strays)}; move them elsewhere",
        )
    return Finding("strays", "", "ok", "no data besides what the manifest lists")


def _looks_like_data(path: Path) -> bool:
    if path.parts[0] == "scenes":
        return True
    return path.parts[0] not in _NO_DATA_FOLDERS and path.suffix.lower() in _DATA_SUFFIXES


def check_scene_list(contents: Contents) -> Finding:
    """Check that the scenes with files are those that the config asked for."""
    if contents.record is None:
        return Finding("scenes", "", "ok", f"{len(contents.folders)}: {listed(list(contents.folders), 12)}")
    wanted, found = set(contents.record.config.get("scenes", ())), set(contents.folders)
    if wanted != found:
        difference = [f"{scene} is missing" for scene in sorted(wanted - found)]
        difference += [f"{scene} is too many" for scene in sorted(found - wanted)]
        return Finding("scenes", "", "failed", f"{listed(difference)}; expected those of {DATASET_FILE}'s config")
    return Finding("scenes", "", "ok", f"{len(found)}, as the config says")


def check_grid(contents: Contents, scene: str) -> Finding:
    """Check that a scene has its image, depth, info, and one bokeh image per blur level and focus setting."""
    try:
        info = load_json(StackInfo, contents.folders[scene] / INFO_FILE)
    except BadInputError as error:
        return Finding("grid", scene, "failed", str(error))
    levels, settings = len(info.blur_parameters), len(info.focus_distances)
    wanted = {(blur, focus) for blur in range(levels) for focus in range(settings)}
    bokeh = [(file.blur, file.focus) for file in contents.of_scene(scene, ["bokeh"])]
    problems = [f"no {role}" for role in ("image", "depth", "info") if len(contents.of_scene(scene, [role])) != 1]
    problems += [f"no {bokeh_name(*key)}" for key in sorted(wanted - set(bokeh))]
    problems += [f"{key} is outside the grid" for key in sorted(set(bokeh) - wanted, key=str)]
    names = [
        file.path.name
        for file in contents.of_scene(scene, ["bokeh"])
        if file.blur is not None and file.focus is not None and file.path.stem != bokeh_name(file.blur, file.focus)
    ]
    problems += [f"{name} is listed with other indices" for name in names]
    if problems:
        return Finding(
            "grid", scene, "failed", f"{listed(problems)}; expected {levels} blur levels × {settings} focus settings"
        )
    return Finding("grid", scene, "ok", f"{levels} blur levels × {settings} focus settings, image, depth and info")
