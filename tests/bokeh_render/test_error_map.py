"""E*: found at depth edges and nowhere else, as far as blur carries them, whatever slope they stand on."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage

from bokeh_render.errors import BadInputError
from bokeh_render.neural.error_map import ErrorMapSettings, edge_reach, error_map, quantum

Floats = NDArray[np.float32]
SHARP = ErrorMapSettings(neighbourhood_px=1, margin_px=0.0, inner_share=0.5)


def positions(height: int, width: int) -> tuple[NDArray[Any], NDArray[Any]]:
    y, x = np.mgrid[:height, :width].astype(np.float64)
    return y, x


def twin(radius: Floats, inner_share: float) -> NDArray[np.float64]:
    """Return E* by the formula in the module, over all edges for each pixel."""
    y, x = positions(*radius.shape)
    nearest = np.full(radius.shape, np.inf)
    for row, column in zip(*np.nonzero(radius), strict=True):
        nearest = np.minimum(nearest, np.hypot(y - row, x - column) / radius[row, column])
    rise = np.clip((1.0 - nearest) / (1.0 - inner_share), 0.0, 1.0)
    return rise * rise * (3.0 - 2.0 * rise)


def disc(height: int, width: int, radius: float, front: float, behind: float) -> Floats:
    y, x = positions(height, width)
    inside = np.hypot(y - height / 2, x - width / 2) < radius
    return np.where(inside, front, behind).astype(np.float32)


@pytest.mark.parametrize("slope", [(0.0, 0.0), (0.3, 0.0), (0.0, -0.9), (0.6, -0.6)])
@pytest.mark.parametrize("size", [(1, 1), (1, 30), (3, 2), (40, 60)])
def test_planes_have_no_errors_however_tilted(slope: tuple[float, float], size: tuple[int, int]) -> None:
    y, x = positions(*size)
    plane = (5.0 + slope[0] * y + slope[1] * x).astype(np.float32)
    for neighbourhood in (1, 2, 5):
        assert not error_map(plane, ErrorMapSettings(neighbourhood_px=neighbourhood)).any()


def test_step_is_covered_as_far_as_the_wider_blur_reaches() -> None:
    defocus = np.where(np.arange(80) < 40, 12.0, -3.0).astype(np.float32)[None].repeat(9, axis=0)
    found = error_map(defocus, SHARP)[4]
    assert (found[40 - 6 : 40 + 6] == 1.0).all()
    assert (found[40 - 12 : 40 + 12] > 0.0).all()
    assert not found[: 40 - 14].any()
    assert not found[40 + 14 :].any()
    assert (np.diff(found[40:]) <= 0.0).all()
    assert (np.diff(found[:40]) >= 0.0).all()


def test_the_blurred_side_decides_whichever_it_is() -> None:
    y, x = positions(9, 80)
    del y
    near, far = (np.where(x < 40, *sides).astype(np.float32) for sides in ((9.0, 0.0), (0.0, -9.0)))
    np.testing.assert_array_equal(error_map(near), error_map(far))
    assert error_map(near).any()


def test_a_step_counts_on_a_slope_as_on_a_plane() -> None:
    y, x = positions(60, 80)
    slope, step = 0.25 * y, np.where(x < 40, 2.0, 0.0)
    settings_ = ErrorMapSettings(jump_px=1.9)
    assert (edge_reach((slope + step).astype(np.float32), settings_)[:, 39:41] > 0).all()
    assert not edge_reach((slope + 0.9 * step).astype(np.float32), settings_).any()


def smooth(kind: str) -> Floats:
    """Return a disparity map in [0, 1] without an edge (the ball's outline aside, where it meets the floor)."""
    y, x = positions(120, 160)
    away = np.hypot(y - 60, x - 80) / 55
    maps = {
        "ramp": x / 159,
        "diagonal": (x + 0.7 * y) / (159 + 0.7 * 119),
        "gentle": 0.4 + 0.2 * x / 159 + 0.05 * y / 119,
        "mound": np.exp(-0.7 * away**2),
        "ball": 0.3 + 0.5 * np.sqrt(np.clip(1 - away**2, 0, 1)),
    }
    found: Floats = maps[kind].astype(np.float32)
    return found


@pytest.mark.parametrize("kind", ["ramp", "diagonal", "gentle", "mound", "ball"])
@pytest.mark.parametrize("blur_parameter", [60.0, 70.0, 100.0, 150.0, 200.0])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_grey_levels_make_no_edges(kind: str, blur_parameter: float, sign: float) -> None:
    exact = smooth(kind)
    defocus = (sign * np.float32(blur_parameter) * (exact - np.float32(0.37))).astype(np.float32)
    levels = np.round(exact * 255).astype(np.uint8).astype(np.float32) / np.float32(255.0)
    coarse = (sign * np.float32(blur_parameter) * (levels - np.float32(0.37))).astype(np.float32)
    found = edge_reach(coarse, ErrorMapSettings()) > 0
    exact_edges = ndimage.binary_dilation(edge_reach(defocus, ErrorMapSettings()) > 0, np.ones((5, 5)))
    assert not (found & ~exact_edges).any(), "no edges but those of the exact map"
    if kind != "ball":
        assert not found.any()


@pytest.mark.parametrize("blur_parameter", [20.0, 70.0, 200.0])
def test_edges_between_grey_levels_stay(blur_parameter: float) -> None:
    """A thing before a slope, both in grey levels: found all round the thing."""
    levels = np.round(smooth("ramp") * 0.5 * 255) / 255
    levels[30:90, 40:100] = 0.8
    found = edge_reach((blur_parameter * (levels - 0.2)).astype(np.float32), ErrorMapSettings()) > 0
    assert found[30:90, [39, 40, 99, 100]].all()
    assert found[[29, 30, 89, 90], 40:100].all()
    assert not found[:20].any()


@pytest.mark.parametrize("values", [(0.0, 1.0), (0.0, 0.6, 12.0), (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0)])
def test_steps_between_flat_things_count_however_few(values: tuple[float, ...]) -> None:
    defocus = np.repeat(np.array(values, dtype=np.float32), 10)[None].repeat(12, axis=0)
    found = edge_reach(defocus, ErrorMapSettings()) > 0
    assert found[:, 10::10].all()


def test_many_flat_things_are_no_grey_levels() -> None:
    rng = np.random.default_rng(np.random.SeedSequence(5))
    depths = np.cumsum(rng.uniform(1.0, 3.0, 24))
    assert quantum(np.repeat(depths, 8)[None].astype(np.float32), 0.2) == 0.0


@pytest.mark.parametrize("noise", [0.0, 1e-7, 1e-4, 1.0])
def test_floats_have_no_grey_levels(noise: float) -> None:
    rng = np.random.default_rng(np.random.SeedSequence(6))
    defocus = 70 * smooth("diagonal") + noise * rng.standard_normal((120, 160)).astype(np.float32)
    assert quantum(defocus.astype(np.float32), 0.2) == 0.0
    assert quantum(np.zeros((5, 5), np.float32), 0.2) == 0.0
    assert quantum(rng.uniform(-50, 50, (400, 400)).astype(np.float32), 0.2) == 0.0


@pytest.mark.parametrize(("top", "expected"), [(255, 100 / 255), (65535, 0.0)])
def test_the_step_between_grey_levels_is_found(top: int, expected: float) -> None:
    levels = np.round(smooth("ramp") * top) / np.float32(top)
    levels[np.abs(levels - 0.5) < 0.1] = 0.2  # gaps between the levels do not matter
    defocus = (np.float32(100) * (levels.astype(np.float32) - np.float32(0.81))).astype(np.float32)
    assert quantum(defocus, 0.2) == pytest.approx(expected, rel=1e-4)


def test_thin_things_count() -> None:
    defocus = np.zeros((30, 40), dtype=np.float32)
    defocus[:, 20] = 8.0
    found = error_map(defocus, SHARP)
    assert (found[:, 20 - 4 : 20 + 5] == 1.0).all()
    assert not found[:, : 20 - 10].any()


def test_blurred_edges_are_found_in_a_wider_neighbourhood() -> None:
    x = positions(9, 60)[1]
    ramp = (10.0 * np.clip((x - 27.5) / 5.0, 0.0, 1.0)).astype(np.float32)  # 5 px wide
    assert not edge_reach(ramp, ErrorMapSettings(neighbourhood_px=1, jump_px=4.0)).any()
    assert (edge_reach(ramp, ErrorMapSettings(neighbourhood_px=3, jump_px=4.0))[:, 30] > 0).all()


def test_long_reach_goes_past_edges_of_short_reach() -> None:
    """A much blurred speck within a closed, hardly blurred outline spoils what lies beyond the outline, too."""
    defocus = disc(90, 90, 10, 1.0, 2.5)
    defocus[44:46, 44:46] = 30.0
    found = error_map(defocus, SHARP)
    y, x = positions(90, 90)
    away = np.hypot(y - 44.5, x - 44.5)
    assert (found[(away > 9) & (away < 14)] > 0.99).all()
    assert (found[away < 27] > 0.0).all()
    assert not found[away > 33].any()


def test_reach_and_margin_scale_and_add() -> None:
    defocus = disc(80, 80, 12, 6.0, 0.0)
    options = {"neighbourhood_px": 1}
    plain = edge_reach(defocus, ErrorMapSettings(reach=1.0, margin_px=0.0, **options))
    wide = edge_reach(defocus, ErrorMapSettings(reach=1.5, margin_px=2.0, **options))
    assert set(np.unique(plain)) == {0.0, 6.0}
    assert set(np.unique(wide)) == {0.0, 11.0}


def test_equals_its_twin_on_edges_of_one_reach() -> None:
    defocus = disc(70, 90, 20, 9.0, -4.0)
    expected = twin(edge_reach(defocus, SHARP), SHARP.inner_share)
    np.testing.assert_allclose(error_map(defocus, SHARP), expected, atol=2e-3)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), share=st.sampled_from([0.002, 0.01, 0.1]))
