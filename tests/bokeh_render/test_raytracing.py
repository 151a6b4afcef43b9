"""The layered ray tracer against closed forms, and against rays followed through space in metres."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.ndimage import convolve, map_coordinates
from torch import Tensor

from bokeh_render import Aperture, BadInputError, CatEye, Outline, Ring, Shape
from bokeh_render.aperture import contains
from bokeh_render.aperture_shapes import heart, star
from bokeh_render.outline import contours_of
from bokeh_render.raytracing import Layer, all_in_focus, composite_disparity, lens_points, trace

Array = NDArray[Any]
DISC = Aperture()
SKEW = Aperture(blades=3, rotation_rad=0.26, ratio=1.3)  # no symmetry that could hide a wrong turn or a swapped axis


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Images this small are slowed by threads, on busy cores a hundredfold."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def layer(light: Array, plane: tuple[float, float, float], alpha: Array | None = None) -> Layer:
    """Make a layer of one scene, float64. light: (h, w, 3) or (h, w) for grey; alpha: (h, w), by default 1."""
    colour = np.broadcast_to(light if light.ndim == 3 else light[..., None], (*light.shape[:2], 3))
    cover = np.ones(light.shape[:2]) if alpha is None else alpha
    return Layer(
        torch.from_numpy(colour.astype(np.float64)).permute(2, 0, 1)[None].contiguous(),
        torch.from_numpy(cover.astype(np.float64))[None, None],
        torch.tensor([plane], dtype=torch.float64),
    )


def traced(layers: list[Layer], lens: Array, k: float, focus: float, size: tuple[int, int]) -> Array:
    """Trace one scene; returns (H, W, 3)."""
    numbers = (torch.tensor([value], dtype=torch.float64) for value in (k, focus))
    return trace(layers, torch.from_numpy(lens), *numbers, size)[0].permute(1, 2, 0).numpy()


def point_light(side: int) -> Array:
    light = np.zeros((side, side))
    light[side // 2, side // 2] = 1.0
    return light


def aperture_kernel(aperture: Aperture, defocus_px: float) -> Array:
    """Return what a pixel's light becomes, (2 r + 1)^2: the opening, as the blur shows it, seen through a pixel's tent.

    Summed over a fine grid of the lens that :func:`lens_points` knows nothing of.
    """
    reach = int(np.ceil(abs(defocus_px) * 1.02)) + 1
    fine = (np.arange(400) + 0.5) / 200 - 1
    right, up = (axis[contains(aperture, *np.meshgrid(fine, fine))] for axis in np.meshgrid(fine, fine))
    pixels = np.arange(-reach, reach + 1)

    def tent(at: Array) -> Array:
        return np.maximum(1 - np.abs(pixels[:, None] - at), 0.0)

    # in front (positive) the blur is the opening turned by 180 degrees; the image counts down
    return tent(defocus_px * up) @ tent(-defocus_px * right).T / len(up)


@pytest.mark.parametrize("aperture", [DISC, SKEW], ids=["disc", "triangle"])
@pytest.mark.parametrize("defocus_px", [5.3, -5.3], ids=["in front", "behind"])
def test_one_plane_is_a_convolution_with_the_opening(aperture: Aperture, defocus_px: float) -> None:
    light = np.random.default_rng(1).random((44, 52, 3))
    found = traced([layer(light, (0.8, 0, 0))], lens_points(aperture, 2000), 10.0, 0.8 - defocus_px / 10, (28, 36))
    kernel = aperture_kernel(aperture, defocus_px)
    assert kernel.sum() == pytest.approx(1.0)
    expected = np.stack([convolve(light[..., c], kernel, mode="nearest") for c in range(3)], axis=-1)[8:-8, 8:-8]
    assert np.abs(found - expected).max() < 0.0015 < 0.1 * expected.std()  # measured: 0.0005


@pytest.mark.parametrize("defocus_px", [14.0, -14.0], ids=["in front", "behind"])
@pytest.mark.parametrize("shape", [SKEW, heart()], ids=["triangle", "heart"])
def test_a_light_draws_the_lens_as_it_stands_behind_and_turned_in_front(shape: Shape, defocus_px: float) -> None:
    side = 41
    found = traced(
        [layer(point_light(side), (0.5, 0, 0))], lens_points(shape, 1500), 28.0, 0.5 - defocus_px / 28, (side,) * 2
    )
    seen = found[..., 0] > 0.5 * np.median(found[found > 0.2 * found.max()])
    rows, columns = np.indices((side, side)) - side // 2
    right, up = columns / -defocus_px, -rows / -defocus_px
    expected, turned = holds(shape, right, up), holds(shape, -right, -up)
    overlap = (seen & expected).sum() / (seen | expected).sum()
    assert overlap > 0.9
    assert (seen & turned).sum() / (seen | turned).sum() < overlap - 0.08


def holds(shape: Shape, right: Array, up: Array) -> Array:
    if isinstance(shape, Aperture):
        return contains(shape, right, up)
    from matplotlib.path import Path as Polygon  # a reading of the outline that is not ours

    inside: Array = Polygon(contours_of(shape)[0]).contains_points(np.stack([right.ravel(), up.ravel()], axis=1))
    return inside.reshape(right.shape)


def half_disc(t: Array) -> Array:
    """Return the share of the unit disc on the left of the line x = t: the integral of its chords."""
    t = np.clip(t, -1.0, 1.0)
    return 0.5 + (t * np.sqrt(1 - t * t) + np.arcsin(t)) / np.pi


SIDE = 48
POSITIONS = np.arange(SIDE) - (SIDE - 1) / 2
FLAT = (2, SIDE)  # all rows are alike
LEFT = np.broadcast_to((POSITIONS < 0).astype(float), FLAT)
"""What lies left of the image's middle; between the two pixels there, the tracer has it fall linearly from 1 to 0."""


