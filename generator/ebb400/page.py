"""``index.html`` of a dataset of pairs: every pair at a glance, what was measured, and what was refused and why.

Like the page of stacks it needs no server and no network, and is made from the files beside it at any time: of a set
that was prepared here, of the untouched photographs within it, and of anybody's pairs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict

from bokeh_render.atomic import write_text
from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_image
from bokeh_render.optics import DISPLAY_GAMMA, Float32
from bokeh_render.progress import ReportStep, Step, silent
from bokeh_render.schema import load_json

from ..dataset_page import PAGE_FILE
from ..stack import INFO_FILE, PREVIEW_FOLDER, DatasetRecord, PairInfo
from .caveats import Caveat, near_and_far, whose
from .charts import CURVE_SIZE, HISTOGRAM_SIZE, CurveDrawing, Histogram, curve_drawing, histogram
from .figures import NUMBERS, Figure, facts_of, figures_of, numbers_of, photographs_of
from .info import OriginalPairInfo, PairScores, PreparedPairInfo
from .layout import ORIGINAL_FOLDER, REPORT_FILE, scene_name
from .pair_on_disk import pair_files, read_pair_info, read_pictures
from .strip import HEAD_PX, PICTURE_HEIGHT_PX, Strip, labels, write_strip

_UNTOUCHED = Path(ORIGINAL_FOLDER, "scenes")
_PREVIEW_RENDER_PX = 2 * PICTURE_HEIGHT_PX  # high: enough for what a strip shows
_WITH_STRIP = ("align", "blur")
"""Steps at which a pair is refused that has a preview by then."""


class _RefusedId(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: int
    step: str | None = None
    reason: str | None = None


class _SetReport(BaseModel):
    """What the page needs of ``report.json``."""

    model_config = ConfigDict(extra="ignore")

    name: str
    files_sha256: str | None
    source: str
    wanted: int
    refused: tuple[_RefusedId, ...]


@dataclass(frozen=True)
class PageStrip:
    """A preview and where its pictures lie on it, px. file: relative to the page; labels: of its pictures in turn."""

    file: str
    size: tuple[int, int]
    labels: tuple[str, ...]
    top: int = HEAD_PX
    height: int = PICTURE_HEIGHT_PX


@dataclass(frozen=True)
class PagePair:
    """What the page shows of a pair. All files are relative to the page; photographs: what their owner calls them;
    numbers: see :data:`.figures.NUMBERS`.
    """

    scene: str
    folder: str
    image: str
    shallow: str
    photographs: str
    size: tuple[int, int]
    strip: PageStrip
    focus: float
    numbers: dict[str, float]
    facts: tuple[Figure, ...]
    curve: CurveDrawing | None
    doubts: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class PageRefusal:
    """An id that became no pair. strip: where it came far enough to have one."""

    scene: str
    step: str
    reason: str
    strip: PageStrip | None


def write_pairs_page(
    root: Path, record: DatasetRecord | None, folders: Mapping[str, Path], *, report: ReportStep = silent
) -> Path:
    """Make the page of the pairs that lie in ``folders``, by scene, and return its path.

    record: None while the set is not complete. A preview that is not there is made, with a render at the pair's K.
    Raises BadInputError when a pair's ``info.json`` or a picture cannot be read.
    """
    told = _report_of(root, record)
    infos = {scene: read_pair_info(folders[scene]) for scene in sorted(folders)}
    untouched = _untouched_scores(root, infos)
    pairs = []
    for done, (scene, info) in enumerate(infos.items()):
        report(Step("page", done, len(infos), scene))
        pairs.append(_pair(root, scene, folders[scene], info, untouched.get(scene)))
    prepared = {scene: info for scene, info in infos.items() if isinstance(info, PreparedPairInfo)}
    config = {} if record is None else record.config
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("generator"), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    page = environment.get_template("pairs.html").render(
        name=f"{record.name} {record.version}" if record else told.name if told else root.name,
        record=record,
        told=told,
        config=json.dumps(config, indent=2),
        caveats=_caveats(config, list(prepared.values())),
        replaces=_selection(config).get("kind") == "draw",
        pairs=pairs,
        refusals=[] if told is None else [_refusal(root, refused) for refused in told.refused],
        is_prepared=bool(prepared),
        is_untouched=any(isinstance(info, OriginalPairInfo) for info in infos.values()),
        applied=any(info.photometric.applied for info in prepared.values()),
        has_untouched=bool(prepared) and (root / _UNTOUCHED).is_dir(),
        figures=figures_of(list(infos.values()), list(untouched.values())) if infos else (),
        histograms=_histograms(pairs),
        numbers={key: words for key, words in NUMBERS.items() if any(key in pair.numbers for pair in pairs)},
        size=_bytes_text(folders.values()),
        histogram_size=HISTOGRAM_SIZE,
        curve_size=CURVE_SIZE,
    )
    write_text(root / PAGE_FILE, page)
    report(Step("page", len(infos), len(infos)))
    return root / PAGE_FILE


def _selection(config: dict[str, Any]) -> dict[str, Any]:
    """Return how ids were chosen; empty when the config of a stranger's set does not tell."""
    selection = config.get("selection")
    return selection if isinstance(selection, dict) else {}


def _caveats(config: dict[str, Any], prepared: Sequence[PreparedPairInfo]) -> list[Caveat]:
    selection = _selection(config)
    exchanged = near_and_far(sum(info.blur.mostly_nearer for info in prepared), len(prepared))
    return [*([exchanged] if exchanged else []), *([whose(selection)] if selection else [])]


