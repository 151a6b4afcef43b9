"""The noise floor says what a perfect prediction is off by, however it was measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bokeh_render.imagefile import write_image
from bokeh_render.optics import light_from_display
from generator.noise_floor import noise_floors, noise_psnr, second_seed_psnrs

_SIGMA = 0.02
_EXPECTED_DB = -20 * np.log10(_SIGMA)


def noisy(seed: int, sigma: float) -> NDArray[np.float32]:
    """Return grey light whose display values carry noise of the given standard deviation."""
    rng = np.random.Generator(np.random.PCG64(seed))
    return light_from_display(np.clip(0.5 + rng.normal(0, sigma, (128, 128, 3)), 0, 1))


def test_two_renders_of_which_one_is_published(tmp_path: Path) -> None:
    for seed, folder in enumerate(("", "seed2")):
        (tmp_path / folder).mkdir(exist_ok=True)
        write_image(tmp_path / folder / "bokeh_00_03.exr", noisy(seed, _SIGMA), bits=32)
    psnrs = second_seed_psnrs(tmp_path, 0, (3,))
    (floor,) = noise_floors({0: psnrs}, "second_seed")
    assert floor.psnr == pytest.approx(_EXPECTED_DB, abs=0.1)
    assert (floor.measured_focus, floor.measure) == ((3,), "second_seed")


def test_two_halves_whose_mean_is_published() -> None:
    halves = noisy(0, _SIGMA * np.sqrt(2)), noisy(1, _SIGMA * np.sqrt(2))
    assert noise_psnr(*halves, "half_views") == pytest.approx(_EXPECTED_DB, abs=0.1)


def test_levels_that_were_not_measured_are_left_out() -> None:
    assert noise_floors({0: {}, 1: {0: 40.0, 2: 42.0}}, "half_views")[0].model_dump() == {
        "blur": 1,
        "psnr": 41.0,
        "measured_focus": (0, 2),
        "measure": "half_views",
    }
