"""All files of a store, read one by one: what can be used, and what is wrong with the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from benchmark.rendering import Rendering
from bokeh_render.atomic import TEMPORARY_PREFIX
from bokeh_render.errors import BadInputError
from bokeh_render.schema import load_yaml

from .entry import Entry
from .entry_file import LARGEST_BYTES, Filed, load_strictly
from .findings import Finding, Kind
from .reported import ReportedTable
from .store import DATASETS_FOLDER, REPORTED_FOLDER, RESULTS_FOLDER, entry_path, rendering_path

_DEPTH = {RESULTS_FOLDER: 5, DATASETS_FOLDER: 3, REPORTED_FOLDER: 2}
_SUFFIX = {RESULTS_FOLDER: ".json", DATASETS_FOLDER: ".json", REPORTED_FOLDER: ".yaml"}
_LAYOUT = {
    RESULTS_FOLDER: "results/<protocol>/<dataset>@<version>/<method>/<revision>.json",
    DATASETS_FOLDER: "datasets/<dataset>@<version>/<first 12 of files_sha256>.json",
    REPORTED_FOLDER: "reported/<name>.yaml",
}
ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(frozen=True)
class StoreFiles:
    """What could be read. entries: by when their results were made; renderings: by file; findings: of the files."""

    entries: tuple[Filed, ...]
    renderings: dict[str, Rendering]
    findings: tuple[Finding, ...]

    @property
    def by_files_sha256(self) -> dict[str, Rendering]:
        """The renderings as entries name them."""
        return {rendering.files_sha256: rendering for rendering in self.renderings.values()}


def read_files(root: Path) -> StoreFiles:
    """Read every file below results/, datasets/ and reported/; a broken one is a finding and does not stop the rest."""
    entries: list[Filed] = []
    renderings: dict[str, Rendering] = {}
    findings: list[Finding] = []
    for path in _files(root):
        file = path.relative_to(root).as_posix()
        top = file.partition("/")[0]
        misplaced = _misplaced(path, file, top)
        if misplaced is not None:
            findings.append(misplaced)
        elif path.stat().st_size > LARGEST_BYTES:
            findings.append(too_large(file, path.stat().st_size))
        elif top == RESULTS_FOLDER:
            entry = _read(Entry, path, file, findings, load_strictly)
            if entry is not None:
                entries.append(Filed(file, entry))
                findings += _check_place(file, entry_path(Path(), entry.result))
        elif top == DATASETS_FOLDER:
            rendering = _read(Rendering, path, file, findings, load_strictly)
            if rendering is not None:
                renderings[file] = rendering
                findings += _check_place(file, rendering_path(Path(), rendering))
        else:
            _read(ReportedTable, path, file, findings, load_yaml)
    entries.sort(key=lambda one: (one.entry.result.created, one.file))
    return StoreFiles(tuple(entries), renderings, tuple(findings))


def _files(root: Path) -> Iterator[Path]:
    """Yield all that is no folder, in order; links are not followed."""
    for name in _LAYOUT:
        top = root / name
        if top.is_symlink():
            yield top
            continue
        yield from (path for path in sorted(top.rglob("*")) if path.is_symlink() or not path.is_dir())


def _misplaced(path: Path, file: str, top: str) -> Finding | None:
    expected = f"expected {_LAYOUT[top]}"
    if path.is_symlink():
        sentence = f"this is a link; {expected}, a file: put the file itself there"
    elif not path.is_file():
        sentence = f"this is no regular file; {expected}: remove it"
    elif path.name.startswith(TEMPORARY_PREFIX):
        sentence = f"a killed run left this behind; {expected}: remove it"
    elif len(Path(file).parts) != _DEPTH[top] or not path.name.endswith(_SUFFIX[top]):
        sentence = f"this file has no place in a store; {expected}: move or remove it"
    else:
        return None
    return Finding(Kind.PLACE, file, sentence)


def too_large(file: str, size: int) -> Finding:
    """Return the finding that an entry is larger than a store takes. size: bytes."""
    return Finding(
        Kind.SIZE,
        file,
        f"{size / 1e6:.1f} MB; expected at most {LARGEST_BYTES / 1e6:g} MB, of which 2250 samples need less than half: "
        "hand the result in with bokehbench submit, which writes it small",
    )


def _read(
    model: type[ModelT], path: Path, file: str, findings: list[Finding], load: Callable[[type[ModelT], Path], ModelT]
) -> ModelT | None:
    try:
        return load(model, path)
    except BadInputError as error:
        findings.append(unreadable(file, path, error))
    except (ValueError, RecursionError):  # YAML with a number of thousands of digits, or nested as deeply
        findings.append(Finding(Kind.CONTENT, file, "this cannot be read; expected plain YAML: write it anew"))
    return None


def unreadable(file: str, path: Path, error: BadInputError) -> Finding:
    """Return the finding that a file does not hold what it has to."""
    sentence = " ".join(str(error).split()).removeprefix(str(path)).removeprefix(":").strip()
    return Finding(Kind.CONTENT, file, sentence)


def _check_place(file: str, place: Path) -> Iterator[Finding]:
    if file != place.as_posix():
        yield Finding(
            Kind.PLACE,
            file,
            f"what it holds belongs at {place.as_posix()}; expected it there: move it, or hand it in with bokehbench "
            "submit",
        )
