"""Starting Blender as a child process: one JSON job, its events as they come, its log kept, its end never trusted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from pathlib import Path
from threading import Event
from typing import Any

from pydantic import Field, TypeAdapter

import blender_scenes.catalogue
from bokeh_render.atomic import write_json
from bokeh_render.errors import BadInputError, BokehbenchError
from bokeh_render.schema import Record

from .blender_choice import BUILT_IN, Blender
from .crashes import BlenderCrashError, blender_error, check_render_log, explain_death, timed_out

WORKER = Path(blender_scenes.catalogue.__file__).with_name("worker.py").resolve()
COMPOSITOR_WORKER = WORKER.with_name("compositor_worker.py")
LOG_FILE = "blender.log"
_POLL_SECONDS = 0.05
TIMEOUT_SECONDS = 3600.0
"""How long a Blender process may be silent before it counts as hung."""


class Lens(Record):
    """An open lens. focus_distance_m: planar metres; blades, rotation_rad, ratio: see ``bokeh_render.aperture``."""

    fstop: float
    focus_distance_m: float
    blades: int = 0
    rotation_rad: float = 0.0
    ratio: float = 1.0


class PinholeView(Record):
    """One view of a light field, worked out by :mod:`generator.lightfield`; all the worker has to do is obey.

    right_m, up_m: where the pinhole stands, from the lens centre along the camera's axes; shift_right_px, shift_up_px:
    how far the image window is shifted; margin_px: added on all four sides.
    """

    right_m: float
    up_m: float
    shift_right_px: float
    shift_up_px: float
    margin_px: int


class Shot(Record):
    """One render. path: where the raw multilayer EXR goes; lens: None for a pinhole; view: a pinhole off the axis,
    point samples with a margin; disparity: the colours are raw disparity, 1/metre, anti-aliased.
    """

    id: str
    path: Path
    samples: int
    seed: int
    lens: Lens | None = None
    view: PinholeView | None = None
    disparity: bool = False


class JobFile(Record):
    """A user's scene to open instead of building one; see ``generator.scene_source.FileScene``."""

    path: Path
    sha256: str
    camera: str | None = None
    frame: int | None = None
    auto_camera: bool = False


class Job(Record):
    """What one worker does: build a scene, render its shots in order.

    attempt: which draw of the seed, 0 the first; crop: (x0, y0, x1, y1) px of the full frame; file: open this scene
    instead, ``scene`` is then only its name.
    """

    scene: str
    seed: int
    attempt: int = 0
    width: int
    height: int
    threads: int
    shots: tuple[Shot, ...]
    parameters: dict[str, Any] = Field(default_factory=dict)
    crop: tuple[int, int, int, int] | None = None
    file: JobFile | None = None


class Ready(Record):
    """The scene is built. camera: the fields of ``generator.stack.Camera``; enclosed_by: a body the camera is inside;
    notices: what the user should know.
    """

    blender: str
    camera: dict[str, Any]
    geometry_sha256: str
    enclosed_by: str | None = None
    notices: tuple[str, ...] = ()


class ShotDone(Record):
    """A shot's file is written."""

    id: str
    seconds: float


OnEvent = Callable[[Ready | ShotDone], None]
_EVENTS: dict[str, TypeAdapter[Any]] = {"ready": TypeAdapter(Ready), "shot": TypeAdapter(ShotDone)}


def ignore(event: Ready | ShotDone) -> None:
    """Take no notice of an event."""
    del event


