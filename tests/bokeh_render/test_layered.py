from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, gaussian_filter, zoom

from bokeh_render import Aperture, BadInputError, CatEye, Ring, scatter
from bokeh_render.aperture_shapes import heart, star
from bokeh_render.layered import _composite, _samples, render_layered

from .lens_views import psnr, two_planes

Array = NDArray[Any]
SIZE, MARGIN = 96, 14


def textured(seed: int, *, softness_px: float = 1.5) -> Array:
    noise = np.random.default_rng(seed).random((SIZE, SIZE, 3))
    soft = gaussian_filter(noise, (softness_px, softness_px, 0), mode="wrap")
    return np.clip(0.5 + 2.0 * softness_px * (soft - 0.5), 0.02, 1.0)


def cover_of_blob(*, sharp: bool) -> Array:
    """Return a rounded shape: either each pixel is covered or not, or as an antialiased photo has it."""
    fine = np.linspace(-1, 1, 4 * SIZE)
    inside = ((fine[:, None] / 0.55) ** 4 + (fine[None] / 0.35) ** 2 < 1).astype(float)
    shares = inside.reshape(SIZE, 4, SIZE, 4).mean(axis=(1, 3))
    return (shares > 0.5).astype(float) if sharp else shares


def photo(front: Array, cover: Array, back: Array, front_px: float, back_px: float) -> tuple[Array, Array]:
    light = cover[..., None] * front + (1 - cover[..., None]) * back
    return light.astype(np.float32), np.where(cover > 0.5, front_px, back_px).astype(np.float32)


def inner(image: Array) -> Array:
    return image[MARGIN:-MARGIN, MARGIN:-MARGIN]


@pytest.mark.parametrize(
    ("front_px", "back_px", "least_gain", "least"),
    [
        pytest.param(0.0, -6.0, 8.0, 38.0, id="sharp foreground, blurred background"),
        pytest.param(6.0, 0.0, 8.0, 37.0, id="blurred foreground, sharp background"),
        pytest.param(5.0, -6.0, 2.5, 34.0, id="focus in between"),
        pytest.param(7.0, 3.0, 8.0, 41.0, id="both in front of the focal plane"),
        pytest.param(-3.0, -8.0, 8.0, 40.0, id="both behind it"),
    ],
)
@pytest.mark.parametrize("sharp", [True, False])
def test_two_planes_are_rendered_as_the_lens_sees_them(
    front_px: float, back_px: float, least_gain: float, least: float, sharp: bool
) -> None:
    front, back, cover = 0.3 * textured(1), textured(2, softness_px=3.0), cover_of_blob(sharp=sharp)
    light, defocus = photo(front, cover, back, front_px, back_px)
    truth = inner(two_planes(front, cover, back, front_px, back_px))
    found = psnr(inner(render_layered(light, defocus).bokeh), truth)
    plain = psnr(inner(scatter(light, defocus).bokeh), truth)
    assert found > plain + least_gain
    assert found > least


def test_a_sharp_foreground_stays_clean() -> None:
    """The hidden background is rendered behind it, and must not shine through."""
    cover = cover_of_blob(sharp=True)
    light, defocus = photo(0.3 * textured(1), cover, textured(2), 0.0, -6.0)
    inside = cover > 0.5
    within = binary_erosion(inside, np.ones((3, 3)))
    leak = np.abs(render_layered(light, defocus).bokeh - light).max(axis=2)
    plain = np.abs(scatter(light, defocus).bokeh - light).max(axis=2)
    assert plain[within].max() > 0.1
    assert leak[within].max() < 1e-4
    assert leak[inside].max() < 0.05  # pixels at the edge may be taken for mixtures
    assert leak[inside].mean() < 0.02 * plain[inside].mean()


def test_a_blurred_foreground_becomes_transparent() -> None:
    """Behind a thin blurred post the sharp texture must be seen, as it is beside it."""
    back = textured(2, softness_px=3.0)
    cover = np.zeros((SIZE, SIZE))
    cover[:, 46:50] = 1.0
    light, defocus = photo(np.zeros_like(back), cover, back, 8.0, 0.0)
    truth = two_planes(np.zeros_like(back), cover, back, 8.0, 0.0)
    rows, post = slice(MARGIN, -MARGIN), slice(46, 50)
    found = render_layered(light, defocus).bokeh
    assert psnr(found[rows, post], truth[rows, post]) > 26
    assert psnr(scatter(light, defocus).bokeh[rows, post], truth[rows, post]) < 20
    assert psnr(inner(found), inner(truth)) > 38


def test_a_slope_is_rendered_as_by_the_plain_scatter() -> None:
    y = np.mgrid[0:SIZE, 0:SIZE][0]
    defocus = (0.3 * (y - 50)).astype(np.float32)
    light = textured(3).astype(np.float32)
    found = render_layered(light, defocus)
    np.testing.assert_array_equal(found.bokeh, scatter(light, defocus).bokeh)
    assert not found.edge_share.any()


@pytest.mark.parametrize("layers", [3, 10, 40])
@pytest.mark.parametrize("lens_parts", [1, 4])
def test_cutting_a_slope_into_layers_leaves_no_seam(layers: int, lens_parts: int) -> None:
    """The layers themselves, where the plain scatter would be used instead."""
    y = np.mgrid[0:SIZE, 0:SIZE][0]
    defocus = (0.08 * (y - 50)).astype(np.float32)
    light = textured(3).astype(np.float32)
    edges = np.zeros(defocus.shape, dtype=np.bool_)
    visible, second, count = _samples(light, defocus, edges, layers, 1)
    assert (second.layer == -1).all()
    covered, total = _composite(visible, second, count, Aperture(), lens_parts, "high", 1)
    difference = inner(total / covered[..., None] - scatter(light, defocus).bokeh)
    assert np.abs(difference).max() < (4e-3 if lens_parts == 1 else 1.2e-2)
    assert np.sqrt(np.mean(difference**2)) < 1e-3
    assert np.abs(inner(covered) - 1).max() < 0.05


