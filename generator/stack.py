"""What a dataset looks like on disk: file names, records, and how one stack is read and written.

    <dataset>/dataset.json      what it is, how it was made, its two hashes
              manifest.jsonl    one line per data file; the list of samples follows from it
              README.md         the dataset card; index.html and previews/ to look at (none of them is data)
              scenes/<id>/      image.exr  depth.exr  disparity_aa.exr  corrupted_00…14.exr  bokeh_KK_FF.exr
                                seed2/bokeh_KK_FF.exr  info.json

A dataset of pairs (photographs) has image.png  disparity.exr  bokeh_00_00.png  info.json in each scene's folder.
The original BLB download has the same stacks without manifest; :class:`StackInfo` reads its ``info.json`` too.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from bokeh_render.aperture import Aperture
from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_image, read_map
from bokeh_render.optics import DEPTH_OF_NOTHING_M, DisparityRange, Float32, disparity_from_depth, disparity_range
from bokeh_render.schema import Record, load_json, parse, sha256_of_file

DATASET_FILE = "dataset.json"
MANIFEST_FILE = "manifest.jsonl"
INFO_FILE = "info.json"
IMAGE_FILE = "image.exr"
DEPTH_FILE = "depth.exr"
DISPARITY_FILE = "disparity.exr"
"""Normalised disparity of a pair; near = large."""
DISPARITY_AA_FILE = "disparity_aa.exr"
SECOND_SEED_FOLDER = "seed2"
APERTURE_CONVENTION = (
    "x right, y up in the image; a polygon is inscribed in the disc of radius K and has a corner at pi / blades + "
    "rotation_rad, counter-clockwise from x; ratio = height / width, the height stays; so seen in blur behind the "
    "focal plane, turned by 180 degrees in front of it"
)
PREVIEW_FOLDER = "previews"
"""Pictures to look at, made from the data."""
WORK_FOLDER = ".work"
"""Holds the state of an unfinished dataset; gone when it is finished."""

Role = Literal["image", "depth", "disparity", "disparity_aa", "corrupted", "bokeh", "bokeh_seed2", "info"]
Engine = Literal["path", "lightfield"]
"""How bokeh images are made: each traced through the lens by Cycles, or all from one light field of pinhole views."""


def focus_disparity(distance_m: float) -> float:
    """Return the raw disparity, 1/metre, of a focus distance; 65504 and beyond are infinity, 0."""
    return 0.0 if distance_m >= DEPTH_OF_NOTHING_M else 1.0 / distance_m


class SampleKey(NamedTuple):
    """One prediction to make: a scene, a blur level and a focus setting (indices from 0)."""

    scene: str
    blur: int
    focus: int

    @property
    def name(self) -> str:
        """``bokeh_KK_FF``: the name, without suffix, of the sample's file in its scene's folder."""
        return bokeh_name(self.blur, self.focus)


def bokeh_name(blur: int, focus: int) -> str:
    """Return ``bokeh_KK_FF`` for a blur index and a focus index."""
    return f"bokeh_{blur:02d}_{focus:02d}"


def corrupted_file(index: int) -> str:
    """Return the name of a corrupted map in its scene's folder."""
    return f"corrupted_{index:02d}.exr"


def bokeh_file(blur: int, focus: int) -> str:
    """Return the name of a ground-truth file in its scene's folder."""
    return bokeh_name(blur, focus) + ".exr"


class Corruption(Record):
    """One corrupted disparity map. file: its name; size_px: sigma or radius in pixels of this image."""

    file: str
    kind: Literal["gaussian", "dilation", "erosion"]
    size_px: float


class Camera(Record):
    """The camera of a stack: millimetres, its pose as a 4×4 camera-to-world matrix (metres), and the shift of its
    lens to the right and up, in sensor widths (only a user's own scene has any).
    """

    lens_mm: float
    sensor_width_mm: float
    shift_x: float = 0.0
    shift_y: float = 0.0
    matrix_world: tuple[tuple[float, float, float, float], ...]


class NoiseFloor(Record):
    """What the ground truth's own noise leaves possible at one blur level.

    psnr: dB, clipped display values: what a perfect, noise-free prediction would score on average over the settings
    measured; measured_focus: the focus indices looked at; measure: from a second render with other random numbers, or
    from the difference of the two halves of a light field's views (see ``generator.noise_floor``).
    """

    blur: int
    psnr: float
    measured_focus: tuple[int, ...]
    measure: Literal["second_seed", "half_views"] = "second_seed"


class StackInfo(BaseModel):
    """``info.json``: BLB's own four keys, which every stack has, and ours, which the original download lacks.

    blur_parameters: raw K, px per 1/metre, one per blur level; focus_distances: metres, one per focus setting
    (65504 = infinity); f_stops: one per blur level; focal_length: mm. The original has a disc and no noise floor.
    """

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)

    blur_parameters: Annotated[tuple[float, ...], Field(min_length=1)]
    focus_distances: Annotated[tuple[Annotated[float, Field(gt=0)], ...], Field(min_length=1)]
    f_stops: tuple[float, ...] = ()
    focal_length: float | None = None
    aperture: Aperture = Aperture()
    noise_floor: tuple[NoiseFloor, ...] = ()
    corruptions: tuple[Corruption, ...] = ()

    @property
    def focus_disparities(self) -> tuple[float, ...]:
        """Raw focus disparities, 1/metre; infinity is 0."""
        return tuple(focus_disparity(distance) for distance in self.focus_distances)


