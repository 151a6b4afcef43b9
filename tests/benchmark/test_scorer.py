from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmark.metrics.lpips import build_lpips
from benchmark.metrics.psnr import psnr
from benchmark.metrics.scorer import Scorer
from benchmark.metrics.ssim import ssim, ssim_map, truth_moments
from benchmark.protocols import SsimSettings
from bokeh_render.errors import BadInputError

from .test_lpips import images, random_backbone

SETTINGS = SsimSettings()
Mask = NDArray[np.bool_]


def scorer(*, lpips: bool = False, least_pixels: int = 200) -> Scorer:
    model = build_lpips(random_backbone()) if lpips else None
    return Scorer(100.0, SETTINGS, model, device="cpu", least_pixels=least_pixels)


def left_half(height: int, width: int) -> Mask:
    mask = np.zeros((height, width), dtype=bool)
    mask[:, : width // 2] = True
    return mask


def test_it_gives_what_each_metric_gives() -> None:
    truth, predictions = images(48, 57, predictions=3)
    score = scorer(lpips=True)
    model = build_lpips(random_backbone())
    measured = score.score(score.prepare(truth), predictions)
    assert [m.psnr for m in measured] == [psnr(p, truth, cap_db=100.0) for p in predictions]
    assert [m.ssim for m in measured] == [ssim(p, truth, SETTINGS) for p in predictions]
    expected = [model.distance(p, truth) for p in predictions]
    assert [m.lpips for m in measured] == pytest.approx(expected, abs=1e-7)
    assert all(m.regions == {} for m in measured)
    assert measured[0].psnr > measured[1].psnr > measured[2].psnr


def test_a_score_does_not_depend_on_its_company() -> None:
    truth, predictions = images(48, 57, predictions=4)
    score = scorer(lpips=True)
    regions = {"left": left_half(48, 57)}
    together = score.score(score.prepare(truth), predictions, regions)
    again = score.prepare(truth)
    for prediction, measured in zip(predictions[::-1], together[::-1], strict=True):
        (alone,) = score.score(again, [prediction], regions)
        assert (alone.psnr, alone.ssim, alone.regions) == (measured.psnr, measured.ssim, measured.regions)
        assert alone.lpips == pytest.approx(measured.lpips, abs=1e-7)


def test_without_weights_there_is_no_lpips() -> None:
    truth, predictions = images(20, 24)
    score = scorer()
    assert score.score(score.prepare(truth), predictions)[0].lpips is None


def test_regions_are_means_over_their_pixels() -> None:
    truth, (prediction,) = images(40, 60)
    mask = np.random.default_rng(4).random((40, 60)) < 0.3
    score = scorer()
    (measured,) = score.score(score.prepare(truth), [prediction], {"some": mask, "all": np.ones_like(mask)})
    errors = (prediction.astype(np.float64) - truth)[mask] ** 2
    inside = mask[5:-5, 5:-5]
    some = measured.regions["some"]
    assert some.pixels == mask.sum()
    assert some.psnr == pytest.approx(-10 * np.log10(errors.mean()), abs=1e-11)
    similarity = ssim_map(prediction, truth_moments(truth, SETTINGS))
    assert some.ssim == pytest.approx(similarity[inside].mean(), abs=1e-13)
    whole = measured.regions["all"]
    assert (whole.psnr, whole.ssim) == pytest.approx((measured.psnr, measured.ssim), abs=1e-11)


def test_a_region_too_small_to_mean_anything_is_left_out() -> None:
    truth, predictions = images(40, 60)
    few = np.zeros((40, 60), dtype=bool)
    few[10, :49] = True
    enough = few.copy()
    enough[10, 49] = True
    score = scorer(least_pixels=50)
    (measured,) = score.score(score.prepare(truth), predictions, {"few": few, "enough": enough, "none": few & False})
    assert list(measured.regions) == ["enough"]
    assert measured.regions["enough"].pixels == 50


def test_a_region_at_the_border_has_no_ssim() -> None:
    truth, predictions = images(40, 60)
    border = np.ones((40, 60), dtype=bool)
    border[5:-5, 5:-5] = False
    score = scorer()
    (measured,) = score.score(score.prepare(truth), predictions, {"border": border})
    assert measured.regions["border"].ssim is None
    assert measured.regions["border"].pixels == border.sum()


def test_equal_pixels_of_a_region_get_the_cap() -> None:
    truth, (prediction,) = images(40, 60)
    left = left_half(40, 60)
    prediction[left] = truth[left]
    score = scorer()
    (measured,) = score.score(score.prepare(truth), [prediction], {"left": left})
    assert measured.regions["left"].psnr == 100.0
    assert measured.psnr < 100.0


def test_predictions_are_taken_as_they_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A generator that reads files must not be emptied at once: memory would grow with the number of methods."""
    monkeypatch.setattr("benchmark.metrics.lpips._PIXELS_AT_ONCE", {"alex": 2 * 40 * 60})
    truth, predictions = images(40, 60, predictions=5)
    score = scorer(lpips=True)
    prepared = score.prepare(truth)
    expected = [m.lpips for m in score.score(prepared, predictions)]
    read, scored = [0], [0]
    distances = score._lpips.distances  # type: ignore[union-attr]

    def one_after_the_other() -> Iterator[NDArray[np.float32]]:
        for prediction in predictions:
            read[0] += 1
            assert read[0] - scored[0] <= 2
            yield prediction

    def counted(batch: list[NDArray[np.float32]], known: object) -> list[float]:
        scored[0] += len(batch)
        return distances(batch, known)  # type: ignore[arg-type]

    monkeypatch.setattr(score._lpips, "distances", counted)
    found = [m.lpips for m in score.score(prepared, one_after_the_other())]
    assert scored == [5]
    assert found == pytest.approx(expected, abs=1e-7)


def test_what_cannot_be_scored_is_refused() -> None:
    truth, (prediction,) = images(40, 60)
    score = scorer()
    prepared = score.prepare(truth)
    with pytest.raises(BadInputError, match="the prediction has shape"):
        score.score(prepared, [prediction[1:]])
    broken = prediction.copy()
    broken[3, 4, 1] = np.nan
    with pytest.raises(BadInputError, match="holds NaN or infinite values"):
        score.score(prepared, [broken])
    with pytest.raises(BadInputError, match="region left is bool of shape"):
        score.score(prepared, [prediction], {"left": left_half(40, 59)})
    with pytest.raises(BadInputError, match="region weights is float64"):
        score.score(prepared, [prediction], {"weights": np.ones((40, 60))})  # type: ignore[dict-item]
    with pytest.raises(BadInputError, match="the truth has shape"):
        score.prepare(truth[..., 0])
