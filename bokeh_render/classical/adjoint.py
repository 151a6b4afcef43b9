"""The gradients of the scatter on CPUs: the same taps read instead of written.

Scattering is linear in the sources' values: ``sums = K values``. Its adjoint gathers: with ``S`` the running sum from
the right of the gradient that arrives, each source reads ``S`` at its taps. The weights' own derivative is known from
the table, so the gradient with respect to the radius takes the same walk. No atomics: every source owns its result.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .cpu import Floats, in_parallel
from .kernels import gather_rows, suffix_sums
from .taps import TapTable


class Gradients(NamedTuple):
    """(H, W, 4) with respect to the sources' values; (H, W) with respect to their radius, per px."""

    values: Floats
    radius: Floats


def gather(cotangent: Floats, values: Floats, defocus: Floats, table: TapTable, *, threads: int) -> Gradients:
    """Return the gradients of whatever has the gradient ``cotangent`` with respect to the sums of ``cpu.accumulate``.

    cotangent, values: (H, W, 4); defocus: (H, W), px, NaN where there is no source; all of one floating-point type.
    """
    height, width = defocus.shape
    pad = table.reach + 2
    suffix = np.empty((height, 4 * (width + 2 * pad)))
    found = Gradients(np.empty_like(values), np.empty_like(defocus))
    in_parallel(lambda begin, end: suffix_sums(begin, end, cotangent, pad, suffix), height, threads)
    flat, weights = suffix.reshape(-1), table.weight.reshape(-1)
    in_parallel(
        lambda begin, end: gather_rows(
            begin, end, flat, pad, values, defocus, table.first, table.position, weights, table.row_of, table.rows,
            table.reach, table.largest_px, found.values, found.radius,
        ),
        height,
        threads,
    )  # fmt: skip
    return found
