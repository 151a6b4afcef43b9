"""How predictions are made: what is rendered twice, how it ends, and how failures are told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from benchmark.dataset import Dataset, open_dataset
from benchmark.methods.interface import MethodInput, Rendering
from benchmark.predict import predict
from benchmark.protocols import load_protocol
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
        import os

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
