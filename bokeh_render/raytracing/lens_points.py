"""Points spread evenly over the opening of the lens."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..aperture import Aperture, Float64, spread
from ..aperture_shapes import CatEye, Ring, Shape
from ..errors import BadInputError
from ..outline import contours_of

_GOLDEN = (np.sqrt(5.0) - 1.0) / 2.0
_PLASTIC = 1.3247179572447460  # the golden ratio's kin for two dimensions (Roberts 2018, sequence R2)
_THINNEST = 1e-3  # share of its own bounding box that an outline must fill
_AT_A_TIME = 1 << 20  # pairs of a point and a side


def lens_points(aperture: Shape, count: int, offset: float = 0.0) -> NDArray[np.float64]:
    """Return (count, 2) points, lens radii, right and up, each standing for an equal area of the opening.

    aperture: discs, polygons and rings get a sunflower, outlines what an even pattern has inside them; offset: in
    [0, 1), turns or shifts the pattern, so that several sets of points differ. Raises BadInputError for a cat's eye,
    whose opening depends on the place in the image, for no points, and for an outline that holds almost nothing.
    """
    if count < 1:
        raise BadInputError(f"{count} lens points were asked for; expected at least 1")
    match aperture:
        case Aperture():
            return _sunflower(aperture, count, offset, 0.0)
        case Ring():
            return _sunflower(aperture.outer, count, offset, aperture.obstruction**2)
        case CatEye():
            raise BadInputError(
                "a cat's eye has no single set of lens points: its opening depends on the place in the image; "
                "trace with a disc, a polygon, a ring or an outline"
            )
        case _:
            return _inside(contours_of(aperture), count, offset)


def pixel_points(count: int) -> Float64:
    """Return (count, 2) points spread evenly over a pixel, px right and down of its centre, in [-0.5, 0.5).

    With one for each lens point, the tracer's pixels see the mean over their own area, in focus or not, as a camera's
    do; the bilinear look-ups between a layer's pixels then blur the sharp and the blurred picture alike.
    """
    order = np.arange(1, count + 1)[:, None]
    within: Float64 = np.mod(0.5 + order / np.array([_PLASTIC, _PLASTIC**2]), 1.0) - 0.5
    return within


def _sunflower(aperture: Aperture, count: int, offset: float, blocked: float) -> Float64:
    """Spread points over the opening but for the inner share of its area that is blocked."""
    order = np.arange(count)
    share = blocked + (1.0 - blocked) * (order + 0.5) / count
    right, up = spread(aperture, share, np.mod(order * _GOLDEN + offset, 1.0))
    return np.stack([right, up], axis=1)


def _inside(contours: list[Float64], count: int, offset: float) -> Float64:
    """Return the first points of an even pattern that lie inside closed lines."""
    corners = np.concatenate(contours)
    lowest, extent = corners.min(axis=0), np.ptp(corners, axis=0)
    step = np.array([1 / _PLASTIC, 1 / _PLASTIC**2])
    found, have, begin = [np.zeros((0, 2))], 0, 0
    while have < count:
        if have < _THINNEST * begin:
            raise BadInputError(
                f"the outline fills less than {_THINNEST:g} of its own bounds; expected a wider opening"
            )
        order = np.arange(begin, begin + max(2 * count, 1024))
        points = lowest + extent * np.mod(0.5 + offset + order[:, None] * step, 1.0)
        found.append(points[_winding(contours, points) > 0])
        have, begin = have + len(found[-1]), begin + len(order)
    return np.concatenate(found)[:count]


def _winding(contours: list[Float64], points: Float64) -> NDArray[np.int64]:
    """Return how often the lines turn round each of (n, 2) points, counter-clockwise counted positive."""
    begin = np.concatenate(contours)
    side = np.concatenate([np.roll(contour, -1, axis=0) for contour in contours]) - begin
    turns = np.zeros(len(points), dtype=np.int64)
    size = max(_AT_A_TIME // len(begin), 1)
    for first in range(0, len(points), size):
        right, up = (points[first : first + size, k, None] for k in range(2))
        below, ends_below = begin[:, 1] <= up, begin[:, 1] + side[:, 1] <= up
        # sides that rise have the point on their left, sides that fall on their right, if they lie to its right
        left = side[:, 0] * (up - begin[:, 1]) - side[:, 1] * (right - begin[:, 0])
        rises, falls = below & ~ends_below & (left > 0), ~below & ends_below & (left < 0)
        turns[first : first + size] = rises.sum(axis=1) - falls.sum(axis=1)
    return turns
