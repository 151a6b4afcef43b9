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
    compile_ = numba.njit(cache=True, nogil=True, boundscheck=False, error_model="numpy", fastmath={"contract"})
    return cast("Callable[..., Any]", compile_(function))
