"""Does a stack obey ``r = K * |d - d_f|``? Measured on its own pictures, patch by patch.

Where everything that can reach a patch has nearly one signed defocus, nothing occludes anything, and the bokeh image is
the all-in-focus light convolved with the aperture at radius r. So at such places, where there is texture, the radius
``factor * r`` is searched with which the convolution looks most like the bokeh image. A stack that obeys the law has
the factor 1 up to noise, whatever rendered it; nothing here knows how it was made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, special

from bokeh_render.aperture import Aperture
from bokeh_render.optics import Float32, display_from_light, signed_defocus

from .finding import Finding, listed
from .stack import Stack, bokeh_name

FACTORS = np.geomspace(0.6, 1.65, 29)
"""The radius factors that are tried."""

_SMALLEST_HALF_PX = 8  # of a patch: 17 px square, and more for large discs, which leave only coarse detail
_HALF = 0.75  # of r
_SMALLEST_RADIUS_PX = 2.0  # below, noise in the image pulls the factor up by some per cent
_LARGEST_RADIUS_PX = 32.0  # larger ones cost more than they tell
_LARGEST_RADIUS = 0.06  # of the image's diagonal; larger discs leave no room for a patch
_REACH = 1.3  # discs up to this many times r must see no other depth either
_SPREAD = 0.06  # of r, or:
_SPREAD_PX = 0.25
_TRIES = 8  # places looked at for each patch that is wanted
_FEWEST_PATCHES = 5
_TOLERANCE = 0.03  # beside three standard errors; renders of 56 samples per pixel and more came out within 0.01
_TOLERANCE_OF_PART = 0.06  # one blur level's or one sample's patches
_SURE = 0.05  # standard deviation of a factor, below which a patch may vote
_LIKE = 0.8  # correlation with the best prediction, above which a patch may vote


@dataclass(frozen=True)
class PatchFit:
    """One patch. y, x: its centre; radius_px: what the law says; factor: measured radius / radius_px, with its
    standard deviation ``uncertainty`` as far as it follows from the residual.
    """

    blur: int
    focus: int
    y: int
    x: int
    radius_px: float
    factor: float
    uncertainty: float


class BlurProbe:
    """Measures the radius factor in a stack's bokeh images. What all samples share is found out once."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._texture = _texture(stack.light)
        self._spreads = list(_spreads(stack.disparity))

    def measure(self, bokeh: Float32, blur: int, focus: int, *, patches: int = 12) -> list[PatchFit]:
        """Return the fits of up to ``patches`` patches of one sample, those that vote only, most textured first.

        bokeh: (H, W, 3) light, the sample's ground truth.
        """
        stack, info = self.stack, self.stack.info
        defocus = signed_defocus(stack.disparity, info.blur_parameters[blur], info.focus_disparities[focus])
        fits = []
        for y, x in self._places(defocus, info.blur_parameters[blur], patches):
            radius = abs(float(defocus[y, x]))
            factor, uncertainty = _fit(stack.light, bokeh, y, x, radius, info.aperture, bool(defocus[y, x] > 0))
            if uncertainty < _SURE:
                fits.append(PatchFit(blur, focus, y, x, radius, factor, uncertainty))
        return fits

    def _places(self, defocus: Float32, blur_parameter: float, count: int) -> list[tuple[int, int]]:
        """Return the centres of patches that only one defocus can reach, the most textured first, none overlapping."""
        radius = np.abs(defocus)
        allowed = 2 * np.maximum(_SPREAD_PX, _SPREAD * radius)
        candidates = np.zeros(defocus.shape, dtype=bool)
        for lower, upper, spread in self._spreads:
            candidates |= (radius >= lower) & (radius < upper) & (abs(blur_parameter) * spread <= allowed)
        score = np.where(candidates, self._texture, -1.0)
        places: list[tuple[int, int]] = []
        for _ in range(_TRIES * count):
            y, x = (int(index) for index in np.unravel_index(np.argmax(score), score.shape))
            if score[y, x] < 0 or len(places) == count:
                break
            clear = _SMALLEST_HALF_PX
            if _unreached(defocus, y, x):
                places.append((y, x))
                clear = 2 * _half(radius[y, x]) + 1
            score[max(0, y - clear) : y + clear + 1, max(0, x - clear) : x + clear + 1] = -1.0
        return places


def _spreads(disparity: Float32) -> Iterator[tuple[float, float, NDArray[np.float64]]]:
    """Yield classes of blur radius (from, to) and how much disparity differs in the neighbourhood that they need.

    It is infinite where the neighbourhood is not inside the image.
    """
    largest = min(_LARGEST_RADIUS_PX, _LARGEST_RADIUS * float(np.hypot(disparity.shape[0], disparity.shape[1])))
    lower = _SMALLEST_RADIUS_PX
    while lower < largest:
        upper = min(lower * 1.5, largest)
        margin = _half(upper) + int(np.ceil(_REACH * upper + 2))
        window = 2 * margin + 1
        spread = np.full(disparity.shape, np.inf)
        inside = (slice(margin, disparity.shape[0] - margin), slice(margin, disparity.shape[1] - margin))
        difference = ndimage.maximum_filter(disparity, window) - ndimage.minimum_filter(disparity, window)
        spread[inside] = difference[inside]
        yield lower, upper, spread
        lower = upper


