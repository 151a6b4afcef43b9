from __future__ import annotations

import errno
import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest

from bokeh_render.errors import BadInputError, BokehbenchError
from bokeh_render.progress import ReportStep, silent
from generator import execution
from generator.blender_choice import BUILT_IN
from generator.build import _units
from generator.crashes import BlenderCrashError, worth_retrying
from generator.execution import Needs, available_memory_mb, run_locally, shard_of
from tests.conftest import TINY


def no_space(message: str) -> OSError:
    return OSError(errno.ENOSPC, f"No space left: {message}")


@dataclass
class Counting:
    """A unit that counts its runs and may fail."""

    name: str
    done: bool = False
    fails: bool = False
    lies: bool = False
    waits: bool = False
    error: Callable[[str], BaseException] = BokehbenchError
    fails_times: int = 1000
    running: list[str] = field(default_factory=list)
    together: list[int] = field(default_factory=list)
    runs: int = 0
    needs: Needs = field(default=Needs(1, 1))
    cancelled: bool = False

    def is_done(self) -> bool:
        return self.done

    def run(self, report: ReportStep, cancelled: Event) -> None:
        self.runs += 1
        if self.fails and self.runs <= self.fails_times:
            raise self.error(f"{self.name} broke")
        self.running.append(self.name)
        self.together.append(len(self.running))
        time.sleep(0.05)
        self.running.remove(self.name)
        if self.waits:
            self.cancelled = cancelled.wait(timeout=20)
        self.done = not self.lies


def test_only_what_is_not_done_is_run() -> None:
    units = [Counting("a", done=True), Counting("b")]
    run_locally(units, jobs=2, report=silent)
    run_locally(units, jobs=2, report=silent)
    assert [unit.runs for unit in units] == [0, 1]


def test_one_failure_does_not_lose_the_others_and_all_are_told() -> None:
    units = [Counting("broken", fails=True), Counting("fine"), Counting("torn", fails=True)]
    with pytest.raises(BokehbenchError, match="broken: broken broke; torn: torn broke"):
        run_locally(units, jobs=1, report=silent)
    assert units[1].done


def test_bad_input_alone_stays_bad_input() -> None:
    units = [Counting("first", fails=True, error=BadInputError), Counting("fine")]
    with pytest.raises(BadInputError, match="first broke"):
        run_locally(units, jobs=2, report=silent)
    units = [Counting("first", fails=True, error=BadInputError), Counting("second", fails=True)]
    with pytest.raises(BokehbenchError) as caught:
        run_locally(units, jobs=2, report=silent)
    assert caught.value.exit_code == 1


def test_a_full_disk_stops_everything() -> None:
    units = [Counting("waiting", waits=True), Counting("full", fails=True, error=no_space)]
    with pytest.raises(OSError, match="No space"):
        run_locally(units, jobs=2, report=silent)
    assert units[0].cancelled


@pytest.mark.parametrize(("retries", "runs"), [(0, 1), (1, 2), (2, 3), (5, 3)])
def test_only_crashes_are_tried_again_and_not_for_ever(
    retries: int, runs: int, caplog: pytest.LogCaptureFixture
) -> None:
    def crash(message: str) -> BlenderCrashError:
        return BlenderCrashError(message, kind="killed", retry=True)

    def attempt(unit: Counting) -> None:
        run_locally([unit], jobs=1, report=silent, retries=retries, worth_retrying=worth_retrying)

    unit = Counting("unlucky", fails=True, error=crash, fails_times=2)
    if retries < 2:
        with pytest.raises(BokehbenchError, match="unlucky broke"):
            attempt(unit)
    else:
        attempt(unit)
    assert unit.runs == runs
    told = [record.getMessage() for record in caplog.records]
    assert told == [f"unlucky: unlucky broke; trying again ({n} of {retries})" for n in range(1, runs)]

    stubborn = Counting("wrong", fails=True)
    with pytest.raises(BokehbenchError):
        attempt(stubborn)
    assert stubborn.runs == 1


def test_units_that_do_not_fit_into_memory_wait_but_one_always_runs() -> None:
    together: list[int] = []
    running: list[str] = []
    units = [Counting(f"u{i}", needs=Needs(1, 600), running=running, together=together) for i in range(4)]
    run_locally(units, jobs=4, report=silent, memory_mb=1300)
    assert max(together) == 2
    together.clear()
    huge = [Counting(f"h{i}", needs=Needs(1, 5000), running=running, together=together) for i in range(2)]
    run_locally(huge, jobs=2, report=silent, memory_mb=1300)
    assert max(together) == 1


def test_shares_cover_everything_once() -> None:
    units = [Counting(str(i)) for i in range(7)]
    shares = [shard_of(units, index, 3) for index in (1, 2, 3)]
    assert sorted(unit.name for share in shares for unit in share) == [str(i) for i in range(7)]
    assert [len(share) for share in shares] == [3, 2, 2]


def test_a_unit_that_ends_undone_is_not_believed() -> None:
    with pytest.raises(BokehbenchError, match="liar: ended without finishing"):
        run_locally([Counting("liar", lies=True)], jobs=1, report=silent)


def test_a_containers_limit_of_memory_counts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "limit").write_text(str(64 * 2**20))
    (tmp_path / "none").write_text("max")
    files = [tmp_path / "none", tmp_path / "limit", tmp_path / "missing"]
    monkeypatch.setattr(execution, "_control_group_limit_files", lambda: files)
    assert available_memory_mb() == 64


def test_a_unit_and_its_failure_can_be_sent_to_another_machine() -> None:
    unit = _units(TINY, Path("/somewhere/dataset"), 2, 60.0, BUILT_IN)[0]
    assert pickle.loads(pickle.dumps(unit)) == unit
    crash = pickle.loads(pickle.dumps(BlenderCrashError("scene a: killed", kind="killed", retry=True)))
    assert (str(crash), crash.kind, crash.retry) == ("scene a: killed", "killed", True)
