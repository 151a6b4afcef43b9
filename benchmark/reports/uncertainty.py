"""How far a mean can be trusted, and whether two methods differ: scenes are the units, not samples.

Samples of one scene resemble each other, so what counts is how many scenes there are. Intervals come from a bootstrap
over scenes, p-values from flipping the signs of scenes' differences; docs/statistics.md says how well that works.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy import stats

from bokeh_render.errors import BadInputError

from ..results import Result, check_comparable
from .scene_scores import LOWER_IS_BETTER, Array, has_metric, method_labels, overall_mean, scene_grid

LEAST_SCENES = 3
ALPHA = 0.05
RESAMPLES = 10_000

_WIDEST = 2.0  # times Student's limit: bootstrap-t explodes when some resamples have next to no spread
_EXACT_UP_TO = 14  # scenes: 2 ** 14 sign patterns
_DRAWS = 20_000
_UNIT = 1e-9  # differences are rounded to this, so that their sums are exact and ties are ties
_POSSIBLE = {"ssim": (-1.0, 1.0), "lpips": (0.0, np.inf)}


@dataclass(frozen=True)
class Interval:
    """A mean with its confidence interval. low, high: None where there is none; reason then says why.

    scenes: how many the mean is over.
    """

    mean: float
    low: float | None
    high: float | None
    scenes: int
    reason: str | None = None


@dataclass(frozen=True)
class PairedDifference:
    """Mean of ``a`` − ``b`` over the same samples, in the metric's own unit.

    low, high, reason: as in :class:`Interval`; p_value: of "the two are equally good", two-sided; p_adjusted: the same,
    corrected (Holm) for the number of comparisons made together; better: ``a``, ``b``, or None unless
    p_adjusted is at most 0.05 and the interval leaves zero out.
    """

    metric: str
    a: str
    b: str
    mean: float
    low: float | None
    high: float | None
    p_value: float
    p_adjusted: float
    scenes: int
    better: str | None
    reason: str | None = None

    @property
    def smallest_p(self) -> float:
        """Return 2 ** (1 - scenes), or what the draws can resolve where not all sign patterns are tried."""
        return 2.0 ** (1 - self.scenes) if self.scenes <= _EXACT_UP_TO else 2.0 / (_DRAWS + 1)


def interval(
    result: Result,
    metric: str,
    *,
    blur: int | None = None,
    corruption: int | None = None,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Return the mean as the summary has it, and what it could have been with other scenes of the same kind.

    level: confidence, in (0, 1); resamples: of scenes, each with all of its samples. metric, errors: see
    :func:`scene_grid`; BadInputError too when nothing of this level or map has the metric.
    """
    grid = scene_grid(result, metric, blur=blur, corruption=corruption)
    if not grid.scenes:
        raise BadInputError(f"no sample of {result.method.name} at this blur level or disparity map has {metric}")
    return mean_interval(grid.values, level=level, resamples=resamples, seed=seed, possible=_POSSIBLE.get(metric))


def mean_interval(
    values: Array,
    *,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
    possible: tuple[float, float] | None = None,
) -> Interval:
    """Return the mean over columns of their means, with its bootstrap-t interval over rows.

    values: (scenes, levels), NaN where missing; possible: the range that limits are cut to. The studentised mean's
    quantiles are taken from the resamples, but not beyond twice Student's.
    """
    if not np.isnan(values).any():
        values = values.mean(axis=1, keepdims=True)
    count = len(values)
    mean, error = (float(found[0]) for found in _mean_and_error(values, np.ones((1, count))))
    if count < LEAST_SCENES:
        number = "one scene" if count == 1 else f"{count} scenes"
        return Interval(mean, None, None, count, f"{number} only; an interval over scenes needs {LEAST_SCENES}")
    if error <= 1e-12 * (1 + abs(mean)):
        return Interval(mean, mean, mean, count)
    means, errors = _mean_and_error(values, _scene_weights(count, resamples, seed))
    limit = _WIDEST * float(stats.t.ppf((1 + level) / 2, count - 1))
    off = np.where(np.abs(means - mean) <= 1e-12 * (1 + abs(mean)), 0.0, means - mean)
    with np.errstate(divide="ignore", invalid="ignore"):
        studentised = np.clip(np.where(off == 0.0, 0.0, off / errors), -limit, limit)
    lower, upper = np.quantile(studentised, [(1 - level) / 2, (1 + level) / 2])
    least, most = possible or (-np.inf, np.inf)
    return Interval(mean, max(least, mean - float(upper) * error), min(most, mean - float(lower) * error), count)


@lru_cache(maxsize=4)
def _scene_weights(count: int, resamples: int, seed: int) -> Array:
    """Return how often each scene is drawn in each resample: (resamples, scenes)."""
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, count])))
    return rng.multinomial(count, np.full(count, 1 / count), size=resamples).astype(np.float64)


