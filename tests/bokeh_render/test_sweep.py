from __future__ import annotations

import math
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bokeh_render.errors import BadInputError
from bokeh_render.sweep import parse_sweep, walk_together

FINITE = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e100, max_value=1e100)


def test_a_sweep_reaches_both_ends_evenly() -> None:
    assert parse_sweep("0:40:9", "-K") == (0, 5, 10, 15, 20, 25, 30, 35, 40)
    assert parse_sweep("1:0:3", "--focus") == (1, 0.5, 0)
    assert parse_sweep("20", "-K") == (20,)


@given(start=FINITE, stop=FINITE, count=st.integers(2, 40))
def test_any_sweep_has_its_count_and_its_ends(start: float, stop: float, count: int) -> None:
    values = parse_sweep(f"{start!r}:{stop!r}:{count}", "-K")
    assert (len(values), values[0], values[-1]) == (count, start, stop)
    low, high = min(start, stop), max(start, stop)
    slack = 1e-12 * max(abs(low), abs(high))
    assert all(low - slack <= value <= high + slack for value in values)


@given(value=FINITE)
def test_one_number_is_itself(value: float) -> None:
    assert parse_sweep(repr(value), "-K") == (value,)


@given(text=st.text(max_size=12) | st.text(alphabet="0123456789.:-+enaif", max_size=12))
def test_any_text_gives_finite_numbers_or_one_sentence(text: str) -> None:
    values: tuple[float, ...] = ()
    with suppress(BadInputError):
        values = parse_sweep(text, "-K")
    assert all(math.isfinite(value) for value in values)


@pytest.mark.parametrize(
    "text",
    ["", "abc", "1:2", "1:2:3:4", "0:40:1", "0:40:0", "0:40:-3", "0:40:2.5", "0:40:", "nan", "inf:2:3", "0:1e999:3"],
)
def test_what_is_no_sweep_is_refused(text: str) -> None:
    with pytest.raises(BadInputError, match="^-K is .*expected"):
        parse_sweep(text, "-K")


def test_two_sweeps_run_side_by_side() -> None:
    assert walk_together((1.0, 2.0), (0.5,)) == [(1.0, 0.5), (2.0, 0.5)]
    assert walk_together((3.0,), (0.0, 1.0)) == [(3.0, 0.0), (3.0, 1.0)]
    assert walk_together((1.0, 2.0), (0.0, 1.0)) == [(1.0, 0.0), (2.0, 1.0)]
    assert walk_together((1.0,), (0.0,)) == [(1.0, 0.0)]
    with pytest.raises(BadInputError, match="same count"):
        walk_together((1.0, 2.0), (0.0, 0.5, 1.0))
