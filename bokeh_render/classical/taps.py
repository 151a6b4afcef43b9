"""The weights of a blurred source as differences along each row, tabulated by blur radius.

Take one row of a source's weights, ``f(dx)``. Its differences ``g(dx) = f(dx) - f(dx - 1)`` are zero but for the few
pixels at the row's ends: these are its *taps*. Adding ``g`` instead of ``f`` to a row of the image and taking one
running sum at the end gives the same picture, at a cost that grows with the number of rows, not with the area: O(r)
instead of O(r^2). It holds for any opening, hollow or in several pieces, and for any soft edge.

The table has a column per radius (the *knots*, 1/256 px apart below 2 px, 1/8 px from 32 px on) and a row
per row offset. A radius between two knots has the weights in between, linearly; so the weights are continuous and
piecewise linear in the radius, and their derivative is known. Taps smaller than a tolerance are added to a neighbour.
In every row they sum to zero exactly, which keeps bright lights from leaving streaks behind.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ..aperture import Aperture, Float64
from ..aperture_shapes import CatEye, Outline, Ring, Shape
from ..errors import BadInputError
from ..outline import contours_of
from .kernels import column_of, radius_of
from .profiles import area_normalisation, check_profile, is_point_symmetric, is_upright, widest_of
from .tap_rows import append_column, covered_differences, soft_differences

Quality = Literal["high", "preview"]
QUALITIES: tuple[str, ...] = get_args(Quality)

TOLERANCE = {"high": 0.008, "preview": 0.06}
"""Taps below this share of the disc's plateau are added to their neighbours where the radius is 16 px or more; the
share falls to next to nothing at 3 px.
"""

_CACHED_TABLES = 6
_EXACT_BELOW_PX, _TOLERANT_FROM_PX = 3.0, 16.0
_LARGEST_TABLE_BYTES = 2**30


@dataclass(frozen=True, eq=False)
class TapTable:
    """All taps of one opening, up to a largest radius.

    first: (columns * rows + 1,) int32: the taps of column ``b`` and row ``k`` are ``first[c] … first[c + 1]`` with
    ``c = b * rows + k``; position: (taps,) int32, where a tap stands, px from the source, positive to the right;
    weight: (taps, 2), its value at knot b, and what to add on the way to knot b + 1; row_of: (2, 2 reach + 1) int32,
    which row k belongs to a row offset (target minus source, plus ``reach``), for sources behind and in front of the
    focal plane; rows: how many there are; reach: largest row offset; largest_px: largest radius;
    bokehme_area: area in BokehMe's amplitude, or 0 where the weights carry their amplitude themselves.
    """

    first: NDArray[np.int32]
    position: NDArray[np.int32]
    weight: NDArray[np.floating[Any]]
    row_of: NDArray[np.int32]
    rows: int
    reach: int
    largest_px: float
    bokehme_area: float


def tap_table(shape: Shape, profile: str, quality: str, radius_px: float, limit_px: int) -> TapTable:
    """Return a table for radii from 0 to at least ``radius_px``; the last few are kept.

    limit_px: the longer side of the image: taps farther away are drawn together there. Raises BadInputError for an
    unknown profile or quality, a profile the opening does not have, or a radius whose table would not fit memory.
    """
    check_profile(profile, shape)
    if quality not in QUALITIES:
        raise BadInputError(f"unknown quality {quality!r}; expected one of {', '.join(QUALITIES)}")
    step = 2.0 ** (math.ceil(4 * math.log2(max(radius_px, 4.0))) / 4)  # a few sizes only, so that tables are reused
    reach = int(step * widest_of(shape)) + 2
    limit = min(reach, 1 << math.ceil(math.log2(max(limit_px, 16) + 2)))
    key = (shape.model_dump_json(), type(shape), profile, quality, step, limit)
    with _lock:
        if key in _tables:
            _tables.move_to_end(key)
            return _tables[key]
        table = _build(shape, profile, quality, step, limit)
        _tables[key] = table
        while len(_tables) > _CACHED_TABLES:
            _tables.popitem(last=False)
        return table


_lock = threading.Lock()
_tables: OrderedDict[tuple[object, ...], TapTable] = OrderedDict()


def _build(shape: Shape, profile: str, quality: str, largest_px: float, limit: int) -> TapTable:
    both_sides = not is_point_symmetric(shape)
    offsets = np.arange(0 if is_upright(shape) else -limit, limit + 1)
    columns = int(column_of(largest_px)) + 2
    expected_bytes = 6 * 20 * (1 + both_sides) * columns * len(offsets) // 2
    if expected_bytes > _LARGEST_TABLE_BYTES:
        raise BadInputError(
            f"a blur radius of {largest_px:.0f} px needs a table of about {expected_bytes / 2**30:.1f} GiB; "
            "expected a smaller one: reduce K, or render the image at a smaller size"
        )
    turns = (1.0, -1.0) if both_sides else (1.0,)
    if profile == "bokehme":
        soft = _soft_edge(shape)

        def rows_at(radius: float, side: int, rows: Float64, span: NDArray[np.int64]) -> None:
            soft_differences(radius, soft, turns[side], offsets, limit, rows, span)
    else:
        corners, ends = _flat_contours(shape)

        def rows_at(radius: float, side: int, rows: Float64, span: NDArray[np.int64]) -> None:
            covered_differences(radius, corners, ends, turns[side], offsets, limit, rows, span)

    first, position, weight = _tabulate(
        rows_at, profile == "bokehme", len(turns), len(offsets), limit, columns, TOLERANCE[quality]
    )
    row_of = np.empty((2, 2 * limit + 1), dtype=np.int32)
    every = np.arange(-limit, limit + 1)
    row_of[0] = np.searchsorted(offsets, np.abs(every) if is_upright(shape) else every)
    row_of[1] = row_of[0] + (len(offsets) if both_sides else 0)
    return TapTable(
        first=first,
        position=position,
        weight=weight if quality == "high" else weight.astype(np.float32),
        row_of=row_of,
        rows=len(offsets) * len(turns),
        reach=limit,
        largest_px=largest_px,
        bokehme_area=area_normalisation(profile, shape) if profile == "bokehme" else 0.0,
    )


def _soft_edge(shape: Shape) -> Float64:
    """Return (blades, rotation, ratio, obstruction) of an opening that BokehMe's profile knows."""
    match shape:
        case Aperture():
            return np.array([shape.blades, shape.rotation_rad, shape.ratio, 0.0])
        case Ring():
            outer = shape.outer
            return np.array([outer.blades, outer.rotation_rad, outer.ratio, shape.obstruction])
        case CatEye() | Outline():
            raise AssertionError("check_profile let an opening through that bokehme does not know")


