"""How like predictions are to what they could be taken for: the input, truths, and themselves changed or exchanged.

Nothing here judges. One prediction leaves a few thousand of its pixels and a few numbers behind, so that memory does
not grow with the number of samples; what the numbers mean, ``benchmark.submissions.likeness_rules`` says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from bokeh_render.optics import Float32
from generator.stack import SampleKey

from ..samples import Sample
from .slips import gains_of_slips

Float64 = NDArray[np.float64]
_POINTS = 2500  # pixels looked at, in a regular grid, where the whole image is not needed
_THUMBNAIL = (12, 18)
_BRIGHTEST = 100.0  # display values beyond are clipped whatever is done to them
_LEAST_ERROR = 1e-6  # mean square: 60 dB and more are all the same here
_SAME_8_BITS, _SAME = 1.01 / 255, 5e-4  # how far equal images may lie apart once stored; half floats: 2.2e-4


class Change(StrEnum):
    """What may have happened to a whole submission; undoing it is tried."""

    LIGHT_SENT = "light where display values belong"
    DISPLAY_SENT = "display values where light belongs"
    BGR = "B, G, R instead of R, G, B"
    UPSIDE_DOWN = "upside down"
    MIRRORED = "mirrored left to right"
    HALF_TURN = "turned by 180°"


class Exchange(StrEnum):
    """Orders in which samples of one scene may have been numbered by mistake."""

    FOCUS_REVERSED = "focus settings in reverse order"
    BLUR_REVERSED = "blur levels in reverse order"
    BOTH_REVERSED = "focus settings and blur levels in reverse order"
    TRANSPOSED = "focus setting and blur level exchanged: bokeh_FF_KK"


@dataclass(frozen=True)
class Given:
    """A scene's input as the protocol gives it. display: (H, W, 3), clipped; points: of it."""

    display: Float32
    points: Float32

    @classmethod
    def of(cls, display: Float32, clip: tuple[float, float]) -> Given:
        """Clip an input to what is scored."""
        clipped = np.clip(display, *clip)
        return cls(clipped, points(clipped))


@dataclass(frozen=True)
class TruthLook:
    """What is kept of a ground truth. equals_input: to storage precision; blurred: share of pixels whose blur radius is
    above 1 px.
    """

    key: SampleKey
    points: Float32
    thumbnail: Float32
    equals_input: bool
    blurred: float


@dataclass(frozen=True)
class Look:
    """What is kept of a prediction.

    digest: of all its display values; error: mean square against its truth, over all pixels; undone: gain in dB from
    undoing each change; exposed: gain in dB from the best exposure, which no change of curve may be mistaken for;
    slips: gains in dB from ``slips.gains_of_slips``.
    """

    sample: Sample
    points: Float32
    thumbnail: Float32
    digest: bytes
    error: float
    equals_input: bool
    equals_truth: bool
    tolerance: float
    undone: Mapping[Change, float]
    exposed: float
    slips: Float32


def points(image: Float32) -> Float32:
    """Return pixels on a regular grid, (n, 3), about 2500 of them, or all of a small image."""
    step = _step(image)
    return image[::step, ::step].reshape(-1, 3)


def _step(image: Float32) -> int:
    return max(1, int(np.sqrt(image.shape[0] * image.shape[1] / _POINTS)))


def thumbnail(image: Float32) -> Float32:
    """Return the means of 12 × 18 fields of an image, (12, 18, 3), however large it is; fewer where it is smaller."""
    rows, columns = (
        np.linspace(0, size, min(count, size), endpoint=False).astype(int)
        for size, count in zip(image.shape, _THUMBNAIL, strict=False)
    )
    sums = np.add.reduceat(np.add.reduceat(image, rows, axis=0, dtype=np.float64), columns, axis=1)
    areas = np.diff([*rows, image.shape[0]])[:, None] * np.diff([*columns, image.shape[1]])
    return np.asarray(sums / areas[..., None], dtype=np.float32)


def look_at_truth(key: SampleKey, truth: Float32, given: Given, defocus: Float32) -> TruthLook:
    """Look at a ground truth, (H, W, 3) clipped display values. defocus: (H, W), signed, px."""
    return TruthLook(
        key=key,
        points=points(truth),
        thumbnail=thumbnail(truth),
        equals_input=_same(truth, given.display, _SAME),
        blurred=float(np.mean(np.abs(defocus) > 1.0)),
    )


