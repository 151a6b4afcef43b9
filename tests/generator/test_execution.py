from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event

import pytest

from bokeh_render.errors import BokehbenchError
from bokeh_render.progress import ReportStep, silent
from generator.execution import Needs, run_locally


@dataclass
class Counting:
    """A unit that counts its runs and may fail."""

    name: str
    done: bool = False
    fails: bool = False
    lies: bool = False
    waits: bool = False
    runs: int = 0
    needs: Needs = field(default=Needs(1, 1))
    cancelled: bool = False

    def is_done(self) -> bool:
        return self.done

    def run(self, report: ReportStep, cancelled: Event) -> None:
        self.runs += 1
        if self.fails:
            raise BokehbenchError(f"{self.name} broke")
        if self.waits:
            self.cancelled = cancelled.wait(timeout=20)
        self.done = not self.lies


def test_only_what_is_not_done_is_run() -> None:
    units = [Counting("a", done=True), Counting("b")]
    run_locally(units, jobs=2, report=silent)
    run_locally(units, jobs=2, report=silent)
    assert [unit.runs for unit in units] == [0, 1]


def test_a_failure_stops_the_others_and_is_raised() -> None:
    units = [Counting("waiting", waits=True), Counting("broken", fails=True)]
    with pytest.raises(BokehbenchError, match="broken broke"):
        run_locally(units, jobs=2, report=silent)
    assert units[0].cancelled


def test_a_unit_that_ends_undone_is_not_believed() -> None:
    with pytest.raises(BokehbenchError, match="liar ended without finishing"):
        run_locally([Counting("liar", lies=True)], jobs=1, report=silent)
