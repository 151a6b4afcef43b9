"""Build the site: pages, data for scripts, downloads, entries and pictures in one folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from bokeh_render.errors import BadInputError
from bokeh_render.folder_lock import locked
from bokeh_render.progress import ReportStep, silent

from ..board import Board
from ..entry_file import entry_text
from ..reported import ReportedTable
from ..store import Content
from ..table_csv import tables_csv
from ..table_files import table_texts
from ..table_markdown import tables_markdown
from .arrangement import Arrangement, Pictured, ShownBoard, arrange
from .chart_data import as_script, chart_data
from .entry_files import entry_rows
from .folder import SiteFolder
from .pages import Pages
from .picture_source import PictureSource
from .pictures import Pictures
from .places import DATA, DOWNLOADS, INDEX, STATIC
from .sample_data import sample_data

TABLES = ("leaderboard.md", "leaderboard.csv")
"""All tables of all boards, beside the first page."""

_LOCK = ".lock"


def under(content: Content, protocol: str) -> Content:
    """Return what of a store is under one protocol; raises BadInputError when nothing is."""
    kept = tuple(entry for entry in content.entries if entry.result.protocol.name == protocol)
    if not kept:
        known = sorted({entry.result.protocol.name for entry in content.entries})
        raise BadInputError(f"there is no result under protocol {protocol!r}; expected one of {', '.join(known)}")
    return replace(content, entries=kept)


def build_site(
    content: Content,
    out: Path,
    *,
    pictures: PictureSource | None = None,
    reported: Mapping[str, ReportedTable] | None = None,
    threads: int = 1,
    report: ReportStep = silent,
) -> Path:
    """Write the site of a store into ``out`` and return its first page. The same content gives the same bytes.

    pictures: of one rendering, shown on the boards of it whose methods get the clean disparity map; what was drawn
    before is kept. reported: numbers from papers, on a page of their own. threads: that draw pictures side by side.
    Raises BadInputError when ``out`` holds a page that is not ours, no board is of the pictures' rendering, or a
    prediction is not the file that was scored.
    """
    folder = SiteFolder(out)
    site = arrange(content, _pictured_by(pictures), report)
    if pictures is not None and all(shown.pictured is None for shown in site.boards):
        raise BadInputError(
            f"no result with clean disparity maps is of the rendering {pictures.files_sha256[:12]} that --dataset "
            "names; expected the dataset that the results are of, or no --dataset for a site without pictures"
        )
    with locked(out / _LOCK, out):
        folder.begin()
        if pictures is not None:
            drawing = Pictures(folder, pictures, threads=threads, report=report)
            for shown in site.boards:
                if shown.pictured is not None:
                    drawing.draw(shown)
            drawing.finish()
        for name, text in _files(site, reported or {}):
            folder.write(name, text)
        folder.finish()
        (out / _LOCK).unlink()
    return out / INDEX


def _pictured_by(pictures: PictureSource | None) -> Pictured:
    def pictured(board: Board) -> tuple[str, ...] | None:
        if pictures is None or board.rendering.files_sha256 != pictures.files_sha256:
            return None
        if board.protocol.disparity != "clean":
            return None
        return tuple(name for name, entry in board.entries.items() if pictures.has_predictions(entry.result))

    return pictured


def _files(site: Arrangement, reported: Mapping[str, ReportedTable]) -> Iterator[tuple[str, str | bytes]]:
    """Yield place and content of all files but the pictures."""
    yield from _static(resources.files("leaderboards") / STATIC, STATIC)
    for shown in site.boards:
        yield from _of_board(shown)
    tables = [list(shown.tables) for shown in site.boards]
    yield TABLES[0], "\n".join(tables_markdown(one) for one in tables)
    yield TABLES[1], tables_csv([table for one in tables for table in one])
    yield from Pages(site, reported).all()


def _of_board(shown: ShownBoard) -> Iterator[tuple[str, str]]:
    yield f"{DATA}/{shown.slug}.js", as_script("charts", shown.slug, chart_data(shown))
    if shown.pictured is not None:
        yield f"{DATA}/{shown.slug}-samples.js", as_script("samples", shown.slug, sample_data(shown))
    for suffix, text in table_texts(shown.tables).items():
        yield f"{DOWNLOADS}/{shown.slug}{suffix}", text
    for row in entry_rows(shown):
        yield row.place, entry_text(row.entry)


def _static(folder: Traversable, place: str) -> Iterator[tuple[str, bytes]]:
    for item in sorted(folder.iterdir(), key=lambda one: one.name):
        if item.is_dir():
            yield from _static(item, f"{place}/{item.name}")
        else:
            yield f"{place}/{item.name}", item.read_bytes()
