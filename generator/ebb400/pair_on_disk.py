"""A scene of a dataset of pairs as it is read back: prepared here, untouched beside it, or made by somebody else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import ENCODING_OF_SUFFIX, read_image, read_map
from bokeh_render.optics import DISPLAY_GAMMA, Float32
from bokeh_render.schema import parse

from ..stack import DISPARITY_FILE, IMAGE_FILE, INFO_FILE, PairInfo, bokeh_name
from .info import OriginalPairInfo, PreparedPairInfo


class PairFiles(NamedTuple):
    """Where a pair's pictures lie: image (all in focus), shallow, disparity."""

    image: Path
    shallow: Path
    disparity: Path


class PairPictures(NamedTuple):
    """image, shallow: (H, W, 3) display values, each of its own size still; disparity: (H, W)."""

    image: Float32
    shallow: Float32
    disparity: Float32


def read_pair_info(folder: Path) -> PairInfo:
    """Read a pair's ``info.json`` as what it says it is: PreparedPairInfo, OriginalPairInfo, or only PairInfo.

    Raises BadInputError when it is missing, no JSON, or does not fit.
    """
    path = folder / INFO_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInputError(f"{path} does not exist; expected a pair's K and focus disparity") from None
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"{path} is not valid JSON: {error}") from None
    ours = isinstance(content, dict) and {"scene", "wide", "shallow", "scores"} <= content.keys()
    if not ours:
        return parse(PairInfo, content, str(path))
    return parse(PreparedPairInfo if "alignment" in content else OriginalPairInfo, content, str(path))


def pair_files(folder: Path) -> PairFiles:
    """Find a pair's pictures in its folder; raises BadInputError when one is not there."""
    image, shallow = (_picture(folder, stem) for stem in (Path(IMAGE_FILE).stem, bokeh_name(0, 0)))
    if not (folder / DISPARITY_FILE).is_file():
        raise BadInputError(f"{folder / DISPARITY_FILE} is missing; expected a pair's disparity")
    return PairFiles(image, shallow, folder / DISPARITY_FILE)


def _picture(folder: Path, stem: str) -> Path:
    found = [path for suffix in ENCODING_OF_SUFFIX if (path := folder / f"{stem}{suffix}").is_file()]
    if len(found) != 1:
        what = "no" if not found else " and ".join(path.suffix for path in found) + " of"
        raise BadInputError(f"{folder} holds {what} {stem}; expected one picture ({', '.join(ENCODING_OF_SUFFIX)})")
    return found[0]


def read_pictures(files: PairFiles) -> PairPictures:
    """Read a pair's pictures; raises BadInputError when one cannot be read or they are not of one size."""
    pictures = PairPictures(
        read_image(files.image).as_display(DISPLAY_GAMMA),
        read_image(files.shallow).as_display(DISPLAY_GAMMA),
        read_map(files.disparity),
    )
    sizes = [f"{picture.shape[1]}×{picture.shape[0]}" for picture in pictures]
    if len(set(sizes)) > 1:
        names = ", ".join(f"{path.name} is {size}" for path, size in zip(files, sizes, strict=True))
        raise BadInputError(f"{files.image.parent}: {names}; expected one size")
    return pictures
