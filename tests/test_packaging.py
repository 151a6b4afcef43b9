"""The wheel, used where nothing of the checkout is in reach and neighbours have the same names as our packages."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from bokeh_render.neural.pretrained import WEIGHTS_FOLDER
from generator.crashes import SYSTEM_LIBRARIES

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return next(out.glob("*.whl"))


def test_the_wheel_holds_the_six_things_and_their_data(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    tops = {name.split("/")[0] for name in names if ".dist-info" not in name}
    assert tops == {"blender_scenes", "generator", "bokeh_render", "benchmark", "leaderboards", "bokehbench.py"}
    templates = ("generator/templates/dataset.html", "leaderboards/templates/layout.html")
    site = ("leaderboards/static/page.css", "leaderboards/static/vendor/LICENCE.chart.js.md")
    configs = ("generator/presets/demo.yaml", "bokeh_render/training/configs/small.yaml")
    weights = [
        path.relative_to(ROOT).as_posix()
        for path in WEIGHTS_FOLDER.rglob("*")
        if path.is_file() and path.suffix != ".py"
    ]
    for needed in (*configs, *templates, *site, *weights, "bokeh_render/py.typed"):
        assert needed in names
    assert not [name for name in names if name.endswith(("ruff.toml", ".pyc"))]
    store = ("leaderboards/results/", "leaderboards/datasets/", "leaderboards/reported/")
    assert not [name for name in names if name.startswith(store)], "a store belongs to a checkout"


def test_make_and_the_error_message_name_the_same_system_libraries() -> None:
    assert f"BLENDER_LIBRARIES := {' '.join(SYSTEM_LIBRARIES)}\n" in (ROOT / "Makefile").read_text()


def test_the_installed_command_works_beside_strangers(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "venv"
    venv.create(environment, symlinks=True)
    packages = environment / "lib" / "python3.11" / "site-packages"
    zipfile.ZipFile(wheel).extractall(packages)
    # the heavy dependencies are taken from here; a .pth line is not followed further, so not our editable checkout
    (packages / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    strangers = tmp_path / "work"
    (strangers / "generator").mkdir(parents=True)
    (strangers / "generator" / "__init__.py").write_text("raise SystemExit('a stranger was imported')")
    (strangers / "benchmark.py").write_text("raise SystemExit('a stranger was imported')")
    start = "import sys; sys.argv[0] = 'bokehbench'; import bokehbench; bokehbench.main()"
    child = {key: value for key, value in os.environ.items() if key not in {"PYTHONPATH", "BOKEHBENCH_LPIPS_WEIGHTS"}}
    for arguments, expected in (
        (["doctor"], "starts and builds a scene"),
        (["generate", "--preset", "demo", "--dry-run", "-o", "out"], "14 images"),
    ):
        ended = subprocess.run(
            [str(environment / "bin" / "python"), "-P", "-c", start, *arguments],
            cwd=strangers,
            env=child,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert expected in ended.stdout
