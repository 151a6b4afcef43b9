from __future__ import annotations

import numpy as np
import pytest

from bokeh_render.optics import Float32, display_from_light, light_from_display
from bokeh_render.training_pairs import TrainingPair
from generator.ebb400.photometry import NEUTRAL, doubts_of, measure_photometry

GAINS = np.array([0.9, 1.0, 1.12])


def scene(scenes: list[TrainingPair]) -> Float32:
    return np.asarray(np.clip(scenes[1].display * 0.8, 0.05, 1), dtype=np.float32)


def darkened(display: Float32, gains: Float32, a: float = 0.0, b: float = 0.0) -> Float32:
    height, width = display.shape[:2]
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    r2 = (x**2 + (height / width * y) ** 2) / (1 + (height / width) ** 2)
    light = light_from_display(display) * gains * (1 + a * r2 + b * r2**2)[..., None]
    return np.clip(display_from_light(light), 0, 1)


def test_gains_are_found_in_focus(scenes: list[TrainingPair]) -> None:
    wide = scene(scenes)
    valid = np.ones(wide.shape[:2], dtype=bool)
    found = measure_photometry(wide, darkened(wide, GAINS), valid, in_focus=valid)
    assert found.in_focus
    np.testing.assert_allclose(found.gains, GAINS, rtol=2e-3)
    np.testing.assert_allclose(found.vignetting, (0, 0), atol=0.02)
    np.testing.assert_allclose(found.apply(wide), darkened(wide, GAINS), atol=3e-3)


def test_vignetting_is_told_from_exposure(scenes: list[TrainingPair]) -> None:
    wide = scene(scenes)
    valid = np.ones(wide.shape[:2], dtype=bool)
    found = measure_photometry(wide, darkened(wide, GAINS, -0.1, -0.05), valid, in_focus=valid)
    np.testing.assert_allclose(found.gains, GAINS, rtol=5e-3)
    assert sum(found.vignetting) == pytest.approx(-0.15, abs=0.02)  # in the corners


def test_a_third_of_wrong_pixels_does_no_harm(scenes: list[TrainingPair]) -> None:
    wide = scene(scenes)
    shallow = darkened(wide, GAINS)
    shallow[:, : wide.shape[1] // 3] = 0.5
    valid = np.ones(wide.shape[:2], dtype=bool)
    np.testing.assert_allclose(measure_photometry(wide, shallow, valid, in_focus=valid).gains, GAINS, rtol=0.02)


def test_out_of_focus_light_is_compared_over_an_area(scenes: list[TrainingPair]) -> None:
    sharp = np.clip(scenes[0].display, 0, 1).astype(np.float32)
    shallow = darkened(np.clip(scenes[0].bokeh, 0, 1).astype(np.float32), GAINS)
    valid = np.ones(sharp.shape[:2], dtype=bool)
    found = measure_photometry(sharp, shallow, valid, in_focus=np.zeros_like(valid))
    assert not found.in_focus
    np.testing.assert_allclose(found.gains, GAINS, rtol=0.05)


def test_clipped_and_dark_pixels_do_not_count() -> None:
    valid = np.ones((60, 80), dtype=bool)
    white, black = np.ones((60, 80, 3), dtype=np.float32), np.zeros((60, 80, 3), dtype=np.float32)
    assert measure_photometry(white, white, valid) == NEUTRAL
    assert measure_photometry(black, black, valid) == NEUTRAL
    assert "could not be measured" in doubts_of(NEUTRAL)[0]


def test_one_weak_channel_does_not_hide_the_others() -> None:
    """A green leaf has hardly any blue."""
    rng = np.random.default_rng(2)
    wide = np.clip(np.array([0.2, 0.6, 0.1]) + rng.normal(0, 0.01, (80, 120, 3)), 0, 1).astype(np.float32)
    valid = np.ones((80, 120), dtype=bool)
    found = measure_photometry(wide, darkened(wide, np.full(3, 0.6)), valid, in_focus=valid)
    np.testing.assert_allclose(found.gains, 0.6, rtol=0.05)


@pytest.mark.parametrize(("gains", "doubted"), [((0.6, 1.0, 1.9), False), ((1.0, 1.0, 2.5), True), ((0.4, 1, 1), True)])
def test_gains_beyond_belief_are_doubted(gains: tuple[float, float, float], doubted: bool) -> None:
    assert bool(doubts_of(NEUTRAL._replace(gains=gains, pixels=1000))) is doubted
