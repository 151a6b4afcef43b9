"""The tables of what the hybrid gains, from made-up scores whose answers are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from benchmark.results import RegionScores, Result
from tests.figures.hybrid_gain import report

from .made_results import made_result, scene_name

SCENES, LEVELS, FOCUS = 10, 5, 2


def scored(name: str, gain: float, boundary: list[float], **more: Any) -> Result:
    """Return a result: 30 dB and ``gain``; at the boundary 20 dB and what each scene gains; outside 35 dB."""

    def regions(scene: int, blur: int, focus: int) -> Mapping[str, RegionScores]:
        own = 20.0 + boundary[scene] + 0.5 * scene - focus - (0 if blur >= 2 else 90)  # levels 1 and 2 must not count
        both = RegionScores(psnr=35.0 + gain / 10, ssim=None, pixels=500)
        return {"boundary": RegionScores(psnr=own, ssim=None, pixels=100), "in_focus": both, "out_of_focus": both}

    psnr = np.full((SCENES, LEVELS, FOCUS), 30.0 + gain)
    return made_result(psnr, name, regions=regions, **more)


def known() -> tuple[dict[str, Result], dict[str, Result]]:
    gains = {"classical": [0.0] * 10, "layered": [1.0] * 10, "hybrid": [2.5] * 7 + [-0.5] * 3}
    clean = {
        name: scored(name, gain, gains[name], lpips=np.full((SCENES, LEVELS, FOCUS), lpips))
        for name, gain, lpips in (("classical", 0.0, 0.2), ("layered", 0.5, 0.15), ("hybrid", 2.0, 0.1))
    }
    corrupted = {
        name: made_result(np.full((SCENES, LEVELS, FOCUS, 2), psnr), name, corruptions=["blur", "holes"])
        for name, psnr in (("classical", 27.0), ("hybrid", 28.0))
    }
    return clean, corrupted


def test_the_bars_of_the_hybrid_and_whether_they_are_reached() -> None:
    clean, corrupted = known()
    lines = report(clean, corrupted, "classical", [3, 4, 5])
    told = lines[lines.index("hybrid: what is asked of it, beside classical") :]
    for row in (
        "| PSNR | above 30.0000 | 32.0000 | yes |",
        "| SSIM | above 0.9000 | 0.9000 | NO |",
        "| LPIPS | below 0.2000 | 0.1000 | yes |",
        "| boundary PSNR, gain, dB | at least +1.5 | +1.60 | yes |",
        "| outside PSNR, gain, dB | at least -0.1 | +0.20 | yes |",
        "| scenes that gain at the boundary | at least 8 of 10 | 7 of 10 | NO |",
        "| corrupted maps: mean squared error ×10⁴ | below 19.9526 | 15.8489 | yes |",
        "| corrupted maps: PSNR lost against the clean map, dB | below 3.0000 | 4.0000 | NO |",
    ):
        assert row in told
    assert not any(line.startswith("| corrupted maps") for line in report(clean, {}, "classical", [3, 4, 5]))


def test_the_gain_on_its_own_base_is_told_by_scene() -> None:
    clean, _ = known()
    lines = report(clean, {}, "classical", [3, 4, 5])
    over_base = lines[lines.index("boundary PSNR minus that of layered, dB, by scene") :]
    assert "| scene | hybrid |" in over_base
    assert f"| {scene_name(0)} | +1.50 |" in over_base
    assert f"| {scene_name(9)} | -1.50 |" in over_base
    assert any(line.startswith("| **mean, 95 % interval over scenes** | +0.60 [") for line in over_base)
    assert "| **scenes that gain** | 7 of 10 |" in over_base
    over_classical = lines[lines.index("boundary PSNR minus that of classical, dB, by scene") :]
    assert "| **scenes that gain** | 10 of 10 | 7 of 10 |" in over_classical
