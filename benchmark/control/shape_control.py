"""The image of a light must have the shape of the opening, the right way up behind the focus, turned over in front."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bokeh_render.aperture import Aperture

from . import bars
from .exact import rim_px
from .measures import ANGLES_RAD, Float64, light_of, rim_by_angle
from .record import Judgement, Verdict, worst
from .runner import Answer
from .spots import spots_of
from .targets import BACKGROUND_LIGHT, POLYGON_RADIUS_PX, POLYGONS, polygon_sheet

_ROUND = 0.35  # of the rim's true variation: with less than this the opening's shape is not used
_CLEARLY = 0.5  # a wrong orientation is named if its error is less than this share of the right one's


@dataclass(frozen=True)
class Rim:
    """One polygon on one side of the focus; rims in px at ANGLES_RAD."""

    polygon: str
    in_front: bool
    true_px: Float64
    measured_px: Float64

    @property
    def name(self) -> str:
        """For tables and plots."""
        return f"{self.polygon} {'in front' if self.in_front else 'behind'}"


@dataclass(frozen=True)
class ShapeEvidence:
    """All rims that were measured."""

    rims: Sequence[Rim]


def judge_shape(answers: Mapping[str, Answer]) -> Judgement:
    """Measure rims by angle and compare them with the openings'."""
    rims = [rim for name in POLYGONS for rim in _rims(name, answers)]
    errors = {rim.name: _rms(rim.measured_px - rim.true_px) / POLYGON_RADIUS_PX for rim in rims}
    verdict = worst(*(bars.RIM_SHARE.verdict(error) for error in errors.values()))
    numbers = {f"rim_error_{name.replace(' ', '_')}": error for name, error in errors.items()}
    numbers["variation"] = float(np.median([rim.measured_px.std() / rim.true_px.std() for rim in rims]))
    numbers["scale"] = float(np.median([rim.measured_px.mean() / rim.true_px.mean() for rim in rims]))
    if verdict == "pass":
        sentence = (
            "Polygons keep their shape and turn over in front of the focus: rims are within "
            f"{100 * max(errors.values()):.1f} % of the radius (RMS)."
        )
    else:
        verdict, sentence = _what_is_wrong(verdict, rims, numbers)
    return Judgement(verdict, numbers, sentence, ShapeEvidence(rims))


def _rims(polygon: str, answers: Mapping[str, Answer]) -> list[Rim]:
    sheet = polygon_sheet(polygon)
    answer = answers[sheet.sample.name]
    light = light_of(answer.display, sheet.sample.gamma)
    rims = []
    for one, spot in spots_of(sheet, answer):
        rows, columns = one.cell
        measured = rim_by_angle(light[one.cell], one.y - rows.start, one.x - columns.start, BACKGROUND_LIGHT, spot)
        in_front = one.defocus_px > 0
        rims.append(
            Rim(polygon, in_front, rim_px(POLYGONS[polygon], POLYGON_RADIUS_PX, ANGLES_RAD, in_front), measured)
        )
    return rims


def _rms(values: Float64) -> float:
    return float(np.sqrt(np.mean(values**2)))


def _what_is_wrong(verdict: Verdict, rims: Sequence[Rim], numbers: Mapping[str, float]) -> tuple[Verdict, str]:
    if not any(rim.measured_px.any() for rim in rims) or numbers["scale"] < 0.1:
        return "fail", "There are no discs: lights stay points, so that they have no shape."
    if numbers["variation"] < _ROUND:
        return "notice", (
            "The opening's shape is not used: every opening gives round discs. That costs nothing on data sets made "
            "with a round opening; say so in the method's description."
        )
    right = _misfit(rims, _as_told)
    misfits = {text: _misfit(rims, model) for text, model in _WRONG_WAYS.items()}
    best = min(misfits, key=lambda text: misfits[text])
    if misfits[best] < _CLEARLY * right:
        return "fail", f"Polygons {best}."
    if right <= bars.RIM_SHARE.good:
        return verdict, (
            f"Polygons have the right shape but are {numbers['scale']:.3f} times as large. Usual cause: a polygon of "
            "the disc's area, or around the disc; its corners should lie on the disc."
        )
    return verdict, (
        f"Rims of polygons are off by up to {100 * _largest(numbers):.1f} % of the radius (RMS). Usual cause: a soft "
        "or coarse kernel, rounded corners, or another number of blades."
    )


def _largest(numbers: Mapping[str, float]) -> float:
    return max(value for name, value in numbers.items() if name.startswith("rim_error"))


_Model = Callable[[Rim, Aperture], Float64]


def _misfit(rims: Sequence[Rim], model: _Model) -> float:
    """Return the RMS difference of measured rims to a model, as a share of the radius, whatever their size."""
    off = []
    for rim in rims:
        expected = model(rim, POLYGONS[rim.polygon])
        off.append(rim.measured_px / max(float(rim.measured_px.mean()), 1e-9) - expected / expected.mean())
    return _rms(np.concatenate(off))


def _as_told(rim: Rim, aperture: Aperture) -> Float64:
    return rim_px(aperture, 1.0, ANGLES_RAD, rim.in_front)


_WRONG_WAYS: dict[str, _Model] = {
    "stand the wrong way round on both sides of the focus. Usual cause: the sign of d − d_f is swapped "
    "(a depth map in place of disparity?)": lambda rim, aperture: rim_px(aperture, 1.0, ANGLES_RAD, not rim.in_front),
    "are not turned by half a turn in front of the focus. Usual cause: the sign of d − d_f is lost": (
        lambda _, aperture: rim_px(aperture, 1.0, ANGLES_RAD, in_front=False)
    ),
    "are upside down or rotated the other way. Usual cause: rows count downwards, but angles run counter-clockwise": (
        lambda rim, aperture: rim_px(aperture, 1.0, -ANGLES_RAD, rim.in_front)
    ),
    "are mirrored left to right. Usual cause: a convolution in place of a correlation along one axis": (
        lambda rim, aperture: rim_px(aperture, 1.0, np.pi - ANGLES_RAD, rim.in_front)
    ),
    "are not rotated: rotation_rad is not used": (
        lambda rim, aperture: rim_px(Aperture(blades=aperture.blades), 1.0, ANGLES_RAD, rim.in_front)
    ),
}
