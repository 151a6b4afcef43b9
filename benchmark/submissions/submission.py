"""Predictions as somebody handed them in: a folder or a zip, opened so that no file name in it can do harm.

    <scene>/bokeh_KK_FF.{png,exr,npy}, or <scene>/corrupted_MM/bokeh_KK_FF.… for corrupted maps
    submission.json            optional: what was made, how, and on which rendering of the dataset

One folder around all of it is taken off. What operating systems leave behind (hidden files, __MACOSX, Thumbs.db) is not
looked at, nor are notes for people at the top (README*, LICENSE*, *.txt, *.md).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

from pydantic import Field, field_validator

from bokeh_render.errors import BadInputError
from bokeh_render.schema import Record, parse

from ..dataset import Dataset
from ..methods.interface import MethodMetadata, check_file_name_part
from ..protocols import Protocol
from .stored_image import stored_size

SUBMISSION_FILE = "submission.json"
_UNPACKED_SUFFIXES = (".png", ".exr", ".npy")
_LEFT_BEHIND = ("__macosx", "thumbs.db", "desktop.ini")
_NOTES, _NOTE_SUFFIXES = ("readme", "license", "licence"), (".txt", ".md")
_BYTES_PER_PIXEL = 64  # RGB in float64 takes 24; EXR and PNG that do not compress take less
_SLACK_BYTES = 64 << 20
_MOST_BYTES = 64 << 30  # where no dataset says how much it can be
_MOST_ENTRIES_PER_SAMPLE, _SLACK_ENTRIES = 4, 10_000
_MOST_RECORD_BYTES = 16 << 20
_SHOWN = 8
_CHUNK = 1 << 20
_ENCRYPTED = 0x1


class SubmissionRecord(Record):
    """``submission.json``: what its author says of the predictions.

    protocol: name of the protocol whose input the method was given; dataset_files_sha256: of the very rendering of the
    dataset that it was given (``dataset.json`` names it); seconds: what each sample took, by ``<scene>/bokeh_KK_FF``.
    """

    method: str | None = None
    revision: str | None = None
    description: str | None = None
    metadata: MethodMetadata = MethodMetadata()
    protocol: str | None = None
    dataset_files_sha256: str | None = None
    seconds: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)

    @field_validator("revision")
    @classmethod
    def _names_a_file(cls, revision: str | None) -> str | None:
        if revision is not None:
            check_file_name_part("revision", revision)
        return revision


@dataclass(frozen=True)
class Submission:
    """Opened predictions.

    name: the folder or zip as its author knows it; files: where the bytes of each file lie, by its name in the
    submission; record: what ``submission.json`` says, if there is one; record_problem: why it cannot be used; links:
    which of the files are links to folders, which nobody follows.
    """

    name: str
    files: dict[PurePosixPath, Path]
    record: SubmissionRecord | None = None
    record_problem: str | None = None
    links: frozenset[PurePosixPath] = frozenset()


@contextmanager
def open_submission(
    path: Path, dataset: Dataset | None = None, protocol: Protocol | None = None
) -> Iterator[Submission]:
    """Yield the predictions in a folder, or in a zip that is unpacked to a temporary folder until the block ends.

    dataset, protocol: what the predictions are for; they bound what a zip may unpack to (64 bytes per pixel and
    sample). Raises BadInputError when there is neither folder nor zip, or when the zip is damaged, encrypted, too
    large, or holds links or names that leave it.
    """
    if path.is_dir():
        yield _submission(path, _files_of_folder(path))
    elif not path.exists():
        raise BadInputError(f"{path} does not exist; expected a folder or a .zip of predictions")
    elif not zipfile.is_zipfile(path):
        raise BadInputError(
            f"{path} is neither a folder nor a whole zip; expected predictions as <scene>/bokeh_KK_FF.png in one of "
            "them: pack them again, or give the folder"
        )
    else:
        most_bytes, most_entries = _MOST_BYTES, 1_000_000
        if dataset is not None and protocol is not None:
            most_bytes, most_entries = room_for(dataset, protocol)
        with tempfile.TemporaryDirectory(prefix="bokehbench-") as folder:
            yield _submission(path, _unpack(path, Path(folder), most_bytes, most_entries))


def room_for(dataset: Dataset, protocol: Protocol) -> tuple[int, int]:
    """Return how many bytes and how many files predictions may unpack to; a header of each scene is read."""
    counts = Counter(sample.scene for sample in dataset.samples(protocol))
    needed = 0
    for scene, count in counts.items():
        files = dataset.scenes[scene]
        size = stored_size(files.folder / files.named("image"))
        if size is None:  # the dataset is damaged, which whoever reads it says better
            return _MOST_BYTES, 1_000_000
        needed += count * size[0] * size[1] * _BYTES_PER_PIXEL
    return needed + _SLACK_BYTES, _MOST_ENTRIES_PER_SAMPLE * sum(counts.values()) + _SLACK_ENTRIES


def _files_of_folder(root: Path) -> dict[PurePosixPath, Path]:
    files = {}
    for folder, below, names in os.walk(root):
        linked = [name for name in below if (Path(folder) / name).is_symlink()]  # not walked, so told as it is
        for name in (*names, *linked):
            path = Path(folder) / name
            files[PurePosixPath(path.relative_to(root).as_posix())] = path
    return files


def _submission(path: Path, files: dict[PurePosixPath, Path]) -> Submission:
    ordered = {name: files[name] for name in sorted(files) if not _is_left_behind(name)}
    ordered = _without_outer_folder(_without_notes(ordered))
    links = frozenset(name for name, file in ordered.items() if file.is_symlink() and not file.is_file())
    told = ordered.pop(PurePosixPath(SUBMISSION_FILE), None)
    record, problem = (None, None) if told is None else _read_record(told)
    return Submission(str(path), ordered, record, problem, links)


def _is_left_behind(name: PurePosixPath) -> bool:
    return any(part.startswith(".") or part.lower() in _LEFT_BEHIND for part in name.parts)


def _without_notes(files: dict[PurePosixPath, Path]) -> dict[PurePosixPath, Path]:
    return {name: path for name, path in files.items() if len(name.parts) > 1 or not _is_note(name)}


def _is_note(name: PurePosixPath) -> bool:
    text = name.name.lower()
    return name.suffix.lower() in _NOTE_SUFFIXES or text.startswith(_NOTES)


def _without_outer_folder(files: dict[PurePosixPath, Path]) -> dict[PurePosixPath, Path]:
    """Take off the one folder that all files lie in, unless it is a scene's."""
    tops = {name.parts[0] for name in files}
    if len(tops) != 1 or any(len(name.parts) == 1 for name in files):
        return files
    inner = _without_notes({PurePosixPath(*name.parts[1:]): path for name, path in files.items()})
    scenes = {name.parts[0] for name in inner if len(name.parts) > 1}
    if any(name.suffix.lower() in _UNPACKED_SUFFIXES for name in inner if len(name.parts) == 1):
        return files
    return files if all(re.fullmatch(r"corrupted_\d+", scene) for scene in scenes) else inner


