"""ARNet, IUNet and the refiner: pinned to the published make by a twin written from the state dict alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from bokeh_render.neural.networks import ARNet, IUNet, gamma_input, resize
from bokeh_render.neural.refiner import REFINER_RANGE_PX, Refiner, compress, refiner_inputs


def randomised(network: nn.Module, seed: int) -> nn.Module:
    """Give all parameters, biases too, values that matter."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for values in network.parameters():
            fan = values[0].numel() if values.ndim > 1 else 10
            values.copy_(torch.randn(values.shape, generator=generator) * (2.0 / fan) ** 0.5)
    return network.eval()


def noise(seed: int, *shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


def space_to_depth(values: Tensor) -> Tensor:
    """Channel by channel, the four pixels of each 2x2 square: upper left, upper right, lower left, lower right."""
    parts = [values[:, c, dy::2, dx::2] for c in range(values.shape[1]) for dy in (0, 1) for dx in (0, 1)]
    return torch.stack(parts, dim=1)


def depth_to_space(values: Tensor) -> Tensor:
    count, channels, height, width = values.shape
    result = values.new_zeros((count, channels // 4, 2 * height, 2 * width))
    for c in range(channels // 4):
        for dy in (0, 1):
            for dx in (0, 1):
                result[:, c, dy::2, dx::2] = values[:, 4 * c + 2 * dy + dx]
    return result


def convolve(weights: dict[str, Tensor], name: str, values: Tensor) -> Tensor:
    """3x3, as nine shifted products over a rim of zeros."""
    kernel, bias = weights[f"{name}.conv.weight"], weights[f"{name}.conv.bias"]
    height, width = values.shape[2:]
    around = functional.pad(values, (1, 1, 1, 1))
    total = bias[None, :, None, None].expand(len(values), -1, height, width)
    for dy in range(3):
        for dx in range(3):
            part = around[:, :, dy : dy + height, dx : dx + width]
            total = total + torch.einsum("oi,nihw->nohw", kernel[:, :, dy, dx], part)
    return total


def elu(values: Tensor) -> Tensor:
    return torch.where(values > 0, values, torch.exp(values.clamp(max=0)) - 1)


def twin(weights: dict[str, Tensor], inputs: Tensor) -> Tensor:
    """Do what all three networks do between space to depth and depth to space, both included."""
    values = elu(convolve(weights, "conv0", inputs))
    for block in range(3):
        inner = elu(convolve(weights, f"block_stack.blocks.{block}.0", values))
        values = values + elu(convolve(weights, f"block_stack.blocks.{block}.1", inner))
    return depth_to_space(convolve(weights, "conv1", values))


def weights_of(network: nn.Module) -> dict[str, Tensor]:
    return {name: values.double() for name, values in network.state_dict().items()}


def constant(gamma: Tensor, like: Tensor) -> Tensor:
    return torch.ones_like(like[:, :1]) * gamma[:, None, None, None]


def parameters(network: nn.Module) -> int:
    return sum(values.numel() for values in network.parameters())


def test_networks_have_the_published_size() -> None:
    assert parameters(ARNet()) == 923_664
    assert parameters(IUNet()) == 240_076
    assert parameters(Refiner()) == 245_260


@pytest.mark.parametrize("network", [ARNet, IUNet, Refiner])
def test_layers_carry_the_published_names(network: type[nn.Module]) -> None:
    blocks = [f"block_stack.blocks.{block}.{conv}" for block in range(3) for conv in range(2)]
    layers = ["conv0", *blocks, "conv1"]
    assert list(network().state_dict()) == [f"{layer}.conv.{part}" for layer in layers for part in ("weight", "bias")]


def test_arnet_equals_its_twin() -> None:
    network = randomised(ARNet(), 1)
    image, defocus, gamma = noise(2, 2, 3, 8, 6), 2 * noise(3, 2, 1, 8, 6) - 1, torch.tensor([0.1, 0.9])
    half = space_to_depth(torch.cat([image, defocus], dim=1).double())
    expected = twin(weights_of(network), torch.cat([half, constant(gamma, half)], dim=1))
    with torch.no_grad():
        bokeh, error = network(image, defocus, gamma)
    assert bokeh.shape == (2, 3, 8, 6)
    assert error.shape == (2, 1, 8, 6)
    torch.testing.assert_close(torch.cat([bokeh, error], dim=1).double(), expected, rtol=1e-4, atol=1e-4)


def test_iunet_equals_its_twin() -> None:
    network = randomised(IUNet(), 4)
    image, defocus, gamma = noise(5, 1, 3, 6, 10), 2 * noise(6, 1, 1, 6, 10) - 1, torch.tensor([0.3])
    coarse = noise(7, 1, 3, 3, 5)
    half = space_to_depth(torch.cat([image, defocus], dim=1).double())
    expected = twin(weights_of(network), torch.cat([half, coarse.double(), constant(gamma, half)], dim=1))
    with torch.no_grad():
        found = network(image, defocus, coarse, gamma)
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-4)


def test_refiner_equals_its_twin() -> None:
    network = randomised(Refiner(), 8)
    image, base, gamma = noise(9, 1, 3, 6, 4), noise(10, 1, 3, 6, 4), torch.tensor([0.3])
    defocus = 4 * noise(11, 1, 1, 6, 4) - 2
    half = space_to_depth(torch.cat([image, defocus.clamp(-1, 1), base], dim=1).double())
    expected = twin(weights_of(network), torch.cat([half, constant(gamma, half)], dim=1))
    with torch.no_grad():
        found = network(image, defocus, base, gamma)
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("size", [(1, 1), (1, 6), (7, 4), (9, 11)])
def test_odd_sizes_come_back_as_they_went_in(size: tuple[int, int]) -> None:
    image, defocus, gamma = noise(12, 1, 3, *size), noise(13, 1, 1, *size), torch.tensor([0.5])
    with torch.no_grad():
        bokeh, error = ARNet()(image, defocus, gamma)
        sharper = IUNet()(image, defocus, noise(14, 1, 3, 2, 2), gamma)
        residual = randomised(Refiner(), 15)(image, defocus, image, gamma)
    assert bokeh.shape == sharper.shape == residual.shape == image.shape
    assert error.shape == defocus.shape
    assert all(bool(torch.isfinite(found).all()) for found in (bokeh, error, sharper, residual))


def test_odd_size_is_that_of_the_resized_image() -> None:
    network = randomised(IUNet(), 16)
    image, defocus, coarse, gamma = noise(17, 1, 3, 5, 7), noise(18, 1, 1, 5, 7), noise(19, 1, 3, 3, 4), torch.zeros(1)
    with torch.no_grad():
        even = network(resize(image, (6, 8)), resize(defocus, (6, 8)), coarse, gamma)
        torch.testing.assert_close(network(image, defocus, coarse, gamma), resize(even, (5, 7)))


def test_resize_keeps_the_corners() -> None:
    values = noise(20, 1, 2, 4, 5)
    found = resize(values, (7, 9))
    for y, x in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        torch.testing.assert_close(found[..., y, x], values[..., y, x])
    torch.testing.assert_close(found[..., ::2, ::2], values)
    assert resize(values, (4, 5)) is values


def test_rim_is_padded_with_zeros_not_with_the_image() -> None:
    network = randomised(IUNet(), 21)
    flat = torch.full((1, 3, 64, 64), 0.7)
    with torch.no_grad():
        found = network(flat, torch.zeros(1, 1, 64, 64), flat, torch.zeros(1))
    inside = found[..., 32:34, 32:34]
    torch.testing.assert_close(found[..., 34:36, 34:36], inside)
    assert float((found[..., :2, :2] - inside).abs().max()) > 0.01


def test_samples_of_a_batch_do_not_mix() -> None:
    network = randomised(Refiner(), 22)
    image, base, defocus = noise(23, 3, 3, 8, 8), noise(24, 3, 3, 8, 8), noise(25, 3, 1, 8, 8)
    gamma = torch.tensor([0.0, 0.5, 1.0])
    with torch.no_grad():
        together = network(image, defocus, base, gamma)
        apart = [network(image[k : k + 1], defocus[k : k + 1], base[k : k + 1], gamma[k : k + 1]) for k in range(3)]
        other_gamma = network(image, defocus, base, torch.zeros(3))
    torch.testing.assert_close(together, torch.cat(apart), rtol=1e-4, atol=1e-5)
    assert float((together - other_gamma)[1:].abs().min(dim=0).values.max()) > 1e-3


def test_gamma_input_spans_zero_to_one() -> None:
    assert gamma_input(torch.tensor([1.0, 2.0, 5.0])).tolist() == [0.0, 0.25, 1.0]


def test_untrained_refiner_changes_nothing_but_can_learn() -> None:
    network = Refiner()
    image, defocus, gamma = noise(26, 1, 3, 8, 8), noise(27, 1, 1, 8, 8), torch.tensor([0.3])
    found = network(image, defocus, image, gamma)
    assert bool((found == 0).all())
    (found - 1.0).square().mean().backward()
    assert float(network.conv1.conv.weight.grad.abs().max()) > 0  # type: ignore[union-attr]


def test_refiner_sees_every_pixel_of_the_base() -> None:
    network, base = randomised(Refiner(), 28), noise(29, 1, 3, 8, 8)
    others = (noise(30, 1, 3, 8, 8), noise(31, 1, 1, 8, 8), torch.tensor([0.3]))
    image, defocus, gamma = others
    with torch.no_grad():
        before = network(image, defocus, base, gamma)
        for y in (2, 3):
            for x in (4, 5):
                changed = base.clone()
                changed[..., y, x] += 0.5
                assert float((network(image, defocus, changed, gamma) - before).abs().max()) > 1e-3


def test_compress_leaves_display_values_and_draws_in_highlights() -> None:
    values = torch.tensor([0.0, 0.4, 1.0, float(np.e), 20.0])
    torch.testing.assert_close(compress(values), torch.tensor([0.0, 0.4, 1.0, 2.0, 1.0 + float(np.log(20.0))]))
    edge = torch.tensor([0.999, 1.001], requires_grad=True)
    compress(edge).sum().backward()
    torch.testing.assert_close(edge.grad, torch.ones(2), rtol=2e-3, atol=0)
    zero = torch.zeros(1, requires_grad=True)
    compress(zero).sum().backward()  # the branch not taken must not spoil the gradient
    assert zero.grad is not None
    assert float(zero.grad) == 1.0


def test_refiner_inputs_are_in_the_networks_units() -> None:
    display, base = 3 * noise(32, 1, 3, 4, 4), 3 * noise(33, 1, 3, 4, 4)
    defocus = torch.tensor([-2.0, -0.5, 0.25, 7.0]).reshape(1, 1, 2, 2) * REFINER_RANGE_PX
    image, blur, told = refiner_inputs(display, defocus, base)
    assert blur.flatten().tolist() == [-1.0, -0.5, 0.25, 1.0]
    assert torch.equal(image, compress(display))
    assert torch.equal(told, compress(base))
