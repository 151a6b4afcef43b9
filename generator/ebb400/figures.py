"""What was measured on a pair, and on all pairs of a set: as numbers to put pairs in order by, and in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from statistics import median
from typing import NamedTuple

from ..stack import PairInfo
from .info import OriginalPairInfo, PairScores, PreparedPairInfo

NUMBERS = {
    "k": "blur parameter K",
    "focus": "focus disparity",
    "residual": "left after alignment",
    "shift": "shift",
    "width": "uncertainty of K",
    "likeness": "likeness",
    "psnr": "PSNR of the render",
    "nearer": "share in front of the focus",
}
"""What pairs can be put in order by: keys of :func:`numbers_of`, and their words."""


class Figure(NamedTuple):
    """A value with its name, in words; more: what helps to read it."""

    name: str
    value: str
    more: str = ""


def numbers_of(info: PairInfo) -> dict[str, float]:
    """Return a pair's numbers, as far as they were measured, by the keys of NUMBERS."""
    numbers = {"k": info.blur_parameter_normalised, "focus": info.focus_disparity_normalised}
    if isinstance(info, PreparedPairInfo):
        numbers |= {
            "shift": _shift(info),
            "width": info.blur.width,
            "likeness": info.blur.likeness,
            "nearer": info.blur.nearer,
        }
        if info.alignment.residual_px is not None:
            numbers["residual"] = info.alignment.residual_px
    if isinstance(info, PreparedPairInfo | OriginalPairInfo):
        numbers["psnr"] = info.scores.psnr
    return numbers


def facts_of(info: PairInfo, untouched: PairScores | None) -> tuple[Figure, ...]:
    """Return what was measured on a pair, K first. untouched: scores on the photographs as they came, where known."""
    if isinstance(info, PreparedPairInfo):
        return _prepared_facts(info, untouched)
    k = Figure("blur parameter K", f"{info.blur_parameter_normalised:.1f} px")
    if isinstance(info, OriginalPairInfo):
        return k, Figure("classical render", _scores(info.scores))
    return (k, Figure("largest blur", f"{_largest_blur(info):.1f} px", "radius, where disparity is 0 or 1"))


def _largest_blur(info: PairInfo) -> float:
    focus = info.focus_disparity_normalised
    return info.blur_parameter_normalised * max(focus, 1.0 - focus)


def _prepared_facts(info: PreparedPairInfo, untouched: PairScores | None) -> tuple[Figure, ...]:
    blur, photometric = info.blur, info.photometric
    return (
        Figure("blur parameter K", f"{info.blur_parameter_normalised:.1f} px", f"± {100 * blur.width:.0f} %"),
        Figure("likeness", f"{blur.likeness:.2f}", f"blur explains {100 * blur.gain:.0f} %"),
        Figure("compared", f"{100 * blur.pixels:.0f} %", f"{100 * blur.nearer:.0f} % in front of focus"),
        Figure(
            "classical render",
            _scores(info.scores),
            "" if untouched is None else f"untouched {_scores(untouched)}",
        ),
        *_alignment_facts(info),
        Figure(
            "colour gains",
            " ".join(f"{gain:.2f}" for gain in photometric.gains),
            "applied" if photometric.applied else "only noted",
        ),
        Figure("gamma", f"{blur.gamma:.1f}", "effective"),
    )


def _alignment_facts(info: PreparedPairInfo) -> tuple[Figure, ...]:
    alignment = info.alignment
    if alignment.residual_px is None or alignment.residual_ninetieth_px is None:
        left = Figure("left over", "not measured", "too little detail")
    else:
        left = Figure(
            "left over", f"{alignment.residual_px:.2f} px", f"9 in 10 below {alignment.residual_ninetieth_px:.2f} px"
        )
    if alignment.method == "none":
        return left, Figure("alignment", "none")
    dx, dy = alignment.shift_px
    how = "ECC" if alignment.method == "ecc" else f"{alignment.method.upper()}, {alignment.inliers} matches"
    return (
        left,
        Figure(
            "wide moved by",
            f"{dx:+.1f}, {dy:+.1f} px",
            f"turned {alignment.turn_deg:+.2f}°, × {alignment.scale:.4f}",
        ),
        Figure(
            "alignment",
            how,
            f"{'refined, ' if alignment.refined else ''}overlap {100 * alignment.overlap:.0f} %",
        ),
    )


def photographs_of(info: PairInfo) -> str:
    """Return what its photographs are called, empty where that is not known."""
    if isinstance(info, PreparedPairInfo | OriginalPairInfo):
        return f"{info.wide.file}, {info.shallow.file}"
    return ""


def _scores(scores: PairScores) -> str:
    return f"{scores.psnr:.1f} dB, {scores.ssim:.3f}"


def _shift(info: PreparedPairInfo) -> float:
    return math.hypot(*info.alignment.shift_px)


def figures_of(infos: Sequence[PairInfo], untouched: Sequence[PairScores]) -> tuple[Figure, ...]:
    """Return what is worth knowing of all pairs. untouched: scores on the photographs as they came."""
    prepared = [info for info in infos if isinstance(info, PreparedPairInfo)]
    figures = [
        Figure("blur parameter K", _middle(infos, lambda info: info.blur_parameter_normalised, ".1f", "px"), "median"),
        Figure("focus disparity", _middle(infos, lambda info: info.focus_disparity_normalised, ".2f"), "median"),
    ]
    if prepared:
        left = [info.alignment.residual_px for info in prepared if info.alignment.residual_px is not None]
        shifts = [_shift(info) for info in prepared]
        figures[:0] = [
            Figure("apart as they came", f"{median(shifts):.1f} px", "median"),
            Figure("apart, aligned", f"{median(left):.2f} px" if left else "not measured", "median"),
        ]
        figures.append(Figure("render, aligned", *_mean_scores([info.scores for info in prepared])))
    if untouched:
        figures.append(Figure("render, untouched", *_mean_scores(untouched)))
    return tuple(figures)


def _middle(infos: Sequence[PairInfo], of: Callable[[PairInfo], float], digits: str, unit: str = "") -> str:
    return f"{median(of(info) for info in infos):{digits}} {unit}".rstrip()


def _mean_scores(scores: Sequence[PairScores]) -> tuple[str, str]:
    psnr, ssim = (sum(values) / len(scores) for values in ([s.psnr for s in scores], [s.ssim for s in scores]))
    return f"{psnr:.2f} dB", f"SSIM {ssim:.3f}, mean"
