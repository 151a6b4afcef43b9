"""A whole run: pairs drawn first, then one stage after the other, into a folder that says how it came about.

config.json              the resolved config, its hash and the pairs' keys; a folder never mixes two
log.csv, tensorboard/    losses, and scores on pairs never trained on
last.pt                  where the stage under way stands; gone at the end
<network>.safetensors    averaged weights, finished
metrics.json             their scores on the validation pairs, and what they cost
pool/                    the pairs, unless another folder is given; may be deleted
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch

from .. import atomic
from ..errors import BadInputError
from ..folder_lock import locked
from ..neural.checkpoints import load_weights, save_weights
from ..neural.device import choose_device, half_type
from ..neural.networks import ARNet
from ..neural.pretrained import EDGES_KEY
from ..neural.threads import torch_threads
from ..progress import ReportStep, silent
from ..schema import read_json, sha256_of_file, sha256_of_json
from .config import VALIDATION_SEED, StageConfig, TrainConfig
from .examples import Derivation, DrawnPairs, PairSource
from .joined import JoinedExamples
from .logs import Log
from .pool import ExamplePool
from .stages import BASES, ARNetObjective, IUNetObjective, Objective, RefinerObjective
from .state import CHECKPOINT
from .stopping import StopRequest, stop_requests
from .trainer import Trainer
from .validation import validate_all

StackSource = Callable[[StageConfig], PairSource]
"""Makes a stage's further pairs, of the size and blur that it draws itself."""

CONFIG, METRICS = "config.json", "metrics.json"


class RunOptions(NamedTuple):
    """What may differ between runs of one config.

    device: auto (the first CUDA card, else the CPU), cpu, cuda, cuda:1 …; threads: of the CPU, 0 = torch's own choice;
    workers: processes that draw pairs, 0 = one a core; pool: folder of the pairs, shared by runs; None: in the run's;
    pool_only: stop when the pairs are there; precision: of the networks in training, ``full`` (float32) or ``half``
    (float16 on a card; bfloat16 on a CPU, twice as fast where it has AMX), ``auto``: half on a card only.
    """

    device: str = "auto"
    threads: int = 0
    workers: int = 0
    pool: Path | None = None
    pool_only: bool = False
    precision: Literal["auto", "full", "half"] = "auto"


def train(
    config: TrainConfig,
    out: Path,
    options: RunOptions = RunOptions(),  # noqa: B008  (immutable)
    *,
    stacks: StackSource | None = None,
    report: ReportStep = silent,
) -> dict[str, Any]:
    """Train all stages of ``config`` into the folder ``out``, and return what metrics.json says.

    stacks: further pairs for each stage, to train on beside the drawn ones. A folder that holds this run, finished in
    part, is gone on with; the weights are then bit for bit those of a run that was never stopped (CPU, same number of
    threads). Ctrl-C and SIGTERM save the state first, then raise KeyboardInterrupt or SystemExit(143).
    Raises BadInputError for a folder of another run, a device that is not there, and pairs smaller than the crop.
    """
    device = choose_device(options.device)
    run = _Run(config, out, options, device, stacks, report)
    identity = run.identity
    with locked(out / ".lock", out), torch_threads(options.threads), stop_requests() as stop:
        atomic.remove_leftovers(out)
        _claim(out, identity)
        for stage in config.stages:
            if options.pool_only or not run.is_finished(stage):
                run.fill(stage, stop)
        if options.pool_only:
            return {}
        for number, stage in enumerate(config.stages):
            run.train_stage(number, stage, stop)
        (out / CHECKPOINT).unlink(missing_ok=True)
    found: dict[str, Any] = read_json(out / METRICS)
    return found


