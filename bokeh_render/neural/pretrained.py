"""The weights that come with the package: which there are, where they lie, and networks that hold them."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

from ..errors import BadInputError
from ..schema import parse, sha256_of_file, sha256_of_json
from .checkpoints import load_weights
from .error_map import ErrorMapSettings
from .networks import ARNet, IUNet
from .published import Networks
from .refiner import Refiner

Pretrained = Literal["refined", "bokehme"]
PRETRAINED: tuple[str, ...] = get_args(Pretrained)

WEIGHTS_FOLDER = Path(str(resources.files(__package__))) / "weights"

EDGES_KEY = "error_map"
"""Where the metadata of weights keep the settings of E* that they were trained with."""

_FILES = {"refined": ("refiner",), "bokehme": ("arnet", "iunet")}


class LoadedNetworks(NamedTuple):
    """networks: with their weights, on the CPU; edges: how E* was found in their training, or the defaults where their
    files do not say.
    """

    networks: Refiner | Networks
    edges: ErrorMapSettings


def weight_files(name: str) -> tuple[Path, ...]:
    """Return where the weights of one of PRETRAINED lie, whether or not they are there.

    Raises BadInputError for other names.
    """
    if name not in _FILES:
        raise BadInputError(f"unknown pretrained networks {name!r}; expected one of {', '.join(PRETRAINED)}")
    return tuple(WEIGHTS_FOLDER / f"{network}.safetensors" for network in _FILES[name])


def weights_are_there(name: str) -> bool:
    """Return whether this installation holds the weights of one of PRETRAINED; raises BadInputError as above."""
    return all(path.is_file() for path in weight_files(name))


def weights_sha256(name: str) -> str | None:
    """Return the hash of the weights: of the file, or of the JSON list of its files' hashes; None if not there."""
    if not weights_are_there(name):
        return None
    hashes = [sha256_of_file(path) for path in weight_files(name)]
    return hashes[0] if len(hashes) == 1 else sha256_of_json(hashes)


def pretrained_networks(name: str) -> LoadedNetworks:
    """Return the networks of one of PRETRAINED with their weights.

    Raises BadInputError for an unknown name, and where the weights are missing or do not fit.
    """
    paths = weight_files(name)
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise BadInputError(
            f"the weights {', '.join(path.name for path in missing)} are not in {missing[0].parent}; "
            "install bokehbench again, or train them with `bokehbench train` and use HybridRenderer.from_checkpoints"
        )
    return load_refiner(*paths) if name == "refined" else load_published(*paths)


def load_refiner(path: Path | str) -> LoadedNetworks:
    """Return a Refiner with weights from a file; raises BadInputError for files that are missing or do not fit."""
    refiner = Refiner()
    return LoadedNetworks(refiner, _edges(load_weights(refiner, path), path))


def load_published(arnet: Path | str, iunet: Path | str) -> LoadedNetworks:
    """Return ARNet and IUNet with weights from files; ARNet's, which learns E*, says how E* was found.

    Raises BadInputError for files that are missing or do not fit.
    """
    networks = Networks(ARNet(), IUNet())
    told = load_weights(networks.arnet, arnet)
    load_weights(networks.iunet, iunet)
    return LoadedNetworks(networks, _edges(told, arnet))


def _edges(metadata: dict[str, Any], path: Path | str) -> ErrorMapSettings:
    return parse(ErrorMapSettings, metadata.get(EDGES_KEY, {}), f"{path}, {EDGES_KEY} in its metadata")