def look_at_prediction(
    sample: Sample,
    display: Float32,
    truth: Float32,
    given: Given,
    *,
    gamma: float,
    clip: tuple[float, float],
    bits: int,
) -> Look:
    """Look at a prediction beside its truth, both (H, W, 3). display: not clipped; truth: clipped; bits: as stored."""
    clipped = np.clip(display, *clip)
    tolerance = _SAME_8_BITS if bits <= 8 else _SAME
    own = points(clipped)
    target = points(truth)
    difference = clipped - truth
    before = decibels(_mean_square(own, target))
    stored = np.clip(points(display), 0.0, _BRIGHTEST)
    exposure = float(np.vdot(own, target)) / max(float(np.vdot(own, own)), _LEAST_ERROR)
    undone = {
        Change.LIGHT_SENT: np.clip(stored ** (1.0 / gamma), *clip),
        Change.DISPLAY_SENT: np.clip(stored**gamma, *clip),
        Change.BGR: own[:, ::-1],
        Change.UPSIDE_DOWN: points(clipped[::-1]),
        Change.MIRRORED: points(clipped[:, ::-1]),
        Change.HALF_TURN: points(clipped[::-1, ::-1]),
    }
    return Look(
        sample=sample,
        points=own,
        thumbnail=thumbnail(clipped),
        digest=hashlib.blake2b(np.ascontiguousarray(clipped).tobytes(), digest_size=16).digest(),
        error=float(np.vdot(difference, difference)) / difference.size,
        equals_input=_same(clipped, given.display, tolerance),
        equals_truth=bool(np.abs(difference).max() <= tolerance),
        tolerance=tolerance,
        undone={change: decibels(_mean_square(other, target)) - before for change, other in undone.items()},
        exposed=decibels(_mean_square(np.clip(exposure * stored, *clip), target)) - before,
        slips=gains_of_slips(display, target, step=_step(display), gamma=gamma, clip=clip),
    )


def decibels(mean_square: float) -> float:
    """Return a mean squared error as PSNR in dB, at most 60."""
    return -10.0 * float(np.log10(max(mean_square, _LEAST_ERROR)))


def _mean_square(one: Float32, other: Float32) -> float:
    return float(np.mean((one.astype(np.float64) - other) ** 2))


def _same(one: Float32, other: Float32, tolerance: float) -> bool:
    return bool(np.abs(one - other).max() <= tolerance)


class Reordering(NamedTuple):
    """What exchanging the truths of one scene would change, one number a prediction; gains in dB.

    named: gain when a known exchange is undone, so that each prediction is held against the truth it should have been
    numbered for; named_moved: whether that is another one than its own; best, best_moved: the same for the order that
    suits all of them best, no truth used twice; nearest: gain with the truth nearest to each alone.
    """

    named: dict[Exchange, Float64]
    named_moved: dict[Exchange, NDArray[np.bool_]]
    best: Float64
    best_moved: NDArray[np.bool_]
    nearest: Float64


def psnr_table(predictions: Sequence[Float32], truths: Sequence[Float32]) -> Float64:
    """Return the PSNR in dB, at most 60, of each prediction (rows) with each truth (columns)."""
    rows = np.stack([np.ravel(one) for one in predictions]).astype(np.float64)
    columns = np.stack([np.ravel(one) for one in truths]).astype(np.float64)
    squares = np.sum(rows**2, axis=1)[:, None] + np.sum(columns**2, axis=1) - 2.0 * rows @ columns.T
    return np.asarray(-10.0 * np.log10(np.maximum(squares / rows.shape[1], _LEAST_ERROR)))


def best_order(table: Float64) -> NDArray[np.int64]:
    """Return, for each row, the column that it gets where the sum is largest and no column is used twice."""
    return np.asarray(linear_sum_assignment(-table)[1], dtype=np.int64)


def reordering(table: Float64, samples: Sequence[Sample], truths: Sequence[SampleKey]) -> Reordering:
    """Return what other orders would gain. table: from :func:`psnr_table`, predictions of one scene and one map."""
    column = {key: index for index, key in enumerate(truths)}
    own = np.array([column[sample.truth] for sample in samples])
    row = np.arange(len(samples))
    base = table[row, own]
    named, moved = {}, {}
    for exchange, order in _orders(truths).items():
        target = np.array([column.get(order[sample.truth], -1) for sample in samples])
        target = np.where(target < 0, own, target)
        named[exchange], moved[exchange] = table[row, target] - base, target != own
    best = best_order(table)
    return Reordering(named, moved, table[row, best] - base, best != own, table.max(axis=1) - base)


def _orders(truths: Sequence[SampleKey]) -> dict[Exchange, dict[SampleKey, SampleKey]]:
    """Return which truth each would be under each exchange; the order is that of those that count."""
    blurs = sorted({key.blur for key in truths})
    focuses = sorted({key.focus for key in truths})
    blur_back = dict(zip(blurs, reversed(blurs), strict=True))
    focus_back = dict(zip(focuses, reversed(focuses), strict=True))
    orders = {
        Exchange.FOCUS_REVERSED: {key: key._replace(focus=focus_back[key.focus]) for key in truths},
        Exchange.BLUR_REVERSED: {key: key._replace(blur=blur_back[key.blur]) for key in truths},
        Exchange.BOTH_REVERSED: {
            key: key._replace(blur=blur_back[key.blur], focus=focus_back[key.focus]) for key in truths
        },
    }
    if blurs == focuses:
        orders[Exchange.TRANSPOSED] = {key: key._replace(blur=key.focus, focus=key.blur) for key in truths}
    return orders