def test_far_from_edges_the_plain_scatter_stays_to_the_bit() -> None:
    light, defocus = photo(0.3 * textured(1), cover_of_blob(sharp=True), textured(2), 3.0, -4.0)
    found = render_layered(light, defocus)
    untouched = found.edge_share == 0
    assert 0.2 < untouched.mean() < 0.8
    np.testing.assert_array_equal(found.bokeh[untouched], scatter(light, defocus).bokeh[untouched])
    assert (found.edge_share[cover_of_blob(sharp=True) != np.roll(cover_of_blob(sharp=True), 1, axis=0)] == 1).all()


def patches(seed: int, largest_px: float) -> Array:
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(-largest_px, largest_px, (8, 8))
    return zoom(coarse, 12, order=0).astype(np.float32)


def test_a_constant_stays_constant() -> None:
    light = np.full((SIZE, SIZE, 3), 0.7, dtype=np.float32)
    np.testing.assert_allclose(render_layered(light, patches(0, 9.0)).bokeh, 0.7, atol=1e-4)


def test_the_exposure_does_not_matter() -> None:
    light, defocus = textured(4).astype(np.float32), patches(1, 6.0)
    once = render_layered(light, defocus).bokeh
    np.testing.assert_allclose(render_layered(1024 * light, defocus).bokeh / 1024, once, rtol=1e-3, atol=1e-5)


def test_strong_lights_stay_finite_and_positive() -> None:
    light, defocus = textured(4).astype(np.float32), patches(2, 8.0)
    light[::13, ::11] = 1e5
    light[5::17, 3::19] = 0.0
    found = render_layered(light, defocus).bokeh
    assert np.isfinite(found).all()
    assert found.min() >= 0
    assert found.max() <= 1e5


def test_the_same_bits_for_any_number_of_threads() -> None:
    light, defocus = textured(5).astype(np.float32), patches(3, 7.0)
    one, *others = (render_layered(light, defocus, threads=threads).bokeh for threads in (1, 2, 5))
    for other in others:
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "aperture",
    [
        pytest.param(Aperture(blades=6, rotation_rad=0.2), id="hexagon"),
        pytest.param(Aperture(ratio=2.0), id="narrow"),
        pytest.param(Aperture(ratio=0.5), id="wide"),
        pytest.param(Ring(), id="ring"),
        pytest.param(star(), id="star"),
        pytest.param(heart(), id="heart"),
    ],
)
def test_any_opening_can_be_cut(aperture: Any) -> None:
    """All parts together must blur like the whole, and a sharp foreground must stay clean."""
    light, defocus = textured(6).astype(np.float32), np.full((SIZE, SIZE), -4.3, dtype=np.float32)
    defocus[:, :40] = 3.6
    edges = np.zeros(defocus.shape, dtype=np.bool_)
    visible, second, count = _samples(light, np.full_like(defocus, 4.3), edges, 10, 1)
    covered, total = _composite(visible, second, count, aperture, 4, "high", 1)
    plain = scatter(light, np.full_like(defocus, 4.3), aperture=aperture).bokeh
    assert np.abs(inner(total / covered[..., None] - plain)).max() < 5e-3
    assert np.isfinite(render_layered(light, defocus, aperture=aperture).bokeh).all()


def test_the_preview_is_close() -> None:
    light, defocus = textured(5).astype(np.float32), patches(3, 7.0)
    best = render_layered(light, defocus).bokeh
    assert psnr(render_layered(light, defocus, quality="preview").bokeh, best) > 45


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (2, 3)])
def test_tiny_images(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    light = rng.random((*size, 3)).astype(np.float32)
    defocus = rng.uniform(-300, 300, size).astype(np.float32)
    found = render_layered(light, defocus).bokeh
    assert np.isfinite(found).all()
    assert light.min() - 1e-4 <= found.min() <= found.max() <= light.max() + 1e-4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"light": np.ones((8, 8), np.float32)}, "expected (height, width, 3)", id="no colours"),
        pytest.param({"light": np.ones((0, 8, 3), np.float32)}, "none of them 0", id="empty"),
        pytest.param({"defocus": np.ones((8, 9), np.float32)}, "to match the light", id="another size"),
        pytest.param({"defocus": np.full((8, 8), np.nan, np.float32)}, "defocus holds NaN", id="NaN"),
        pytest.param({"defocus": np.full((8, 8), 1e300)}, "defocus holds NaN or infinite", id="too large"),
        pytest.param({"light": np.full((8, 8, 3), np.inf, np.float32)}, "light holds NaN or infinite", id="infinity"),
        pytest.param({"light": np.full((8, 8, 3), -1, np.float32)}, "expected 0 or more", id="negative"),
        pytest.param({"aperture": CatEye()}, "knows no cat's eye", id="cat's eye"),
        pytest.param({"layers": 0}, "0 layers", id="layers"),
        pytest.param({"lens_parts": 65}, "65 lens parts", id="parts"),
        pytest.param({"quality": "best"}, "unknown quality", id="quality"),
        pytest.param({"threads": -1}, "-1 threads", id="threads"),
    ],
)
def test_what_cannot_be_rendered_is_refused(change: dict[str, Any], message: str) -> None:
    arguments: dict[str, Any] = {"light": np.ones((8, 8, 3), np.float32), "defocus": np.ones((8, 8), np.float32)}
    with pytest.raises(BadInputError) as error:
        render_layered(**{**arguments, **change})
    assert message in str(error.value)
    assert "\n" not in str(error.value)
