"""Whole runs on tiny pairs: the loss falls, a stopped run ends as an unstopped one, mistakes get a sentence."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from bokeh_render.errors import BadInputError
from bokeh_render.neural.checkpoints import load_weights, read_weights
from bokeh_render.neural.networks import ARNet, IUNet
from bokeh_render.neural.refiner import Refiner
from bokeh_render.progress import Step
from bokeh_render.schema import sha256_of_file
from bokeh_render.training import examples
from bokeh_render.training.config import StageConfig, TrainConfig, load_train_config
from bokeh_render.training.examples import PLANE_COUNT, Derivation, DrawnPairs
from bokeh_render.training.joined import JoinedExamples
from bokeh_render.training.logs import Log
from bokeh_render.training.pool import ExamplePool
from bokeh_render.training.run import RunOptions, rescore_weights, train
from bokeh_render.training.stages import RefinerObjective
from bokeh_render.training.state import CHECKPOINT
from bokeh_render.training.trainer import Trainer
from bokeh_render.training_pairs import PairSettings, TrainingPair, identity
from tests.conftest import Ended
from tests.generator.test_training_stacks import dataset
from tests.test_command import refused

Command = Callable[..., Ended]
PAIRS = {"height": 32, "width": 32, "blur_px": [2, 4], "most_layers": 3, "lens_points": [8, 8]}
TINY = {
    "name": "tiny",
    "seed": 5,
    "stages": [
        {
            "network": "refiner",
            "pairs": PAIRS,
            "pool": 3,
            "steps": 6,
            "batch": 2,
            "crop": 24,
            "warm_up": 2,
            "log_every": 2,
            "validation_pairs": 1,
            "validate_every": 4,
        }
    ],
}
CONFIG = TrainConfig.model_validate(TINY)
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pool")


@pytest.fixture
def options(pool: Path) -> RunOptions:
    return RunOptions("cpu", threads=1, workers=1, pool=pool)


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "log.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


class StopAfter:
    """Asks this process to stop, as Ctrl-C would, when a stage has done so many steps."""

    def __init__(self, steps: int, number: int = signal.SIGINT) -> None:
        self._steps, self._number = steps, number

    def __call__(self, step: Step) -> None:
        if step.task.startswith("training") and step.done == self._steps:
            os.kill(os.getpid(), self._number)


def test_the_smoke_config_runs_and_every_loss_falls(tmp_path: Path, pool: Path) -> None:
    config = load_train_config("smoke")
    metrics = train(config, tmp_path, RunOptions("auto", threads=1, workers=1, pool=pool))
    assert list(metrics) == ["refiner", "arnet", "iunet"]
    for stage, network in zip(config.stages, (Refiner(), ARNet(), IUNet()), strict=True):
        path = tmp_path / f"{stage.network}.safetensors"
        told = load_weights(network, path)
        found = metrics[stage.network]
        assert told["config_sha256"] == found["config_sha256"] == config.sha256
        assert found["weights_sha256"] == sha256_of_file(path)
        mine = [row for row in rows(tmp_path) if row["stage"] == stage.network]
        assert int(mine[-1]["step"]) == stage.steps
        losses = [float(row["loss_image"]) for row in mine]  # ARNet's error map takes longer than this
        # the refiner begins as the base, so that it has little to lose; the others begin with noise
        least, rows_compared = (0.93, 2) if stage.network == "refiner" else (0.75, 2)
        assert np.mean(losses[-rows_compared:]) < least * np.mean(losses[:rows_compared]), (stage.network, losses)
        assert float(mine[-1]["psnr"]) == pytest.approx(found["validation"]["psnr"], abs=1e-3)
    assert not (tmp_path / CHECKPOINT).exists()
    assert json.loads((tmp_path / "config.json").read_text())["config_sha256"] == config.sha256


def test_finished_weights_are_scored_again(tmp_path: Path, options: RunOptions) -> None:
    metrics = train(CONFIG, tmp_path, options)
    assert rescore_weights(CONFIG, tmp_path, options)["refiner"] == metrics["refiner"]["validation"]
    other = CONFIG.model_copy(update={"seed": 6})
    with pytest.raises(BadInputError, match=r"was trained with the config tiny, .*; expected tiny, .* of its run"):
        rescore_weights(other, tmp_path, options)


def test_half_precision_on_a_cpu_is_asked_for_and_never_mixed_with_full(tmp_path: Path, options: RunOptions) -> None:
    seen: set[torch.dtype] = set()

    def note_dtype(module: torch.nn.Module, _: object, output: torch.Tensor) -> None:
        if isinstance(module, torch.nn.Conv2d) and torch.is_grad_enabled():
            seen.add(output.dtype)

    first, second = load_train_config("smoke").stages[1:]
    stages = [stage.model_copy(update={"steps": 3, "validation_pairs": 1}) for stage in (first, second)]
    config = CONFIG.model_copy(update={"stages": (*CONFIG.stages, *stages)})
    half = options._replace(precision="half")
    handle = torch.nn.modules.module.register_module_forward_hook(note_dtype)  # type: ignore[arg-type]
    try:
        metrics = train(config, tmp_path / "half", half)
        assert seen == {torch.bfloat16, torch.float32}, "the blocks, and the first and last convolution"
        seen.clear()
        full = train(CONFIG, tmp_path / "full", options)
        assert seen == {torch.float32}
    finally:
        handle.remove()
    assert {found["precision"] for found in metrics.values()} == {"bfloat16"}
    assert full["refiner"]["precision"] == "float32"
    assert {value.dtype for value in read_weights(tmp_path / "half" / "iunet.safetensors").tensors.values()} == {
        torch.float32
    }
    with pytest.raises(BadInputError, match="in another precision"):
        train(config, tmp_path / "half", options)
    again = train(config, tmp_path / "again", half)
    assert again["iunet"]["weights_sha256"] == metrics["iunet"]["weights_sha256"]


def test_a_run_stopped_twice_ends_with_the_same_bits(tmp_path: Path, options: RunOptions) -> None:
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    train(CONFIG, whole, options)
    with pytest.raises(KeyboardInterrupt):
        train(CONFIG, parts, options, report=StopAfter(3))
    assert (parts / CHECKPOINT).is_file()
    assert not (parts / "refiner.safetensors").exists()
    with pytest.raises(SystemExit) as ended:
        train(CONFIG, parts, options, report=StopAfter(5, signal.SIGTERM))
    assert ended.value.code == 143
    train(CONFIG, parts, options)
    assert (whole / "refiner.safetensors").read_bytes() == (parts / "refiner.safetensors").read_bytes()
    assert [row["step"] for row in rows(parts)] == [row["step"] for row in rows(whole)]


def test_a_killed_run_ends_with_the_same_bits(tmp_path: Path, options: RunOptions) -> None:
    """SIGKILL between two checkpoints: what came after the last one is done again, log included."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    train(CONFIG, whole, options)
    code = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from bokeh_render.training import trainer\n"
        "from bokeh_render.training.config import TrainConfig\n"
        "from bokeh_render.training.run import RunOptions, train\n"
        "trainer._SAVE_EVERY_SECONDS = 0.0\n"
        "def report(step):\n"
        "    if step.task.startswith('training') and step.done == 3:\n"
        "        trainer._SAVE_EVERY_SECONDS = 1e9\n"
        "    if step.task.startswith('training') and step.done == 5:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        f"config = TrainConfig.model_validate_json({json.dumps(TINY)!r})\n"
        f"options = RunOptions('cpu', 1, 1, Path({str(options.pool)!r}))\n"
        f"train(config, Path({str(killed)!r}), options, report=report)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert [row["step"] for row in rows(killed)] == ["2", "4"]
    train(CONFIG, killed, options)
    assert (whole / "refiner.safetensors").read_bytes() == (killed / "refiner.safetensors").read_bytes()
    assert [row["step"] for row in rows(killed)] == ["2", "4", "6"]


