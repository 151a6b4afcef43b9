"""Choosing another Blender or device: what is asked, what is believed, what is refused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from bokeh_render.errors import BadInputError
from generator.blender_choice import BUILT_IN, choose_blender
from tests.conftest import Ended


def fake(folder: Path, says: str) -> Path:
    path = folder / "blender"
    path.write_text(f"#!/bin/sh\n{says}\n")
    path.chmod(0o755)
    return path


def test_the_installed_module_is_the_default() -> None:
    assert choose_blender() == BUILT_IN
    assert BUILT_IN.command(Path("/w.py"), Path("/j.json")) == [sys.executable, "-P", "/w.py", "/j.json"]


def test_an_executable_is_started_in_the_background(tmp_path: Path) -> None:
    path = fake(tmp_path, "echo a warning; echo Blender 3.4.1; echo '  build date: today'")
    chosen = choose_blender(path)
    assert chosen.command(Path("/w.py"), Path("/j.json")) == [
        str(path),
        *("-b", "--factory-startup", "-P", "/w.py", "--", "/j.json"),
    ]


def test_another_blender_does_not_find_our_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = str(Path(sys.executable).parent)
    monkeypatch.setenv("PATH", f"{ours}:/usr/bin")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    environment = choose_blender(fake(tmp_path, "echo Blender 3.4.1")).environment()
    assert environment["PATH"] == "/usr/bin"
    assert "PYTHONPATH" not in environment
    assert BUILT_IN.environment()["PATH"] == f"{ours}:/usr/bin"


def test_another_python_is_asked_for_its_module(tmp_path: Path) -> None:
    path = fake(tmp_path, "echo Blender 5.0.1")
    assert choose_blender(python=path).command(Path("/w"), Path("/j")) == [str(path), "-P", "/w", "/j"]


@pytest.mark.parametrize(
    ("says", "message"),
    [
        ("echo Blender 3.3.21", r"is Blender 3\.3; expected Blender 3\.4 or later"),
        ("echo Blender 2.93.0", r"is Blender 2\.93; expected"),
        ("echo ls '(GNU coreutils)' 9.1", r"is not a Blender: it says 'ls \(GNU coreutils\) 9\.1'; expected Blender"),
        ("echo no display >&2; exit 1", r"is not a Blender: it says 'no display'"),
        ("exit 0", r"is not a Blender: it says 'nothing'"),
    ],
)
def test_what_is_no_blender_is_refused(tmp_path: Path, says: str, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        choose_blender(fake(tmp_path, says))


def test_a_wrong_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"--blender .*gone does not exist; expected the path of blender"):
        choose_blender(tmp_path / "gone")
    with pytest.raises(BadInputError, match=r"--blender-python .* is not an executable file; .*Python that has bpy"):
        choose_blender(python=tmp_path)
    fake(tmp_path, "").write_bytes(b"\x7fELF no program")
    with pytest.raises(BadInputError, match=r"cannot be started \(Exec format error\); expected Blender"):
        choose_blender(tmp_path / "blender")
    with pytest.raises(BadInputError, match=r"two Blenders are named; expected either --blender"):
        choose_blender(tmp_path / "blender", tmp_path / "python")


def test_the_command_passes_it_on(
    command: Callable[..., Ended], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    generate = ["generate", "--preset", "demo", "-o", tmp_path / "out"]
    monkeypatch.setenv("BOKEHBENCH_BLENDER", str(fake(tmp_path, "echo Blender 3.3.0")))
    ended = command(*generate)
    assert (ended.code, "Blender 3.3; expected" in ended.err) == (2, True)
    monkeypatch.delenv("BOKEHBENCH_BLENDER")
    ended = command(*generate, "--device", "gpu")
    assert (ended.code, "unknown device 'gpu'; expected one of cpu, cuda" in ended.err) == (2, True)
    ended = command(*generate, "--camera", "wide")
    assert (ended.code, "expected --scene FILE with them" in ended.err) == (2, True)
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(sys.platform == "darwin", reason="this machine may have a METAL device")
def test_a_device_that_is_not_there_is_refused_with_what_is(command: Callable[..., Ended], tmp_path: Path) -> None:
    ended = command("generate", "--preset", "demo", "--device", "metal", "-o", tmp_path / "out")
    assert ended.code == 2, ended
    assert "--device metal: Blender 4.5" in ended.err
    assert "is built without METAL on this machine; it found" in ended.err
    assert "(CPU)" in ended.err
    assert not (tmp_path / "out").exists()
