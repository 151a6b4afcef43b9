"""Work as idempotent units: each says what it needs, knows when it is done, and only does what is missing.

The local runner below is the first executor. A unit shares no process and no temporary folder with another, so that
other executors (a cluster, an array job) can take the same units: it is enough to pickle one, run it anywhere that sees
the dataset's folder, and ask ``is_done``.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Protocol

from bokeh_render.errors import BadInputError, BokehbenchError
from bokeh_render.progress import ReportStep

_LOG = logging.getLogger("bokehbench")


@dataclass(frozen=True)
class Needs:
    """What a unit asks of the machine while it runs. threads: CPU threads; memory_mb: of RAM; gpus: whole devices."""

    threads: int
    memory_mb: int
    gpus: int = 0


class Unit(Protocol):
    """One piece of work that can be run again at any time: what is finished is not done twice."""

    @property
    def name(self) -> str:
        """How progress and errors call it."""

    @property
    def needs(self) -> Needs:
        """What it asks of the machine."""

    def is_done(self) -> bool:
        """Return whether nothing is left to do."""

    def run(self, report: ReportStep, cancelled: Event) -> None:
        """Do what is missing; stop soon, leaving only whole files, once ``cancelled`` is set."""


def never(error: BaseException) -> bool:
    """Say of no error that trying again makes sense."""
    del error
    return False


def shard_of(units: Sequence[Unit], index: int, count: int) -> list[Unit]:
    """Return the units of one of ``count`` equal shares. index: 1 to count."""
    return list(units[index - 1 :: count])


def run_locally(
    units: Sequence[Unit],
    *,
    jobs: int,
    report: ReportStep,
    retries: int = 0,
    worth_retrying: Callable[[BaseException], bool] = never,
    memory_mb: int | None = None,
) -> None:
    """Run the units that are not done on this machine, ``jobs`` at a time and no more than fit into memory.

    retries: how often to try a unit again when ``worth_retrying`` says so of its error; memory_mb: what there is, None
    asks the system. One unit's failure does not stop the others; all failures are raised together at the end
    (BadInputError when they all are). A full disk or Ctrl-C stops everything at once; finished files stay.
    """
    cancelled = Event()
    room = memory_mb if memory_mb is not None else available_memory_mb()
    waiting = [unit for unit in units if not unit.is_done()]
    tried: dict[int, int] = {}
    failures: list[tuple[Unit, BaseException]] = []
    running: dict[Future[None], Unit] = {}
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        try:
            while waiting or running:
                while waiting and _fits(waiting[0], running.values(), jobs, room):
                    unit = waiting.pop(0)
                    running[pool.submit(unit.run, report, cancelled)] = unit
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    unit = running.pop(future)
                    error = future.exception()
                    if error is None:
                        if not unit.is_done():
                            failures.append(
                                (unit, BokehbenchError("ended without finishing; run the same command again"))
                            )
                    elif isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
                        raise error
                    elif worth_retrying(error) and tried.get(id(unit), 0) < retries:
                        tried[id(unit)] = tried.get(id(unit), 0) + 1
                        _LOG.warning("%s: %s; trying again (%d of %d)", unit.name, error, tried[id(unit)], retries)
                        waiting.append(unit)
                    else:
                        failures.append((unit, error))
        except BaseException:  # Ctrl-C or a full disk: end the children, then go
            cancelled.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    if failures:
        _raise_together(failures)


def _fits(unit: Unit, running: Iterable[Unit], jobs: int, room: int) -> bool:
    """Return whether a unit may start beside those running; alone it always may."""
    others = list(running)
    if not others:
        return True
    return len(others) < jobs and sum(other.needs.memory_mb for other in others) + unit.needs.memory_mb <= room


def _raise_together(failures: Sequence[tuple[Unit, BaseException]]) -> None:
    unknown = [error for _, error in failures if not isinstance(error, BokehbenchError | OSError)]
    if unknown:
        raise unknown[0]  # a defect of ours: its traceback is wanted
    text = "; ".join(f"{unit.name}: {error}" for unit, error in failures)
    if all(isinstance(error, BadInputError) for _, error in failures):
        raise BadInputError(text)
    raise BokehbenchError(text)


def available_memory_mb() -> int:
    """Return how much memory new processes can take, MB, by what Linux says; else all that the machine has.

    A container's or batch system's limit counts where it is lower.
    """
    return min([_free_memory_mb(), *_control_group_limits_mb()])


def _free_memory_mb() -> int:
    meminfo = Path("/proc/meminfo")
    if meminfo.is_file():
        for line in meminfo.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) // 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20


def _control_group_limits_mb() -> list[int]:
    limits = []
    for file in _control_group_limit_files():
        try:
            limits.append(int(file.read_text(encoding="ascii")) // 2**20)
        except (OSError, ValueError):  # no such file, or the word "max"
            continue
    return limits


def _control_group_limit_files() -> Iterator[Path]:
    """Yield where the memory limits of this process's control group, and of those round it, would stand."""
    try:
        groups = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for group in groups:
        _, controllers, own = group.split(":", 2)
        if controllers in {"", "memory"}:  # version 2 has one tree for all, version 1 one for memory
            root = Path("/sys/fs/cgroup") / controllers
            name = "memory.limit_in_bytes" if controllers else "memory.max"
            folder = root / own.strip("/")
            yield from (outer / name for outer in (folder, *folder.parents) if outer.is_relative_to(root))