def rescore_weights(
    config: TrainConfig,
    weights: Path,
    options: RunOptions,
    *,
    report: ReportStep = silent,
) -> dict[str, dict[str, float]]:
    """Return each network's validation scores, recomputed from finished weights: what metrics.json should say.

    config: that they were trained with; weights: folder of the ``<network>.safetensors``; options.pool: where the
    validation pairs are drawn. Raises BadInputError for weights that are missing or of another config.
    """
    if options.pool is None:
        raise BadInputError("no folder is named for the validation pairs; expected one: give RunOptions(pool=…)")
    run = _Run(config, weights, options, choose_device(options.device), None, report)
    with torch_threads(options.threads):
        return {stage.network: run.rescore_stage(stage) for stage in config.stages}


class _Run:
    """What the stages of a run share."""

    def __init__(
        self,
        config: TrainConfig,
        out: Path,
        options: RunOptions,
        device: torch.device,
        stacks: StackSource | None,
        report: ReportStep,
    ) -> None:
        self._config, self._out, self._options = config, out, options
        self._device, self._report = device, report
        self._stacks = {stage.network: stacks(stage) for stage in config.stages} if stacks else {}

    @property
    def _half(self) -> bool:
        asked = self._options.precision
        return self._device.type == "cuda" if asked == "auto" else asked == "half"

    @cached_property
    def identity(self) -> dict[str, Any]:
        """All that decides what the run ends with, apart from the machine."""
        pools = {stage.network: self._keys(stage) for stage in self._config.stages}
        identity = {**_identity(self._config), "pools": pools}
        return identity | {"precision": "half"} if self._half and self._device.type == "cpu" else identity

    def is_finished(self, stage: StageConfig) -> bool:
        """Return whether the stage's weights and scores are there."""
        return (self._out / f"{stage.network}.safetensors").is_file() and stage.network in self._metrics()

    def fill(self, stage: StageConfig, stop: StopRequest) -> None:
        """Draw the pairs of a stage that are missing."""
        training, validation = self._pools(stage)
        tasks = [(f"pairs for {stage.network}", pool) for pool in training]
        for _ in self._filling([*tasks, *_validation_tasks(stage, validation)]):
            if stop:
                stop.end()

    def train_stage(self, number: int, stage: StageConfig, stop: StopRequest) -> None:
        """Train a stage unless its weights are there, and write weights and metrics."""
        if self.is_finished(stage):
            return
        sha256 = sha256_of_json(self.identity)
        path, metrics = self._out / f"{stage.network}.safetensors", self._metrics()
        training, validation = self._pools(stage)
        log = Log(self._out)
        trainer = Trainer(
            self._objective(stage),
            JoinedExamples(training),
            validation,
            seeds=[self._config.seed, number],
            folder=self._out,
            run_sha256=sha256,
            device=self._device,
            log=log,
            half=self._half,
        )
        finished = trainer.run(lambda: bool(stop), self._report)
        log.close()
        if not finished:
            stop.end()
        scores = trainer.validate()
        told = {
            "network": stage.network,
            "config": self._config.name,
            "config_sha256": self._config.sha256,
            "run_sha256": sha256,
            "seed": self._config.seed,
            "steps": trainer.step,
            "torch": torch.__version__,
            EDGES_KEY: stage.error_map.model_dump(mode="json"),
        }
        network = trainer.network_with_mean()
        save_weights(path, network, told)
        metrics[stage.network] = {
            **told,
            "weights_sha256": sha256_of_file(path),
            "seconds": round(trainer.seconds, 1),
            "device": torch.cuda.get_device_name(self._device) if self._device.type == "cuda" else platform.machine(),
            "threads": torch.get_num_threads(),
            "precision": str(half_type(self._device) if self._half else torch.float32).removeprefix("torch."),
            "validation": {key: round(value, 4) for key, value in scores.items()},
        }
        atomic.write_json(self._out / METRICS, metrics)

    def rescore_stage(self, stage: StageConfig) -> dict[str, float]:
        """Return the validation scores of a stage's finished weights."""
        path = self._out / f"{stage.network}.safetensors"
        objective = self._objective(stage)
        told = load_weights(objective.network, path)
        if told.get("config_sha256") != self._config.sha256:
            raise BadInputError(
                f"{path} was trained with the config {told.get('config')}, {told.get('config_sha256')}; "
                f"expected {self._config.name}, {self._config.sha256}: give the config of its run"
            )
        _, validation = self._pools(stage)
        for _ in self._filling(_validation_tasks(stage, validation)):
            pass
        found = validate_all(objective.to(self._device), validation, self._device)
        return {key: round(value, 4) for key, value in found.items()}

    def _filling(self, tasks: Sequence[tuple[str, ExamplePool]]) -> Iterator[int]:
        for task, pool in tasks:
            yield from pool.filling(workers=self._options.workers, report=self._report, task=task)

    def _metrics(self) -> dict[str, Any]:
        found: dict[str, Any] = read_json(self._out / METRICS) if (self._out / METRICS).is_file() else {}
        return found

    def _keys(self, stage: StageConfig) -> dict[str, Any]:
        """Return what tells a stage's examples from others: of other drawings, versions and photographs too."""
        training, validation = self._pools(stage)
        pools = [*((f"training {number}", pool) for number, pool in enumerate(training)), *validation.items()]
        return {name or "imperfect": {"key": pool.key, "count": len(pool)} for name, pool in pools}

    def _pools(self, stage: StageConfig) -> tuple[list[ExamplePool], dict[str, ExamplePool]]:
        root = self._options.pool or self._out / "pool"
        base, seed = BASES[stage.network], self._config.seed
        derivation = Derivation(base, stage.imperfect, stage.error_map)
        drawn: list[PairSource] = [DrawnPairs(stage.pairs, seed, stage.pool)]
        sources = [*drawn, *(source for network, source in self._stacks.items() if network == stage.network)]
        unseen = DrawnPairs(stage.pairs, VALIDATION_SEED, stage.validation_pairs)
        validation = {
            prefix: ExamplePool(root, unseen, Derivation(base, imperfect, stage.error_map))
            for prefix, imperfect in (("", True), ("clean_", False))
        }
        return [ExamplePool(root, source, derivation) for source in sources], validation

    def _objective(self, stage: StageConfig) -> Objective:
        if stage.network == "refiner":
            return RefinerObjective(stage)
        if stage.network == "arnet":
            return ARNetObjective(stage)
        assert stage.frozen is not None
        arnet = ARNet()
        load_weights(arnet, self._out / "arnet.safetensors" if stage.frozen == "arnet" else Path(stage.frozen))
        return IUNetObjective(stage, arnet, half=self._half)


