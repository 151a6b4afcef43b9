"""The opening of the lens: a disc or a polygon, squeezed or not, and points spread evenly over it.

Orientation, everywhere in this project: a point of the lens has coordinates (right, up) as the camera sees the world,
in units of the lens radius. Blur *behind* the focal plane has the shape of the lens as it stands in these coordinates
(x right, y up in the image); blur *in front of* it is turned by 180 degrees. Measured against Cycles in the tests.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import Field, field_validator

from .schema import Record

Float64 = NDArray[np.float64]

MIN_BLADES, MAX_BLADES = 3, 11
_TABLE = 4096  # angles at which a polygon's area is tabulated


class Aperture(Record):
    """The shape of the opening.

    blades: 0 = disc, 3 to 11 = regular polygon inscribed in it; rotation_rad: its first corner stands at the angle
    ``pi / blades + rotation_rad``, counter-clockwise from the right; ratio: height divided by width, after the
    rotation: above 1 the opening is narrowed horizontally (anamorphic, upright ovals) and its height is unchanged, so
    that K stays the vertical blur radius.
    """

    blades: int = 0
    rotation_rad: float = 0.0
    ratio: Annotated[float, Field(ge=0.1, le=10.0)] = 1.0

    @field_validator("blades")
    @classmethod
    def _blades_make_a_shape(cls, blades: int) -> int:
        if blades != 0 and not MIN_BLADES <= blades <= MAX_BLADES:
            raise ValueError(f"{blades} blades; expected 0 for a disc, or {MIN_BLADES} to {MAX_BLADES}")
        return blades

    @property
    def area(self) -> float:
        """Area relative to that of the disc of the lens radius."""
        polygon = 1.0
        if self.blades:
            polygon = self.blades * np.sin(2 * np.pi / self.blades) / (2 * np.pi)
        return float(polygon / self.ratio)


def rim(aperture: Aperture, angle_rad: ArrayLike) -> Float64:
    """Return how far the unsqueezed opening reaches at each angle, in lens radii (1 everywhere for a disc)."""
    angle = np.asarray(angle_rad, dtype=np.float64)
    if aperture.blades == 0:
        return np.ones_like(angle)
    sector = 2 * np.pi / aperture.blades
    # a side's middle stands half a sector from a corner; corners stand at sector / 2 + rotation
    from_middle = np.mod(angle - aperture.rotation_rad + sector / 2, sector) - sector / 2
    reach: Float64 = np.cos(sector / 2) / np.cos(from_middle)
    return reach


def spread(aperture: Aperture, area_share: ArrayLike, turn: ArrayLike) -> tuple[Float64, Float64]:
    """Map the unit square to the opening so that equal areas go to equal areas.

    area_share: in [0, 1], the share of the opening's area that lies further in (0 = centre, 1 = rim; the opening scaled
    by ``sqrt(area_share)``); turn: in [0, 1), the share of its area passed while turning once around.
    Returns (right, up), lens radii.
    """
    turns = np.asarray(turn, dtype=np.float64)
    if aperture.blades == 0:
        angle = 2 * np.pi * turns
    else:
        table = np.linspace(0.0, 2 * np.pi, _TABLE + 1)
        swept = np.concatenate([[0.0], np.cumsum(rim(aperture, (table[1:] + table[:-1]) / 2) ** 2)])
        angle = np.interp(turns, swept / swept[-1], table)
    reach = np.sqrt(np.asarray(area_share, dtype=np.float64)) * rim(aperture, angle)
    return reach * np.cos(angle) / aperture.ratio, reach * np.sin(angle)


def contains(aperture: Aperture, right: ArrayLike, up: ArrayLike) -> NDArray[np.bool_]:
    """Return whether points of the lens (lens radii) lie in the opening."""
    x, y = np.asarray(right, dtype=np.float64) * aperture.ratio, np.asarray(up, dtype=np.float64)
    return np.hypot(x, y) <= rim(aperture, np.arctan2(y, x))