@pytest.mark.parametrize("radius_px", [2.5, 6.0, 11.0])
def test_the_edge_of_a_near_plane_has_the_profile_of_the_discs_chords(radius_px: float) -> None:
    front, back = layer(np.full(FLAT, 0.9), (1.0, 0, 0), LEFT), layer(np.full(FLAT, 0.2), (0.4, 0, 0))
    k = radius_px / 0.6  # focus on the background
    found = traced([front, back], lens_points(DISC, 1500), k, 0.4, FLAT)
    ramp = (np.arange(64) + 0.5) / 64 - 0.5
    share = half_disc((ramp - POSITIONS[:, None]) / radius_px).mean(axis=1)
    expected = 0.2 + 0.7 * share
    assert np.abs(found - expected[None, :, None]).max() < 0.0015  # measured: 0.0004


@pytest.mark.parametrize(
    ("front_px", "back_px"),
    [
        pytest.param(6.0, 0.0, id="background sharp"),
        pytest.param(0.0, -6.0, id="foreground sharp"),
        pytest.param(5.0, -7.0, id="focus between"),
        pytest.param(9.0, 4.0, id="both in front"),
        pytest.param(-3.0, -8.0, id="both behind"),
    ],
)
def test_two_planes_hide_each_other_ray_by_ray(front_px: float, back_px: float) -> None:
    step = np.broadcast_to(np.where(POSITIONS < 2, 0.1, 1.0), FLAT)
    layers = [layer(np.full(FLAT, 0.5), (front_px / 10, 0, 0), LEFT), layer(step, (back_px / 10, 0, 0))]
    found = traced(layers, lens_points(DISC, 1500), 10.0, 0.0, FLAT)

    u = (np.arange(4000) + 0.5) / 2000 - 1  # right of the lens centre; the disc's chord there is 2 sqrt(1 - u^2)
    chord = np.sqrt(1 - u * u) / np.sqrt(1 - u * u).sum()
    front_at, back_at = POSITIONS[:, None] + front_px * u, POSITIONS[:, None] + back_px * u
    covered = np.interp(front_at, [-0.5, 0.5], [1.0, 0.0])
    behind = np.interp(back_at, [1.5, 2.5], [0.1, 1.0])
    expected = (covered * 0.5 + (1 - covered) * behind) @ chord
    assert np.abs(found - expected[None, :, None]).max() < 0.0015  # measured: 0.0005
    if front_px and back_px:  # what blurring the two apart, and then blending them, would give
        apart = (covered @ chord) * 0.5 + (1 - covered @ chord) * (behind @ chord)
        assert np.abs(apart - expected).max() > 0.02