def _validation_tasks(stage: StageConfig, pools: Mapping[str, ExamplePool]) -> list[tuple[str, ExamplePool]]:
    return [(f"{name}validation for {stage.network}", pool) for name, pool in pools.items()]


def _identity(config: TrainConfig) -> dict[str, Any]:
    """Return config and frozen networks, with their hashes."""
    files = [stage.frozen for stage in config.stages if stage.frozen not in {None, "arnet"}]
    for file in files:
        if not Path(str(file)).is_file():
            raise BadInputError(f"the stage iunet builds on {file}, which is not a file; expected weights of an ARNet")
    return {
        "config": config.model_dump(mode="json"),
        "config_sha256": config.sha256,
        "frozen_sha256": {str(file): sha256_of_file(Path(str(file))) for file in files},
    }


def _claim(out: Path, identity: dict[str, Any]) -> None:
    """Note what the folder is for; refuse one that is for something else."""
    path = out / CONFIG
    if not path.is_file():
        strangers = sorted(entry.name for entry in out.iterdir() if entry.name not in {".lock", "pool"})
        if strangers:
            raise BadInputError(f"{out} holds {strangers[0]} but no {CONFIG}; expected an empty or new folder")
        atomic.write_json(path, identity)
    elif read_json(path) != identity:
        raise BadInputError(
            f"{out} holds a run of another config, in another precision, or of other pairs (see its {CONFIG}); "
            "expected the same: choose another folder"
        )
