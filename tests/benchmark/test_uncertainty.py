"""Scenes are the units: intervals, differences and p-values against closed forms, hand enumeration and simulation."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.reports.scene_scores import (
    has_metric,
    headroom,
    method_labels,
    noise_floor,
    overall_mean,
    scene_grid,
    scene_means,
)
from benchmark.reports.uncertainty import compare, holm, interval, mean_interval, paired_difference, sign_flip_p
from benchmark.results import RegionScores
from bokeh_render.errors import BadInputError

from .made_results import made_result, scene_scores


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def boundary_of_some(scene: int, blur: int, focus: int) -> Mapping[str, RegionScores]:
    """Return a boundary for all but the first scene's first level, and never for the last scene."""
    if (scene, blur) == (0, 0) or scene == 4:
        return {}
    return {"boundary": RegionScores(psnr=20.0 + 3 * scene - 5 * blur + focus, ssim=None, pixels=300)}


def test_scene_means_average_to_the_summary() -> None:
    values = rng().normal(30, 5, size=(7, 3, 4))
    result = made_result(values, ssim=rng(1).random((7, 3, 4)), lpips=rng(2).random((7, 3, 4)))
    for metric in ("psnr", "ssim", "lpips"):
        means = scene_means(result, metric)
        assert np.mean(list(means.values())) == pytest.approx(getattr(result.summary.overall, metric), abs=1e-6)
        assert interval(result, metric).mean == pytest.approx(getattr(result.summary.overall, metric), abs=1e-6)
        level = scene_means(result, metric, blur=1)
        assert np.mean(list(level.values())) == pytest.approx(
            getattr(result.summary.levels[1].metrics, metric), abs=1e-6
        )
    assert scene_means(result, "psnr")["scene_03"] == pytest.approx(values[3].mean())


def test_means_over_corrupted_maps_are_the_summarys() -> None:
    values = rng().normal(30, 5, size=(4, 2, 3, 2))
    result = made_result(values, corruptions=("gaussian 1 px", "erosion 1 px"))
    assert overall_mean(result, "psnr") == pytest.approx(result.summary.overall.psnr, abs=1e-6)
    for index in (0, 1):
        found = interval(result, "psnr", corruption=index)
        assert found.mean == pytest.approx(result.summary.by_corruption[index].psnr, abs=1e-6)
        assert found.mean == pytest.approx(values[..., index].mean())


def test_regions_that_some_lack_keep_the_summarys_mean() -> None:
    result = made_result(rng().normal(30, 5, size=(5, 2, 2)), regions=boundary_of_some)
    grid = scene_grid(result, "boundary_psnr")
    assert grid.scenes == ("scene_00", "scene_01", "scene_02", "scene_03")
    assert np.isnan(grid.values).sum() == 1
    found = interval(result, "boundary_psnr")
    assert found.mean == pytest.approx(result.summary.regions["boundary"], abs=1e-6)
    assert found.scenes == 4
    assert scene_means(result, "boundary_psnr")["scene_00"] == pytest.approx(15.5)
    assert not has_metric(result, "boundary_ssim")


def test_an_interval_of_an_incomplete_grid_is_that_of_the_linearised_mean() -> None:
    values = np.array([[np.nan, 1.0], [2.0, 3.0], [4.0, 1.0], [0.0, 2.0]])
    found = mean_interval(values)
    assert found.mean == pytest.approx((2.0 + 1.75) / 2)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.mean < found.high
    full = np.where(np.isnan(values), 2.0, values)
    assert mean_interval(full) == mean_interval(full.mean(axis=1, keepdims=True))


@pytest.mark.parametrize("count", [1, 2])
def test_fewer_than_three_scenes_have_no_interval(count: int) -> None:
    found = interval(made_result(scene_scores([30.0, 40.0][:count])), "psnr")
    assert (found.low, found.high) == (None, None)
    assert found.reason is not None
    assert "needs 3" in found.reason
    assert interval(made_result(scene_scores([30.0, 40.0, 35.0])), "psnr").reason is None


