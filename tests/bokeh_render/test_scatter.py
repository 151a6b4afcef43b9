"""The fast scatter against the exact formula: every profile, opening, kind of input, and what must never change."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bokeh_render import BadInputError, CatEye, Scatter, parse_aperture, scatter, scatter_reference
from bokeh_render.aperture import Aperture, contains
from bokeh_render.aperture_shapes import Shape
from bokeh_render.classical import kernels, profiles
from bokeh_render.classical.cpu import accumulate
from bokeh_render.classical.dilation import dilate_defocus
from bokeh_render.classical.reference import dilate_reference
from bokeh_render.classical.taps import tap_table

Array = NDArray[np.float64]
RNG = np.random.default_rng(5)


def exactly(light: Array, defocus: Array, aperture: Shape, profile: str) -> Array:
    result = scatter_reference(planes(light), planes(defocus[..., None]), aperture=aperture, profile=profile)
    found: Array = result.bokeh[0].permute(1, 2, 0).numpy()
    return found


def planes(array: Array) -> torch.Tensor:
    return torch.from_numpy(array.transpose(2, 0, 1)[None].astype(np.float64).copy())


@pytest.mark.parametrize("profile", profiles.PROFILES)
@pytest.mark.parametrize(
    "name", ["disc", "hexagon:15", "pentagon:7", "ellipse:1.5", "triangle:10:0.7", "ring:0.5", "star", "cat-eye:0.8"]
)
def test_every_opening_is_the_exact_one(name: str, profile: profiles.Profile) -> None:
    aperture = parse_aperture(name)
    light = RNG.random((16, 19, 3))
    defocus = RNG.uniform(-5, 5, (16, 19))
    defocus[4:6], defocus[8:10] = 0.0, 0.1 * defocus[8:10]
    if profile == "bokehme" and name in ("star", "cat-eye:0.8"):
        with pytest.raises(BadInputError, match="bokehme is defined for discs, polygons"):
            scatter(light, defocus, aperture=aperture, profile=profile)
        return
    error = np.abs(
        scatter(light, defocus, aperture=aperture, profile=profile).bokeh - exactly(light, defocus, aperture, profile)
    )
    # star and cat's eye: the reference measures coverage by lines, the fast cat's eye by eight a row
    assert error.max() < {"star": 1e-2, "cat-eye:0.8": 1e-2}.get(name, 2e-3)


@given(
    st.integers(1, 14), st.integers(1, 14), st.integers(1, 5), st.floats(0, 40), st.sampled_from(profiles.PROFILES),
    st.integers(0, 2**32 - 1),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_any_image_is_within_the_bar(
    height: int, width: int, channels: int, largest: float, profile: profiles.Profile, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    light = rng.random((height, width, channels)).astype(np.float32)
    defocus = rng.uniform(-largest, largest, (height, width)).astype(np.float32)
    result = scatter(light, defocus, profile=profile)
    assert np.abs(result.bokeh - exactly(light, defocus, Aperture(), profile)).max() < 2e-3
    assert result.bokeh.shape == light.shape
    assert result.bokeh.dtype == np.float32
    assert result.weight.shape == defocus.shape


@pytest.mark.parametrize("profile", profiles.PROFILES)
def test_dark_places_beside_strong_lights_stay_dark(profile: profiles.Profile) -> None:
    light = np.full((40, 90, 3), 0.01, np.float32)
    light[20, 25] = 1e5
    bokeh = scatter(light, np.full((40, 90), 12.0, np.float32), profile=profile).bokeh
    x = np.arange(90)
    dark = bokeh[:, np.abs(x - 25) > 12 + 3]
    np.testing.assert_allclose(dark, 0.01, rtol=1e-4)
    assert bokeh[20, 25, 0] == pytest.approx(1e5 / (np.pi * 144), rel=0.05)


@pytest.mark.parametrize("profile", profiles.PROFILES)
def test_the_same_bits_for_any_number_of_threads(profile: profiles.Profile) -> None:
    light = RNG.random((70, 50, 3), dtype=np.float32) * 100
    defocus = RNG.uniform(-20, 20, (70, 50)).astype(np.float32)
    first = scatter(light, defocus, profile=profile, threads=1)
    for threads in (2, 3, 7):
        again = scatter(light, defocus, profile=profile, threads=threads)
        np.testing.assert_array_equal(again.bokeh, first.bokeh)
        np.testing.assert_array_equal(again.dilated_defocus, first.dilated_defocus)
    with ThreadPoolExecutor(4) as pool:  # called from several threads at once
        for together in pool.map(lambda _: scatter(light, defocus, profile=profile, threads=2).bokeh, range(8)):
            np.testing.assert_array_equal(together, first.bokeh)


@given(st.floats(0, 1e4), st.floats(0, 30), st.sampled_from(["disc", "pentagon", "ring:0.6", "heart", "cat-eye"]))
@settings(max_examples=25, deadline=None)
def test_a_constant_image_stays_constant(value: float, largest: float, name: str) -> None:
    defocus = np.random.default_rng(1).uniform(-largest, largest, (20, 24))
    bokeh = scatter(np.full((20, 24, 3), value), defocus, aperture=parse_aperture(name)).bokeh
    np.testing.assert_allclose(bokeh, value, rtol=1e-7)


def test_profile_area_keeps_every_source_its_light_and_leaves_what_is_in_focus() -> None:
    light = RNG.random((9, 11, 3))
    np.testing.assert_array_equal(scatter(light, np.zeros((9, 11))).bokeh, light)
    table = tap_table(Aperture(), "area", "high", 20.0, 90)
    for radius in (0.2, 0.8, 2.3, 7.7, 19.9):
        defocus = np.full((61, 61), np.nan)
        defocus[30, 30] = radius
        assert accumulate(np.ones((61, 61, 4)), defocus, table, threads=1).weight.sum() == pytest.approx(1, abs=2e-4)


@pytest.mark.parametrize("name", ["pentagon:7", "triangle:20:0.8", "heart", "star:5:10"])
@pytest.mark.parametrize("in_front", [False, True])
def test_the_blur_has_the_shape_of_the_lens_behind_and_the_turned_one_in_front(name: str, in_front: bool) -> None:
    """By `contains`, which is measured against Cycles, for apertures; by an outline's own corners for others."""
    aperture, radius, size = parse_aperture(name), 20.0, 61
    light = np.zeros((size, size, 3))
    light[30, 30] = 1.0
    blur = scatter(light, np.full((size, size), radius if in_front else -radius), aperture=aperture).bokeh[..., 0]
    y, x = np.mgrid[0:size, 0:size] - 30
    turn = -1 if in_front else 1
    right, up = turn * x / radius, -turn * y / radius
    if isinstance(aperture, Aperture):
        inside = contains(aperture, right, up)
    else:
        from matplotlib.path import Path as Line

        assert not isinstance(aperture, CatEye)
        corners = np.array(aperture.contours[0])
        inside = Line(corners).contains_points(np.stack([right.ravel(), up.ravel()], 1)).reshape(size, size)
    lit = blur > 0.5 * np.median(blur[blur > 0.2 * blur.max()])
    assert np.mean(lit != inside) < 0.01
    assert np.mean(lit != inside[::-1, ::-1]) > 0.02  # so the test can tell the two apart


