"""A board as one reads it on a terminal: few tables, no marks."""

from __future__ import annotations

from dataclasses import replace

from benchmark.results import METRICS

from .board import Board
from .board_tables import SECONDS, Measure, board_tables, by_scene, make_table, over_all
from .table_markdown import tables_markdown

_MOST_SCENES = 4


def board_markdown(board: Board) -> str:
    """Return a document of all samples together, with scenes where they are few, and of each metric by blur level."""
    scenes = by_scene(board, "psnr") if 1 < len(board.scenes) <= _MOST_SCENES else []
    measures = [*map(over_all, METRICS), *map(_with_its_metric, scenes), SECONDS]
    tables = [make_table(board, "overview", "All samples", measures)]
    tables += [table for table in board_tables(board) if table.name.startswith("levels_")]
    return tables_markdown(tables, marked=False)


def _with_its_metric(measure: Measure) -> Measure:
    return replace(measure, column=replace(measure.column, label=f"{measure.scene}, PSNR"))
