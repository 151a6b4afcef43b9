"""What to train: a frozen config, read from YAML or one that ships with the package."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from ..errors import BadInputError
from ..neural.error_map import ErrorMapSettings
from ..schema import Record, load_yaml, sha256_of_json
from ..training_pairs import PairSettings

Network = Literal["refiner", "arnet", "iunet"]
Positive = Annotated[float, Field(gt=0.0)]
Weight = Annotated[float, Field(ge=0.0)]

VALIDATION_SEED = 1_000_000
"""The seed of all validation pairs, whatever is trained: configs may not use it or a higher one."""


class LossSettings(Record):
    """How far a prediction is from the truth, both clipped to [0, 1].

    kind: of the difference d: ``l1`` |d|, ``charbonnier`` sqrt(d^2 + 1e-6), ``l2`` d^2, ``decibel`` d^2 whose mean
    m over a crop is taken as 10 log10(m + 1e-4), so that each crop counts as it does in a mean PSNR, and those better
    than 40 dB count less; edges: weight of the same for differences between neighbours; everywhere, in_error_map: a
    pixel counts everywhere + in_error_map E*, and the sum is divided by that of these weights; error_map, fused: ARNet
    only, the weights of the predicted error map's cross-entropy against E* and of the loss of the fused image, from
    which the picture learns but not the error map.
    """

    kind: Literal["l1", "charbonnier", "l2", "decibel"] = "l1"
    edges: Weight = 0.5
    everywhere: Weight = 0.0
    in_error_map: Weight = 1.0
    error_map: Weight = 1.0
    fused: Weight = 1.0


class StageConfig(Record):
    """One network's training.

    pairs: what is drawn; pool: how many of them, reused in other crops, turned and mirrored; imperfect: whether the
    networks see the imperfect disparity of a pair (False: the clean one); error_map: E*; loss: see LossSettings;
    steps, batch; crop: px, side of what a step sees of a pair; crop_tries: of so many places that with the most E*;
    learning_rate: Adam's, reached after warm_up steps, then falling along a cosine to 1 % of it; weight_decay: AdamW's;
    ema_decay: of the averaged weights, which are what is kept; clip_norm: largest norm of a step's gradient;
    validation_pairs, validate_every: how many, and every how many steps; log_every: steps that a row of log.csv is the
    mean of; frozen: IUNet only, the ARNet that it builds on: ``arnet`` for the earlier stage, or a .safetensors file.

    A pair whose largest blur is beyond a network's range (refiner 16 px, ARNet 10 px) is seen smaller, as in use: by
    the refiner in one of its passes, drawn, by ARNet in its only one. The pair's sides should then be at least
    crop x blur / range; passes for which they are too short are left out.
    """

    network: Network
    pairs: PairSettings = PairSettings()
    pool: Annotated[int, Field(ge=1)]
    imperfect: bool = True
    error_map: ErrorMapSettings = ErrorMapSettings()
    loss: LossSettings = LossSettings()
    steps: Annotated[int, Field(ge=1)]
    batch: Annotated[int, Field(ge=1)] = 8
    crop: Annotated[int, Field(ge=16)] = 96
    crop_tries: Annotated[int, Field(ge=1)] = 2
    learning_rate: Positive = 1e-3
    warm_up: Annotated[int, Field(ge=0)] = 50
    weight_decay: Weight = 0.0
    ema_decay: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.998
    clip_norm: Positive = 1.0
    validation_pairs: Annotated[int, Field(ge=1)] = 16
    validate_every: Annotated[int, Field(ge=1)] = 500
    log_every: Annotated[int, Field(ge=1)] = 25
    frozen: str | None = None

    @model_validator(mode="after")
    def _something_is_left_within_the_rim(self) -> StageConfig:
        pairs = self.pairs
        if min(pairs.height, pairs.width) <= 2 * pairs.blur_px[1] + 2:
            raise ValueError(
                f"pairs of {pairs.width}x{pairs.height} px with {pairs.blur_px[1]:g} px of blur teach nothing: light "
                "from outside arrives everywhere; expected sides of more than twice the blur"
            )
        return self


class TrainConfig(Record):
    """One training run: its stages, one after the other. seed: of everything random, 0 is as good as any."""

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    seed: Annotated[int, Field(ge=0, lt=VALIDATION_SEED)] = 0
    stages: Annotated[tuple[StageConfig, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _stages_follow_from_each_other(self) -> TrainConfig:
        earlier: list[str] = []
        for stage in self.stages:
            if stage.network in earlier:
                raise ValueError(f"the stage {stage.network} stands there twice; expected each network once")
            if (stage.network == "iunet") != (stage.frozen is not None):
                raise ValueError(
                    f"the stage {stage.network} has frozen {stage.frozen!r}; expected an ARNet for iunet "
                    "(the stage's name arnet, or a .safetensors file), and none for the others"
                )
            if stage.frozen == "arnet" and "arnet" not in earlier:
                raise ValueError("the stage iunet builds on arnet, which no earlier stage trains; put it before")
            earlier.append(stage.network)
        return self

    @property
    def sha256(self) -> str:
        """Hash of the resolved config."""
        return sha256_of_json(self.model_dump(mode="json"))


def included_configs() -> list[str]:
    """Return the names of the configs that ship with the package."""
    folder = resources.files(__package__) / "configs"
    return sorted(Path(entry.name).stem for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def load_train_config(given: str) -> TrainConfig:
    """Read a config: a YAML file, or the name of one that ships with the package, such as ``small``.

    Raises BadInputError that names the key that is wrong.
    """
    path = Path(given)
    if path.suffix in {".yaml", ".yml"} or path.is_file():
        return load_yaml(TrainConfig, path)
    if given not in included_configs():
        raise BadInputError(
            f"{given!r} is no config; expected a .yaml file or one of {', '.join(included_configs())}, "
            "which come with bokehbench"
        )
    with resources.as_file(resources.files(__package__) / "configs" / f"{given}.yaml") as file:
        return load_yaml(TrainConfig, file)
