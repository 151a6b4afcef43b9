"""How much faster networks are trained in half precision on this machine's CPU, both by turns in one run.

    python -m tests.speed.training [--steps 40] [--threads 1]

Steps as ``bokehbench train`` does them, on a few drawn pairs: drawing crops, forward, backward, optimiser, average.
Times are of the processor, all threads together. The figures in docs/training.md are of a CPU with AMX (see lscpu).
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import torch

from bokeh_render.neural.networks import ARNet
from bokeh_render.training.config import StageConfig, load_train_config
from bokeh_render.training.examples import Derivation, DrawnPairs
from bokeh_render.training.joined import JoinedExamples
from bokeh_render.training.logs import Log
from bokeh_render.training.pool import ExamplePool
from bokeh_render.training.stages import BASES, ARNetObjective, IUNetObjective, Objective, RefinerObjective
from bokeh_render.training.trainer import Trainer

PAIRS = 4
BLOCK = 10  # steps in a row, before it is the other's turn


def objective_of(stage: StageConfig, *, half: bool) -> Objective:
    """Return a stage's network with its loss."""
    if stage.network == "refiner":
        return RefinerObjective(stage)
    return ARNetObjective(stage) if stage.network == "arnet" else IUNetObjective(stage, ARNet(), half=half)


def trainer_of(stage: StageConfig, folder: Path, *, half: bool) -> Trainer:
    """Return what trains a stage on a few pairs, and is never validated."""
    pool = ExamplePool(
        folder / "pool", DrawnPairs(stage.pairs, 0, PAIRS), Derivation(BASES[stage.network], True, stage.error_map)
    )
    for _ in pool.filling(workers=1):
        pass
    run = folder / f"{stage.network}-{half}"
    run.mkdir()
    endless = stage.model_copy(update={"steps": 10**6, "validate_every": 10**6})
    return Trainer(
        objective_of(endless, half=half),
        JoinedExamples([pool]),
        {},
        seeds=[0, 0],
        folder=run,
        run_sha256="",
        device=torch.device("cpu"),
        log=Log(run, tensorboard=False),
        half=half,
    )


def run_steps(trainer: Trainer, count: int) -> float:
    """Do so many steps; return processor seconds."""
    last = trainer.step + count
    started = time.process_time()
    trainer.run(lambda: trainer.step >= last, lambda _: None)
    return time.process_time() - started


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=40)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    stages = (*load_train_config("refined-clean").stages, *load_train_config("bokehme").stages)
    print("| network | float32, ms a step | bfloat16, ms a step | times as fast |\n|---|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for stage in stages:
            full, half = (trainer_of(stage, Path(folder), half=half) for half in (False, True))
            for trainer in (full, half):
                run_steps(trainer, 3)
            seconds = [0.0, 0.0]
            for _ in range(0, given.steps, BLOCK):
                for index, trainer in enumerate((full, half)):
                    seconds[index] += run_steps(trainer, BLOCK)
            milliseconds = [1e3 * value / (-(-given.steps // BLOCK) * BLOCK) for value in seconds]
            ratio = milliseconds[0] / milliseconds[1]
            print(f"| {stage.network} | {milliseconds[0]:.0f} | {milliseconds[1]:.0f} | {ratio:.1f} |", flush=True)


if __name__ == "__main__":
    main()
