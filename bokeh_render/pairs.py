"""Which disparity map belongs to which image: two files, or two folders matched by file stem."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from .errors import BadInputError
from .imagefile import ENCODING_OF_SUFFIX

OTHER_PICTURES = frozenset(
    {".avif", ".bmp", ".gif", ".heic", ".heif", ".jp2", ".jxl", ".hdr", ".tif", ".tiff", ".webp"}
    | {".dng", ".cr2", ".cr3", ".nef", ".arw", ".raf"}
)
"""Suffixes of pictures that cannot be read here; in a folder they are a mistake, other files are none."""


class Pair(NamedTuple):
    """An image file and its disparity (or depth) file."""

    image: Path
    disparity: Path


def pairs_of(image: Path, disparity: Path) -> list[Pair]:
    """Return the pairs: one for two files, those of equal stem for two folders, sorted by stem.

    Hidden files and files that are no pictures are left aside. Raises BadInputError for a file with a folder, a
    folder without images, and, all at once, for images and maps without partner, two files of one stem and pictures
    that cannot be read.
    """
    if image.is_dir() != disparity.is_dir():
        kinds = ("a folder", "a file" if disparity.exists() else "not there")
        folder, other = (image, disparity) if image.is_dir() else (disparity, image)
        if not other.exists():
            raise BadInputError(f"{other} does not exist; expected a folder, as {folder} is one")
        raise BadInputError(f"{folder} is {kinds[0]} and {other} a file; expected two files or two folders")
    if not image.is_dir():
        return [Pair(image, disparity)]
    if image.resolve() == disparity.resolve():
        raise BadInputError(f"{image} is both the folder of images and of maps; expected two folders, equal file stems")
    problems: list[str] = []
    images, maps = (_by_stem(folder, problems) for folder in (image, disparity))
    problems += [
        f"missing: {disparity / stem}.* for {images[stem].name}" for stem in sorted(images.keys() - maps.keys())
    ]
    problems += [f"extra: {maps[stem]} belongs to no image" for stem in sorted(maps.keys() - images.keys())]
    raise_problems(problems, image)
    if not images:
        raise BadInputError(f"{image} holds no images; expected files with {', '.join(ENCODING_OF_SUFFIX)}")
    return [Pair(images[stem], maps[stem]) for stem in sorted(images)]


def raise_problems(problems: Iterable[str], folder: Path) -> None:
    """Raise one BadInputError that says all problems, a line each; none when there are none."""
    listed = list(problems)
    if listed:
        lines = "\n  ".join(listed)
        raise BadInputError(f"{folder} cannot be rendered, {len(listed)} problem(s), nothing was written:\n  {lines}")


def _by_stem(folder: Path, problems: list[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        suffix = path.suffix.lower()
        if path.name.startswith(".") or not path.is_file():
            continue
        if suffix in OTHER_PICTURES:
            problems.append(f"unreadable: {path}; expected one of {', '.join(ENCODING_OF_SUFFIX)}")
        elif suffix in ENCODING_OF_SUFFIX:
            if path.stem in found:
                problems.append(f"two of one stem: {found[path.stem]} and {path.name}; expected one")
            found.setdefault(path.stem, path)
    return found
