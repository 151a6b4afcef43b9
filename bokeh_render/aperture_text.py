"""Apertures as written on the command line: ``disc``, ``hexagon:15``, ``ring:0.4``, ``star:5``, ``logo.png``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

from pydantic import ValidationError

from .aperture import Aperture
from .aperture_shapes import CatEye, Ring, Shape, heart, outline_of_file, star
from .errors import BadInputError
from .imagefile import ENCODING_OF_SUFFIX

POLYGONS = {"triangle": 3, "square": 4, "pentagon": 5, "hexagon": 6, "heptagon": 7, "octagon": 8, "nonagon": 9}

EXPECTED = (
    "disc, ellipse:RATIO, triangle … nonagon[:DEGREES[:RATIO]], polygon:BLADES[:DEGREES[:RATIO]], ring[:OBSTRUCTION], "
    "cat-eye[:STRENGTH[:BARREL]], star[:POINTS[:DEGREES]], heart, or an image file whose bright part is the opening"
)


def parse_aperture(text: str) -> Shape:
    """Return the aperture that a text names.

    Angles are in degrees, counter-clockwise; RATIO is height divided by width (above 1: upright ovals); OBSTRUCTION,
    STRENGTH and BARREL are in lens radii. Raises BadInputError that lists what is known.
    """
    if Path(text).suffix.lower() in ENCODING_OF_SUFFIX:
        return outline_of_file(Path(text))
    name, *rest = text.strip().lower().split(":")
    known = _KNOWN.get("polygon" if name in POLYGONS else name)
    if known is None:
        raise BadInputError(f"unknown aperture {text!r}; expected {EXPECTED}")
    make, fewest, most = known
    try:
        numbers = [float(word) for word in rest]
    except ValueError:
        raise BadInputError(f"aperture {text!r} has something that is no number after a colon; {EXPECTED}") from None
    if name in POLYGONS:
        numbers = [float(POLYGONS[name]), *numbers]
    if not fewest <= len(numbers) <= most or not all(math.isfinite(number) for number in numbers):
        raise BadInputError(f"aperture {text!r} has too few, too many or infinite numbers; expected {EXPECTED}")
    try:
        return make(numbers)
    except ValidationError as error:
        raise BadInputError(f"aperture {text!r}: {error.errors()[0]['msg']}; expected {EXPECTED}") from None


def _polygon(numbers: Sequence[float]) -> Shape:
    blades, degrees, ratio = (*numbers, *(0.0, 1.0)[len(numbers) - 1 :])
    if blades != int(blades):
        raise BadInputError(f"an aperture with {blades:g} blades; expected a whole number")
    return Aperture(blades=int(blades), rotation_rad=math.radians(degrees), ratio=ratio)


def _star(numbers: Sequence[float]) -> Shape:
    points, degrees = (*numbers, *(5.0, 0.0)[len(numbers) :])
    if points != int(points):
        raise BadInputError(f"a star with {points:g} points; expected a whole number")
    return star(int(points), rotation_rad=math.radians(degrees))


_KNOWN: dict[str, tuple[Callable[[Sequence[float]], Shape], int, int]] = {
    "disc": (lambda _: Aperture(), 0, 0),
    "disk": (lambda _: Aperture(), 0, 0),
    "ellipse": (lambda numbers: Aperture(ratio=numbers[0]), 1, 1),
    "polygon": (_polygon, 1, 3),
    "ring": (lambda numbers: Ring(obstruction=numbers[0]) if numbers else Ring(), 0, 1),
    "cat-eye": (lambda numbers: CatEye(**dict(zip(("strength", "barrel_radius"), numbers, strict=False))), 0, 2),
    "star": (_star, 0, 2),
    "heart": (lambda _: heart(), 0, 0),
}
