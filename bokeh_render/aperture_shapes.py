"""Openings that Blender's camera does not have but real lenses do: rings, cat's eyes, and any outline.

Orientation as in :mod:`bokeh_render.aperture`: a point of the lens has coordinates (right, up) in lens radii; blur
behind the focal plane has the shape as it stands, blur in front of it the shape turned by 180 degrees.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from .aperture import Aperture
from .errors import BadInputError
from .schema import Record

Point = tuple[float, float]
_THRESHOLD = 0.5
_MOST_MASK_PX = 512


class Ring(Record):
    """An opening whose middle is blocked, as by the second mirror of a mirror lens.

    outer: the opening; obstruction: size of the blocked part relative to it, of the same shape.
    """

    outer: Aperture = Aperture()
    obstruction: Annotated[float, Field(gt=0.0, le=0.95)] = 0.4


class CatEye(Record):
    """A disc that the barrel of the lens cuts off more and more towards the corners of the image.

    The barrel's front rim is a second disc, of ``barrel_radius`` lens radii, which slides over the opening as one looks
    from the side: by ``strength`` lens radii at the corner of the image, in proportion nearer to the centre. What both
    discs share lets light through. Behind the focal plane it is the outer side of the blur that is cut.
    The same two discs, with radius 1.05, stand in BokehDiff's training generator (ICCV 2025).
    """

    strength: Annotated[float, Field(ge=0.0, le=1.5)] = 0.5
    barrel_radius: Annotated[float, Field(ge=0.5, le=4.0)] = 1.0

    @field_validator("barrel_radius")
    @classmethod
    def _something_is_left(cls, radius: float, info: Any) -> float:
        if radius + 1.0 <= info.data.get("strength", 0.0) + 0.1:
            raise ValueError(f"a barrel of radius {radius} lets no light into the corners; expected a larger one")
        return radius


class Outline(Record):
    """Any opening, as closed lines in lens coordinates (right, up), lens radii; lines round holes turn the other way.

    contours: each a tuple of three or more corners. Points outside the unit square are refused.
    """

    name: str
    contours: Annotated[tuple[Annotated[tuple[Point, ...], Field(min_length=3)], ...], Field(min_length=1)]

    @field_validator("contours")
    @classmethod
    def _inside_the_lens(cls, contours: tuple[tuple[Point, ...], ...]) -> tuple[tuple[Point, ...], ...]:
        farthest = max(abs(value) for contour in contours for point in contour for value in point)
        if farthest > 1.0 + 1e-6:
            raise ValueError(f"a corner lies {farthest:g} lens radii from the centre; expected at most 1")
        return contours


Shape = Aperture | Ring | CatEye | Outline
"""Any opening that the renderer knows."""


def star(points: int = 5, *, rotation_rad: float = 0.0, inner: float = 0.382) -> Outline:
    """Return a star whose first point looks up. points: 3 to 24; inner: radius of its inner corners, lens radii."""
    if not 3 <= points <= 24 or not 0.05 <= inner <= 1.0:
        raise BadInputError(f"a star with {points} points and inner radius {inner}; expected 3 to 24 and 0.05 to 1")
    angle = np.pi / 2 + rotation_rad + np.pi * np.arange(2 * points) / points
    reach = np.where(np.arange(2 * points) % 2 == 0, 1.0, inner)
    return Outline(name="star", contours=(_points(reach * np.cos(angle), reach * np.sin(angle)),))


def heart() -> Outline:
    """Return a heart, upright, that fills the unit square."""
    turn = np.linspace(0.0, 2 * np.pi, 160, endpoint=False)
    right = 16 * np.sin(turn) ** 3
    up = 13 * np.cos(turn) - 5 * np.cos(2 * turn) - 2 * np.cos(3 * turn) - np.cos(4 * turn)
    up -= (up.max() + up.min()) / 2
    scale = max(np.abs(right).max(), np.abs(up).max())
    return Outline(name="heart", contours=(_points(right / scale, up / scale),))


def outline_of_mask(transparency: NDArray[Any], *, name: str = "mask") -> Outline:
    """Return the outline of a bitmap: where it is above half its maximum, light passes.

    transparency: (H, W), any numbers from 0 up, row 0 on top. The longer side of the bitmap spans the lens, its middle
    is the lens's centre. Outlines run between pixels, interpolated, so that they stay smooth at any blur radius.
    Raises BadInputError for bitmaps that are empty, not two-dimensional, dark all over, or not finite.
    """
    from skimage.measure import find_contours

    mask = np.asarray(transparency, dtype=np.float64)
    if mask.ndim != 2 or min(mask.shape, default=0) < 2:
        raise BadInputError(f"the aperture mask has shape {mask.shape}; expected a bitmap of at least 2×2 pixels")
    if not np.isfinite(mask).all():
        raise BadInputError("the aperture mask holds NaN or infinite values; expected finite numbers")
    if mask.min() < 0 or mask.max() <= 0:
        raise BadInputError("the aperture mask is dark or negative; expected values above 0 where light passes")
    longest = max(mask.shape)
    if longest > _MOST_MASK_PX:
        step = -(-longest // _MOST_MASK_PX)
        padded = np.pad(mask, [(0, -side % step) for side in mask.shape])
        mask = padded.reshape(padded.shape[0] // step, step, -1, step).mean(axis=(1, 3))
    height, width = mask.shape
    framed = np.pad(mask / mask.max(), 1)
    contours = []
    for contour in find_contours(framed, _THRESHOLD):  # type: ignore[no-untyped-call]
        up = (height / 2 + 0.5 - contour[:, 0]) / (max(height, width) / 2)
        right = (contour[:, 1] - 0.5 - width / 2) / (max(height, width) / 2)
        if len(contour) > 3:
            contours.append(_points(np.clip(right[:-1], -1, 1), np.clip(up[:-1], -1, 1)))
    return Outline(name=name, contours=tuple(contours))


def outline_of_file(path: Path) -> Outline:
    """Return the outline of an image file's bright part (PNG, JPEG, EXR, NPY, PFM); raises BadInputError."""
    from .imagefile import read_image

    return outline_of_mask(read_image(path).pixels.mean(axis=2), name=path.stem)


def _points(right: NDArray[np.float64], up: NDArray[np.float64]) -> tuple[Point, ...]:
    return tuple((float(x), float(y)) for x, y in zip(right, up, strict=True))
