"""The rim of an opening as closed polygons, in lens coordinates (right, up), lens radii."""

from __future__ import annotations

import numpy as np

from .aperture import Aperture, Float64
from .aperture_shapes import Outline, Ring, Shape
from .errors import BadInputError

DISC_CORNERS = 1024
"""A disc is drawn with so many corners; at radius 300 px it deviates from the true circle by under 0.0015 px."""


def contours_of(shape: Shape) -> list[Float64]:
    """Return the closed lines that bound an opening, each (corners, 2); holes turn clockwise, the rest the other way.

    The polygon that stands for a disc has the disc's area. Raises BadInputError for a cat's eye, whose outline depends
    on the place in the image.
    """
    match shape:
        case Aperture():
            return [_aperture_contour(shape)]
        case Ring():
            outer = _aperture_contour(shape.outer)
            return [outer, np.ascontiguousarray(shape.obstruction * outer[::-1])]
        case Outline():
            contours = [np.array(contour, dtype=np.float64) for contour in shape.contours]
            if sum(_signed_area(contour) for contour in contours) < 0:
                contours = [np.ascontiguousarray(contour[::-1]) for contour in contours]
            return contours
        case _:
            raise BadInputError("a cat's eye has no single outline: it depends on the place in the image")


def area_of(shape: Shape) -> float:
    """Return the area of an opening relative to that of the disc of the lens radius."""
    return float(sum(_signed_area(contour) for contour in contours_of(shape)) / np.pi)


def reach_of(shape: Shape) -> float:
    """Return how far an opening reaches from its centre, lens radii; raises BadInputError for a cat's eye."""
    return max(float(np.hypot(contour[:, 0], contour[:, 1]).max()) for contour in contours_of(shape))


def _aperture_contour(aperture: Aperture) -> Float64:
    if aperture.blades == 0:
        angle = 2 * np.pi * np.arange(DISC_CORNERS) / DISC_CORNERS
        step = 2 * np.pi / DISC_CORNERS
        reach = np.sqrt(step / np.sin(step))  # so that the polygon's area is the disc's
    else:
        angle = (
            aperture.rotation_rad + np.pi / aperture.blades + 2 * np.pi * np.arange(aperture.blades) / aperture.blades
        )
        reach = np.float64(1.0)
    return np.stack([reach * np.cos(angle) / aperture.ratio, reach * np.sin(angle)], axis=1)


def _signed_area(contour: Float64) -> float:
    right, up = contour[:, 0], contour[:, 1]
    return float(0.5 * np.sum(right * np.roll(up, -1) - up * np.roll(right, -1)))
