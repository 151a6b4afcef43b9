"""The compiled inner loops of the scatter on CPUs.

They stand in one file because compiled code is kept on disk by its file's date alone: a change in a function that is
compiled into another file's kernel would go unnoticed.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .jit import compiled

SEGMENT_PX = 64
"""Sources are looked at in runs of so many: one that reaches no row of interest is skipped whole."""

_AREA_OFFSET = 0.2  # as in profiles.py; a test compares the two
LEAST_WEIGHT = 1e-12
"""What rounding may leave where nothing arrives."""

_INT32 = ir.IntType(32)
_FLOATS = {types.float32: ir.FloatType(), types.float64: ir.DoubleType()}


@intrinsic
def load4(typing_context: Any, array: Any, index: Any, like: Any) -> Any:
    """Return ``array[index : index + 4]`` of a flat array, in the floating-point type of the array ``like``."""
    del typing_context
    signature = types.UniTuple(like.dtype, 4)(array, index, like)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        have, want = _FLOATS[signature.args[0].dtype], _FLOATS[signature.args[2].dtype]
        pointer = _pointer(context, builder, signature.args[0], arguments[0], arguments[1], have)
        values = builder.load(pointer, align=4)
        if have != want:
            change = builder.fpext if want == ir.DoubleType() else builder.fptrunc
            values = change(values, ir.VectorType(want, 4))
        parts = [builder.extract_element(values, ir.Constant(_INT32, k)) for k in range(4)]
        return context.make_tuple(builder, signature.return_type, parts)

    return signature, generate


@intrinsic
def add_scaled4(typing_context: Any, array: Any, index: Any, factor: Any, values: Any) -> Any:
    """Do ``array[index : index + 4] += factor * values`` on a flat array of the values' type."""
    del typing_context
    signature = types.void(array, index, factor, values)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = _FLOATS[signature.args[0].dtype]
        vector = ir.VectorType(kind, 4)
        values = ir.Constant(vector, ir.Undefined)
        for k in range(4):
            values = builder.insert_element(values, builder.extract_value(arguments[3], k), ir.Constant(_INT32, k))
        factor = context.cast(builder, arguments[2], signature.args[2], signature.args[0].dtype)
        one = builder.insert_element(ir.Constant(vector, ir.Undefined), factor, ir.Constant(_INT32, 0))
        spread = ir.Constant(ir.VectorType(_INT32, 4), [0] * 4)
        factors = builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), spread)
        pointer = _pointer(context, builder, signature.args[0], arguments[0], arguments[1], kind)
        align = 8 if kind == ir.DoubleType() else 4
        product = builder.fmul(factors, values, flags=("contract",))
        total = builder.fadd(builder.load(pointer, align=align), product, flags=("contract",))
        builder.store(total, pointer, align=align)
        return context.get_dummy_value()

    return signature, generate


def _pointer(context: Any, builder: Any, array_type: Any, array: Any, index: Any, kind: Any) -> Any:
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), ir.VectorType(kind, 4).as_pointer())


@compiled
def column_of(radius: float) -> float:
    """Return where a radius stands among the knots: its whole part is the knot at or below it."""
    if radius < 2.0:
        return 256.0 * radius
    if radius < 8.0:
        return 384.0 + 64.0 * radius
    if radius < 32.0:
        return 768.0 + 16.0 * radius
    if radius < 512.0:
        return 1024.0 + 8.0 * radius
    return 4864.0 + 0.5 * radius


@compiled
def columns_per_px(radius: float) -> float:
    """Return the derivative of :func:`column_of`."""
    if radius < 2.0:
        return 256.0
    if radius < 8.0:
        return 64.0
    if radius < 32.0:
        return 16.0
    if radius < 512.0:
        return 8.0
    return 0.5


@compiled
def radius_of(column: int) -> float:
    """Return the radius of a knot, px; the inverse of :func:`column_of`."""
    if column < 512:
        return column / 256.0
    if column < 896:
        return (column - 384.0) / 64.0
    if column < 1280:
        return (column - 768.0) / 16.0
    if column < 5120:
        return (column - 1024.0) / 8.0
    return (column - 4864.0) * 2.0


