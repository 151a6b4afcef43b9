"""Disparity from a folder of maps that someone has made already, one a photograph, named by id."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import ENCODING_OF_SUFFIX, read_map
from bokeh_render.optics import Float32, check_disparity, disparity_from_depth
from bokeh_render.orientation import UPRIGHT, lay_as_map, turn_upright
from bokeh_render.schema import sha256_of_file

from .disparity_orientation import MapOrientation, measure_orientation
from .disparity_refining import HIGH_PERCENT, LOW_PERCENT, Normalised, normalise_robustly, refine
from .disparity_source import DisparityFound

Holds = Literal["disparity", "depth"]

_NUMBERED = re.compile(r"([0-9]{1,18})(\.[^.]+)")
_SUFFIXES = ", ".join(ENCODING_OF_SUFFIX)
_UPSIDE_DOWN = 0.1
"""By so much must the top quarter of a map be nearer than the bottom quarter, of its range, to be remarked on."""


@dataclass(frozen=True)
class DisparityFolder:
    """A folder of maps: 12.png, 0012.exr … belong to id 12. Can be pickled; the folder is listed once.

    root: PNG (8 or 16 bit), JPEG, EXR, NPY or PFM files, one value per pixel; holds: disparity, in any unit, near
    large, or depth, in any unit, above 0 (65504 and beyond: nothing there); refined: whether maps of the photograph's
    own size are refined as well; otherwise those are taken as they are, and only smaller and larger ones refined.
    Raises BadInputError when the folder is not there or holds no maps.
    """

    root: Path
    holds: Holds
    refined: bool = False

    def __post_init__(self) -> None:
        if self.holds not in ("disparity", "depth"):
            raise BadInputError(f"maps are said to hold {self.holds!r}; expected disparity or depth")
        if not self.root.is_dir():
            what = "is no folder" if self.root.exists() else "does not exist"
            raise BadInputError(f"{self.root} {what}; expected a folder of {self.holds} maps, named by id (12.png)")
        if not any(_is_readable(name) for names in self._names.values() for name in names):
            raise BadInputError(
                f"{self.root} holds no {self.holds} maps; expected files named by id, such as 12.png ({_SUFFIXES})"
            )

    @cached_property
    def _names(self) -> dict[int, tuple[str, ...]]:
        """Every file whose stem is a number, readable or not, by that number."""
        names = defaultdict(list)
        for path in sorted(self.root.iterdir()):
            match = _NUMBERED.fullmatch(path.name)
            if match and path.is_file():
                names[int(match[1])].append(path.name)
        return {identifier: tuple(of_id) for identifier, of_id in names.items()}

    @property
    def key(self) -> dict[str, Any]:
        """What the maps hold and whether they are refined, not where they lie."""
        return {"source": "folder", "holds": self.holds, "refined": self.refined}

    def key_of(self, identifier: int) -> dict[str, Any]:
        """Return ``key`` and the sha256 of each of an id's files, by name; no files are no error here."""
        names = self._names.get(identifier, ())
        return {**self.key, "files": {name: sha256_of_file(self.root / name) for name in names}}

    def find(
        self, identifier: int, display: Float32, stored_size: tuple[int, int] | None = None, orientation: int = UPRIGHT
    ) -> DisparityFound:
        """Return the map of an id as normalised disparity on its photograph (see DisparitySource.find).

        Raises BadInputError, naming the file, when there is none or several; when it cannot be read, holds NaN,
        infinity, depth of 0 or less, or the same value everywhere; when its sides are not in proportion to the
        photograph's; and when its edges clearly fit the photograph turned over. A map in which near and far are
        exchanged has the same edges as the right one: it is not noticed here, except for a note where the bottom of
        the picture is far and its top near. (A fit of the blur shows it, as what is in focus is then elsewhere.)
        """
        path = self._path_of(identifier)
        raw = self._read(path)
        upright = _laid_upright(raw, path.name, (display.shape[0], display.shape[1]), stored_size, orientation)
        normalised = normalise_robustly(upright, path.name)
        lies = measure_orientation(display, normalised.disparity)
        if lies is not None and lies.is_wrong:
            raise BadInputError(
                f"{path.name} lies on the photograph when {lies.best} ({lies.certainty:.1f} standard errors); "
                "turn the map"
            )
        same_size = upright.shape == display.shape[:2]
        refined = self.refined or not same_size
        disparity = refine(normalised.disparity, display) if refined else normalised.disparity
        origin = {
            "source": "folder",
            "file": path.name,
            "sha256": sha256_of_file(path),
            "holds": self.holds,
            "size": [raw.shape[0], raw.shape[1]],
            "percentiles": [LOW_PERCENT, HIGH_PERCENT],
            "low": normalised.low,
            "high": normalised.high,
            "refined": refined,
            "orientation": None if lies is None else {"best": lies.best, "standard_errors": round(lies.certainty, 2)},
        }
        return DisparityFound(disparity, origin, tuple(_notes(path.name, upright, normalised, lies)))

    def _path_of(self, identifier: int) -> Path:
        names = self._names.get(identifier, ())
        readable = [name for name in names if _is_readable(name)]
        if len(readable) > 1:
            raise BadInputError(
                f"{', '.join(readable)} are {len(readable)} {self.holds} maps of id {identifier}; expected one"
            )
        if not readable:
            instead = f", only {names[0]}, which is none of {_SUFFIXES}" if names else ""
            raise BadInputError(
                f"id {identifier} has no {self.holds} map{instead}; expected a file {identifier}.png (or another of "
                f"{_SUFFIXES}) among the maps"
            )
        return self.root / readable[0]

    def _read(self, path: Path) -> Float32:
        """Read a map as raw disparity, as it lies in the file."""
        try:
            values = read_map(path)
            check_disparity(values, path.name)
            return values if self.holds == "disparity" else disparity_from_depth(values)
        except BadInputError as error:
            told = str(error).replace(str(path), path.name)
            raise BadInputError(told if path.name in told else f"{path.name}: {told}") from None


