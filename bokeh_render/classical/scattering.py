"""`scatter`: the classical renderer for NumPy and torch, on whatever device the image is.

The back ends, all of one algorithm (:mod:`bokeh_render.classical.taps`):

    cpu        compiled loops, for NumPy arrays and torch tensors on the CPU
    cuda       Triton kernels, for tensors on NVIDIA cards
    torch      plain torch, for tensors on any other device
    reference  the formula as it stands, O(N r^2): slow, exact, for checking
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from ..aperture import Aperture
from ..aperture_shapes import CatEye, Shape
from ..errors import BadInputError
from .cat_eye import scatter_through_barrel
from .checks import check_arrays
from .cpu import Floats, Sums, scatter_rows_of_light
from .dilation import dilate_defocus
from .profiles import DEFAULT_PROFILE, Profile, check_profile
from .result import ScatterResult
from .taps import QUALITIES, Quality, tap_table

if TYPE_CHECKING:
    from torch import Tensor

Backend = Literal["auto", "cpu", "cuda", "torch", "reference"]
BACKENDS: tuple[str, ...] = get_args(Backend)

_FARTHEST, _LARGEST_PX = 4, 1e4


def scatter(
    image: Floats | Tensor,
    defocus: Floats | Tensor,
    *,
    aperture: Shape | None = None,
    profile: Profile = DEFAULT_PROFILE,
    quality: Quality = "high",
    backend: Backend = "auto",
    threads: int = 0,
) -> ScatterResult:
    """Blur an image as a lens does, by scattering each pixel's light over the shape of the opening.

    image: linear light. NumPy (H, W, C) or (N, H, W, C), or torch (N, C, H, W); float32, float64 or float16 (computed
    in float32); defocus: signed blur radius in px, positive in front of the focal plane: NumPy (H, W) or (N, H, W),
    torch (N, 1, H, W), of the image's type and device; aperture: a disc if not given; its radius is the blur radius;
    profile: ``area`` (exact coverage of pixels, every source keeps its light) or ``bokehme`` (BokehMe's soft disc);
    quality: ``high`` (float64 sums), or ``preview`` (float32 sums and rougher edges, for light without strong
    highlights); backend: chosen by the device unless named; threads: of the CPU, 0 = all it may use.

    Torch tensors carry gradients to image and defocus (not through a cat's eye). The result is the same to the bit for
    any number of threads. A pixel that nothing reaches keeps its own light; light is spread beyond the image's border
    and lost there. Radii beyond 10,000 px and four times the image's longer side count as that.

    Raises BadInputError for shapes, types or devices that do not fit, NaN or infinity, an unknown option, a back end
    that is not there, or a radius whose table does not fit memory. Source: BokehMe (CVPR 2022), section 3.
    """
    shape = Aperture() if aperture is None else aperture
    check_profile(profile, shape)
    if quality not in QUALITIES:
        raise BadInputError(f"unknown quality {quality!r}; expected one of {', '.join(QUALITIES)}")
    if backend not in BACKENDS:
        raise BadInputError(f"unknown back end {backend!r}; expected one of {', '.join(BACKENDS)}")
    if threads < 0:
        raise BadInputError(f"{threads} threads were asked for; expected 0 (all) or more")
    if _is_tensor(image) or _is_tensor(defocus):
        from .tensors import scatter_tensors

        return scatter_tensors(
            image, defocus, shape=shape, profile=profile, quality=quality, backend=backend, threads=threads
        )
    image, defocus = np.asarray(image), np.asarray(defocus)
    check_arrays(image, defocus)
    if backend in ("auto", "cpu"):
        return _scatter_arrays(image, defocus, shape, profile, quality, threads)
    if backend == "cuda":
        raise BadInputError(
            "the back end cuda takes torch tensors on a CUDA device; found NumPy arrays: move them there, or use auto"
        )
    return _through_torch(image, defocus, shape, profile, quality, backend, threads)


def largest_radius(height: int, width: int) -> float:
    """Return the radius, px, as which all larger ones count, so that their weights never vanish."""
    return max(_LARGEST_PX, float(_FARTHEST * max(height, width)))


def drawn_radius(largest_px: float, height: int, width: int) -> float:
    """Return up to which radius, px, sources are drawn: beyond, they cover the whole image, only ever thinner."""
    return min(largest_px, float(_FARTHEST * max(height, width)))


def _is_tensor(value: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _scatter_arrays(
    image: Floats, defocus: Floats, shape: Shape, profile: str, quality: str, threads: int
) -> ScatterResult:
    kind = image.dtype
    light, blur = image, defocus
    if kind == np.float16:
        light, blur = image.astype(np.float32), defocus.astype(np.float32)
    batched = light.ndim == 4
    lights, blurs = (light, blur) if batched else (light[None], blur[None])
    bokeh = np.empty(lights.shape, dtype=kind)
    weight = np.empty(blurs.shape, dtype=kind)
    for i in range(len(lights)):
        bokeh[i], weight[i] = scatter_image(lights[i], blurs[i], shape, profile, quality, threads)

    def dilate() -> Floats:
        dilated = np.stack([dilate_defocus(one, threads=threads) for one in blurs]).astype(kind)
        return dilated if batched else np.asarray(dilated[0])

    return ScatterResult(bokeh if batched else bokeh[0], weight if batched else weight[0], dilate)


def scatter_image(
    light: Floats, defocus: Floats, shape: Shape, profile: str, quality: str, threads: int
) -> tuple[Floats, Floats]:
    """Scatter one checked image (H, W, C), float32 or float64, on the CPU; return bokeh and weight (H, W)."""
    largest = float(np.abs(defocus).max())
    if largest > (most := largest_radius(*defocus.shape)):
        defocus = np.clip(defocus, -most, most)
    radius = drawn_radius(largest, *defocus.shape)
    table = None
    if not isinstance(shape, CatEye):
        table = tap_table(shape, profile, quality, radius, max(defocus.shape))
    channels = light.shape[2]
    bokeh = np.empty_like(light, order="C")
    weight = np.empty(0)
    for first in range(0, channels, 3):
        group = light[..., first : first + 3]
        if group.shape[2] < 3:
            group = np.concatenate([group, np.zeros((*group.shape[:2], 3 - group.shape[2]), light.dtype)], axis=2)
        sums: Sums
        if table is None:
            assert isinstance(shape, CatEye)
            sums = scatter_through_barrel(group, np.clip(defocus, -radius, radius), shape, threads=threads)
        else:
            sums = scatter_rows_of_light(group, defocus, table, threads=threads)
        if channels == 3:
            bokeh = sums.colours
        else:
            bokeh[..., first : first + 3] = sums.colours[..., : channels - first]
        weight = sums.weight
    if light.min() >= 0:  # running sums may leave a rounding error below zero beside strong lights
        np.maximum(bokeh, 0, out=bokeh)
    return bokeh, weight


def _through_torch(
    image: Floats, defocus: Floats, shape: Shape, profile: str, quality: str, backend: str, threads: int
) -> ScatterResult:
    import torch

    from .tensors import scatter_tensors

    batched = image.ndim == 4
    light = torch.from_numpy(np.moveaxis(image if batched else image[None], -1, 1).copy())
    blur = torch.from_numpy((defocus if batched else defocus[None])[:, None].copy())
    found = scatter_tensors(
        light, blur, shape=shape, profile=profile, quality=quality, backend=backend, threads=threads
    )

    def as_array(tensor: Tensor, *, colours: bool = False) -> Floats:
        array = np.ascontiguousarray(np.moveaxis(tensor.numpy(), 1, -1) if colours else tensor.numpy()[:, 0])
        return array if batched else array[0]

    return ScatterResult(
        as_array(found.bokeh, colours=True), as_array(found.weight), lambda: as_array(found.dilated_defocus)
    )
