"""Runs that go wrong half-way: nothing that is half-written or not to be trusted is accepted, then or later."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bokeh_render.errors import BokehbenchError
from bokeh_render.imagefile import write_image
from generator import blender_process, estimate
from generator.blender_process import WORKER
from generator.build import generate
from generator.config import GenerateConfig

SMALL = GenerateConfig(
    name="small",
    scenes=("glass_and_metal@1", "glass_and_metal@2", "chessboard@1"),
    width=48,
    height=32,
    image_samples=1,
    bokeh_samples=2,
    engine="path",
    blur_levels=(1.0,),
    focus_disparities=(0.5,),
)
STAND_IN = """
import json, os, signal, sys, time
job = json.load(open(sys.argv[-1]))
folder = os.path.basename(os.path.dirname(sys.argv[-1]))
if (job["scene"], job["seed"], folder) == {which!r}:
    {code}
os.execv(sys.executable, [sys.executable, "-P", {worker!r}, sys.argv[-1]])
"""


def disturb(monkeypatch: pytest.MonkeyPatch, folder: Path, scene: str, phase: str, code: str) -> None:
    """Let the worker do ``code`` before it begins a scene's ``survey`` or ``render``."""
    name, _, seed = scene.partition("@")
    stand_in = folder / "stand_in.py"
    which = (name, int(seed), phase)
    stand_in.write_text(STAND_IN.format(which=which, code=code, worker=str(WORKER)))
    monkeypatch.setattr(blender_process, "WORKER", stand_in)


def test_images_rendered_with_an_error_are_not_taken_up_by_the_next_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    out = tmp_path / "dataset"
    broken = SMALL.scenes[0]
    with monkeypatch.context() as patched:
        disturb(patched, tmp_path, broken, "render", "print('Error: Out of SVM stack space', flush=True)")
        with pytest.raises(BokehbenchError, match="Error: Out of SVM stack space"):
            generate(SMALL, out)
    assert (out / ".work" / broken / "render" / "blender.log").is_file()
    assert not [path for path in (out / "scenes" / broken).iterdir() if path.name.startswith(("image", "bokeh"))]
    done = {path.parent.name for path in (out / "scenes").glob("*/info.json")}
    assert done == set(SMALL.scenes[1:]), "the other scenes must be finished all the same"
    generate(SMALL, out)
    assert (out / "dataset.json").is_file()


def test_errors_that_blenders_c_code_holds_back_are_in_the_log_before_the_event(tmp_path: Path) -> None:
    log, events = tmp_path / "log", tmp_path / "events"
    code = (
        "import ctypes, importlib.util, os, pathlib\n"
        f"spec = importlib.util.spec_from_file_location('worker', {str(WORKER)!r})\n"
        "worker = importlib.util.module_from_spec(spec); spec.loader.exec_module(worker)\n"
        "ctypes.CDLL(None).printf(b'Error: held back\\n')\n"
        f"worker.Events(pathlib.Path({str(events)!r})).write('finished')\n"
        "os._exit(0)\n"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with log.open("wb") as stream:
        subprocess.run([sys.executable, "-c", code], stdout=stream, check=True, env=environment)
    assert log.read_text() == "Error: held back\n"


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a file system of 64 kB."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small tmpfs needs root")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"a small tmpfs cannot be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.parametrize("suffix", [".exr", ".npy", ".pfm", ".png", ".jpg"])
def test_a_full_disk_is_the_systems_error_and_leaves_nothing(tiny_disk: Path, suffix: str) -> None:
    noise = np.random.default_rng(0).random((256, 256, 3), dtype=np.float32)
    with pytest.raises(OSError, match="No space left") as failure:
        write_image(tiny_disk / f"image{suffix}", noise)
    assert failure.value.errno == errno.ENOSPC
    assert list(tiny_disk.iterdir()) == []


def test_whatever_fails_on_a_full_disk_is_called_that_and_stops_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = shutil.disk_usage
    monkeypatch.setattr(estimate.shutil, "disk_usage", lambda place: real(place)._replace(free=0))
    monkeypatch.setattr("generator.build.check_disk_space", lambda config, out: None)
    disturb(
        monkeypatch, tmp_path, SMALL.scenes[0], "survey", "sys.exit(1)  # the disk was full, so it could not say why"
    )
    with pytest.raises(OSError, match="the disk is full"):
        generate(SMALL, tmp_path / "dataset", retries=0)
    assert not (tmp_path / "dataset" / "scenes" / SMALL.scenes[1]).exists()
