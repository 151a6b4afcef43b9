"""``bokehbench train``: the command-line face of training."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from .config import StageConfig
    from .examples import PairSource

Config = Annotated[
    str, typer.Argument(metavar="CONFIG", help="A YAML file, or one that comes with bokehbench, such as small.")
]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder for weights, log, checkpoint; made when missing.")]
Device = Annotated[str, typer.Option(help="auto (a CUDA card if there is one), cpu, cuda, cuda:1.")]
Threads = Annotated[int, typer.Option(min=0, help="CPU threads; 0 = torch's own choice. Part of what repeats a run.")]
Workers = Annotated[int, typer.Option(min=0, help="Processes that draw training pairs; 0 = one a core.")]
Pool = Annotated[
    Path | None, typer.Option(help="Folder of the drawn pairs, to be shared by runs.  [default: OUT/pool]")
]
Stacks = Annotated[Path | None, typer.Option(help="A generated dataset of training scenes, to train on as well.")]
StackPairCount = Annotated[int, typer.Option(min=1, help="Pairs cut from --stacks, for each stage.")]
Precision = Annotated[
    Literal["auto", "full", "half"],
    typer.Option(
        help="Of the networks while they learn: full (float32), or half: float16 on a card; bfloat16 on a CPU, "
        "twice as fast where it has AMX. auto: half on a card only."
    ),
]
PoolOnly = Annotated[bool, typer.Option("--pool-only", help="Draw the pairs, and stop.")]
Rescore = Annotated[
    str | None,
    typer.Option(
        metavar="FOLDER",
        help="Train nothing: score these finished weights of CONFIG again (shipped: those that come with bokehbench).",
    ),
]


def run_training(
    config: str,
    out: Path,
    *,
    device: str,
    threads: int,
    workers: int,
    pool: Path | None,
    precision: Literal["auto", "full", "half"],
    pool_only: bool,
    stacks: Callable[[StageConfig, int], PairSource] | None,
    rescore: str | None,
    as_json: bool,
) -> None:
    """Train, with bars, and tell. stacks: makes further pairs for a stage and a seed; rescore: the option."""
    # read when torch is loaded, which is not yet: threads that wait asleep. Waiting awake makes a step three times as
    # slow when other programs want the cores, and hardly faster when none does
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from rich.console import Console

    from ..progress import progress_bars
    from .config import load_train_config
    from .run import RunOptions, rescore_weights, train

    started = time.monotonic()
    loaded = load_train_config(config)
    options = RunOptions(device, threads, workers, pool, pool_only, precision)
    with progress_bars(Console(stderr=True)) as report:
        if rescore is not None:
            found = rescore_weights(
                loaded, _weights_folder(rescore), options._replace(pool=pool or out / "pool"), report=report
            )
            typer.echo(json.dumps(found, indent=2))
            return
        further = None if stacks is None else lambda stage: stacks(stage, loaded.seed)
        metrics = train(loaded, out, options, stacks=further, report=report)
    if as_json:
        typer.echo(json.dumps(metrics, indent=2))
        return
    for network, found in metrics.items():
        scores = found["validation"]
        edges = ""
        if "edge_psnr" in scores:
            edges = f"; at edges {scores['edge_psnr']:.2f} dB (base {scores['base_edge_psnr']:.2f})"
        typer.echo(
            f"{out / network}.safetensors: {found['steps']} steps in {found['seconds']:.0f} s, unseen pairs "
            f"{scores['psnr']:.2f} dB (base {scores['base_psnr']:.2f}){edges}"
        )
    if pool_only:
        typer.echo(f"{pool or out / 'pool'}: pairs drawn ({time.monotonic() - started:.0f} s)")


def _weights_folder(given: str) -> Path:
    from ..neural.pretrained import WEIGHTS_FOLDER

    return WEIGHTS_FOLDER if given == "shipped" else Path(given)
