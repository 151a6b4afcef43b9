from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bokeh_render.errors import BadInputError
from bokeh_render.optics import (
    DisparityRange,
    blur_parameter,
    check_blur_parameter,
    check_disparity,
    disparity_from_depth,
    disparity_range,
    display_from_light,
    fstop_for,
    light_from_display,
    signed_defocus,
)

positive = st.floats(0.01, 1000.0)


def test_blur_parameter_of_a_known_lens() -> None:
    # 50 mm at f/1.4 on a 36 mm sensor, 960 px wide: f_px = 1333.3, R = 17.857 mm
    assert blur_parameter(50.0, 36.0, 960, 1.4) == pytest.approx(23.8095, rel=1e-5)


@given(positive, positive, positive, st.integers(1, 10000))
def test_fstop_inverts_blur_parameter(k: float, lens: float, sensor: float, width: int) -> None:
    assert blur_parameter(lens, sensor, width, fstop_for(k, lens, sensor, width)) == pytest.approx(k, rel=1e-9)


@pytest.mark.parametrize("k", [0.0, -1.0, math.nan, math.inf])
def test_no_fstop_gives_an_impossible_blur(k: float) -> None:
    with pytest.raises(BadInputError, match="positive K"):
        fstop_for(k, 50.0, 36.0, 960)


@given(st.floats(0.001, 100), st.floats(-1, 1), st.floats(0.01, 5), st.floats(0, 1), st.floats(0, 1))
def test_normalised_and_raw_units_give_the_same_defocus(
    k: float, minimum: float, extent: float, disparity: float, focus: float
) -> None:
    disparities = DisparityRange(minimum, minimum + extent)
    normalised = signed_defocus(disparity, k, focus)
    raw = signed_defocus(disparities.denormalise(disparity), k / disparities.extent, disparities.denormalise(focus))
    assert raw == pytest.approx(normalised, rel=1e-6, abs=1e-6 * k / extent * (1 + abs(minimum)))


def test_defocus_is_positive_in_front_of_the_focal_plane() -> None:
    near, far = 1 / 1.0, 1 / 9.0
    assert signed_defocus(near, 10.0, 1 / 3.0) > 0 > signed_defocus(far, 10.0, 1 / 3.0)


def test_nothing_has_disparity_zero() -> None:
    disparity = disparity_from_depth(np.array([[0.5, 2.0, 65504.0, 1e10]]))
    np.testing.assert_array_equal(disparity, np.array([[2.0, 0.5, 0.0, 0.0]], dtype=np.float32))


@pytest.mark.parametrize("depth", [0.0, -1.0, math.nan])
def test_impossible_depth_is_refused(depth: float) -> None:
    with pytest.raises(BadInputError, match="planar metres"):
        disparity_from_depth(np.array([[1.0, depth]]))


def test_a_flat_map_normalises_to_zero() -> None:
    flat = np.full((2, 2), 0.25)
    np.testing.assert_array_equal(disparity_range(flat).normalise(flat), 0.0)


def test_nan_in_disparity_is_found_and_placed() -> None:
    disparity = np.zeros((3, 4))
    disparity[2, 1] = np.nan
    with pytest.raises(BadInputError, match="1 NaN or infinite value.*x=1, y=2"):
        check_disparity(disparity)


@pytest.mark.parametrize("shape", [(0, 3), (3,), (2, 2, 3)])
def test_a_disparity_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadInputError, match="one value per pixel"):
        check_disparity(np.zeros(shape))


@pytest.mark.parametrize("k", [-0.1, math.nan, math.inf])
def test_negative_k_is_refused(k: float) -> None:
    with pytest.raises(BadInputError, match="0 or more"):
        check_blur_parameter(k)


@given(st.floats(0, 50, width=32), st.floats(0.5, 5))
def test_display_and_light_are_inverse(value: float, gamma: float) -> None:
    there_and_back = display_from_light(light_from_display(np.array([value]), gamma), gamma)
    assert there_and_back[0] == pytest.approx(value, rel=1e-4, abs=1e-6)
