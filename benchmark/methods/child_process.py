"""A program as a child: its words kept, its time limited, its whole process group ended, its memory measured."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bokeh_render.errors import BadInputError

from .stopping import program_dies_with_us

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


class Program:
    """A program that was started by :func:`running`."""

    def __init__(self, child: subprocess.Popen[bytes], started: float, timeout_s: float) -> None:
        self._child, self._started, self._timeout_s = child, started, timeout_s
        self._own_peak_kb = _high_water_kb("self")
        self._seen_kb: float | None = None
        self._timed_out = False
        self._ended: Ended | None = None

    def poll(self) -> Ended | None:
        """Return how it ended, None while it runs; when its time is up, end it."""
        if self._ended is not None:
            return self._ended
        pid, status, usage = os.wait4(self._child.pid, os.WNOHANG)
        seconds = time.perf_counter() - self._started
        if pid:
            self._child.returncode = os.waitstatus_to_exitcode(status)  # we took its end away from Popen
            _kill_group(self._child.pid)  # what it started itself may outlive it, and write on
            peak_mb = _peak_mb(usage.ru_maxrss, self._seen_kb, self._own_peak_kb)
            self._ended = Ended(self._child.returncode, self._timed_out, seconds, peak_mb)
        elif seconds > self._timeout_s and not self._timed_out:
            self._timed_out = True
            _kill_group(self._child.pid)
        else:
            self._seen_kb = max(self._seen_kb or 0.0, _high_water_kb(str(self._child.pid)) or 0.0) or None
        return self._ended

    def pause(self) -> None:
        """Wait a little, so that polling takes no time from the program."""
        time.sleep(min(_LONGEST_WAIT_S, max(0.002, (time.perf_counter() - self._started) / 50)))

    def peak_memory_mb(self) -> float | None:
        """Return the most that the largest process of its group has held so far; None where there is no /proc."""
        seen = [_high_water_kb(pid) or 0.0 for pid in _group_of(self._child.pid)]
        largest = max([self._seen_kb or 0.0, *seen])
        return largest / 1024 if largest else None


@contextmanager
def running(
    command: Sequence[str], *, folder: Path, environment: Mapping[str, str], log: Path, timeout_s: float
) -> Iterator[Program]:
    """Run ``command`` in ``folder`` for as long as the block under ``with`` takes; never through a shell.

    Everything it says goes to ``log``. Its process group is ended when the time is up, after its own end, and when the
    block is left in any way. Raises BadInputError when it cannot be started. On Linux the program, though not what it
    started, is killed as well when the calling thread ends without leaving the block (``kill -9`` of this process).
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
                preexec_fn=program_dies_with_us(),  # which calls the kernel and nothing else
            )
        except OSError as error:
            raise BadInputError(_cannot_start(command[0], folder, error)) from None
    try:
        yield Program(child, started, timeout_s)
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


def _group_of(leader: int) -> list[str]:
    """Return the processes of a group, where there is a /proc."""
    members = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ProcessLookupError):
            fields = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            if int(fields[2]) == leader:  # state, parent, group
                members.append(folder.name)
    return members


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError, PermissionError):  # an empty group; on macOS, one that is just ending
        os.killpg(pid, signal.SIGKILL)


def _end_group(child: subprocess.Popen[bytes]) -> None:
    if child.returncode is None:  # else its group was ended with it, and its number may be another's by now
        _kill_group(child.pid)
        child.wait()