def _half(radius_px: float) -> int:
    """Return half the side of a patch, in px, for a blur radius."""
    return max(_SMALLEST_HALF_PX, int(_HALF * radius_px))


def _texture(light: Float32) -> NDArray[np.float64]:
    """Return the variance of display values over a small patch round each pixel."""
    size = 2 * _SMALLEST_HALF_PX + 1
    grey = np.clip(display_from_light(light), 0.0, 1.0).mean(axis=2, dtype=np.float64)
    mean = ndimage.uniform_filter(grey, size)
    return np.asarray(ndimage.uniform_filter(grey * grey, size) - mean * mean)


def _unreached(defocus: Float32, y: int, x: int) -> bool:
    """Return whether no pixel of another defocus spreads over the patch at (y, x)."""
    half = _half(abs(float(defocus[y, x])))
    farthest = half + int(_REACH * float(np.abs(defocus).max())) + 2
    rows = np.arange(max(0, y - farthest), min(defocus.shape[0], y + farthest + 1))
    columns = np.arange(max(0, x - farthest), min(defocus.shape[1], x + farthest + 1))
    near = defocus[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    down, right = np.maximum(np.abs(rows - y) - half, 0), np.maximum(np.abs(columns - x) - half, 0)
    reaching = np.hypot(down[:, None], right[None, :]) <= _REACH * np.abs(near) + 1
    other = np.abs(near - defocus[y, x]) > max(_SPREAD_PX, _SPREAD * abs(float(defocus[y, x])))
    return not bool((reaching & other).any())


def _fit(
    light: Float32, bokeh: Float32, y: int, x: int, radius: float, aperture: Aperture, in_front: bool
) -> tuple[float, float]:
    """Return the radius factor that fits a patch best, and its standard deviation."""
    half = _half(radius)
    margin = half + int(np.ceil(FACTORS[-1] * radius + 2))
    rows = slice(max(0, y - margin), y + margin + 1)
    columns = slice(max(0, x - margin), x + margin + 1)
    crop = np.asarray(light[rows, columns], dtype=np.float64)
    top, left = y - rows.start - half, x - columns.start - half
    inner = (slice(top, top + 2 * half + 1), slice(left, left + 2 * half + 1))
    truth = display_from_light(bokeh[y - half : y + half + 1, x - half : x + half + 1]).astype(np.float64)
    spectrum = np.fft.rfft2(crop, axes=(0, 1))
    predictions = np.stack(
        [
            display_from_light(_blurred(spectrum, crop.shape, aperture, factor * radius, in_front)[inner]).astype(
                np.float64
            )
            for factor in FACTORS
        ]
    )
    errors = ((predictions - truth) ** 2).mean(axis=(1, 2, 3))
    best = int(errors.argmin())
    if best in (0, len(FACTORS) - 1):
        best = min(max(best, 1), len(FACTORS) - 2)
        factor = float(FACTORS[errors.argmin()])
    else:
        before, at, after = errors[best - 1 : best + 2]
        shift = 0.5 * (before - after) / max(before - 2 * at + after, 1e-30)
        factor = float(FACTORS[best] * (FACTORS[1] / FACTORS[0]) ** shift)
    if _likeness(predictions[best], truth) < _LIKE:
        return factor, np.inf
    slope = (predictions[best + 1] - predictions[best - 1]) / (FACTORS[best + 1] - FACTORS[best - 1])
    sensitivity = float((slope**2).sum())
    return factor, float(np.sqrt(errors.min() / max(sensitivity, 1e-30)))


def _likeness(prediction: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    """Return the correlation of two patches (n, n, 3) after a plane is taken off each channel.

    It is low where what looks like texture is only the noise of a render, which no other image repeats.
    """
    offsets = np.arange(truth.shape[0]) - truth.shape[0] // 2
    y, x = np.meshgrid(offsets, offsets, indexing="ij")
    plane = np.stack([np.ones(y.size), y.ravel(), x.ravel()], axis=1)
    first, second = (
        patch - plane @ np.linalg.lstsq(plane, patch, rcond=None)[0]
        for patch in (prediction.reshape(-1, 3), truth.reshape(-1, 3))
    )
    return float((first * second).sum() / np.sqrt((first**2).sum() * (second**2).sum() + 1e-30))


def convolve(light: NDArray[np.float64], aperture: Aperture, radius_px: float, in_front: bool) -> NDArray[np.float64]:
    """Blur light (H, W, 3) evenly with the aperture at one radius; the border wraps round.

    in_front: of the focal plane, where the aperture's image is turned by half a turn.
    """
    return _blurred(np.fft.rfft2(light, axes=(0, 1)), light.shape, aperture, radius_px, in_front)


def _blurred(
    spectrum: NDArray[np.complex128], shape: tuple[int, ...], aperture: Aperture, radius_px: float, in_front: bool
) -> NDArray[np.float64]:
    """Return :func:`convolve` of the light (shape) that has this spectrum."""
    height, width = shape[:2]
    k_right = 2 * np.pi * np.fft.rfftfreq(width)[None, :]
    k_up = -2 * np.pi * np.fft.fftfreq(height)[:, None]  # rows count downwards
    transfer = aperture_transform(aperture, k_right * radius_px, k_up * radius_px)
    if in_front:
        transfer = np.conj(transfer)
    return np.asarray(np.fft.irfft2(spectrum * transfer[..., None], s=(height, width), axes=(0, 1)))


def aperture_transform(
    aperture: Aperture, k_right: NDArray[np.float64], k_up: NDArray[np.float64]
) -> NDArray[np.complex128]:
    """Return the Fourier transform of an aperture of radius 1 and light 1, as seen behind the focal plane, exactly.

    k_right, k_up: angular frequencies, radians per aperture radius, broadcast together. A polygon has its corners on
    the circle at pi/blades + rotation, counter-clockwise, as Cycles draws it; its transform is a sum over its edges, by
    the divergence theorem.
    """
    k = np.hypot(k_right, k_up)
    safe = np.where(k > 0, k, 1.0)
    if aperture.blades < 3:
        return np.where(k > 0, 2 * special.j1(safe) / safe, 1.0).astype(np.complex128)
    sector = 2 * np.pi / aperture.blades
    length, height = 2 * np.sin(sector / 2), np.cos(sector / 2)
    area = aperture.blades * length * height / 2
    total = np.zeros(k.shape, dtype=np.complex128)
    for normal in aperture.rotation_rad + sector * np.arange(aperture.blades):
        across = k_right * np.cos(normal) + k_up * np.sin(normal)
        along = k_up * np.cos(normal) - k_right * np.sin(normal)
        total += across * length * np.exp(-1j * across * height) * np.sinc(along * length / (2 * np.pi))
    return np.where(k > 0, 1j * total / (safe * safe) / area, 1.0)


def check_blur_law(scene: str, fits: Sequence[PatchFit], levels: int) -> Finding:
    """Judge the patches of a scene's samples. levels: how many blur levels the stack has."""
    if len(fits) < _FEWEST_PATCHES:
        return Finding(
            "blur law",
            scene,
            "not checked",
            f"{len(fits)} patches of even depth and sure texture were found, {_FEWEST_PATCHES} are needed "
            "(small or noisy images have few)",
        )
    median, error = _median(fits)
    groups = {"all patches": list(fits)}
    groups |= {f"blur level {blur}": [fit for fit in fits if fit.blur == blur] for blur in range(levels)}
    for fit in fits:
        groups.setdefault(bokeh_name(fit.blur, fit.focus), []).append(fit)
    problems = [text for name, group in groups.items() if (text := _disagreement(name, group))]
    radii = [fit.radius_px for fit in fits]
    basis = f"{len(fits)} patches with radii of {min(radii):.1f} to {max(radii):.1f} px"
    if problems:
        text = f"measured radius / K·|d − d_f| is off: {listed(problems)}; expected 1 ({basis})"
        return Finding("blur law", scene, "failed", text)
    return Finding("blur law", scene, "ok", f"measured radius / K·|d − d_f| = {median:.3f} ± {error:.3f} ({basis})")


def _disagreement(name: str, fits: Sequence[PatchFit]) -> str:
    """Return what is wrong with a group of patches, empty when nothing is or they are too few to tell."""
    if len(fits) < _FEWEST_PATCHES:
        return ""
    median, error = _median(fits)
    tolerance = _TOLERANCE if name == "all patches" else _TOLERANCE_OF_PART
    if abs(median - 1.0) <= tolerance + 3.0 * error:
        return ""
    if median <= FACTORS[0] or median >= FACTORS[-1]:
        return f"{name} {median:.2f} or {'less' if median < 1.0 else 'more'}"
    return f"{name} {median:.3f} ± {error:.3f}"


def _median(fits: Sequence[PatchFit]) -> tuple[float, float]:
    """Return the median factor and its standard error."""
    factors = np.array([fit.factor for fit in fits])
    median = float(np.median(factors))
    spread = 1.4826 * float(np.median(np.abs(factors - median)))
    return median, 1.2533 * spread / float(np.sqrt(len(factors)))
