"""The kernels of the scatter on NVIDIA cards, in Triton; started by :mod:`bokeh_render.classical.cuda`.

Tensors are contiguous: values, cotangents and what belongs to them (N, H, W, 4), defocus and radius (N, H, W), a unit's
numbers (N, 4). Places in them are 64-bit: 4K batches have more than 2^31 of them. A block of threads works on a run of
so many sources along a row.
"""

import triton
import triton.language as tl


@triton.jit
def column_of(radius):
    """Return where a radius stands among the knots, as in kernels.py."""
    place = tl.where(radius < 512.0, 1024.0 + 8.0 * radius, 4864.0 + 0.5 * radius)
    place = tl.where(radius < 32.0, 768.0 + 16.0 * radius, place)
    place = tl.where(radius < 8.0, 384.0 + 64.0 * radius, place)
    return tl.where(radius < 2.0, 256.0 * radius, place)


@triton.jit
def columns_per_px(radius):
    """Return the derivative of ``column_of``."""
    slope = tl.where(radius < 512.0, 8.0, 0.5)
    slope = tl.where(radius < 32.0, 16.0, slope)
    slope = tl.where(radius < 8.0, 64.0, slope)
    return tl.where(radius < 2.0, 256.0, slope)


@triton.jit(do_not_specialize=["first_row", "begin", "end"])
def scatter(
    values, defocus, per_value, largest, first, position, weight, row_of, buffer,
    height, width, rows, reach, first_row, begin, end, block: tl.constexpr,
):  # fmt: skip
    """Add the taps of a run of sources to the rows begin … end - 1, in whole units.

    buffer: (N, end - begin, W, 4) int64. The last tap of a row is the negative sum of the others (see fixed_point.py).
    What falls left of the image counts from its first pixel on; what falls right of it counts nowhere.
    """
    y = first_row + tl.program_id(0)
    x = tl.program_id(1) * block + tl.arange(0, block)
    image = tl.program_id(2).to(tl.int64)
    channel = tl.arange(0, 4)
    pixel = (image * height + y) * width + x
    signed = tl.load(defocus + pixel, mask=x < width, other=float("nan")).to(tl.float64)
    is_source = signed == signed
    radius = tl.where(is_source, tl.minimum(tl.abs(signed), tl.load(largest)), 0.0)
    place = column_of(radius)
    column = place.to(tl.int32)
    share = place - column.to(tl.float64)
    extent = tl.where(is_source, tl.minimum(radius.to(tl.int32) + 1, reach), -1)
    turn = tl.where(signed > 0, 2 * reach + 1, 0) + reach
    value = tl.load(values + pixel[:, None] * 4 + channel[None, :], mask=is_source[:, None], other=0.0).to(tl.float64)
    value = value * tl.load(per_value + image * 4 + channel)[None, :]
    farthest = tl.max(extent, axis=0)
    for target in range(tl.maximum(begin, y - farthest), tl.minimum(end, y + farthest + 1)):
        offset = target - y
        reaches = extent >= tl.abs(offset)
        cell = column * rows + tl.load(row_of + turn + offset, mask=reaches, other=0)
        tap = tl.load(first + cell, mask=reaches, other=0)
        last = tl.load(first + cell + 1, mask=reaches, other=0)
        most = tl.max(last - tap, axis=0)
        row = buffer + (image * (end - begin) + (target - begin)) * width * 4
        added = tl.zeros((block, 4), dtype=tl.int64)
        for number in range(most):
            at = tap + number
            is_tap = at < last
            at = at.to(tl.int64)
            w = tl.load(weight + 2 * at, mask=is_tap, other=0.0)
            w += share * tl.load(weight + 2 * at + 1, mask=is_tap, other=0.0)
            part = tl.floor(w[:, None] * value + 0.5).to(tl.int64)
            part = tl.where((at + 1 == last)[:, None], -added, part)
            added += part
            to = x + tl.load(position + at, mask=is_tap, other=0)
            is_tap = is_tap & (to < width)
            to = tl.maximum(to, 0).to(tl.int64)
            place_of_part = row + to[:, None] * 4 + channel[None, :]
            tl.atomic_add(place_of_part, part, mask=is_tap[:, None], sem="relaxed")


@triton.jit(do_not_specialize=["begin"])
def running_sums(buffer, value, sums, height, width, begin, block: tl.constexpr):
    """Turn the taps of a row into what arrives: sums along the row, from whole units into numbers."""
    row = tl.program_id(0)
    image = tl.program_id(1).to(tl.int64)
    channel = tl.arange(0, 4)
    unit = tl.load(value + image * 4 + channel)
    source = (image * tl.num_programs(0) + row) * width
    target = (image * height + begin + row) * width
    before = tl.zeros((4,), dtype=tl.int64)
    for left in range(0, width, block):
        x = left + tl.arange(0, block)
        inside = (x < width)[:, None]
        part = tl.load(buffer + (source + x)[:, None] * 4 + channel[None, :], mask=inside, other=0)
        total = (tl.cumsum(part, axis=0) + before[None, :]).to(tl.float64) * unit[None, :]
        tl.store(sums + (target + x)[:, None] * 4 + channel[None, :], total.to(sums.dtype.element_ty), mask=inside)
        before += tl.sum(part, axis=0)


