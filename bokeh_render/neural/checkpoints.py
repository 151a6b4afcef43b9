"""Weights in and out: our own files (safetensors), and the checkpoints of BokehMe's release (PyTorch pickles).

A pickle can name any function and have it called. Here it can name nothing but tensors and, because the released files
hold some in their training log, plain NumPy arrays and numbers; anything else is refused before it is looked up.
"""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from ..atomic import atomic_path
from ..errors import BadInputError

SUFFIX = ".safetensors"
MODEL_KEY = "model"
"""Where the checkpoints of BokehMe's release keep the network, beside the optimiser's state and a log."""

_METADATA_KEY = "bokehbench"
_SHOWN_NAMES = 3
_REFUSED_NAME = re.compile(r"\b(?:GLOBAL|global)\s+([\w.]+)")


class Weights(NamedTuple):
    """tensors: by the names of the network's state dict, on the CPU; metadata: plain data, {} for checkpoints."""

    tensors: dict[str, Tensor]
    metadata: dict[str, Any]


def save_weights(path: Path | str, module: nn.Module, metadata: Mapping[str, Any] | None = None) -> None:
    """Write a network's weights to a safetensors file, atomically; the same weights and metadata give the same bytes.

    metadata: plain JSON data. Raises BadInputError for another suffix, and for weights that are not finite.
    """
    path = Path(path)
    if path.suffix != SUFFIX:
        raise BadInputError(f"{path} does not end in {SUFFIX}; weights are written as safetensors only, rename it")
    tensors = {name: values.detach().cpu().contiguous() for name, values in module.state_dict().items()}
    _check_numbers(tensors, "the network to be saved")
    # one entry: safetensors writes several in an order that changes from process to process
    told = {_METADATA_KEY: json.dumps(dict(metadata or {}), sort_keys=True, allow_nan=False)}
    with atomic_path(path) as temporary:
        save_file(tensors, temporary, metadata=told)


def load_weights(module: nn.Module, path: Path | str) -> dict[str, Any]:
    """Put the weights of a file into a network, in place, and return the file's metadata ({} for checkpoints).

    path: a safetensors file, or, with any other suffix, a checkpoint (:func:`load_checkpoint`). All names and shapes
    must fit; the network keeps its device and type. Raises BadInputError for files that do not fit or are damaged; the
    network is then as it was.
    """
    path = Path(path)
    weights = read_weights(path)
    _check_fit(module, weights.tensors, path)
    module.load_state_dict(weights.tensors)
    return weights.metadata


def read_weights(path: Path | str) -> Weights:
    """Read a safetensors file, or, with any other suffix, a checkpoint; raises BadInputError as those do."""
    path = Path(path)
    if path.suffix != SUFFIX:
        return Weights(load_checkpoint(path), {})
    _check_exists(path)
    try:
        with safe_open(path, framework="pt", device="cpu") as stream:
            tensors = {name: stream.get_tensor(name) for name in stream.keys()}  # noqa: SIM118  (not a dict)
            metadata = json.loads((stream.metadata() or {}).get(_METADATA_KEY, "{}"))
    except (SafetensorError, ValueError, OSError) as error:
        raise BadInputError(
            f"{path} cannot be read as safetensors ({' '.join(str(error).split())[:120]}); it is cut off, damaged or "
            "something else: fetch it again"
        ) from None
    _check_numbers(tensors, str(path))
    return Weights(tensors, metadata)


def load_checkpoint(path: Path | str) -> dict[str, Tensor]:
    """Read the network of a PyTorch checkpoint without running any code in it.

    path: a file as ``torch.save`` writes it, holding a state dict, by itself or under the key ``model`` as BokehMe's
    release has it. Returns tensors by name, on the CPU. Raises BadInputError, in one sentence, for a file that is
    missing, damaged, holds anything but tensors, numbers, text and NumPy arrays, no state dict, or NaN.
    """
    path = Path(path)
    _check_exists(path)
    try:
        content = _unpickled(path)
    except Exception as error:  # noqa: BLE001  (a damaged file can fail in any way)
        raise BadInputError(_why_not_read(path, error)) from None
    tensors = content.get(MODEL_KEY, content) if isinstance(content, dict) else None
    if not isinstance(tensors, dict) or not tensors or not all(isinstance(value, Tensor) for value in tensors.values()):
        raise BadInputError(
            f"{path} holds no network: expected tensors by name, by themselves or under the key {MODEL_KEY!r}"
        )
    named = {str(name): values for name, values in tensors.items()}
    _check_numbers(named, str(path))
    return named


def _unpickled(path: Path) -> Any:
    try:
        return torch.load(path, weights_only=True, map_location="cpu")
    except Exception:  # noqa: BLE001  (what is really wrong shows at the second try)
        with torch.serialization.safe_globals(_numpy_names()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(path, weights_only=True, map_location="cpu")


def _numpy_names() -> list[Any]:
    """Return what NumPy arrays and numbers are pickled with, under NumPy 1's names and NumPy 2's."""
    multiarray = np.core.multiarray
    makers = [
        (getattr(multiarray, name), f"numpy.{core}.multiarray.{name}")
        for core in ("core", "_core")
        for name in ("_reconstruct", "scalar")
    ]
    kinds = [type(np.dtype(code)) for code in "?bhilqBHILQefd"]
    return [*makers, np.ndarray, np.dtype, *dict.fromkeys(kinds)]


def _why_not_read(path: Path, error: Exception) -> str:
    text = str(error)
    name = _REFUSED_NAME.search(text)
    if name:
        return (
            f"{path} wants to use {name[1]}, which a checkpoint must not: only tensors, numbers, text and NumPy arrays "
            "are read, and nothing in it was run; do not load it elsewhere unless you trust where it came from"
        )
    # PyTorch's words about a broken archive help; what unpickling says of a broken stream does not
    detail = text.split(". ")[0][:120] if isinstance(error, RuntimeError) else type(error).__name__
    return (
        f"{path} cannot be read as a PyTorch checkpoint ({detail}); it is cut off, damaged or something else: "
        "fetch it again, or save it again with torch.save"
    )


def _check_exists(path: Path) -> None:
    if not path.is_file():
        raise BadInputError(f"{path} is not a file; expected weights ({SUFFIX}) or a PyTorch checkpoint")


def _check_numbers(tensors: Mapping[str, Tensor], source: str) -> None:
    for name, values in tensors.items():
        if values.layout != torch.strided or not values.is_floating_point():
            raise BadInputError(f"{source} has no plain floating-point numbers in {name}; expected a network's weights")
        if not bool(torch.isfinite(values).all()):
            raise BadInputError(f"{source} has NaN or infinity in {name}; expected finite weights: use an earlier one")


def _check_fit(module: nn.Module, tensors: Mapping[str, Tensor], path: Path) -> None:
    expected, network = module.state_dict(), type(module).__name__
    missing, unknown = sorted(expected.keys() - tensors.keys()), sorted(tensors.keys() - expected.keys())
    if missing or unknown:
        lacks = f"lacks {_listed(missing)}" if missing else f"has {_listed(unknown)} besides"
        raise BadInputError(f"{path} is not of {network}: it {lacks}; use the file made for this network")
    for name, values in tensors.items():
        if values.shape != expected[name].shape:
            raise BadInputError(
                f"{path} is not of {network}: {name} has shape {tuple(values.shape)}, expected "
                f"{tuple(expected[name].shape)}; use the file made for this network"
            )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    return ", ".join(names[:_SHOWN_NAMES]) + more
