"""The scatter on CPUs: every thread owns rows of the image and adds up what all sources send there.

A block of rows belongs to one thread. It walks through the sources that reach it, in a fixed order, and adds their taps
(see :mod:`bokeh_render.classical.taps`) to a buffer per row; one running sum along each row then gives the picture.
No two threads write to the same place, so there is nothing to lock and the same bits come out for any number of them.

Cost: O(N r) time; 16 bytes per pixel for the sources' weighted light (32 for float64), and the row buffers.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .kernels import SEGMENT_PX, divide, scatter_rows, segment_reach, weigh
from .taps import TapTable

_MOST_ROWS_PER_BLOCK = 16

Floats = NDArray[np.floating[Any]]


class Sources(NamedTuple):
    """What is scattered: (H, 4 W) weight and weighted colours of each source, side by side; (H, W) signed radius, px
    (positive in front of the focal plane; NaN: no source there); (H, segments) largest radius in each run of 64 px.
    """

    values: Floats
    defocus: Floats
    segment_reach: Floats


class Sums(NamedTuple):
    """What arrives: (H, W) sum of weights, (H, W, 3) sums of weighted colours, or their quotient where asked for."""

    weight: Floats
    colours: Floats


def thread_count(threads: int) -> int:
    """Return how many threads to use when ``threads`` are asked for; 0 = as many as this process may use."""
    if threads > 0:
        return threads
    if hasattr(os, "sched_getaffinity"):  # Linux: what this process may use, not what the machine has
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def scatter_rows_of_light(
    light: Floats, defocus: Floats, table: TapTable, *, threads: int, divide: bool = True
) -> Sums:
    """Scatter light by defocus.

    light: (H, W, 3), float32 or float64, any strides; defocus: (H, W), the same type, all finite, |defocus| at most
    ``table.largest_px`` (larger ones count as that); divide: return colours divided by the weight.
    """
    height, width = defocus.shape
    values = np.empty((height, 4 * width), dtype=light.dtype)
    reach = np.empty((height, -(-width // SEGMENT_PX)), dtype=light.dtype)
    in_parallel(
        lambda begin, end: weigh(begin, end, light, defocus, table.bokehme_area, table.largest_px, values, reach),
        height,
        threads,
    )
    return _run(Sources(values, np.ascontiguousarray(defocus), reach), table, threads, light if divide else None)


def accumulate(values: Floats, defocus: Floats, table: TapTable, *, threads: int) -> Sums:
    """Scatter any four numbers per source: sums only, nothing is divided.

    values: (H, W, 4) float32 or float64, a weight and three weighted colours; the profile's own amplitude is not
    applied, so with ``area`` each source arrives with exactly its weight. defocus: (H, W), the same type; NaN where
    there is no source (its values are ignored).
    """
    height, width = defocus.shape
    flat = np.ascontiguousarray(values).reshape(height, 4 * width)
    defocus = np.ascontiguousarray(defocus)
    reach = np.empty((height, -(-width // SEGMENT_PX)), dtype=flat.dtype)
    in_parallel(lambda begin, end: segment_reach(begin, end, defocus, reach), height, threads)
    return _run(Sources(flat, defocus, reach), table, threads, None)


def in_parallel(work: Callable[[int, int], Any], height: int, threads: int) -> None:
    """Call ``work(begin, end)`` for blocks of rows until all are done, on so many threads (0: all cores)."""
    threads = thread_count(threads)
    rows = max(1, min(_MOST_ROWS_PER_BLOCK, height // (8 * threads)))
    blocks = [(begin, min(begin + rows, height)) for begin in range(0, height, rows)]
    threads = min(threads, len(blocks))
    if threads == 1:
        for begin, end in blocks:
            work(begin, end)
        return
    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(lambda block: work(*block), blocks):
            pass


def _run(sources: Sources, table: TapTable, threads: int, fallback: Floats | None) -> Sums:
    height, width = sources.defocus.shape
    kind = sources.values.dtype
    sums = Sums(np.empty((height, width), dtype=kind), np.empty((height, width, 3), dtype=kind))
    reach = min(table.reach, int(sources.segment_reach.max(initial=0.0)) + 2)
    padded = width + 2 * (table.reach + 2)
    buffers: dict[int, Floats] = {}

    def scatter_block(begin: int, end: int) -> None:
        buffer = buffers.get(threading.get_ident())
        if buffer is None:
            buffer = np.empty(_MOST_ROWS_PER_BLOCK * padded * 4, dtype=table.weight.dtype)
            buffers[threading.get_ident()] = buffer
        scatter_rows(
            begin, end, sources.values.reshape(-1), sources.defocus.reshape(-1), sources.segment_reach, height, width,
            table.first, table.position, table.weight.reshape(-1), table.row_of, table.rows, table.reach,
            table.largest_px, reach, buffer, sums.weight, sums.colours,
        )  # fmt: skip
        if fallback is not None:
            divide(begin, end, fallback, sums.weight, sums.colours)

    in_parallel(scatter_block, height, threads)
    return sums
