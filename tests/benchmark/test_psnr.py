from __future__ import annotations

import math

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from benchmark.metrics.psnr import psnr, squared_errors
from bokeh_render.errors import BadInputError


def test_psnr_of_a_known_error() -> None:
    truth = np.zeros((4, 4, 3))
    assert psnr(truth + 0.1, truth, cap_db=100.0) == pytest.approx(20.0)


def test_equal_images_get_the_cap_not_infinity() -> None:
    truth = np.random.default_rng(0).random((5, 7, 3))
    assert psnr(truth, truth, cap_db=100.0) == 100.0
    assert psnr(truth + 1e-9, truth, cap_db=100.0) == 100.0


def test_psnr_does_not_overflow_in_small_integers() -> None:
    dark, bright = np.zeros((2, 2, 3), dtype=np.uint8), np.ones((2, 2, 3), dtype=np.uint8)
    assert psnr(dark, bright, cap_db=100.0) == pytest.approx(0.0)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_psnr_is_that_of_scikit_image(kind: type) -> None:
    rng = np.random.default_rng(1)
    truth = rng.random((33, 50, 3)).astype(kind)
    prediction = np.clip(truth + rng.normal(0, 0.03, truth.shape), 0, 1).astype(kind)
    theirs = peak_signal_noise_ratio(truth.astype(np.float64), prediction.astype(np.float64), data_range=1.0)
    assert psnr(prediction, truth, cap_db=100.0) == pytest.approx(theirs, abs=1e-11)


def test_errors_of_pixels_have_the_mean_that_psnr_has() -> None:
    rng = np.random.default_rng(2)
    truth, prediction = (rng.random((9, 11, 3), dtype=np.float32) for _ in range(2))
    errors = squared_errors(prediction, truth)
    np.testing.assert_allclose(errors, np.mean((prediction - truth.astype(np.float64)) ** 2, axis=2), rtol=1e-14)
    assert psnr(prediction, truth, cap_db=100.0) == pytest.approx(-10 * math.log10(errors.mean()), abs=1e-12)


def test_a_view_counts_as_what_it_shows() -> None:
    truth, prediction = (np.random.default_rng(seed).random((8, 6, 3), dtype=np.float32) for seed in (3, 4))
    turned = psnr(prediction[::-1, ::2], truth[::-1, ::2], cap_db=100.0)
    assert turned == pytest.approx(psnr(prediction[:, ::2].copy(), truth[:, ::2].copy(), cap_db=100.0), abs=1e-12)


def test_nan_is_not_taken_for_a_good_score() -> None:
    truth = np.zeros((3, 3, 3), dtype=np.float32)
    assert math.isnan(psnr(np.full_like(truth, np.nan), truth, cap_db=100.0))


def test_images_of_other_shapes_are_refused() -> None:
    with pytest.raises(BadInputError, match=r"the prediction has shape \(2, 3, 3\), the truth \(3, 2, 3\)"):
        psnr(np.zeros((2, 3, 3)), np.zeros((3, 2, 3)), cap_db=100.0)
    with pytest.raises(BadInputError, match=r"the truth has shape \(3, 2\); expected an image"):
        psnr(np.zeros((3, 2)), np.zeros((3, 2)), cap_db=100.0)
