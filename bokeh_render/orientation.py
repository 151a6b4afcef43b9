"""How a stored picture must be turned to be seen upright: EXIF orientation, and which way a disparity map lies."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import BadInputError

UPRIGHT = 1
_EXIF_TAG = 0x0112
_TURNS = {
    1: "upright",
    2: "mirrored left to right",
    3: "turned by 180°",
    4: "mirrored top to bottom",
    5: "mirrored and turned by 90°",
    6: "turned by 90°",
    7: "mirrored and turned by 90°",
    8: "turned by 90°",
}
_SWAPS_SIDES = (5, 6, 7, 8)


def orientation_of(exif: Any) -> int:
    """Return the orientation, 1 to 8, that Pillow's ``Exif`` holds; 1 when there is none or it makes no sense."""
    value = exif.get(_EXIF_TAG, UPRIGHT)
    return int(value) if value in _TURNS else UPRIGHT


def turn_upright(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Return (H, W, …) pixels as they are meant to be seen. orientation: EXIF's, 1 to 8 (1 = as stored)."""
    if orientation in _SWAPS_SIDES:
        pixels = pixels.swapaxes(0, 1)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return np.ascontiguousarray(pixels)


def lay_as_map(pixels: NDArray[Any], orientation: int, size_of_map: tuple[int, int] | None, name: str) -> NDArray[Any]:
    """Return stored (H, W, …) pixels as the map that belongs to them lies, whichever way round that is.

    orientation: EXIF's; size_of_map: (height, width), None when no map is known. A map of the upright picture's size
    was made from the upright picture, one of the stored size from the stored pixels. Raises BadInputError when the
    sizes do not tell the two apart, or there is no map; a map of any other size leaves the pixels upright.
    """
    if orientation == UPRIGHT:
        return pixels
    stored = f"{name} is stored {_TURNS[orientation]} (EXIF orientation {orientation})"
    if size_of_map is None:
        raise BadInputError(f"{stored}; turn the pixels themselves first, so that every reader sees the same picture")
    height, width = pixels.shape[:2]
    if orientation not in _SWAPS_SIDES or height == width:
        raise BadInputError(
            f"{stored}, and the size of its map does not say whether the map was made before or after turning; "
            "turn the pixels themselves first, so that image and map match"
        )
    return pixels if size_of_map == (height, width) else turn_upright(pixels, orientation)
