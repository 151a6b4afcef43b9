"""All tables of a board as files, the same bytes from the same results."""

from __future__ import annotations

from pathlib import Path

from bokeh_render.atomic import write_text

from .board import Board
from .board_tables import board_tables
from .table_csv import tables_csv
from .table_latex import tables_latex
from .table_markdown import tables_markdown
from .tables import SHORT_HASH


def write_tables(board: Board, folder: Path) -> list[Path]:
    """Write ``<protocol>-<dataset>-<version>-<files>`` as .md, .csv and .tex into a folder; returns their paths."""
    tables = board_tables(board)
    origin = tables[0].origin
    stem = f"{origin.protocol}-{origin.dataset}-{origin.version}-{origin.files_sha256[:SHORT_HASH]}"
    texts = {".md": tables_markdown(tables), ".csv": tables_csv(tables), ".tex": tables_latex(tables)}
    paths = [folder / f"{stem}{suffix}" for suffix in texts]
    for path, text in zip(paths, texts.values(), strict=True):
        write_text(path, text)
    return paths