def through_space(
    layers: list[Layer], lens: Array, f_px: float, radius_m: float, focus_m: float, size: tuple[int, int]
) -> Array:
    """Follow every ray through space, in metres: from a point of the lens, through the focal plane, to each plane.

    A layer's plane is ``dx f X + dy f Y + d0 Z = 1``: disparity 1/Z is then linear over the image.
    """
    rows, columns = np.indices(size)
    x, y = columns - (size[1] - 1) / 2, rows - (size[0] - 1) / 2
    aim = focus_m * np.stack([x / f_px, y / f_px, np.ones(size)], axis=-1)
    total = np.zeros((*size, 3))
    for right, up in lens:
        origin = np.array([radius_m * right, -radius_m * up, 0.0])
        seen = np.zeros((*size, 3))
        for item in reversed(layers):  # back to front, unlike the tracer
            d0, dx, dy = item.plane[0].tolist()
            normal = np.array([dx * f_px, dy * f_px, d0])
            t = (1.0 - origin @ normal) / ((aim - origin) @ normal)
            hit = origin + t[..., None] * (aim - origin)
            height, width = item.light.shape[2:]
            at = [
                f_px * hit[..., 1] / hit[..., 2] + (height - 1) / 2,
                f_px * hit[..., 0] / hit[..., 2] + (width - 1) / 2,
            ]
            alpha, light = item.alpha[0, 0].numpy(), item.light[0].numpy()
            cover = map_coordinates(alpha, at, order=1, mode="nearest")[..., None]
            shown = [map_coordinates(alpha * light[c], at, order=1, mode="nearest") for c in range(3)]
            seen = np.stack(shown, axis=-1) + (1 - cover) * seen
        total += seen
    return total / len(lens)


@pytest.mark.parametrize("focus_m", [1.1, 2.0, 4.5])
def test_tilted_planes_are_met_where_rays_meet_them_in_space(focus_m: float) -> None:
    rng = np.random.default_rng(5)
    layers = [
        layer(rng.random((40, 48, 3)), (1.0, 0.012, -0.008), (rng.random((40, 48)) > 0.6).astype(float)),
        layer(rng.random((36, 44, 3)), (0.6, -0.007, 0.01), rng.random((36, 44))),
        layer(rng.random((40, 40, 3)), (0.3, 0.004, 0.005)),
    ]
    f_px, radius_m, size = 50.0, 0.24, (20, 24)
    lens = lens_points(SKEW, 40)
    expected = through_space(layers, lens, f_px, radius_m, focus_m, size)
    np.testing.assert_allclose(traced(layers, lens, f_px * radius_m, 1 / focus_m, size), expected, atol=1e-10)


def test_the_radius_is_linear_in_k() -> None:
    lens, errors = lens_points(DISC, 100), []
    for k in (8, 16, 32, 64, 96):
        side = 2 * k + 7
        found = traced([layer(point_light(side), (1.0, 0, 0))], lens, float(k), 0.0, (side, side))[..., 0]
        rows, columns = np.indices(found.shape) - side // 2
        moment = (found * (rows**2 + columns**2)).sum() / found.sum()
        errors.append(np.sqrt(2 * (moment - 1 / 3)) / k - 1)  # a pixel's tent has 1/6 on each axis, a disc r^2 / 2
    assert np.abs(errors).max() < 0.001, errors  # measured: 0.0001


