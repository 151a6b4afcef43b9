"""Where a pair's disparity comes from: what a folder of maps and a network that estimates depth have in common."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from bokeh_render.optics import Float32
from bokeh_render.orientation import UPRIGHT


class DisparityFound(NamedTuple):
    """A pair's disparity and how it came about.

    disparity: (H, W) float32, normalised (near = 1), on the pixels of the upright wide photograph; origin: plain JSON
    data, enough to make the map again; notes: what a reader of the report should know, a sentence each.
    """

    disparity: Float32
    origin: dict[str, Any]
    notes: tuple[str, ...] = ()


class DisparitySource(Protocol):
    """Gives the disparity of a wide photograph."""

    @property
    def key(self) -> dict[str, Any]:
        """Plain JSON data: with equal keys, and for a folder equal files, the same photograph gets the same map."""

    def key_of(self, identifier: int) -> dict[str, Any]:
        """Return ``key`` with all that is this id's alone: of a folder, the hashes of the id's files."""

    def find(
        self, identifier: int, display: Float32, stored_size: tuple[int, int] | None = None, orientation: int = UPRIGHT
    ) -> DisparityFound:
        """Return the disparity of the wide photograph of an id.

        display: (H, W, 3) display values, upright; stored_size: (height, width) of the pixels as the photograph's file
        stores them, None when that is upright too; orientation: EXIF's, 1 to 8. Raises BadInputError, in one sentence,
        when there is none, or none that can be used.
        """
