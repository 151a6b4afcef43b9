"""The scatter and its gradients in plain torch: slower than the other back ends, on any device, with the same bits.

For one row offset at a time, the taps (see :mod:`bokeh_render.classical.taps`) of many sources become one matrix.
Sorted by radius, sources that stand together have about as many taps each, so little of it is padding. All sums are of
whole numbers (see :mod:`bokeh_render.classical.fixed_point`): the order in which a device adds them changes nothing,
and a graphics card gives the same bits as a CPU.

Devices without float64, such as Apple's MPS, compute nothing here: the work is done on the CPU and copied back.

Cost: O(N r) time; about 300 bytes per pixel of one image at a time, half of it for the sorted sources.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from .device_tables import DeviceTable, columns_of, columns_per_px_of, device_table
from .fixed_point import parts, unit_of_rows, unit_of_sums
from .taps import TapTable

BUFFER_BYTES = 2**28
_SOURCES_AT_A_TIME_ON_CPU, _SOURCES_AT_A_TIME = 1 << 14, 1 << 18
_SUM_BYTES = 32  # four int64


def scatter_sums(values: Tensor, defocus: Tensor, table: TapTable, *, buffer_bytes: int = BUFFER_BYTES) -> Tensor:
    """Scatter any four numbers per source; return their (N, H, W, 4) sums, nothing divided.

    values: (N, H, W, 4) float32 or float64, a weight and three weighted colours, finite; defocus: (N, H, W), px,
    positive in front of the focal plane, NaN where there is no source (its values are ignored), |defocus| above
    ``table.largest_px`` counts as that. An infinite value makes its whole channel NaN. The order of additions does not
    matter: the same bits come out every time. buffer_bytes: where the sums of an image would need more than this,
    they are taken for bands of rows.
    """
    if not has_float64(values.device):
        return scatter_sums(values.cpu(), defocus.cpu(), table, buffer_bytes=buffer_bytes).to(values.device)
    tensors = device_table(table, values.device)
    unit = unit_of_sums(values, defocus, tensors)
    images, height, width = defocus.shape
    sums = torch.empty_like(values)
    for part in parts(images, height, width * _SUM_BYTES, buffer_bytes):
        for n in range(part.begin, part.end):
            top, bottom = part.top, part.bottom
            begin, end = max(0, top - tensors.reach), min(height, bottom + tensors.reach)
            here = values[n, begin:end].double() * unit.per_value[n]
            sources = _sorted_sources(here, defocus[n, begin:end], begin, tensors)
            buffer = torch.zeros((4, (bottom - top) * (width + 1)), dtype=torch.int64, device=values.device)
            for rows in _rows_of_taps(sources, top, bottom, width, tensors):
                _add(buffer, rows)
            total = buffer.view(4, bottom - top, width + 1)[..., :width].cumsum(2)
            sums[n, top:bottom] = (total.double() * unit.value[n][:, None, None]).permute(1, 2, 0)
    return sums


def gather_sums(
    cotangent: Tensor, values: Tensor, defocus: Tensor, table: TapTable, *, buffer_bytes: int = BUFFER_BYTES
) -> tuple[Tensor, Tensor]:
    """Return the gradients of whatever has the gradient ``cotangent`` with respect to the sums of ``scatter_sums``.

    cotangent: (N, H, W, 4); values, defocus: as there. Returns (N, H, W, 4) with respect to the values and (N, H, W)
    with respect to the radius |defocus|, per px; 0 where there is no source, the latter also where the radius is beyond
    the table's. The same bits come out every time.
    """
    if not has_float64(values.device):
        found = gather_sums(cotangent.cpu(), values.cpu(), defocus.cpu(), table, buffer_bytes=buffer_bytes)
        return found[0].to(values.device), found[1].to(values.device)
    tensors = device_table(table, values.device)
    unit = unit_of_rows(cotangent)
    images, height, width = defocus.shape
    values_gradient, radius_gradient = torch.zeros_like(values), torch.zeros_like(defocus)
    for part in parts(images, height, width * _SUM_BYTES, buffer_bytes, extra_rows=2 * tensors.reach):
        for n in range(part.begin, part.end):
            begin, end = max(0, part.top - tensors.reach), min(height, part.bottom + tensors.reach)
            suffix = _suffix_sums(cotangent[n, begin:end], unit.per_value[n])
            own = slice(part.top, part.bottom)
            sources = _sorted_sources(values[n, own].double() * unit.value[n], defocus[n, own], part.top, tensors)
            gradient = torch.zeros((4, len(sources.x)), dtype=torch.float64, device=values.device)
            slope = torch.zeros(len(sources.x), dtype=torch.float64, device=values.device)
            for rows in _rows_of_taps(sources, begin, end, width, tensors):
                _read(suffix, rows, gradient, slope)
            slope *= columns_per_px_of(sources.radius)
            slope[sources.clamped] = 0
            gradient = gradient.T * unit.value[n]
            values_gradient[n, sources.y, sources.x] = gradient.to(values.dtype)
            radius_gradient[n, sources.y, sources.x] = slope.to(defocus.dtype)
    return values_gradient, radius_gradient


def has_float64(device: torch.device) -> bool:
    """Return whether a device can compute in double precision."""
    if device.type in {"cpu", "cuda"}:
        return True
    try:
        torch.zeros(1, dtype=torch.float64, device=device).add_(1)
    except (TypeError, RuntimeError):
        return False
    return True


class _Sources(NamedTuple):
    """Sources by growing radius: y, x: (S,) where they stand in the image; values: (4, S); radius, px, clamped to the
    table, and whether it was; column and share: the knot below and the way to the next one; turn: where their side's
    rows begin in ``row_of``.
    """

    y: Tensor
    x: Tensor
    values: Tensor
    radius: Tensor
    clamped: Tensor
    column: Tensor
    share: Tensor
    turn: Tensor

    def piece(self, begin: int, end: int) -> _Sources:
        return _Sources(*(tensor[..., begin:end] for tensor in self))


def _sorted_sources(values: Tensor, defocus: Tensor, top: int, table: DeviceTable) -> _Sources:
    """Return the sources of some rows, of which the first is ``top``; values: (rows, W, 4) float64."""
    signed = defocus.reshape(-1).double()
    pixel = torch.nonzero(signed == signed)[:, 0]  # NaN is no source
    pixel = pixel[torch.sort(signed[pixel].abs(), stable=True).indices]
    signed = signed[pixel]
    radius = torch.minimum(signed.abs(), table.largest)
    place = columns_of(radius)
    column = place.long()
    width = defocus.shape[1]
    y = torch.div(pixel, width, rounding_mode="floor")
    return _Sources(
        y=y + top,
        x=pixel - y * width,
        values=values.reshape(-1, 4)[pixel].T.contiguous(),
        radius=radius,
        clamped=signed.abs() > table.largest,
        column=column,
        share=place - column,
        turn=(signed > 0).long() * table.row_of.shape[1],
    )


class _Rows(NamedTuple):
    """The taps of some sources at one row offset, as (sources, taps) matrices, padded on the right.

    begin, end: which sources; weight and change: the taps' weights and their derivative by column, 0 in the padding;
    at: where in a (rows, W + 1) buffer; the last column takes what falls right of the image, the first also what falls
    left of it; closes: the last tap of each row.
    """

    begin: int
    end: int
    values: Tensor
    weight: Tensor
    change: Tensor
    at: Tensor
    closes: Tensor


def _rows_of_taps(sources: _Sources, top: int, bottom: int, width: int, table: DeviceTable) -> Iterator[_Rows]:
    """Yield all taps that fall on the rows top … bottom - 1."""
    on_cpu = sources.x.device.type == "cpu"
    at_a_time = _SOURCES_AT_A_TIME_ON_CPU if on_cpu else _SOURCES_AT_A_TIME
    row_of = table.row_of.reshape(-1)
    for begin in range(0, len(sources.x), at_a_time):
        some = sources.piece(begin, begin + at_a_time)
        extent = (some.radius.long() + 1).clamp(max=table.reach)
        farthest = int(extent[-1])
        for offset in range(-farthest, farthest + 1):
            y = some.y + offset
            cell = some.column * table.rows + row_of[some.turn + (offset + table.reach)]
            first = table.first[cell].long()
            reaches = (extent >= abs(offset)) & (y >= top) & (y < bottom)
            count = torch.where(reaches, table.first[cell + 1].long() - first, 0)[:, None]
            most = int(count.max())
            if most == 0:
                continue
            number = torch.arange(most, device=count.device)
            padding = number >= count
            tap = (first[:, None] + number).masked_fill_(padding, 0)
            weight, change = table.weight[tap].unbind(2)
            at = (some.x[:, None] + table.position[tap]).clamp_(0, width).masked_fill_(padding, width)
            at += ((y.clamp(top, bottom - 1) - top) * (width + 1))[:, None]
            yield _Rows(
                begin=begin,
                end=begin + len(some.x),
                values=some.values,
                weight=(weight + some.share[:, None] * change).masked_fill_(padding, 0.0),
                change=change.masked_fill(padding, 0.0),
                at=at,
                closes=number == count - 1,
            )


def _add(buffer: Tensor, rows: _Rows) -> None:
    """Add taps, rounded to whole numbers whose sum in each row is 0, to a (4, places) buffer."""
    at = rows.at.reshape(-1)
    for channel in range(4):
        part = torch.floor(rows.weight * rows.values[channel][:, None] + 0.5).long()
        part.masked_fill_(rows.closes, 0)
        part = torch.where(rows.closes, -part.sum(1, keepdim=True), part)
        buffer[channel].index_add_(0, at, part.reshape(-1))


def _read(suffix: Tensor, rows: _Rows, gradient: Tensor, slope: Tensor) -> None:
    """Read (4, places) ``suffix`` at the taps; add to (4, S) ``gradient`` and, by their changes, to (S,) ``slope``."""
    for channel in range(4):
        found = suffix[channel][rows.at]
        gradient[channel, rows.begin : rows.end] += (rows.weight * found).sum(1)
        slope[rows.begin : rows.end] += rows.values[channel] * (rows.change * found).sum(1)


def _suffix_sums(cotangent: Tensor, per_value: Tensor) -> Tensor:
    """Return, for every place of (rows, W, 4), the sum there and to the right: (4, rows * (W + 1)), in whole units."""
    rows, width, _ = cotangent.shape
    whole = torch.floor(cotangent.double() * per_value + 0.5).long().permute(2, 0, 1)
    suffix = torch.zeros((4, rows, width + 1), dtype=torch.float64, device=cotangent.device)
    suffix[..., :width] = whole.flip(2).cumsum(2).flip(2)
    return suffix.reshape(4, -1)
