"""What can be scattered: floating-point light and one defocus per pixel, all finite. Refused with one sentence else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..errors import BadInputError
from .cpu import Floats

if TYPE_CHECKING:
    from torch import Tensor

_FLOATS = ("float16", "float32", "float64")


def check_tensors(light: Tensor, defocus: Tensor) -> None:
    """Check torch input: light (N, C, H, W), defocus (N, 1, H, W), one type, one device; raises BadInputError."""
    if light.ndim != 4 or light.numel() == 0:
        raise BadInputError(f"light has shape {tuple(light.shape)}; expected (N, C, H, W), none of them 0")
    expected = (light.shape[0], 1, *light.shape[-2:])
    if tuple(defocus.shape) != expected:
        raise BadInputError(f"defocus has shape {tuple(defocus.shape)}; expected {expected} to match the light")
    _check_types(str(light.dtype).removeprefix("torch."), str(defocus.dtype).removeprefix("torch."))
    if light.device != defocus.device:
        raise BadInputError(f"light is on {light.device} and defocus on {defocus.device}; expected one device")
    for name, tensor in (("light", light), ("defocus", defocus)):
        if not tensor.isfinite().all():
            raise BadInputError(f"{name} holds NaN or infinite values; expected finite numbers")


def check_arrays(light: Floats, defocus: Floats) -> None:
    """Check NumPy input: light (…, H, W, C), defocus (…, H, W), one type; raises BadInputError."""
    if light.ndim not in (3, 4) or light.size == 0:
        raise BadInputError(f"light has shape {light.shape}; expected (H, W, C) or (N, H, W, C), none of them 0")
    if defocus.shape != light.shape[:-1]:
        raise BadInputError(f"defocus has shape {defocus.shape}; expected {light.shape[:-1]} to match the light")
    _check_types(str(light.dtype), str(defocus.dtype))
    for name, array in (("light", light), ("defocus", defocus)):
        if not np.isfinite(array).all():
            raise BadInputError(f"{name} holds NaN or infinite values; expected finite numbers")


def _check_types(light: str, defocus: str) -> None:
    if light not in _FLOATS or light != defocus:
        raise BadInputError(
            f"light is {light} and defocus {defocus}; expected both to be one of {', '.join(_FLOATS)} "
            "(8-bit values are divided by 255 and made linear first)"
        )