def test_equal_scenes_have_an_interval_without_width() -> None:
    found = interval(made_result(scene_scores([31.7] * 6)), "psnr")
    assert found.low == found.high == found.mean == pytest.approx(31.7)


def test_limits_stay_within_what_a_metric_can_be() -> None:
    values = scene_scores([0.001, 0.9, 0.002, 0.001])
    result = made_result(30 + values, ssim=1 - values, lpips=values)
    lpips, ssim = interval(result, "lpips"), interval(result, "ssim")
    assert lpips.low == 0.0
    assert ssim.high == 1.0


def test_limits_stay_within_twice_students_when_few_scenes_differ() -> None:
    values = np.array([0.0] * 8 + [1e-6, 5.0])[:, None]
    found = mean_interval(values)
    assert found.low is not None
    assert found.high is not None
    half = 2 * 2.2622 * values.std(ddof=1) / np.sqrt(10)
    assert found.mean - half * 1.001 <= found.low <= found.mean <= found.high <= found.mean + half * 1.001


def test_intervals_are_the_same_each_time_and_wider_at_higher_confidence() -> None:
    result = made_result(rng(3).normal(30, 4, size=(10, 2, 3)))
    assert interval(result, "psnr") == interval(result, "psnr")
    assert interval(result, "psnr", seed=1) != interval(result, "psnr")
    wide, narrow = interval(result, "psnr", level=0.99), interval(result, "psnr", level=0.8)
    assert wide.low is not None
    assert narrow.low is not None
    assert wide.low < narrow.low


def test_samples_of_a_scene_count_once() -> None:
    few = interval(made_result(scene_scores([28.0, 31.0, 30.0, 35.0, 33.0])), "psnr")
    many = interval(made_result(scene_scores([28.0, 31.0, 30.0, 35.0, 33.0], levels=4, focus=5)), "psnr")
    assert (many.low, many.high) == pytest.approx((few.low, few.high))


@pytest.mark.parametrize(("law", "least"), [("normal", 0.92), ("exponential", 0.90)])
def test_intervals_hold_the_true_mean_about_as_often_as_they_say(law: str, least: float) -> None:
    """600 trials of 10 scenes: the share has a standard error of 0.9 %; percentile bootstraps reach 0.90 and 0.87."""
    draws = rng(4)
    held = 0
    for _ in range(600):
        values = draws.normal(1.0, 1.0, (10, 1)) if law == "normal" else draws.exponential(1.0, (10, 1))
        found = mean_interval(values, resamples=1000)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 1.0 <= found.high
    assert least <= held / 600 <= 0.98


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-50, 50), min_size=3, max_size=14).filter(lambda v: np.ptp(v) > 1e-3),
    st.integers(1, 3),
    st.integers(0, 10),
)
def test_the_mean_lies_within_its_interval_and_moves_with_it(values: list[float], levels: int, seed: int) -> None:
    table = np.array(values)[:, None] + rng(seed).normal(size=(len(values), levels))
    found, moved = mean_interval(table, resamples=400), mean_interval(3 * table + 7, resamples=400)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.mean <= found.high
    assert found.mean == pytest.approx(table.mean(), abs=1e-9)
    assert (moved.low, moved.high) == pytest.approx((3 * found.low + 7, 3 * found.high + 7), rel=1e-6, abs=1e-6)


def by_hand(differences: list[float]) -> float:
    observed = abs(sum(differences))
    sums = [
        sum(s * d for s, d in zip(signs, differences, strict=True)) for signs in itertools.product((1, -1), repeat=3)
    ]
    return sum(abs(total) >= observed - 1e-12 for total in sums) / len(sums)


@pytest.mark.parametrize("differences", [[1.0, 2.0, 3.0], [1.0, -0.5, 0.25], [2.0, -2.0, 1.0], [-1.0, 4.0, 0.3]])
def test_p_equals_enumeration_by_hand(differences: list[float]) -> None:
    assert sign_flip_p(np.array(differences)) == pytest.approx(by_hand(differences))


