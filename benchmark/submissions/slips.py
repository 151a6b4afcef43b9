"""Common slips of tone and place that a whole submission shares: found by what undoing them would bring, only noticed.

A method may well be as bright, or as much to the left, as it is; so nothing here refuses predictions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from bokeh_render.optics import Float32

from .problems import Kind, Problem, Severity, problem

_NOTABLE_DB, _NEARLY_ALL = 1.0, 0.9  # undoing it brings more than this on average, and something nearly everywhere
_FARTHEST_PX = 2
_EV = tuple(quarter / 4 for quarter in range(-12, 13) if quarter != 0)
_BRIGHTEST = 100.0  # display values beyond are clipped whatever is done to them
_LEAST_ERROR = 1e-6  # mean square: 60 dB and more are all the same here


@dataclass(frozen=True)
class Curve:
    """The sRGB curve where the protocol's power belongs. encoded: it made display values, not light."""

    encoded: bool

    def undone(self, display: Float32, gamma: float) -> Float32:
        """Return display values as they were meant. display: any shape, of 0 or more."""
        if self.encoded:
            light = np.where(display <= 0.04045, display / 12.92, ((display + 0.055) / 1.055) ** 2.4)
            return np.asarray(light ** (1.0 / gamma), dtype=np.float32)
        light = display**gamma
        srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1.0 / 2.4) - 0.055)
        return np.asarray(srgb, dtype=np.float32)


@dataclass(frozen=True)
class Exposure:
    """One gain on light for all. ev: how far too bright, in powers of two."""

    ev: float

    def undone(self, display: Float32, gamma: float) -> Float32:
        """Return display values as they were meant. display: any shape, of 0 or more."""
        return np.asarray(display * np.float32(2.0 ** (-self.ev / gamma)), dtype=np.float32)


@dataclass(frozen=True)
class Shift:
    """The image moved. right, down: by how many pixels."""

    right: int
    down: int

    def undone(self, display: Float32, step: int) -> Float32:
        """Return every step-th pixel of an image, (H, W, 3), moved back, (n, 3); its border is repeated."""
        rows, columns = (
            np.clip(np.arange(0, size, step) + by, 0, size - 1)
            for size, by in zip(display.shape[:2], (self.down, self.right), strict=True)
        )
        moved: Float32 = display[rows[:, None], columns]
        return moved.reshape(-1, 3)


TONES: tuple[Curve | Exposure, ...] = (Curve(True), Curve(False), *map(Exposure, _EV))
SHIFTS = tuple(
    Shift(right, down)
    for right, down in product(range(-_FARTHEST_PX, _FARTHEST_PX + 1), repeat=2)
    if (right, down) != (0, 0)
)


def gains_of_slips(
    display: Float32, target: Float32, *, step: int, gamma: float, clip: tuple[float, float]
) -> NDArray[np.float32]:
    """Return the gain in dB from undoing each of ``TONES``, then each of ``SHIFTS``, at every step-th pixel.

    display: (H, W, 3), not clipped; target: (n, 3), the truth at these pixels, clipped.
    """
    stored = np.clip(display[::step, ::step].reshape(-1, 3), 0.0, _BRIGHTEST)
    others = [
        *(one.undone(stored, gamma) for one in TONES),
        *(one.undone(display, step) for one in SHIFTS),
    ]
    before = _decibels(stored, target, clip)
    return np.array([_decibels(other, target, clip) - before for other in others], dtype=np.float32)


def _decibels(image: Float32, target: Float32, clip: tuple[float, float]) -> float:
    difference = np.ravel(np.clip(image, *clip) - target)
    return -10.0 * float(np.log10(max(float(difference @ difference) / difference.size, _LEAST_ERROR)))


def slips_of_all(gains: Sequence[NDArray[np.float32]], gamma: float) -> Iterator[Problem]:
    """Yield a notice for the slip of tone, and one for that of place, that all predictions seem to share.

    gains: from :func:`gains_of_slips`, one array a prediction.
    """
    table = np.stack(gains)
    tones, shifts = table[:, : len(TONES)], table[:, len(TONES) :]
    if (best := _best(tones)) is not None:
        yield problem(Kind.TONE, f"{_tone(TONES[best], gamma)} ({_nearer(tones[:, best])})", severity=Severity.NOTICE)
    if (best := _best(shifts)) is not None:
        yield problem(Kind.SHIFTED, f"{_place(SHIFTS[best])} ({_nearer(shifts[:, best])})", severity=Severity.NOTICE)


def _best(gains: NDArray[np.float32]) -> int | None:
    best = int(gains.mean(axis=0).argmax())
    column = gains[:, best]
    return best if float(column.mean()) > _NOTABLE_DB and float(np.mean(column > 0)) >= _NEARLY_ALL else None


def _nearer(gains: NDArray[np.float32]) -> str:
    return f"undone, it brings them {gains.mean():.1f} dB nearer to the truth, {np.mean(gains > 0):.0%} of them"


def _tone(slip: Curve | Exposure, gamma: float) -> str:
    if isinstance(slip, Exposure):
        how = "bright" if slip.ev > 0 else "dark"
        return (
            f"the predictions look too {how}, by about {abs(slip.ev):g} EV; expected the input's exposure: "
            f"multiply light by {2.0**-slip.ev:.3g} if the method did not mean it"
        )
    right = f"light ** (1 / {gamma:g})" if slip.encoded else f"display ** {gamma:g}"
    return f"the predictions look as if the sRGB curve was used; expected {right}: use the protocol's exponent"


def _place(slip: Shift) -> str:
    moves = [
        f"{abs(by)} px {forth if by > 0 else back}"
        for by, forth, back in ((slip.right, "to the right", "to the left"), (slip.down, "down", "up"))
        if by
    ]
    return (
        f"the predictions look shifted by {' and '.join(moves)}; expected them where the input is: see how they were "
        "padded, cropped or resized"
    )
