"""A whole set: pairs in their order, several at a time, each refused one replaced, until the set is full."""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from bokeh_render.atomic import remove_leftovers, write_json, write_text
from bokeh_render.errors import BadInputError, BokehbenchError
from bokeh_render.folder_lock import locked
from bokeh_render.progress import ReportStep, Step, silent
from bokeh_render.schema import Record, load_json, sha256_of_file, sha256_of_json

from ..stack import (
    DATASET_FILE,
    INFO_FILE,
    MANIFEST_FILE,
    WORK_FOLDER,
    DatasetRecord,
    ManifestEntry,
    Role,
    bokeh_name,
    manifest_entry,
    manifest_text,
)
from .disparity_source import DisparitySource
from .info import PreparedPairInfo
from .layout import ORIGINAL_FOLDER, REPORT_FILE, scene_folders, scene_name
from .opencv import start_opencv
from .pair_pool import PairPool
from .pair_work import Outcome, PairWork
from .report import read_keys, write_report
from .selection import Selection
from .settings import DEFAULT_SETTINGS, VERSION, PairSettings
from .source import EbbSource

_BEGUN_FILE = "begun.json"
_LICENCE = "the photographs are EBB!'s, under EBB!'s terms (academic research); estimates: CC0-1.0"


class _Begun(Record):
    config_sha256: str


@dataclass(frozen=True)
class Prepared:
    """A finished set. record: ``dataset.json``; outcomes: of every id tried, in order, none when it
    was finished before; wanted: how many pairs.
    """

    record: DatasetRecord
    outcomes: tuple[Outcome, ...]
    wanted: int


def prepare(
    source: EbbSource,
    selection: Selection,
    disparity: DisparitySource,
    out: Path,
    *,
    settings: PairSettings = DEFAULT_SETTINGS,
    jobs: int = 0,
    threads: int = 1,
    report: ReportStep = silent,
) -> Prepared:
    """Prepare a set of pairs into ``out``, or what of it is missing.

    jobs: processes, one pair each, 0 = one a core; threads: of each. A killed run is taken up again by the same call; a
    finished one returns at once. Beside the set, ``out/original`` becomes a dataset of the untouched photographs, and
    ``report.json`` and ``index.html`` tell what became of every id. Raises BadInputError when ``out`` holds something
    else, or the source has too few ids; BokehbenchError when too few pairs are left (the report tells why).
    """
    opencv = start_opencv(threads)
    order = selection.order(source.ids, source.problems)
    wanted = selection.wanted(source.ids, source.problems)
    config = {
        "selection": selection.model_dump(mode="json"),
        "settings": settings.model_dump(mode="json"),
        "disparity": disparity.key,
        "version": VERSION,
    }
    _check_folder(out)
    work = PairWork(source, disparity, settings, out, threads)
    if (out / DATASET_FILE).is_file():
        return _existing(config, work, wanted)
    with locked(out / WORK_FOLDER / "lock", out):
        if (out / DATASET_FILE).is_file():  # another run has finished it meanwhile
            return _existing(config, work, wanted)
        _begin(config, out)
        with PairPool(work, jobs) as pool:
            outcomes = _work_through(pool, order, wanted, report, replaces=selection.replaces)
        ready = [outcome.id for outcome in outcomes if outcome.state == "ready"]
        if not ready or (selection.replaces and len(ready) < wanted):
            write_report(out, selection.name, None, source, outcomes, wanted)
            raise BokehbenchError(
                f"{len(ready)} of {wanted} pairs could be prepared, then there were no more ids; "
                f"{out / REPORT_FILE} says why each was refused"
            )
        name = selection.name if len(ready) == wanted else f"{selection.name}-{len(ready)}of{wanted}"
        for scene in sorted((out / "scenes").iterdir()):  # chosen in an earlier run, before what was mended since
            if scene.name.isdecimal() and int(scene.name) not in ready:
                work.forget(int(scene.name))
        record = _finish(name, config, out, ready, opencv)
        write_report(out, name, record, source, outcomes, wanted)
        write_json(out / DATASET_FILE, record.model_dump(mode="json"))
        shutil.rmtree(out / WORK_FOLDER, ignore_errors=True)
        return Prepared(record, outcomes, wanted)


def _check_folder(out: Path) -> None:
    """Refuse a place that is neither new nor empty nor one of ours."""
    if out.exists() and not out.is_dir():
        raise BadInputError(f"{out} is a file; expected a folder to write the set to")
    if not out.exists() or (out / DATASET_FILE).is_file() or (out / WORK_FOLDER).is_dir():
        return
    stranger = next(iter(sorted(out.iterdir())), None)
    if stranger is not None:
        raise BadInputError(f"{out} is not empty (it holds {stranger.name!r}); expected a new or empty folder")


