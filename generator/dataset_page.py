"""A dataset to look at: one page that needs no server and no network, with previews and a contact sheet per scene.

All of it is made from the data and can be made again at any time; none of it is data. Pairs of photographs have a page
of their own, see :mod:`.ebb400.page`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import jinja2
import numpy as np

from blender_scenes.catalogue import SCENES
from bokeh_render.atomic import write_text
from bokeh_render.imagefile import read_image, read_map, write_image
from bokeh_render.optics import DEPTH_OF_NOTHING_M, display_from_light
from bokeh_render.progress import ReportStep, Step, silent

from .contact_sheet import Sheet, cell_size, given_size, map_colours, map_thumbnail, thumbnail, write_sheet
from .contents import Contents, read_contents
from .stack import PREVIEW_FOLDER, Stack, StackInfo, bokeh_file, bokeh_name, read_stack

PAGE_FILE = "index.html"
_BARS = 72


class FocusSetting(NamedTuple):
    """One focus setting: normalised disparity, distance as text, and its preview's path relative to the page."""

    disparity: float
    distance: str
    preview: str


class BlurLevel(NamedTuple):
    """One blur level. normalised, raw: K; fstop, floor_db: None where unknown or not measured."""

    normalised: float
    raw: float
    fstop: float | None
    floor_db: float | None


@dataclass(frozen=True)
class PageScene:
    """What the page shows of a scene. All files are relative to the page; bars: the histogram of disparity, 0 to 1."""

    id: str
    title: str
    tests: str
    folder: str
    image: str
    disparity: str
    sheet: str
    sheet_size: tuple[int, int]
    size: tuple[int, int]
    near: str
    far: str
    nothing: float
    levels: tuple[BlurLevel, ...]
    focus: tuple[FocusSetting, ...]
    bars: tuple[float, ...]
    corrupted: int
    samples: int | None


def write_dataset_page(root: Path, *, report: ReportStep = silent) -> Path:
    """Make ``index.html`` and ``previews/`` of a dataset of either layout or kind and return the page's path.

    Raises BadInputError when ``root`` is no dataset or a picture cannot be read.
    """
    return write_page_of(read_contents(root), report=report)


def write_page_of(contents: Contents, *, report: ReportStep = silent) -> Path:
    """Make the page of a dataset whose list of files is known; see :func:`write_dataset_page`."""
    if contents.record is not None and contents.record.kind == "pairs":
        from .ebb400.page import write_pairs_page

        return write_pairs_page(contents.root, contents.record, contents.folders, report=report)
    total = sum(len(contents.of_scene(scene, ["bokeh"])) for scene in contents.folders)
    scenes: list[PageScene] = []
    done = 0
    for scene in contents.folders:
        report(Step("page", done, total, scene))
        scenes.append(_write_scene(contents, scene))
        done += len(contents.of_scene(scene, ["bokeh"]))
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("generator"), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    record = contents.record
    page = environment.get_template("dataset.html").render(
        name=contents.name,
        record=record,
        config=json.dumps(record.config, indent=2) if record else "",
        scenes=scenes,
        samples=total,
        bytes=sum(file.path.stat().st_size for file in contents.files if file.path.is_file()),
        has_seed2=any(file.role == "bokeh_seed2" for file in contents.files),
        has_disparity_aa=any(file.role == "disparity_aa" for file in contents.files),
    )
    write_text(contents.root / PAGE_FILE, page)
    report(Step("page", total, total))
    return contents.root / PAGE_FILE


