"""Blur parameter, focus disparity and gamma of a pair: those with which the classical renderer comes closest."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bokeh_render.classical import scatter
from bokeh_render.optics import DISPLAY_GAMMA, Float32, display_from_light, light_from_display, signed_defocus

from .blur_doubts import DEFAULT_LIMITS, BlurLimits, blur_doubts
from .defocus_fit import (
    Guess,
    calm,
    cost_table,
    evenly_blurred,
    fit_defocus,
    ladder,
    largest_radius,
    reached_by_clipped,
)
from .refusal import PairRefusedError
from .steadiness import Steadiness, measure_steadiness

Mask = NDArray[np.bool_]

_FEWEST_SHARE = 0.05  # of the pixels: with fewer nothing is believed
_FIRST_STEP, _LAST_STEP = 1.15, 1.01  # factors of K
_FIRST_FOCUS_STEP = 0.04
_CURVE = (0.5, 0.6, 0.7, 0.8, 0.87, 0.94, 1.0, 1.06, 1.15, 1.25, 1.43, 1.67, 2.0)
_GAMMAS = (1.0, 1.4, 1.8, 2.2, 2.6, 3.0, 3.6, 4.4)
_NOISE_FACTOR = 4.0
_LEAST_ERROR = 1e-6  # squared, display values: less than half a step of 8 bits
_NEARER = 0.1  # of the disparity range: in front of the focus by more counts as nearer


class Curve(NamedTuple):
    """What was tried, and the likeness of each, 0 to 1: 1 - the mean of e / (e + tau), e a pixel's squared error."""

    tried: tuple[float, ...]
    likeness: tuple[float, ...]


class BlurEstimate(NamedTuple):
    """What was found.

    blur_parameter: K, px per unit of normalised disparity; focus_disparity: normalised; gamma: see find_blur; likeness:
    of the best; k_curve: over K at that focus, K = 0 first; gamma_curve; width: how far, as a share of K, one may be
    off before a tenth of what blurring gains is lost; steadiness: whether K and focus hang on a few places; gain: share
    of the unlikeness that blurring took away; pixels: share of the picture that was compared; nearer: share that lies
    clearly in front of the focus: more than half, in most pairs of a set, tells that near and far of its maps are
    exchanged, as EBB! is focused in front;
    doubts: a sentence for each reason not to believe it.
    """

    blur_parameter: float
    focus_disparity: float
    gamma: float
    likeness: float
    k_curve: Curve
    gamma_curve: Curve
    width: float
    steadiness: Steadiness
    gain: float
    pixels: float
    nearer: float
    doubts: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """A wide photograph with its disparity, rendered and compared with the shallow one.

    wide: (H, W, 3) display values with the shallow one's gains; shallow; disparity: (H, W) normalised; counted: (H, W),
    which pixels are compared; tau: squared error from which a pixel counts as wrong, display values.
    """

    wide: Float32
    shallow: Float32
    disparity: Float32
    counted: Mask
    tau: float
    threads: int = 1

    def render(self, blur_parameter: float, focus_disparity: float, gamma: float = DISPLAY_GAMMA) -> Float32:
        """Return what the classical renderer makes of the wide photograph: display values in [0, 1]."""
        return render_pair(self.wide, self.disparity, blur_parameter, focus_disparity, gamma, self.threads)

    def likeness(self, blur_parameter: float, focus_disparity: float, gamma: float = DISPLAY_GAMMA) -> float:
        """Return how like the shallow photograph a render is, 0 to 1."""
        return float(1.0 - np.mean(self.unlikeness(blur_parameter, focus_disparity, gamma)))

    def unlikeness(self, blur_parameter: float, focus_disparity: float, gamma: float = DISPLAY_GAMMA) -> Float32:
        """Return how unlike each counted pixel is, 0 to 1."""
        error = squared_error(self.render(blur_parameter, focus_disparity, gamma), self.shallow)[self.counted]
        return np.asarray(error / (error + self.tau), dtype=np.float32)


def render_pair(
    wide: Float32, disparity: Float32, blur_parameter: float, focus_disparity: float, gamma: float, threads: int
) -> Float32:
    """Return the classical renderer's image, display values in [0, 1], of display values and normalised disparity."""
    defocus = signed_defocus(disparity.astype(np.float64), blur_parameter, focus_disparity).astype(np.float32)
    blurred = scatter(light_from_display(wide, gamma), defocus, threads=threads).bokeh
    return np.clip(display_from_light(blurred, gamma), 0.0, 1.0)


