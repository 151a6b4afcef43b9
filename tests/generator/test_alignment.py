"""Depth moved against its image is noticed; a depth without edges is not judged."""

from __future__ import annotations

import numpy as np
import pytest

from bokeh_render.optics import Float32
from generator.alignment import check_alignment, measure_alignment


def boxes(seed: int = 0) -> tuple[Float32, Float32]:
    """Return an image and a disparity of boxes at all depths, with texture of their own."""
    rng = np.random.default_rng(seed)
    light = np.tile(rng.uniform(0.2, 0.3, 3), (120, 180, 1))
    disparity = np.full((120, 180), 0.1)
    for depth in np.sort(rng.uniform(0.1, 1.0, 60)):
        y, x = rng.integers(0, 110), rng.integers(0, 170)
        height, width = rng.integers(8, 30, 2)
        disparity[y : y + height, x : x + width] = depth
        light[y : y + height, x : x + width] = rng.uniform(0.05, 0.9, 3)
    return np.abs(light + rng.normal(0, 0.02, light.shape)).astype(np.float32), disparity.astype(np.float32)


def test_aligned_depth_passes() -> None:
    light, disparity = boxes()
    assert check_alignment("boxes", light, disparity).state == "ok"


@pytest.mark.parametrize("shift", [(0, 2), (2, 0), (0, -3), (-3, 3), (4, 4), (-5, 0), (3, -3), (-2, -2)])
def test_moved_depth_fails_and_the_move_is_named(shift: tuple[int, int]) -> None:
    light, disparity = boxes(1)
    moved = np.roll(disparity, shift, axis=(0, 1))
    found = measure_alignment(light, moved)
    assert found is not None
    assert found.best == (-shift[0], -shift[1])
    finding = check_alignment("boxes", light, moved)
    assert finding.state == "failed"
    assert f"{-shift[1]:+d} px in x and {-shift[0]:+d} px in y" in finding.text


def test_weak_evidence_is_a_warning_at_most() -> None:
    light, _ = boxes(2)
    _, other = boxes(3)
    assert check_alignment("stranger", light, other).state in {"warning", "not checked"}
    noise = np.random.default_rng(0).uniform(0.2, 0.4, light.shape).astype(np.float32)
    assert check_alignment("noise", noise, other).state == "warning"


def test_without_edges_nothing_is_said() -> None:
    light, _ = boxes()
    ramp = np.tile(np.linspace(0.1, 1.0, 180, dtype=np.float32), (120, 1))
    assert check_alignment("ramp", light, ramp).state == "not checked"
