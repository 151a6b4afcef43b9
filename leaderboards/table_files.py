"""All tables of a board as files, the same bytes from the same results."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bokeh_render.atomic import write_text

from .board import Board
from .board_tables import board_tables
from .table_csv import tables_csv
from .table_latex import tables_latex
from .table_markdown import tables_markdown
from .tables import SHORT_HASH, Table


def write_tables(board: Board, folder: Path) -> list[Path]:
    """Write ``<protocol>-<dataset>-<version>-<files>`` as .md, .csv and .tex into a folder; returns their paths."""
    tables = board_tables(board)
    origin = tables[0].origin
    stem = f"{origin.protocol}-{origin.dataset}-{origin.version}-{origin.files_sha256[:SHORT_HASH]}"
    texts = {folder / f"{stem}{suffix}": text for suffix, text in table_texts(tables).items()}
    for path, text in texts.items():
        write_text(path, text)
    return list(texts)


def table_texts(tables: Sequence[Table]) -> dict[str, str]:
    """Return tables of one origin in every format, by the suffix of its files."""
    return {".md": tables_markdown(tables), ".csv": tables_csv(tables), ".tex": tables_latex(tables)}
