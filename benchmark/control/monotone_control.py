"""A larger K must blur more, and equally in front of the focus and behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import stats

from . import bars
from .exact import blurred_display
from .focus_control import focus_inputs
from .measures import Float64, sharpness
from .record import Judgement, Verdict, worst
from .runner import Answer
from .targets import HEIGHT, PLANE_RADII_PX, WIDTH, plane, plane_texture

_MARGIN_PX = int(1.5 * PLANE_RADII_PX[-1]) + 4
_INNER = (slice(_MARGIN_PX, HEIGHT - _MARGIN_PX), slice(_MARGIN_PX, WIDTH // 2 - _MARGIN_PX))


@dataclass(frozen=True)
class MonotoneEvidence:
    """Sharpness as a share of the input's, by |defocus| (px; 0 first)."""

    radius_px: Float64
    in_front: Float64
    behind: Float64
    ideal: Float64


@cache
def _ideal() -> Float64:
    whole = sharpness(plane_texture()[_INNER])
    blurred = [sharpness(blurred_display(plane_texture(), radius)[_INNER]) / whole for radius in PLANE_RADII_PX]
    return np.array([1.0, *blurred])


def judge_monotone(answers: Mapping[str, Answer]) -> Judgement:
    """Measure sharpness by K on both sides of the focus."""
    names = [focus_inputs()["still"], *(plane(radius).name for radius in PLANE_RADII_PX)]
    pictures = [answers[name].display for name in names]
    whole = sharpness(plane_texture()[_INNER])
    front = np.array([sharpness(picture[:, : WIDTH // 2][_INNER]) / whole for picture in pictures])
    behind = np.array([sharpness(picture[:, WIDTH // 2 :][_INNER]) / whole for picture in pictures])
    radius = np.array([0.0, *PLANE_RADII_PX])
    rising = [int(np.sum(side[1:] > bars.STILL_FALLING * side[:-1])) for side in (front, behind)]
    floor = 1e-6  # below, rounding decides
    unequal = float(np.abs(np.log(np.maximum(front, floor) / np.maximum(behind, floor)))[1:].max())
    left = float(max(front[-1], behind[-1]))
    numbers = {
        "spearman_in_front": _rank_correlation(radius, front),
        "spearman_behind": _rank_correlation(radius, behind),
        "violations": float(sum(rising)),
        "left_at_16_px": left,
        "ideal_at_16_px": float(_ideal()[-1]),
        "front_against_behind": float(np.expm1(unequal)),
    }
    falls: Verdict = "fail" if sum(rising) or left > bars.BLURRED else "pass"
    equal = bars.NEAR_FAR.verdict(numbers["front_against_behind"])
    sentence = _sentence(falls, equal, front, behind, rising)
    return Judgement(worst(falls, equal), numbers, sentence, MonotoneEvidence(radius, front, behind, _ideal()))


def _rank_correlation(radius: Float64, sharp: Float64) -> float:
    return 0.0 if np.ptp(sharp) == 0 else float(stats.spearmanr(radius, sharp).statistic)


def _sentence(falls: Verdict, equal: Verdict, front: Float64, behind: Float64, rising: list[int]) -> str:
    if falls == "pass" and equal == "pass":
        return "More K means more blur, equally in front of the focus and behind it."
    if min(front[-1], behind[-1]) > bars.BLURRED:
        return "A larger K does not blur more. Does K reach the renderer, in pixels per unit of disparity?"
    if max(front[-1], behind[-1]) > bars.BLURRED:
        sharp, blurred = ("in front of", "behind") if front[-1] > behind[-1] else ("behind", "in front of")
        return (
            f"What lies {sharp} the focus stays sharp, what lies {blurred} it is blurred. Usual cause: the sign "
            "of d − d_f is cut off where its absolute value is meant."
        )
    if falls != "pass":
        return (
            f"Sharpness rises with K in {sum(rising)} of {2 * (len(front) - 1)} steps. Usual cause: few discrete "
            "layers or kernels, a limit on the radius, or a network outside the range it was trained on."
        )
    more = "in front of" if front[1:].sum() > behind[1:].sum() else "behind"
    return (
        f"At equal |d − d_f| the picture is sharper {more} the focus. Usual cause: K or disparity is scaled "
        "differently on the two sides, or a focus that is off by a constant."
    )
