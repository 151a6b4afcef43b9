"""Why a Blender process died: a few classes, each with a plain sentence and whether trying again makes sense."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from functools import partial

from bokeh_render.errors import BokehbenchError

SYSTEM_LIBRARIES = ("libx11-6", "libxrender1", "libxfixes3", "libxi6", "libxkbcommon0", "libsm6", "libgl1")
"""Debian packages that Blender's Python module needs and does not bring along."""

_OUT_OF_MEMORY = re.compile(
    r"MemoryError|std::bad_alloc|alloc returns null|[Oo]ut of (host )?memory|Cannot allocate memory"
)
_DISK_FULL = re.compile(r"No space left on device|Disk quota exceeded")
_RENDER_ERROR = re.compile(r"^Error: |SVM stack|shader graph|shader compil\w+ (failed|error)|ERROR \(", re.MULTILINE)
_HARMLESS = re.compile(r"audio|mounted file-systems|CUEW", re.IGNORECASE)


class BlenderCrashError(BokehbenchError):
    """A Blender process ended before its work was done. kind: its class; retry: whether a second try may succeed."""

    def __init__(self, message: str, *, kind: str, retry: bool) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry = retry

    def __reduce__(self) -> tuple[Callable[..., BlenderCrashError], tuple[str]]:
        """Let it travel between processes and machines; exceptions forget keyword arguments when they are pickled."""
        return partial(BlenderCrashError, kind=self.kind, retry=self.retry), (str(self),)


def timed_out(seconds: float) -> BlenderCrashError:
    """Return the crash of a process that was ended because nothing had come from it for so long."""
    minutes = f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} s"
    message = (
        f"nothing came from Blender for {minutes}, so it was stopped; allow more with --timeout, or render smaller"
    )
    return BlenderCrashError(message, kind="time-out", retry=True)


def blender_error(message: str) -> BlenderCrashError:
    """Return the crash of a process whose script failed, with the words it failed with."""
    if _OUT_OF_MEMORY.search(message):
        return _out_of_memory()
    if _DISK_FULL.search(message):
        return _disk_full()
    return BlenderCrashError(f"Blender failed: {message}", kind="Blender error", retry=False)


def explain_death(code: int, log: str) -> BlenderCrashError:
    """Return the crash of a process that ended by itself without saying why.

    code: as ``subprocess`` gives it, or 128 + the signal from a script that stood between (a packaged Blender).
    """
    if code - 128 in set(signal.Signals):
        code = 128 - code
    lines = [line for line in log.splitlines() if line.strip()]
    last = lines[-1].strip() if lines else "it wrote nothing"
    if "cannot open shared object file" in last:
        packages = " ".join(SYSTEM_LIBRARIES)
        advice = f"Install its libraries: apt-get install --no-install-recommends {packages}"
        return BlenderCrashError(
            f"Blender's module does not load: {last} {advice}", kind="missing library", retry=False
        )
    if "No module named 'bpy'" in last:
        message = "Blender's module is not installed: pip install bpy==4.5.15 (Python 3.11 only)"
        return BlenderCrashError(message, kind="missing library", retry=False)
    if _DISK_FULL.search(log):
        return _disk_full()
    if _OUT_OF_MEMORY.search(log) or code == -signal.SIGKILL:
        return _out_of_memory()
    if -code in set(signal.Signals):
        message = f"Blender was ended by {signal.Signals(-code).name}; its last words: {last}"
        return BlenderCrashError(message, kind="killed", retry=True)
    message = f"Blender ended with code {code} before it was done; its last words: {last}"
    return BlenderCrashError(message, kind="Blender error", retry=True)


def render_errors(log: str) -> list[str]:
    """Return the lines of a log in which Cycles says that a picture is wrong, though it went on."""
    return [line for line in log.splitlines() if _RENDER_ERROR.search(line) and not _HARMLESS.search(line)]


def check_render_log(log: str) -> None:
    """Raise BlenderCrashError when a process complained about what it rendered, though it went on."""
    found = render_errors(log)
    if found:
        raise BlenderCrashError(f"Blender went on but reported: {found[0]}", kind="Blender error", retry=False)


def worth_retrying(error: BaseException) -> bool:
    """Return whether the work that raised this may succeed when it is tried again."""
    return isinstance(error, BlenderCrashError) and error.retry


def _out_of_memory() -> BlenderCrashError:
    message = "Blender was killed, most often for want of memory; free some or render fewer scenes at a time (--jobs 1)"
    return BlenderCrashError(message, kind="out of memory", retry=True)


def _disk_full() -> BlenderCrashError:
    return BlenderCrashError(
        "the disk is full; free some space, the same command goes on", kind="disk full", retry=False
    )
