"""The renderers by name, behind one function: what the command and the benchmark call."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from .aperture import Aperture
from .aperture_shapes import Shape
from .errors import BadInputError
from .optics import DISPLAY_GAMMA, Float32, display_from_light, light_from_display

RENDERERS = ("classical", "layered", "hybrid")
QUALITIES = ("high", "preview")
_DISC = Aperture()


class _Choices(NamedTuple):
    """What a renderer may be told."""

    aperture: Shape
    quality: str
    threads: int
    backend: str


def render_display(
    display: Float32,
    defocus: Float32,
    *,
    renderer: str = "classical",
    aperture: Shape = _DISC,
    gamma: float = DISPLAY_GAMMA,
    threads: int = 0,
    quality: str = "high",
    backend: str = "auto",
) -> Float32:
    """Render bokeh from display values, NumPy in and out: to light by ``value ** gamma``, blurred, and back.

    display: (H, W, 3) display values, 0 or more, not clipped; defocus: (H, W), px, positive in front of the focal
    plane; renderer: one of RENDERERS; threads: CPU threads, 0 = all; quality: "high" or "preview"; backend: "auto"
    or what :func:`bokeh_render.scatter` knows. Returns (H, W, 3) float32 display values, not clipped.
    Raises BadInputError for sizes that do not fit, NaN, infinity, and choices that do not exist.
    """
    check_choices(renderer, gamma, quality)
    if display.ndim != 3 or defocus.shape != display.shape[:2] or display.size == 0:
        raise BadInputError(f"image is {display.shape} and disparity {defocus.shape}; expected equal height and width")
    with np.errstate(over="ignore"):  # what is too large becomes infinite and is refused
        blur = defocus.astype(np.float32)
    for name, values in (("image", display), ("defocus", blur)):
        if not np.isfinite(values).all():
            raise BadInputError(f"{name} holds NaN or infinite values; expected finite numbers")
    light = light_from_display(display, gamma)
    bokeh = _RENDER[renderer](light, blur, _Choices(aperture, quality, threads, backend))
    return display_from_light(bokeh, gamma)


def check_choices(renderer: str, gamma: float, quality: str) -> None:
    """Refuse a renderer, gamma or quality that cannot be used; raises BadInputError."""
    if renderer not in RENDERERS:
        raise BadInputError(f"unknown renderer {renderer!r}; expected one of {', '.join(RENDERERS)}")
    if renderer not in _RENDER:
        raise BadInputError(
            f"the renderer {renderer!r} does not exist yet; expected one of {', '.join(_RENDER)} in this version"
        )
    if not (math.isfinite(gamma) and gamma > 0):
        raise BadInputError(f"--gamma is {gamma}; expected a positive number such as 2.2")
    if quality not in QUALITIES:
        raise BadInputError(f"unknown quality {quality!r}; expected {' or '.join(QUALITIES)}")


def try_choices(*, renderer: str, aperture: Shape, gamma: float, quality: str, backend: str, threads: int = 0) -> None:
    """Render a few pixels, so that a choice that cannot be used is refused before real work begins.

    The arguments are those of :func:`render_display`, as is the BadInputError.
    """
    light, defocus = np.zeros((4, 4, 3), dtype=np.float32), np.ones((4, 4), dtype=np.float32)
    render_display(
        light,
        defocus,
        renderer=renderer,
        aperture=aperture,
        gamma=gamma,
        threads=threads,
        quality=quality,
        backend=backend,
    )


def _classical(light: Float32, defocus: Float32, choices: _Choices) -> Float32:
    scatter = getattr(importlib.import_module("bokeh_render"), "scatter", None)
    if scatter is None:
        return _reference(light, defocus, choices)
    bokeh: Float32 = scatter(light, defocus, **choices._asdict()).bokeh
    return bokeh


def _reference(light: Float32, defocus: Float32, choices: _Choices) -> Float32:
    import torch

    from .classical import scatter_reference

    if choices.aperture != _DISC or choices.backend not in ("auto", "reference"):
        raise BadInputError(f"no {choices.aperture} by the back end {choices.backend!r} in this version")
    if choices.threads:
        torch.set_num_threads(choices.threads)
    colours, blur = torch.from_numpy(light.transpose(2, 0, 1)[None].copy()), torch.from_numpy(defocus[None, None])
    with torch.no_grad():
        bokeh: Float32 = scatter_reference(colours, blur).bokeh[0].permute(1, 2, 0).contiguous().numpy()
    return bokeh


_RENDER: dict[str, Callable[[Float32, Float32, _Choices], Float32]] = {"classical": _classical}
