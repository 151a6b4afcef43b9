"""The scatter in plain torch: against loops and the CPU's back end, its adjoint, and what whole numbers give."""

from __future__ import annotations

import gc
from typing import NamedTuple

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

from bokeh_render.aperture_text import parse_aperture
from bokeh_render.classical import cpu, device_tables, fixed_point, torch_taps
from bokeh_render.classical.device_tables import columns_of, columns_per_px_of, device_table
from bokeh_render.classical.kernels import column_of, columns_per_px
from bokeh_render.classical.taps import TapTable, tap_table

Array = NDArray[np.float64]

LENSES = [
    ("disc", "area", "high"),
    ("disc", "bokehme", "high"),
    ("pentagon:10", "area", "high"),
    ("pentagon:10", "bokehme", "preview"),
    ("ring:0.4", "area", "preview"),
    ("ring:0.4", "bokehme", "high"),
    ("heart", "area", "high"),
]
CPU = torch.device("cpu")


def a_table(lens: tuple[str, str, str], radius: float, longest: int = 64) -> TapTable:
    aperture, profile, quality = lens
    return tap_table(parse_aperture(aperture), profile, quality, radius, longest)


class Scene(NamedTuple):
    """Sources: (N, H, W, 4) values, (N, H, W) defocus."""

    values: Tensor
    defocus: Tensor


def a_scene(images: int, height: int, width: int, radius: float, *, seed: int = 0, peak: float = 1.0) -> Scene:
    """Return random sources of both signs of defocus; some sharp, some beyond the radius, some missing, some bright."""
    rng = np.random.default_rng(seed)
    values = rng.uniform(-0.1, 1, (images, height, width, 4))
    values *= np.where(rng.random((images, height, width, 1)) < 0.02, peak, 1.0)
    defocus = rng.uniform(-radius, radius, (images, height, width))
    kind = rng.random((images, height, width))
    defocus[kind < 0.1] = 0
    defocus[kind > 0.95] *= 40
    defocus[(kind > 0.5) & (kind < 0.55)] = np.nan
    values[np.isnan(defocus)] = np.nan
    return Scene(torch.from_numpy(values), torch.from_numpy(defocus))


def by_loops(scene: Scene, table: TapTable) -> Array:
    """Add each tap of each source to all pixels from there on."""
    values, defocus = scene.values.numpy(), scene.defocus.numpy()
    weight = device_tables.closed_weights(table)
    sums = np.zeros(values.shape)
    images, height, width = defocus.shape
    for n, y, x in np.ndindex(images, height, width):
        signed = defocus[n, y, x]
        if np.isnan(signed):
            continue
        place = column_of(min(abs(signed), table.largest_px))
        column = int(place)
        for target in range(max(0, y - table.reach), min(height, y + table.reach + 1)):
            cell = column * table.rows + table.row_of[int(signed > 0), target - y + table.reach]
            for tap in range(table.first[cell], table.first[cell + 1]):
                w = weight[tap, 0] + (place - column) * weight[tap, 1]
                sums[n, target, max(0, x + table.position[tap]) :] += w * values[n, y, x]
    return sums


def on_cpu(scene: Scene, table: TapTable) -> Array:
    found = [
        cpu.accumulate(values, defocus, table, threads=1)
        for values, defocus in zip(scene.values.numpy(), scene.defocus.numpy(), strict=True)
    ]
    return np.stack([np.concatenate([sums.weight[..., None], sums.colours], axis=2) for sums in found])


@pytest.mark.parametrize("lens", LENSES, ids=" ".join)
def test_adds_every_tap_of_every_source(lens: tuple[str, str, str]) -> None:
    scene = a_scene(2, 7, 9, 5)
    table = a_table(lens, 5)
    np.testing.assert_allclose(torch_taps.scatter_sums(*scene, table), by_loops(scene, table), atol=1e-12)


@pytest.mark.parametrize("lens", LENSES, ids=" ".join)
def test_equals_the_back_end_of_the_cpu(lens: tuple[str, str, str]) -> None:
    scene = a_scene(2, 40, 53, 12, peak=100.0)
    table = a_table(lens, 12)
    expected = on_cpu(scene, table)
    tolerance = 1e-12 if lens[2] == "high" else 1e-6
    np.testing.assert_allclose(
        torch_taps.scatter_sums(*scene, table), expected, atol=tolerance * np.abs(expected).max()
    )