def run_job(
    job: Job,
    folder: Path,
    on_event: OnEvent,
    *,
    blender: Blender = BUILT_IN,
    cancelled: Event | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> None:
    """Run a job in a fresh Blender process and call ``on_event`` for each of its events, in order, in this thread.

    folder: the job's own, see :func:`worker_events`; blender: which one, and on what device; cancelled: once set, the
    child's whole process group is ended and BokehbenchError raised; so it is when no event came for
    ``timeout_seconds``. Raises what :func:`worker_events` raises; a BlenderCrashError also says which scene it was and
    where the log is.
    """
    content = job.model_dump(mode="json")
    followed = worker_events(
        WORKER, content, folder, blender=blender, cancelled=cancelled, timeout_seconds=timeout_seconds
    )
    try:
        with closing(followed) as events:
            for event in events:
                on_event(_EVENTS[event.pop("event")].validate_python(event))
    except BlenderCrashError as crash:
        message = f"scene {job.scene}: {crash} (log: {folder / LOG_FILE})"
        raise BlenderCrashError(message, kind=crash.kind, retry=crash.retry) from None


def worker_events(
    worker: Path,
    content: dict[str, Any],
    folder: Path,
    *,
    blender: Blender = BUILT_IN,
    cancelled: Event | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
) -> Generator[dict[str, Any], None, None]:
    """Run a job in a fresh Blender process and yield its events as they come; close it early and the process ends.

    worker: the script, see ``blender_scenes/worker.py`` for what it must keep to; content: the job, as JSON; folder:
    the job's own, made when missing; it keeps ``job.json``, ``events.jsonl``, ``blender.log`` and the log of the try
    before. Raises BlenderCrashError with the cause unless the worker reported that it finished and its log is free of
    render errors, BadInputError for what the user can put right, BokehbenchError once ``cancelled`` is set; no event is
    passed on once the log shows an error.
    """
    folder.mkdir(parents=True, exist_ok=True)
    events_path, log_path, job_path = folder / "events.jsonl", folder / LOG_FILE, folder / "job.json"
    if log_path.is_file():
        log_path.replace(folder / "blender.previous.log")  # it tells why there is another try
    events_path.write_text("", encoding="utf-8")
    write_json(job_path, {**content, "device": blender.device, "events": str(events_path.resolve())})
    with log_path.open("wb") as log:
        child = subprocess.Popen(
            blender.command(worker, job_path.resolve()),
            stdin=subprocess.PIPE,  # its end of file tells the worker that we are gone
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            env=blender.environment(),
        )
    try:
        finished = yield from _sound_events(events_path, log_path, child, cancelled, timeout_seconds)
        if not finished:
            _end(child)
            raise explain_death(child.returncode, _read_log(log_path))
    finally:
        _end(child)


def _sound_events(
    events: Path, log: Path, child: subprocess.Popen[bytes], cancelled: Event | None, timeout_seconds: float
) -> Generator[dict[str, Any], None, bool]:
    """Yield a child's events until it has ended; return whether it said that it finished.

    Each is handed on only while the log shows no render error: an image that was accepted would never be made again.
    """
    finished = False
    with log.open(encoding="utf-8", errors="replace") as said:
        for event in _follow(events, child, cancelled, timeout_seconds):
            if event["event"] == "failed":
                if event.get("kind") == "bad_input":
                    raise BadInputError(event["message"])
                raise blender_error(event["message"])
            check_render_log(said.read())
            if event["event"] == "finished":
                finished = True
            else:
                yield event
    return finished


def _read_log(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace")


def _follow(
    path: Path, child: subprocess.Popen[bytes], cancelled: Event | None, timeout_seconds: float
) -> Iterator[dict[str, Any]]:
    """Yield the events of a running child until it has ended and all were read; a half-written last line is left."""
    rest, heard = "", time.monotonic()
    with path.open(encoding="utf-8") as stream:
        while True:
            ended = child.poll() is not None  # asked before reading, so that nothing written before the end is missed
            *lines, rest = (rest + stream.read()).split("\n")
            for line in lines:
                yield json.loads(line)
                heard = time.monotonic()
            if ended:
                return
            if time.monotonic() - heard > timeout_seconds:
                raise timed_out(timeout_seconds)
            if cancelled is not None and cancelled.is_set():
                raise BokehbenchError("stopped before the end; run the same command again to go on")
            time.sleep(_POLL_SECONDS)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Close the child's input and end its whole process group: what it started itself may outlive it."""
    if child.stdin is not None:
        child.stdin.close()
    with suppress(ProcessLookupError, PermissionError):  # an empty group; on macOS, one that is just ending
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
