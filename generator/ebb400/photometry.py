"""How the shallow photograph's brightness and colours differ from the wide one's: gains in light, and vignetting."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from bokeh_render.optics import DISPLAY_GAMMA, Float32, light_from_display

from .defocus_fit import clipped_pixels

_DARK = 0.004  # light below which noise and black level rule
_ROUNDS = 12
_SPREAD_PX = 12.0
_REACH = 2.0  # sigmas within which a clipped pixel spoils what is smoothed
_LARGEST_GAIN = 2.0
_FEWEST_SHARE = 0.005  # of the pixels, in focus, for gains from them

Mask = NDArray[np.bool_]


class Photometry(NamedTuple):
    """shallow = wide × gains × (1 + vignetting₂ r² + vignetting₄ r⁴), in light; r = 1 in the corners.

    gains: of red, green and blue, in the middle of the picture; vignetting: the two coefficients, to be noted: a lens
    wide open is darker in the corners, which is no difference of exposure; pixels: how many counted; in_focus: whether
    only pixels in focus did, else (too few) light spread over ``spread_px`` was compared; residual: median
    |ln(shallow / model)|.
    """

    gains: tuple[float, float, float]
    vignetting: tuple[float, float]
    pixels: int
    in_focus: bool
    residual: float

    def apply(self, display: Float32) -> Float32:
        """Return a wide photograph (display values) with the shallow one's gains, not clipped; vignetting is left."""
        factor = np.asarray(self.gains, dtype=np.float64) ** (1.0 / DISPLAY_GAMMA)
        return np.asarray(display * factor, dtype=np.float32)


def doubts_of(photometry: Photometry) -> tuple[str, ...]:
    """Return a sentence for each reason not to believe the gains."""
    if photometry.pixels == 0:
        return ("the gains could not be measured: nearly all of the picture is dark or clipped",)
    low, high = min(photometry.gains), max(photometry.gains)
    if low < 1.0 / _LARGEST_GAIN or high > _LARGEST_GAIN:
        return (f"the gains run from {low:.2f} to {high:.2f}; expected {1 / _LARGEST_GAIN:g} to {_LARGEST_GAIN:g}",)
    return ()


NEUTRAL = Photometry((1.0, 1.0, 1.0), (0.0, 0.0), 0, False, 0.0)


def measure_photometry(
    wide: Float32, shallow: Float32, valid: Mask, *, in_focus: Mask | None = None, spread_px: float = _SPREAD_PX
) -> Photometry:
    """Measure gains and vignetting of two aligned photographs, robustly.

    wide, shallow: (H, W, 3) display values; valid: (H, W), where both show something and, when the blur is known, no
    clipped pixel's light arrives; in_focus: (H, W), where both are sharp: with enough of these (none clipped or dark)
    they alone count, lightly smoothed. Without, both pictures are smoothed over spread_px, beyond which blur moves
    little light. Light is display ** 2.2; ratios are fitted in logarithms, outliers weigh less (Cauchy's weights).
    """
    if in_focus is not None:
        chosen = ndimage.binary_erosion(in_focus & valid, iterations=1)
        sigma = 1.0
        usable = _usable(wide, shallow, chosen, sigma)
        if usable.sum() >= _FEWEST_SHARE * usable.size:
            return _fit(wide, shallow, usable, sigma, in_focus=True)
    return _fit(wide, shallow, _usable(wide, shallow, valid, spread_px), spread_px, in_focus=False)


def _usable(wide: Float32, shallow: Float32, valid: Mask, sigma: float) -> Mask:
    """Return the valid pixels into which no clipped one was smoothed and that are not dark."""
    clipped = clipped_pixels(np.maximum(wide, shallow))
    reached = ndimage.maximum_filter(clipped, size=2 * int(np.ceil(_REACH * sigma)) + 1)
    bright = np.minimum(light_from_display(wide), light_from_display(shallow)).min(axis=2) > _DARK
    usable: Mask = valid & ~reached & bright
    return usable


def _fit(wide: Float32, shallow: Float32, usable: Mask, sigma: float, *, in_focus: bool) -> Photometry:
    count = int(usable.sum())
    if count < 50:
        return NEUTRAL
    light = [
        ndimage.gaussian_filter(light_from_display(picture), (sigma, sigma, 0), mode="nearest")
        for picture in (wide, shallow)
    ]
    ratio = np.log(np.maximum(light[1][usable], 1e-6)) - np.log(np.maximum(light[0][usable], 1e-6))
    r2 = _squared_radius(usable.shape)[usable]
    stride = max(1, count // 200_000)
    ratio, r2 = ratio[::stride].astype(np.float64), r2[::stride]
    spread = r2.min() < 0.2 and r2.max() > 0.5  # else the fall towards the corners cannot be told from the gains
    shared = np.stack([r2, r2 * r2], axis=1) if spread else np.empty((len(r2), 0))
    gains, slopes = np.median(ratio, axis=0), np.zeros(shared.shape[1])
    for _ in range(_ROUNDS):
        left = ratio - gains - (shared @ slopes)[:, None]
        scale = 1.4826 * float(np.median(np.abs(left))) + 1e-6
        weight = 1.0 / (1.0 + (left / (2.0 * scale)) ** 2)
        gains, slopes = _solve(ratio, shared, weight)
    left = ratio - gains - (shared @ slopes)[:, None]
    # ln(1 + a r² + b r⁴) was fitted as a polynomial in r²; what is noted are the darkening's own coefficients
    a, b = (float(slopes[0]), float(slopes[1] + slopes[0] ** 2 / 2.0)) if spread else (0.0, 0.0)
    red, green, blue = (float(gain) for gain in np.exp(gains))
    return Photometry((red, green, blue), (a, b), count, in_focus, float(np.median(np.abs(left))))


def _solve(
    ratio: NDArray[np.float64], shared: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return three constants and the common slopes of a weighted least-squares fit."""
    n = 3 + shared.shape[1]
    normal, right = np.zeros((n, n)), np.zeros(n)
    for channel in range(3):
        rows = np.zeros((len(ratio), n))
        rows[:, channel] = 1.0
        rows[:, 3:] = shared
        weighted = rows * weight[:, channel, None]
        normal += weighted.T @ rows
        right += weighted.T @ ratio[:, channel]
    solution = np.linalg.solve(normal + 1e-9 * np.eye(n) * np.trace(normal), right)
    return solution[:3], solution[3:]


def _squared_radius(shape: tuple[int, ...]) -> NDArray[np.float64]:
    y, x = np.meshgrid(np.linspace(-1, 1, shape[0]), np.linspace(-1, 1, shape[1]), indexing="ij")
    aspect = shape[0] / shape[1]
    squared: NDArray[np.float64] = (x**2 + (aspect * y) ** 2) / (1.0 + aspect**2)
    return squared