def test_another_seed_gives_other_weights_and_a_finished_run_is_left_alone(tmp_path: Path, options: RunOptions) -> None:
    other = CONFIG.model_copy(update={"seed": 6})
    train(CONFIG, tmp_path / "five", options)
    train(other, tmp_path / "six", options)
    five = tmp_path / "five" / "refiner.safetensors"
    assert five.read_bytes() != (tmp_path / "six" / "refiner.safetensors").read_bytes()
    before = five.stat().st_mtime_ns
    train(CONFIG, tmp_path / "five", options)
    assert five.stat().st_mtime_ns == before


def test_a_folder_never_mixes_two_configs(tmp_path: Path, options: RunOptions) -> None:
    train(CONFIG, tmp_path / "run", options)
    changed = TrainConfig.model_validate({**TINY, "seed": 6})
    with pytest.raises(BadInputError, match="a run of another config"):
        train(changed, tmp_path / "run", options)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("")
    with pytest.raises(BadInputError, match=r"holds thesis\.tex but no config\.json"):
        train(CONFIG, tmp_path / "mine", options)


def test_iunet_builds_on_the_arnet_of_a_file(tmp_path: Path, options: RunOptions) -> None:
    stage = {**TINY["stages"][0], "steps": 2, "validate_every": 2}
    train(TrainConfig.model_validate({"name": "a", "stages": [{**stage, "network": "arnet"}]}), tmp_path / "a", options)
    frozen = tmp_path / "a" / "arnet.safetensors"
    content = {"name": "b", "stages": [{**stage, "network": "iunet", "frozen": str(frozen)}]}
    metrics = train(TrainConfig.model_validate(content), tmp_path / "b", options)
    assert list(metrics) == ["iunet"]
    noted = json.loads((tmp_path / "b" / "config.json").read_text())
    assert noted["frozen_sha256"] == {str(frozen): sha256_of_file(frozen)}
    content["stages"] = [{**stage, "network": "iunet", "frozen": str(tmp_path / "none.safetensors")}]
    with pytest.raises(BadInputError, match=r"none\.safetensors, which is not a file"):
        train(TrainConfig.model_validate(content), tmp_path / "c", options)


