"""What was measured on a pair, and on all pairs of a set: as numbers to put pairs in order by, and in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import Any, NamedTuple

from ..stack import PairInfo
from .info import OriginalPairInfo, PairScores, PreparedPairInfo

NUMBERS = {
    "k": "blur parameter K",
    "focus": "focus disparity",
    "residual": "left after alignment",
    "shift": "shift",
    "width": "uncertainty of K",
    "spread": "K by place",
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
            "spread": info.blur.k_spread,
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
    unsure = f"± {100 * blur.width:.0f} %, by place {100 * blur.k_spread:.0f} %"
    return (
        Figure("blur parameter K", f"{info.blur_parameter_normalised:.1f} px", unsure),
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


def summary_of(infos: Sequence[PairInfo], untouched: Sequence[PairScores]) -> dict[str, Any]:
    """Return medians over pairs, and mean scores of the classical renderer, by name, as far as they were measured.

    untouched: scores on the photographs as they came. ``median_residual_px`` is None where no pair has one.
    """
    if not infos:
        return {}
    prepared = [info for info in infos if isinstance(info, PreparedPairInfo)]
    summary: dict[str, Any] = {}
    if prepared:
        residuals = [info.alignment.residual_px for info in prepared if info.alignment.residual_px is not None]
        summary = {
            "median_shift_px": median(map(_shift, prepared)),
            "median_residual_px": median(residuals) if residuals else None,
            "aligned_by_sift": sum(info.alignment.method == "sift" for info in prepared),
            "median_k_width": median(info.blur.width for info in prepared),
            "mostly_nearer_than_focus": sum(info.blur.mostly_nearer for info in prepared),
        }
    summary["median_blur_parameter"] = median(info.blur_parameter_normalised for info in infos)
    summary["median_focus_disparity"] = median(info.focus_disparity_normalised for info in infos)
    for name, scores in (("aligned", [info.scores for info in prepared]), ("original", untouched)):
        if scores:
            summary[f"psnr_{name}"] = sum(one.psnr for one in scores) / len(scores)
            summary[f"ssim_{name}"] = sum(one.ssim for one in scores) / len(scores)
    return summary


def figures_of(infos: Sequence[PairInfo], untouched: Sequence[PairScores]) -> tuple[Figure, ...]:
    """Return in words what :func:`summary_of` returns. infos: one at least."""
    summary = summary_of(infos, untouched)
    figures = [
        Figure("blur parameter K", f"{summary['median_blur_parameter']:.1f} px", "median"),
        Figure("focus disparity", f"{summary['median_focus_disparity']:.2f}", "median"),
    ]
    if "median_shift_px" in summary:
        figures[:0] = [
            Figure("apart as they came", f"{summary['median_shift_px']:.1f} px", "median"),
            Figure("apart, aligned", left_over(summary["median_residual_px"]), "median"),
        ]
    for name, words in (("aligned", "render, aligned"), ("original", "render, untouched")):
        if f"psnr_{name}" in summary:
            psnr, ssim = summary[f"psnr_{name}"], summary[f"ssim_{name}"]
            figures.append(Figure(words, f"{psnr:.2f} dB", f"SSIM {ssim:.3f}, mean"))
    return tuple(figures)


def left_over(residual_px: float | None) -> str:
    """Return in words what is left over after alignment."""
    return "not measured" if residual_px is None else f"{residual_px:.2f} px"
