"""The child process that runs Blender's Defocus node: one JSON job in, one EXR file and one event a sample out.

Started as ``worker.py`` is, with the same events file, and with the same rules: an event is a JSON object a line, a run
is good when ``finished`` was written, and the process ends when its standard input closes. The job::

    {"events": "/abs/events.jsonl",
     "samples": [{"id": "00000", "image": "/abs/image.npy", "disparity": "/abs/disparity.npy",
                  "blur_parameter": 12.0, "focus_disparity": 0.4, "bokeh": "CIRCLE", "angle_rad": 0.0,
                  "path": "/abs/00000.exr"}]}

image: (H, W, 3) float32, linear light; disparity: (H, W) float32, of the unit that K and the focus disparity belong to.

Events: ``ready`` (Blender's version), then for each sample either ``sample`` (id; seconds inside Blender;
peak_memory_mb, the most that this process has held so far, null where the system does not tell) or ``sample_failed``
(id, message), then ``finished``; or ``failed``, as ``worker.py`` has it.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from blender_scenes.worker import Events


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


def _peak_memory_mb() -> float | None:
    """Return the most memory this process has held, MiB; None where there is no /proc."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    return next((round(float(line.split()[1]) / 1024, 1) for line in lines if line.startswith("VmHWM:")), None)


def run(job: dict[str, Any], events: Events) -> None:
    """Send the job's samples through the node, in order. One that fails does not stop the others."""
    import bpy
    import numpy as np

    from blender_scenes import versions
    from blender_scenes.defocus_node import DefocusScene, camera_for

    versions.check_version()
    scene, shown, arrays = DefocusScene(), "", {}
    events.write("ready", blender=bpy.app.version_string)
    for sample in job["samples"]:
        try:
            if sample["image"] != shown:
                scene.show(np.load(sample["image"]))
                shown = sample["image"]
            if sample["disparity"] not in arrays:
                arrays = {sample["disparity"]: np.load(sample["disparity"])}
            camera = camera_for(arrays[sample["disparity"]], sample["blur_parameter"], sample["focus_disparity"])
            seconds = scene.render(camera, sample["bokeh"], sample["angle_rad"], Path(sample["path"]))
        except Exception as error:  # noqa: BLE001  the parent reads the event; the traceback goes to the log
            traceback.print_exc()
            events.write("sample_failed", id=sample["id"], message=f"{type(error).__name__}: {error}")
        else:
            memory = _peak_memory_mb()
            events.write("sample", id=sample["id"], seconds=round(seconds, 4), peak_memory_mb=memory)
    events.write("finished")


def main(arguments: list[str]) -> int:
    """Run the job file named last on the command line. Returns 0 when every sample was tried, else 1."""
    _load_own_package()
    from blender_scenes.errors import UserError
    from blender_scenes.worker import Events, die_with_parent

    job = json.loads(Path(arguments[-1]).read_text(encoding="utf-8"))
    die_with_parent()
    events = Events(Path(job["events"]))
    try:
        run(job, events)
    except UserError as mistake:
        events.write("failed", message=str(mistake), kind="bad_input")
        return 1
    return 0


if __name__ == "__main__":
    code = main(sys.argv)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)  # skip Blender's teardown, which may crash after the work is done