class Ramps:
    """Pairs of one's own: a picture that is its own truth."""

    key = "ramps"

    def __len__(self) -> int:
        return 2

    def pair(self, index: int) -> TrainingPair:
        y, x = np.mgrid[:32, :32].astype(np.float32) / 32
        display = np.stack([x, y, np.full_like(x, 0.5 * index)], axis=-1)
        return TrainingPair(display, x, x, display, 3.0, 0.5, 2.2, f"ramp-{index}")


def test_pairs_of_ones_own_are_trained_on_beside_the_drawn_ones(tmp_path: Path, options: RunOptions) -> None:
    train(CONFIG, tmp_path / "without", options)
    train(CONFIG, tmp_path / "with", options, stacks=lambda stage: Ramps())
    without, mixed = (tmp_path / name / "refiner.safetensors" for name in ("without", "with"))
    assert without.read_bytes() != mixed.read_bytes()
    with pytest.raises(BadInputError, match="a run of another config"):
        train(CONFIG, tmp_path / "without", options, stacks=lambda stage: Ramps())


def test_each_stage_has_stacks_of_its_own(tmp_path: Path, pool: Path) -> None:
    """A stage gets what is made for it; nothing is drawn for one that is finished."""
    stage = {**TINY["stages"][0], "steps": 2, "validate_every": 2}
    larger = {**stage, "network": "arnet", "pairs": {**PAIRS, "blur_px": [2, 9]}}
    config = TrainConfig.model_validate({"name": "two", "stages": [stage, larger]})
    asked: list[tuple[float, float]] = []

    def stacks(of: StageConfig) -> Ramps:
        asked.append(of.pairs.blur_px)
        return Ramps()

    train(config, tmp_path / "run", RunOptions("cpu", 1, 1, pool), stacks=stacks)
    assert asked == [(2.0, 4.0), (2.0, 9.0)]
    tasks: list[str] = []
    elsewhere = RunOptions("cpu", 1, 1, tmp_path / "pool")
    train(config, tmp_path / "run", elsewhere, stacks=stacks, report=lambda step: tasks.append(step.task))
    assert tasks == []
    assert not (tmp_path / "pool").exists()


