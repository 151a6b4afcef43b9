"""What several tests share: one tiny dataset, rendered by Blender once per run, and the command as a function."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from generator.build import generate
from generator.config import GenerateConfig, NoiseFloorPlan

TINY = GenerateConfig(
    name="tiny",
    scenes=("blue_hour_street", "window_table"),
    width=96,
    height=64,
    image_samples=8,
    bokeh_samples=8,
    engine="path",
    blur_levels=(1.5, 4.0),
    focus_disparities=(0.1, 0.6),
    noise_floor=NoiseFloorPlan(focus=(1,)),
)


@pytest.fixture(scope="session")
def tiny_dataset_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tiny") / "dataset"
    generate(TINY, out, jobs=2, threads=2)
    return out


@pytest.fixture
def tiny_dataset(tiny_dataset_once: Path, tmp_path: Path) -> Path:
    """Return a copy that the test may damage."""
    return Path(shutil.copytree(tiny_dataset_once, tmp_path / "dataset"))


@pytest.fixture
def one_torch_thread() -> Iterator[None]:
    """Give torch one thread: on small images, or where other work fills the cores, its threads wait for one another."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Return a function that runs ``bokehbench`` with the given arguments in this process."""
    import bokehbench

    def run(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["bokehbench", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "1000")
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            bokehbench.main()
        captured = capsys.readouterr()
        code = ended.value.code
        return Ended(code if isinstance(code, int) else 0, captured.out, captured.err)

    return run
