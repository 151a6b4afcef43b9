"""From a config to a finished dataset: lock the folder, run one unit per scene, write manifest, record and card."""

from __future__ import annotations

import fcntl
import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

import blender_scenes.catalogue
from bokeh_render.atomic import remove_leftovers, write_json, write_text
from bokeh_render.errors import BadInputError
from bokeh_render.progress import ReportStep, silent
from bokeh_render.schema import Record, load_json, sha256_of_file, sha256_of_json

from .blender_choice import BUILT_IN, Blender
from .card import card_text, write_previews
from .config import GenerateConfig
from .execution import run_locally
from .scene_unit import SceneUnit
from .stack import (
    DATASET_FILE,
    DEPTH_FILE,
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


def generate(
    config: GenerateConfig,
    out: Path,
    *,
    jobs: int = 1,
    threads: int = 0,
    blender: Blender = BUILT_IN,
    report: ReportStep = silent,
) -> DatasetRecord:
    """Render a dataset into ``out``, or whatever of it is missing, and return its record.

    jobs: scenes rendered at a time, one process each; threads: CPU threads per process, 0 = all;
    blender: which one, and on what device (see :func:`generator.blender_choice.choose_blender`).
    A killed run is taken up again by the same call. Raises BadInputError when ``out`` holds something else or is in
    use by another run, BokehbenchError when a render fails (what was finished stays).
    """
    _check_folder(out)
    if (out / DATASET_FILE).is_file():
        return _existing(config, out)
    with _locked(out):
        _begin(config, out)
        remove_leftovers(out)
        units = [SceneUnit(config, scene, out, threads, blender) for scene in config.scenes]
        try:
            run_locally(units, jobs=jobs, report=report)
        except BadInputError:
            _forget_unless_begun(out)
            raise
        return _finish(config, out)


def _check_folder(out: Path) -> None:
    """Refuse, before anything is written, a place that is neither new nor empty nor a dataset of ours."""
    if out.exists() and not out.is_dir():
        raise BadInputError(f"{out} is a file; expected a folder to write the dataset to")
    if not out.exists() or (out / DATASET_FILE).is_file() or (out / WORK_FOLDER).is_dir():
        return
    stranger = next(iter(sorted(out.iterdir())), None)
    if stranger is not None:
        raise BadInputError(f"{out} is not empty (it holds {stranger.name!r}); expected a new or empty folder")


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    (out / WORK_FOLDER).mkdir(parents=True, exist_ok=True)
    with (out / WORK_FOLDER / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInputError(f"another run is generating into {out}; wait for it or choose another folder") from None
        yield


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
    write_previews(out, infos)
    write_text(out / "README.md", card_text(record, infos))
    write_json(out / DATASET_FILE, record.model_dump(mode="json"))
    shutil.rmtree(out / WORK_FOLDER, ignore_errors=True)
    return record


def _entries(config: GenerateConfig, out: Path, scene: str) -> Iterator[ManifestEntry]:
    folder = out / "scenes" / scene
    yield manifest_entry(out, folder / IMAGE_FILE, "image", scene, None, None)
    yield manifest_entry(out, folder / DEPTH_FILE, "depth", scene, None, None)
    yield manifest_entry(out, folder / INFO_FILE, "info", scene, None, None)
    for blur in range(len(config.blur_levels)):
        for focus in range(len(config.focus_disparities)):
            yield manifest_entry(out, folder / bokeh_file(blur, focus), "bokeh", scene, blur, focus)
            if focus in config.noise_floor.focus:
                second = folder / SECOND_SEED_FOLDER / bokeh_file(blur, focus)
                yield manifest_entry(out, second, "bokeh_seed2", scene, blur, focus)
