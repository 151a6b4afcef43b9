"""What a method's page shows of a board: its tables, turned so that the method's numbers stand below each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..tables import Cell, Column, Table
from .arrangement import ShownBoard, Standing
from .entry_files import EntryRow, entry_rows
from .wording import scene_label


@dataclass(frozen=True)
class Line:
    """One level, scene, region or map. cells: one per metric; floor: the noise floor as text."""

    label: str
    cells: tuple[tuple[Column, Cell], ...]
    floor: str


@dataclass(frozen=True)
class Breakdown:
    """One table of the page. name: part of its id; of: what its lines are; heads: of the columns after the first."""

    name: str
    title: str
    of: str
    heads: tuple[str, ...]
    lines: tuple[Line, ...]
    floor: bool


def breakdowns(shown: ShownBoard, method: str) -> list[Breakdown]:
    """Return a method's numbers by blur level, scene, region and disparity map, as far as the board has them."""
    groups = (("levels", "By blur level", "Level"), ("scenes", "By scene", "Scene"), ("regions", "By region", "Region"))
    found = []
    for name, title, of in groups:
        tables = [table for table in shown.tables if table.name.startswith(f"{name}_")]
        if tables:
            found.append(_breakdown(name, title, of, tables, method))
    for table in shown.tables:
        if table.name.startswith("maps_"):
            kind = table.name.split("_")[1]
            found.append(_breakdown(table.name, f"By disparity map: {kind}", "Map", [table], method))
    return found


def _breakdown(name: str, title: str, of: str, tables: Sequence[Table], method: str) -> Breakdown:
    rows = [next(row for row in table.rows if row.method == method) for table in tables]
    floors = None if of == "Map" else tables[0].noise_floor  # of maps it is the same everywhere
    lines = tuple(
        Line(
            label=scene_label(column.label) if name == "scenes" else column.label,
            cells=tuple((table.columns[index], row.cells[index]) for table, row in zip(tables, rows, strict=True)),
            floor="" if floors is None else column.text(floors[index]),
        )
        for index, column in enumerate(tables[0].columns)
    )
    heads = [_metric_of(table) for table in tables] + ([] if floors is None else ["Noise floor (dB)"])
    return Breakdown(name, title, of, tuple(heads), lines, floors is not None)


def _metric_of(table: Table) -> str:
    """Return the metric of a table that has one: its title begins with it."""
    return table.title.partition(" by ")[0]


def revisions(standing: Standing) -> list[EntryRow]:
    """Return all revisions of a method on a board, the newest first."""
    return [row for row in entry_rows(standing.shown) if row.entry.method == standing.entry.method]


def notices_of(standing: Standing) -> tuple[str, ...]:
    """Return what a reader should know of a method on a board: what is missing, and its result's own notices."""
    method = standing.entry.method
    row, why = standing.shown.row(method), standing.shown.board.no_lpips.get(method)
    missing = (f"It is not ranked: {row.note}.",) if row.note else ()
    reasons = (f"No LPIPS: {why.rstrip('.')}.",) if why else ()
    return (*missing, *standing.entry.result.notices, *reasons)
