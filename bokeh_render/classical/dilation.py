"""The dilated defocus, exactly and in O(N r): the largest signed defocus among the discs that cover a pixel.

A disc covers an interval of each row. The maximum of an interval is kept at two overlapping runs of a power of two in
length, and handed down to shorter and shorter runs when the row is complete (a sparse table, filled backwards).
"""

from __future__ import annotations

import math

import numpy as np

from .cpu import Floats, in_parallel
from .jit import compiled

_NOTHING = np.iinfo(np.int32).min


def dilate_defocus(defocus: Floats, *, threads: int = 0) -> Floats:
    """Return, for each pixel, the largest signed defocus, truncated to an integer, of all pixels whose disc reaches it.

    defocus: (H, W), px, finite; a disc of radius |defocus| reaches what is at most that far away; a pixel's own counts
    always. Returns (H, W) of the same type. Source: BokehMe's published renderer.
    """
    height, width = defocus.shape
    farthest = max(height, width)
    longest = min(2 * int(np.abs(defocus).max()) + 1, 2 * farthest)
    levels = math.floor(math.log2(longest)) + 1
    source = np.ascontiguousarray(defocus)
    result = np.empty_like(source)

    def dilate_block(begin: int, end: int) -> None:
        _dilate_rows(begin, end, source, np.empty((levels, width), dtype=np.int32), result)

    in_parallel(dilate_block, height, threads)
    return result


@compiled
def _dilate_rows(begin, end, defocus, runs, result):  # type: ignore[no-untyped-def]
    """Dilate some rows. runs: (levels, W); level k holds maxima of runs of 2^k pixels, by their left end."""
    height, width = defocus.shape
    reach = min(int(np.abs(defocus).max()), height)
    log = np.zeros(width + 2, dtype=np.int64)
    for length in range(2, width + 2):
        log[length] = log[length >> 1] + 1
    for y in range(begin, end):
        runs[:] = _NOTHING
        for source_y in range(max(0, y - reach), min(height, y + reach + 1)):
            dy = np.float64(source_y - y)
            for x in range(width):
                signed = np.float64(defocus[source_y, x])
                room = signed * signed - dy * dy
                if room < 0.0:
                    continue
                half = int(min(np.sqrt(room), np.float64(width)))
                value = np.int32(signed)
                left = max(0, x - half)
                right = min(width - 1, x + half)
                level = log[right - left + 1]
                runs[level, left] = max(runs[level, left], value)
                other = right - (1 << level) + 1
                runs[level, other] = max(runs[level, other], value)
        for level in range(len(runs) - 1, 0, -1):
            half = 1 << (level - 1)
            for x in range(width):
                value = runs[level, x]
                if value == _NOTHING:
                    continue
                runs[level - 1, x] = max(runs[level - 1, x], value)
                if x + half < width:
                    runs[level - 1, x + half] = max(runs[level - 1, x + half], value)
        for x in range(width):
            result[y, x] = max(runs[0, x], np.int32(defocus[y, x]))
