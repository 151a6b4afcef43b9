"""What one source of blur radius r weighs at each pixel around it, exactly: the two profiles.

``bokehme``: BokehMe's soft disc, ``[0.5 + 0.5 tanh(4 (r rim - l))] / (area r^2 + 0.2)`` at distance l, in the window
|dx|, |dy| <= floor(r) + 1 (wider where an anamorphic opening is); ``rim`` is how far the opening reaches in that
direction and ``area`` its area (both 1 for the disc). Source: BokehMe (CVPR 2022) and its published renderer. Only
discs, polygons and rings have it.

``area``: the share of each pixel that the opening of radius r covers, divided by the opening's area: every source
spreads exactly its own light, and r = 0 leaves the pixel as it is.
"""

from __future__ import annotations

import math
from typing import Literal, get_args

from ..aperture import Aperture
from ..aperture_shapes import CatEye, Outline, Ring, Shape
from ..errors import BadInputError

Profile = Literal["area", "bokehme"]
PROFILES: tuple[str, ...] = get_args(Profile)

DEFAULT_PROFILE: Profile = "area"
"""Nearer to the ground truth than BokehMe's own weights; figures in docs/classical.md."""

SOFTNESS = 4.0
"""Of BokehMe's soft edge, per pixel."""

AREA_OFFSET = 0.2
"""Keeps BokehMe's weights finite at radius 0, px^2."""


def check_profile(profile: str, shape: Shape) -> None:
    """Refuse an unknown profile, or one that an opening does not have; raises BadInputError."""
    if profile not in PROFILES:
        raise BadInputError(f"unknown profile {profile!r}; expected one of {', '.join(PROFILES)}")
    if profile == "bokehme" and isinstance(shape, CatEye | Outline):
        raise BadInputError(
            "the profile bokehme is defined for discs, polygons, ellipses and rings only; use profile area"
        )


def area_normalisation(profile: str, shape: Shape) -> float:
    """Return by what share of the disc's area BokehMe's weights are divided (1 for the profile ``area``)."""
    if profile != "bokehme":
        return 1.0
    match shape:
        case Aperture():
            return shape.area
        case Ring():
            return shape.outer.area * (1 - shape.obstruction**2)
    raise AssertionError("check_profile let an opening through that bokehme does not know")


def widest_of(shape: Shape) -> float:
    """Return the largest distance to the side that an opening may reach, lens radii; at least 1."""
    match shape:
        case Aperture():
            return max(1.0, 1.0 / shape.ratio)
        case Ring():
            return widest_of(shape.outer)
        case _:
            return 1.0


def is_upright(shape: Shape) -> bool:
    """Return whether an opening stays the same when up and down are swapped."""
    match shape:
        case Aperture():
            return shape.blades == 0 or _is_multiple(shape.rotation_rad, math.pi / shape.blades)
        case Ring():
            return is_upright(shape.outer)
        case CatEye():
            return False
        case Outline():
            return False


def is_point_symmetric(shape: Shape) -> bool:
    """Return whether an opening stays the same when turned by 180 degrees, so that front and back blur are alike."""
    match shape:
        case Aperture():
            return shape.blades % 2 == 0
        case Ring():
            return is_point_symmetric(shape.outer)
        case _:
            return False


def _is_multiple(angle: float, step: float) -> bool:
    turns = angle / step
    return abs(turns - round(turns)) < 1e-12
