"""The renderers by name, behind one function: what the command and the benchmark call."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .aperture import Aperture
from .aperture_shapes import Shape
from .classical.profiles import DEFAULT_PROFILE
from .errors import BadInputError
from .optics import DISPLAY_GAMMA, Float32, display_from_light, light_from_display

if TYPE_CHECKING:
    from .classical.profiles import Profile
    from .classical.scattering import Backend
    from .classical.taps import Quality
    from .neural.hybrid import HybridRenderer

RENDERERS = ("classical", "layered", "hybrid")
_DISC = Aperture()


class _Choices(NamedTuple):
    """What a renderer may be told."""

    aperture: Shape
    profile: Profile
    quality: Quality
    backend: Backend
    threads: int


def render_display(
    display: Float32,
    defocus: Float32,
    *,
    renderer: str = "classical",
    aperture: Shape = _DISC,
    profile: Profile = DEFAULT_PROFILE,
    gamma: float = DISPLAY_GAMMA,
    threads: int = 0,
    quality: Quality = "high",
    backend: Backend = "auto",
) -> Float32:
    """Render bokeh from display values, NumPy in and out: to light by ``value ** gamma``, blurred, and back.

    display: (H, W, 3) display values, 0 or more, not clipped; defocus: (H, W), px, positive in front of the focal
    plane; renderer: one of RENDERERS; threads: CPU threads, 0 = all; aperture, profile, quality, backend: as
    :func:`bokeh_render.scatter` says, where "auto" is the CPU and "cuda" takes the arrays to the graphics card and
    back; of the hybrid, the networks. Returns (H, W, 3) float32 display values, not clipped.
    Raises BadInputError for sizes that do not fit, NaN, infinity, and choices that do not exist.
    """
    check_choices(renderer, gamma)
    if display.ndim != 3 or defocus.shape != display.shape[:2] or display.size == 0:
        raise BadInputError(f"image is {display.shape} and disparity {defocus.shape}; expected equal height and width")
    with np.errstate(over="ignore"):  # what is too large becomes infinite and is refused
        blur = defocus.astype(np.float32)
    for name, values in (("image", display), ("defocus", blur)):
        if not np.isfinite(values).all():
            raise BadInputError(f"{name} holds NaN or infinite values; expected finite numbers")
    choices = _Choices(aperture, profile, quality, backend, threads)
    if renderer == "hybrid":  # its networks see display values
        return _hybrid(display, blur, gamma, choices)
    light = light_from_display(display, gamma)
    return display_from_light(_RENDER[renderer](light, blur, choices), gamma)


def check_choices(renderer: str, gamma: float) -> None:
    """Refuse a renderer or gamma that cannot be used; raises BadInputError."""
    if renderer not in RENDERERS:
        raise BadInputError(f"unknown renderer {renderer!r}; expected one of {', '.join(RENDERERS)}")
    if not (math.isfinite(gamma) and gamma > 0):
        raise BadInputError(f"--gamma is {gamma}; expected a positive number such as 2.2")


def _classical(light: Float32, defocus: Float32, choices: _Choices) -> Float32:
    from .classical import scatter

    options = choices._asdict()
    if choices.backend != "cuda":
        bokeh: Float32 = scatter(light, defocus, **options).bokeh
        return bokeh
    import torch

    if not torch.cuda.is_available():
        raise BadInputError("the back end cuda needs an NVIDIA card that torch sees; use --backend auto for the CPU")
    with torch.no_grad():
        colours = torch.from_numpy(light).permute(2, 0, 1)[None].contiguous().cuda()
        blur = torch.from_numpy(defocus)[None, None].contiguous().cuda()
        found: Float32 = scatter(colours, blur, **options).bokeh[0].permute(1, 2, 0).contiguous().cpu().numpy()
    return found


def _layered(light: Float32, defocus: Float32, choices: _Choices) -> Float32:
    from .layered import render_layered

    _check_known("layered", choices, ("auto", "cpu"))
    return render_layered(
        light, defocus, aperture=choices.aperture, quality=choices.quality, threads=choices.threads
    ).bokeh


_RENDER: dict[str, Callable[[Float32, Float32, _Choices], Float32]] = {"classical": _classical, "layered": _layered}


def _hybrid(display: Float32, defocus: Float32, gamma: float, choices: _Choices) -> Float32:
    _check_known("hybrid", choices, ("auto", "cpu", "cuda"))
    if choices.quality != "high":
        raise BadInputError(f"the hybrid renderer has no quality {choices.quality!r}; expected high")
    renderer = _hybrid_renderer("cuda" if choices.backend == "cuda" else "cpu")
    return renderer.render(display, defocus, gamma=gamma, aperture=choices.aperture, threads=choices.threads).bokeh


@lru_cache(maxsize=2)
def _hybrid_renderer(device: str) -> HybridRenderer:
    """Return the improved hybrid with the weights that come along; its file is read once in a process."""
    from .neural.hybrid import HybridRenderer

    return HybridRenderer.from_pretrained(device=device)


def _check_known(renderer: str, choices: _Choices, backends: tuple[str, ...]) -> None:
    """Refuse back ends and profiles that a renderer does not have; raises BadInputError."""
    if choices.backend not in backends:
        expected = f"{', '.join(backends[:-1])} or {backends[-1]}"
        raise BadInputError(f"the {renderer} renderer has no back end {choices.backend!r}; expected {expected}")
    if choices.profile != "area":
        raise BadInputError(f"the {renderer} renderer has no profile {choices.profile!r}; expected area")
