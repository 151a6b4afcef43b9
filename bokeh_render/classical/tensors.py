"""The scatter for torch tensors: which back end a device gets, and the gradients."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from ..aperture_shapes import CatEye, Shape
from ..errors import BadInputError
from .adjoint import gather
from .checks import check_tensors
from .cpu import accumulate
from .cuda import unusable_because
from .dilation import dilate_defocus
from .kernels import LEAST_WEIGHT
from .profiles import AREA_OFFSET
from .reference import scatter_reference
from .result import ScatterResult
from .scattering import drawn_radius, largest_radius, scatter_image
from .taps import TapTable, tap_table


def backend_of(device: torch.device) -> str:
    """Return the name of the back end that tensors on a device get."""
    if device.type == "cpu":
        return "cpu"
    return "cuda" if unusable_because(device) is None else "torch"


def scatter_tensors(
    light: Any, defocus: Any, *, shape: Shape, profile: str, quality: str, backend: str, threads: int
) -> ScatterResult:
    """Scatter (N, C, H, W) light by (N, 1, H, W) defocus; see :func:`bokeh_render.scatter`."""
    if not isinstance(light, Tensor) or not isinstance(defocus, Tensor):
        raise BadInputError(
            f"image is a {type(light).__name__} and defocus a {type(defocus).__name__}; "
            "expected both NumPy arrays or both torch tensors"
        )
    check_tensors(light, defocus)
    kind = light.dtype
    if kind == torch.float16:
        light, defocus = light.float(), defocus.float()
    chosen = backend_of(light.device) if backend == "auto" else backend
    if chosen in ("cpu", "cuda") and light.device.type != chosen:
        raise BadInputError(f"the back end {chosen} was asked for but the image is on {light.device}; move it there")
    if chosen == "cuda" and (reason := unusable_because(light.device)) is not None:
        raise BadInputError(f"the back end cuda cannot be used: {reason}; expected auto or torch on this device")
    if chosen == "reference":
        found = scatter_reference(light, defocus, aperture=shape, profile=profile)
        return ScatterResult(found.bokeh.to(kind), found.weight.to(kind), found.dilate)
    needs_gradient = torch.is_grad_enabled() and (light.requires_grad or defocus.requires_grad)
    if isinstance(shape, CatEye) and needs_gradient:
        raise BadInputError("a cat's eye has no gradient; expected another aperture, or tensors without requires_grad")
    if isinstance(shape, CatEye) or (chosen == "cpu" and not needs_gradient):
        bokeh, weight = _without_gradient(light, defocus, shape, profile, quality, threads)
    else:
        settings = _Settings(chosen, shape, profile, quality, threads)
        bokeh, weight = _with_gradient(light, defocus, settings)
    return ScatterResult(bokeh.to(kind), weight.to(kind), lambda: _dilate(defocus.detach(), threads).to(kind))


def _without_gradient(
    light: Tensor, defocus: Tensor, shape: Shape, profile: str, quality: str, threads: int
) -> tuple[Tensor, Tensor]:
    """Scatter on the CPU, image by image; what lies on another device is brought over and back."""
    images = light.detach().cpu().permute(0, 2, 3, 1).numpy()
    blurs = defocus.detach()[:, 0].cpu().numpy()
    bokeh = np.empty(light.shape, dtype=images.dtype)
    weight = np.empty(defocus.shape, dtype=images.dtype)
    for i in range(len(images)):
        colours, weight[i, 0] = scatter_image(images[i], blurs[i], shape, profile, quality, threads)
        bokeh[i] = np.moveaxis(colours, -1, 0)
    return torch.from_numpy(bokeh).to(light.device), torch.from_numpy(weight).to(light.device)


class _Settings(NamedTuple):
    backend: str
    shape: Shape
    profile: str
    quality: str
    threads: int


def _with_gradient(light: Tensor, defocus: Tensor, settings: _Settings) -> tuple[Tensor, Tensor]:
    """Scatter by the differentiable sums; weighting the light and dividing by the weight are plain torch."""
    height, width = light.shape[-2:]
    most = largest_radius(height, width)
    defocus = defocus.clamp(-most, most)
    radius = drawn_radius(float(defocus.detach().abs().max()), height, width)
    table = tap_table(settings.shape, settings.profile, settings.quality, radius, max(height, width))
    amplitude = torch.ones_like(defocus)
    if table.bokehme_area:
        amplitude = 1.0 / (table.bokehme_area * defocus * defocus + AREA_OFFSET)
    elif float(defocus.detach().abs().max()) > table.largest_px:
        amplitude = (table.largest_px / defocus.abs().clamp(min=table.largest_px)) ** 2
    groups = []
    weight = amplitude
    for first in range(0, light.shape[1], 3):
        group = light[:, first : first + 3]
        empty = light.new_zeros((len(light), 3 - group.shape[1], *light.shape[-2:]))
        values = amplitude * torch.cat([torch.ones_like(defocus), group, empty], dim=1)
        sums = cast(
            "Tensor",
            _ScatterSums.apply(  # type: ignore[no-untyped-call]
                values.permute(0, 2, 3, 1).contiguous(), defocus[:, 0].contiguous(), table, settings
            ),
        )
        weight = sums[..., 0].unsqueeze(1)
        arrives = weight > LEAST_WEIGHT
        colours = sums[..., 1 : 1 + group.shape[1]].permute(0, 3, 1, 2)
        groups.append(torch.where(arrives, colours / torch.where(arrives, weight, 1.0), group))
    bokeh = torch.cat(groups, dim=1)
    if float(light.detach().min()) >= 0:
        bokeh = bokeh.clamp(min=0.0)
    return bokeh.contiguous(), weight.contiguous()


class _ScatterSums(torch.autograd.Function):
    """Sums of weighted light; its adjoint gathers. First derivatives only."""

    @staticmethod
    def forward(ctx: Any, values: Tensor, defocus: Tensor, table: TapTable, settings: _Settings) -> Tensor:
        ctx.save_for_backward(values, defocus)
        ctx.table, ctx.settings = table, settings
        if settings.backend == "cuda":
            from .cuda import scatter_sums

            return scatter_sums(values, defocus, table)
        if settings.backend == "torch":
            from .torch_taps import scatter_sums as scatter_sums_anywhere

            return scatter_sums_anywhere(values, defocus, table)
        sums = torch.empty_like(values)
        for i in range(len(values)):
            found = accumulate(values[i].numpy(), defocus[i].numpy(), table, threads=settings.threads)
            sums[i, ..., 0] = torch.from_numpy(found.weight)
            sums[i, ..., 1:] = torch.from_numpy(found.colours)
        return sums

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, cotangent: Tensor) -> tuple[Tensor, Tensor, None, None]:
        values, defocus = ctx.saved_tensors
        table, settings = ctx.table, ctx.settings
        cotangent = cotangent.contiguous()
        if settings.backend == "cuda":
            from .cuda import gather_sums

            values_gradient, radius_gradient = gather_sums(cotangent, values, defocus, table)
        elif settings.backend == "torch":
            from .torch_taps import gather_sums as gather_sums_anywhere

            values_gradient, radius_gradient = gather_sums_anywhere(cotangent, values, defocus, table)
        else:
            values_gradient, radius_gradient = torch.empty_like(values), torch.empty_like(defocus)
            for i in range(len(values)):
                found = gather(
                    cotangent[i].numpy(), values[i].numpy(), defocus[i].numpy(), table, threads=settings.threads
                )
                values_gradient[i] = torch.from_numpy(found.values)
                radius_gradient[i] = torch.from_numpy(found.radius)
        return values_gradient, torch.sign(defocus) * radius_gradient, None, None


def _dilate(defocus: Tensor, threads: int) -> Tensor:
    """Return the dilated defocus (N, 1, H, W); on other devices than the CPU by way of the CPU."""
    maps = defocus[:, 0].cpu().numpy()
    dilated = np.stack([dilate_defocus(one, threads=threads) for one in maps])
    return torch.from_numpy(dilated)[:, None].to(defocus.device)
