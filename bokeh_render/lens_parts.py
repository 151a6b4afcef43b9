"""The opening of the lens, cut into sectors.

Two surfaces that each fill half of what the lens sees may cover the same half or opposite halves; their shares alone do
not tell. Within a small part of the lens a surface mostly covers all or nothing, and the question disappears.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from .aperture import Float64
from .aperture_shapes import Outline, Shape
from .outline import area_of, contours_of

_LEAST_AREA = 1e-6


class LensPart(NamedTuple):
    """shape: a part of an opening, in units of ``scale`` lens radii; share: of the opening's area, in (0, 1]."""

    shape: Shape
    share: float
    scale: float


def cut_lens(shape: Shape, count: int) -> list[LensPart]:
    """Cut an opening into ``count`` sectors of equal angle round the lens's centre; empty ones are left out.

    count: 1 (the opening itself) or 2 or more. Raises BadInputError for a cat's eye.
    """
    contours = contours_of(shape)
    if count == 1:
        return [LensPart(shape, 1.0, 1.0)]
    scale = max(float(np.abs(contour).max()) for contour in contours)  # an outline has to fit the unit square
    parts: list[tuple[Shape, float]] = []
    for k in range(count):
        begin, end = 2 * np.pi * k / count, 2 * np.pi * (k + 1) / count
        clipped = [_clip(_clip(contour / scale, begin), end + np.pi) for contour in contours]
        corners = tuple(
            tuple((float(right), float(up)) for right, up in np.clip(contour, -1.0, 1.0))
            for contour in clipped
            if len(contour) >= 3
        )
        if corners:
            part = Outline(name=f"sector {k + 1} of {count}", contours=corners)
            area = abs(area_of(part))
            if area > _LEAST_AREA:
                parts.append((part, area))
    whole = sum(area for _, area in parts)
    return [LensPart(part, area / whole, scale) for part, area in parts]


def _clip(contour: Float64, angle_rad: float) -> Float64:
    """Keep what lies to the left of the line from the centre at this angle (Sutherland and Hodgman, 1974)."""
    if len(contour) < 3:
        return contour
    left = contour[:, 1] * np.cos(angle_rad) - contour[:, 0] * np.sin(angle_rad)
    kept = []
    for k in range(len(contour)):
        before, here = left[k - 1], left[k]
        if (before >= 0) != (here >= 0):
            kept.append(contour[k - 1] + (contour[k] - contour[k - 1]) * before / (before - here))
        if here >= 0:
            kept.append(contour[k])
    return np.array(kept).reshape(-1, 2)
