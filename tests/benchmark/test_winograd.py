from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmark.metrics import winograd
from benchmark.metrics.winograd import WinogradConvolution


def random_layer(inputs: int, outputs: int, kernel: int) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng([inputs, kernel])
    weight = rng.normal(0, 1, (outputs, inputs, kernel, kernel)) / np.sqrt(inputs * kernel**2)
    return torch.from_numpy(weight).float(), torch.from_numpy(rng.normal(0, 0.3, outputs)).float()


def random_images(*shape: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(5).random(shape, dtype=np.float32))


@pytest.mark.parametrize(("kernel", "padding"), [(3, 1), (3, 0), (5, 2)])
@pytest.mark.parametrize(("height", "width"), [(8, 12), (7, 5), (17, 30), (5, 5)])
def test_it_is_the_convolution_in_double_precision(kernel: int, padding: int, height: int, width: int) -> None:
    weight, bias = random_layer(37, 21, kernel)
    images = random_images(3, height, width, 37)
    found = WinogradConvolution(weight, bias, padding)(images)
    exact = torch.nn.functional.conv2d(
        images.permute(0, 3, 1, 2).double(), weight.double(), bias.double(), padding=padding
    ).relu()
    assert exact.min() == 0
    assert found.permute(0, 3, 1, 2).shape == exact.shape
    assert (found.permute(0, 3, 1, 2) - exact).abs().max() < 1e-5 * exact.max()


def test_an_image_of_one_pixel() -> None:
    weight, bias = random_layer(4, 6, 3)
    image = random_images(1, 1, 1, 4)
    expected = (weight[:, :, 1, 1] @ image[0, 0, 0] + bias).relu()
    torch.testing.assert_close(WinogradConvolution(weight, bias, 1)(image)[0, 0, 0], expected, atol=1e-6, rtol=0)


def test_cutting_the_work_into_blocks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    weight, bias = random_layer(16, 32, 3)
    convolution = WinogradConvolution(weight, bias, 1)
    images = random_images(3, 13, 19, 16)
    whole = convolution(images)
    monkeypatch.setattr(winograd, "_TILES_AT_ONCE", 7)
    torch.testing.assert_close(convolution(images), whole, atol=1e-6, rtol=0)
