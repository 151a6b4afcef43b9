"""The classical scatter renderer, as plain as its formula: the oracle that every faster kernel is tested against.

Every pixel p spreads its light over a soft disc of radius ``r = |defocus(p)|``. A target q at distance l gets

    w(l; r) = [0.5 + 0.5 tanh(4 (r - l))] / (r^2 + 0.2)      inside the window |dx|, |dy| <= floor(r) + 1

and the image is ``B(q) = sum_p w J(p) / sum_p w`` with J in linear light. There is no ordering by depth and no
occlusion, which is the known cause of its colour bleeding at depth edges. Only targets inside the image are hit.
Source: BokehMe (CVPR 2022), section 3, and its published classical renderer.

Cost: O(N r^2) by design. Everything is plain torch, so it runs on CPU and CUDA and can be differentiated with respect
to light and defocus (the window and the dilated defocus are piecewise constant and have no gradient).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from ..errors import BadInputError
from ..optics import DISPLAY_GAMMA

_SOFTNESS = 4.0
_AREA_OFFSET = 0.2


class ScatterResult(NamedTuple):
    """What scattering gives.

    bokeh: (N, C, H, W) linear light; weight: (N, 1, H, W), the sum of weights each target received (positive, about
    3 where nothing is lost at the border); dilated_defocus: (N, 1, H, W), the largest signed defocus, truncated to
    an integer, among the sources whose disc reaches the pixel.
    """

    bokeh: Tensor
    weight: Tensor
    dilated_defocus: Tensor


def scatter_reference(light: Tensor, defocus: Tensor) -> ScatterResult:
    """Scatter linear light by signed defocus, exactly as the formula says.

    light: (N, C, H, W) floating point, linear, any non-negative values; defocus: (N, 1, H, W), px, positive in front
    of the focal plane, on the same device and of the same dtype.
    Raises BadInputError for shapes that do not fit, NaN or infinity.
    """
    _check(light, defocus)
    radius = defocus.abs()
    window = radius.detach().floor() + 1
    amplitude = 1.0 / (radius * radius + _AREA_OFFSET)
    truncated = defocus.detach().trunc()

    total = torch.zeros_like(light)
    weight = torch.zeros_like(defocus)
    dilated = truncated.clone()
    reach = min(int(window.max()), max(light.shape[-2:]) - 1)  # nothing is farther apart than the image is large
    for near, far in _octant(reach):
        distance = math.hypot(near, far)
        inside = window >= far
        w = torch.where(inside, amplitude * (0.5 + 0.5 * torch.tanh(_SOFTNESS * (radius - distance))), 0.0)
        contribution = w * light
        reaching = torch.where(radius.detach() >= distance, truncated, -torch.inf)
        for dy, dx in _symmetric_offsets(near, far):
            source, target = _overlap(light.shape[-2:], dy, dx)
            if source is None or target is None:
                continue
            total[target] += contribution[source]
            weight[target] += w[source]
            dilated[target] = torch.maximum(dilated[target], reaching[source])
    return ScatterResult(total / weight, weight, dilated)


def render_classical(display: Tensor, defocus: Tensor, *, gamma: float = DISPLAY_GAMMA) -> ScatterResult:
    """Render bokeh from display values: to light by ``value ** gamma``, scatter, and back.

    display: (N, C, H, W), display values, 0 or more, not clipped; defocus: (N, 1, H, W), px; gamma: above 0.
    Returns the result with ``bokeh`` in display values. Raises BadInputError as :func:`scatter_reference` does.
    """
    if not (math.isfinite(gamma) and gamma > 0):
        raise BadInputError(f"gamma is {gamma}; expected a positive number such as 2.2")
    result = scatter_reference(display.clamp(min=0.0) ** gamma, defocus)
    return result._replace(bokeh=result.bokeh ** (1.0 / gamma))


def _check(light: Tensor, defocus: Tensor) -> None:
    if light.ndim != 4 or light.numel() == 0:
        raise BadInputError(f"light has shape {tuple(light.shape)}; expected (N, C, H, W), none of them 0")
    expected = (light.shape[0], 1, *light.shape[-2:])
    if tuple(defocus.shape) != expected:
        raise BadInputError(f"defocus has shape {tuple(defocus.shape)}; expected {expected} to match the light")
    if not light.is_floating_point() or light.dtype != defocus.dtype:
        raise BadInputError(f"light is {light.dtype} and defocus {defocus.dtype}; expected one floating-point type")
    for name, tensor in (("light", light), ("defocus", defocus)):
        if not torch.isfinite(tensor).all():
            raise BadInputError(f"{name} holds NaN or infinite values; expected finite numbers")


def _octant(reach: int) -> Iterator[tuple[int, int]]:
    """Yield (near, far) with 0 <= near <= far <= reach: one of each group of offsets that share their weights."""
    for far in range(reach + 1):
        for near in range(far + 1):
            yield near, far


def _symmetric_offsets(near: int, far: int) -> list[tuple[int, int]]:
    """Return the up to eight offsets (dy, dx) that differ from (near, far) by sign and order only."""
    return sorted({(sy * y, sx * x) for y, x in ((near, far), (far, near)) for sy in (1, -1) for sx in (1, -1)})


Slices = tuple[slice, slice, slice, slice]


def _overlap(size: torch.Size, dy: int, dx: int) -> tuple[Slices, Slices] | tuple[None, None]:
    """Return the slices of sources and of targets = sources + (dy, dx) that both lie inside the image."""
    height, width = size
    if abs(dy) >= height or abs(dx) >= width:
        return None, None
    everything = slice(None)
    source = (slice(max(0, -dy), height - max(0, dy)), slice(max(0, -dx), width - max(0, dx)))
    target = (slice(max(0, dy), height - max(0, -dy)), slice(max(0, dx), width - max(0, -dx)))
    return (everything, everything, *source), (everything, everything, *target)