@compiled
def weigh(begin, end, light, defocus, bokehme_area, largest, values, reach):
    """Write the sources of some rows: their weight, weighted colours, and the reach of each segment."""
    width = defocus.shape[1]
    for y in range(begin, end):
        for g in range(reach.shape[1]):
            farthest = defocus.dtype.type(0)
            for x in range(g * SEGMENT_PX, min(width, (g + 1) * SEGMENT_PX)):
                radius = abs(defocus[y, x])
                weight = 1.0
                if bokehme_area > 0.0:
                    weight = 1.0 / (bokehme_area * np.float64(radius) * radius + _AREA_OFFSET)
                elif radius > largest:
                    weight = (largest / np.float64(radius)) ** 2
                values[y, 4 * x] = weight
                for c in range(3):
                    values[y, 4 * x + 1 + c] = weight * light[y, x, c]
                farthest = max(farthest, radius)
            reach[y, g] = farthest


@compiled
def segment_reach(begin, end, defocus, reach):
    """Write the largest radius of each segment of some rows, -1 where there is no source."""
    width = defocus.shape[1]
    for y in range(begin, end):
        for g in range(reach.shape[1]):
            farthest = -1.0
            for x in range(g * SEGMENT_PX, min(width, (g + 1) * SEGMENT_PX)):
                radius = abs(defocus[y, x])
                if radius > farthest:
                    farthest = radius
            reach[y, g] = farthest


@compiled
def scatter_rows(  # noqa: C901  (one loop nest: split, it runs slower)
    begin, end, values, defocus, segment_reach, height, width,
    first, position, weights, row_of, rows, table_reach, largest, reach, buffer, weight_out, colours_out,
):  # fmt: skip
    """Add up what reaches the rows begin … end - 1."""
    pad = table_reach + 2
    padded = width + 2 * pad
    buffer[: 4 * padded * (end - begin)] = 0
    two, four, one = np.uint64(2), np.uint64(4), np.uint64(1)
    cell_of = np.empty(SEGMENT_PX, dtype=np.uint64)  # of the sources of one segment: their column's first cell,
    share_of = np.empty(SEGMENT_PX)  # how far they are on the way to the next knot,
    extent_of = np.empty(SEGMENT_PX, dtype=np.int64)  # how many rows away they reach, -1: no source,
    side_of = np.empty(SEGMENT_PX, dtype=np.int64)  # and whether they are in front of the focal plane
    for source_y in range(max(0, begin - reach), min(height, end + reach)):
        least = np.float64(max(begin - source_y, source_y - end + 1, 0) - 1)
        for g in range(segment_reach.shape[1]):
            farthest = segment_reach[source_y, g]
            if not farthest >= least:
                continue
            left = g * SEGMENT_PX
            count = min(SEGMENT_PX, width - left)
            pixel = np.uint64(source_y * width + left)
            for i in range(count):
                signed = np.float64(defocus[pixel + np.uint64(i)])
                radius = min(abs(signed), largest)
                if radius >= 0.0:
                    place = column_of(radius)
                    column = int(place)
                    cell_of[i] = column * rows
                    share_of[i] = place - column
                    extent_of[i] = int(radius) + 1
                    side_of[i] = 1 if signed > 0 else 0
                else:  # NaN: no source
                    extent_of[i] = -1
            extent = min(int(min(np.float64(farthest), largest)) + 1, table_reach)
            for y in range(max(begin, source_y - extent), min(end, source_y + extent + 1)):
                offset = y - source_y
                distance = abs(offset)
                start = np.uint64((y - begin) * padded + left + pad)
                behind = np.uint64(row_of[0, offset + table_reach])
                front = np.uint64(row_of[1, offset + table_reach])
                for k in range(count):
                    i = np.uint64(k)
                    if extent_of[i] < distance:
                        continue
                    cell = cell_of[i] + (front if side_of[i] == 1 else behind)
                    tap = np.uint64(first[cell])
                    last = np.uint64(first[cell + one])
                    source = load4(values, (pixel + i) * four, buffer)
                    t = share_of[i]
                    at = four * (start + i)
                    while tap < last:
                        w = weights[two * tap] + t * weights[two * tap + one]
                        add_scaled4(buffer, at + np.uint64(np.int64(position[tap]) * 4), w, source)
                        tap += one
    for y in range(begin, end):
        a, b, c, d = np.float64(0), np.float64(0), np.float64(0), np.float64(0)
        at = 4 * padded * (y - begin)
        for x in range(-pad, width):
            a += buffer[at]
            b += buffer[at + 1]
            c += buffer[at + 2]
            d += buffer[at + 3]
            at += 4
            if x >= 0:
                weight_out[y, x] = a
                colours_out[y, x, 0] = b
                colours_out[y, x, 1] = c
                colours_out[y, x, 2] = d


