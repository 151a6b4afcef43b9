"""The child process: it says how it ended, and it never outlives its parent."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bokeh_render.errors import BokehbenchError
from bokeh_render.imagefile import read_exr_channels
from generator.blender_process import WORKER, Job, Ready, Shot, ShotDone, run_job


def job(scene: str, folder: Path, **changes: object) -> Job:
    shot = Shot(id="depth", path=folder / "depth.exr", samples=1, seed=0)
    fields = {"scene": scene, "seed": 0, "width": 32, "height": 24, "threads": 1, "shots": (shot,)}
    return Job.model_validate({**fields, **changes})


def test_events_come_in_order_and_the_file_is_there(tmp_path: Path) -> None:
    events: list[Ready | ShotDone] = []
    run_job(job("calibration", tmp_path), tmp_path / "job", events.append)
    ready, done = events
    assert isinstance(ready, Ready)
    assert ready.blender.startswith("4.5")
    assert ready.camera["lens_mm"] == 50.0
    assert isinstance(done, ShotDone)
    assert done.id == "depth"
    assert (tmp_path / "depth.exr").is_file()


def test_an_unknown_scene_fails_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(BokehbenchError, match=r"unknown scene 'atlantis'.*log"):
        run_job(job("atlantis", tmp_path), tmp_path / "job", lambda event: None)


def test_the_same_scene_has_the_same_geometry_and_depth_in_every_process(tmp_path: Path) -> None:
    hashes, depths = [], []
    for name in ("first", "second"):
        folder = tmp_path / name
        events: list[Ready | ShotDone] = []
        run_job(job("window_table", folder, width=48, height=32), folder / "job", events.append)
        assert isinstance(events[0], Ready)
        hashes.append(events[0].geometry_sha256)
        depths.append(read_exr_channels(folder / "depth.exr"))
    assert hashes[0] == hashes[1]
    for name in depths[0]:
        if "Depth" in name:
            assert depths[0][name].tobytes() == depths[1][name].tobytes()


def test_the_worker_dies_with_its_parent(tmp_path: Path) -> None:
    content = job("calibration", tmp_path, width=512, height=512).model_dump(mode="json")
    content["shots"][0]["samples"] = 100_000  # minutes of work
    content["events"] = str(tmp_path / "events.jsonl")
    (tmp_path / "job.json").write_text(json.dumps(content))
    parent = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([sys.executable, '-P', {str(WORKER)!r}, {str(tmp_path / 'job.json')!r}],\n"
        "    stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        worker_pid = int(process.stdout.readline())
        events = tmp_path / "events.jsonl"
        _wait_for(lambda: events.is_file() and "ready" in events.read_text())
        process.send_signal(signal.SIGKILL)
    _wait_for(lambda: not _alive(worker_pid))
    assert not (tmp_path / "depth.exr").exists()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0]


def _wait_for(condition: object, seconds: float = 30.0) -> None:
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
