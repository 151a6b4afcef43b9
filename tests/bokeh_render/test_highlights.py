from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bokeh_render.errors import BadInputError
from bokeh_render.highlights import HighlightRecovery, recover_highlights

WHITE = np.ones((2, 3, 3), dtype=np.float32)
FAR = np.zeros((2, 3), dtype=np.float32)


def brightened(value: float, disparity: float, focus: float, settings: HighlightRecovery | None = None) -> float:
    display = np.full((1, 1, 3), value, dtype=np.float32)
    result = recover_highlights(display, np.full((1, 1), disparity, dtype=np.float32), focus, settings)
    assert result.dtype == np.float32
    return float(result[0, 0, 0])


def test_it_is_bokehmes_formula() -> None:
    for value, d in ((1.0, 0.3), (0.9, 0.0), (0.95, 0.61), (2.0, 1.0)):
        m1 = min(max(math.tanh(200 * ((d - 0.5) ** 2 - 0.01)), 0), 1)
        m2 = min(max(math.tanh(10 * (value - 220 / 255)), 0), 1)
        assert brightened(value, d, 0.5) == pytest.approx(value * (1 + 0.4 * m1 * m2), rel=1e-6)


@given(value=st.floats(0, 4, width=32), distance=st.floats(-0.0999, 0.0999))
def test_what_is_in_focus_stays_as_it_is(value: float, distance: float) -> None:
    assert brightened(value, 0.0, distance) == value


@given(value=st.floats(0, 220 / 255 - 1e-6), disparity=st.floats(0, 1))
def test_what_is_not_bright_stays_as_it_is(value: float, disparity: float) -> None:
    assert brightened(value, disparity, 0.5) == np.float32(value)


@given(low=st.floats(0, 3), step=st.floats(0, 1), disparity=st.floats(0, 1), focus=st.floats(0, 1))
def test_brighter_stays_brighter_and_nothing_darkens(low: float, step: float, disparity: float, focus: float) -> None:
    assert brightened(low, disparity, focus) <= brightened(low + step, disparity, focus) + 1e-6
    assert brightened(low, disparity, focus) >= np.float32(low)


def test_each_channel_counts_by_itself() -> None:
    red = np.zeros((1, 1, 3), dtype=np.float32)
    red[..., 0] = 1.0
    result = recover_highlights(red, FAR[:1, :1], 1.0)[0, 0]
    assert result[0] > 1.3
    np.testing.assert_array_equal(result[1:], 0)


def test_parameters_do_what_they_say() -> None:
    white = brightened(1.0, 0.0, 1.0)
    assert brightened(1.0, 0.0, 1.0, HighlightRecovery(gain=0.0)) == 1.0
    assert brightened(1.0, 0.0, 1.0, HighlightRecovery(gain=0.8)) - 1 == pytest.approx(2 * (white - 1), rel=1e-5)
    assert brightened(1.0, 0.0, 1.0, HighlightRecovery(threshold=0.99)) < white
    assert brightened(0.7, 0.0, 1.0, HighlightRecovery(threshold=0.5)) > 0.7
    assert brightened(1.0, 0.0, 1.0, HighlightRecovery(steepness=100)) == pytest.approx(1.4)
    assert brightened(1.0, 0.0, 0.4, HighlightRecovery(in_focus_within=0.5)) == 1.0
    assert brightened(1.0, 0.0, 0.11, HighlightRecovery(focus_steepness=1)) < brightened(1.0, 0.0, 0.11)


def test_the_input_is_not_changed() -> None:
    display = WHITE.copy()
    recover_highlights(display, FAR, 1.0)
    np.testing.assert_array_equal(display, WHITE)


@pytest.mark.parametrize(
    "wrong",
    [{"gain": -0.1}, {"threshold": 1.0}, {"threshold": -0.1}, {"steepness": 0}, {"in_focus_within": -1}, {"gian": 1}]
    + [{"gain": math.nan}, {"focus_steepness": math.inf}, {"focus_steepness": 0}],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        HighlightRecovery(**wrong)


def test_sizes_that_differ_are_refused() -> None:
    with pytest.raises(BadInputError, match="equal height and width"):
        recover_highlights(WHITE, FAR.T, 0.5)
