"""Maps keep their range but for outliers; small and soft ones get their jumps back, where the photograph has them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray
from scipy import ndimage

from bokeh_render.errors import BadInputError
from bokeh_render.optics import Float32
from generator.ebb400.disparity_refining import edge_width_px, normalise_robustly, refine, resize

from .drawn_scene import drawn_scene, made_smaller


def near_jumps(disparity: Float32, reach: int) -> NDArray[np.bool_]:
    jump = ndimage.maximum_filter(disparity, 3) - ndimage.minimum_filter(disparity, 3)
    return np.asarray(ndimage.maximum_filter(jump > 0.1, 2 * reach + 1))


def test_without_outliers_the_range_is_kept_exactly() -> None:
    raw = np.linspace(-3.0, 17.0, 6000, dtype=np.float32).reshape(60, 100)
    found = normalise_robustly(raw)
    assert (found.low, found.high) == (-3.0, 17.0)
    np.testing.assert_allclose(found.disparity, (raw + 3.0) / 20.0, atol=1e-6)
    assert found.disparity.dtype == np.float32


@pytest.mark.parametrize("wild", [1e6, -1e6, 3.0])
def test_single_outliers_do_not_squeeze_the_others(wild: float) -> None:
    raw = np.random.default_rng(0).uniform(0.0, 1.0, (60, 100)).astype(np.float32)
    raw[3, 4] = wild
    found = normalise_robustly(raw)
    assert -0.01 < found.low < 0.01
    assert 0.99 < found.high < 1.01
    assert found.disparity[3, 4] == (wild > 0)


def test_a_small_near_thing_that_is_a_little_nearer_is_no_outlier() -> None:
    raw = np.random.default_rng(0).uniform(0.0, 1.0, (100, 100)).astype(np.float32)
    raw[10:12, 10:12] = 1.2
    assert normalise_robustly(raw).high == np.float32(1.2)


@pytest.mark.parametrize("others", [0, 2])
def test_a_constant_map_is_refused(others: int) -> None:
    raw = np.full((60, 100), 0.25, dtype=np.float32)
    raw[0, :others] = 7.0
    with pytest.raises(BadInputError, match=r"12.png is 0.25 everywhere.*expected a map with near and far"):
        normalise_robustly(raw, "12.png")


@settings(max_examples=60, deadline=None)
@given(
    arrays.arrays(
        np.float32,
        arrays.array_shapes(min_dims=2, max_dims=2, max_side=24),
        elements=st.floats(width=32, allow_nan=True, allow_infinity=True),
    )
)
def test_whatever_a_map_holds_it_is_normalised_or_refused(raw: Float32) -> None:
    found, refused = None, ""
    try:
        found = normalise_robustly(raw)
    except BadInputError as error:
        refused = str(error)
    if found is None:
        assert refused.startswith("disparity ")
        return
    assert found.disparity.shape == raw.shape
    assert np.isfinite(found.disparity).all()
    assert found.disparity.min() == 0.0
    assert found.disparity.max() == 1.0
    assert raw.min() <= found.low < found.high <= raw.max()


@pytest.mark.parametrize(("times", "sigma", "share"), [(2, 0.5, 0.6), (4, 0.7, 0.6), (4, 1.5, 0.7)])
def test_near_jumps_a_small_map_is_much_better_refined_than_bicubic(times: int, sigma: float, share: float) -> None:
    refined_error, bicubic_error, elsewhere, bicubic_elsewhere = [], [], [], []
    for seed in range(3):
        display, truth = drawn_scene(seed)
        small = ndimage.gaussian_filter(made_smaller(truth, times), sigma)
        refined, bicubic = refine(small, display), resize(small, (truth.shape[0], truth.shape[1]))
        near = near_jumps(truth, 2 * times)
        refined_error.append(np.abs(refined - truth)[near].mean())
        bicubic_error.append(np.abs(bicubic - truth)[near].mean())
        elsewhere.append(np.abs(refined - truth)[~near].mean())
        bicubic_elsewhere.append(np.abs(bicubic - truth)[~near].mean())
    assert np.mean(refined_error) < share * np.mean(bicubic_error)
    assert np.mean(elsewhere) < 1.3 * np.mean(bicubic_elsewhere) + 0.001


def test_jumps_that_lie_beside_the_photographs_are_drawn_to_them() -> None:
    display, truth = drawn_scene(5)
    moved = np.roll(truth, 2, axis=1)
    soft = ndimage.gaussian_filter(made_smaller(moved, 4), 0.7)
    near = near_jumps(truth, 6)
    grey = np.full_like(display, 0.5)
    with_colours, without = (np.abs(refine(soft, picture) - truth)[near].mean() for picture in (display, grey))
    assert with_colours < 0.75 * without


def test_a_crisp_map_of_the_photographs_size_stays_as_it_is() -> None:
    display, truth = drawn_scene(1)
    np.testing.assert_array_equal(refine(truth, display), truth)


def test_a_soft_map_of_the_photographs_size_is_sharpened() -> None:
    display, truth = drawn_scene(2)
    soft = ndimage.gaussian_filter(truth, 2.5)
    refined = refine(soft, display)
    near = near_jumps(truth, 5)
    assert np.abs(refined - truth)[near].mean() < 0.7 * np.abs(soft - truth)[near].mean()


def test_a_slope_is_no_jump() -> None:
    display, _ = drawn_scene(3, 96, 144)
    slope = np.tile(np.linspace(0.0, 1.0, 96, dtype=np.float32)[:, None], (1, 144))
    assert edge_width_px(slope) is None
    np.testing.assert_array_equal(refine(slope, display), slope)
    np.testing.assert_allclose(refine(made_smaller(slope, 2), display)[4:-4], slope[4:-4], atol=0.02)


@pytest.mark.parametrize("sigma", [1.0, 2.0, 4.0])
def test_the_width_of_a_jump_is_found(sigma: float) -> None:
    step = np.zeros((64, 64), dtype=np.float32)
    step[:, 32:] = 1.0
    found = edge_width_px(ndimage.gaussian_filter(step, sigma))
    assert found is not None
    assert 1.0 <= found / (np.sqrt(2 * np.pi) * sigma) < 1.3  # a slope between pixels two apart is a little less steep
    assert edge_width_px(step) == 2.0


@settings(max_examples=25, deadline=None)
@given(
    map_size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    size=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    seed=st.integers(0, 99),
)
def test_any_size_comes_to_any_size(map_size: tuple[int, int], size: tuple[int, int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    disparity = rng.random(map_size, dtype=np.float32)
    refined = refine(disparity, rng.random((*size, 3), dtype=np.float32))
    assert refined.shape == size
    assert refined.dtype == np.float32
    assert refined.min() >= 0.0
    assert refined.max() <= 1.0
