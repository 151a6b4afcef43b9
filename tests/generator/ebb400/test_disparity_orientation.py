"""A map that is turned over is noticed where its edges tell, and never a right one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from bokeh_render.optics import Float32
from generator.ebb400.disparity_orientation import FLIPS, measure_orientation

from .drawn_scene import drawn_scene, made_smaller

TURNED = dict(zip(FLIPS, (np.s_[:], np.s_[::-1], np.s_[:, ::-1], np.s_[::-1, ::-1]), strict=True))


@pytest.mark.parametrize("way", FLIPS)
@pytest.mark.parametrize("seed", range(3))
def test_the_way_a_map_lies_is_found(seed: int, way: str) -> None:
    display, disparity = drawn_scene(seed)
    small = ndimage.gaussian_filter(made_smaller(disparity, 2), 0.7)
    found = measure_orientation(display, small[TURNED[way]])
    assert found is not None
    assert found.best == way
    assert found.certainty > 3.5
    assert found.is_right == (way == FLIPS[0])
    assert found.is_wrong == (way != FLIPS[0])


def test_near_and_far_exchanged_cannot_be_seen() -> None:
    display, disparity = drawn_scene(3)
    straight, exchanged = measure_orientation(display, disparity), measure_orientation(display, 1 - disparity)
    assert straight is not None
    assert exchanged is not None
    assert exchanged.best == straight.best
    assert exchanged.certainty == pytest.approx(straight.certainty, abs=0.05)


def test_a_map_of_another_photograph_is_not_said_to_be_turned() -> None:
    for seed in range(6):
        found = measure_orientation(drawn_scene(seed)[0], drawn_scene(seed + 50)[1])
        assert found is None or not found.is_wrong


@pytest.mark.parametrize("content", ["constant", "noise"])
def test_a_photograph_without_edges_says_nothing(content: str) -> None:
    _, disparity = drawn_scene(0)
    display: Float32 = np.full((*disparity.shape, 3), 0.5, dtype=np.float32)
    if content == "noise":
        display += np.random.default_rng(0).normal(0, 0.05, display.shape).astype(np.float32)
    found = measure_orientation(display, disparity)
    assert found is not None
    assert not found.is_wrong
    assert not found.is_right


def test_a_map_without_edges_is_not_judged() -> None:
    display, _ = drawn_scene(0)
    slope = np.tile(np.linspace(0, 1, 40, dtype=np.float32)[:, None], (1, 60))
    assert measure_orientation(display, slope) is None
