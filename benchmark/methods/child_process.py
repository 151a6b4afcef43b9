"""A program as a child: its words kept, its time limited, its whole process group ended, its memory measured."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bokeh_render.errors import BadInputError

_LONGEST_WAIT_S = 0.05
_LOG_TAIL_BYTES = 64 * 1024
_SHOWN_LINES = 5
_SHOWN_CHARACTERS = 600
_SURELY_ABOVE = 1.02  # the kernel counts memory per core and adds up late


@dataclass(frozen=True)
class Ended:
    """How a program ended. code: as ``subprocess`` gives it; peak_memory_mb: None where it cannot be told."""

    code: int
    timed_out: bool
    seconds: float
    peak_memory_mb: float | None

    @property
    def how(self) -> str:
        """Its end as part of a sentence."""
        if self.timed_out:
            return f"it was stopped after {self.seconds:.0f} s, its time-out"
        if -self.code in set(signal.Signals):
            return f"it was ended by {signal.Signals(-self.code).name}"
        return f"it ended with exit code {self.code}"


def run_to_end(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str], log: Path, timeout_s: float
) -> Ended:
    """Run ``command`` in ``folder`` and wait for its end; never through a shell.

    Everything it says goes to ``log``. Its process group is ended when the time is up, on Ctrl-C, and after its own
    end, as what it started itself may outlive it. Raises BadInputError when it cannot be started.
    """
    with log.open("wb") as stream:
        started = time.perf_counter()
        try:
            child = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise BadInputError(_cannot_start(command[0], folder, error)) from None
    own_peak_kb = _high_water_kb("self")
    try:
        return _wait(child, started, timeout_s, own_peak_kb)
    finally:
        _end_group(child)


def last_words(log: Path) -> str:
    """Return the last lines of a log as one line, for an error message."""
    with log.open("rb") as stream:
        stream.seek(max(log.stat().st_size - _LOG_TAIL_BYTES, 0))
        text = stream.read().decode("utf-8", errors="replace")
    lines = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    if not lines:
        return "it wrote nothing"
    said = " | ".join(lines[-_SHOWN_LINES:])
    return said if len(said) <= _SHOWN_CHARACTERS else f"…{said[-_SHOWN_CHARACTERS:]}"


def _cannot_start(program: str, folder: Path, error: OSError) -> str:
    if not folder.is_dir():
        return f"workdir {folder} is not a folder; expected the one that the command shall run in"
    return (
        f"the command {program!r} cannot be started ({error.strerror}); expected a program that exists and may be run "
        "(in a virtual environment: its bin/python)"
    )


def _wait(child: subprocess.Popen[bytes], started: float, timeout_s: float, own_peak_kb: float | None) -> Ended:
    timed_out = False
    seen_kb: float | None = None
    while True:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        seconds = time.perf_counter() - started
        if pid:
            break
        if seconds > timeout_s and not timed_out:
            timed_out = True
            _kill_group(child.pid)
        seen_kb = max(seen_kb or 0.0, _high_water_kb(str(child.pid)) or 0.0) or None
        time.sleep(min(_LONGEST_WAIT_S, max(0.002, seconds / 50)))
    child.returncode = os.waitstatus_to_exitcode(status)  # we took its end away from Popen
    return Ended(child.returncode, timed_out, seconds, _peak_mb(usage.ru_maxrss, seen_kb, own_peak_kb))


def _peak_mb(told: int, seen_kb: float | None, own_peak_kb: float | None) -> float | None:
    """Return a child's peak memory. told: its ru_maxrss; seen_kb: the last high-water mark seen while it ran.

    Linux counts what *we* held when we started the child as the child's (it was a copy of us until it became another
    program), so its number holds only where it is above ours; below, what was seen while it ran is all there is.
    """
    if sys.platform == "darwin":
        return told / 1024**2
    if own_peak_kb is None or told > _SURELY_ABOVE * own_peak_kb:
        return told / 1024
    return None if seen_kb is None else seen_kb / 1024


def _high_water_kb(pid: str) -> float | None:
    """Return the most memory a running process has held, kB; None where there is no /proc, or it has just ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return float(line.split()[1])
    return None


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # an empty group; on macOS, one that is just ending
        os.killpg(pid, signal.SIGKILL)


def _end_group(child: subprocess.Popen[bytes]) -> None:
    _kill_group(child.pid)
    if child.returncode is None:
        child.wait()