def _mean_and_error(values: Array, weights: Array) -> tuple[Array, Array]:
    """Return the mean over levels of the levels' means, and its standard error, for each row of weights.

    values: (S, L), NaN where missing; weights: (R, S). The error is that of the linearised mean; for a full grid it is
    the usual one, the standard deviation of the scenes' means over sqrt(S).
    """
    there = ~np.isnan(values)
    centre = float(np.nanmean(values))
    known = np.where(there, values - centre, 0.0)
    counts = weights @ there
    has = counts > 0
    level_means = np.divide(weights @ known, counts, out=np.zeros_like(counts), where=has)
    levels = has.sum(axis=1)
    share = np.divide(1.0, counts * levels[:, None], out=np.zeros_like(counts), where=has)
    influence = share @ known.T - (share * level_means) @ there.T
    scenes = len(values)
    variance = (weights * influence**2).sum(axis=1) * scenes / max(1, scenes - 1)
    return centre + level_means.sum(axis=1) / levels, np.sqrt(variance)


def paired_difference(
    a: Result, b: Result, metric: str, *, blur: int | None = None, level: float = 0.95, seed: int = 0
) -> PairedDifference:
    """Return how much two methods differ on the same samples, with interval and p-value.

    metric: see :func:`scene_grid`. Raises BadInputError when the results must not be compared or lack the metric.
    """
    check_comparable([a, b])
    first, second = (scene_grid(result, metric, blur=blur) for result in (a, b))
    same = (first.scenes, first.blurs) == (second.scenes, second.blurs)
    if not same or not np.array_equal(np.isnan(first.values), np.isnan(second.values)):
        raise BadInputError(
            f"{metric} of {a.method.name} and {b.method.name} covers different samples; score both with one version"
        )
    first_label, second_label = method_labels([a, b])
    differences = first.values - second.values
    found = mean_interval(differences, level=level, seed=seed)
    p_value = sign_flip_p(_contributions(differences), seed=seed)
    difference = PairedDifference(
        metric=metric,
        a=first_label,
        b=second_label,
        mean=found.mean,
        low=found.low,
        high=found.high,
        p_value=p_value,
        p_adjusted=p_value,
        scenes=found.scenes,
        better=None,
        reason=found.reason,
    )
    return _judged(difference, p_value)


def _judged(difference: PairedDifference, p_adjusted: float) -> PairedDifference:
    """Return it with correction and verdict: test and interval must agree, which for skewed scenes they need not."""
    lower_is_better = difference.metric in LOWER_IS_BETTER
    ahead = difference.a if (difference.mean < 0) == lower_is_better else difference.b
    low, high = difference.low, difference.high
    apart = low is not None and high is not None and not low <= 0.0 <= high
    return replace(difference, p_adjusted=p_adjusted, better=ahead if apart and p_adjusted <= ALPHA else None)


def _contributions(differences: Array) -> Array:
    """Return what each scene adds to the mean over levels of the levels' means, times the number of scenes."""
    there = ~np.isnan(differences)
    share = len(differences) / (there.sum(axis=0) * differences.shape[1])
    return np.asarray((np.where(there, differences, 0.0) * share).sum(axis=1))


def sign_flip_p(differences: Array, *, seed: int = 0) -> float:
    """Return the two-sided p-value of "each difference could as well have had the other sign".

    differences: (scenes,). All 2 ** n patterns of signs up to 14 scenes, else 20 000 seeded draws.
    """
    if len(differences) < 2:
        return 1.0
    found = stats.permutation_test(
        (np.round(differences / _UNIT),),
        lambda values, axis: np.sum(values, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf if len(differences) <= _EXACT_UP_TO else _DRAWS,
        batch=4096,
        rng=np.random.Generator(np.random.PCG64(seed)),
    )
    return float(found.pvalue)


def compare(
    results: Sequence[Result], metric: str, *, reference: str | None = None, blur: int | None = None, seed: int = 0
) -> list[PairedDifference]:
    """Return every other method's difference to the best, best first, with Holm's correction.

    reference: label (see :func:`method_labels`) of the method to compare with instead, named before looking; the best
    of many is in part the luckiest, which Holm's correction does not know. Methods without this metric are left out.
    Raises BadInputError when the results must not be compared, or when there is no such reference.
    """
    check_comparable(results)
    known = {
        label: result
        for label, result in zip(method_labels(results), results, strict=True)
        if has_metric(result, metric)
    }
    if not known:
        return []
    means = {label: overall_mean(result, metric, blur=blur) for label, result in known.items()}
    ranked = sorted(known, key=lambda label: (means[label] if metric in LOWER_IS_BETTER else -means[label], label))
    against = ranked[0] if reference is None else reference
    if against not in known:
        raise BadInputError(f"no result of {reference!r} has {metric}; expected one of {', '.join(ranked)}")
    found = [
        replace(paired_difference(known[label], known[against], metric, blur=blur, seed=seed), a=label, b=against)
        for label in ranked
        if label != against
    ]
    adjusted = holm([difference.p_value for difference in found])
    return [_judged(difference, p) for difference, p in zip(found, adjusted, strict=True)]


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for being several: Holm's step-down rule, at most 1."""
    order = np.argsort(p_values, kind="stable")
    steps = np.asarray(p_values, dtype=np.float64)[order] * np.arange(len(order), 0, -1)
    adjusted = np.empty(len(order))
    adjusted[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return [float(p) for p in adjusted]
