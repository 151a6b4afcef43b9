"""Where the parts of a prepared set lie."""

from __future__ import annotations

from pathlib import Path

ORIGINAL_FOLDER = "original"
"""Within the set: a dataset of its own, of the photographs as they came."""
REPORT_FILE = "report.json"


def scene_name(identifier: int) -> str:
    """Return an id's scene: the id in four digits at least."""
    return f"{identifier:04d}"


def scene_folders(out: Path, identifier: int) -> tuple[Path, Path]:
    """Return where a pair's files go: the aligned ones and the untouched ones."""
    scene = scene_name(identifier)
    return out / "scenes" / scene, out / ORIGINAL_FOLDER / "scenes" / scene
