from __future__ import annotations

from pathlib import Path

import pytest

from bokeh_render.atomic import TEMPORARY_PREFIX, atomic_path, remove_leftovers, write_json, write_text


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    write_text(target, "old")
    with pytest.raises(RuntimeError, match="power cut"), atomic_path(target) as temporary:
        temporary.write_text("half of the ne")
        raise RuntimeError("power cut")
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_the_target_is_absent_until_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "folder" / "a.exr"
    with atomic_path(target) as temporary:
        temporary.write_text("half")
        assert temporary.suffix == ".exr"
        assert not target.exists()
    assert target.read_text() == "half"


def test_not_a_number_never_reaches_a_json_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_json(tmp_path / "a.json", {"psnr": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_leftovers_of_a_killed_run_are_removed(tmp_path: Path) -> None:
    (tmp_path / "scene").mkdir()
    (tmp_path / "scene" / f"{TEMPORARY_PREFIX}x.exr").write_text("half")
    (tmp_path / "scene" / "image.exr").write_text("whole")
    remove_leftovers(tmp_path)
    assert [path.name for path in (tmp_path / "scene").iterdir()] == ["image.exr"]