@pytest.mark.parametrize("count", [2, 3, 5, 10, 14])
def test_a_constant_difference_has_the_smallest_p_and_no_width(count: int) -> None:
    values = rng().normal(30, 5, size=(count, 2, 3))
    found = paired_difference(made_result(values + 0.3, "a"), made_result(values, "b"), "psnr")
    assert found.mean == pytest.approx(0.3)
    assert found.p_value == pytest.approx(2.0 ** (1 - count)) == found.smallest_p
    if count >= 3:
        assert (found.low, found.high) == pytest.approx((0.3, 0.3))
    assert found.better == ("a" if count >= 6 else None)


def test_differences_that_cancel_have_p_of_one() -> None:
    values = scene_scores([30.0] * 6)
    other = values + scene_scores([1.0, -1.0, 0.4, -0.4, 2.0, -2.0])
    found = paired_difference(made_result(other, "a"), made_result(values, "b"), "psnr")
    assert found.p_value == 1.0
    assert found.better is None


def test_equal_results_do_not_differ() -> None:
    result = made_result(rng().normal(30, 5, size=(6, 2, 3)))
    found = paired_difference(result, made_result(rng().normal(30, 5, size=(6, 2, 3)), "twin"), "psnr")
    assert (found.mean, found.low, found.high, found.p_value, found.better) == (0.0, 0.0, 0.0, 1.0, None)


@settings(max_examples=15, deadline=None)
@given(st.integers(3, 12), st.integers(0, 1000))
def test_swapping_two_methods_flips_signs(count: int, seed: int) -> None:
    first, second = rng(seed).normal(30, 5, size=(2, count, 2, 2))
    forth = paired_difference(made_result(first, "a"), made_result(second, "b"), "psnr")
    back = paired_difference(made_result(second, "b"), made_result(first, "a"), "psnr")
    assert forth.mean == pytest.approx(-back.mean)
    assert forth.p_value == pytest.approx(back.p_value)
    assert forth.low is not None
    assert back.high is not None
    assert forth.low == pytest.approx(-back.high, abs=1e-9)
    assert forth.better == back.better


def test_many_scenes_draw_signs_and_stay_deterministic() -> None:
    values = rng(5).normal(0.2, 1.0, 40)
    assert sign_flip_p(values) == sign_flip_p(values)
    exact = sign_flip_p(values[:14])
    assert exact * 2**14 == pytest.approx(round(exact * 2**14))
    found = paired_difference(
        made_result(scene_scores([31.0] * 40)), made_result(scene_scores([30.0] * 40), "b"), "psnr"
    )
    assert found.p_value == pytest.approx(2 / 20001) == found.smallest_p


def test_lower_is_better_for_lpips() -> None:
    values = scene_scores([30.0] * 8)
    low, high = scene_scores(list(np.linspace(0.1, 0.2, 8))), scene_scores(list(np.linspace(0.3, 0.5, 8)))
    found = paired_difference(made_result(values, "a", lpips=low), made_result(values, "b", lpips=high), "lpips")
    assert found.mean < 0
    assert found.better == "a"


def test_test_and_interval_must_agree_on_a_verdict() -> None:
    """One scene far off on the other side: few sign patterns reach the sum, but the mean may well be zero."""
    differences = [-2.0, -2.1, -1.9, -2.2, -1.8, -2.0, -2.05, -1.95, -2.1, 3.0]
    values = scene_scores([30.0] * 10)
    found = paired_difference(made_result(values + scene_scores(differences), "a"), made_result(values, "b"), "psnr")
    assert found.p_value <= 0.05
    assert found.low is not None
    assert found.high is not None
    assert found.low <= 0 <= found.high
    assert found.better is None


