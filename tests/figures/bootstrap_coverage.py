"""How often intervals over scenes hold the true mean, and how often tests cry wolf: the tables of docs/statistics.md.

    python -m tests.figures.bootstrap_coverage

A "scene" is one number here: the grid of samples within a scene is complete, so its mean is all that counts. Scenes'
means are drawn from a normal law, and from two skewed ones of other true means: exponential (skewness 2) and log-normal
(sigma 1, skewness 6). Candidates: percentile and BCa (scipy.stats.bootstrap), Student's t, and bootstrap-t as
`mean_interval` of benchmark.reports.uncertainty ships it, with the studentised quantiles held within twice Student's,
and without.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

import benchmark.reports.uncertainty as shipped
from benchmark.reports.uncertainty import holm, mean_interval, sign_flip_p

Array = NDArray[np.float64]
Limits = tuple[Array, Array]
COUNTS = (3, 5, 10, 30)
TRIALS = 4000
RESAMPLES = 2000
LAWS: dict[str, tuple[Callable[[np.random.Generator, tuple[int, int]], Array], float]] = {
    "normal": (lambda rng, size: rng.normal(size=size), 0.0),
    "exponential": (lambda rng, size: rng.exponential(size=size), 1.0),
    "log-normal": (lambda rng, size: rng.lognormal(size=size), float(np.exp(0.5))),
}


def by_scipy(values: Array, method: str, rng: np.random.Generator) -> Limits:
    lows, highs = [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # three scenes may all be drawn alike
        for part in np.array_split(values, max(1, len(values) // 200)):
            found = stats.bootstrap(
                (part,), np.mean, axis=-1, n_resamples=RESAMPLES, method=method, rng=rng, vectorized=True
            ).confidence_interval
            lows.append(found.low)
            highs.append(found.high)
    return np.concatenate(lows), np.concatenate(highs)


def by_student(values: Array) -> Limits:
    count = values.shape[1]
    half = stats.t.ppf(0.975, count - 1) * values.std(axis=1, ddof=1) / np.sqrt(count)
    return values.mean(axis=1) - half, values.mean(axis=1) + half


def as_shipped(values: Array, widest: float) -> Limits:
    before, shipped._WIDEST = shipped._WIDEST, widest
    found = [mean_interval(row[:, None], resamples=RESAMPLES, seed=seed) for seed, row in enumerate(values)]
    shipped._WIDEST = before
    return np.array([one.low for one in found], float), np.array([one.high for one in found], float)


def coverage() -> Iterator[str]:
    rng = np.random.default_rng(1)
    names = ("percentile", "BCa", "Student's t", "bootstrap-t, unlimited", "bootstrap-t, shipped")
    yield "| scenes | scene effects | " + " | ".join(names) + " |"
    yield "|---:|---|" + "---:|" * len(names)
    for count in COUNTS:
        for law, (draw, true) in LAWS.items():
            values = draw(rng, (TRIALS, count))
            error = values.std(axis=1, ddof=1) / np.sqrt(count)
            cells = []
            for low, high in (
                by_scipy(values, "percentile", rng),
                by_scipy(values, "BCa", rng),
                by_student(values),
                as_shipped(values, 1e6),
                as_shipped(values, 2.0),
            ):
                held = float(np.mean((low <= true) & (true <= high)))
                width = float(np.median((high - low) / error))
                cells.append(f"{100 * held:.1f} % ({f'{width:.1f}' if width < 1e4 else 'no limit'})")
            yield f"| {count} | {law} | " + " | ".join(cells) + " |"


def false_alarms(trials: int = 2000) -> Iterator[str]:
    """Equally good methods, normal scene effects: how often anything is called worse than the best or the reference."""
    rng = np.random.default_rng(2)
    methods = (2, 4, 8, 12)
    yield "| scenes | against | " + " | ".join(f"{count} methods" for count in methods) + " |"
    yield "|---:|---|" + "---:|" * len(methods)
    for scenes in (6, 10, 14):
        rates: dict[str, list[str]] = {"the best of them": [], "one named before": []}
        for count in methods:
            alarms = dict.fromkeys(rates, 0)
            for _ in range(trials):
                values = rng.normal(size=(scenes, count))
                for against, index in (
                    ("the best of them", int(values.mean(axis=0).argmax())),
                    ("one named before", 0),
                ):
                    others = [other for other in range(count) if other != index]
                    alarms[against] += any(told_apart(values[:, others] - values[:, [index]]))
            for against, number in alarms.items():
                rates[against].append(f"{100 * number / trials:.1f} %")
        for against, found in rates.items():
            yield f"| {scenes} | {against} | " + " | ".join(found) + " |"


def told_apart(differences: Array) -> Iterator[bool]:
    """Yield, for each column, whether both test and interval say so, as our `compare` asks."""
    for column, p_value in enumerate(holm(fast_sign_flip(differences).tolist())):
        found = mean_interval(differences[:, [column]], resamples=RESAMPLES) if p_value <= shipped.ALPHA else None
        yield (
            found is not None and found.low is not None and found.high is not None and not found.low <= 0 <= found.high
        )


@cache
def sign_patterns(count: int) -> Array:
    found: Array = 1.0 - 2.0 * ((np.arange(2**count)[:, None] >> np.arange(count)) & 1)
    return found


def fast_sign_flip(differences: Array) -> Array:
    """Return the p-value of each column, as `sign_flip_p` does; all sign patterns at once."""
    count = len(differences)
    sums = sign_patterns(count) @ differences
    found: Array = np.minimum(1.0, 2.0 * np.mean(sums >= np.abs(differences.sum(axis=0)) - 1e-9, axis=0))
    assert abs(found[0] - sign_flip_p(differences[:, 0])) < 1e-9 if count <= 6 else True
    return found


def power(trials: int = 2000) -> Iterator[str]:
    rng = np.random.default_rng(3)
    effects = (0.5, 0.75, 1.0, 1.5, 2.0)
    yield "| scenes | " + " | ".join(f"{effect:g} sd" for effect in effects) + " |"
    yield "|---:|" + "---:|" * len(effects)
    for scenes in (6, 10, 14):
        cells = []
        for effect in effects:
            found = [next(told_apart(rng.normal(effect, 1.0, size=(scenes, 1)))) for _ in range(trials)]
            cells.append(f"{100 * float(np.mean(found)):.0f} %")
        yield f"| {scenes} | " + " | ".join(cells) + " |"


def main() -> None:
    for title, lines in (
        ("Coverage of 95 % intervals (median width in standard errors)", coverage()),
        ("False alarms, after Holm", false_alarms()),
        (
            "Differences found, two methods; mean difference in standard deviations of the scenes' differences",
            power(),
        ),
    ):
        print(f"\n**{title}**\n")
        for line in lines:
            print(line, flush=True)


if __name__ == "__main__":
    main()
