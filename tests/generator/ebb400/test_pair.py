from __future__ import annotations

import cv2
import numpy as np
import pytest

from bokeh_render.training_pairs import TrainingPair
from generator.ebb400.pair import PreparedPair, prepare_pair
from generator.ebb400.refusal import PairRefusedError
from generator.ebb400.settings import PairSettings

from .conftest import photographed
from .made_pairs import MadePair, Taking


@pytest.fixture(scope="module")
def prepared(made: list[MadePair]) -> list[PreparedPair]:
    return [prepare_pair(pair.wide, pair.shallow, pair.disparity) for pair in made]


def test_what_the_camera_did_is_undone(made: list[MadePair], prepared: list[PreparedPair]) -> None:
    """A fast watch: such small pictures tell less than those of docs/checks.md, whose bars are narrower."""
    for truth, found in zip(made, prepared, strict=True):
        assert np.median(truth.displacement(found.registration.similarity.matrix)) < 0.3
        assert found.residual is not None
        assert found.residual.median_px < 0.4
        assert found.blur.blur_parameter == pytest.approx(truth.blur_parameter, rel=0.13)
        assert found.blur.focus_disparity == pytest.approx(truth.focus_disparity, abs=0.07)
        np.testing.assert_allclose(found.photometry.gains, truth.gains, rtol=0.06)


def test_all_of_a_pair_is_of_one_size_and_lies_together(made: list[MadePair], prepared: list[PreparedPair]) -> None:
    for truth, found in zip(made, prepared, strict=True):
        size = found.frame.size
        assert found.wide.shape == found.shallow.shape == found.rendered.shape == (*size, 3)
        assert found.disparity.shape == size
        np.testing.assert_array_equal(found.shallow, found.frame.cut(truth.shallow))
        assert 0.0 <= found.disparity.min() <= found.disparity.max() <= 1.0
        before = float(np.mean((found.frame.cut(truth.wide) - found.shallow) ** 2))
        after = float(np.mean((found.rendered - found.shallow) ** 2))
        assert after < 0.35 * before  # 4.6 dB and more


def test_gains_may_only_be_recorded(made: list[MadePair], prepared: list[PreparedPair]) -> None:
    recorded = prepare_pair(made[0].wide, made[0].shallow, made[0].disparity, PairSettings(photometric="record"))
    assert recorded.photometry.gains == prepared[0].photometry.gains
    assert np.abs(recorded.wide - prepared[0].wide).max() > 0.01


def test_without_alignment_nothing_moves(scenes: list[TrainingPair]) -> None:
    still = photographed(scenes[0], 2, Taking(turn_deg=0.0, scale=0.0, shift=0.0, bend_px=0.0))
    found = prepare_pair(still.wide, still.shallow, still.disparity, PairSettings(align="none", photometric="record"))
    np.testing.assert_array_equal(found.wide, found.frame.cut(still.wide))
    assert (found.registration.method, found.refined) == ("none", False)


def test_an_unaligned_pair_that_is_not_to_be_aligned_is_refused(made: list[MadePair]) -> None:
    with pytest.raises(PairRefusedError, match="aligned, the pair still lies") as refused:
        prepare_pair(
            made[1].wide,
            made[1].shallow,
            made[1].disparity,
            PairSettings(align="none", residual=0.001),
        )
    assert refused.value.step == "align"


def test_too_little_overlap_is_refused(made: list[MadePair]) -> None:
    with pytest.raises(PairRefusedError, match=r"only 9\d % of the picture is in both; expected 99.9 %"):
        prepare_pair(made[1].wide, made[1].shallow, made[1].disparity, PairSettings(overlap=0.999))


def test_a_pair_without_blur_is_doubted(made: list[MadePair]) -> None:
    pair = made[0]
    sharp = np.clip(pair.wide + np.random.default_rng(1).normal(0, 0.01, pair.wide.shape), 0, 1).astype(np.float32)
    assert "hardly more like" in prepare_pair(pair.wide, sharp, pair.disparity).blur.doubts[0]


def test_a_large_pair_is_searched_at_a_smaller_size(made: list[MadePair], prepared: list[PreparedPair]) -> None:
    large = [
        np.asarray(cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC).clip(0, 1), dtype=np.float32)
        for picture in (made[1].wide, made[1].shallow, made[1].disparity)
    ]
    found = prepare_pair(large[0], large[1], large[2], PairSettings(search_px=made[1].wide.shape[1]))
    assert found.wide.shape[0] == pytest.approx(2 * prepared[1].wide.shape[0], abs=8)
    assert found.blur.blur_parameter == pytest.approx(2 * made[1].blur_parameter, rel=0.13)
    assert found.blur.focus_disparity == pytest.approx(made[1].focus_disparity, abs=0.07)
    there = found.registration.similarity.scaled(0.5)
    assert np.median(made[1].displacement(there.matrix)) < 0.3
