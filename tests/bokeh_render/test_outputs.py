from __future__ import annotations

from pathlib import Path

import pytest

from bokeh_render.errors import BadInputError
from bokeh_render.outputs import Step, Writing, outputs_of
from bokeh_render.pairs import Pair

ONE, NINE = [Step(10.0, 0.5)], [Step(float(number), 0.5) for number in range(9)]


def names(
    pairs: list[Pair], steps: list[Step], out: Path, *, folders: bool = False, form: str | None = None
) -> list[str]:
    outputs = outputs_of(pairs, steps, out, folders=folders, writing=Writing(form=form))
    return [str(output.path.relative_to(out.parent)) for output in outputs]


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    (tmp_path / "a.png").touch()
    (tmp_path / "map.png").touch()
    return Pair(tmp_path / "a.png", tmp_path / "map.png")


def test_names(pair: Pair, tmp_path: Path) -> None:
    other = Pair(tmp_path / "b.jpg", tmp_path / "b.png")
    assert names([pair], ONE, tmp_path / "out.exr") == ["out.exr"]
    assert names([pair], NINE, tmp_path / "out.webp") == ["out.webp"]
    assert names([pair], NINE[:2], tmp_path / "out") == ["out/a_00.png", "out/a_01.png"]
    assert names([pair], NINE * 12, tmp_path / "out", form="jpg")[-1] == "out/a_107.jpg"
    assert names([pair, other], ONE, tmp_path / "out", folders=True) == ["out/a.png", "out/b.png"]
    assert names([pair, other], NINE[:2], tmp_path / "out", folders=True)[2:] == ["out/b_00.png", "out/b_01.png"]
    assert names([pair, other], NINE, tmp_path / "out", folders=True, form="webp") == ["out/a.webp", "out/b.webp"]
    assert names([pair], ONE, tmp_path / "out", folders=True) == ["out/a.png"]


def test_places_that_cannot_hold_the_result_are_refused(pair: Pair, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for steps, out, folders, form, words in (
        (ONE, "folder", False, None, r"is a folder; expected a file such as .*folder/a\.png"),
        (ONE, "out.bmp", False, None, r"out\.bmp has the suffix \.bmp; expected one of"),
        (ONE, "out", False, None, r"suffix \(none\)"),
        (ONE, "out.webp", False, None, "needs a sweep"),
        (ONE, "out.png", False, "jpg", "--format jpg is for files in a folder"),
        (NINE, "out.png", False, None, "expected a folder for its 9 images, or an animation"),
        (NINE, "out.mov", False, None, "expected a folder for its 9 images, or an animation"),
        (NINE, "out.mp4", True, None, "choose the kind of file by --format"),
        (NINE, "out", False, "bmp", "--format is 'bmp'; expected one of png, jpg"),
        (ONE, "out", True, "webp", "needs a sweep"),
        (ONE, "a.png", False, None, "is one of the inputs"),
        (ONE, "map.png", False, None, "is one of the inputs"),
        (ONE, "a.png/x.png", False, None, r"a\.png is a file; expected a folder there"),
        (ONE, ".", True, None, "is one of the folders of inputs"),
    ):
        with pytest.raises(BadInputError, match=words):
            outputs_of([pair], steps, tmp_path / out, folders=folders, writing=Writing(form=form))


def test_bits_and_fps_are_checked_beforehand(pair: Pair, tmp_path: Path) -> None:
    for steps, out, writing, words in (
        (NINE, "out.webp", Writing(bits=16), "has 8 bits"),
        (ONE, "out.jpg", Writing(bits=16), "JPG has 8 bits"),
        (NINE, "out.webp", Writing(frames_per_second=0), "--fps is 0"),
        (NINE, "out.gif", Writing(frames_per_second=float("nan")), "--fps is nan"),
    ):
        with pytest.raises(BadInputError, match=words):
            outputs_of([pair], steps, tmp_path / out, folders=False, writing=writing)