class PairInfo(BaseModel):
    """``info.json`` of a pair of photographs, whose disparity is only known up to scale.

    blur_parameter_normalised: K, px per unit of normalised disparity; focus_disparity_normalised: in [0, 1].
    """

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)

    blur_parameter_normalised: Annotated[float, Field(ge=0)]
    focus_disparity_normalised: Annotated[float, Field(ge=0, le=1)]


class RenderedStackInfo(StackInfo):
    """``info.json`` of a stack that we rendered.

    bokeh_samples: per pixel and image with engine ``path``; per pixel and stack, one a lens view, with ``lightfield``;
    aperture_convention: how ``aperture`` is oriented; corruptions: what the corrupted maps are; refusals: why earlier
    draws of a training scene were refused, one sentence a draw.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    scene: str
    seed: int
    width: int
    height: int
    image_samples: int
    bokeh_samples: int
    engine: Engine = "path"
    aperture_convention: str = APERTURE_CONVENTION
    refusals: tuple[str, ...] = ()
    camera: Camera
    blur_parameters_normalised: tuple[float, ...]
    focus_disparities_normalised: tuple[float, ...]
    disparity_min: float
    disparity_max: float
    geometry_sha256: str
    blender: str
    render_seconds: float
    device: str = "cpu"
    notices: tuple[str, ...] = ()


class ManifestEntry(Record):
    """One data file of a dataset. path: relative, with forward slashes; blur and focus: for bokeh files only."""

    path: str
    bytes: int
    sha256: str
    role: Role
    scene: str
    blur: int | None = None
    focus: int | None = None


class DatasetRecord(Record):
    """``dataset.json``.

    kind: ``stacks``, rendered; or ``pairs``, photographs with one truth each (see :class:`PairInfo`);
    recipe_sha256: equal for everyone who generates the same thing (config, geometry, cameras, depth);
    files_sha256: this very rendering (the manifest's hash); made_with: versions.
    """

    name: str
    version: str
    kind: Literal["stacks", "pairs"]
    config: dict[str, Any]
    recipe_sha256: str
    files_sha256: str
    made_with: dict[str, str]
    licence: str


def manifest_entry(
    dataset: Path, path: Path, role: Role, scene: str, blur: int | None, focus: int | None
) -> ManifestEntry:
    """Describe a finished file of a dataset."""
    return ManifestEntry(
        path=path.relative_to(dataset).as_posix(),
        bytes=path.stat().st_size,
        sha256=sha256_of_file(path),
        role=role,
        scene=scene,
        blur=blur,
        focus=focus,
    )


def manifest_text(entries: list[ManifestEntry]) -> str:
    """Return the manifest's lines."""
    return "".join(json.dumps(entry.model_dump(exclude_none=True), sort_keys=True) + "\n" for entry in entries)


def read_manifest(path: Path) -> list[ManifestEntry]:
    """Read a manifest; raises BadInputError when a line does not fit or a path leaves the dataset."""
    entries = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        source = f"{path}, line {number}"
        try:
            content = json.loads(line)
        except json.JSONDecodeError as error:
            raise BadInputError(f"{source} is not valid JSON: {error}") from None
        entry = parse(ManifestEntry, content, source)
        if Path(entry.path).is_absolute() or ".." in Path(entry.path).parts:
            raise BadInputError(f"{source}: the path {entry.path!r} leaves the dataset; expected a path inside it")
        entries.append(entry)
    return entries


def original_scene_folders(root: Path) -> list[Path]:
    """Return the scene folders of an original BLB download, sorted: in ``root``, ``scenes/`` or ``data/``.

    Raises BadInputError when there is none.
    """
    for place in ("", "scenes", "data"):
        folder = root / place
        found = sorted(path.parent for path in folder.glob(f"*/{INFO_FILE}")) if folder.is_dir() else []
        if found:
            return found
    raise BadInputError(
        f"{root} is no dataset: it has neither {DATASET_FILE} nor scene folders with {INFO_FILE}; "
        "expected a folder made by bokehbench generate, or the original BLB download"
    )


class Stack(NamedTuple):
    """The input side of one scene: light (H, W, 3), raw disparity (H, W) in 1/metre with its range, and its info."""

    light: Float32
    disparity: Float32
    range: DisparityRange
    info: StackInfo


def read_stack(folder: Path) -> Stack:
    """Read a scene's image, depth and info, of ours or of the original BLB download.

    Raises BadInputError when a file is missing or broken, or when image and depth differ in size.
    """
    light = read_image(folder / IMAGE_FILE).pixels
    depth = read_map(folder / DEPTH_FILE)
    if depth.shape != light.shape[:2]:
        raise BadInputError(
            f"{folder / DEPTH_FILE} is {_size(depth)} but {IMAGE_FILE} is {_size(light)}; expected equal sizes"
        )
    disparity = disparity_from_depth(depth)
    return Stack(light, disparity, disparity_range(disparity), load_json(StackInfo, folder / INFO_FILE))


def _size(array: np.ndarray[Any, Any]) -> str:
    return f"{array.shape[1]}×{array.shape[0]}"
