"""The pixel filter of a shifted view: light kept, places right, nothing negative."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.gather import FILTER_RADIUS_PX, blackman_harris, gather

SHIFTS = st.floats(-4.0, 4.0)


def slow_gather(samples, shape, shift, margin):  # type: ignore[no-untyped-def]
    """Filter sample by sample, pixel by pixel: the definition."""
    image, total = np.zeros((samples.shape[0], *shape)), np.zeros(shape)
    for row in range(samples.shape[1]):
        for column in range(samples.shape[2]):
            y, x = row + 0.5 - margin + shift[1], column + 0.5 - margin + shift[0]
            for p in range(max(0, int(y - 2)), min(shape[0], int(y + 3))):
                for q in range(max(0, int(x - 2)), min(shape[1], int(x + 3))):
                    weight = float(blackman_harris(np.array(y - p - 0.5)) * blackman_harris(np.array(x - q - 0.5)))
                    image[:, p, q] += weight * samples[:, row, column]
                    total[p, q] += weight
    return image, total


@given(SHIFTS, SHIFTS)
def test_it_equals_its_definition(right: float, down: float) -> None:
    samples = np.random.Generator(np.random.PCG64(1)).random((3, 18, 20)).astype(np.float32)
    image, weight = gather(samples, (6, 8), (right, down), margin_px=6)
    expected, total = slow_gather(samples, (6, 8), (right, down), 6)
    np.testing.assert_allclose(total, weight, rtol=1e-9)
    np.testing.assert_allclose(image, expected, rtol=1e-5, atol=1e-6)
    assert image.min() >= 0


def test_the_filter_ends_at_its_radius() -> None:
    assert blackman_harris(np.array(0.0)) == pytest.approx(1.0)
    assert blackman_harris(np.array(FILTER_RADIUS_PX * 0.999)) < 1e-3
    assert blackman_harris(np.array(FILTER_RADIUS_PX)) == 0.0


def test_a_shift_beyond_the_margin_is_an_error_not_a_wrap() -> None:
    with pytest.raises(ValueError, match="does not hold a shift"):
        gather(np.zeros((3, 10, 10), np.float32), (8, 8), (3.0, 0.0), margin_px=1)
