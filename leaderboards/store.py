"""The store: a folder of results under version control, and where each file lies in it.

<store>/results/<protocol>/<dataset>@<version>/<method>/<revision>.json   an entry
<store>/datasets/<dataset>@<version>/<first 12 of files_sha256>.json      what a rendering of a dataset consists of
<store>/reported/<name>.yaml                                              numbers from papers, never ranked with ours
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from benchmark.rendering import Rendering
from benchmark.results import Result
from bokeh_render.atomic import TEMPORARY_PREFIX
from bokeh_render.errors import BadInputError

from .entry import Entry
from .entry_file import load_strictly, read_entry

RESULTS_FOLDER, DATASETS_FOLDER, REPORTED_FOLDER = "results", "datasets", "reported"


@dataclass(frozen=True)
class Content:
    """What a store or a run holds. renderings: by files_sha256, none in a run."""

    entries: tuple[Entry, ...]
    renderings: dict[str, Rendering]


def entry_path(root: Path, result: Result) -> Path:
    """Return the one place in a store for a result."""
    dataset, method = result.dataset, result.method
    folder = root / RESULTS_FOLDER / result.protocol.name / f"{dataset.name}@{dataset.version}"
    return folder / method.name / f"{method.revision}.json"


def rendering_path(root: Path, rendering: Rendering) -> Path:
    """Return the one place in a store for what a rendering consists of."""
    folder = root / DATASETS_FOLDER / f"{rendering.name}@{rendering.version}"
    return folder / f"{rendering.files_sha256[:12]}.json"


def read_store(root: Path) -> Content:
    """Read a store, or the results of a run of ``bokehbench evaluate``, which count as self-reported.

    Raises BadInputError when there are none, or one cannot be read. Whether what is there may be there is not asked:
    that is ``admission``'s.
    """
    paths = _files(root / RESULTS_FOLDER)
    if not paths:
        raise BadInputError(
            f"{root} holds no {RESULTS_FOLDER}/**.json; expected a store, or a folder given to bokehbench evaluate "
            "as --out"
        )
    renderings = [load_strictly(Rendering, path) for path in _files(root / DATASETS_FOLDER)]
    return Content(
        entries=tuple(read_entry(path) for path in paths),
        renderings={rendering.files_sha256: rendering for rendering in renderings},
    )


def _files(folder: Path) -> list[Path]:
    """Return the files of a folder and below in order, without what a killed writer left."""
    return sorted(path for path in folder.rglob("*.json") if not path.name.startswith(TEMPORARY_PREFIX))