def _report_of(root: Path, record: DatasetRecord | None) -> _SetReport | None:
    """Return what ``report.json`` tells, unless there is none or it is about other files."""
    if not (root / REPORT_FILE).is_file():
        return None
    told = load_json(_SetReport, root / REPORT_FILE)
    return told if told.files_sha256 == (None if record is None else record.files_sha256) else None


def _untouched_scores(root: Path, infos: Mapping[str, PairInfo]) -> dict[str, PairScores]:
    """Return the scores on the photographs as they came, of the scenes that are prepared."""
    found = {}
    for scene, info in infos.items():
        folder = root / _UNTOUCHED / scene
        if isinstance(info, PreparedPairInfo) and (folder / INFO_FILE).is_file():
            found[scene] = load_json(OriginalPairInfo, folder / INFO_FILE).scores
        elif isinstance(info, OriginalPairInfo):
            found[scene] = info.scores
    return found


def _pair(root: Path, scene: str, folder: Path, info: PairInfo, untouched: PairScores | None) -> PagePair:
    files = pair_files(folder)
    prepared = info if isinstance(info, PreparedPairInfo) else None
    aligned = prepared is not None and prepared.alignment.method != "none"
    preview = root / PREVIEW_FOLDER / f"{scene}.jpg"
    if not preview.is_file():
        _write_preview(preview, scene, folder, info, aligned=aligned)
    if isinstance(info, PreparedPairInfo | OriginalPairInfo):
        size = (info.width, info.height)
    else:
        size = _size(read_image(files.image).pixels)
    return PagePair(
        scene=scene,
        folder=folder.relative_to(root).as_posix(),
        image=files.image.relative_to(root).as_posix(),
        shallow=files.shallow.relative_to(root).as_posix(),
        photographs=photographs_of(info),
        size=size,
        strip=_strip(root, preview, labels(rendered=True, aligned=aligned)),
        focus=info.focus_disparity_normalised,
        numbers=numbers_of(info),
        facts=facts_of(info, untouched),
        curve=None if prepared is None else curve_drawing(prepared.blur.k_curve, prepared.blur.width),
        doubts=() if prepared is None else prepared.blur.doubts,
        notes=() if prepared is None else prepared.notes,
    )


def _refusal(root: Path, refused: _RefusedId) -> PageRefusal:
    scene = scene_name(refused.id)
    preview = root / PREVIEW_FOLDER / f"{scene}.jpg"
    has_strip = refused.step in _WITH_STRIP and preview.is_file()
    rendered = refused.step == "blur"
    strip = _strip(root, preview, labels(rendered=rendered, aligned=rendered)) if has_strip else None
    return PageRefusal(scene, refused.step or "", refused.reason or "", strip)


def _strip(root: Path, preview: Path, texts: Sequence[str]) -> PageStrip:
    try:
        with Image.open(preview) as picture:
            size = picture.size
    except OSError:
        raise BadInputError(f"{preview} cannot be read as a picture; delete it, it is made again") from None
    return PageStrip(preview.relative_to(root).as_posix(), size, tuple(texts))


def _write_preview(preview: Path, scene: str, folder: Path, info: PairInfo, *, aligned: bool) -> None:
    """Make the strip of a pair from its files. It is rendered small: a strip shows no more."""
    from .blur_search import render_pair

    pictures = read_pictures(pair_files(folder))
    height, width = pictures.disparity.shape
    factor = min(1.0, _PREVIEW_RENDER_PX / height)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    wide, shallow, disparity = (_resized(picture, size) for picture in pictures)
    k, focus = info.blur_parameter_normalised, info.focus_disparity_normalised
    visible = min(k * factor, float(max(size)))  # whatever a stranger's info.json says
    rendered = render_pair(wide, np.clip(disparity, 0.0, 1.0), visible, focus, DISPLAY_GAMMA, threads=1)
    line = f"K {k:.1f} px, focus at {focus:.2f}"
    write_strip(preview, Strip(scene, wide, shallow, disparity, rendered, line, aligned))


def _resized(picture: Float32, size: tuple[int, int]) -> Float32:
    """Return a picture or map at another size (width, height), averaged."""
    if size == _size(picture):
        return picture
    channels = picture[..., None] if picture.ndim == 2 else picture
    resized = [
        np.asarray(Image.fromarray(np.ascontiguousarray(channels[..., index])).resize(size, Image.Resampling.BOX))
        for index in range(channels.shape[2])
    ]
    return resized[0] if picture.ndim == 2 else np.stack(resized, axis=2)


def _bytes_text(folders: Iterable[Path]) -> str:
    total = sum(path.stat().st_size for folder in folders for path in folder.iterdir() if path.is_file())
    return f"{total / 1e6:.1f} MB" if total >= 1e5 else f"{total / 1e3:.0f} kB"


def _size(picture: Float32) -> tuple[int, int]:
    return picture.shape[1], picture.shape[0]


def _histograms(pairs: Sequence[PagePair]) -> tuple[Histogram, ...]:
    found = []
    for key, unit, whole in (
        ("k", "px", None),
        ("focus", "", (0.0, 1.0)),
        ("residual", "px", None),
        ("likeness", "", (0.0, 1.0)),
    ):
        values = [pair.numbers[key] for pair in pairs if key in pair.numbers]
        if values:
            found.append(histogram(NUMBERS[key], values, unit, whole))
    return tuple(found)
