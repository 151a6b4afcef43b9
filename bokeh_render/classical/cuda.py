"""The scatter and its gradients on NVIDIA cards.

Each thread block takes a run of sources and adds their taps (see :mod:`bokeh_render.classical.taps`) to a buffer in
global memory by atomic additions; one block per row then takes the running sums. The adjoint reads instead of adding.

Why whole numbers and atomics: a row-owned kernel as on CPUs needs a scatter into shared memory, which Triton does not
have, and a gather over targets cannot know which taps fall on them without looking at all O(r^2) sources around. Atomic
additions come in any order, so the numbers are 64-bit integers, whose sum has no order: the same bits every time, the
same as from :mod:`bokeh_render.classical.torch_taps`, and lights of 1e5 leave no trace in dark areas. The unit and the
proof that nothing overflows stand in :mod:`bokeh_render.classical.fixed_point`.

Fused multiply-adds are switched off explicitly: Triton's default for them changes with 3.10, and with it the bits.

Memory: 32 bytes per pixel for the sums of as many images as fit ``buffer_bytes``, in bands of rows where one does not.
Triton comes with CUDA builds of torch for Linux; it is imported when first used.
"""

from __future__ import annotations

import importlib.util
from typing import Any

import torch
from torch import Tensor

from .device_tables import DeviceTable, device_table
from .fixed_point import Part, parts, unit_of_rows, unit_of_sums
from .taps import TapTable

BUFFER_BYTES = 2**29
_SUM_BYTES = 32  # four int64
_OLDEST_CAPABILITY = (7, 5)

SOURCES_PER_WARP = {"block": 32, "num_warps": 1, "enable_fp_fusion": False}
"""One warp per block: how far it goes depends on its own sources alone, and no warp waits for another."""
PIXELS_AT_A_TIME = {"block": 256, "num_warps": 4, "enable_fp_fusion": False}


def unusable_because(device: torch.device) -> str | None:
    """Return in a few words why a device cannot use this module, or None where it can."""
    if device.type != "cuda" or torch.version.cuda is None:
        return f"{device.type} is no NVIDIA card"
    if importlib.util.find_spec("triton") is None:
        return "triton is not installed"
    capability = torch.cuda.get_device_capability(device)
    if capability < _OLDEST_CAPABILITY:
        return f"compute capability {capability[0]}.{capability[1]} is older than 7.5"
    return None


def scatter_sums(values: Tensor, defocus: Tensor, table: TapTable, *, buffer_bytes: int = BUFFER_BYTES) -> Tensor:
    """Scatter any four numbers per source; as ``torch_taps.scatter_sums``, and with the same bits."""
    from . import cuda_kernels

    values, defocus = values.contiguous(), defocus.contiguous()
    tensors = device_table(table, values.device)
    unit = unit_of_sums(values, defocus, tensors)
    images, height, width = defocus.shape
    sums = torch.empty_like(values)
    with torch.cuda.device(values.get_device()):  # -1, under the interpreter: no device
        for part in parts(images, height, width * _SUM_BYTES, buffer_bytes):
            own, rows = slice(part.begin, part.end), part.bottom - part.top
            buffer = torch.zeros((part.end - part.begin, rows, width, 4), dtype=torch.int64, device=values.device)
            top, bottom = _around(part, tensors.reach, height)
            cuda_kernels.scatter[_grid(bottom - top, width, part)](
                values[own], defocus[own], unit.per_value[own], *_taps(tensors), buffer,
                height, width, tensors.rows, tensors.reach, top, part.top, part.bottom, **SOURCES_PER_WARP,
            )  # fmt: skip
            cuda_kernels.running_sums[rows, part.end - part.begin](
                buffer, unit.value[own], sums[own], height, width, part.top, **PIXELS_AT_A_TIME
            )
    return sums


def gather_sums(
    cotangent: Tensor, values: Tensor, defocus: Tensor, table: TapTable, *, buffer_bytes: int = BUFFER_BYTES
) -> tuple[Tensor, Tensor]:
    """Return the gradients with respect to values and radius; as ``torch_taps.gather_sums``, equal up to rounding."""
    from . import cuda_kernels

    cotangent, values, defocus = cotangent.contiguous(), values.contiguous(), defocus.contiguous()
    tensors = device_table(table, values.device)
    unit = unit_of_rows(cotangent)
    images, height, width = defocus.shape
    values_gradient, radius_gradient = torch.empty_like(values), torch.empty_like(defocus)
    with torch.cuda.device(values.get_device()):  # -1, under the interpreter: no device
        for part in parts(images, height, width * _SUM_BYTES, buffer_bytes, extra_rows=2 * tensors.reach):
            own, rows = slice(part.begin, part.end), part.bottom - part.top
            top, bottom = _around(part, tensors.reach, height)
            count = part.end - part.begin
            suffix = torch.empty((count, bottom - top, width, 4), dtype=torch.int64, device=values.device)
            cuda_kernels.suffix_sums[bottom - top, count](
                cotangent[own], unit.per_value[own], suffix, height, width, top, **PIXELS_AT_A_TIME
            )
            cuda_kernels.gather[_grid(rows, width, part)](
                suffix, unit.value[own], values[own], defocus[own], *_taps(tensors),
                values_gradient[own], radius_gradient[own],
                height, width, tensors.rows, tensors.reach, part.top, top, bottom, **SOURCES_PER_WARP,
            )  # fmt: skip
    return values_gradient, radius_gradient


def _taps(table: DeviceTable) -> tuple[Tensor, ...]:
    return table.largest, table.first, table.position, table.weight, table.row_of


def _around(part: Part, reach: int, height: int) -> tuple[int, int]:
    """Return the rows within reach of a part's."""
    return max(0, part.top - reach), min(height, part.bottom + reach)


def _grid(rows: int, width: int, part: Part) -> tuple[int, int, int]:
    block: Any = SOURCES_PER_WARP["block"]
    return rows, -(-width // block), part.end - part.begin
