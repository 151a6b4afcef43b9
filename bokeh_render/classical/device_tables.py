"""The table of taps as tensors on a device, and where a radius stands in it."""

from __future__ import annotations

import threading
import weakref
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .kernels import radius_of
from .taps import TapTable


@dataclass(frozen=True, eq=False)
class DeviceTable:
    """A :class:`TapTable` on a device; shapes and meaning as there, where not said otherwise.

    weight: (taps, 2) float64, each row's sum exactly 0; largest: (1,) float64, the table's largest radius, px (a number
    given to a Triton kernel would arrive as float32); peak: largest weight of all; peak_per_px2: largest product of a
    weight and its ``radius^2 + 1``.
    """

    first: Tensor
    position: Tensor
    weight: Tensor
    row_of: Tensor
    rows: int
    reach: int
    largest: Tensor
    peak: float
    peak_per_px2: float


def device_table(table: TapTable, device: torch.device) -> DeviceTable:
    """Return a table on a device; it stays there for as long as the table itself is in use."""
    with _lock:
        of_device = _kept.setdefault(table, {})
        if device not in of_device:
            of_device[device] = _copy(table, device)
        return of_device[device]


_lock = threading.Lock()
_kept: weakref.WeakKeyDictionary[TapTable, dict[torch.device, DeviceTable]] = weakref.WeakKeyDictionary()


def _copy(table: TapTable, device: torch.device) -> DeviceTable:
    weight = closed_weights(table)
    peak, peak_per_px2 = _peaks(table, weight)
    return DeviceTable(
        first=torch.from_numpy(table.first).to(device),
        position=torch.from_numpy(table.position).to(device),
        weight=torch.from_numpy(weight).to(device),
        row_of=torch.from_numpy(table.row_of).to(device),
        rows=table.rows,
        reach=table.reach,
        largest=torch.tensor([table.largest_px], dtype=torch.float64, device=device),
        peak=peak,
        peak_per_px2=peak_per_px2,
    )


def closed_weights(table: TapTable) -> NDArray[np.float64]:
    """Return (taps, 2) weights whose sum is exactly 0 in every row, which those of quality ``preview`` are not."""
    weight = table.weight.astype(np.float64)  # a copy: the table is shared
    begin, end = table.first[:-1], table.first[1:]
    full = end > begin
    weight[end[full] - 1] -= np.add.reduceat(weight, begin[full], axis=0)
    return weight


def _peaks(table: TapTable, weight: NDArray[np.float64]) -> tuple[float, float]:
    """Return the largest weight of all, and the largest of (weight times its radius^2 + 1)."""
    running = np.cumsum(weight, axis=0)  # rows sum to 0, so this starts anew in each
    size = np.maximum(np.abs(running[:, 0]), np.abs(running[:, 0] + running[:, 1]))
    taps_until = table.first[:: table.rows]  # one more than there are columns
    columns = np.repeat(np.arange(len(taps_until) - 1), np.diff(taps_until))
    upper = np.array([radius_of(column + 1) for column in range(len(taps_until) - 1)])
    return float(size.max()), float((size * (upper[columns] ** 2 + 1)).max())


def columns_of(radius: Tensor) -> Tensor:
    """Return where radii stand among the knots, as :func:`bokeh_render.classical.kernels.column_of` does."""
    place = torch.where(radius < 512, 1024 + 8 * radius, 4864 + 0.5 * radius)
    place = torch.where(radius < 32, 768 + 16 * radius, place)
    place = torch.where(radius < 8, 384 + 64 * radius, place)
    return torch.where(radius < 2, 256 * radius, place)


def columns_per_px_of(radius: Tensor) -> Tensor:
    """Return the derivative of :func:`columns_of`."""
    steps = torch.tensor([256.0, 64.0, 16.0, 8.0, 0.5], dtype=radius.dtype, device=radius.device)
    limits = torch.tensor([2.0, 8.0, 32.0, 512.0], dtype=radius.dtype, device=radius.device)
    return steps[torch.bucketize(radius, limits, right=True)]