@compiled
def divide(begin, end, light, weight, colours):
    """Divide the colours of some rows by their weight; a pixel that nothing reaches keeps its own light."""
    for y in range(begin, end):
        for x in range(weight.shape[1]):
            for c in range(3):
                if weight[y, x] > LEAST_WEIGHT:
                    colours[y, x, c] /= weight[y, x]
                else:
                    colours[y, x, c] = light[y, x, c]


@compiled
def suffix_sums(begin, end, cotangent, pad, suffix):
    """Write, for every place in some rows, the sum of the cotangent there and to the right; zero right of the image."""
    width = cotangent.shape[1]
    for y in range(begin, end):
        for c in range(4):
            total = 0.0
            for k in range(width + 2 * pad - 1, -1, -1):
                x = k - pad
                if 0 <= x < width:
                    total += cotangent[y, x, c]
                suffix[y, 4 * k + c] = total


@compiled
def gather_rows(
    begin, end, suffix, pad, values, defocus, first, position, weights, row_of, rows, table_reach, largest,
    values_gradient, radius_gradient,
):  # fmt: skip
    """Write the adjoint of :func:`scatter_rows` for the sources of some rows."""
    height, width = defocus.shape
    two, four, one = np.uint64(2), np.uint64(4), np.uint64(1)
    padded = width + 2 * pad
    for y in range(begin, end):
        for x in range(width):
            signed = np.float64(defocus[y, x])
            radius = min(abs(signed), largest)
            a0, a1, a2, a3, slope = 0.0, 0.0, 0.0, 0.0, 0.0
            if radius >= 0.0:
                side = 1 if signed > 0 else 0
                place = column_of(radius)
                column = int(place)
                t = place - column
                extent = min(int(radius) + 1, table_reach)
                v0, v1, v2, v3 = values[y, x, 0], values[y, x, 1], values[y, x, 2], values[y, x, 3]
                for target_y in range(max(0, y - extent), min(height, y + extent + 1)):
                    cell = np.uint64(column * rows + row_of[side, target_y - y + table_reach])
                    tap = np.uint64(first[cell])
                    last = np.uint64(first[cell + one])
                    start = np.uint64(target_y * padded + x + pad)
                    while tap < last:
                        change = np.float64(weights[two * tap + one])
                        w = weights[two * tap] + t * change
                        at = four * (start + np.uint64(np.int64(position[tap])))
                        s0, s1, s2, s3 = suffix[at], suffix[at + one], suffix[at + two], suffix[at + two + one]
                        a0 += w * s0
                        a1 += w * s1
                        a2 += w * s2
                        a3 += w * s3
                        slope += change * (v0 * s0 + v1 * s1 + v2 * s2 + v3 * s3)
                        tap += one
                if abs(signed) > largest:
                    slope = 0.0
                slope *= columns_per_px(radius)
            values_gradient[y, x, 0] = a0
            values_gradient[y, x, 1] = a1
            values_gradient[y, x, 2] = a2
            values_gradient[y, x, 3] = a3
            radius_gradient[y, x] = slope
