"""One rendering as one file: a plain tar of exactly the files that the manifest lists, checked on the way in and out.

The archive holds ``dataset.json``, ``manifest.jsonl``, the card, then the data in order of name, with neither times nor
owners, so that the same dataset always gives the same archive. Pages and previews stay at home: they are made again
from the data, never taken from a stranger.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bokeh_render.atomic import TEMPORARY_PREFIX, atomic_path, write_bytes
from bokeh_render.errors import BadInputError, BokehbenchError
from bokeh_render.progress import ReportStep, Step, silent
from bokeh_render.schema import parse, sha256_of_file

from .contents import check_manifest_paths, read_contents
from .stack import DATASET_FILE, MANIFEST_FILE, DatasetRecord, ManifestEntry, read_manifest

CARD_FILE = "README.md"
_CHUNK = 1 << 20
_LARGEST_HEAD = {DATASET_FILE: 16 << 20, MANIFEST_FILE: 1 << 30, CARD_FILE: 1 << 20}
_SPARE_BYTES = 64 << 20
_BLOCK = 512


@dataclass(frozen=True)
class Archive:
    """A written archive. sha256: of the whole file; files: how many it holds."""

    path: Path
    bytes: int
    sha256: str
    files: int
    record: DatasetRecord


def export_dataset(root: Path, target: Path, *, report: ReportStep = silent) -> Archive:
    """Write a dataset into one tar file, atomically.

    Every file is compared with the manifest as it is read. Raises BadInputError when ``root`` is no dataset of ours, is
    damaged, or ``target`` is no place for it; BokehbenchError when the disk is too full.
    """
    contents = read_contents(root)
    if contents.record is None:
        raise BadInputError(f"{root} has no {MANIFEST_FILE} (original layout); expected a dataset made by bokehbench")
    _check_target(root, target)
    if sha256_of_file(root / MANIFEST_FILE) != contents.record.files_sha256:
        raise BadInputError(f"{root / MANIFEST_FILE} is not the one that {DATASET_FILE} names; run dataset validate")
    entries = sorted(read_manifest(root / MANIFEST_FILE), key=lambda entry: entry.path)
    heads = [name for name in (DATASET_FILE, MANIFEST_FILE, CARD_FILE) if (root / name).is_file()]
    needed = sum(entry.bytes + 2 * _BLOCK for entry in entries) + sum((root / name).stat().st_size for name in heads)
    _check_space(target.parent, needed)
    total = len(heads) + len(entries)
    with atomic_path(target) as temporary:
        with tarfile.open(temporary, "w", format=tarfile.PAX_FORMAT) as tar:
            for done, name in enumerate(heads):
                report(Step("export", done, total, name))
                content = (root / name).read_bytes()
                tar.addfile(_member(name, len(content)), io.BytesIO(content))
            for done, entry in enumerate(entries, start=len(heads)):
                report(Step("export", done, total, entry.path))
                _add_checked(tar, root, entry)
        archive = Archive(target, temporary.stat().st_size, sha256_of_file(temporary), total, contents.record)
    report(Step("export", total, total))
    return archive


def _check_target(root: Path, target: Path) -> None:
    if target.suffix != ".tar":
        raise BadInputError(f"{target} does not end in .tar; expected a plain tar file (EXR is compressed already)")
    if target.is_dir():
        raise BadInputError(f"{target} is a folder; expected the name of a file to write")
    if target.resolve().is_relative_to(root.resolve()):
        raise BadInputError(f"{target} lies inside the dataset; expected a place outside {root}")


def _check_space(folder: Path, needed: int) -> None:
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < needed + _SPARE_BYTES:
        raise BokehbenchError(
            f"{folder} has {free / 1e6:.0f} MB free, but {(needed + _SPARE_BYTES) / 1e6:.0f} MB are needed; "
            "make room or choose another disk"
        )


def _member(name: str, size: int) -> tarfile.TarInfo:
    """Return a header that says nothing of when and by whom the file was made."""
    member = tarfile.TarInfo(name)
    member.size = size
    member.mode = 0o644
    return member


def _add_checked(tar: tarfile.TarFile, root: Path, entry: ManifestEntry) -> None:
    path = root / entry.path
    if not path.is_file() or path.stat().st_size != entry.bytes:
        raise BadInputError(f"{path} is missing or has another size than {MANIFEST_FILE} says; run dataset validate")
    with path.open("rb") as stream:
        reader = _HashingReader(stream)
        tar.addfile(_member(entry.path, entry.bytes), reader)
    if reader.sha256.hexdigest() != entry.sha256:
        raise BadInputError(f"{path} is not the file that {MANIFEST_FILE} lists (its sha256 differs)")


class _HashingReader:
    """A stream that hashes what is read from it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream, self.sha256 = stream, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        content = self.stream.read(size)
        self.sha256.update(content)
        return content


def import_dataset(archive: Path, out: Path, *, report: ReportStep = silent) -> DatasetRecord:
    """Unpack an archive into the new folder ``out`` and return the dataset's record.

    Only files that the archive's own manifest lists are accepted, and only with their size and sha256; the folder gets
    its name when all of them are there. A killed import leaves ``out`` absent; the same call starts it again.
    Raises BadInputError when the archive is damaged or holds anything else, BokehbenchError when the disk is too full.
    """
    if not archive.is_file():
        raise BadInputError(f"{archive} does not exist; expected a file made by bokehbench dataset export")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise BadInputError(f"{out} is not empty; expected a new folder")
    with _staging_folder(out) as staging:
        try:
            with tarfile.open(archive, "r:") as tar:
                record = _unpack(tar, archive, staging, report)
        except (tarfile.TarError, ValueError, OverflowError, RecursionError, EOFError) as error:
            if isinstance(error, BadInputError):
                raise
            raise BadInputError(f"{archive} cannot be read as tar ({error}); get the file again") from None
        staging.replace(out)
    return record


