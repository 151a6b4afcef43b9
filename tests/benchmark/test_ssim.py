from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from benchmark.metrics.ssim import ssim, ssim_map, truth_moments, valid_region
from benchmark.protocols import SsimSettings
from bokeh_render.errors import BadInputError

SETTINGS = SsimSettings()
Array = NDArray[Any]


def pair(height: int, width: int, kind: type = np.float32) -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    truth = rng.random((height, width, 3))
    return np.clip(truth + rng.normal(0, 0.05, truth.shape), 0, 1).astype(kind), truth.astype(kind)


def by_the_formula(prediction: Array, truth: Array, settings: SsimSettings) -> Array:
    """Return the map of Wang et al. 2004, window by window, (H - n + 1, W - n + 1, 3)."""
    n = settings.window_px
    offsets = np.arange(n) - n // 2
    window = np.exp(-(offsets[:, None] ** 2 + offsets[None] ** 2) / (2 * settings.sigma**2))
    window /= window.sum()
    c1, c2 = settings.k1**2, settings.k2**2
    values = np.empty((truth.shape[0] - n + 1, truth.shape[1] - n + 1, 3))
    for y, x, c in np.ndindex(values.shape):
        a, b = (image[y : y + n, x : x + n, c].astype(np.float64) for image in (prediction, truth))
        ma, mb = (window * a).sum(), (window * b).sum()
        va, vb = (window * a * a).sum() - ma**2, (window * b * b).sum() - mb**2
        vab = (window * a * b).sum() - ma * mb
        values[y, x, c] = (2 * ma * mb + c1) * (2 * vab + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2))
    return values


def by_scikit_image(prediction: Array, truth: Array) -> tuple[float, Array]:
    """Return the mean, and the map inside the border, (H - 10, W - 10, 3), with every default that differs undone."""
    mean, full = structural_similarity(
        prediction.astype(np.float64),
        truth.astype(np.float64),
        gaussian_weights=True,
        sigma=1.5,
        win_size=11,
        use_sample_covariance=False,
        data_range=1.0,
        channel_axis=-1,
        full=True,
    )
    return float(mean), full[5:-5, 5:-5]


@pytest.mark.parametrize(
    "settings", [SETTINGS, SsimSettings(window_px=7, sigma=1.0, k1=0.02, k2=0.05), SsimSettings(window_px=1)]
)
def test_ssim_is_wang_2004_over_the_valid_region(settings: SsimSettings) -> None:
    prediction, truth = pair(16, 18)
    expected = by_the_formula(prediction, truth, settings)
    found = ssim_map(prediction, truth_moments(truth, settings))
    np.testing.assert_allclose(found, expected.mean(axis=2), atol=1e-12)
    assert ssim(prediction, truth, settings) == pytest.approx(expected.mean(), abs=1e-12)
    assert np.zeros(truth.shape[:2])[valid_region(settings)].shape == found.shape


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize(("height", "width"), [(61, 83), (11, 40), (40, 11), (11, 11)])
def test_ssim_is_that_of_scikit_image(height: int, width: int, kind: type) -> None:
    prediction, truth = pair(height, width, kind)
    mean, each = by_scikit_image(prediction, truth)
    assert ssim(prediction, truth, SETTINGS) == pytest.approx(mean, abs=1e-12)
    np.testing.assert_allclose(ssim_map(prediction, truth_moments(truth, SETTINGS)), each.mean(axis=2), atol=1e-12)


def test_flat_bright_areas_keep_their_digits() -> None:
    """There, variances are small differences of large numbers: in float32 SSIM would be wrong by 1e-5."""
    rng = np.random.default_rng(3)
    prediction, truth = (
        (0.97 + rng.integers(-1, 2, (40, 50, 3)) / 255).astype(np.float32).clip(0, 1) for _ in range(2)
    )
    assert ssim(prediction, truth, SETTINGS) == pytest.approx(by_scikit_image(prediction, truth)[0], abs=1e-11)


def test_equal_images_get_one() -> None:
    _, truth = pair(20, 30)
    assert ssim(truth, truth, SETTINGS) == pytest.approx(1.0, abs=1e-14)


def test_moments_serve_predictions_of_either_precision() -> None:
    prediction, truth = pair(24, 31)
    moments = truth_moments(truth, SETTINGS)
    np.testing.assert_array_equal(
        ssim_map(prediction.astype(np.float64), moments), ssim_map(prediction.copy(), moments)
    )


def test_what_cannot_be_compared_is_refused() -> None:
    tiny = np.zeros((8, 12, 3))
    with pytest.raises(BadInputError, match="images are 12×8; SSIM needs at least 11 px each way"):
        ssim(tiny, tiny, SETTINGS)
    large = np.zeros((20, 20, 3))
    with pytest.raises(BadInputError, match="the prediction has shape"):
        ssim(large[1:], large, SETTINGS)
    for wrong in (
        SsimSettings.model_construct(**{**SETTINGS.model_dump(), "window_px": 10}),
        SsimSettings.model_construct(**{**SETTINGS.model_dump(), "sigma": 0.0}),
    ):
        with pytest.raises(BadInputError, match="expected an odd number of pixels and a sigma above 0"):
            ssim(large, large, wrong)