def _read_record(path: Path) -> tuple[SubmissionRecord | None, str | None]:
    """Return what ``submission.json`` says, or the sentence why it cannot be used."""
    if path.stat().st_size > _MOST_RECORD_BYTES:
        return (
            None,
            f"{SUBMISSION_FILE} is larger than 16 MiB; expected a short record: leave out what is not asked for",
        )
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8-sig"))
        return parse(SubmissionRecord, content, SUBMISSION_FILE), None
    except BadInputError as error:
        return None, str(error)
    except (ValueError, RecursionError) as error:  # no JSON, or no UTF-8
        return None, f"{SUBMISSION_FILE} is not valid JSON: {' '.join(str(error).split())}; correct it or leave it out"


def _unpack(archive: Path, into: Path, most_bytes: int, most_entries: int) -> dict[PurePosixPath, Path]:
    """Unpack what may be predictions, each under a number of our own; return where each named file lies.

    No name from the archive ever becomes a path, so that names cannot reach outside, nor overwrite one another.
    """
    files: dict[PurePosixPath, Path] = {}
    try:
        with zipfile.ZipFile(archive) as opened:
            named = [(_name_of(entry), entry) for entry in opened.infolist()]
            entries = [(name, entry) for name, entry in named if not name.endswith("/")]
            _refuse(archive, _unsafe(entries))
            kept = {PurePosixPath(name): entry for name, entry in entries}
            kept = {name: entry for name, entry in kept.items() if not _is_left_behind(name)}
            _refuse_bomb(archive, kept, most_bytes, most_entries)
            for number, (name, entry) in enumerate(kept.items()):
                files[name] = into / f"{number:06d}{name.suffix.lower() if _is_wanted(name) else '.not-unpacked'}"
                if _is_wanted(name):
                    _unpack_one(opened, entry, files[name], archive)
    except zipfile.BadZipFile as error:
        raise BadInputError(f"{archive} is a damaged zip ({error}); pack or download it again") from None
    return files


