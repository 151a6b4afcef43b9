from __future__ import annotations

from pathlib import Path

import pytest

from bokeh_render.errors import BadInputError
from bokeh_render.pairs import Pair, pairs_of


def folder_with(root: Path, *names: str) -> Path:
    root.mkdir()
    for name in names:
        (root / name).touch()
    return root


def test_two_files_are_a_pair(tmp_path: Path) -> None:
    assert pairs_of(tmp_path / "a.png", tmp_path / "b.npy") == [Pair(tmp_path / "a.png", tmp_path / "b.npy")]


def test_folders_are_matched_by_stem(tmp_path: Path) -> None:
    images = folder_with(tmp_path / "images", "b.jpg", "a.png", ".hidden.png", "notes.txt", "x.2.exr")
    maps = folder_with(tmp_path / "maps", "a.npy", "b.png", "x.2.png", "README.md")
    assert [(pair.image.name, pair.disparity.name) for pair in pairs_of(images, maps)] == [
        ("a.png", "a.npy"),
        ("b.jpg", "b.png"),
        ("x.2.exr", "x.2.png"),
    ]


def test_all_mistakes_are_said_at_once(tmp_path: Path) -> None:
    images = folder_with(tmp_path / "images", "a.png", "a.jpg", "b.png", "c.tiff", "d.png")
    maps = folder_with(tmp_path / "maps", "a.png", "e.png", "d.png", "d.npy")
    with pytest.raises(BadInputError) as refused:
        pairs_of(images, maps)
    lines = str(refused.value).split("\n  ")
    assert "5 problem(s), nothing was written" in lines[0]
    assert len(lines) == 6
    for words in ("two of one stem: *a.jpg and a.png", "two of one stem: *d.npy and d.png", "unreadable: *c.tiff") + (
        ("missing: *b.* for b.png"),
        ("extra: *e.png belongs to no image"),
    ):
        start, end = words.split("*", 1)
        assert any(line.startswith(start) and end in line for line in lines), words


def test_folders_that_cannot_be_matched_are_refused(tmp_path: Path) -> None:
    images, empty = folder_with(tmp_path / "images", "a.png"), folder_with(tmp_path / "empty")
    with pytest.raises(BadInputError, match="expected two files or two folders"):
        pairs_of(images, images / "a.png")
    with pytest.raises(BadInputError, match="nothing does not exist; expected a folder"):
        pairs_of(images, tmp_path / "nothing")
    with pytest.raises(BadInputError, match="holds no images"):
        pairs_of(empty, folder_with(tmp_path / "empty2"))
    with pytest.raises(BadInputError, match="both the folder of images and of maps"):
        pairs_of(images, images)