def squared_error(one: Float32, other: Float32) -> Float32:
    """Return each pixel's squared error, mean of its channels, (H, W)."""
    return np.asarray(((one - other) ** 2).mean(axis=2), dtype=np.float32)


def guess_blur(
    wide: Float32,
    shallow: Float32,
    disparity: Float32,
    valid: Mask,
    clipped: Mask,
    *,
    limits: BlurLimits = DEFAULT_LIMITS,
    threads: int = 1,
) -> Guess:
    """Fit K and focus to a table of even blurs (see :mod:`.defocus_fit`); parameters as of :func:`find_blur`.

    Three fits: over all pixels, without those that clipped light reaches, and also without those that light of other
    depths reaches, where even blur is wrong. Fewer pixels may tell less; so the guess is the one whose render is the
    most like the shallow photograph.
    """
    largest = largest_radius(disparity.shape, limits.largest_radius)
    radii = ladder(largest)
    blurred = evenly_blurred(wide, radii, DISPLAY_GAMMA, threads)

    def fitted(counted: Mask) -> Guess:
        return fit_defocus(cost_table(blurred, shallow, disparity, radii, counted), largest)

    guesses, counted = [fitted(valid)], valid
    for within in (_without_clipped_light, _without_other_depths):
        fewer = valid & within(clipped, disparity, guesses[-1])
        if fewer.mean() >= _FEWEST_SHARE:
            guesses.append(fitted(fewer))
            counted = fewer if within is _without_clipped_light else counted
    return _most_alike(wide, shallow, disparity, counted, guesses, threads)


def _most_alike(
    wide: Float32, shallow: Float32, disparity: Float32, counted: Mask, guesses: list[Guess], threads: int
) -> Guess:
    errors = [
        squared_error(render_pair(wide, disparity, *guess, DISPLAY_GAMMA, threads), shallow)[counted]
        for guess in guesses
    ]
    tau = _NOISE_FACTOR * max(min(float(np.median(error)) for error in errors), _LEAST_ERROR)
    unlike = [float(np.mean(error / (error + tau))) for error in errors]
    return guesses[int(np.argmin(unlike))]


def find_blur(
    wide: Float32,
    shallow: Float32,
    disparity: Float32,
    valid: Mask,
    clipped: Mask,
    guess: Guess,
    *,
    limits: BlurLimits = DEFAULT_LIMITS,
    threads: int = 1,
) -> BlurEstimate:
    """Find K, focus disparity and gamma of a pair of photographs, from coarse to fine with real renders.

    wide, shallow: (H, W, 3) display values in [0, 1], aligned, of equal gains; disparity: (H, W) normalised, near = 1;
    valid: (H, W), where both show something; clipped: (H, W), pixels of the wide photograph that were clipped when it
    was taken; guess: where to begin.

    Pixels count where no clipped light and, if enough are left, no light of another depth arrives: there the renderer
    is right, whatever the disparity's edges are like. Each pixel's squared error e counts as e / (e + tau), tau from
    the median, so that what no renderer can know weighs little. The search is at gamma 2.2; gamma is then the one that
    comes closest over all valid pixels, clipped ones included: an effective value, which makes up for light that the
    wide photograph lost. Raises PairRefusedError when nothing is left to compare.
    """
    largest_k = 2.0 * largest_radius(disparity.shape, limits.largest_radius)

    def compared_at(place: Guess) -> Comparison:
        counted = _counted(clipped, disparity, valid, place)
        error = squared_error(render_pair(wide, disparity, *place, DISPLAY_GAMMA, threads), shallow)[counted]
        tau = _NOISE_FACTOR * max(float(np.median(error)), _LEAST_ERROR)
        return Comparison(wide, shallow, disparity, counted, tau, threads)

    comparison = compared_at(guess)
    k, focus = _search(comparison.likeness, *guess, largest_k)
    own = compared_at(Guess(k, focus))  # the pixels that count if this is true
    steadiness = measure_steadiness(own.unlikeness, own.counted, k, focus)
    k_curve = _curve(lambda tried: comparison.likeness(tried, focus), (0.0, *(k * factor for factor in _CURVE)))
    everywhere = replace(comparison, counted=valid)
    gamma_curve = _curve(lambda tried: everywhere.likeness(k, focus, tried), _GAMMAS)
    gain, width = _shape(k_curve)
    return BlurEstimate(
        k,
        focus,
        _peak(gamma_curve),
        max(k_curve.likeness),
        k_curve,
        gamma_curve,
        width,
        steadiness,
        gain,
        float(comparison.counted.mean()),
        float((disparity > focus + _NEARER).mean()),
        blur_doubts(k, gain, width, steadiness, largest_k, limits),
    )