def _begin(config: dict[str, object], out: Path) -> None:
    begun, path = _Begun(config_sha256=sha256_of_json(config)), out / WORK_FOLDER / _BEGUN_FILE
    if path.is_file() and load_json(_Begun, path) != begun:
        raise BadInputError(f"{out} holds an unfinished set of another choice; delete it or choose another folder")
    write_json(path, begun.model_dump(mode="json"))
    remove_leftovers(out)


def _existing(config: dict[str, object], work: PairWork, wanted: int) -> Prepared:
    out = work.out
    record = load_json(DatasetRecord, out / DATASET_FILE)
    if {key: record.config.get(key) for key in config} != config:
        raise BadInputError(f"{out} holds a set made in another way; delete it or choose another folder")
    keys = read_keys(out)
    changed = [identifier for identifier, key in keys.items() if work.key(identifier) != key]
    if changed:
        raise BadInputError(
            f"{out} is finished, but the photographs or maps of {len(changed)} id(s) have changed since, first "
            f"{changed[0]}; delete it to make it again, or choose another folder"
        )
    shutil.rmtree(out / WORK_FOLDER, ignore_errors=True)
    return Prepared(record, (), wanted)


def _work_through(
    pool: PairPool, order: Sequence[int], wanted: int, report: ReportStep, *, replaces: bool
) -> tuple[Outcome, ...]:
    """Return the outcomes of the ids from the first on, in order, until enough are ready or none is left.

    Never more are begun than could still be needed, so the pairs that are ready are the first that can be.
    """
    outcomes: dict[int, Outcome] = {}
    tried: list[int] = []
    while True:
        ready = sum(outcome.state == "ready" for outcome in outcomes.values())
        missing = (wanted - ready) if replaces else len(order) - len(tried)
        batch = list(order[len(tried) : len(tried) + missing])
        if missing <= 0 or not batch:
            return tuple(outcomes[identifier] for identifier in tried)
        tried += batch
        for outcome in pool.outcomes(batch):
            outcomes[outcome.id] = outcome
            ready += outcome.state == "ready"
            refused = len(outcomes) - ready
            report(Step("preparing pairs", min(ready, wanted), wanted, f"{refused} refused" if refused else ""))


def _finish(name: str, config: dict[str, object], out: Path, ready: Sequence[int], opencv: str) -> DatasetRecord:
    """Write manifests, the untouched photographs' ``dataset.json``, and return the set's record."""
    infos = {i: load_json(PreparedPairInfo, scene_folders(out, i)[0] / INFO_FILE) for i in sorted(ready)}
    photographs = {scene_name(i): [info.wide.sha256, info.shallow.sha256, _nameless(info)] for i, info in infos.items()}
    full = {**config, "ids": sorted(ready)}
    recipe = sha256_of_json({"config": full, "photographs": photographs})
    made_with = {
        "bokehbench": metadata.version("bokehbench"),
        "opencv": opencv,
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
    }
    records = []
    for root, place, called in ((out, 0, name), (out / ORIGINAL_FOLDER, 1, f"{name}-original")):
        manifest = [entry for i in infos for entry in _entries(root, scene_folders(out, i)[place], scene_name(i))]
        write_text(root / MANIFEST_FILE, manifest_text(manifest))
        records.append(
            DatasetRecord(
                name=called,
                version="1.0",
                kind="pairs",
                config=full,
                recipe_sha256=recipe,
                files_sha256=sha256_of_file(root / MANIFEST_FILE),
                made_with=made_with,
                licence=_LICENCE,
            )
        )
    write_json(out / ORIGINAL_FOLDER / DATASET_FILE, records[1].model_dump(mode="json"))
    return records[0]


def _nameless(info: PreparedPairInfo) -> dict[str, Any]:
    """Return where a map is from, without names, which may differ for the same content."""
    return {key: value for key, value in info.disparity.items() if key not in {"file", "name", "revision"}}


_ROLES: tuple[tuple[str, Role], ...] = (("image", "image"), ("disparity", "disparity"), (bokeh_name(0, 0), "bokeh"))


def _entries(root: Path, folder: Path, scene: str) -> Iterator[ManifestEntry]:
    for stem, role in _ROLES:
        (path,) = folder.glob(f"{stem}.*")
        blur = 0 if role == "bokeh" else None
        yield manifest_entry(root, path, role, scene, blur, blur)
    yield manifest_entry(root, folder / INFO_FILE, "info", scene, None, None)