def _is_readable(name: str) -> bool:
    return Path(name).suffix.lower() in ENCODING_OF_SUFFIX


def _laid_upright(
    raw: Float32, name: str, size: tuple[int, int], stored_size: tuple[int, int] | None, orientation: int
) -> Float32:
    """Return the map as the upright photograph lies, whether it was made from that or from the stored pixels."""
    stored = stored_size or size
    fits_upright, fits_stored = _in_proportion(raw.shape, size), _in_proportion(raw.shape, stored)
    if not (fits_upright or fits_stored):
        turned = "" if stored == size else f" (stored as {stored[1]}×{stored[0]})"
        raise BadInputError(
            f"{name} is {raw.shape[1]}×{raw.shape[0]}, which is not in proportion to its photograph of "
            f"{size[1]}×{size[0]}{turned}; expected a map of the whole photograph, not cut and not stretched"
        )
    if orientation == UPRIGHT:
        return raw
    if fits_upright and fits_stored and stored != size:
        raise BadInputError(
            f"{name} is {raw.shape[1]}×{raw.shape[0]}, too square to say whether it was made before or after its "
            "photograph was turned upright; turn the pixels of both themselves"
        )
    # refuses what sizes cannot tell: a photograph that is mirrored, upside down or square
    lay_as_map(np.empty(stored, dtype=np.bool_), orientation, size if fits_upright else stored, f"{name}'s photograph")
    return raw if fits_upright else turn_upright(raw, orientation)


def _in_proportion(shape: tuple[int, ...], size: tuple[int, int]) -> bool:
    """Return whether a map can be of a picture of this size, one side of the map rounded by a pixel at most."""
    (height, width), (full_height, full_width) = shape, size
    return min(abs(width - height * full_width / full_height), abs(height - width * full_height / full_width)) <= 1.0


def _notes(name: str, raw: Float32, normalised: Normalised, lies: MapOrientation | None) -> list[str]:
    notes = []
    outside = np.count_nonzero((raw < normalised.low) | (raw > normalised.high))
    if outside:
        notes.append(f"{name} has {outside} outlying pixel(s), which were cut to the range of the others")
    if lies is None:
        notes.append(f"{name} has too few edges to tell whether it lies on its photograph the right way round")
    elif not lies.is_right:
        notes.append(
            f"whether {name} lies on its photograph the right way round is not clear from its edges (best when "
            f"{lies.best}, {lies.certainty:.1f} standard errors)"
        )
    quarter = max(1, len(raw) // 4)
    top, bottom = (float(part.mean()) for part in (normalised.disparity[:quarter], normalised.disparity[-quarter:]))
    if top - bottom > _UPSIDE_DOWN:
        notes.append(
            f"in {name} the top of the picture is nearer than its bottom; where that is not so in the photograph, "
            "near and far are exchanged"
        )
    return notes