def _counted(clipped: Mask, disparity: Float32, valid: Mask, guess: Guess) -> Mask:
    for counted in (
        valid & _without_other_depths(clipped, disparity, guess),
        valid & _without_clipped_light(clipped, disparity, guess),
        valid,
    ):
        if counted.mean() >= _FEWEST_SHARE:
            return counted
    raise PairRefusedError(
        "align",
        f"only {100 * valid.mean():.0f} % of the picture can be compared; expected {100 * _FEWEST_SHARE:g} %",
    )


def _without_clipped_light(clipped: Mask, disparity: Float32, guess: Guess) -> Mask:
    return ~reached_by_clipped(clipped, disparity, *guess)


def _without_other_depths(clipped: Mask, disparity: Float32, guess: Guess) -> Mask:
    return _without_clipped_light(clipped, disparity, guess) & calm(disparity, *guess)


def _search(likeness: Callable[[float, float], float], k: float, focus: float, largest_k: float) -> tuple[float, float]:
    """Climb from a start, in K, in focus or in both, with steps that halve where none leads up.

    The two make up for each other in part: the ridge lies slantwise.
    """
    seen: dict[tuple[float, float], float] = {}

    def at(place: tuple[float, float]) -> float:
        if place not in seen:
            seen[place] = likeness(*place)
        return seen[place]

    here, step, focus_step = (k, focus), _FIRST_STEP, _FIRST_FOCUS_STEP
    while step > _LAST_STEP:
        larger, smaller = min(here[0] * step, largest_k), here[0] / step
        nearer, farther = min(here[1] + focus_step, 1.0), max(here[1] - focus_step, 0.0)
        around = [(larger, here[1]), (smaller, here[1]), (here[0], nearer), (here[0], farther)]
        around += [(a, b) for a in (larger, smaller) for b in (nearer, farther)]
        better = next((place for place in around if at(place) > at(here)), None)
        if better is None:
            step, focus_step = step**0.5, focus_step / 2.0
        else:
            here = better
    return here


def _curve(likeness: Callable[[float], float], tried: tuple[float, ...]) -> Curve:
    return Curve(tuple(float(value) for value in tried), tuple(likeness(value) for value in tried))


def _peak(curve: Curve) -> float:
    """Return where a parabola through the best value tried and its neighbours is highest."""
    best = int(np.argmax(curve.likeness))
    if best in (0, len(curve.tried) - 1):
        return curve.tried[best]
    (x0, x1, x2), (y0, y1, y2) = curve.tried[best - 1 : best + 2], curve.likeness[best - 1 : best + 2]
    slope_before, slope_after = (y1 - y0) / (x1 - x0), (y2 - y1) / (x2 - x1)
    bend = (slope_after - slope_before) / (x2 - x0)
    if bend >= 0:
        return x1
    peak = 0.5 * (x0 + x1) - slope_before / (2.0 * bend)
    return float(min(max(peak, x0), x2))


def _shape(curve: Curve) -> tuple[float, float]:
    """Return what blurring gains, as a share of the unlikeness of no blur, and how wide the optimum is: see above."""
    sharp, tried, likeness = curve.likeness[0], np.log(curve.tried[1:]), np.array(curve.likeness[1:])
    best = int(np.argmax(likeness))
    gained = float(likeness[best]) - sharp
    enough = float(likeness[best]) - 0.1 * gained
    ends = [_crossing(tried[: best + 1][::-1], likeness[: best + 1][::-1], enough)]
    ends.append(_crossing(tried[best:], likeness[best:], enough))
    return gained / max(1.0 - sharp, 1e-9), float(np.expm1(max(abs(end - tried[best]) for end in ends)))


def _crossing(places: NDArray[np.float64], values: NDArray[np.float64], level: float) -> float:
    """Return where values, from the first on, first fall below a level; the last place when they do not."""
    below = np.flatnonzero(values < level)
    if not len(below):
        return float(places[-1])
    after = int(below[0])
    if after == 0:
        return float(places[0])
    share = (values[after - 1] - level) / (values[after - 1] - values[after])
    return float(places[after - 1] + share * (places[after] - places[after - 1]))
