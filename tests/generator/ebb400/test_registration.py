from __future__ import annotations

import math

import numpy as np
import pytest

from bokeh_render.training_pairs import TrainingPair
from generator.ebb400.refusal import PairRefusedError
from generator.ebb400.registration import RegistrationLimits, register, within
from generator.ebb400.residual import measure_residual
from generator.ebb400.similarity import IDENTITY, Similarity, moved

from .conftest import photographed
from .made_pairs import MadePair, Taking


def test_hand_held_pairs_are_aligned(made: list[MadePair]) -> None:
    for pair in made:
        found = register(pair.wide, pair.shallow)
        assert found.method == "sift"
        assert found.inliers >= 25
        assert np.median(pair.displacement(found.similarity.matrix)) < 0.5
        assert np.median(pair.displacement(IDENTITY.matrix)) > 0.9


def test_without_enough_matches_brightness_decides(made: list[MadePair]) -> None:
    pair = made[0]
    found = register(pair.wide, pair.shallow, RegistrationLimits(fewest_inliers=100_000))
    assert (found.method, found.inliers) == ("ecc", 0)
    assert np.median(pair.displacement(found.similarity.matrix)) < 1.0


def test_it_is_the_same_every_time(made: list[MadePair]) -> None:
    assert register(made[1].wide, made[1].shallow) == register(made[1].wide, made[1].shallow)


def test_two_different_scenes_are_refused(made: list[MadePair]) -> None:
    with pytest.raises(PairRefusedError, match="could not be aligned: neither details nor brightness") as refused:
        register(made[0].wide, made[1].shallow)
    assert refused.value.step == "align"


def test_a_pair_beyond_the_limits_is_refused(scenes: list[TrainingPair]) -> None:
    far = photographed(scenes[0], 1, Taking(turn_deg=0.0, scale=0.0, shift=0.02))
    with pytest.raises(PairRefusedError):
        register(far.wide, far.shallow, RegistrationLimits(shift=0.001))


def test_even_pictures_are_refused() -> None:
    grey = np.full((80, 120, 3), 0.5, dtype=np.float32)
    with pytest.raises(PairRefusedError):
        register(grey, grey)


@pytest.mark.parametrize(
    ("similarity", "allowed"),
    [
        (Similarity(1.03, 0.0, 0.0, 0.0), False),  # about the corner: the centre moves with it
        (Similarity(1.0, math.radians(1.0), 0.0, 0.0), True),
        (Similarity(1.0, math.radians(2.0), 0.0, 0.0), False),
        (Similarity(1.0, 0.0, 9.0, 0.0), True),
        (Similarity(1.0, 0.0, 11.0, 0.0), False),
        (Similarity(1.05, 0.0, -5.0, -2.5), False),
    ],
)
def test_limits(similarity: Similarity, allowed: bool) -> None:
    limits = RegistrationLimits(shift=0.05 if similarity.scale == 1.0 else 0.005)
    assert within(similarity, (100, 200), limits) is allowed


def test_the_residual_is_what_is_left(scenes: list[TrainingPair]) -> None:
    """A shift between two pictures of equal blur is measured to a twentieth of a px or so."""
    sharp = np.clip(scenes[1].display, 0, 1).astype(np.float32)
    everywhere = np.ones(sharp.shape[:2], dtype=bool)
    for shift in (0.0, 0.4, 1.3):
        other = moved(sharp, Similarity(1.0, 0.0, shift, 0.0))
        residual = measure_residual(sharp, other, everywhere)
        assert residual is not None
        assert residual.median_px == pytest.approx(shift, abs=0.08)


def test_without_detail_there_is_no_residual() -> None:
    grey = np.full((192, 256, 3), 0.5, dtype=np.float32)
    assert measure_residual(grey, grey, np.ones((192, 256), dtype=bool)) is None


def test_pictures_far_apart_are_not_taken_for_aligned(scenes: list[TrainingPair]) -> None:
    sharp = np.clip(scenes[1].display, 0, 1).astype(np.float32)
    other = moved(sharp, Similarity(1.0, 0.0, 12.0, 0.0))
    residual = measure_residual(sharp, other, np.ones(sharp.shape[:2], dtype=bool))
    assert residual is not None
    assert residual.median_px > 3.0
