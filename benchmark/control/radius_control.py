"""The blur of a point light must be as wide as K * |d - d_f| asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from . import bars
from .measures import Float64
from .record import Judgement, Verdict, worst
from .runner import Answer
from .spots import all_spots, ideal_spot
from .targets import RAW_RANGE

_LINE_FROM_PX = 4.0  # below, the pixel's own size bends the line
_TYPICAL_PX = (3.0, 16.0)  # radii whose cells are wide enough to see a disc 3 times too wide


@dataclass(frozen=True)
class RadiusEvidence:
    """Signed demanded and measured radius of each light, px, what the ruler says of an ideal lens whose image is
    averaged over pixels, and the fitted line.
    """

    defocus_px: Float64
    measured_px: Float64
    ideal_px: Float64
    slope: float
    offset_px: float


def judge_radius(answers: Mapping[str, Answer]) -> Judgement:
    """Fit a line to measured over demanded radii, behind the focus and in front of it."""
    spots = all_spots(answers)
    defocus = np.array([light.defocus_px for light, _ in spots])
    demanded, measured = np.abs(defocus), np.array([spot.radius_px for _, spot in spots])
    straight = demanded >= _LINE_FROM_PX
    slope, offset = _line(demanded[straight], measured[straight])
    behind, front = (
        _line(demanded[side], measured[side])[0] for side in (straight & (defocus < 0), straight & (defocus > 0))
    )
    small = ~straight
    averaged = np.array([ideal_spot(radius).radius_px for radius in demanded])
    nearest = np.clip(measured, demanded, averaged)  # discs may be sampled at pixels or averaged over them
    numbers = {
        "slope": slope,
        "offset_px": offset,
        "residual_px": float(np.abs(measured - slope * demanded - offset)[straight].max()),
        "small_radii_error_px": float(np.abs(measured - nearest)[small].max()),
        "slope_behind": behind,
        "slope_in_front": front,
        "shift_px": float(max(np.hypot(spot.dy, spot.dx) for _, spot in spots if spot.light > 0))
        if measured.any()
        else 0.0,
    }
    verdict = worst(
        bars.SLOPE.verdict(abs(slope - 1)),
        bars.OFFSET_PX.verdict(abs(offset)),
        bars.RESIDUAL_PX.verdict(max(numbers["residual_px"], numbers["small_radii_error_px"])),
        bars.CENTROID_PX.verdict(numbers["shift_px"]),
        "pass" if abs(behind - front) <= bars.SIDES else "fail",
    )
    typical = (demanded >= _TYPICAL_PX[0]) & (demanded <= _TYPICAL_PX[1])
    factor = float(np.median(measured[typical] / demanded[typical]))
    return Judgement(
        verdict,
        numbers,
        _radius_sentence(verdict, numbers, factor),
        RadiusEvidence(defocus, measured, averaged, slope, offset),
    )


def _line(demanded: Float64, measured: Float64) -> tuple[float, float]:
    slope, offset = np.polyfit(demanded, measured, 1)
    return float(slope), float(offset)


def _radius_sentence(verdict: Verdict, numbers: Mapping[str, float], factor: float) -> str:
    slope, offset = numbers["slope"], numbers["offset_px"]
    line = f"measured = {slope:.3f} × demanded {'+' if offset >= 0 else '−'} {abs(offset):.2f} px"
    behind, front = numbers["slope_behind"], numbers["slope_in_front"]
    if verdict == "pass":
        return f"Discs are as wide as K asks: {line}."
    if max(abs(behind), abs(front)) < bars.FLAT_SLOPE:
        return "Lights stay points at every defocus: nothing is blurred. Does K reach the renderer, in pixels?"
    if abs(behind - front) > bars.SIDES:
        return (
            f"Slope {behind:.2f} behind the focus, {front:.2f} in front of it; both should be 1. "
            "Usual cause: the sign of d − d_f is cut off where its absolute value is meant, or one side is scaled "
            "by itself."
        )
    for expected, cause in (
        (0.5, "K is taken as the diameter; it is the radius in pixels per unit of disparity"),
        (
            2.0,
            "the radius is doubled (K is a radius already), or a half-size picture is blurred by full-size radii",
        ),
        (RAW_RANGE.extent, "normalised K is used with raw disparity; use both raw or both normalised"),
        (1 / RAW_RANGE.extent, "raw K is used with normalised disparity; use both raw or both normalised"),
    ):
        if abs(factor / expected - 1) < 0.1:
            return f"Discs are {factor:.2f} times as wide as K asks. Usual cause: {cause}."
    if bars.CENTROID_PX.verdict(numbers["shift_px"]) == verdict != bars.SLOPE.verdict(abs(slope - 1)):
        return (
            f"Lights move by up to {numbers['shift_px']:.2f} px. Usual cause: an even kernel, padding on one side, "
            "or a resize that is not aligned at pixel corners."
        )
    straight = max(numbers["residual_px"], numbers["small_radii_error_px"], abs(offset)) <= bars.RESIDUAL_PX.good
    cause = (
        "a factor in K: another picture width, a resize, or a rounded constant"
        if straight
        else "radii rounded to whole pixels or to few layers, a limit on the radius, or display values averaged where "
        "light is meant"
    )
    return f"{line[0].upper()}{line[1:]}, off the line by up to {numbers['residual_px']:.2f} px. Usual cause: {cause}."
