from __future__ import annotations

import re

import numpy as np
import pytest
from numpy.typing import NDArray

from bokeh_render.optics import DISPLAY_GAMMA, Float32
from bokeh_render.training_pairs import TrainingPair
from generator.ebb400.blur_doubts import BlurLimits, blur_doubts
from generator.ebb400.blur_search import (
    BlurEstimate,
    Curve,
    Guess,
    _peak,
    _shape,
    find_blur,
    guess_blur,
    render_pair,
)
from generator.ebb400.defocus_fit import calm, clipped_pixels, ladder, reached_by_clipped
from generator.ebb400.refusal import PairRefusedError
from generator.ebb400.steadiness import Steadiness

K, FOCUS = 6.0, 0.7
Mask = NDArray[np.bool_]


def guessed(wide: Float32, shallow: Float32, disparity: Float32, valid: Mask) -> Guess:
    return guess_blur(wide, shallow, disparity, valid, clipped_pixels(wide))


def found_blur(wide: Float32, shallow: Float32, disparity: Float32, valid: Mask, guess: Guess) -> BlurEstimate:
    return find_blur(wide, shallow, disparity, valid, clipped_pixels(wide), guess)


def given(scenes: list[TrainingPair]) -> tuple[Float32, Float32, Mask]:
    wide = np.clip(scenes[1].display, 0, 0.96).astype(np.float32)
    return wide, scenes[1].disparity, np.ones(wide.shape[:2], dtype=bool)


def test_it_finds_what_the_renderer_was_told(scenes: list[TrainingPair]) -> None:
    wide, disparity, valid = given(scenes)
    shallow = render_pair(wide, disparity, K, FOCUS, DISPLAY_GAMMA, 1)
    guess = guessed(wide, shallow, disparity, valid)
    assert guess.blur_parameter == pytest.approx(K, rel=0.15)
    assert guess.focus_disparity == pytest.approx(FOCUS, abs=0.06)
    found = found_blur(wide, shallow, disparity, valid, guess)
    assert found.blur_parameter == pytest.approx(K, rel=0.02)
    assert found.focus_disparity == pytest.approx(FOCUS, abs=0.01)
    assert found.gamma == pytest.approx(DISPLAY_GAMMA, abs=0.15)
    assert found.doubts == ()
    assert found.k_curve.tried[0] == 0.0
    assert max(found.k_curve.likeness) == found.likeness


def test_another_gamma_is_noticed(scenes: list[TrainingPair]) -> None:
    wide, disparity, valid = given(scenes)
    shallow = render_pair(wide, disparity, K, FOCUS, 3.6, 1)
    found = found_blur(wide, shallow, disparity, valid, Guess(K, FOCUS))
    assert found.gamma == pytest.approx(3.6, abs=0.5)


def test_a_pair_without_blur_is_doubted(scenes: list[TrainingPair]) -> None:
    wide, disparity, valid = given(scenes)
    noisy = wide + np.random.default_rng(1).normal(0, 0.01, wide.shape).astype(np.float32)
    found = found_blur(wide, noisy, disparity, valid, guessed(wide, noisy, disparity, valid))
    assert found.doubts
    assert "hardly more like" in found.doubts[0]


def test_a_map_of_another_scene_is_doubted_or_unlike(scenes: list[TrainingPair]) -> None:
    wide, disparity, valid = given(scenes)
    shallow = render_pair(wide, disparity, K, FOCUS, DISPLAY_GAMMA, 1)
    right = found_blur(wide, shallow, disparity, valid, guessed(wide, shallow, disparity, valid))
    wrong = np.ascontiguousarray(disparity[::-1, ::-1])
    found = found_blur(wide, shallow, wrong, valid, guessed(wide, shallow, wrong, valid))
    assert found.likeness < right.likeness - 0.2


@pytest.mark.parametrize(
    ("k", "gain", "width", "doubt"),
    [
        (10.0, 0.5, 0.1, None),
        (19.9, 0.5, 0.1, "K lies at the end of what was searched, blur over 6 % of the longer side"),
        (10.0, 0.05, 0.1, r"hardly more like the shallow one \(5 % of the difference goes; expected 10 %\)"),
        (10.0, 0.5, 0.5, "K is not clear: 50 % more or less would do as well; expected 35 % at most"),
    ],
)
def test_doubts(k: float, gain: float, width: float, doubt: str | None) -> None:
    found = blur_doubts(k, gain, width, Steadiness(0.0, 0.0, 1.0), 20.0, BlurLimits())
    assert len(found) == (doubt is not None)
    assert doubt is None or re.search(doubt, found[0])


def test_nothing_to_compare_is_refused(scenes: list[TrainingPair]) -> None:
    wide, disparity, valid = given(scenes)
    with pytest.raises(PairRefusedError, match="only 0 % of the picture can be compared"):
        found_blur(wide, wide, disparity, np.zeros_like(valid), Guess(K, FOCUS))


def test_focus_in_the_far_end_is_told(scenes: list[TrainingPair]) -> None:
    """As with a map in which near and far are exchanged: most of the picture is then nearer than the focus."""
    wide, disparity, valid = given(scenes)
    shallow = render_pair(wide, disparity, K, 0.0, DISPLAY_GAMMA, 1)
    found = found_blur(wide, shallow, disparity, valid, Guess(K, 0.0))
    assert found.nearer == pytest.approx(float((disparity > found.focus_disparity + 0.1).mean()))
    assert found.nearer > 0.5


def test_the_ladder_ascends_to_its_end() -> None:
    for largest in (3.0, 11.0, 97.0):
        radii = ladder(largest)
        assert radii[0] == 0.0
        assert radii[-1] == largest
        assert (np.diff(radii) > 0).all()


def test_calm_is_away_from_jumps() -> None:
    disparity = np.zeros((60, 80), dtype=np.float32)
    disparity[:, 40:] = 1.0
    found = calm(disparity, 5.0, 1.0)  # the far half is blurred by 5 px, which reaches over the edge
    assert not found[:, 34:45].any()
    assert found[:, :30].all()
    assert found[:, 50:].all()
    assert calm(np.zeros((20, 20), dtype=np.float32), 5.0, 1.0).all()


def test_clipped_light_reaches_as_far_as_its_blur() -> None:
    wide = np.full((60, 80, 3), 0.5, dtype=np.float32)
    wide[30, 40] = 1.0
    reached = reached_by_clipped(clipped_pixels(wide), np.zeros((60, 80), dtype=np.float32), 5.0, 1.0)
    assert reached[30, 34:47].all()
    assert not reached[30, :32].any()
    assert not reached[:20].any()


def test_the_curve_is_read() -> None:
    tried = (0.0, 5.0, 8.0, 10.0, 12.0, 20.0)
    gain, width = _shape(Curve(tried, (0.5, 0.6, 0.88, 0.9, 0.88, 0.6)))
    assert gain == pytest.approx(0.8)
    assert 0.2 < width < 0.5  # the likeness falls by .04 soon after 12 and before 8
    assert _peak(Curve((1.0, 2.0, 3.0), (0.5, 0.9, 0.7))) == pytest.approx(2.1667, abs=1e-3)
    assert _peak(Curve((1.0, 2.0, 3.0), (0.9, 0.5, 0.1))) == 1.0