@pytest.mark.parametrize("tilt", [0.0, 0.01])
def test_light_is_kept(tilt: float) -> None:
    lens, size = lens_points(SKEW, 200), (25, 25)
    even = layer(np.full((25, 25), 0.37), (1.0, tilt, -tilt))
    np.testing.assert_allclose(traced([even], lens, 7.0, 0.2, size), 0.37, atol=1e-12)
    point = layer(point_light(25), (1.0, tilt, -tilt))
    assert traced([point], lens, 7.0, 0.2, size)[..., 0].sum() == pytest.approx(1.0, abs=1e-9 if not tilt else 0.1)


def test_light_from_beyond_the_frame_comes_in() -> None:
    light = np.zeros((31, 31))
    light[15, 3] = 1.0
    found = traced([layer(light, (1.0, 0, 0))], lens_points(DISC, 500), 8.0, 0.0, (15, 15))[..., 0]
    beyond = half_disc(np.array(-4.5 / 8))  # the light stands 4.5 px left of the frame
    assert found.sum() == pytest.approx(beyond, abs=0.01)


def test_a_ray_that_meets_nothing_is_dark_and_others_count_in_full() -> None:
    alpha = np.zeros((16, 16))
    alpha[:, 8:] = 0.25
    found = traced([layer(np.full((16, 16), 0.6), (1.0, 0, 0), alpha)], lens_points(DISC, 16), 0.0, 0.0, (16, 16))
    np.testing.assert_allclose(found[:, :8], 0.0, atol=1e-12)
    np.testing.assert_allclose(found[:, 8:], 0.6, atol=1e-12)


def test_in_focus_the_layers_are_blended_pixel_by_pixel_and_nothing_else() -> None:
    rng = np.random.default_rng(3)
    light, alpha = rng.random((3, 12, 14, 3)), rng.random((3, 12, 14))
    alpha[2] = 1.0
    layers = [layer(light[k], (1.0 - 0.3 * k, 0.01, 0.02), alpha[k]) for k in range(3)]
    expected = light[2]
    for k in (1, 0):
        expected = alpha[k, ..., None] * light[k] + (1 - alpha[k, ..., None]) * expected
    found = all_in_focus(layers, (12, 14))[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_allclose(traced(layers, lens_points(DISC, 9), 0.0, 0.4, (12, 14)), expected, atol=1e-12)
    # a layer larger than the image is cut round its middle
    np.testing.assert_allclose(all_in_focus(layers, (8, 10))[0].permute(1, 2, 0), expected[2:-2, 2:-2], atol=1e-12)


def test_the_disparity_is_that_of_what_is_seen() -> None:
    front, middle = np.array([[1.0, 0.7, 0.3, 0.3, 0.0, 0.0]]), np.array([[1.0, 1.0, 0.6, 0.2, 0.5, 0.0]])
    light = np.ones((1, 6))
    planes = [(0.9, 0.01, 0.0), (0.5, 0.0, 0.0), (0.1, -0.02, 0.0)]
    layers = [layer(light, planes[0], front), layer(light, planes[1], middle), layer(light, planes[2])]
    x = np.arange(6) - 2.5
    near, mid, far = 0.9 + 0.01 * x, np.full(6, 0.5), 0.1 - 0.02 * x
    buffer = composite_disparity(layers, (1, 6))[0, 0, 0].numpy()
    np.testing.assert_allclose(buffer, [near[0], near[1], mid[2], far[3], mid[4], far[5]], atol=1e-12)
    mixed = composite_disparity(layers, (1, 6), mixed=True)[0, 0, 0].numpy()
    blended = front[0] * near + (1 - front[0]) * (middle[0] * mid + (1 - middle[0]) * far)
    np.testing.assert_allclose(mixed, blended, atol=1e-12)


def batch(scenes: int, dtype: torch.dtype = torch.float64) -> tuple[list[Layer], Tensor, Tensor]:
    """Return two layers, K and focus disparities of scenes that have nothing in common."""
    draw = torch.Generator().manual_seed(7)

    def rand(*shape: int) -> Tensor:
        return torch.rand(shape, generator=draw, dtype=dtype)

    near = Layer(rand(scenes, 3, 14, 16), rand(scenes, 1, 14, 16), rand(scenes, 3) * torch.tensor([1, 0.01, 0.01]))
    far = Layer(rand(scenes, 3, 12, 12), rand(scenes, 1, 12, 12), rand(scenes, 3) * torch.tensor([0.3, 0.01, 0.01]))
    return [near, far], 6.0 + 4.0 * rand(scenes), rand(scenes)


def test_a_batch_is_its_scenes_one_by_one() -> None:
    layers, k, focus = batch(3)
    lens = torch.from_numpy(lens_points(SKEW, 30))
    together = trace(layers, lens, k, focus, (10, 11))
    for n in range(3):
        alone = [Layer(item.light[n : n + 1], item.alpha[n : n + 1], item.plane[n : n + 1]) for item in layers]
        torch.testing.assert_close(trace(alone, lens, k[n : n + 1], focus[n : n + 1], (10, 11))[0], together[n])


def test_float32_is_near_float64() -> None:
    lens = torch.from_numpy(lens_points(SKEW, 30))
    exact = trace(*(lambda layers, k, focus: (layers, lens, k, focus))(*batch(2)), (10, 11))
    layers, k, focus = batch(2)
    single = [Layer(item.light.float(), item.alpha.float(), item.plane.float()) for item in layers]
    found = trace(single, lens, k.float(), focus.float(), (10, 11))
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), exact, atol=2e-5, rtol=0)