def test_stays_close_to_its_twin_on_any_edges(seed: int, share: float) -> None:
    """Edges that know nothing of each other are the hardest to hand on; never more than the twin, a little less."""
    rng = np.random.default_rng(np.random.SeedSequence([seed]))
    height, width = rng.integers(20, 60, 2)
    defocus = np.where(rng.random((height, width)) < share, rng.uniform(2, 25, (height, width)), 0.0)
    defocus = defocus.astype(np.float32)
    found = error_map(defocus, SHARP).astype(np.float64)
    expected = twin(edge_reach(defocus, SHARP), SHARP.inner_share)
    assert (found - expected).max() < 2e-3
    assert not found[expected == 0.0].any()
    assert (expected - found).max() < 0.4
    assert np.mean(expected - found) < 0.01


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_turning_the_map_turns_the_errors(seed: int) -> None:
    rng = np.random.default_rng(np.random.SeedSequence([seed]))
    defocus = np.kron(rng.uniform(-8, 8, (4, 5)), np.ones((9, 9))).astype(np.float32)
    found = error_map(defocus)
    assert found.dtype == np.float32
    assert found.min() >= 0.0
    assert found.max() <= 1.0
    turned = error_map(np.ascontiguousarray(np.rot90(defocus)))
    assert np.abs(np.rot90(found) - turned).max() < 0.1
    np.testing.assert_array_equal(edge_reach(-defocus, ErrorMapSettings()), edge_reach(defocus, ErrorMapSettings()))


def test_input_is_left_as_it_was_and_any_layout_does() -> None:
    defocus = disc(40, 50, 10, 5.0, -5.0)
    before = defocus.copy()
    expected = error_map(defocus)
    np.testing.assert_array_equal(defocus, before)
    np.testing.assert_array_equal(error_map(np.asfortranarray(defocus)), expected)
    np.testing.assert_array_equal(error_map(defocus.astype(np.float64)), expected)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(0, 4), (4,), (1, 4, 4)])
def test_wrong_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadInputError, match=r"expected \(height, width\)"):
        error_map(np.zeros(shape, dtype=np.float32))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(value: float) -> None:
    defocus = np.zeros((4, 4), dtype=np.float32)
    defocus[1, 2] = value
    with pytest.raises(BadInputError, match="NaN or infinite"):
        error_map(defocus)


@pytest.mark.parametrize("wrong", [{"jump_px": 0.0}, {"inner_share": 1.0}, {"neighbourhood_px": 0}, {"tau": 1.0}])
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ErrorMapSettings(**wrong)