def test_a_cat_eye_is_whole_in_the_middle_and_cut_on_its_outer_side() -> None:
    light = np.zeros((101, 161, 3))
    light[50, 80] = light[50, 140] = light[50, 20] = 1.0
    blur = scatter(light, np.full((101, 161), -12.0), aperture=CatEye(strength=1.0)).bokeh[..., 0]

    def centre(x: int) -> float:
        part = blur[:, x - 18 : x + 19]
        return float((part * (np.arange(x - 18, x + 19) - x)).sum() / part.sum())

    assert abs(centre(80)) < 0.05
    assert centre(140) < -2.0  # the right side of what is right of the middle is gone
    assert centre(20) > 2.0
    turned = scatter(light, np.full((101, 161), 12.0), aperture=CatEye(strength=1.0)).bokeh[..., 0]
    assert float((turned[:, 122:159] * (np.arange(122, 159) - 140)).sum()) > 0  # in front: turned by 180 degrees


@given(st.integers(1, 15), st.integers(1, 15), st.floats(0, 30), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_the_dilated_defocus_is_exact(height: int, width: int, largest: float, seed: int) -> None:
    defocus = np.random.default_rng(seed).uniform(-largest, largest, (height, width))
    expected = dilate_reference(torch.from_numpy(defocus[None, None]))[0, 0].numpy()
    np.testing.assert_array_equal(dilate_defocus(defocus), expected)
    np.testing.assert_array_equal(scatter(np.ones((height, width, 3)), defocus).dilated_defocus, expected)


def test_numpy_torch_batches_and_strides_agree() -> None:
    light = RNG.random((2, 15, 18, 3), dtype=np.float32)
    defocus = RNG.uniform(-6, 6, (2, 15, 18)).astype(np.float32)
    batch = scatter(light, defocus)
    for i in range(2):
        alone = scatter(light[i], defocus[i])
        np.testing.assert_array_equal(batch.bokeh[i], alone.bokeh)
        np.testing.assert_array_equal(batch.weight[i], alone.weight)
    tensor = torch.from_numpy(light).permute(0, 3, 1, 2)
    result = scatter(tensor, torch.from_numpy(defocus)[:, None])
    assert result.bokeh.shape == (2, 3, 15, 18)
    assert result.weight.shape == result.dilated_defocus.shape == (2, 1, 15, 18)
    np.testing.assert_array_equal(result.bokeh.permute(0, 2, 3, 1).numpy(), batch.bokeh)
    mirrored = scatter(light[0, ::-1, ::-1], defocus[0, ::-1, ::-1]).bokeh
    np.testing.assert_allclose(mirrored[::-1, ::-1], batch.bokeh[0], atol=1e-5)
    half = scatter(light.astype(np.float16), defocus.astype(np.float16))
    assert half.bokeh.dtype == np.float16
    np.testing.assert_allclose(half.bokeh, batch.bokeh, atol=5e-3)
    for backend in ("torch", "reference"):
        other = scatter(light[0], defocus[0], backend=backend)
        np.testing.assert_allclose(other.bokeh, batch.bokeh[0], atol=5e-4)
        np.testing.assert_array_equal(other.dilated_defocus, batch.dilated_defocus[0])


@pytest.mark.parametrize("profile", profiles.PROFILES)
@pytest.mark.parametrize("name", ["disc", "pentagon:10", "ring:0.5"])
@pytest.mark.parametrize("backend", ["cpu", "torch"])
def test_gradients(name: str, profile: profiles.Profile, backend: str) -> None:
    generator = torch.Generator().manual_seed(0)
    light = torch.rand(1, 2, 6, 7, dtype=torch.float64, generator=generator, requires_grad=True)
    defocus = (5 * (torch.rand(1, 1, 6, 7, dtype=torch.float64, generator=generator) - 0.5)).requires_grad_()
    layer = Scatter(parse_aperture(name), profile=profile, backend=backend)
    assert torch.autograd.gradcheck(layer, (light, defocus))
    assert "area" in repr(layer) or "bokehme" in repr(layer)


def test_the_gradient_reduces_a_loss() -> None:
    light = torch.rand(1, 3, 24, 24, generator=torch.Generator().manual_seed(1))
    target = scatter(light, torch.full((1, 1, 24, 24), 4.0)).bokeh
    defocus = torch.full((1, 1, 24, 24), 2.5, requires_grad=True)
    optimiser = torch.optim.Adam([defocus], lr=0.1)
    losses = []
    for _ in range(30):
        optimiser.zero_grad()
        loss = ((scatter(light, defocus).bokeh - target) ** 2).mean()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.2 * losses[0]
    with pytest.raises(BadInputError, match="a cat's eye has no gradient"):
        scatter(light, defocus, aperture=CatEye())


GOOD, BLUR = np.ones((6, 7, 3), np.float32), np.ones((6, 7), np.float32)


@pytest.mark.parametrize(
    ("image", "defocus", "options", "message"),
    [
        (GOOD[..., 0], BLUR, {}, r"expected \(H, W, C\)"),
        (GOOD[:0], BLUR[:0], {}, "none of them 0"),
        (GOOD, BLUR[:, :4], {}, "to match the light"),
        (GOOD.astype(np.uint8), BLUR, {}, "divided by 255 and made linear"),
        (GOOD, BLUR.astype(np.float64), {}, "one of float16, float32, float64"),
        (GOOD * np.nan, BLUR, {}, "light holds NaN"),
        (GOOD, BLUR * np.inf, {}, "defocus holds NaN or infinite"),
        (torch.ones(1, 3, 6, 7), BLUR, {}, "both NumPy arrays or both torch tensors"),
        (torch.ones(1, 3, 6, 7), torch.ones(1, 6, 7), {}, "to match the light"),
        (GOOD, BLUR, {"profile": "gauss"}, "unknown profile 'gauss'; expected one of area, bokehme"),
        (GOOD, BLUR, {"quality": "best"}, "unknown quality 'best'; expected one of high, preview"),
        (GOOD, BLUR, {"backend": "metal"}, "unknown back end 'metal'; expected one of auto, cpu"),
        (GOOD, BLUR, {"backend": "cuda"}, "takes torch tensors on a CUDA device"),
        (torch.ones(1, 3, 6, 7), torch.ones(1, 1, 6, 7), {"backend": "cuda"}, "but the image is on cpu"),
        (GOOD, BLUR, {"threads": -1}, "expected 0"),
    ],
)
def test_bad_input_is_one_clear_sentence(
    image: object, defocus: object, options: dict[str, object], message: str
) -> None:
    with pytest.raises(BadInputError, match=message) as caught:
        scatter(image, defocus, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("radius", [50.0, 1e4, 1e8])
def test_a_radius_beyond_the_image_spreads_evenly(radius: float) -> None:
    light = RNG.random((6, 9, 3))
    for profile in profiles.PROFILES:
        bokeh = scatter(light, np.full((6, 9), radius), profile=profile).bokeh
        np.testing.assert_allclose(bokeh, np.broadcast_to(light.mean((0, 1)), light.shape), rtol=1e-6)


def test_a_radius_whose_table_fits_no_memory_is_refused() -> None:
    defocus = np.broadcast_to(np.float32(2e4), (8, 30_000))
    with pytest.raises(BadInputError, match="needs a table of about .* GiB; expected a smaller one: reduce K"):
        tap_table(Aperture(), "area", "high", float(defocus.max()), 30_000)


def test_a_pixel_that_nothing_reaches_keeps_its_own_light() -> None:
    light = RNG.random((3, 3, 3))
    bokeh = scatter(light, np.full((3, 3), 11.0), aperture=parse_aperture("ring:0.9")).bokeh
    np.testing.assert_array_equal(bokeh, light)


def test_negative_light_is_scattered_as_any_other() -> None:
    light = RNG.random((12, 13, 3)) - 0.5
    defocus = RNG.uniform(-4, 4, (12, 13))
    np.testing.assert_allclose(scatter(-light, defocus).bokeh, -scatter(light, defocus).bokeh, atol=1e-12)


def test_constants_of_kernels_and_profiles_are_the_same() -> None:
    assert kernels._AREA_OFFSET == profiles.AREA_OFFSET
    for column in range(0, 6000, 7):
        radius = kernels.radius_of(column)
        assert kernels.column_of(radius) == column
        assert kernels.column_of(radius + 1e-6) - column == pytest.approx(
            1e-6 * kernels.columns_per_px(radius), rel=1e-3
        )


@pytest.mark.parametrize("name", ["disc", "pentagon:3", "ring:0.5", "heart"])
def test_every_row_of_taps_sums_to_zero_exactly(name: str) -> None:
    table = tap_table(parse_aperture(name), "area", "high", 30.0, 100)
    sums = np.add.reduceat(np.vstack([table.weight, np.zeros((1, 2))]), table.first[:-1], axis=0)
    filled = np.diff(table.first) > 0
    assert filled.any()
    np.testing.assert_array_equal(sums[filled], 0.0)


def test_numpy_alone_needs_no_torch() -> None:
    code = (
        "import sys, numpy as np, bokeh_render; "
        "bokeh_render.scatter(np.ones((8, 8, 3), np.float32), np.ones((8, 8), np.float32)); "
        "sys.stdout.write(str('torch' in sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ended.stdout == "False"


def test_works_where_nothing_can_be_kept_on_disk() -> None:
    code = (
        "import numpy as np; from numba.core import caching; "
        "caching.CacheImpl._locator_classes = []; "  # no place for compiled code, as on a read-only disk
        "import bokeh_render; "
        "print(bokeh_render.scatter(np.full((8, 8, 3), 7.0), np.ones((8, 8))).bokeh.mean())"
    )
    ended = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert float(ended.stdout) == pytest.approx(7.0)
