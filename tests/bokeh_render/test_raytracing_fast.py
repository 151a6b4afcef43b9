"""The compiled ray tracer against its twin, and what rays spread over the pixel's area are for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bokeh_render.aperture import Aperture
from bokeh_render.errors import BadInputError
from bokeh_render.optics import Float32
from bokeh_render.raytracing import Layer, lens_points, pixel_points, trace, trace_fast

LENS = lens_points(Aperture(blades=5, rotation_rad=0.3), 23)


def layers(rng: np.random.Generator, height: int, width: int) -> list[Layer]:
    """Three layers, tilted, near to far; the first two have holes and soft edges, the last has none."""
    made = []
    for number, plane in enumerate(([0.9, 0.004, -0.002], [0.5, -0.003, 0.001], [0.1, 0.0, 0.002])):
        y, x = np.mgrid[:height, :width]
        middle = rng.uniform(0.3, 0.7, 2) * (height, width)
        alpha = np.clip(rng.uniform(5, 9) - np.hypot(y - middle[0], x - middle[1]) / 1.5, 0, 1)
        if number == 2:
            alpha = np.ones_like(alpha)
        made.append(
            Layer(
                torch.from_numpy(rng.uniform(0, 3, (1, 3, height, width)).astype(np.float32)),
                torch.from_numpy(alpha.astype(np.float32))[None, None],
                torch.tensor([plane]),
            )
        )
    return made


def twin(scene: list[Layer], lens: np.ndarray, size: tuple[int, int], within: np.ndarray | None) -> Float32:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        found = trace(
            scene,
            torch.from_numpy(lens),
            torch.tensor([6.0]),
            torch.tensor([0.4]),
            size,
            within_pixel=None if within is None else torch.from_numpy(within),
        )
    finally:
        torch.set_num_threads(threads)
    return found[0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize("spread", [False, True])
@pytest.mark.parametrize("room", [(0, 0), (12, 12), (13, 8), (-4, 6)])
def test_the_compiled_tracer_equals_its_twin(spread: bool, room: tuple[int, int]) -> None:
    rng = np.random.Generator(np.random.PCG64(5))
    size = (26, 31)
    scene = layers(rng, size[0] + room[0], size[1] + room[1])
    within = pixel_points(len(LENS)) if spread else None
    found = trace_fast(scene, LENS, 6.0, 0.4, size, within_pixel=within)
    np.testing.assert_allclose(found, twin(scene, LENS, size, within), atol=3e-5)


def test_any_number_of_threads_gives_the_same_bits() -> None:
    scene = layers(np.random.Generator(np.random.PCG64(6)), 40, 40)
    one, three = (trace_fast(scene, LENS, 6.0, 0.4, (30, 30), threads=threads) for threads in (1, 3))
    assert np.array_equal(one, three)


def test_several_scenes_are_refused() -> None:
    both = Layer(torch.ones(2, 3, 4, 4), torch.ones(2, 1, 4, 4), torch.zeros(2, 3))
    with pytest.raises(BadInputError, match="2 scenes were given; the compiled tracer takes one at a time"):
        trace_fast([both], LENS, 1.0, 0.0, (4, 4))


def test_pixel_points_are_spread_evenly() -> None:
    points = pixel_points(400)
    assert points.min() >= -0.5
    assert points.max() < 0.5
    assert np.abs(points.mean(axis=0)).max() < 0.01
    np.testing.assert_allclose(points.var(axis=0), 1 / 12, rtol=0.03)
    counts = np.histogram2d(*points.T, bins=5, range=[[-0.5, 0.5]] * 2)[0]
    assert counts.min() >= 12


def test_rays_over_the_pixel_blur_the_sharp_and_the_blurred_picture_alike() -> None:
    """One plane out of focus: the picture's own softness and the lens's disc add up, nothing else (second moments)."""
    light = torch.zeros(1, 3, 61, 61)
    light[..., 30, 30] = 1.0
    count, radius = 600, 6.0
    within = pixel_points(count)
    plane = [Layer(light, torch.ones(1, 1, 61, 61), torch.tensor([[1.0, 0.0, 0.0]]))]
    sharp = trace_fast(plane, np.zeros((count, 2)), 0.0, 0.0, (51, 51), within_pixel=within)[..., 0]
    blurred = trace_fast(plane, lens_points(Aperture(), count), radius, 0.0, (51, 51), within_pixel=within)[..., 0]
    assert second_moment(sharp) == pytest.approx(2 * (1 / 12 + 1 / 6), rel=0.02)
    assert second_moment(blurred) - second_moment(sharp) == pytest.approx(radius**2 / 2, rel=0.005)


def second_moment(image: Float32) -> float:
    y, x = np.mgrid[: image.shape[0], : image.shape[1]] - 25.0
    weight = image.astype(np.float64) / image.sum(dtype=np.float64)
    return float((weight * (x**2 + y**2)).sum())
