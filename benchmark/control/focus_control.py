"""Does what is in focus stay as it is? At K = 0 everywhere, otherwise away from edges in depth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from bokeh_render.optics import Float32, display_from_light, light_from_display

from . import bars
from .measures import Float64, largest_difference, psnr_db, sharpness
from .record import Judgement, Verdict, worst
from .runner import Answer
from .targets import FOCUS_RADIUS_PX, WIDTH, two_planes

FROM_EDGE_PX = int(1.5 * FOCUS_RADIUS_PX) + 4
"""Pixels this near the edge in depth are not judged: the blurred half may reach over it."""

_LIKE_DB = 35.0  # an explanation must fit this well
_FARTHEST_PX = 3


@dataclass(frozen=True)
class FocusEvidence:
    """Largest |out - in| of each column, display values: at K = 0, focus on the near (left) half, on the far half."""

    still: Float64
    near: Float64
    far: Float64


def focus_inputs() -> dict[str, str]:
    """Return the names of the inputs by what they are for."""
    return {
        "still": two_planes("K = 0", 0.0, 0.5).name,
        "near": two_planes("focus on the near half", FOCUS_RADIUS_PX, 1.0).name,
        "far": two_planes("focus on the far half", FOCUS_RADIUS_PX, 0.0).name,
    }


def judge_focus(answers: Mapping[str, Answer]) -> Judgement:
    """Compare output and input where they must be equal."""
    names = focus_inputs()
    given = answers[names["still"]].sample.display
    result = {what: answers[name].display for what, name in names.items()}
    half = WIDTH // 2
    judged = {
        "k0": (slice(None), result["still"]),
        "near": (slice(0, half - FROM_EDGE_PX), result["near"]),
        "far": (slice(half + FROM_EDGE_PX, WIDTH), result["far"]),
    }
    numbers: dict[str, float] = {}
    verdicts: list[Verdict] = []
    for name, (columns, picture) in judged.items():
        loss = psnr_db(picture[:, columns], given[:, columns])
        numbers[f"{name}_psnr_db"] = loss
        numbers[f"{name}_max"] = largest_difference(picture[:, columns], given[:, columns])
        verdicts.append(bars.FOCUS_DB.verdict(loss))
    verdict = worst(*verdicts)
    evidence = FocusEvidence(
        *(np.abs(picture - given).max(axis=(0, 2)).astype(np.float64) for picture in result.values())
    )
    return Judgement(verdict, numbers, _sentence(verdict, numbers, result, given), evidence)


def _sentence(verdict: Verdict, numbers: Mapping[str, float], result: Mapping[str, Float32], given: Float32) -> str:
    least = min(numbers[f"{name}_psnr_db"] for name in ("k0", "near", "far"))
    if verdict == "pass":
        largest = max(numbers[f"{name}_max"] for name in ("k0", "near", "far"))
        return f"What is in focus stays as it is: PSNR {least:.0f} dB at least, largest difference {largest:.2g}."
    cause = _explanation(result["still"], given)
    if cause:
        return f"At K = 0 the picture is {cause}"
    if bars.FOCUS_DB.verdict(numbers["k0_psnr_db"]) == "pass":
        return (
            f"With K = 0 the picture stays as it is, but what is in focus changes beside blur: PSNR {least:.1f} dB. "
            "Usual cause: layers that mix, a focus that is off by a constant, or a network's own softness."
        )
    kept = sharpness(result["still"]) / sharpness(given)
    change = "blurred" if kept < 0.97 else "sharpened" if kept > 1.03 else "changed"
    return (
        f"What is in focus is {change}: PSNR {least:.1f} dB, at K = 0 {numbers['k0_psnr_db']:.1f} dB. Usual cause: a "
        "smallest radius above 0, a resize there and back, or lossy files."
    )


def _explanation(out: Float32, given: Float32) -> str:
    """Return which slip turns the input into the output at K = 0, empty if none does."""
    if float(np.median(out)) > 20 * float(np.median(given)):
        return "far too bright: values to 255 were returned; expected 1 = white."
    shift = _best_shift(out, given)
    if shift != (0, 0):
        return (
            f"shifted by {shift[1]} px to the right and {shift[0]} px down. Usual cause: an even kernel, "
            "padding on one side, or a resize that is not aligned."
        )
    slips: dict[str, Callable[[Float32], Float32]] = {
        "right but for red and blue, which are swapped. Usual cause: OpenCV reads BGR.": lambda a: a[..., ::-1],
        "in light: raise it to 1 / gamma before returning it.": light_from_display,
        "raised to 1 / gamma once too often.": display_from_light,
        "upside down.": lambda a: a[::-1],
        "mirrored.": lambda a: a[:, ::-1],
    }
    fits = {text: psnr_db(out, slip(given)) for text, slip in slips.items()}
    best = max(fits, key=lambda text: fits[text])
    return best if fits[best] > max(_LIKE_DB, psnr_db(out, given) + 3.0) else ""


def _best_shift(out: Float32, given: Float32) -> tuple[int, int]:
    """Return by how many whole pixels (down, right) the output stands off; (0, 0) if no shift explains it."""
    reach = _FARTHEST_PX
    inner = given[reach:-reach, reach:-reach]
    fits = {}
    for down in range(-reach, reach + 1):
        for right in range(-reach, reach + 1):
            window = out[reach + down : out.shape[0] - reach + down, reach + right : out.shape[1] - reach + right]
            fits[down, right] = psnr_db(window, inner)
    best = max(fits, key=lambda shift: fits[shift])
    return best if fits[best] > max(_LIKE_DB, fits[0, 0] + 3.0) else (0, 0)
