"""Where the views stand: enough for every blur, their weights the lens's areas, their halves alike."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bokeh_render.aperture import Aperture, contains
from bokeh_render.errors import BadInputError
from generator.lens_views import place_views, share_views, views_needed

LEVELS = [2.5, 5.0, 7.5, 10.0, 12.5]


def test_blb_mini_needs_few_and_blb_many() -> None:
    assert sum(views_needed(LEVELS, Aperture())) == pytest.approx(np.pi * 12.5**2 / 2, abs=8)
    assert sum(views_needed([10, 20, 30, 40, 50], Aperture())) == pytest.approx(np.pi * 50**2 / 2, abs=8)


def test_too_few_views_are_refused_with_the_number_needed() -> None:
    with pytest.raises(BadInputError, match="100 views are too few for a blur radius of 12.5 px.*expected at least 25"):
        share_views(LEVELS, Aperture(), 100)


@given(
    st.lists(st.floats(0.5, 30.0), min_size=1, max_size=6, unique=True).map(sorted),
    st.integers(0, 3000),
    st.sampled_from([0, 3, 5, 8]),
)
def test_the_budget_is_kept_and_every_ring_has_what_it_needs(levels: list[float], spare: int, blades: int) -> None:
    aperture = Aperture(blades=blades)
    least = views_needed(levels, aperture)
    shares = share_views(levels, aperture, sum(least) + spare)
    assert all(share >= need and share % 2 == 0 for share, need in zip(shares, least, strict=True))
    assert sum(least) + spare - 2 * len(levels) <= sum(shares) <= sum(least) + spare


@pytest.mark.parametrize("aperture", [Aperture(), Aperture(blades=5, rotation_rad=0.2), Aperture(ratio=1.6)], ids=str)
def test_each_level_sees_its_own_lens_evenly(aperture: Aperture) -> None:
    views = place_views(LEVELS, aperture, 640, seed=4)
    for level, k in enumerate(LEVELS):
        seen = [view for view in views if view.ring <= level]
        right, up = np.array([view.right for view in seen]), np.array([view.up for view in seen])
        weight = np.array([view.weight for view in seen])
        scale = k / LEVELS[-1]
        assert contains(aperture, 0.999 * right / scale, 0.999 * up / scale).all()
        assert weight.sum() == pytest.approx(scale**2)
        # the weighted views have the moments of an evenly lit opening
        inner = contains(aperture, right / scale / np.sqrt(0.5), up / scale / np.sqrt(0.5))
        assert weight[inner].sum() / weight.sum() == pytest.approx(0.5, abs=0.04)
        assert abs(np.average(right, weights=weight)) < 0.03 * scale
        assert abs(np.average(up, weights=weight)) < 0.03 * scale


def test_both_halves_cover_every_ring_alike() -> None:
    views = place_views(LEVELS, Aperture(), 640, seed=4)
    for ring in range(5):
        halves = [view.half for view in views if view.ring == ring]
        assert sum(halves) * 2 == len(halves)
    assert place_views(LEVELS, Aperture(), 640, seed=4) == views
    assert place_views(LEVELS, Aperture(), 640, seed=5) != views
