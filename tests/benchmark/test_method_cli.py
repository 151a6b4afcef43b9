"""``bokehbench method new`` and ``method test`` as a user types them."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from benchmark.method_cli import method_app
from bokeh_render.errors import BadInputError


def run(*arguments: object) -> Result:
    return CliRunner().invoke(method_app, [str(argument) for argument in arguments])


def test_a_new_class_can_be_tested_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new = run("new", "first-try", "-o", tmp_path / "here")
    assert new.exit_code == 0, new.output
    lines = new.output.splitlines()
    assert lines[:2] == [str(tmp_path / "here" / name) for name in ("README.md", "first_try.py")]
    assert lines[2].endswith("bokehbench method test first_try:FirstTry")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(sys, "path", list(sys.path))
    tested = run("test", "first_try:FirstTry")
    assert tested.exit_code == 0, tested.output
    assert tested.output.splitlines()[-1] == "first-try 1: all 10 checks passed"
    assert sorted(path.name for path in Path.cwd().iterdir() if path.name != "__pycache__") == [
        "README.md",
        "first_try.py",
    ]


def test_a_failing_method_ends_with_1_and_json_says_the_same() -> None:
    tested = run("test", "identity", "--json")
    assert tested.exit_code == 1
    report = json.loads(tested.output[tested.output.index("{") :])
    assert [check["name"] for check in report["checks"] if not check["passed"]] == ["larger K changes the image"]


def test_kinds_and_adapters(tmp_path: Path) -> None:
    assert run("new", "program", "--kind", "command", "-o", tmp_path / "program").exit_code == 0
    assert (tmp_path / "program" / "method.yaml").is_file()
    assert run("new", "theirs", "--adapter", "mpib", "-o", tmp_path / "theirs").exit_code == 0
    assert (tmp_path / "theirs" / "job_loop.py").is_file()
    for arguments in (("--kind", "rust"), ("--adapter", "none")):
        wrong = run("new", "other", "-o", tmp_path / "other", *arguments)
        assert isinstance(wrong.exception, BadInputError)
    assert not (tmp_path / "other").exists()