def test_a_run_does_not_go_on_with_pairs_of_another_drawing(
    tmp_path: Path, options: RunOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(CONFIG, tmp_path, options, report=StopAfter(3))
    with monkeypatch.context() as changed, pytest.raises(BadInputError, match="or of other pairs"):
        changed.setattr(identity, "DRAWING", identity.DRAWING + 1)
        train(CONFIG, tmp_path, options)
    with monkeypatch.context() as changed, pytest.raises(BadInputError, match="or of other pairs"):
        changed.setattr(examples, "VERSION", examples.VERSION + 1)
        train(CONFIG, tmp_path, options)
    assert list(train(CONFIG, tmp_path, options)) == ["refiner"]


def test_weights_are_drawn_where_the_generator_is(tmp_path: Path) -> None:
    """A generator of the CPU cannot draw on another device; meta stands for one here."""
    stage = CONFIG.stages[0]
    trainer = Trainer(
        RefinerObjective(stage),
        JoinedExamples([]),
        {},
        seeds=[5, 0],
        folder=tmp_path,
        run_sha256="",
        device=torch.device("meta"),
        log=Log(tmp_path, tensorboard=False),
    )
    assert {value.device.type for value in trainer.mean.weights.values()} == {"meta"}


def test_the_command_trains_on_rendered_stacks_as_well(command: Command, tmp_path: Path, pool: Path) -> None:
    stage = {**TINY["stages"][0], "pairs": {**PAIRS, "height": 24, "width": 24}, "crop": 16, "steps": 2}
    config = write_config(tmp_path / "tiny.yaml", stages=[stage])
    scenes = dataset(tmp_path / "scenes", "window_table@1")
    common = ("--workers", 1, "--threads", 1, "--device", "cpu", "--pool", pool)
    ended = command("train", config, "-o", tmp_path / "run", *common, "--stacks", scenes, "--stack-pairs", 2)
    assert ended.code == 0, ended.err
    pools = json.loads((tmp_path / "run" / "config.json").read_text())["pools"]
    assert pools["refiner"]["training 1"]["count"] == 2
    tests = dataset(tmp_path / "tests", "window_table")
    refused(command("train", config, "-o", tmp_path / "run", *common, "--stacks", tests), "holds the test scenes")


def test_a_pool_is_the_same_from_workers_and_grows(tmp_path: Path, options: RunOptions) -> None:
    stage = CONFIG.stages[0]
    derivation = Derivation("layered", True, stage.error_map)
    here = ExamplePool(tmp_path / "here", DrawnPairs(stage.pairs, 5, 2), derivation)
    there = ExamplePool(tmp_path / "there", DrawnPairs(stage.pairs, 5, 2), derivation)
    assert list(here.filling(workers=1)) == [1, 2]
    assert list(there.filling(workers=2)) == [1, 2]
    for index in range(2):
        assert here.path(index).read_bytes() == there.path(index).read_bytes()
    larger = ExamplePool(tmp_path / "here", DrawnPairs(stage.pairs, 5, 3), derivation)
    assert list(larger.filling(workers=1)) == [3]
    others = ExamplePool(tmp_path / "here", DrawnPairs(PairSettings(height=40, width=32), 5, 2), derivation)
    assert others.folder != here.folder
    assert here[0].shape == (PLANE_COUNT, 32, 32)


@pytest.fixture
def no_cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    return


def write_config(path: Path, **changes: object) -> Path:
    path.write_text(yaml.safe_dump({**TINY, **changes}))
    return path


def test_the_command_trains_and_tells_what_came_out(command: Command, tmp_path: Path, pool: Path) -> None:
    config, out = write_config(tmp_path / "tiny.yaml"), tmp_path / "run"
    common = ("--device", "cpu", "--threads", 1, "--workers", 1, "--pool", pool)
    drawn = command("train", config, "-o", out, *common, "--pool-only")
    assert drawn.code == 0, drawn.err
    assert "pairs drawn" in drawn.out
    assert not (out / "refiner.safetensors").exists()
    ended = command("train", config, "-o", out, *common)
    assert ended.code == 0, ended.err
    assert "refiner.safetensors: 6 steps" in ended.out
    assert "(base " in ended.out
    as_json = command("train", config, "-o", out, *common, "--json")
    assert json.loads(as_json.out)["refiner"]["steps"] == 6


def test_the_command_refuses_mistakes_in_one_sentence(command: Command, tmp_path: Path, no_cuda: None) -> None:
    out = tmp_path / "run"
    config = write_config(tmp_path / "tiny.yaml")
    refused(command("train", tmp_path / "none.yaml", "-o", out), "none.yaml does not exist")
    refused(command("train", "huge", "-o", out), "'huge' is no config", "smoke")
    refused(command("train", write_config(tmp_path / "bad.yaml", steps=3), "-o", out), "unknown key 'steps'")
    refused(command("train", config, "-o", out, "--device", "cuda"), "torch sees 0 CUDA cards")
    refused(command("train", config, "-o", out, "--device", "gpu"), "expected auto, cpu, cuda or cuda:1")
    stage = {**TINY["stages"][0], "crop": 64}
    large = write_config(tmp_path / "large.yaml", stages=[stage])
    refused(command("train", large, "-o", out, "--workers", 1), "pairs are 32x32 px but the crop is 64 px")


def test_ctrl_c_while_pairs_are_drawn_ends_with_130_and_keeps_them(tmp_path: Path) -> None:
    config = write_config(tmp_path / "tiny.yaml", stages=[{**TINY["stages"][0], "pool": 4000}])
    out = tmp_path / "run"
    code = "import sys; sys.argv[0] = 'bokehbench'; import bokehbench; bokehbench.main()"
    arguments = ["train", str(config), "-o", str(out), "--workers", "2"]
    child = subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    while not list(out.glob("pool/*/*.npy")):
        assert child.poll() is None
        time.sleep(0.05)
    os.killpg(child.pid, signal.SIGINT)
    _, told = child.communicate()
    assert child.returncode == 130, told
    assert "the same command goes on from here" in told
    assert "Traceback" not in told