def test_results_of_other_samples_are_not_compared() -> None:
    with pytest.raises(BadInputError, match="sample list"):
        paired_difference(
            made_result(scene_scores([1.0, 2.0, 3.0])), made_result(scene_scores([1.0, 2.0]), "b"), "psnr"
        )
    plain, parted = (made_result(rng().normal(30, 5, size=(5, 2, 2)), name) for name in ("a", "b"))
    with pytest.raises(BadInputError, match="has no boundary_psnr"):
        paired_difference(plain, parted, "boundary_psnr")
    some = made_result(rng().normal(30, 5, size=(5, 2, 2)), "c", regions=boundary_of_some)
    every = made_result(
        rng().normal(30, 5, size=(5, 2, 2)),
        "d",
        regions=lambda *_: {"boundary": RegionScores(psnr=20.0, ssim=None, pixels=300)},
    )
    with pytest.raises(BadInputError, match="covers different samples"):
        paired_difference(some, every, "boundary_psnr")
    with pytest.raises(BadInputError, match="no lpips"):
        interval(plain, "lpips")
    with pytest.raises(BadInputError, match="no sample"):
        interval(plain, "psnr", blur=7)


def test_regions_are_compared_where_both_have_them() -> None:
    def better(scene: int, blur: int, focus: int) -> dict[str, RegionScores]:
        found = boundary_of_some(scene, blur, focus)
        return {name: score.model_copy(update={"psnr": score.psnr + 0.5}) for name, score in found.items()}

    values = rng().normal(30, 5, size=(5, 2, 2))
    a, b = made_result(values, "a", regions=better), made_result(values, "b", regions=boundary_of_some)
    found = paired_difference(a, b, "boundary_psnr")
    assert found.mean == pytest.approx(0.5)
    assert found.scenes == 4
    assert found.p_value == pytest.approx(2.0**-3)


def test_holm_is_what_it_is_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


def test_methods_are_compared_with_the_best_and_corrected_for_their_number() -> None:
    values = rng(6).normal(30, 5, size=(10, 2, 2))
    weak, weakest = made_result(values - 1, "weak"), made_result(values - 2, "weakest")
    best = made_result(values, "best")
    found = compare([weakest, best, weak], "psnr")
    assert [(one.a, one.b) for one in found] == [("weak", "best"), ("weakest", "best")]
    assert [one.mean for one in found] == pytest.approx([-1, -2])
    assert [one.p_value for one in found] == pytest.approx([2**-9, 2**-9])
    assert [one.p_adjusted for one in found] == pytest.approx([2**-8, 2**-8])
    assert [one.better for one in found] == ["best", "best"]
    against = compare([weakest, best, weak], "psnr", reference="weak")
    assert [(one.a, one.better) for one in against] == [("best", "best"), ("weakest", "weak")]
    assert compare([best], "psnr") == []
    assert compare([best, weak], "lpips") == []
    with pytest.raises(BadInputError, match="expected one of best, weak"):
        compare([best, weak], "psnr", reference="nobody")


def test_revisions_of_one_method_are_told_apart() -> None:
    values = scene_scores([30.0, 31.0, 32.0])
    old, new, other = made_result(values), made_result(values + 1, revision="2"), made_result(values, "other")
    assert method_labels([old, new, other]) == ["mine@1", "mine@2", "other"]
    assert [(one.a, one.b) for one in compare([old, new, other], "psnr")] == [("mine@1", "mine@2"), ("other", "mine@2")]


def test_the_noise_floor_needs_every_scene() -> None:
    result = made_result(scene_scores([40.0, 42.0], levels=2), noise_floor=45.0)
    assert noise_floor(result) == noise_floor(result, blur=1) == 45.0
    assert headroom(result) == pytest.approx(4.0)
    floors = {"scene_00": {0: 40.0, 1: 42.0}, "scene_01": {0: 50.0, 1: 46.0}}
    uneven = result.model_copy(update={"dataset": result.dataset.model_copy(update={"noise_floor": floors})})
    assert noise_floor(uneven) == pytest.approx(44.5)
    assert noise_floor(uneven, blur=0) == pytest.approx(45.0)
    floors["scene_01"] = {0: 50.0}
    assert noise_floor(uneven) is None
    assert noise_floor(uneven, blur=0) == pytest.approx(45.0)
    assert noise_floor(made_result(scene_scores([40.0]), noise_floor=None)) is None
    assert headroom(made_result(scene_scores([40.0]), noise_floor=None)) is None
