"""The pieces of the layered renderer, each against its slow twin or a case with a known answer."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import zoom

from bokeh_render import Aperture, Ring
from bokeh_render.classical.cpu import accumulate
from bokeh_render.classical.taps import tap_table
from bokeh_render.compositing import add_layer, add_layer_plainly
from bokeh_render.hidden_background import _find_behind, find_behind_by_search, hidden_background
from bokeh_render.lens_parts import cut_lens
from bokeh_render.mixed_pixels import depth_edges, take_apart


def test_layers_are_added_as_the_plain_twin_adds_them() -> None:
    rng = np.random.default_rng(0)
    open_, total = np.ones((9, 11), np.float32), np.zeros((9, 11, 3), np.float32)
    open_plain, total_plain = open_.copy(), total.copy()
    for _ in range(4):
        coverage = np.maximum(rng.uniform(-0.3, 0.7, (9, 11)), 0).astype(np.float32)
        light = coverage[..., None] * rng.random((9, 11, 3)).astype(np.float32)
        add_layer(0, 9, coverage, light, 0.25, open_, total)
        add_layer_plainly(coverage, light, 0.25, open_plain, total_plain)
    np.testing.assert_allclose(open_, open_plain, atol=1e-6)
    np.testing.assert_allclose(total, total_plain, atol=1e-6)
    assert open_.min() >= 0


def test_sweeps_find_what_a_search_of_all_pixels_finds() -> None:
    rng = np.random.default_rng(1)
    defocus = zoom(rng.uniform(-12, 12, (6, 7)), 6, order=0).astype(np.float32)
    defocus += rng.normal(0, 0.2, defocus.shape).astype(np.float32)
    height, width = defocus.shape
    found = np.empty(defocus.shape, dtype=np.int64)
    _find_behind(defocus, found)
    best = find_behind_by_search(defocus)

    def reached(
        index: np.ndarray[tuple[int, int], np.dtype[np.int64]],
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        y, x = np.mgrid[0:height, 0:width]
        return defocus.reshape(-1)[index] + np.hypot(index // width - y, index % width - x)

    assert (reached(found) - reached(best)).max() < 0.3  # sweeps may miss the best by a fraction of a pixel
    assert np.mean(found == best) > 0.98


def test_the_hidden_background_reaches_as_far_as_the_lens_looks_behind() -> None:
    light = np.full((40, 60, 3), 0.1, np.float32)
    light[:, 30:] = [0.5, 0.3, 0.2]
    defocus = np.full((40, 60), 5.0, np.float32)
    defocus[:, 30:] = -4.0
    hidden = hidden_background(light, defocus, depth_edges(defocus))
    known = np.isfinite(hidden.defocus)
    assert known[20].tolist() == [22 <= x < 30 for x in range(60)]  # nearer to x = 30 than the jump, 9 px
    np.testing.assert_allclose(hidden.defocus[known], -4.0, atol=1e-5)
    np.testing.assert_allclose(hidden.light[known], np.tile([0.5, 0.3, 0.2], (known.sum(), 1)), rtol=1e-4)


def test_a_lamp_beside_the_edge_is_not_continued_behind_it() -> None:
    light = np.full((40, 60, 3), 0.1, np.float32)
    light[18:22, 31:33] = 50.0
    defocus = np.full((40, 60), 6.0, np.float32)
    defocus[:, 30:] = -6.0
    hidden = hidden_background(light, defocus, depth_edges(defocus))
    assert hidden.light[20, 24].max() < 5
    assert hidden.light[8, 24].max() < 0.2


def test_a_smooth_slope_hides_nothing_and_has_no_edges() -> None:
    y, x = np.mgrid[0:30, 0:40]
    defocus = (0.6 * x - 0.6 * y).astype(np.float32)
    edges = depth_edges(defocus.astype(np.float32) * 0.8)
    assert not edges.any()
    hidden = hidden_background(np.ones((30, 40, 3), np.float32), defocus, edges)
    assert np.isnan(hidden.defocus).all()


def test_mixed_pixels_are_taken_apart() -> None:
    shares = np.clip((20.3 + 0.2 * np.arange(40))[:, None] - np.arange(60)[None], 0, 1)
    front, back = np.array([0.8, 0.1, 0.1]), np.array([0.05, 0.3, 0.6])
    light = (shares[..., None] * front + (1 - shares[..., None]) * back).astype(np.float32)
    defocus = np.where(shares > 0.5, 6.0, -2.0).astype(np.float32)
    apart = take_apart(light, defocus, depth_edges(defocus))
    found = np.where(shares > 0.5, apart.share, apart.front_share)
    rows = slice(3, -3)
    assert np.abs(found - shares)[rows].max() < 0.05
    near = np.where(shares > 0.5, 1.0, 0.0)[..., None]
    own = near * front + (1 - near) * back
    assert np.abs(apart.light - own)[rows].max() < 0.05
    mixed = (apart.front_share > 0)[rows]
    np.testing.assert_allclose(apart.front_defocus[rows][mixed], 6.0, atol=1e-5)


def test_a_texture_without_edge_is_left_alone() -> None:
    light = np.random.default_rng(3).random((20, 20, 3)).astype(np.float32)
    defocus = np.full((20, 20), 2.0, np.float32)
    apart = take_apart(light, defocus, depth_edges(defocus))
    np.testing.assert_array_equal(apart.light, light)
    assert (apart.share == 1).all()
    assert np.isnan(apart.front_defocus).all()


@pytest.mark.parametrize("count", [1, 2, 4, 7])
@pytest.mark.parametrize("shape", [Aperture(), Aperture(blades=5), Aperture(ratio=0.4), Ring()])
def test_the_parts_of_a_lens_make_the_whole(count: int, shape: Aperture | Ring) -> None:
    point = np.zeros((41, 41, 4), np.float32)
    point[20, 20] = 1.0
    for defocus in (-5.7, 5.7):
        blur = np.full((41, 41), np.nan, np.float32)
        blur[20, 20] = defocus
        whole = accumulate(point, blur, tap_table(shape, "area", "high", 6.0, 41), threads=1).weight
        parts = cut_lens(shape, count)
        assert sum(part.share for part in parts) == pytest.approx(1.0)
        total = np.zeros((41, 41))
        for part in parts:
            table = tap_table(part.shape, "area", "high", 6.0 * part.scale, 41)
            total += part.share * accumulate(point, blur * np.float32(part.scale), table, threads=1).weight
        assert np.abs(total - whole).max() < 0.1 * whole.max()
        assert np.abs(total - whole).sum() < 0.02
