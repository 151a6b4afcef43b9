"""The child process that owns Blender: one JSON job in, EXR files and a file of JSON events out.

Started by absolute path, either way::

    python -P .../blender_scenes/worker.py job.json
    blender -b --factory-startup -P .../blender_scenes/worker.py -- job.json

The job::

    {"scene": "window_table", "seed": 0, "attempt": 0, "parameters": {},
     "width": 384, "height": 256, "threads": 2, "crop": null,
     "file": null, "device": "cpu", "events": "/abs/events.jsonl",
     "shots": [{"id": "depth", "path": "/abs/depth.exr", "samples": 1, "seed": 0, "lens": null},
               {"id": "bokeh_00_01", "path": "/abs/b.exr", "samples": 128, "seed": 7,
                "lens": {"fstop": 1.4, "focus_distance_m": 2.0, "blades": 0, "rotation_rad": 0.0, "ratio": 1.0}},
               {"id": "view_00017", "path": "/abs/v.exr", "samples": 1, "seed": 9, "lens": null,
                "view": {"right_m": 0.01, "up_m": 0.0, "shift_right_px": -3.2, "shift_up_px": 0.1, "margin_px": 9}},
               {"id": "disparity_aa", "path": "/abs/d.exr", "samples": 64, "seed": 1, "lens": null, "disparity": true}]}

``file``, when not null, is a scene of the user's: ``{"path": "/abs/kitchen.blend", "sha256": …, "camera": null,
"frame": null, "auto_camera": false}``; ``scene`` is then only its name.

Events, one JSON object a line, each flushed when written: ``ready`` (camera, geometry hash, Blender's version, notices
for the user), ``shot`` (id, seconds), ``finished``, ``failed`` (message; kind: ``bad_input`` when the user can put it
right, else ``failure``). The exit code alone means nothing: a run is good when ``finished`` was written. The worker
stops at once when its standard input closes, so it never outlives its parent.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import json
import os
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any


def _load_own_package() -> None:
    """Import ``blender_scenes`` from where this file lies, without putting its neighbours on the search path."""
    here = Path(__file__).resolve().parent
    spec = importlib.util.spec_from_file_location(
        "blender_scenes", here / "__init__.py", submodule_search_locations=[str(here)]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules["blender_scenes"] = package
    spec.loader.exec_module(package)


def die_with_parent() -> None:
    """Exit as soon as standard input reaches its end, which happens when the parent is gone."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        os._exit(3)

    threading.Thread(target=watch, daemon=True).start()


def _flush_c_output() -> None:
    """Bring into the log what Blender's C code still holds back (errors of its renderer among it)."""
    sys.stdout.flush()
    sys.stderr.flush()
    ctypes.CDLL(None).fflush(None)


class Events:
    """Appends JSON lines to the job's events file."""

    def __init__(self, path: Path) -> None:
        self._stream = path.open("a", encoding="utf-8")

    def write(self, event: str, **fields: Any) -> None:
        """Append one event and flush it, after whatever Blender has printed so far: the parent reads both."""
        _flush_c_output()
        self._stream.write(json.dumps({"event": event, **fields}) + "\n")
        self._stream.flush()


def _camera_facts(camera: Any) -> dict[str, Any]:
    return {
        "lens_mm": camera.data.lens,
        "sensor_width_mm": camera.data.sensor_width,
        "shift_x": camera.data.shift_x,
        "shift_y": camera.data.shift_y,
        "matrix_world": [list(row) for row in camera.matrix_world],
    }


def _build_scripted(job: dict[str, Any]) -> Any:
    """Build a scene of the catalogue on the empty stage and return its camera."""
    import numpy as np

    from blender_scenes.catalogue import BUILDABLE

    if job["scene"] not in BUILDABLE:
        raise ValueError(f"unknown scene {job['scene']!r}; known: {', '.join(BUILDABLE)}")
    module = importlib.import_module(f"blender_scenes.scenes.{job['scene']}")
    draw = [job["seed"], job["attempt"]] if job.get("attempt") else [job["seed"]]
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence(draw)))
    return module.build(rng, job.get("parameters", {}))


def run(job: dict[str, Any], events: Events) -> None:
    """Build the job's scene and render its shots in order, all in this process so that they share one scene."""
    import bpy

    from blender_scenes import device, external_files, stage, user_file, versions
    from blender_scenes.camera import close_lens, open_lens, pinhole_view
    from blender_scenes.clearance import enclosing_body
    from blender_scenes.disparity_light import disparity_as_light

    versions.check_version()
    settings = {"width": job["width"], "height": job["height"], "threads": job["threads"]}
    settings["crop"] = stage.Crop(*job["crop"]) if job.get("crop") else None
    notices: tuple[str, ...] = ()
    outside = ""
    if job.get("file"):
        opened = user_file.open_user_scene(job["file"], job["width"], job["height"])
        scene, camera, notices = opened.scene, opened.camera, opened.notices
        outside = external_files.external_sha256(Path(job["file"]["path"]))
        stage.configure_cycles(scene, **settings, keep_light_paths=True)
    else:
        scene = stage.empty_stage()
        stage.configure_cycles(scene, **settings)
        camera = _build_scripted(job)
    device.use_device(scene, job.get("device", "cpu"))
    bpy.context.view_layer.update()
    events.write(
        "ready",
        blender=bpy.app.version_string,
        camera=_camera_facts(camera),
        geometry_sha256=stage.geometry_sha256(scene, outside),
        enclosed_by=enclosing_body(scene, camera),
        notices=notices,
    )
    for shot in job["shots"]:
        started = time.monotonic()
        path, samples, seed = Path(shot["path"]), shot["samples"], shot["seed"]
        if shot.get("view") is not None:
            with pinhole_view(scene, camera, **shot["view"]):
                stage.render_exr(scene, path, samples=samples, seed=seed)
        elif shot.get("disparity"):
            close_lens(camera)
            with disparity_as_light(scene):
                stage.render_exr(scene, path, samples=samples, seed=seed)
        else:
            if shot["lens"] is None:
                close_lens(camera)
            else:
                open_lens(camera, **shot["lens"])
            stage.render_exr(scene, path, samples=samples, seed=seed)
        events.write("shot", id=shot["id"], seconds=round(time.monotonic() - started, 3))
    events.write("finished")


def main(arguments: list[str]) -> int:
    """Run the job file named last on the command line. Returns 0 when everything was rendered, else 1."""
    _load_own_package()
    job = json.loads(Path(arguments[-1]).read_text(encoding="utf-8"))
    die_with_parent()
    events = Events(Path(job["events"]))
    from blender_scenes.errors import UserError

    try:
        run(job, events)
    except UserError as mistake:
        events.write("failed", message=str(mistake), kind="bad_input")
        return 1
    except ModuleNotFoundError as error:
        if error.name != "numpy":
            raise
        message = "this Blender's Python has no numpy; install it (on Debian: apt-get install python3-numpy)"
        events.write("failed", message=message, kind="bad_input")
        return 1
    except Exception as error:  # noqa: BLE001  the parent reads the event; the traceback goes to the log
        traceback.print_exc()
        events.write("failed", message=f"{type(error).__name__}: {error}", kind="failure")
        return 1
    return 0


if __name__ == "__main__":
    code = main(sys.argv)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # skip Blender's teardown, which may crash after the work is done
