"""The shape of the opening: its area, its corners, and points spread evenly over it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bokeh_render.aperture import Aperture, contains, rim, spread

SHAPES = st.builds(
    Aperture,
    blades=st.sampled_from([0, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
    rotation_rad=st.floats(-7.0, 7.0),
    ratio=st.floats(0.3, 3.0),
)


@given(SHAPES)
def test_the_area_is_what_a_grid_of_points_counts(aperture: Aperture) -> None:
    side = np.linspace(-4.0, 4.0, 801)
    right, up = np.meshgrid(side, side)
    counted = contains(aperture, right, up).mean() * 64.0 / np.pi
    assert counted == pytest.approx(aperture.area, rel=0.03)


@given(SHAPES, st.floats(0.05, 1.0))
def test_points_are_spread_evenly_and_inside(aperture: Aperture, scale: float) -> None:
    share, turn = np.meshgrid((np.arange(64) + 0.5) / 64, (np.arange(64) + 0.5) / 64)
    right, up = spread(aperture, share.ravel(), turn.ravel())
    assert contains(aperture, right * 0.999, up * 0.999).all()
    # the opening scaled by s holds the share s^2 of all points
    assert contains(aperture, right / scale, up / scale).mean() == pytest.approx(scale**2, abs=0.02)
    # and no side of it gets more than its share
    assert np.abs(right.mean() * aperture.ratio) < 0.03
    assert np.abs(up.mean()) < 0.03


def test_corners_stand_where_the_convention_says() -> None:
    angles = np.linspace(0, 2 * np.pi, 7200, endpoint=False)
    for blades in (3, 5, 6):
        reach = rim(Aperture(blades=blades, rotation_rad=0.1), angles)
        assert reach.max() == pytest.approx(1.0, abs=1e-3)
        assert reach.min() == pytest.approx(np.cos(np.pi / blades), abs=1e-5)
        corner = (np.pi / blades + 0.1) % (2 * np.pi)
        assert rim(Aperture(blades=blades, rotation_rad=0.1), corner) == pytest.approx(1.0)


def test_a_ratio_narrows_the_opening_horizontally() -> None:
    oval = Aperture(ratio=2.0)
    assert contains(oval, 0.49, 0.0)
    assert not contains(oval, 0.51, 0.0)
    assert contains(oval, 0.0, 0.99)


@pytest.mark.parametrize("blades", [-1, 1, 2, 12])
def test_impossible_blades_are_refused(blades: int) -> None:
    with pytest.raises(ValidationError, match="expected 0 for a disc, or 3 to 11"):
        Aperture(blades=blades)
