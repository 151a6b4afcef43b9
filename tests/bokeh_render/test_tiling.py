from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from bokeh_render.classical.dilation import dilate_defocus
from bokeh_render.neural.reach import reached_by_more_than, soften
from bokeh_render.neural.tiling import MARGIN_PX, Tiles, run_in_tiles, tiles

from .drawn_networks import drawn_published, drawn_refiner

GAMMA = torch.tensor([0.3])


def values(*shape: int) -> Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(sum(shape)))


@pytest.mark.parametrize("size", [(2, 2), (64, 96), (130, 66), (150, 202)])
def test_tiles_cover_an_image_once(size: tuple[int, int]) -> None:
    count = np.zeros(size, dtype=int)
    for tile in tiles(*size, 64):
        count[tile.top : tile.bottom, tile.left : tile.right] += 1
        assert not any(edge % 2 for edge in tile)
        wide = tile.widened(*size)
        assert tile.top - wide.top in (tile.top, MARGIN_PX)
        assert wide.right - tile.right in (size[1] - tile.right, MARGIN_PX)
    assert (count == 1).all()


@torch.inference_mode()
def test_a_network_in_tiles_gives_the_values_of_the_whole() -> None:
    refiner = drawn_refiner()
    inputs = [values(1, 3, 150, 202), values(1, 1, 150, 202) * 2 - 1, values(1, 3, 150, 202)]
    whole = refiner(*inputs, GAMMA)
    found = run_in_tiles(lambda *parts: refiner(*parts, GAMMA), inputs, 3, Tiles(64))
    assert whole.std() > 0.1
    torch.testing.assert_close(found, whole, atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_inputs_of_half_the_size_are_cut_at_half_the_places() -> None:
    iunet = drawn_published().iunet
    inputs = [values(1, 3, 134, 146), values(1, 1, 134, 146), values(1, 3, 67, 73)]
    whole = iunet(*inputs, GAMMA)
    found = run_in_tiles(lambda *parts: iunet(*parts, GAMMA), inputs, 3, Tiles(64))
    torch.testing.assert_close(found, whole, atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_only_what_is_needed_is_computed() -> None:
    refiner = drawn_refiner()
    inputs = [values(1, 3, 200, 260), values(1, 1, 200, 260), values(1, 3, 200, 260)]
    needed = torch.zeros((200, 260), dtype=torch.bool)
    needed[71, 133] = needed[76, 139] = needed[199, 259] = True
    seen = 0

    def run(*parts: Tensor) -> Tensor:
        nonlocal seen
        seen += parts[0].shape[2] * parts[0].shape[3]
        return refiner(*parts, GAMMA)

    found = run_in_tiles(run, inputs, 3, Tiles(64), needed)
    torch.testing.assert_close(found[..., needed], refiner(*inputs, GAMMA)[..., needed], atol=1e-5, rtol=1e-5)
    assert seen <= 2 * (2 * MARGIN_PX + 8) ** 2
    assert not run_in_tiles(run, inputs, 3, Tiles(64), torch.zeros_like(needed)).any()


def test_reach_is_the_dilated_defocus_beyond_the_limit() -> None:
    rng = np.random.default_rng(3)
    defocus = rng.integers(-3, 4, (60, 80)).astype(np.float32)
    defocus[20:24, 30:33], defocus[50, 70] = -11.0, 8.0
    found = reached_by_more_than(defocus, 4.0)
    size = np.abs(defocus)
    inner, outer = (dilate_defocus(np.where(size > 4, size + by, 0).astype(np.float32)) > 4 for by in (-1.0, 1.0))
    assert (found[inner] == 1).all()
    assert (found[~outer] == 0).all()
    assert ((found > 0) & (found < 1)).any()
    assert not reached_by_more_than(defocus, 11.0).any()


def test_softening_is_the_gaussian_of_the_masks() -> None:
    mask = torch.zeros((1, 1, 9, 40))
    mask[..., 20:] = 1.0
    found = soften(mask, 4)[0, 0].numpy()
    weights = np.exp(-0.5 * (np.arange(-4, 5) / 1.7) ** 2)  # sigma = 0.3 (4 - 1) + 0.8
    expected = np.convolve(np.pad(mask[0, 0, 0].numpy(), 4, mode="edge"), weights / weights.sum(), mode="valid")
    np.testing.assert_allclose(found, np.tile(expected, (9, 1)), atol=1e-6)
    assert soften(mask, 0) is mask
