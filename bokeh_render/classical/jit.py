"""How CPU kernels are compiled: at their first call, free of Python's lock, and kept on disk for later processes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numba


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function as machine code.

    Only multiply-add may be fused: no other freedom in floating point, so that NaN can mark what is not there and sums
    keep their order. Indices are not checked; negative ones do not wrap where they are unsigned.
    """
    options: dict[str, Any] = {"nogil": True, "boundscheck": False, "error_model": "numpy", "fastmath": {"contract"}}
    try:
        return cast("Callable[..., Any]", numba.njit(cache=True, **options)(function))
    except RuntimeError:  # nowhere to keep it: neither beside this file nor in the user's cache
        return cast("Callable[..., Any]", numba.njit(**options)(function))
