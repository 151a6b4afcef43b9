"""The reference renderer against a direct transcription of its formula, by gradients and by invariants."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from bokeh_render.classical import ScatterResult, scatter_reference
from bokeh_render.errors import BadInputError

Array = NDArray[np.float64]


def transcription(light: Array, defocus: Array) -> tuple[Array, Array, Array]:
    """Scatter (H, W, C) light by (H, W) defocus with one loop per letter of the formula."""
    height, width, _ = light.shape
    total, weight = np.zeros_like(light), np.zeros((height, width))
    dilated = np.trunc(defocus)
    for y in range(height):
        for x in range(width):
            r = abs(defocus[y, x])
            reach = math.floor(r) + 1
            for ty in range(max(0, y - reach), min(height, y + reach + 1)):
                for tx in range(max(0, x - reach), min(width, x + reach + 1)):
                    distance = math.sqrt((ty - y) ** 2 + (tx - x) ** 2)
                    w = (0.5 + 0.5 * math.tanh(4 * (r - distance))) / (r * r + 0.2)
                    total[ty, tx] += w * light[y, x]
                    weight[ty, tx] += w
                    if distance <= r:
                        dilated[ty, tx] = max(dilated[ty, tx], math.trunc(defocus[y, x]))
    return total / weight[..., None], weight, dilated


def both(result: ScatterResult) -> tuple[torch.Tensor, torch.Tensor]:
    return result.bokeh, result.weight


def to_torch(array: Array) -> torch.Tensor:
    planes = array[..., None] if array.ndim == 2 else array
    return torch.from_numpy(planes.transpose(2, 0, 1)[None].copy())


@given(
    st.integers(1, 9),
    st.integers(1, 11),
    st.integers(1, 3),
    st.floats(0, 9),
    st.floats(1, 1e5),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=40, deadline=None)
def test_equals_the_formula(height: int, width: int, channels: int, largest: float, peak: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    light = rng.random((height, width, channels)) * np.where(rng.random((height, width, 1)) < 0.1, peak, 1.0)
    defocus = rng.uniform(-largest, largest, (height, width))
    bokeh, weight, dilated = transcription(light, defocus)
    result = scatter_reference(to_torch(light), to_torch(defocus))
    np.testing.assert_allclose(result.bokeh[0].permute(1, 2, 0).numpy(), bokeh, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(result.weight[0, 0].numpy(), weight, rtol=1e-9)
    np.testing.assert_array_equal(result.dilated_defocus[0, 0].numpy(), dilated)


def test_single_precision_stays_within_1e5_of_the_formula() -> None:
    rng = np.random.default_rng(0)
    light, defocus = rng.random((24, 31, 3)), rng.uniform(-8, 8, (24, 31))
    result = scatter_reference(to_torch(light).float(), to_torch(defocus).float())
    bokeh = result.bokeh[0].permute(1, 2, 0).numpy()
    assert np.abs(bokeh - transcription(light, defocus)[0]).max() < 1e-5


def test_gradients() -> None:
    generator = torch.Generator().manual_seed(0)
    light = torch.rand(1, 2, 5, 6, dtype=torch.float64, generator=generator, requires_grad=True)
    # away from whole numbers, where the window jumps
    whole = torch.randint(-3, 3, (1, 1, 5, 6), generator=generator)
    share = torch.rand(1, 1, 5, 6, dtype=torch.float64, generator=generator)
    defocus = (whole + 0.2 + 0.6 * share).requires_grad_()
    assert torch.autograd.gradcheck(lambda i, d: both(scatter_reference(i, d)), (light, defocus))


@given(st.floats(0.0, 100.0), st.floats(0, 6), st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_a_constant_image_stays_constant(value: float, largest: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    defocus = torch.from_numpy(rng.uniform(-largest, largest, (1, 1, 12, 14)))
    light = torch.full((1, 3, 12, 14), value, dtype=torch.float64)
    torch.testing.assert_close(scatter_reference(light, defocus).bokeh, light)


def test_a_radius_far_beyond_the_image_spreads_evenly() -> None:
    generator = torch.Generator().manual_seed(3)
    light = torch.rand(1, 3, 6, 9, dtype=torch.float64, generator=generator)
    result = scatter_reference(light, torch.full((1, 1, 6, 9), 1e6, dtype=torch.float64))
    torch.testing.assert_close(result.bokeh, light.mean(dim=(2, 3), keepdim=True).expand_as(light))


def test_a_batch_is_rendered_image_by_image() -> None:
    generator = torch.Generator().manual_seed(1)
    light = torch.rand(3, 3, 10, 9, generator=generator)
    defocus = torch.rand(3, 1, 10, 9, generator=generator) * 4
    together = scatter_reference(light, defocus)
    for index in range(3):
        alone = scatter_reference(light[index : index + 1], defocus[index : index + 1])
        torch.testing.assert_close(together.bokeh[index : index + 1], alone.bokeh)


@pytest.mark.parametrize(
    ("light", "defocus", "message"),
    [
        (torch.zeros(1, 3, 4), torch.zeros(1, 1, 4, 4), r"expected \(N, C, H, W\)"),
        (torch.zeros(1, 3, 0, 4), torch.zeros(1, 1, 0, 4), "none of them 0"),
        (torch.zeros(1, 3, 4, 4), torch.zeros(1, 1, 4, 5), "to match the light"),
        (torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 4, 4), "to match the light"),
        (torch.zeros(1, 3, 4, 4).int(), torch.zeros(1, 1, 4, 4).int(), "one of float16, float32, float64"),
        (torch.zeros(1, 3, 4, 4).double(), torch.zeros(1, 1, 4, 4), "one of float16, float32, float64"),
        (torch.full((1, 3, 4, 4), torch.nan), torch.zeros(1, 1, 4, 4), "light holds NaN"),
        (torch.zeros(1, 3, 4, 4), torch.full((1, 1, 4, 4), torch.inf), "defocus holds NaN or infinite"),
    ],
)
def test_bad_input_is_refused(light: torch.Tensor, defocus: torch.Tensor, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        scatter_reference(light, defocus)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA GPU")
def test_cuda_gives_what_the_cpu_gives() -> None:
    generator = torch.Generator().manual_seed(2)
    light, defocus = torch.rand(1, 3, 40, 50, generator=generator), torch.rand(1, 1, 40, 50, generator=generator) * 9
    cpu, cuda = scatter_reference(light, defocus), scatter_reference(light.cuda(), defocus.cuda())
    for expected, found in zip(both(cpu), both(cuda), strict=True):
        torch.testing.assert_close(found.cpu(), expected)
