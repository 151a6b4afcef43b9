"""How predictions are made: what is rendered twice, how it ends, and how failures are told."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from benchmark.dataset import Dataset, open_dataset
from benchmark.methods.interface import MethodInput, Rendering
from benchmark.predict import failures_in_words, predict
from benchmark.protocols import load_protocol
from benchmark.samples import Sample
from bokeh_render.optics import Float32
from bokeh_render.progress import Step

PROTOCOL = load_protocol("blb-v1")


@pytest.fixture
def dataset(tiny_dataset_once: Path) -> Dataset:
    return open_dataset(tiny_dataset_once)


class Noting:
    """Answers its input and notes, in a file, for which sample and in which process it was asked."""

    name, revision, description = "noting", "1", "notes what it is asked"

    def __init__(self, file: Path) -> None:
        self.file = file

    def render(self, sample: MethodInput) -> Float32:
        with self.file.open("a") as stream:
            stream.write(f"{os.getpid()} {sample.name}\n")
        return sample.display

    def asked(self) -> list[tuple[str, str]]:
        return [(line.split()[0], line.split()[1]) for line in self.file.read_text().splitlines()]


@pytest.mark.parametrize("jobs", [1, 2])
def test_only_the_first_sample_of_a_process_is_rendered_twice(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    monkeypatch.setattr("benchmark.predict._MOST_IN_BATCH", 3)
    monkeypatch.setattr("benchmark.predict._MOST_IN_CHUNK", 2)
    method = Noting(tmp_path / "asked")
    predicted = predict(method, dataset, PROTOCOL, tmp_path / "out", jobs=jobs)
    assert not predicted.failures
    asked = method.asked()
    processes = {pid for pid, _ in asked}
    assert len(asked) == len(predicted.files) + len(processes)
    for process in processes:
        names = [name for pid, name in asked if pid == process]
        assert names[0] == names[1]
        assert len(set(names[1:])) == len(names) - 1


class Batch:
    """A batch method that tells when it was closed."""

    name, revision, description = "batch", "1", "takes all samples"
    closed: ClassVar[list[str]] = []

    def render_batch(self, samples: Sequence[MethodInput]) -> Iterator[Rendering]:
        try:
            for sample in samples:
                yield Rendering(sample.display)
        finally:
            self.closed.append(samples[0].name)


def test_what_interrupts_the_report_closes_the_batch(dataset: Dataset, tmp_path: Path) -> None:
    def interrupt(step: Step) -> None:
        if step.done == 2:
            raise KeyboardInterrupt

    Batch.closed.clear()
    with pytest.raises(KeyboardInterrupt) as stopped:
        predict(Batch(), dataset, PROTOCOL, tmp_path / "out", report=interrupt)
    assert len(Batch.closed) == 1
    assert stopped.tb is not None  # it holds every frame, so it was no collection of garbage that closed the batch


SLEEPS = """
import os, time
from pathlib import Path

class Sleeps:
    name, revision, description = "sleeps", "1", "never answers"
    def render(self, sample):
        Path(f"pid-{os.getpid()}").write_text("")
        time.sleep(600)
