"""Rows of a source's weights at one radius, as differences; and how two radii become the taps between them. Compiled.

In a dense row, column k stands for the pixel ``k - limit - 1``, px right of the source; what lies farther than
``limit`` is drawn together at the ends.
"""

from __future__ import annotations

import numpy as np

from .jit import compiled


@compiled
def append_column(here, span_here, there, span_there, limit, small, unit, position, weight, taps, first):
    """Append the taps of all rows between two knots; return how many taps there are now."""
    for k in range(len(here)):
        low = min(span_here[k, 0], span_there[k, 0])
        high = max(span_here[k, 1], span_there[k, 1])
        taps = _append(here[k], there[k], low, high, limit, small, unit, position, weight, taps)
        first[k + 1] = taps
    return taps


@compiled
def _append(here, there, low, high, limit, small, unit, position, weight, taps):
    """Append the taps of one row between two knots; return how many there are now."""
    begin = taps
    owed_here = 0.0  # small taps to be added to the next one
    owed_there = 0.0
    for k in range(low, high + 1):
        a = here[k] + owed_here
        b = there[k] + owed_there
        size = max(abs(a), abs(b))
        if size < small:
            following = 0.0 if k == high else max(abs(here[k + 1]), abs(there[k + 1]))
            if taps == begin or following > size:
                owed_here, owed_there = a, b
            else:
                weight[taps - 1, 0] += a
                weight[taps - 1, 1] += b
                owed_here = owed_there = 0.0
            continue
        position[taps] = k - limit - 1
        weight[taps, 0] = a
        weight[taps, 1] = b
        taps += 1
        owed_here = owed_there = 0.0
    # whole multiples of a unit, which sum to zero exactly and stay exact in every product with a float32 fraction
    sum_here = 0.0
    sum_there = 0.0
    for k in range(begin, taps):
        weight[k, 0] = np.rint(weight[k, 0] / unit) * unit
        weight[k, 1] = np.rint(weight[k, 1] / unit) * unit
        sum_here += weight[k, 0]
        sum_there += weight[k, 1]
    if taps > begin:
        weight[taps - 1, 0] -= sum_here
        weight[taps - 1, 1] -= sum_there
    for k in range(begin, taps):
        weight[k, 1] -= weight[k, 0]
    return taps


@compiled
def _clear(rows, span):
    for k in range(len(rows)):
        for column in range(span[k, 0], span[k, 1] + 1):
            rows[k, column] = 0.0


@compiled
def soft_differences(radius, soft, side, offsets, limit, rows, span):
    """BokehMe's soft edge: write f(dx) - f(dx - 1) of every row, without the amplitude."""
    blades, rotation, ratio, obstruction = soft[0], soft[1], soft[2], soft[3]
    _clear(rows, span)
    inner = radius * np.cos(np.pi / blades) if blades > 0 else radius
    inner = inner / max(ratio, 1.0)
    reach = int(radius * max(1.0, 1.0 / ratio)) + 1
    for k in range(len(offsets)):
        dy = offsets[k]
        span[k, 0] = limit + 1
        span[k, 1] = limit + 1
        if abs(dy) > reach:
            continue
        before = 0.0
        span[k, 0] = max(0, limit + 1 - reach)
        span[k, 1] = min(2 * limit + 2, limit + 2 + reach)
        for dx in range(-reach, reach + 2):
            value = 0.0
            if dx <= reach:
                distance = np.sqrt(float(dx * dx + dy * dy))
                if obstruction == 0.0 and distance < inner - 4.0:
                    value = 1.0
                else:
                    rim = _soft_rim(blades, rotation, ratio, side * dx, -side * dy)
                    value = 1.0 / (1.0 + np.exp(8.0 * (distance - radius * rim)))
                    if obstruction > 0.0:
                        value -= 1.0 / (1.0 + np.exp(8.0 * (distance - radius * rim * obstruction)))
            rows[k, min(max(dx, -limit - 1), limit + 1) + limit + 1] += value - before
            before = value


