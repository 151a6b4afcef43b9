"""Pictures as light: clipping told from lamps, light that was made or lost, and maps that are not what they claim."""

from __future__ import annotations

import numpy as np
import pytest

from bokeh_render.optics import DisparityRange, Float32, display_from_light
from generator.map_checks import check_anti_aliased, check_corrupted
from generator.picture_checks import (
    check_highlights,
    check_light,
    check_sizes,
    check_values,
    find_clipping,
    picture_facts,
)


def scene() -> Float32:
    """Return light with a smooth bright glow of warm colour and a white and a red lamp."""
    y, x = np.mgrid[0:80, 0:120]
    glow = 5.0 * np.exp(-((y - 40) ** 2 + (x - 60) ** 2) / 200.0)
    light = 0.1 + glow[..., None] * np.array([1.0, 0.8, 0.5])
    light += np.random.default_rng(0).uniform(0, 0.01, light.shape)
    light[5:12, 5:12] = 26.0
    light[5:12, 100:107] = (26.0, 4.0, 3.0)
    return light.astype(np.float16).astype(np.float32)


@pytest.mark.parametrize(("limit", "certain"), [(1.0, True), (2.5, False)])
def test_clipping_is_told_from_lamps(limit: float, certain: bool) -> None:
    light = scene()
    found = find_clipping(np.minimum(light, limit))
    assert found is not None
    assert (found.value, found.certain) == (limit, certain)
    dark = np.minimum(light, 0.5) * 0.9
    assert find_clipping(light[20:]) is None
    assert check_highlights("s", [picture_facts("image.exr", np.minimum(light, 1.0), None)]).state == "failed"
    assert check_highlights("s", [picture_facts("image.exr", dark[:, :20], None)]).state == "warning"


def test_a_lamp_s_even_face_is_no_clipping() -> None:
    light = scene()
    light[5:12, 100:107] = (20.0, 4.0, 3.0)
    assert find_clipping(light) is None
    assert check_highlights("s", [picture_facts("image.exr", light, None)]).state == "ok"


def test_light_is_kept_by_blur_and_not_by_gamma_or_exposure() -> None:
    from scipy import ndimage

    light = scene()
    blurred = ndimage.gaussian_filter(light, (3, 3, 0))
    for pixels, state in ((blurred, "ok"), (1.1 * blurred, "failed"), (display_from_light(blurred), "failed")):
        assert check_light("s", [picture_facts("bokeh_00_00.exr", pixels, light)]).state == state
    assert check_light("s", [picture_facts("image.exr", light, None)]).state == "not checked"


def test_values_and_sizes() -> None:
    light = scene()
    assert check_values("s", [picture_facts("a", light, None)], []).state == "ok"
    negative = picture_facts("a.exr", light - 0.2, None)
    assert "a.exr goes down to -0.1" in check_values("s", [negative], []).text
    assert "a.exr is black" in check_values("s", [picture_facts("a.exr", 0 * light, None)], []).text
    assert check_values("s", [], ["b.exr is torn"]).text == "b.exr is torn"
    assert check_sizes("s", (120, 80), {"a": (120, 80)}).state == "ok"
    assert check_sizes("s", (120, 80), {"a": (80, 120)}).text == "a is 80×120; expected 120×80"


def test_further_maps() -> None:
    disparity = np.full((40, 60), 0.2, dtype=np.float32)
    disparity[10:30, 20:40] = 1.2
    disparities = DisparityRange(0.2, 1.2)
    soft = (disparity + np.roll(disparity, 1, 1)) / 2
    assert check_anti_aliased("s", soft, disparity, disparities).state == "ok"
    assert check_anti_aliased("s", disparities.normalise(soft), disparity, disparities).state == "failed"
    assert check_anti_aliased("s", soft[:20], disparity, disparities).state == "failed"
    good = disparities.normalise(soft)
    assert check_corrupted("s", {"corrupted_00.exr": good}, disparity, disparities).state == "ok"
    for wrong, word in ((soft, "expected normalised"), (1 - good, "correlates"), (good[:20], "another size")):
        finding = check_corrupted("s", {"corrupted_00.exr": wrong}, disparity, disparities)
        assert finding.state == "failed"
        assert word in finding.text
    gap = check_corrupted("s", {"corrupted_00.exr": good, "corrupted_02.exr": good}, disparity, disparities)
    assert "expected corrupted_00.exr to corrupted_01.exr" in gap.text
