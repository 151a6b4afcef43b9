from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.ebb400.framing import common_frame
from generator.ebb400.similarity import IDENTITY, Similarity, covered, fit_similarity, moved, nearest_similarity

SIMILARITIES = st.builds(
    Similarity, st.floats(0.9, 1.1), st.floats(-0.05, 0.05), st.floats(-20, 20), st.floats(-20, 20)
)
POINTS = np.array([[0.0, 0.0], [99.0, 0.0], [99.0, 49.0], [0.0, 49.0], [31.5, 7.25]])


@given(SIMILARITIES)
def test_the_inverse_undoes_it(similarity: Similarity) -> None:
    np.testing.assert_allclose(similarity.inverse.apply(similarity.apply(POINTS)), POINTS, atol=1e-9)


@given(SIMILARITIES, SIMILARITIES)
def test_one_after_the_other(first: Similarity, second: Similarity) -> None:
    np.testing.assert_allclose(second.after(first).apply(POINTS), second.apply(first.apply(POINTS)), atol=1e-8)


@given(SIMILARITIES, st.floats(0.1, 8.0))
def test_seen_at_another_size_it_moves_the_same_places(similarity: Similarity, factor: float) -> None:
    """A place is where it is in px areas: the centre of pixel x lies at x + 1/2."""
    places = (POINTS + 0.5) * factor - 0.5
    expected = (similarity.apply(POINTS) + 0.5) * factor - 0.5
    np.testing.assert_allclose(similarity.scaled(factor).apply(places), expected, atol=1e-7)


@given(SIMILARITIES)
def test_it_is_found_from_points_and_from_a_matrix(similarity: Similarity) -> None:
    np.testing.assert_allclose(fit_similarity(POINTS, similarity.apply(POINTS)).matrix, similarity.matrix, atol=1e-8)
    np.testing.assert_allclose(nearest_similarity(similarity.matrix, 50, 100).matrix, similarity.matrix, atol=1e-8)


def test_a_picture_moves_to_the_right_and_down() -> None:
    picture = np.zeros((40, 60), dtype=np.float32)
    picture[10, 20] = 1.0
    shifted = moved(picture, Similarity(1.0, 0.0, 5.0, 3.0))
    assert np.unravel_index(shifted.argmax(), shifted.shape) == (13, 25)
    np.testing.assert_array_equal(moved(picture, IDENTITY), picture)


def test_a_moved_photograph_is_as_sharp_as_interpolation_allows() -> None:
    x = np.arange(200, dtype=np.float32)
    wave = np.tile(0.5 + 0.4 * np.sin(x / 3.0), (64, 1)).astype(np.float32)
    there = Similarity(1.0, 0.0, 0.37, 0.0)
    error = moved(wave, there)[:, 10:-10] - (0.5 + 0.4 * np.sin((x - 0.37) / 3.0))[10:-10]
    assert np.abs(error).max() < 2e-3


@given(SIMILARITIES)
def test_the_frame_is_covered_and_even(similarity: Similarity) -> None:
    frame = common_frame(similarity, 240, 320)
    assert (frame.size[0] % 2, frame.size[1] % 2) == (0, 0)
    assert frame.cut(covered(similarity, 240, 320)).all()


def test_the_frame_of_a_shift_is_what_both_show() -> None:
    frame = common_frame(Similarity(1.0, 0.0, 10.0, -6.0), 100, 200, margin_px=0)
    assert frame == (0, 10, 94, 200)
    assert frame.share_of((100, 200)) == pytest.approx(94 * 190 / 20_000)


def test_nothing_in_common_is_no_share() -> None:
    assert common_frame(Similarity(1.0, 0.0, 300.0, 0.0), 100, 200).share_of((100, 200)) == 0.0
