"""From a config to a finished dataset: lock the folder, run one unit per scene, write manifest, record and card."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import blender_scenes.catalogue
from bokeh_render.atomic import write_json, write_text
from bokeh_render.errors import BadInputError
from bokeh_render.folder_lock import locked
from bokeh_render.progress import ReportStep, silent
from bokeh_render.schema import Record, load_json, sha256_of_file, sha256_of_json

from .blender_choice import BUILT_IN, Blender
from .blender_process import TIMEOUT_SECONDS
from .card import card_text
from .config import GenerateConfig
from .contents import listed_contents
from .corruption import planned_corruptions
from .crashes import worth_retrying
from .dataset_page import write_page_of
from .estimate import check_disk_space
from .execution import run_locally, shard_of
from .scene_unit import SceneUnit
from .stack import (
    DATASET_FILE,
    DEPTH_FILE,
    DISPARITY_AA_FILE,
    IMAGE_FILE,
    INFO_FILE,
    MANIFEST_FILE,
    SECOND_SEED_FOLDER,
    WORK_FOLDER,
    DatasetRecord,
    ManifestEntry,
    RenderedStackInfo,
    bokeh_file,
    manifest_entry,
    manifest_text,
)

LICENCE = "CC0-1.0"
_LICENCE_OF_FILES = "that of the scene files it was rendered from"
_BEGUN_FILE = "begun.json"


class _Begun(Record):
    """What a dataset's folder was begun with; another recipe must not be mixed into it."""

    config_sha256: str
    scenes_sha256: str


class Shard(NamedTuple):
    """One share of an array job: ``number`` (from 1) of ``total``."""

    number: int
    total: int


def generate(
    config: GenerateConfig,
    out: Path,
    *,
    jobs: int = 1,
    threads: int = 0,
    retries: int = 1,
    timeout_seconds: float = TIMEOUT_SECONDS,
    blender: Blender = BUILT_IN,
    report: ReportStep = silent,
) -> DatasetRecord:
    """Render a dataset into ``out``, or whatever of it is missing, and return its record.

    jobs: scenes rendered at a time, one process each; threads: CPU threads per process, 0 = all; retries: how often a
    scene whose Blender crashed is tried again; timeout_seconds: how long Blender may be silent; blender: which one, and
    on what device (see :func:`generator.blender_choice.choose_blender`).
    A killed run is taken up again by the same call. Raises BadInputError when ``out`` holds something else or is in
    use by another run, BokehbenchError when the disk has too little room or scenes fail (what was finished stays).
    """
    _check_folder(out)
    if (out / DATASET_FILE).is_file():
        return _existing(config, out)
    check_disk_space(config, out)
    with locked(_lock_file(out), out):
        _begin(config, out)
        units = _units(config, out, threads, timeout_seconds, blender)
        try:
            run_locally(units, jobs=jobs, report=report, retries=retries, worth_retrying=worth_retrying)
        except BadInputError:
            _forget_unless_begun(out)
            raise
        return _finish(config, out)


def generate_shard(
    config: GenerateConfig,
    out: Path,
    shard: Shard,
    *,
    jobs: int = 1,
    threads: int = 0,
    retries: int = 1,
    timeout_seconds: float = TIMEOUT_SECONDS,
    blender: Blender = BUILT_IN,
    report: ReportStep = silent,
) -> DatasetRecord | None:
    """Render one share of a dataset's scenes; other processes or machines render the others into the same folder.

    Whichever share finds all scenes finished writes manifest and card and returns the record; the others return None.
    The folder must be on a file system whose locks (flock) hold for all who write to it. For the rest see
    :func:`generate`.
    """
    _check_folder(out)
    if (out / DATASET_FILE).is_file():
        return _existing(config, out)
    check_disk_space(config, out)
    with locked(_lock_file(out), out, shared=True):
        with locked(out / WORK_FOLDER / "begin.lock", out, wait=True):
            _begin(config, out)
        units = _units(config, out, threads, timeout_seconds, blender)
        mine = shard_of(units, shard.number, shard.total)
        run_locally(mine, jobs=jobs, report=report, retries=retries, worth_retrying=worth_retrying)
    if not all(unit.is_done() for unit in units):
        return None
    with locked(_lock_file(out), out, wait=True):
        return _existing(config, out) if (out / DATASET_FILE).is_file() else _finish(config, out)


def _lock_file(out: Path) -> Path:
    return out / WORK_FOLDER / "lock"


def _units(
    config: GenerateConfig, out: Path, threads: int, timeout_seconds: float, blender: Blender
) -> list[SceneUnit]:
    return [SceneUnit(config, scene, out, threads, timeout_seconds, blender) for scene in config.scenes]


