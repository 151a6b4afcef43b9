"""From settings, seed and index to a training pair."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.random import PCG64, Generator, SeedSequence
from scipy import ndimage

from ..aperture import Aperture
from ..errors import BadInputError
from ..optics import DISPLAY_GAMMA, Float32, disparity_range, display_from_light
from ..raytracing import Layer, composite_disparity, lens_points, pixel_points
from ..raytracing.fast import trace_fast
from .backdrops import TILE_PX
from .canvas import Canvas
from .chance import log_uniform
from .imperfect import imperfect
from .painted import Painted
from .pair import TrainingPair
from .scene import scene
from .settings import PairSettings
from .sources import Photographs
from .things import Drawer

_FLATTEST = 0.05
"""A scene whose visible disparities differ by less is drawn again: it has no depth edges to learn from."""
_STEEPEST = 0.5
"""Most px of blur that a layer may gain per px: K is lowered for steeper ones (the tracer refuses 0.9)."""
_ATTEMPTS = 20
_FOOTPRINT_POINTS = 49
_BRIGHTEST_DISPLAY = 4.0
_LAMP = 1.0
"""Light above which a glow needs more rays; white is 1."""


def draw_pair(settings: PairSettings, seed: int, index: int) -> TrainingPair:
    """Return the pair ``index`` of the stream ``seed``: the same bits for the same arguments and the same versions of
    what this package uses.

    Raises BadInputError for a negative seed or index, and when the settings' folders hold no images.
    """
    if seed < 0 or index < 0:
        raise BadInputError(f"seed is {seed} and index {index}; expected whole numbers from 0")
    for attempt in range(_ATTEMPTS):
        rng = Generator(PCG64(SeedSequence([seed, index, attempt])))
        pair = _attempt(rng, settings, f"drawn-{seed}-{index}")
        if pair is not None:
            return pair
    raise BadInputError(f"{_ATTEMPTS} scenes in a row had no depth; allow more than {settings.most_layers} layers")


def _attempt(rng: Generator, settings: PairSettings, name: str) -> TrainingPair | None:
    blur_px, gamma = _blur(rng, settings), _gamma(rng, settings)
    canvas = _canvas(settings, blur_px)
    night = rng.uniform() < settings.night
    painted = scene(Drawer(rng, canvas, _photographs(settings)), settings.most_layers, night=night)
    layers = _layers(rng, settings, painted, canvas, gamma, night=night)
    size = (settings.height, settings.width)
    raw = composite_disparity(layers, size, mixed=rng.uniform() < settings.mixed_disparity)[0, 0].numpy()
    visible = disparity_range(raw)
    if visible.extent < _FLATTEST:
        return None
    focus = rng.uniform(visible.minimum, visible.maximum)
    if rng.uniform() < settings.on_layer:
        focus = _disparity_of(rng, painted, canvas, visible.minimum, visible.maximum)
    steepest = max(float(np.hypot(*layer.plane[1:])) for layer in painted)
    reach = max(visible.maximum - focus, focus - visible.minimum)
    blur_parameter = min(blur_px / reach, _STEEPEST / max(steepest, 1e-9))
    count = _rays(settings, painted, blur_px)
    lens = lens_points(Aperture(), count, float(rng.uniform()))
    bokeh = trace_fast(layers, lens, blur_parameter, focus, size, within_pixel=pixel_points(count), threads=1)
    pinhole, footprint = np.zeros((_FOOTPRINT_POINTS, 2)), pixel_points(_FOOTPRINT_POINTS)
    sharp = trace_fast(layers, pinhole, 0.0, 0.0, size, within_pixel=footprint, threads=1)
    disparity = visible.normalise(raw).astype(np.float32)
    return TrainingPair(
        display=display_from_light(sharp, gamma),
        disparity=disparity,
        imperfect=imperfect(rng, disparity, settings.imperfect),
        bokeh=display_from_light(bokeh, gamma),
        blur_parameter=float(blur_parameter * visible.extent),
        focus_disparity=float(visible.normalise(focus)),
        gamma=gamma,
        name=name,
    )


def _rays(settings: PairSettings, painted: list[Painted], blur_px: float) -> int:
    """Return the rays a pixel, more in scenes with lamps: few rays of a blur disc meet one, and it shows which."""
    least, most = settings.lens_points
    lit = any(layer.glow is not None and float(layer.glow.max()) > _LAMP for layer in painted)
    times = settings.lamp_rays if lit else 1.0
    return int(np.clip(np.pi * blur_px**2 * settings.lens_density * times, least, most * times))


def _canvas(settings: PairSettings, blur_px: float) -> Canvas:
    return Canvas(settings.height, settings.width, int(np.ceil(1.15 * blur_px)) + 4)


@lru_cache(maxsize=2)
def _photographs(settings: PairSettings) -> Photographs | None:
    if not settings.photographs:
        return None
    largest = max(*_canvas(settings, settings.blur_px[1]).shape, TILE_PX)
    return Photographs(settings.photographs, settings.photograph_share, largest)


def _blur(rng: Generator, settings: PairSettings) -> float:
    least, most = settings.blur_px
    if rng.uniform() < 0.5:
        return float(rng.uniform(least, most))
    return log_uniform(rng, least, most)


def _gamma(rng: Generator, settings: PairSettings) -> float:
    drawn = float(rng.uniform(*settings.gamma_range))
    return DISPLAY_GAMMA if rng.uniform() < settings.usual_gamma else drawn


def _disparity_of(rng: Generator, painted: list[Painted], canvas: Canvas, least: float, most: float) -> float:
    """Return the disparity of a random layer at a random place that it covers, within what can be seen."""
    layer = painted[rng.integers(len(painted))]
    rows, columns = np.nonzero(np.greater(canvas.inner(layer.alpha), 0.5))
    if not len(rows):
        return float(rng.uniform(least, most))
    place = rng.integers(len(rows))
    there = canvas.inner(canvas.disparity(layer.plane))[rows[place], columns[place]]
    return float(np.clip(there, least, most))


def _layers(
    rng: Generator, settings: PairSettings, painted: list[Painted], canvas: Canvas, gamma: float, *, night: bool
) -> list[Layer]:
    """Set exposure, contrast and softness, and turn display values into light."""
    seen = _composite(painted, canvas)
    median = max(float(np.median(seen.mean(axis=-1))), 1e-3)
    target = _exposure(rng, night=night)
    contrast = rng.uniform(0.8, 1.6)
    soft = float(rng.uniform(*settings.softness_px))
    tint = np.exp(rng.normal(0, 0.06, 3))
    layers = []
    for layer in painted:
        there = layer.alpha > 0  # elsewhere it has no colour, and powers cost time
        display = target * (np.maximum(layer.paint[there], 0.0) / median) ** np.float32(contrast) * tint
        light = np.zeros_like(layer.paint)
        light[there] = np.minimum(display, _BRIGHTEST_DISPLAY).astype(np.float32) ** np.float32(gamma)
        if layer.glow is not None:
            light = np.minimum(light + layer.glow, np.float32(_BRIGHTEST_DISPLAY**gamma))
        layers.append(_layer(light, layer, soft))
    return layers


def _exposure(rng: Generator, *, night: bool) -> float:
    """Return the display value that the middle of the pixels shall have."""
    return float(log_uniform(rng, 0.04, 0.25) if night else rng.uniform(0.12, 0.52))


def _layer(light: Float32, layer: Painted, soft: float) -> Layer:
    alpha: Float32 = np.ascontiguousarray(layer.alpha, dtype=np.float32)
    if soft > 0:
        covered = light * alpha[..., None]
        alpha = ndimage.gaussian_filter(alpha, soft, mode="nearest", truncate=3)
        light = ndimage.gaussian_filter(covered, (soft, soft, 0), mode="nearest", truncate=3)
        light = light / np.maximum(alpha, 1e-4)[..., None]
    plane = torch.tensor([layer.plane], dtype=torch.float32)
    colours = torch.from_numpy(np.ascontiguousarray(light.transpose(2, 0, 1)))[None]
    return Layer(colours, torch.from_numpy(np.clip(alpha, 0, 1))[None, None], plane)


def _composite(painted: list[Painted], canvas: Canvas) -> Float32:
    """Return what the pinhole sees, (H, W, 3), paint only, before the exposure is set."""
    total = np.zeros((canvas.height, canvas.width, 3), np.float32)
    for layer in painted[::-1]:
        alpha = canvas.inner(layer.alpha)[..., None]
        total += (canvas.inner(layer.paint) - total) * alpha
    return total