@triton.jit(do_not_specialize=["begin"])
def suffix_sums(cotangent, per_value, suffix, height, width, begin, block: tl.constexpr):
    """Write, for every place of a row, the sum of the cotangent there and to the right, in whole units."""
    row = tl.program_id(0)
    image = tl.program_id(1).to(tl.int64)
    channel = tl.arange(0, 4)
    unit = tl.load(per_value + image * 4 + channel)
    source = (image * height + begin + row) * width
    target = (image * tl.num_programs(0) + row) * width
    before = tl.zeros((4,), dtype=tl.int64)
    for left in range(0, width, block):
        x = width - 1 - left - tl.arange(0, block)  # from the right
        inside = (x >= 0)[:, None]
        number = tl.load(cotangent + (source + x)[:, None] * 4 + channel[None, :], mask=inside, other=0.0)
        whole = tl.floor(number.to(tl.float64) * unit[None, :] + 0.5).to(tl.int64)
        total = tl.cumsum(whole, axis=0) + before[None, :]
        tl.store(suffix + (target + x)[:, None] * 4 + channel[None, :], total, mask=inside)
        before += tl.sum(whole, axis=0)


@triton.jit(do_not_specialize=["first_row", "begin", "end"])
def gather(
    suffix, value_of_unit, values, defocus, largest, first, position, weight, row_of, values_gradient, radius_gradient,
    height, width, rows, reach, first_row, begin, end, block: tl.constexpr,
):  # fmt: skip
    """Read the suffix sums of the rows begin … end - 1 at the taps of a run of sources, and write their gradients.

    suffix: (N, end - begin, W, 4) int64.
    """
    y = first_row + tl.program_id(0)
    x = tl.program_id(1) * block + tl.arange(0, block)
    image = tl.program_id(2).to(tl.int64)
    channel = tl.arange(0, 4)
    inside = x < width
    pixel = (image * height + y) * width + x
    signed = tl.load(defocus + pixel, mask=inside, other=float("nan")).to(tl.float64)
    is_source = signed == signed
    radius = tl.where(is_source, tl.minimum(tl.abs(signed), tl.load(largest)), 0.0)
    place = column_of(radius)
    column = place.to(tl.int32)
    share = place - column.to(tl.float64)
    extent = tl.where(is_source, tl.minimum(radius.to(tl.int32) + 1, reach), -1)
    turn = tl.where(signed > 0, 2 * reach + 1, 0) + reach
    farthest = tl.max(extent, axis=0)
    gradient = tl.zeros((block, 4), dtype=tl.float64)
    slopes = tl.zeros((block, 4), dtype=tl.float64)
    for target in range(tl.maximum(begin, y - farthest), tl.minimum(end, y + farthest + 1)):
        offset = target - y
        reaches = extent >= tl.abs(offset)
        cell = column * rows + tl.load(row_of + turn + offset, mask=reaches, other=0)
        tap = tl.load(first + cell, mask=reaches, other=0)
        last = tl.load(first + cell + 1, mask=reaches, other=0)
        most = tl.max(last - tap, axis=0)
        row = suffix + (image * (end - begin) + (target - begin)) * width * 4
        for number in range(most):
            at = tap + number
            is_tap = at < last
            at = at.to(tl.int64)
            change = tl.load(weight + 2 * at + 1, mask=is_tap, other=0.0)
            w = tl.load(weight + 2 * at, mask=is_tap, other=0.0) + share * change
            to = x + tl.load(position + at, mask=is_tap, other=0)
            is_tap = is_tap & (to < width)
            to = tl.maximum(to, 0).to(tl.int64)
            found = tl.load(row + to[:, None] * 4 + channel[None, :], mask=is_tap[:, None], other=0).to(tl.float64)
            gradient += w[:, None] * found
            slopes += change[:, None] * found
    unit = tl.load(value_of_unit + image * 4 + channel)[None, :]
    places = pixel[:, None] * 4 + channel[None, :]
    gradient = gradient * unit
    tl.store(values_gradient + places, gradient.to(values_gradient.dtype.element_ty), mask=inside[:, None])
    value = tl.load(values + places, mask=is_source[:, None], other=0.0).to(tl.float64)
    slope = tl.sum(slopes * unit * value, axis=1) * columns_per_px(radius)
    slope = tl.where(tl.abs(signed) > tl.load(largest), 0.0, slope)
    tl.store(radius_gradient + pixel, slope.to(radius_gradient.dtype.element_ty), mask=inside)