def _check_folder(out: Path) -> None:
    """Refuse, before anything is written, a place that is neither new nor empty nor a dataset of ours."""
    if out.exists() and not out.is_dir():
        raise BadInputError(f"{out} is a file; expected a folder to write the dataset to")
    if not out.exists() or (out / DATASET_FILE).is_file() or (out / WORK_FOLDER).is_dir():
        return
    stranger = next(iter(sorted(out.iterdir())), None)
    if stranger is not None:
        raise BadInputError(f"{out} is not empty (it holds {stranger.name!r}); expected a new or empty folder")


def _existing(config: GenerateConfig, out: Path) -> DatasetRecord:
    record = load_json(DatasetRecord, out / DATASET_FILE)
    if record.config != config.model_dump(mode="json"):
        raise BadInputError(f"{out} holds a dataset made with another config; delete it or choose another folder")
    shutil.rmtree(out / WORK_FOLDER, ignore_errors=True)
    return record


def _begin(config: GenerateConfig, out: Path) -> None:
    begun = _Begun(config_sha256=config.sha256, scenes_sha256=_scenes_sha256())
    path = out / WORK_FOLDER / _BEGUN_FILE
    if path.is_file():
        if load_json(_Begun, path) != begun:
            raise BadInputError(
                f"{out} holds an unfinished dataset of another config, or the scenes' code has changed since; "
                "delete it or choose another folder"
            )
        return
    write_json(path, begun.model_dump(mode="json"))


def _forget_unless_begun(out: Path) -> None:
    """Leave nothing behind when no file was finished, so that the corrected command may use the same folder."""
    if any(path.is_file() for path in (out / "scenes").rglob("*")):
        return
    for folder in ("scenes", WORK_FOLDER):
        shutil.rmtree(out / folder, ignore_errors=True)
    if not any(out.iterdir()):
        out.rmdir()


def _scenes_sha256() -> str:
    """Hash the code that builds scenes: files rendered by two versions of it must not meet in one dataset."""
    folder = Path(blender_scenes.catalogue.__file__).parent
    return sha256_of_json({path.relative_to(folder).as_posix(): sha256_of_file(path) for path in folder.rglob("*.py")})


def _finish(config: GenerateConfig, out: Path) -> DatasetRecord:
    infos = {scene: load_json(RenderedStackInfo, out / "scenes" / scene / INFO_FILE) for scene in config.scenes}
    manifest = [entry for scene in config.scenes for entry in _entries(config, out, scene)]
    write_text(out / MANIFEST_FILE, manifest_text(manifest))
    depth_hashes = {entry.scene: entry.sha256 for entry in manifest if entry.role == "depth"}
    recipe = {
        "config": config.model_dump(mode="json"),
        "scenes": {
            scene: [info.geometry_sha256, info.camera.model_dump(mode="json"), depth_hashes[scene]]
            for scene, info in infos.items()
        },
    }
    record = DatasetRecord(
        name=config.name,
        version=config.version,
        kind="stacks",
        config=config.model_dump(mode="json"),
        recipe_sha256=sha256_of_json(recipe),
        files_sha256=sha256_of_file(out / MANIFEST_FILE),
        made_with={
            "bokehbench": metadata.version("bokehbench"),
            "blender": next(iter(infos.values())).blender,
            "python": platform.python_version(),
            "platform": f"{platform.system()} {platform.machine()}",
        },
        licence=_LICENCE_OF_FILES if config.files else LICENCE,
    )
    write_page_of(listed_contents(out, record, manifest))
    write_text(out / "README.md", card_text(record, infos))
    write_json(out / DATASET_FILE, record.model_dump(mode="json"))
    shutil.rmtree(out / WORK_FOLDER, ignore_errors=True)
    return record


def _entries(config: GenerateConfig, out: Path, scene: str) -> Iterator[ManifestEntry]:
    folder = out / "scenes" / scene
    yield manifest_entry(out, folder / IMAGE_FILE, "image", scene, None, None)
    yield manifest_entry(out, folder / DEPTH_FILE, "depth", scene, None, None)
    yield manifest_entry(out, folder / DISPARITY_AA_FILE, "disparity_aa", scene, None, None)
    for corruption in planned_corruptions(config.corruptions, config.width):
        yield manifest_entry(out, folder / corruption.file, "corrupted", scene, None, None)
    yield manifest_entry(out, folder / INFO_FILE, "info", scene, None, None)
    for blur in range(len(config.blur_levels)):
        for focus in range(len(config.focus_disparities)):
            yield manifest_entry(out, folder / bokeh_file(blur, focus), "bokeh", scene, blur, focus)
            if config.engine == "path" and focus in config.noise_floor.focus:
                second = folder / SECOND_SEED_FOLDER / bokeh_file(blur, focus)
                yield manifest_entry(out, second, "bokeh_seed2", scene, blur, focus)
