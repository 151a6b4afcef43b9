"""Numbers as small drawings: where each bar, tick and line goes. What draws them is the page's template."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .info import CurveInfo

HISTOGRAM_SIZE, CURVE_SIZE = (320, 168), (228, 92)
"""Width and height of the two drawings, in their own units."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 12, 26, 132  # of a histogram's axes
_CURVE_LEFT, _CURVE_RIGHT, _CURVE_TOP, _CURVE_BOTTOM = 8, 220, 18, 72
_MOST_BARS = 36
_FEWEST_BARS = 8
_TICKS = 5
_SMALLEST, _LARGEST = 1e-9, 1e30  # what an axis can show


@dataclass(frozen=True)
class Tick:
    """A tick at a place along its axis, and its text."""

    at: float
    text: str


@dataclass(frozen=True)
class Bar:
    """A bar, and what it counts in words."""

    x: float
    y: float
    width: float
    height: float
    text: str


@dataclass(frozen=True)
class Histogram:
    """How a number spreads over the pairs. title: with its unit; left, right, top, bottom: of the axes; median: where
    it lies; median_text; beyond: how many values lie beyond the right end, and are in no bar.
    """

    title: str
    bars: tuple[Bar, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    median: float
    median_text: str
    beyond: int
    left: float = _LEFT
    right: float = HISTOGRAM_SIZE[0] - _RIGHT
    top: float = _TOP
    bottom: float = _BOTTOM


def histogram(
    title: str, values: Sequence[float], unit: str = "", whole: tuple[float, float] | None = None
) -> Histogram:
    """Lay out a histogram of one number or more.

    whole: the axis' ends, where they are known; else it begins at 0 and ends beyond the largest value, but for the few
    that would leave no room for the others.
    """
    given = np.clip(np.asarray(values, dtype=np.float64), -_LARGEST, _LARGEST)
    low, high = whole or (min(0.0, float(given.min())), _right_end(given))
    count = min(_MOST_BARS, max(_FEWEST_BARS, math.ceil(2.0 * math.sqrt(len(given)))))
    step = _nice_step((high - low) / count)
    low, bins = math.floor(low / step + 1e-9) * step, 0
    bins = max(1, math.ceil((high - low) / step - 1e-9))
    edges = low + step * np.arange(bins + 1)
    inside = given[given <= edges[-1] + 1e-6 * step]
    counts = np.bincount(np.clip((inside - low) / step, 0, bins - 1).astype(int), minlength=bins)
    width = HISTOGRAM_SIZE[0] - _RIGHT - _LEFT
    most = max(1, int(counts.max()))

    def across(value: float) -> float:
        return _LEFT + width * (value - low) / (step * bins)

    space = f" {unit}" if unit else ""
    digits = _digits(step)
    bars = tuple(
        Bar(
            round(across(left) + 0.5, 2),
            round(_BOTTOM - (_BOTTOM - _TOP) * int(number) / most, 2),
            round(width / bins - 1.0, 2),
            round((_BOTTOM - _TOP) * int(number) / most, 2),
            f"{int(number)} with {left:.{digits}f} to {left + step:.{digits}f}{space}",
        )
        for left, number in zip(edges[:-1], counts, strict=True)
        if number
    )
    tick = _nice_step(step * bins / _TICKS)
    first = math.ceil(low / tick - 1e-9)
    x_ticks = [
        Tick(round(across(tick * place), 2), f"{tick * place:.{_digits(tick)}f}")
        for place in range(first, math.floor((low + step * bins) / tick + 1e-9) + 1)
    ]
    rung = max(1, round(_nice_step(most / 3)))
    y_ticks = [
        Tick(round(_BOTTOM - (_BOTTOM - _TOP) * number / most, 2), str(number)) for number in range(0, most + 1, rung)
    ]
    middle = float(np.median(given))
    return Histogram(
        title=title if not unit else f"{title}, {unit}",
        bars=bars,
        x_ticks=tuple(x_ticks),
        y_ticks=tuple(y_ticks),
        median=round(min(max(across(middle), _LEFT), _LEFT + width), 2),
        median_text=f"median {middle:.{digits + 1}f}{space}",
        beyond=len(given) - len(inside),
    )


def _right_end(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    """Return the largest value, or three times the nine in ten's where a few lie far beyond that."""
    most = float(values.max())
    usual = 3.0 * float(np.percentile(values, 90))
    end = min(most, usual) if usual > 0 else most
    return end if end > _SMALLEST else 1.0


def _nice_step(least: float) -> float:
    """Return the smallest of 1, 2, 5 × 10^n that is not below ``least``."""
    if least <= 0:
        return 1.0
    ten = 10.0 ** math.floor(math.log10(least))
    return next(factor * ten for factor in (1.0, 2.0, 5.0, 10.0) if factor * ten >= least * (1 - 1e-9))


def _digits(step: float) -> int:
    return max(0, -math.floor(math.log10(step) + 1e-9))


@dataclass(frozen=True)
class CurveDrawing:
    """How likeness depends on K. points: of a polyline; best: its highest point; band: left and right end of the K that
    would do nearly as well; largest_k: at the right end; most: the highest likeness; height: likeness from the bottom
    to the top.
    """

    points: str
    best: tuple[float, float]
    band: tuple[float, float]
    largest_k: str
    text: str
    left: float = _CURVE_LEFT
    right: float = _CURVE_RIGHT
    top: float = _CURVE_TOP
    bottom: float = _CURVE_BOTTOM


def curve_drawing(curve: CurveInfo, width: float) -> CurveDrawing | None:
    """Lay out likeness over K. width: as a share of K, see BlurInfo; None when the curve shows nothing to draw."""
    tried, likeness = np.asarray(curve.tried), np.asarray(curve.likeness)
    if len(tried) < 2 or len(tried) != len(likeness) or tried.max() <= tried.min():
        return None
    order = np.argsort(tried)
    tried, likeness = tried[order], likeness[order]
    low, high = float(likeness.min()), float(likeness.max())

    def across(k: float) -> float:
        share = min(max(k / float(tried[-1]), 0.0), 1.0)
        return round(_CURVE_LEFT + share * (_CURVE_RIGHT - _CURVE_LEFT), 1)

    def up(value: float) -> float:
        share = (value - low) / (high - low) if high > low else 0.5
        return round(_CURVE_BOTTOM - share * (_CURVE_BOTTOM - _CURVE_TOP), 1)

    best = int(np.argmax(likeness))
    k, spread = float(tried[best]), max(width, 0.0)
    return CurveDrawing(
        points=" ".join(f"{across(float(x)):g},{up(float(y)):g}" for x, y in zip(tried, likeness, strict=True)),
        best=(across(k), up(high)),
        band=(across(k / (1.0 + spread)), across(k * (1.0 + spread))),
        largest_k=f"{float(tried[-1]):.3g}",
        text=f"likeness {low:.2f} to {high:.2f}",
    )