def _flat_contours(shape: Shape) -> tuple[Float64, NDArray[np.int64]]:
    """Return all corners of an opening in image coordinates (x right, y down), area 1, and where each contour ends."""
    contours = contours_of(shape)
    corners = np.concatenate(contours) * [1.0, -1.0]
    return corners, np.cumsum([len(contour) for contour in contours])


def _tabulate(
    rows_at: Callable[[float, int, Float64, NDArray[np.int64]], None],
    soft_edge: bool,
    sides: int,
    rows: int,
    limit: int,
    columns: int,
    tolerance: float,
) -> tuple[NDArray[np.int32], NDArray[np.int32], Float64]:
    """Build (first, position, weight) of a table, column by column; see :class:`TapTable`.

    rows_at: writes the differences of all rows at a radius and side, and the first and last column touched in each;
    column k of a dense row is the pixel k - limit - 1.
    """
    first = np.zeros(columns * rows * sides + 1, dtype=np.int32)
    position, weight = np.empty(1 << 16, dtype=np.int32), np.empty((1 << 16, 2))
    here, there = np.zeros((2, sides, rows, 2 * limit + 3))
    span_here, span_there = np.zeros((2, sides, rows, 2), dtype=np.int64)
    taps = 0
    for column in range(columns + 1):
        radius = radius_of(column)
        for side in range(sides):
            rows_at(radius, side, there[side], span_there[side])
        if column > 0:
            lower = radius_of(column - 1)
            plateau = 1.0 if soft_edge else 1.0 / max(1.0, math.pi * lower * lower)
            share = min(1.0, max(0.0, (lower - _EXACT_BELOW_PX) / (_TOLERANT_FROM_PX - _EXACT_BELOW_PX)))
            small = plateau * (tolerance * share + 1e-7)
            unit = 2.0 ** (math.floor(math.log2(plateau)) - 30)
            for side in range(sides):
                most = taps + int(np.sum(np.maximum(span_here[side, :, 1], span_there[side, :, 1]) + 1)) + rows
                most -= int(np.sum(np.minimum(span_here[side, :, 0], span_there[side, :, 0])))
                if most > len(position):
                    position = np.resize(position, 2 * most)
                    weight = np.resize(weight, (2 * most, 2))
                begin = ((column - 1) * sides + side) * rows
                taps = append_column(
                    here[side], span_here[side], there[side], span_there[side],
                    limit, small, unit, position, weight, taps, first[begin : begin + rows + 1],
                )  # fmt: skip
        here, there = there, here
        span_here, span_there = span_there, span_here
    return first, position[:taps].copy(), weight[:taps].copy()