def _name_of(entry: zipfile.ZipInfo) -> str:
    return entry.filename.replace("\\", "/")  # some programs on Windows write it so


def _is_wanted(name: PurePosixPath) -> bool:
    return name.suffix.lower() in _UNPACKED_SUFFIXES or name.name == SUBMISSION_FILE


def _unsafe(entries: list[tuple[str, zipfile.ZipInfo]]) -> list[str]:
    problems = []
    seen = Counter(PurePosixPath(name) for name, _ in entries)
    for name, entry in entries:
        if name.startswith("/") or re.match(r"[A-Za-z]:", name):
            problems.append(f"{name!r} is an absolute path")
        elif ".." in name.split("/"):
            problems.append(f"{name!r} leaves the archive by ..")
        elif not PurePosixPath(name).parts:
            problems.append(f"{name!r} is no name")
        elif entry.flag_bits & _ENCRYPTED:
            problems.append(f"{name!r} is encrypted")
        elif stat.S_ISLNK(entry.external_attr >> 16):
            problems.append(f"{name!r} is a link")
        elif (times := seen[PurePosixPath(name)]) > 1:
            problems.append(f"{str(PurePosixPath(name))!r} is in it {times} times")
    return list(dict.fromkeys(problems))


def _refuse_bomb(
    archive: Path, entries: dict[PurePosixPath, zipfile.ZipInfo], most_bytes: int, most_entries: int
) -> None:
    if len(entries) > most_entries:
        raise BadInputError(
            f"{archive} holds {len(entries)} files; expected at most {most_entries}: pack predictions only"
        )
    unpacked = sum(entry.file_size for name, entry in entries.items() if _is_wanted(name))
    if unpacked > most_bytes:
        raise BadInputError(
            f"{archive} would unpack to {unpacked / 1e6:.0f} MB; predictions for this dataset need at most "
            f"{most_bytes / 1e6:.0f} MB: pack nothing else, and images of the ground truth's size"
        )


def _unpack_one(opened: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, archive: Path) -> None:
    try:
        with opened.open(entry) as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink, _CHUNK)  # zipfile stops at the size that the archive names
    except (zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError) as error:
        raise BadInputError(
            f"{archive}: {entry.filename!r} cannot be unpacked ({' '.join(str(error).split())}); pack the folder again"
        ) from None


def _refuse(archive: Path, problems: list[str]) -> None:
    if problems:
        shown = problems[:_SHOWN] + ([f"… and {len(problems) - _SHOWN} more"] if len(problems) > _SHOWN else [])
        raise BadInputError(
            f"{archive} cannot be unpacked safely, {len(problems)} problem(s): {'; '.join(shown)}. "
            "Expected plain files with names like <scene>/bokeh_KK_FF.png: pack the folder again"
        )