def test_gradients_are_those_of_differences() -> None:
    layers, k, focus = batch(1)
    lens = torch.from_numpy(lens_points(DISC, 7, 0.3))
    parts = [tensor for item in layers for tensor in (item.light, item.alpha, item.plane)]

    def image(*inputs: Tensor) -> Tensor:
        return trace([Layer(*inputs[:3]), Layer(*inputs[3:6])], lens, inputs[6], inputs[7], (4, 5))

    inputs = [tensor.clone().requires_grad_() for tensor in (*parts, k, focus)]
    assert torch.autograd.gradcheck(image, inputs, fast_mode=True)


def test_the_example_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[2] / "docs" / "raytracing.md").read_text()
    monkeypatch.chdir(tmp_path)
    exec(page.split("```python\n")[1].split("```")[0], {})
    assert {path.name for path in tmp_path.iterdir()} == {"sharp.png", "bokeh.png", "disparity.npy"}


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_gives_the_cpus_image() -> None:
    layers, k, focus = batch(2, torch.float32)
    lens = torch.from_numpy(lens_points(SKEW, 50))
    there = [Layer(item.light.cuda(), item.alpha.cuda(), item.plane.cuda()) for item in layers]
    found = trace(there, lens, k.cuda(), focus.cuda(), (10, 11)).cpu()
    torch.testing.assert_close(found, trace(layers, lens, k, focus, (10, 11)), atol=2e-5, rtol=0)


FRAME = Outline(
    name="frame",
    contours=(
        ((-0.9, -0.5), (0.9, -0.5), (0.9, 0.7), (-0.9, 0.7)),
        ((-0.3, -0.2), (-0.3, 0.5), (0.6, 0.5), (0.6, -0.2)),
    ),
)


@pytest.mark.parametrize(
    "shape",
    [DISC, SKEW, Ring(), Ring(outer=SKEW, obstruction=0.6), heart(), star(7), FRAME],
    ids=["disc", "triangle", "ring", "hollow triangle", "heart", "star", "frame"],
)
def test_lens_points_have_the_moments_of_the_opening(shape: Shape) -> None:
    centre, moments = exact_moments(shape)
    for offset in (0.0, 0.37):
        points = lens_points(shape, 2000, offset)
        assert points.shape == (2000, 2)
        np.testing.assert_allclose(points.mean(axis=0), centre, atol=0.004)
        np.testing.assert_allclose(points.T @ points / len(points), moments, atol=0.006 * np.trace(moments))
    assert not np.array_equal(points, lens_points(shape, 2000))


