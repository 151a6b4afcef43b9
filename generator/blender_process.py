"""Starting Blender as a child process: one JSON job, its events as they come, its log kept, its end never trusted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import Any

from pydantic import Field, TypeAdapter

import blender_scenes.catalogue
from bokeh_render.atomic import write_json
from bokeh_render.errors import BadInputError, BokehbenchError
from bokeh_render.schema import Record

from .blender_choice import BUILT_IN, Blender

WORKER = Path(blender_scenes.catalogue.__file__).with_name("worker.py").resolve()
SYSTEM_LIBRARIES = ("libx11-6", "libxrender1", "libxfixes3", "libxi6", "libxkbcommon0", "libsm6", "libgl1")
"""Debian packages that Blender's Python module needs and does not bring along."""

_POLL_SECONDS = 0.05


class Lens(Record):
    """An open lens. focus_distance_m: planar metres; blades, rotation_rad: see ``generator.stack.Aperture``."""

    fstop: float
    focus_distance_m: float
    blades: int = 0
    rotation_rad: float = 0.0


class Shot(Record):
    """One render. path: where the raw multilayer EXR goes; lens: None for a pinhole."""

    id: str
    path: Path
    samples: int
    seed: int
    lens: Lens | None = None


class JobFile(Record):
    """A user's scene to open instead of building one; see ``generator.scene_source.FileScene``."""

    path: Path
    sha256: str
    camera: str | None = None
    frame: int | None = None
    auto_camera: bool = False


class Job(Record):
    """What one worker does: build a scene, render its shots in order. crop: (x0, y0, x1, y1) px of the full frame.

    file: open this scene instead; ``scene`` is then only its name.
    """

    scene: str
    seed: int
    width: int
    height: int
    threads: int
    shots: tuple[Shot, ...]
    parameters: dict[str, Any] = Field(default_factory=dict)
    crop: tuple[int, int, int, int] | None = None
    file: JobFile | None = None


class Ready(Record):
    """The scene is built. camera: the fields of ``generator.stack.Camera``; notices: what the user should know."""

    blender: str
    camera: dict[str, Any]
    geometry_sha256: str
    notices: tuple[str, ...] = ()


class ShotDone(Record):
    """A shot's file is written."""

    id: str
    seconds: float


OnEvent = Callable[[Ready | ShotDone], None]
_EVENTS: dict[str, TypeAdapter[Any]] = {"ready": TypeAdapter(Ready), "shot": TypeAdapter(ShotDone)}


def run_job(
    job: Job,
    folder: Path,
    on_event: OnEvent,
    *,
    blender: Blender = BUILT_IN,
    cancelled: Event | None = None,
) -> None:
    """Run a job in a fresh Blender process and call ``on_event`` for each of its events, in order, in this thread.

    folder: the job's own, made when missing; it keeps ``job.json``, ``events.jsonl`` and ``blender.log``.
    blender: which one, and on what device; cancelled: once set, the child's whole process group is ended and
    BokehbenchError raised. Raises BadInputError for what the user can put right in the scene, BokehbenchError with the
    cause, and where the log is, unless the worker reported that it finished.
    """
    folder.mkdir(parents=True, exist_ok=True)
    events_path, log_path, job_path = folder / "events.jsonl", folder / "blender.log", folder / "job.json"
    events_path.write_text("", encoding="utf-8")
    content = {**job.model_dump(mode="json"), "device": blender.device, "events": str(events_path.resolve())}
    write_json(job_path, content)
    with log_path.open("wb") as log:
        child = subprocess.Popen(
            blender.command(WORKER, job_path.resolve()),
            stdin=subprocess.PIPE,  # its end of file tells the worker that we are gone
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=blender.environment(),
        )
    finished = False
    try:
        for event in _follow(events_path, child, cancelled):
            kind = event.pop("event")
            if kind == "failed":
                if event.get("kind") == "bad_input":
                    raise BadInputError(event["message"])
                raise BokehbenchError(f"scene {job.scene}: Blender failed: {event['message']} (log: {log_path})")
            if kind == "finished":
                finished = True
            else:
                on_event(_EVENTS[kind].validate_python(event))
    finally:
        _end(child)
    if not finished:
        raise BokehbenchError(f"scene {job.scene}: {_explain_death(child.returncode, log_path)} (log: {log_path})")


def _follow(path: Path, child: subprocess.Popen[bytes], cancelled: Event | None) -> Iterator[dict[str, Any]]:
    """Yield the events of a running child until it has ended and all were read; a half-written last line is left."""
    rest = ""
    with path.open(encoding="utf-8") as stream:
        while True:
            ended = child.poll() is not None  # asked before reading, so that nothing written before the end is missed
            *lines, rest = (rest + stream.read()).split("\n")
            yield from (json.loads(line) for line in lines)
            if ended:
                return
            if cancelled is not None and cancelled.is_set():
                raise BokehbenchError("stopped before the end; run the same command again to go on")
            time.sleep(_POLL_SECONDS)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Close the child's input and, if it still runs, end its whole process group."""
    if child.stdin is not None:
        child.stdin.close()
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _explain_death(code: int, log_path: Path) -> str:
    lines = [line for line in log_path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    last = lines[-1] if lines else "it wrote nothing"
    if code == -signal.SIGKILL:
        return (
            "Blender was killed, most often for want of memory; free some or render fewer scenes at a time (--jobs 1)"
        )
    if "cannot open shared object file" in last:
        return (
            f"Blender's module does not load: {last} "
            f"Install its libraries: apt-get install --no-install-recommends {' '.join(SYSTEM_LIBRARIES)}"
        )
    if "No module named 'bpy'" in last:
        return "Blender's module is not installed: pip install bpy==4.5.15 (Python 3.11 only)"
    return f"Blender ended with code {code} before it was done; its last words: {last}"