def _write_scene(contents: Contents, scene: str) -> PageScene:
    """Write the previews and the sheet of a scene: each picture is read once."""
    folder = contents.folders[scene]
    stack = read_stack(folder)
    info, (height, width) = stack.info, stack.disparity.shape
    normalised = stack.range.normalise(stack.disparity)
    image = _save(contents.root, f"{scene}_image", display_from_light(stack.light))
    disparity = _save(contents.root, f"{scene}_disparity", map_colours(normalised))
    levels, settings = len(info.blur_parameters), len(info.focus_distances)
    cell = cell_size(width, height, settings)
    given = given_size(cell, width, settings)
    grid = []
    previews: list[str] = []
    for blur in range(levels):
        row = []
        for setting in range(settings):
            light = read_image(folder / bokeh_file(blur, setting)).pixels
            row.append(thumbnail(light, cell))
            if blur == levels - 1:
                previews.append(_save(contents.root, f"{scene}_{bokeh_name(blur, setting)}", display_from_light(light)))
        grid.append(row)
    title, tests = scene_words(scene)
    focus = _focus_settings(stack, previews)
    blur_levels = _blur_levels(stack)
    near, far = _distance(stack.range.maximum), _distance(stack.range.minimum)
    corrupted = [
        (file.path.stem.removeprefix("corrupted_"), map_thumbnail(read_map(file.path), cell))
        for file in contents.of_scene(scene, ["corrupted"])
    ]
    sheet = f"{PREVIEW_FOLDER}/{scene}_sheet.jpg"
    sheet_size = write_sheet(
        contents.root / sheet,
        Sheet(
            title=title,
            subtitle=f"{contents.name}  ·  {scene}  ·  {width}×{height} px  ·  {near} to {far}",
            cell=cell,
            given=(
                ("all-in-focus image", thumbnail(stack.light, given)),
                ("disparity, near = bright", map_thumbnail(normalised, given)),
            ),
            columns=[f"focus {setting.distance}  (d = {setting.disparity:.2f})" for setting in focus],
            rows=[f"K = {level.normalised:.3g} px\n{_fstop_text(level)}" for level in blur_levels],
            grid=grid,
            more=corrupted,
        ),
    )
    counts, _ = np.histogram(normalised, bins=_BARS, range=(0.0, 1.0))
    bars = np.sqrt(counts / counts.max())  # square roots, so that a wide wall does not hide thin things
    return PageScene(
        id=scene,
        title=title,
        tests=tests,
        folder=folder.relative_to(contents.root).as_posix(),
        image=image,
        disparity=disparity,
        sheet=sheet,
        sheet_size=sheet_size,
        size=(width, height),
        near=near,
        far=far,
        nothing=float(np.mean(stack.disparity == 0.0)),
        levels=blur_levels,
        focus=focus,
        bars=tuple(round(float(bar), 3) for bar in bars),
        corrupted=len(corrupted),
        samples=(info.model_extra or {}).get("bokeh_samples"),
    )


def scene_words(scene: str) -> tuple[str, str]:
    """Return a scene's title and what it tests; a stranger's scene has only its name."""
    name, at, seed = scene.partition("@")
    if name not in SCENES:
        return scene, ""
    entry = SCENES[name]
    return (f"{entry.title} (variation {seed})" if at else entry.title), entry.tests


def _save(root: Path, name: str, display: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> str:
    file = f"{PREVIEW_FOLDER}/{name}.jpg"
    write_image(root / file, display, quality=90)
    return file


def _focus_settings(stack: Stack, previews: list[str]) -> tuple[FocusSetting, ...]:
    return tuple(
        FocusSetting(stack.range.normalise(disparity), _distance(disparity), preview)
        for disparity, preview in zip(stack.info.focus_disparities, previews, strict=True)
    )


def _blur_levels(stack: Stack) -> tuple[BlurLevel, ...]:
    info: StackInfo = stack.info
    floors = {floor.blur: floor.psnr for floor in info.noise_floor}
    stops = info.f_stops if len(info.f_stops) == len(info.blur_parameters) else [None] * len(info.blur_parameters)
    return tuple(
        BlurLevel(raw * stack.range.extent, raw, stop, floors.get(blur))
        for blur, (raw, stop) in enumerate(zip(info.blur_parameters, stops, strict=True))
    )


def _fstop_text(level: BlurLevel) -> str:
    return "" if level.fstop is None else f"f/{level.fstop:.2g}"


def _distance(disparity: float) -> str:
    """Return the distance of a raw disparity in words."""
    if disparity * DEPTH_OF_NOTHING_M <= 1.0:
        return "∞"
    metres = 1.0 / disparity
    return f"{metres:.2f} m" if metres < 10 else f"{metres:.0f} m"
