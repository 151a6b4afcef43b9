"""Which Blender renders, and on what device: the installed module, an executable, or the module of another Python."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bokeh_render.errors import BadInputError

OLDEST = (3, 4)
DEVICES = ("cpu", "cuda", "optix", "hip", "metal", "oneapi")
_ANSWER_SECONDS = 300
_ASK_MODULE = "import bpy; print('Blender', bpy.app.version_string)"


@dataclass(frozen=True)
class Blender:
    """How to start Blender. executable: a ``blender``; python: an interpreter that has ``bpy``, if no executable is
    given; device: what Cycles computes on.
    """

    executable: Path | None = None
    python: Path = Path(sys.executable)
    device: str = "cpu"

    def command(self, script: Path, argument: Path) -> list[str]:
        """Return the command line that runs a script, with one argument, where it can import ``bpy``."""
        if self.executable is not None:
            return [str(self.executable), "-b", "--factory-startup", "-P", str(script), "--", str(argument)]
        return [str(self.python), "-P", str(script), str(argument)]

    def environment(self) -> dict[str, str]:
        """Return the environment to start it in: another Blender must not find this Python's packages."""
        environment = dict(os.environ)
        if self.executable is None and self.python == Path(sys.executable):
            return environment
        for name in ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV"):
            environment.pop(name, None)
        ours = str(Path(sys.executable).parent)  # Debian's Blender takes the first python3 on the path for its own
        places = [place for place in environment.get("PATH", "").split(os.pathsep) if place != ours]
        return {**environment, "PATH": os.pathsep.join(places)}


BUILT_IN = Blender()
"""The module that is installed with this package, on the CPU."""


def choose_blender(executable: Path | None = None, python: Path | None = None, device: str = "cpu") -> Blender:
    """Return the Blender asked for, after asking it for its version.

    executable: path of a ``blender``; python: path of an interpreter with ``bpy``; neither: the installed module.
    Raises BadInputError when it is not there, is no Blender, or is older than 3.4. Whether the device is there is only
    known to Blender: a job says so.
    """
    if device not in DEVICES:
        raise BadInputError(f"unknown device {device!r}; expected one of {', '.join(DEVICES)}")
    if executable is not None and python is not None:
        raise BadInputError(
            "two Blenders are named; expected either --blender (or BOKEHBENCH_BLENDER) or --blender-python (or "
            "BOKEHBENCH_BLENDER_PYTHON)"
        )
    if executable is not None:
        _check(executable, "--blender", ["--version"])
        return Blender(executable=executable.absolute(), device=device)
    if python is not None:
        _check(python, "--blender-python", ["-P", "-c", _ASK_MODULE])
        return Blender(python=python.absolute(), device=device)
    return Blender(device=device)


def _check(path: Path, option: str, arguments: list[str]) -> None:
    needed = f"expected Blender {'.'.join(map(str, OLDEST))} or later"
    if not path.is_file() or not os.access(path, os.X_OK):
        problem = "is not an executable file" if path.exists() else "does not exist"
        what = "the path of blender" if option == "--blender" else "the path of a Python that has bpy"
        raise BadInputError(f"{option} {path} {problem}; expected {what}")
    try:
        answer = subprocess.run(
            [str(path.absolute()), *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_ANSWER_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise BadInputError(f"{option} {path} did not say its version in {_ANSWER_SECONDS} s; {needed}") from None
    except OSError as error:
        raise BadInputError(f"{option} {path} cannot be started ({error.strerror}); {needed}") from None
    found = re.search(r"^Blender (\d+)\.(\d+)", answer.stdout, re.MULTILINE)
    if found is None:
        lines = (answer.stdout + answer.stderr).strip().splitlines()
        raise BadInputError(f"{option} {path} is not a Blender: it says {(lines or ['nothing'])[-1]!r}; {needed}")
    if (int(found[1]), int(found[2])) < OLDEST:
        raise BadInputError(f"{option} {path} is Blender {found[1]}.{found[2]}; {needed}")
