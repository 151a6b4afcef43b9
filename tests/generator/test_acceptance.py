"""Which drawn scenes are refused, and why, on depth maps made for it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from generator.acceptance import edge_share, reasons_to_refuse


def picket_depth(width: int = 384, *, near: float = 1.0, middle: float = 3.0, far: float = 50.0) -> NDArray[np.float32]:
    """Return a fence of near slats before a middle wall below and a far background above."""
    height = width * 2 // 3
    depth = np.full((height, width), far, np.float32)
    depth[height // 2 :] = middle
    slat = width // 24
    for index in range(0, 24, 2):
        depth[height // 4 :, index * slat : index * slat + slat] = near
    return depth


@pytest.mark.parametrize("width", [96, 384, 1536])
def test_a_good_scene_is_accepted_at_any_resolution(width: int) -> None:
    assert reasons_to_refuse(picket_depth(width)) == []


def test_what_touches_the_lens_is_refused() -> None:
    (reason, *_) = reasons_to_refuse(picket_depth(near=0.1))
    assert "0.10 m before the lens (at least 0.2 m)" in reason


@pytest.mark.parametrize(
    ("depths", "missing"),
    [({"middle": 50.0}, "middle"), ({"far": 3.0}, "middle"), ({"near": 3.0, "middle": 1.0}, None)],
)
def test_a_range_without_content_is_refused(depths: dict[str, float], missing: str | None) -> None:
    reasons = reasons_to_refuse(picket_depth(**depths))
    assert [reason for reason in reasons if "range" in reason] == (
        [f"0.0% of the pixels in the {missing} range (at least 1%)"] if missing else []
    )


def test_a_scene_without_edges_is_refused() -> None:
    ramp = np.broadcast_to(1.0 / np.linspace(1.0, 0.02, 256)[:, None], (256, 384)).astype(np.float32)
    assert reasons_to_refuse(ramp) == ["depth edges on 0.0% of the pixels (at least 5%)"]
    assert edge_share(np.eye(100, dtype=np.float32)) > 0.01
