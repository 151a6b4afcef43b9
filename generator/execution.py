"""Work as idempotent units: each says what it needs, knows when it is done, and only does what is missing.

The local runner below is the first executor. A unit shares no process and no temporary folder with another, so that
other executors (a cluster, an array job) can take the same units.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Event
from typing import Protocol

from bokeh_render.errors import BokehbenchError
from bokeh_render.progress import ReportStep


@dataclass(frozen=True)
class Needs:
    """What a unit asks of the machine while it runs. threads: CPU threads; memory_mb: of RAM."""

    threads: int
    memory_mb: int


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


def run_locally(units: Sequence[Unit], *, jobs: int, report: ReportStep) -> None:
    """Run the units that are not done, ``jobs`` at a time, on this machine.

    The first failure stops the others (what they finished stays) and is raised.
    """
    cancelled = Event()
    waiting = [unit for unit in units if not unit.is_done()]
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        try:
            futures = [pool.submit(unit.run, report, cancelled) for unit in waiting]
            finished, _ = wait(futures, return_when=FIRST_EXCEPTION)
            failures = [error for future in finished if (error := future.exception()) is not None]
        except BaseException:  # Ctrl-C: end the children, then go
            cancelled.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
        if failures:
            cancelled.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise failures[0]
    undone = [unit.name for unit in waiting if not unit.is_done()]
    if undone:
        raise BokehbenchError(f"{', '.join(undone)} ended without finishing; run the same command again")