@compiled
def _soft_rim(blades, rotation, ratio, right, up):
    """Return how far the squeezed opening reaches in a direction, lens radii; see bokeh_render.aperture.rim."""
    length = np.sqrt(float(right * right + up * up))
    if length == 0.0 or (blades == 0.0 and ratio == 1.0):
        return 1.0
    stretched = np.sqrt(right * right * ratio * ratio + up * up) / length
    if blades == 0.0:
        return 1.0 / stretched
    sector = 2 * np.pi / blades
    angle = np.arctan2(float(up), right * ratio) - rotation + sector / 2
    from_middle = angle - sector * np.floor(angle / sector) - sector / 2
    return np.cos(sector / 2) / np.cos(from_middle) / stretched


@compiled
def covered_differences(radius, corners, ends, side, offsets, limit, rows, span):
    """Exact coverage of pixels by the opening: write f(dx) - f(dx - 1) of every row, divided by the opening's area.

    Each edge of the outline is followed through the pixels it crosses. In a row, an edge that spans the height h and
    stands at x adds h to all pixels right of it and a share of h to its own: signed areas, as font rasterisers do it.
    """
    _clear(rows, span)
    for k in range(len(offsets)):
        span[k, 0] = limit + 1
        span[k, 1] = limit + 2
    start = 0
    if radius < 1e-9:
        zero = -offsets[0]
        if 0 <= zero < len(offsets):
            rows[zero, limit + 1] = 1.0
            rows[zero, limit + 2] = -1.0
        return
    total = 0.0
    for end in ends:
        for i in range(start, end):
            j = start if i + 1 == end else i + 1
            x0, y0, x1, y1 = corners[i, 0], corners[i, 1], corners[j, 0], corners[j, 1]
            total += 0.5 * (x0 * y1 - x1 * y0)
            scale = side * radius
            _follow_edge(
                scale * x0 + 0.5, scale * y0 + 0.5, scale * x1 + 0.5, scale * y1 + 0.5, offsets, limit, rows, span
            )
        start = end
    amplitude = 1.0 / (total * radius * radius)  # negative when the outline turns the other way: the signs cancel
    for k in range(len(offsets)):
        for column in range(span[k, 0], span[k, 1] + 1):
            rows[k, column] *= -amplitude


@compiled
def _follow_edge(x0, y0, x1, y1, offsets, limit, rows, span):
    """Add one edge's differences; coordinates in which pixel k covers k … k + 1."""
    if y0 == y1:
        return
    sign = 1.0
    if y0 > y1:
        x0, y0, x1, y1 = x1, y1, x0, y0
        sign = -1.0
    slope = (x1 - x0) / (y1 - y0)
    lowest = max(int(np.floor(y0)), offsets[0])
    highest = min(int(np.floor(y1)), offsets[-1])
    for row in range(lowest, highest + 1):
        top = max(y0, float(row))
        bottom = min(y1, row + 1.0)
        if bottom <= top:
            continue
        k = row - offsets[0]
        xa = min(max(x0 + (top - y0) * slope, -limit - 0.5), limit + 0.5)
        xb = min(max(x0 + (bottom - y0) * slope, -limit - 0.5), limit + 0.5)
        height = sign * (bottom - top)
        if xa > xb:
            xa, xb = xb, xa
        left = int(np.floor(xa))
        right = int(np.floor(xb))
        for pixel in range(left, right + 1):
            share = 1.0
            begin = max(xa, float(pixel))
            end = min(xb, pixel + 1.0)
            if right > left:
                if end <= begin:
                    continue
                share = (end - begin) / (xb - xa)
            fraction = 0.5 * (begin + end) - pixel
            column = min(max(pixel + limit + 1, 0), 2 * limit + 1)
            rows[k, column] += share * height * (1.0 - fraction)
            rows[k, column + 1] += share * height * fraction
            span[k, 0] = min(span[k, 0], column)
            span[k, 1] = max(span[k, 1], column + 1)
