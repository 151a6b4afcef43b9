"""Where a stage stands: all that the next step depends on, whole or absent on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import torch

from ..atomic import atomic_path
from ..errors import BadInputError

CHECKPOINT = "last.pt"


class State(NamedTuple):
    """A checkpoint. step: how many steps are done; seconds: they took; the rest as torch's state_dict() gives it.

    No state of random numbers: a step draws from the seed and its own number.
    """

    run_sha256: str
    network: str
    step: int
    seconds: float
    weights: dict[str, Any]
    mean: dict[str, Any]
    optimizer: dict[str, Any]
    scaler: dict[str, Any]


def save_state(folder: Path, state: State) -> None:
    """Write the checkpoint of ``folder``, in place of an earlier one."""
    with atomic_path(folder / CHECKPOINT) as temporary:
        torch.save(state._asdict(), temporary)


def load_state(folder: Path, device: torch.device) -> State | None:
    """Read the checkpoint of ``folder``; None where there is none. Runs no pickled code."""
    path = folder / CHECKPOINT
    if not path.is_file():
        return None
    try:
        return State(**torch.load(path, map_location=device, weights_only=True))
    except Exception as error:  # torch raises many kinds  # noqa: BLE001
        raise BadInputError(
            f"{path} is no checkpoint of this version ({' '.join(str(error).split())[:120]}); "
            "delete it to train this stage from its beginning"
        ) from None