@contextmanager
def _staging_folder(out: Path) -> Iterator[Path]:
    """Yield an empty folder beside ``out`` that no other import uses; what is left of it in the end is removed."""
    staging = out.parent / f"{TEMPORARY_PREFIX}{out.name}"
    staging.mkdir(parents=True, exist_ok=True)
    lock = os.open(staging, os.O_RDONLY)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BadInputError(f"another run is importing into {out}; wait for it or choose another folder") from None
        for leftover in staging.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        try:
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    finally:
        os.close(lock)


def _unpack(tar: tarfile.TarFile, archive: Path, staging: Path, report: ReportStep) -> DatasetRecord:
    content = io.BytesIO()
    _copy(tar, _head(_next(tar, archive), DATASET_FILE, archive), content)
    record = _parse_record(content.getvalue(), f"{archive}: {DATASET_FILE}")
    manifest = staging / MANIFEST_FILE
    found = _write(tar, _head(_next(tar, archive), MANIFEST_FILE, archive), manifest)
    if found != record.files_sha256:
        raise BadInputError(f"{archive}: {MANIFEST_FILE} is not the one that {DATASET_FILE} names; get the file again")
    entries = {entry.path: entry for entry in _read_manifest(manifest, archive)}
    _check_space(staging, sum(entry.bytes for entry in entries.values()))
    missing = dict(entries)
    card_seen = False
    while (member := tar.next()) is not None:
        report(Step("import", len(entries) - len(missing), len(entries), member.name))
        if member.name == CARD_FILE and not card_seen:
            _write(tar, _head(member, CARD_FILE, archive), staging / CARD_FILE)
            card_seen = True
            continue
        entry = missing.pop(member.name, None)
        if entry is None:
            known = member.name in entries or member.name in _LARGEST_HEAD
            problem = "is there twice" if known else f"is not in its {MANIFEST_FILE}"
            raise BadInputError(f"{archive}: {member.name!r} {problem}; expected each listed file once, nothing else")
        _check_plain(member, archive)
        if member.size != entry.bytes:
            raise BadInputError(f"{archive}: {member.name} has {member.size} bytes; expected {entry.bytes}")
        if _write(tar, member, staging / entry.path) != entry.sha256:
            raise BadInputError(f"{archive}: {member.name} is damaged (its sha256 differs); get the file again")
    if missing:
        raise BadInputError(f"{archive} lacks {len(missing)} listed file(s), first {next(iter(missing))}; get it again")
    report(Step("import", len(entries), len(entries)))
    write_bytes(staging / DATASET_FILE, content.getvalue())
    return record


def _parse_record(content: bytes, source: str) -> DatasetRecord:
    try:
        return parse(DatasetRecord, json.loads(content), source)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadInputError(f"{source} is not valid JSON: {error}") from None


def _next(tar: tarfile.TarFile, archive: Path) -> tarfile.TarInfo:
    member = tar.next()
    if member is None:
        raise BadInputError(f"{archive} ends too early; expected a file made by bokehbench dataset export")
    return member


def _head(member: tarfile.TarInfo, name: str, archive: Path) -> tarfile.TarInfo:
    """Return the member if it is the file of this name, plain and of bearable size."""
    if member.name != name:
        raise BadInputError(
            f"{archive} has {member.name!r} where {name} belongs; expected an archive of dataset export"
        )
    _check_plain(member, archive)
    if member.size > _LARGEST_HEAD[name]:
        raise BadInputError(f"{archive}: {name} has {member.size} bytes; expected {_LARGEST_HEAD[name]} at most")
    return member


def _check_plain(member: tarfile.TarInfo, archive: Path) -> None:
    if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.sparse is not None:
        raise BadInputError(f"{archive}: {member.name!r} is a link, a folder or a device; expected plain files only")


def _read_manifest(path: Path, archive: Path) -> list[ManifestEntry]:
    try:
        entries = read_manifest(path)
    except UnicodeDecodeError:
        raise BadInputError(f"{archive}: {MANIFEST_FILE} is not text; expected one JSON object per line") from None
    except BadInputError as error:
        raise BadInputError(str(error).replace(str(path), f"{archive}: {MANIFEST_FILE}")) from None
    check_manifest_paths(entries, f"{archive}: {MANIFEST_FILE}")
    return entries


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> str:
    """Write a member's content to the new file ``path`` and return its sha256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as target:
        sha256 = _copy(tar, member, target)
        target.flush()
        os.fsync(target.fileno())
    return sha256


def _copy(tar: tarfile.TarFile, member: tarfile.TarInfo, target: IO[bytes]) -> str:
    """Copy a member's content and return its sha256."""
    source = tar.extractfile(member)
    assert source is not None  # a plain file has content
    sha256 = hashlib.sha256()
    while chunk := source.read(_CHUNK):
        sha256.update(chunk)
        target.write(chunk)
    return sha256.hexdigest()
