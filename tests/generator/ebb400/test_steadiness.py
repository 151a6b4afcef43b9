from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from bokeh_render.optics import Float32
from generator.ebb400.blur_doubts import BlurLimits, blur_doubts
from generator.ebb400.steadiness import Steadiness, measure_steadiness

SIZE = (48, 64)
K, FOCUS = 10.0, 0.5
EVERYWHERE = np.ones(SIZE, dtype=bool)


def unlikeness_of(best_k: Float32, best_focus: float = FOCUS) -> Callable[[float, float], Float32]:
    """Return a picture whose pixels are the most alike at a K each, and all at one focus."""

    def unlikeness(k: float, focus: float) -> Float32:
        away = np.log(k / best_k) ** 2 + (10 * (focus - best_focus)) ** 2
        return (away / (away + 1)).astype(np.float32).ravel()

    return unlikeness


def test_places_that_agree_are_steady() -> None:
    found = measure_steadiness(unlikeness_of(np.full(SIZE, K)), EVERYWHERE, K, FOCUS)
    assert found == Steadiness(0.0, 0.0, pytest.approx(1.0))


def test_few_places_that_disagree_move_k_with_what_is_looked_at() -> None:
    """Three of the 48 parts show detail, and each says another K; all else looks alike with any."""
    best = np.full(SIZE, np.nan)
    for column, factor in enumerate((0.8, 1.0, 1.25)):
        best[:8, 8 * column : 8 * (column + 1)] = factor * K
    telling = unlikeness_of(best)
    found = measure_steadiness(lambda k, focus: np.nan_to_num(telling(k, focus)), EVERYWHERE, K, FOCUS)
    assert 0.1 < found.k < 0.25
    assert found.focus < 0.02
    assert measure_steadiness(lambda k, focus: np.nan_to_num(telling(k, focus)), EVERYWHERE, K, FOCUS) == found


def test_only_counted_pixels_have_a_say() -> None:
    best = np.full(SIZE, K)
    best[:, 32:] = 1.3 * K
    counted = EVERYWHERE.copy()
    counted[:, 32:] = False
    whole = unlikeness_of(best)
    found = measure_steadiness(lambda k, focus: whole(k, focus)[counted.ravel()], counted, K, FOCUS)
    assert found == Steadiness(0.0, 0.0, pytest.approx(1.0))


def test_a_better_place_nearby_is_seen() -> None:
    found = measure_steadiness(unlikeness_of(np.full(SIZE, 1.43 * K), FOCUS + 0.04), EVERYWHERE, K, FOCUS)
    assert found.elsewhere == pytest.approx(1.43)
    assert found.k == pytest.approx(0.0, abs=1e-12)


def test_focus_stays_within_the_disparities_there_are() -> None:
    asked: list[float] = []

    def unlikeness(k: float, focus: float) -> Float32:
        del k
        asked.append(focus)
        return np.zeros(EVERYWHERE.sum(), dtype=np.float32)

    measure_steadiness(unlikeness, EVERYWHERE, K, 0.98)
    assert max(asked) == 1.0


@pytest.mark.parametrize(
    ("found", "doubt"),
    [
        (Steadiness(0.02, 0.01, 1.0), None),
        (Steadiness(0.02, 0.01, 1.06), None),
        (Steadiness(0.2, 0.01, 1.0), "K hangs on a few places: it moves by 20 % .* expected 5 % at most"),
        (Steadiness(0.02, 0.04, 1.0), "the focus hangs on a few places: it moves by 0.040 .* expected 0.025 at most"),
        (Steadiness(0.02, 0.01, 1.67), "1.67 times as much comes closer; expected none"),
        (Steadiness(0.02, 0.01, 0.6), "0.60 times as much comes closer"),
    ],
)
def test_doubts(found: Steadiness, doubt: str | None) -> None:
    told = blur_doubts(10.0, 0.5, 0.1, found, 20.0, BlurLimits())
    assert len(told) == (doubt is not None)
    assert doubt is None or re.search(doubt, told[0])
