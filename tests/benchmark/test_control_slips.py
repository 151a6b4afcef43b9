"""Every slip that authors make must be caught by the control that is there for it, and blamed on nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.control import run_controls
from bokeh_render.aperture import Aperture
from bokeh_render.optics import light_from_display
from bokeh_render.renderers import render_display
from tests.benchmark.broken_methods import (
    Answer,
    Method,
    at_least_one_px,
    cropped_to_eights,
    dark_border,
    mirrored,
    nan_at_odd_sizes,
    noisy,
    only_in_focus_sharpened,
    raising,
    raw_defocus,
    right,
    shifted,
    soft,
    unnormalised,
    unweighted,
)

SLIPS: dict[str, tuple[Answer, str, str, str, tuple[str, ...]]] = {
    # name: what is done, the control that must catch it, its verdict, words of its sentence, controls that stay "pass"
    "radius halved": (
        lambda s: right(s, s.defocus / 2),
        "radius",
        "fail",
        "taken as the diameter",
        ("energy", "focus"),
    ),
    "radius doubled": (lambda s: right(s, s.defocus * 2), "radius", "fail", "doubled", ("focus",)),
    "raw K, normalised disparity": (
        lambda s: right(s, raw_defocus(s.disparity, s.blur_parameter_raw, s.focus_disparity)),
        "radius",
        "fail",
        "raw K is used with normalised",
        (),
    ),
    "normalised K, raw disparity": (
        lambda s: right(s, raw_defocus(s.disparity_raw, s.blur_parameter, s.focus_disparity_raw)),
        "radius",
        "fail",
        "normalised K is used with raw",
        ("focus",),
    ),
    "radius 10 % too large": (lambda s: right(s, s.defocus * 1.1), "radius", "fail", "1.1", ("edge", "focus")),
    "radius 5 % too small": (
        lambda s: right(s, s.defocus * 0.95),
        "radius",
        "notice",
        "a factor in K",
        ("edge", "focus"),
    ),
    "whole radii, rounded up": (
        lambda s: right(s, 4 * np.sign(s.defocus) * np.ceil(np.abs(s.defocus) / 4)),
        "radius",
        "fail",
        "rounded",
        ("focus",),
    ),
    "radius limited": (
        lambda s: right(s, np.clip(s.defocus, -6, 6)),
        "monotone",
        "fail",
        "limit on the radius",
        ("focus",),
    ),
    "only the background blurs": (
        lambda s: right(s, np.minimum(s.defocus, 0)),
        "radius",
        "fail",
        "in front of it; both should be 1",
        ("focus",),
    ),
    "only the background blurs, planes": (
        lambda s: right(s, np.minimum(s.defocus, 0)),
        "monotone",
        "fail",
        "in front of the focus stays sharp",
        ("focus",),
    ),
    "front blurs more": (
        lambda s: right(s, np.where(s.defocus > 0, 1.3, 1.0) * s.defocus),
        "monotone",
        "fail",
        "sharper behind",
        ("focus",),
    ),
    "soft discs": (soft, "edge", "notice", "smoothed", ("energy",)),
    "sign swapped": (
        lambda s: right(s, -s.defocus),
        "shape",
        "fail",
        "sign of d − d_f is swapped",
        ("radius", "monotone"),
    ),
    "sign lost": (lambda s: right(s, -np.abs(s.defocus)), "shape", "fail", "sign of d − d_f is lost", ("radius",)),
    "polygon upside down": (
        lambda s: right(s, aperture=mirrored(s.aperture)),
        "shape",
        "fail",
        "upside down",
        ("radius", "energy"),
    ),
    "polygon mirrored": (
        lambda s: render_display(s.display[:, ::-1], s.defocus[:, ::-1], aperture=s.aperture)[:, ::-1],
        "shape",
        "fail",
        "mirrored left to right",
        ("radius",),
    ),
    "rotation ignored": (
        lambda s: right(s, aperture=Aperture(blades=s.aperture.blades)),
        "shape",
        "fail",
        "not rotated",
        ("radius",),
    ),
    "opening ignored": (lambda s: right(s, aperture=Aperture()), "shape", "notice", "shape is not used", ("radius",)),
    "polygon of the disc's area": (
        lambda s: right(s, s.defocus / np.sqrt(s.aperture.area)),
        "shape",
        "fail",
        "right shape but",
        ("radius",),
    ),
    "gamma forgotten": (
        lambda s: right(s, gamma=1.0),
        "energy",
        "fail",
        "display values are averaged",
        ("focus", "edge"),
    ),
    "gamma fixed at 2.2": (
        lambda s: right(s, gamma=2.2),
        "energy",
        "notice",
        "MethodInput.gamma is not used",
        ("radius",),
    ),
    "weights of 1": (unnormalised, "energy", "fail", "not divided by the disc's area", ("radius",)),
    "no weight sum": (unweighted, "energy", "fail", "not divided by their sum", ("edge",)),
    "black border": (dark_border, "energy", "notice", "border of the picture", ("radius",)),
    "highlights clipped": (
        lambda s: right(s, display=np.minimum(s.display, 1.0)),
        "energy",
        "fail",
        "clipped at white",
        ("radius", "edge"),
    ),
    "shifted": (shifted, "focus", "fail", "shifted by 1 px to the right and 0 px down", ("edge", "monotone")),
    "shifted lights": (shifted, "radius", "fail", "move by up to 1.0", ("edge", "shape")),
    "in focus blurred": (at_least_one_px, "focus", "fail", "is blurred", ("edge",)),
    "focus off": (only_in_focus_sharpened, "focus", "fail", "With K = 0 the picture stays", ("edge",)),
    "blue and red swapped": (lambda s: right(s)[..., ::-1], "focus", "fail", "red and blue", ("radius",)),
    "light returned": (lambda s: light_from_display(right(s)), "focus", "fail", "in light", ()),
    "values to 255": (lambda s: 255 * right(s), "focus", "fail", "expected 1 = white", ()),
    "NaN at odd sizes": (nan_at_odd_sizes, "robustness", "fail", "odd size 127×61: returned", ("radius", "focus")),
    "sizes cut to eights": (
        cropped_to_eights,
        "robustness",
        "fail",
        "returned an array of shape (56, 120, 3)",
        ("radius", "focus"),
    ),
    "noise": (noisy(), "robustness", "fail", "differs by up to", ("monotone",)),
    "bytes": (lambda s: (255 * np.clip(right(s), 0, 1)).astype(np.uint8), "robustness", "fail", "of uint8 values", ()),
    "negative": (lambda s: right(s) - np.float32(0.01), "robustness", "notice", "as low as -0.010", ()),
    "black lifted": (lambda s: np.maximum(right(s), 0.01), "robustness", "notice", "black: becomes 0.010", ("radius",)),
    "words": (lambda s: "a picture", "robustness", "fail", "returned a str of <U9 values", ()),
    "raises": (raising, "robustness", "fail", "ValueError: no kernel for this size", ()),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_the_right_control_catches_a_slip(slip: str) -> None:
    answer, control, verdict, words, untouched = SLIPS[slip]
    report = run_controls(Method(answer), None, only=(control, *untouched))
    assert report[control].verdict == verdict, report[control]
    assert words in report[control].sentence
    assert {name: report[name].verdict for name in untouched} == dict.fromkeys(untouched, "pass")
