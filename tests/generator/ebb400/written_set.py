"""A small prepared set, written by the real run, but for the search: each pair is found as it was made."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import numpy as np

from bokeh_render.imagefile import write_image
from bokeh_render.optics import DISPLAY_GAMMA, Float32
from generator.ebb400.blur_search import BlurEstimate, Curve, render_pair
from generator.ebb400.disparity_folder import DisparityFolder
from generator.ebb400.framing import Frame
from generator.ebb400.pair import PreparedPair
from generator.ebb400.photometry import NEUTRAL
from generator.ebb400.prepare import Prepared, prepare
from generator.ebb400.refusal import PairRefusedError
from generator.ebb400.registration import Registration
from generator.ebb400.residual import Residual
from generator.ebb400.selection import IdList, Selection
from generator.ebb400.settings import PairSettings
from generator.ebb400.similarity import IDENTITY
from generator.ebb400.source import open_ebb
from generator.ebb400.steadiness import Steadiness

from .drawn_scene import drawn_scene

K, FOCUS = 5.0, 0.8
READY, DOUBTFUL, REFUSED, NO_MAP, NO_PARTNER = (1, 12), 3, 4, 5, 6
"""Ids; the doubtful pair is ready too."""
DOUBT, REFUSAL = "K is not clear: <30 % more would do as well>", "the pair lies 2 px apart; expected 1 px"
_WIDTHS = {1: 128, 12: 64, 3: 130, 4: 132, 5: 134, 6: 136}
"""The made pairs are told apart by their width; one is upright."""


def write_set(root: Path, selection: Selection | None = None) -> tuple[Path, Prepared]:
    """Write photographs, maps and, from them, a set; without a selection, of every id. Return its folder as well."""
    for identifier, width in _WIDTHS.items():
        wide, disparity = drawn_scene(identifier, height=96, width=width, things=8)
        shallow = render_pair(wide, disparity, K, FOCUS, DISPLAY_GAMMA, threads=1)
        write_image(root / "ebb" / "original" / f"{identifier}.jpg", wide)
        if identifier != NO_PARTNER:
            write_image(root / "ebb" / "bokeh" / f"{identifier}.jpg", shallow)
        if identifier != NO_MAP:
            write_image(root / "maps" / f"{identifier}.png", disparity, bits=16)
    with patch("generator.ebb400.pair_work.prepare_pair", _found_as_made):
        prepared = prepare(
            open_ebb(root / "ebb"),
            selection or IdList(ids=tuple(_WIDTHS)),
            DisparityFolder(root / "maps", "disparity"),
            root / "set",
            settings=PairSettings(clear=False),
            jobs=1,
        )
    return root / "set", prepared


def _found_as_made(
    wide: Float32, shallow: Float32, disparity: Float32, settings: PairSettings, *, threads: int = 1
) -> PreparedPair:
    del settings
    height, width = disparity.shape
    if width == _WIDTHS[REFUSED]:
        raise PairRefusedError("align", REFUSAL)
    curve = Curve((0.0, 2.5, K, 7.5, 10.0), (0.3, 0.6, 0.9, 0.7, 0.5))
    return PreparedPair(
        wide=wide,
        shallow=shallow,
        disparity=disparity,
        rendered=render_pair(wide, disparity, K, FOCUS, DISPLAY_GAMMA, threads),
        registration=Registration(IDENTITY, "sift", 42),
        refined=True,
        frame=Frame(0, 0, height, width),
        overlap=1.0,
        residual=None if width == _WIDTHS[DOUBTFUL] else Residual(0.1, 0.2, 9),
        photometry=NEUTRAL,
        blur=BlurEstimate(
            blur_parameter=K,
            focus_disparity=FOCUS,
            gamma=2.2,
            likeness=0.9,
            k_curve=curve,
            gamma_curve=Curve((1.0, 2.2), (0.5, 0.9)),
            width=0.2,
            steadiness=Steadiness(0.01, 0.002, 1.0),
            gain=0.8,
            pixels=0.7,
            nearer=float(np.mean(disparity > FOCUS + 0.1)),
            doubts=(DOUBT,) if width == _WIDTHS[DOUBTFUL] else (),
        ),
    )