"""
PROGRAM = "import os, time, pathlib; pathlib.Path(f'pid-{os.getpid()}').write_text(''); time.sleep(600)"


def started(folder: Path, method: str, dataset: Dataset, *, processes: int, jobs: int) -> subprocess.Popen[bytes]:
    """Start an evaluation in ``folder`` and wait until so many processes have noted their number there."""
    command = [sys.executable, "-m", "bokehbench", "evaluate", method, "--dataset", str(dataset.root), "-o", "out"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "TMPDIR": str(folder / "tmp")}
    (folder / "tmp").mkdir()
    with (folder / "said").open("wb") as said:  # no pipe, whose end would wait for whoever outlives the child
        child = subprocess.Popen([*command, "--jobs", str(jobs)], cwd=folder, env=environment, stderr=said, stdout=said)
    for _ in range(1200):
        if len(list(folder.glob("pid-*"))) >= processes or child.poll() is not None:
            break
        time.sleep(0.05)
    if child.poll() is not None:
        pytest.fail((folder / "said").read_text())
    return child


def still_running(folder: Path) -> list[int]:
    """Return which of the processes that noted their number in ``folder`` have not ended within ten seconds."""
    left = [int(path.name.split("-")[1]) for path in folder.glob("pid-*")]
    assert left
    for _ in range(200):
        left = [pid for pid in left if is_running(pid)]
        if not left:
            break
        time.sleep(0.05)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    return left


def children_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def written(folder: Path, kind: str) -> str:
    """Write a method that sleeps; return what ``evaluate`` calls it."""
    if kind == "class":
        (folder / "sleeping.py").write_text(SLEEPS)
        return "sleeping:Sleeps"
    told = {"name": "sleeps", "revision": "1", "description": "never answers", "workdir": str(folder)}
    told |= {"command": [sys.executable, "-I", "-S", "-c", PROGRAM, "{job}"], "per": "sample"}
    (folder / "method.yaml").write_text(json.dumps(told))
    return "."


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("kind", ["class", "command"])
def test_kill_9_ends_the_processes_and_the_programs_too(dataset: Dataset, tmp_path: Path, kind: str) -> None:
    child = started(tmp_path, written(tmp_path, kind), dataset, processes=1, jobs=2)
    for pid in children_of(child.pid):  # the pool's, those among them that are idle
        (tmp_path / f"pid-{pid}").touch()
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert still_running(tmp_path) == []


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("kind", ["class", "command"])
def test_sigterm_cleans_up_and_ends_with_143(dataset: Dataset, tmp_path: Path, kind: str, jobs: int) -> None:
    child = started(tmp_path, written(tmp_path, kind), dataset, processes=1, jobs=jobs)
    child.terminate()
    assert child.wait(timeout=60) == 143
    said = (tmp_path / "said").read_text()
    assert "Traceback" not in said
    assert "the same command goes on" in said
    assert still_running(tmp_path) == []
    assert list((tmp_path / "tmp").glob("bokehbench-job-*")) == []


def test_what_a_method_prints_does_not_come_before_the_json(dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "loud.py").write_text(
        "print('imported')\ndef loud(sample):\n    print('rendered')\n    return sample.display\n"
    )
    command = [sys.executable, "-m", "bokehbench", "evaluate", "loud:loud", "--dataset", str(dataset.root), "--json"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    ran = subprocess.run([*command, "-o", "out"], cwd=tmp_path, env=environment, capture_output=True, check=True)
    (result,) = json.loads(ran.stdout)
    assert result["method"]["name"] == "loud"
    assert b"imported" in ran.stderr
    assert b"rendered" in ran.stderr


def test_equal_failures_are_told_once() -> None:
    samples = [Sample("window_table", 0, focus) for focus in range(12)]
    one = dict.fromkeys(samples, "ValueError: no kernel")
    assert failures_in_words(one, 12) == "ValueError: no kernel (at 12 of 12 samples, first window_table/bokeh_00_00)"
    assert failures_in_words({samples[3]: "too dark"}, 12) == "too dark (at window_table/bokeh_00_03)"


def test_the_commonest_failures_come_first_and_the_rest_is_counted() -> None:
    errors = ["a", "b", "b", "c", "d", "d", "d", "e", "f"]
    failures = {Sample("s", 1, focus): error for focus, error in enumerate(errors)}
    assert failures_in_words(failures, 20) == (
        "d (at 3 of 20 samples, first s/bokeh_01_04); b (at 2 of 20 samples, first s/bokeh_01_01); "
        "a (at s/bokeh_01_00); and 3 more errors"
    )
    del failures[Sample("s", 1, 7)], failures[Sample("s", 1, 8)]
    assert failures_in_words(failures, 20).endswith("; and 1 more error")
