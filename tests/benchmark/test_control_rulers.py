"""The rulers of the controls against shapes whose size is known, and the targets against their own words."""

from __future__ import annotations

import math

import numpy as np
import pytest

from benchmark.control.catalogue import CONTROLS
from benchmark.control.exact import blurred_display, half_plane_coverage, opening_image, rim_px
from benchmark.control.measures import ANGLES_RAD, measure_spot, psnr_db, rim_by_angle, sharpness
from benchmark.control.record import Bar, Floor
from benchmark.control.spots import ideal_spot
from benchmark.control.targets import POLYGONS, plane_texture, polygon_sheet
from benchmark.methods.interface import MethodInput
from bokeh_render import scatter
from bokeh_render.aperture import Aperture
from bokeh_render.renderers import render_display

SAMPLES = {sample.name: sample for control in CONTROLS.values() for sample in control.inputs()}


@pytest.mark.parametrize("radius", [4.0, 9.5, 16.0, 40.0])
def test_an_exact_disc_is_measured_as_wide_as_it_is(radius: float) -> None:
    spot = ideal_spot(radius)
    assert spot.radius_px == pytest.approx(math.sqrt(radius**2 + 1 / 3), abs=0.03)
    assert spot.light == pytest.approx(math.pi * radius**2, rel=1e-9)
    assert spot.plateau == pytest.approx(1.0, rel=0.01)
    assert 0.9 < spot.edge_px < 1.35
    assert math.hypot(spot.dy, spot.dx) < 1e-9


def test_a_gaussian_is_as_wide_as_the_disc_of_its_second_moment_and_far_softer() -> None:
    y, x = np.indices((161, 161)) - 80.0
    spot = measure_spot(np.exp(-(x**2 + y**2) / (2 * 8.0**2)), 80, 80, 0.0)
    assert spot.radius_px == pytest.approx(16.0, rel=0.02)
    assert spot.edge_px / spot.radius_px == pytest.approx(0.7, abs=0.05)


def test_a_spot_beside_its_light_is_told_by_how_much() -> None:
    disc = np.pad(opening_image(Aperture(), 10.0), 30)
    half_way = 0.5 * disc + 0.5 * np.roll(disc, 1, axis=1)
    spot = measure_spot(np.roll(half_way, 2, axis=0), disc.shape[0] // 2, disc.shape[1] // 2, 0.0)
    assert (spot.dy, spot.dx) == (pytest.approx(2.0), pytest.approx(0.5))


def test_light_far_away_is_no_radius_and_background_no_light() -> None:
    disc = np.pad(opening_image(Aperture(), 10.0), 40)
    middle = disc.shape[0] // 2
    lone = measure_spot(disc, middle, middle, 0.0)
    disc[2, 2] += 0.01
    assert measure_spot(disc + 0.5, middle, middle, 0.5).radius_px == pytest.approx(lone.radius_px, abs=1e-9)


def test_nothing_is_a_spot_without_radius() -> None:
    assert measure_spot(np.zeros((41, 41)), 20, 20, 0.0).radius_px == 0.0


@pytest.mark.parametrize("in_front", [False, True])
@pytest.mark.parametrize("name", POLYGONS)
def test_exact_openings_stand_as_the_renderers_draw_them(name: str, in_front: bool) -> None:
    """The renderers' orientation is measured against Cycles; here the controls' own pictures are tied to it."""
    exact = np.pad(opening_image(POLYGONS[name], 20.0, in_front), 10)
    light = np.zeros((*exact.shape, 3), dtype=np.float32)
    light[exact.shape[0] // 2, exact.shape[1] // 2] = 1.0
    defocus = np.full(exact.shape, 20.0 if in_front else -20.0, dtype=np.float32)
    drawn = scatter(light, defocus, aperture=POLYGONS[name]).bokeh[..., 0]
    assert np.abs(drawn - exact).max() < 0.15 * exact.max()
    assert np.abs(drawn[::-1] - exact).max() > 0.9 * exact.max()

    middle = exact.shape[0] // 2
    spot = measure_spot(exact, middle, middle, 0.0)
    off = rim_by_angle(exact, middle, middle, 0.0, spot) - rim_px(POLYGONS[name], 20.0, ANGLES_RAD, in_front)
    assert np.abs(off).max() < 0.5
    assert np.sqrt(np.mean(off**2)) < 0.1


def test_a_half_plane_hides_what_counting_says() -> None:
    y, x = np.meshgrid(*[(np.arange(2000) + 0.5) / 1000 - 1] * 2, indexing="ij")
    disc = x**2 + y**2 <= 1
    for s in (-1.2, -0.7, 0.0, 0.4, 0.99):
        counted = float((disc & (x < -s)).sum() / disc.sum())
        assert half_plane_coverage(8 * s, 8.0) == pytest.approx(counted, abs=1e-3)
    assert half_plane_coverage(np.array([-0.5, 0.5]), 0.0).tolist() == [1.0, 0.0]


def test_the_exact_blur_of_a_texture_is_the_renderers() -> None:
    texture = plane_texture()[:100, :100].astype(np.float32)
    drawn = render_display(texture, np.full((100, 100), 6.0, dtype=np.float32))
    inner = slice(8, -8)
    assert psnr_db(drawn[inner, inner], blurred_display(texture, 6.0)[inner, inner]) > 50
    assert sharpness(drawn) < 0.1 * sharpness(texture)


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES.keys())
def test_inputs_say_the_same_in_raw_and_normalised_numbers_and_cannot_be_written(sample: MethodInput) -> None:
    assert sample.disparity_raw is not None
    assert sample.blur_parameter_raw is not None
    assert sample.focus_disparity_raw is not None
    raw = sample.blur_parameter_raw * (sample.disparity_raw - sample.focus_disparity_raw)
    assert np.abs(raw - sample.defocus).max() < 1e-4 * max(1.0, float(np.abs(sample.defocus).max()))
    assert not sample.display.flags.writeable
    assert not sample.disparity.flags.writeable
    assert sample.display.dtype == sample.disparity.dtype == np.float32
    if sample.disparity.any():
        assert (sample.disparity.min(), sample.disparity.max()) == (0.0, 1.0)


def test_lights_lie_at_the_defocus_they_are_listed_with() -> None:
    for name in POLYGONS:
        sheet = polygon_sheet(name)
        for light in sheet.lights:
            assert sheet.sample.defocus[light.y, light.x] == pytest.approx(light.defocus_px, abs=1e-4)
            found = float(sheet.sample.light[light.y, light.x, 0] - sheet.sample.light[0, 0, 0])
            assert found == pytest.approx(light.light, rel=1e-5)


def test_bars_judge_and_nan_never_passes() -> None:
    assert [Bar(1, 2).verdict(error) for error in (1, 1.5, 2.5, math.nan)] == ["pass", "notice", "fail", "fail"]
    assert [Floor(50, 40).verdict(db) for db in (50, 45, 39, math.nan)] == ["pass", "notice", "fail", "fail"]
