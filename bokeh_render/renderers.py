"""The renderers by name, behind one function: what the command and the benchmark call."""

from __future__ import annotations

import math
from collections.abc import Callable
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
    back. Returns (H, W, 3) float32 display values, not clipped.
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
    light = light_from_display(display, gamma)
    bokeh = _RENDER[renderer](light, blur, _Choices(aperture, profile, quality, backend, threads))
    return display_from_light(bokeh, gamma)


def check_choices(renderer: str, gamma: float) -> None:
    """Refuse a renderer or gamma that cannot be used; raises BadInputError."""
    if renderer not in RENDERERS:
        raise BadInputError(f"unknown renderer {renderer!r}; expected one of {', '.join(RENDERERS)}")
    if renderer not in _RENDER:
        raise BadInputError(
            f"the renderer {renderer!r} does not exist yet; expected one of {', '.join(_RENDER)} in this version"
        )
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

    if choices.backend not in ("auto", "cpu"):
        raise BadInputError(f"the layered renderer has no back end {choices.backend!r}; expected auto or cpu")
    if choices.profile != "area":
        raise BadInputError(f"the layered renderer has no profile {choices.profile!r}; expected area")
    return render_layered(
        light, defocus, aperture=choices.aperture, quality=choices.quality, threads=choices.threads
    ).bokeh


_RENDER: dict[str, Callable[[Float32, Float32, _Choices], Float32]] = {"classical": _classical, "layered": _layered}