@given(st.integers(1, 3), st.integers(1, 12), st.integers(1, 12), st.floats(0, 30), st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_any_size_and_radius(images: int, height: int, width: int, radius: float, seed: int) -> None:
    scene = a_scene(images, height, width, radius, seed=seed)
    table = a_table(("heart", "area", "high"), 32)
    np.testing.assert_allclose(torch_taps.scatter_sums(*scene, table), on_cpu(scene, table), atol=1e-11)


def test_single_precision_in_and_out() -> None:
    values, defocus = a_scene(1, 20, 30, 6)
    table = a_table(LENSES[0], 6)
    sums = torch_taps.scatter_sums(values.float(), defocus.float(), table)
    exact = torch_taps.scatter_sums(values.float().double(), defocus.float().double(), table)
    assert sums.dtype == torch.float32
    assert torch.equal(sums, exact.float())


@pytest.mark.parametrize("lens", LENSES, ids=" ".join)
def test_the_adjoint_is_the_adjoint(lens: tuple[str, str, str]) -> None:
    values, defocus = a_scene(1, 31, 26, 6, seed=1)
    table = a_table(lens, 6)
    cotangent = torch.from_numpy(np.random.default_rng(2).standard_normal(values.shape))
    forth = (torch_taps.scatter_sums(values, defocus, table) * cotangent).sum()
    back = torch_taps.gather_sums(cotangent, values, defocus, table)[0]
    there = ~defocus.isnan()
    assert torch.isclose(forth, (back[there] * values[there]).sum(), rtol=1e-10, atol=0)
    assert (back[~there] == 0).all()


@pytest.mark.parametrize("lens", LENSES, ids=" ".join)
def test_the_radius_gradient_is_the_slope(lens: tuple[str, str, str]) -> None:
    values, defocus = a_scene(1, 9, 11, 4, seed=3)
    table = a_table(lens, 4)
    place = columns_of(defocus.abs())  # moved away from the knots, where the slope jumps
    step = columns_per_px_of(defocus.abs())
    defocus += defocus.sign() * (torch.floor(place) + 0.5 - place) / step
    defocus[defocus == 0] = 1 / 512
    cotangent = torch.from_numpy(np.random.default_rng(4).standard_normal(values.shape))
    _, slope = torch_taps.gather_sums(cotangent, values, defocus, table)
    beyond = defocus.abs() > table.largest_px
    assert (slope[beyond | defocus.isnan()] == 0).all()
    assert beyond.any()
    for y, x in torch.nonzero(~(beyond | defocus.isnan())[0])[::20].tolist():
        small = 1e-4 * torch.sign(defocus[0, y, x])
        sums = []
        for sign in (1, -1):
            moved = defocus.clone()
            moved[0, y, x] += sign * small
            sums.append((torch_taps.scatter_sums(values, moved, table) * cotangent).sum())
        torch.testing.assert_close((sums[0] - sums[1]) / 2e-4, slope[0, y, x], rtol=1e-6, atol=1e-8)


def test_the_same_bits_for_bands_batches_and_repeats() -> None:
    scene = a_scene(2, 14, 30, 4, peak=1e5)
    table = a_table(("heart", "area", "high"), 4)
    cotangent = torch.from_numpy(np.random.default_rng(5).standard_normal(scene.values.shape))
    sums = torch_taps.scatter_sums(*scene, table)
    gradients = torch_taps.gather_sums(cotangent, *scene, table)
    for buffer_bytes in (1, 30 * 32 * 5, 30 * 32 * 14):
        assert torch.equal(torch_taps.scatter_sums(*scene, table, buffer_bytes=buffer_bytes), sums)
        again = torch_taps.gather_sums(cotangent, *scene, table, buffer_bytes=buffer_bytes)
        torch.testing.assert_close(again, gradients, rtol=1e-12, atol=1e-10)
    assert torch.equal(torch_taps.gather_sums(cotangent, *scene, table)[1], gradients[1])
    alone = torch_taps.scatter_sums(scene.values[1:2], scene.defocus[1:2], table)
    assert torch.equal(alone[0], sums[1])


@pytest.mark.parametrize("profile", ["area", "bokehme"])
def test_a_light_leaves_no_trace_beside_its_disc(profile: str) -> None:
    table = a_table(("disc", profile, "high"), 8)
    values = torch.zeros(1, 40, 60, 4)
    values[0, 20, 30] = 1e5 / 3
    defocus = torch.full((1, 40, 60), 7.3)
    sums = torch_taps.scatter_sums(values, defocus, table)
    y, x = np.indices((40, 60))
    beside = np.hypot(y - 20, x - 30) > 10
    assert (sums[0].numpy()[beside] == 0).all()
    assert (sums[0].numpy()[~beside] > 0).any()


@pytest.mark.parametrize("profile", ["area", "bokehme"])
def test_dark_areas_beside_lights(profile: str) -> None:
    radius = 30
    table = a_table(("disc", profile, "high"), radius, 128)
    defocus = torch.full((1, 90, 128), radius - 0.37, dtype=torch.float64)
    defocus[0, 40, 50] = 0.4
    amplitude = 1 / (table.bokehme_area * defocus**2 + 0.2) if profile == "bokehme" else torch.ones_like(defocus)
    dark = (1e-3 * amplitude)[..., None].expand(-1, -1, -1, 4).clone()
    lit = dark.clone()
    lit[0, 40, 50] *= 1e8
    found = torch_taps.scatter_sums(lit, defocus, table)
    expected = torch_taps.scatter_sums(dark, defocus, table)
    off = (found / expected - 1).abs()
    off[0, 38:43, 48:53] = 0  # the light itself
    assert off.max() < 1e-5


@pytest.mark.parametrize("lens", [("disc", "area", "high"), ("ring:0.9", "area", "high"), ("disc", "bokehme", "high")])
def test_no_sum_overflows(lens: tuple[str, str, str]) -> None:
    """All sources reach the pixel in the middle, each with the smallest disc that can."""
    table = a_table(lens, 60, 128)
    y, x = np.indices((101, 101)) - 50
    radius = np.minimum(1.05 * np.hypot(y, x) + 0.1, 60)
    values = np.ones((1, 101, 101, 4))
    if lens[1] == "bokehme":
        values /= (radius**2 + 1)[..., None]
    scene = Scene(torch.from_numpy(values), torch.from_numpy(radius[None]))
    np.testing.assert_allclose(torch_taps.scatter_sums(*scene, table), on_cpu(scene, table), rtol=1e-11)
    unit = fixed_point.unit_of_sums(*scene, device_table(table, CPU))
    assert on_cpu(scene, table)[0, 50, 50, 0] < 2**62 * unit.value[0, 0]


def test_what_is_not_finite_is_not_hidden() -> None:
    values, defocus = a_scene(2, 8, 9, 3)
    table = a_table(LENSES[0], 3)
    expected = torch_taps.scatter_sums(values, defocus, table)
    y, x = torch.nonzero(~defocus[0].isnan())[0]
    values[0, y, x, 2] = torch.inf
    found = torch_taps.scatter_sums(values, defocus, table)
    assert found[0, ..., 2].isnan().all()
    found[0, ..., 2] = expected[0, ..., 2]
    assert torch.equal(found, expected)


def test_no_sources_no_light() -> None:
    table = a_table(LENSES[0], 3)
    values, defocus = torch.full((1, 4, 5, 4), torch.nan), torch.full((1, 4, 5), torch.nan)
    assert (torch_taps.scatter_sums(values, defocus, table) == 0).all()
    gradients = torch_taps.gather_sums(torch.ones_like(values), values, defocus, table)
    assert all((gradient == 0).all() for gradient in gradients)


def test_devices_without_double_precision_use_the_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    values, defocus = a_scene(1, 8, 9, 3)
    table = a_table(LENSES[0], 3)
    expected = torch_taps.scatter_sums(values, defocus, table), *torch_taps.gather_sums(values, values, defocus, table)
    answers = iter([False, True, False, True])
    monkeypatch.setattr(torch_taps, "has_float64", lambda _: next(answers))
    found = torch_taps.scatter_sums(values, defocus, table), *torch_taps.gather_sums(values, values, defocus, table)
    assert all(torch.equal(a, b) for a, b in zip(found[1:], expected[1:], strict=True) if not a.isnan().any())
    assert torch.equal(found[0], expected[0])
    assert next(answers, None) is None


def test_knots_are_where_the_cpu_has_them() -> None:
    radius = torch.cat([torch.linspace(0, 700, 5001), torch.tensor([2.0, 8.0, 32.0, 512.0])]).double()
    assert columns_of(radius).tolist() == [column_of(r) for r in radius.tolist()]
    assert columns_per_px_of(radius).tolist() == [columns_per_px(r) for r in radius.tolist()]


def test_rows_of_a_device_table_sum_to_zero_exactly() -> None:
    table = a_table(("heart", "area", "preview"), 20)
    assert np.abs(np.cumsum(table.weight.astype(np.float64), axis=0)[table.first[1:] - 1]).max() > 0
    running = np.cumsum(device_tables.closed_weights(table), axis=0)
    assert (running[table.first[1:] - 1] == 0).all()
    assert device_table(table, CPU).peak <= 1 + 1e-6


def test_a_device_table_lives_as_long_as_its_table() -> None:
    shape = parse_aperture("disc")
    table = tap_table(shape, "area", "high", 3, 16)
    assert device_table(table, CPU) is device_table(table, CPU)
    kept = len(device_tables._kept)
    for radius in (4, 6, 8, 10, 13, 16, 20):  # more than tap_table keeps
        tap_table(shape, "area", "high", radius, 16)
    del table
    gc.collect()
    assert len(device_tables._kept) < kept


def test_parts_cover_everything_once_within_the_limit() -> None:
    for images, height, row_bytes, most, extra in [
        (5, 10, 8, 250, 0),
        (2, 10, 8, 50, 2),
        (1, 7, 8, 1, 3),
        (9, 3, 1, 99, 0),
    ]:
        seen = np.zeros((images, height), dtype=int)
        for part in fixed_point.parts(images, height, row_bytes, most, extra):
            seen[part.begin : part.end, part.top : part.bottom] += 1
            rows = (part.end - part.begin) * (part.bottom - part.top)
            whole = part.bottom - part.top == height
            assert rows == 1 or (rows + (0 if whole else extra)) * row_bytes <= most
        assert (seen == 1).all()