def exact_moments(shape: Shape) -> tuple[Array, Array]:
    """Return the mean of (right, up) and of their products over an opening, by Green's theorem along its outline."""
    area, first, second = 0.0, np.zeros(2), np.zeros((2, 2))
    for contour in contours_of(shape):
        for a, b in zip(contour, np.roll(contour, -1, axis=0), strict=True):
            triangle = 0.5 * (a[0] * b[1] - a[1] * b[0])  # with the origin
            area += triangle
            first += triangle * (a + b) / 3
            second += triangle * (np.outer(a, a) + np.outer(b, b) + np.outer(a + b, a + b)) / 12
    return first / area, second / area


def test_lens_points_stay_out_of_holes() -> None:
    right, up = lens_points(FRAME, 500).T
    assert not ((right > -0.3) & (right < 0.6) & (up > -0.2) & (up < 0.5)).any()
    assert (np.abs(right) <= 0.9).all()
    assert (np.hypot(*lens_points(Ring(obstruction=0.5), 500).T) >= 0.5).all()


def test_what_cannot_be_a_set_of_lens_points_is_refused() -> None:
    with pytest.raises(BadInputError, match=r"cat's eye has no single set of lens points: .* trace with a disc"):
        lens_points(CatEye(), 10)
    with pytest.raises(BadInputError, match=r"0 lens points were asked for; expected at least 1"):
        lens_points(DISC, 0)
    line = Outline(name="line", contours=(((-1.0, -1.0), (1.0, 1.0), (1.0, 0.9999)),))
    with pytest.raises(BadInputError, match=r"fills less than 0\.001 of its own bounds; expected a wider opening"):
        lens_points(line, 10)


def test_mistakes_are_one_sentence() -> None:
    layers, k, focus = batch(2)
    lens, size = torch.from_numpy(lens_points(DISC, 5)), (6, 6)
    light, alpha, plane = layers[0].light, layers[0].alpha, layers[0].plane
    steep = Layer(light, alpha, torch.tensor([[0.5, 0.3, 0.0]] * 2))
    alone = Layer(light[:1], alpha[:1], plane[:1])
    cases = {
        r"no layers to trace; expected at least one": lambda: trace([], lens, k, focus, size),
        r"lens points have shape \(5, 3\); expected \(n, 2\)": lambda: trace(layers, torch.zeros(5, 3), k, focus, size),
        r"blur parameters have shape \(1,\); expected \(2,\)": lambda: trace(layers, lens, k[:1], focus, size),
        r"K are \[-.*expected finite numbers, 0 or more .*not the sign": lambda: trace(layers, lens, -k, focus, size),
        r"focus disparities have shape \(\); expected \(2,\)": lambda: trace(layers, lens, k, focus[0], size),
        r"the layers hold \[2, 1\] scenes; expected the same": lambda: trace([layers[0], alone], lens, k, focus, size),
        r"layer 1 changes its blur by \d\.\d+ px per px; .*tilt it less": lambda: trace(
            [layers[0], steep], lens, k, focus, size
        ),
        r"light has shape \(2, 14, 16\); expected \(N, 3, h, w\)": lambda: Layer(light[:, 0], alpha, plane),
        r"alpha has shape \(2, 3, 14, 16\); expected \(2, 1, 14, 16\)": lambda: Layer(light, light, plane),
        r"plane has shape \(2, 2\); expected \(2, 3\)": lambda: Layer(light, alpha, plane[:, :2]),
    }
    for sentence, mistake in cases.items():
        with pytest.raises(BadInputError, match=sentence):
            mistake()
