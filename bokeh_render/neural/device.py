"""Which device torch computes on, by the name a user gives."""

from __future__ import annotations

import torch

from ..errors import BadInputError


def choose_device(name: str) -> torch.device:
    """Return the device of that name: ``auto`` (the first CUDA card, else the CPU), ``cpu``, ``cuda`` or ``cuda:1``.

    Raises BadInputError for other names, and for cards that torch does not see.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        raise BadInputError(f"unknown device {name!r}; expected auto, cpu, cuda or cuda:1") from None
    if device.type not in {"cpu", "cuda"}:
        raise BadInputError(f"unknown device {name!r}; expected auto, cpu, cuda or cuda:1")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise BadInputError(
            f"the device {name} needs an NVIDIA card, but torch sees {torch.cuda.device_count()} CUDA cards; "
            "use one of them, or cpu"
        )
    return device


def half_type(device: torch.device) -> torch.dtype:
    """Return the 16-bit float that networks are run in there: float16 on graphics cards, bfloat16 on CPUs."""
    return torch.float16 if device.type == "cuda" else torch.bfloat16
