from __future__ import annotations

from pathlib import Path

import pytest

from bokeh_render.errors import BadInputError
from bokeh_render.finished import JOURNAL_FILE, FinishedFolder

INPUTS = {"image": "1" * 64, "disparity": "2" * 64}


def begun(root: Path, settings: dict[str, object] | None = None) -> FinishedFolder:
    folder = FinishedFolder(root, settings or {"gamma": 2.2})
    folder.check(["a.png", "b.png"])
    folder.begin()
    return folder


def test_what_is_finished_is_known_the_next_time(tmp_path: Path) -> None:
    folder = begun(tmp_path / "out")
    (tmp_path / "out" / "a.png").touch()
    folder.finish("a.png", INPUTS, {"seconds": 1})
    for known in (folder, begun(tmp_path / "out")):
        assert (known.entry("a.png", INPUTS) or {})["seconds"] == 1
        assert known.entry("a.png", {**INPUTS, "image": "3" * 64}) is None
        assert known.entry("b.png", INPUTS) is None
    (tmp_path / "out" / "a.png").unlink()
    assert begun(tmp_path / "out").entry("a.png", INPUTS) is None


def test_a_torn_journal_loses_one_file_at_most(tmp_path: Path) -> None:
    folder = begun(tmp_path / "out")
    for name in ("a.png", "b.png"):
        (tmp_path / "out" / name).touch()
        folder.finish(name, INPUTS, {})
    journal = tmp_path / "out" / JOURNAL_FILE
    journal.write_bytes(journal.read_bytes()[:-9])
    again = begun(tmp_path / "out")
    assert again.entry("a.png", INPUTS) is not None
    assert again.entry("b.png", INPUTS) is None


def test_other_settings_are_never_mixed_in(tmp_path: Path) -> None:
    begun(tmp_path / "out")
    with pytest.raises(BadInputError, match=r"other settings \(gamma: 2.2 there, 4.0 now\); choose another folder"):
        begun(tmp_path / "out", {"gamma": 4.0})


def test_files_of_someone_else_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "b.png").touch()
    with pytest.raises(BadInputError, match=r"b\.png would be overwritten, and this command did not make it"):
        begun(tmp_path)
    (tmp_path / "b.png").rename(tmp_path / "c.png")
    begun(tmp_path)
    with pytest.raises(BadInputError, match="is a file; expected a folder"):
        begun(tmp_path / "c.png")


def test_leftovers_of_a_killed_run_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".partial-x.png").touch()
    begun(tmp_path)
    assert not (tmp_path / ".partial-x.png").exists()
