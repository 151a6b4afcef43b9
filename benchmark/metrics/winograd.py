"""Convolutions of stride 1 with a quarter to a sixth of the multiplications, for CPUs.

The image is cut into overlapping tiles; both tile and kernel are evaluated as polynomials at n = m + r - 1 points,
multiplied there, and the m × m outputs of the tile are interpolated (r: the kernel's size). The products over channels
are matrix products, which torch does. Source: Lavin and Gray, Fast Algorithms for Convolutional Neural Networks, CVPR
2016; Toom and Cook's construction. The slow twin is ``torch.nn.functional.conv2d``; on AlexNet's layers the two differ
by at most 1e-5 of the largest output.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .kernels import points_to_tiles, tiles_to_points

TILE = 4
"""Outputs of a tile each way. 2 is more exact and slower, 6 less exact and no faster."""

_POINTS = {3: (0.0, 0.625, -0.625, 1.5, -1.5), 5: (0.0, 0.5, -0.5, 1.0, -1.0, 2.0, -2.0)}
"""By the kernel's size, and always infinity. Those that lost least in float32 among pairs of small fractions."""

_TILES_AT_ONCE = 256


class WinogradConvolution:
    """One convolution: weight (O, C, r, r) and bias (O,) float32, zero padding on all sides, stride 1, then ReLU."""

    def __init__(self, weight: Tensor, bias: Tensor, padding: int) -> None:
        outputs, inputs, kernel, _ = weight.shape
        from_points, from_kernel, to_points = _transforms(kernel)
        spread = torch.from_numpy(from_kernel @ weight.double().numpy() @ from_kernel.T).float()  # (O, C, n, n)
        self._weights = spread.permute(2, 3, 1, 0).contiguous().view(-1, inputs, outputs)
        self._bias = np.ascontiguousarray(bias.numpy(), dtype=np.float32)
        self._kernel = kernel
        self._padding = padding
        self._to_points = _as_constants(to_points)
        self._from_points = _as_constants(from_points)

    def __call__(self, images: Tensor) -> Tensor:
        """Return the convolution's output after ReLU, (N, H', W', O). images: (N, H, W, C), float32."""
        count, height, width, inputs = images.shape
        overlap, pad = self._kernel - 1, self._padding
        out_height, out_width = height + 2 * pad - overlap, width + 2 * pad - overlap
        down, across = -(-out_height // TILE), -(-out_width // TILE)
        padded = images.new_zeros(count, down * TILE + overlap, across * TILE + overlap, inputs)
        padded[:, pad : pad + height, pad : pad + width] = images
        points, _, outputs = self._weights.shape
        out = images.new_empty(count, out_height, out_width, outputs)
        input_scratch, output_scratch = (np.empty((TILE + overlap, size), np.float32) for size in (inputs, outputs))
        total = count * down * across
        for first in range(0, total, _TILES_AT_ONCE):
            values = images.new_empty(points, min(_TILES_AT_ONCE, total - first), inputs)
            place = (down, across, first)
            tiles_to_points(padded.numpy(), self._to_points, TILE, *place, input_scratch, values.numpy())
            products = torch.bmm(values, self._weights)
            points_to_tiles(products.numpy(), self._from_points, self._bias, *place, output_scratch, out.numpy())
        return out


def _as_constants(matrix: NDArray[np.float64]) -> tuple[tuple[np.float32, ...], ...]:
    """Return a matrix in the form whose size the compiler knows."""
    return tuple(tuple(np.float32(value) for value in row) for row in matrix)


def _transforms(kernel: int) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the matrices of one axis: points → outputs (m, n), kernel → points (n, r), inputs → points (n, n)."""
    count = TILE + kernel - 1
    points = np.array(_POINTS[kernel])
    from_outputs, from_kernel, from_inputs = np.zeros((TILE, count)), np.zeros((count, kernel)), np.zeros((count,) * 2)
    for j, point in enumerate(points):
        others = np.delete(points, j)
        from_outputs[:, j] = point ** np.arange(TILE)
        from_kernel[j] = point ** np.arange(kernel) / np.prod(point - others)
        from_inputs[j, :-1] = np.poly(others)[::-1]
    from_outputs[-1, -1] = from_kernel[-1, -1] = 1.0  # the point at infinity: the highest coefficient
    from_inputs[-1] = np.poly(points)[::-1]
    return from_outputs, from_kernel, from_inputs
