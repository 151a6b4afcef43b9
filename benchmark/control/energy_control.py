"""Is all light kept? Lights that are blurred, and an even grey."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from bokeh_render.optics import DISPLAY_GAMMA

from . import bars
from .measures import Float64
from .record import Judgement, Verdict, worst
from .runner import Answer
from .spots import all_spots, spots_of
from .targets import (
    BACKGROUND_DISPLAY,
    GREY_BORDER_PX,
    GREY_DEFOCUS_PX,
    GREY_DISPLAY,
    OTHER_GAMMA,
    Sheet,
    grey_stairs,
    light_sheet,
)

_GAMMA_GROUP = 1


@dataclass(frozen=True)
class EnergyEvidence:
    """Light out / in by signed defocus; and an even grey: its mean by column, away from the upper and lower border."""

    defocus_px: Float64
    kept: Float64
    grey: Float64
    grey_border: Float64


def energy_inputs() -> Sheet:
    """Return the sheet of lights with another gamma."""
    return light_sheet(_GAMMA_GROUP, OTHER_GAMMA)


def judge_energy(answers: Mapping[str, Answer]) -> Judgement:
    """Add up light, and see whether an even grey stays even."""
    spots = all_spots(answers)
    defocus = np.array([light.defocus_px for light, _ in spots])
    emitted = np.array([light.light for light, _ in spots])
    kept = np.array([spot.light for _, spot in spots]) / emitted
    other = energy_inputs()
    other_kept = [spot.light / light.light for light, spot in spots_of(other, answers[other.sample.name])]
    grey = answers[grey_stairs().name].display.astype(np.float64).mean(axis=2)
    rows = slice(GREY_BORDER_PX, -GREY_BORDER_PX)
    off = np.abs(grey - GREY_DISPLAY)
    numbers = {
        "worst_kept": float(kept[np.abs(np.log(np.maximum(kept, 1e-9))).argmax()]),
        "median_kept": float(np.median(kept)),
        "grey_error": float(off[rows, GREY_BORDER_PX:-GREY_BORDER_PX].max()),
        "grey_border_error": float(off.max()),
        "kept_at_gamma_3": float(np.median(other_kept)),
    }
    lights = bars.ENERGY.verdict(float(np.abs(kept - 1).max()))
    evenness = bars.GREY.verdict(numbers["grey_error"])
    side: Verdict = "pass" if numbers["grey_border_error"] <= bars.GREY_BORDER else "notice"
    gamma: Verdict = "pass" if bars.ENERGY.verdict(abs(numbers["kept_at_gamma_3"] - 1)) == "pass" else "notice"
    evidence = EnergyEvidence(defocus, kept, grey[rows].mean(axis=0), grey[[0, -1]].mean(axis=0))
    sentence = _energy_sentence(numbers, (lights, evenness, side, gamma), _cause_of_loss(defocus, emitted, kept))
    return Judgement(worst(lights, evenness, side, gamma), numbers, sentence, evidence)


def _cause_of_loss(defocus: Float64, emitted: Float64, kept: Float64) -> str:
    """Return what best explains how the share of light kept goes with radius and brightness."""
    area = np.maximum(np.pi * defocus**2, 1.0)
    background = BACKGROUND_DISPLAY**DISPLAY_GAMMA
    in_display = (emitted + background) ** (1 / DISPLAY_GAMMA) - BACKGROUND_DISPLAY
    averaged = (BACKGROUND_DISPLAY + in_display / area) ** DISPLAY_GAMMA - background
    explanations = {
        "highlights are clipped at white on the way in. If the method can only take such input, score it under "
        "blb-ldr-v1": np.minimum((1 - background) / emitted, 1.0),
        "display values are averaged where light is meant: raise to gamma before, 1 / gamma after blurring": (
            area * averaged / emitted
        ),
        "weights are not divided by the disc's area": area,
    }
    observed = np.log(np.maximum(kept, 1e-9))
    distance = {
        cause: float(np.sqrt(np.mean((observed - np.log(model)) ** 2))) for cause, model in explanations.items()
    }
    best = min(distance, key=lambda cause: distance[cause])
    if distance[best] < 0.5 * float(np.sqrt(np.mean(observed**2))):
        return best
    return (
        "weights that do not sum to 1 over a disc, highlights that are compressed, or discs so wide that they run into "
        "each other (mend the radius first)"
    )


def _energy_sentence(numbers: Mapping[str, float], verdicts: tuple[Verdict, ...], cause: str) -> str:
    lights, evenness, side, gamma = verdicts
    worst_kept, grey = numbers["worst_kept"], numbers["grey_error"]
    if lights != "pass":
        return f"Of a light's energy {_share(worst_kept)} is kept in the worst case. Usual cause: {cause}."
    if evenness != "pass":
        return (
            f"An even grey becomes uneven by {grey:.3f} (display values) where the defocus changes. Usual cause: the "
            "weights that reach a pixel are not divided by their sum."
        )
    if gamma != "pass":
        return (
            f"Light is kept at gamma 2.2, but at gamma {OTHER_GAMMA:g} {_share(numbers['kept_at_gamma_3'])} of it: "
            "MethodInput.gamma is not used. The present protocols have gamma 2.2."
        )
    if side != "pass":
        return (
            f"An even grey changes by {numbers['grey_border_error']:.3f} at the border of the picture. Usual cause: "
            "black padding. Light comes from outside a frame, too."
        )
    return f"Light is kept: {_share(worst_kept)} in the worst case; an even grey changes by {grey:.2g} at most."


def _share(kept: float) -> str:
    return f"{100 * kept:.3g} %"


def grey_steps() -> list[tuple[int, int, float]]:
    """Return (first column, last column + 1, defocus) of each step of the even grey."""
    width = grey_stairs().display.shape[1] // len(GREY_DEFOCUS_PX)
    return [(step * width, (step + 1) * width, defocus) for step, defocus in enumerate(GREY_DEFOCUS_PX)]
