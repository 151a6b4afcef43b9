"""The corrupted disparity maps: what blurs, grows and shrinks, and by how much."""

from __future__ import annotations

import numpy as np
import pytest

from generator.corruption import CorruptionPlan, corrupt, planned_corruptions
from generator.stack import Corruption


def step(width: int = 64) -> np.ndarray:  # type: ignore[type-arg]
    disparity = np.full((32, width), 0.2, np.float32)
    disparity[:, width // 2 :] = 0.9
    return disparity


def test_fifteen_maps_in_three_kinds_scaled_with_the_width() -> None:
    planned = planned_corruptions(CorruptionPlan(), 960)
    assert [item.file for item in planned] == [f"corrupted_{index:02d}.exr" for index in range(15)]
    assert [item.kind for item in planned] == ["gaussian"] * 5 + ["dilation"] * 5 + ["erosion"] * 5
    assert [item.size_px for item in planned[:5]] == [2.0, 4.0, 6.0, 8.0, 10.0]
    assert planned_corruptions(CorruptionPlan(), 96)[5].size_px == 1.0, "a radius under a pixel would change nothing"


@pytest.mark.parametrize(("kind", "moved"), [("dilation", 3), ("erosion", -3)])
def test_the_near_side_grows_or_shrinks_by_the_radius(kind: str, moved: int) -> None:
    corrupted = corrupt(step(), Corruption(file="x", kind=kind, size_px=3.0))  # type: ignore[arg-type]
    assert (corrupted > 0.5).sum(axis=1).tolist() == [32 + moved] * 32
    assert set(np.unique(corrupted)) == set(np.unique(step()))


def test_a_blurred_step_has_the_width_of_its_sigma_and_keeps_its_ends() -> None:
    corrupted = corrupt(step(), Corruption(file="x", kind="gaussian", size_px=4.0))
    slope = np.diff(corrupted[16]) / 0.7
    centre = np.arange(63) - 31
    assert np.sqrt((slope * centre**2).sum()) == pytest.approx(4.0, rel=0.03)
    assert corrupted[0, 0] == pytest.approx(0.2)
    assert corrupted[0, -1] == pytest.approx(0.9)
    assert corrupted.dtype == np.float32
