"""Tables as Markdown: the best number of a column bold, the second underlined, its interval behind it."""

from __future__ import annotations

from collections.abc import Sequence

from .markdown import escape, pipe_table
from .tables import MAIN, MARKS, NO_NUMBER, SHORT_HASH, Cell, Column, Origin, Table


def table_markdown(table: Table, *, marked: bool = True) -> str:
    """Return a table alone, without title and notes. marked: best and second stand out, which needs a page."""
    with_status = table.name == MAIN
    head = ["rank", "method", *(escape(column.label) for column in table.columns), *(["status"] if with_status else [])]
    rows = [
        [
            NO_NUMBER if row.rank is None else str(row.rank),
            escape(row.method),
            *(_cell(column, cell, marked) for column, cell in zip(table.columns, row.cells, strict=True)),
            *([row.status] if with_status else []),
        ]
        for row in table.rows
    ]
    if table.noise_floor is not None:
        floors = zip(table.columns, table.noise_floor, strict=True)
        bounds = ["" if floor is None else column.text(floor) for column, floor in floors]
        rows.append(["", "*noise floor of the ground truth*", *bounds, *([""] if with_status else [])])
    return pipe_table(head, rows, left=1)


def _cell(column: Column, cell: Cell, marked: bool) -> str:
    mark = {1: "**{}**", 2: "<u>{}</u>"}.get(cell.place or 0, "{}") if marked else "{}"
    return f"{mark.format(column.text(cell.value))} {column.limits(cell)}".rstrip()


def tables_markdown(tables: Sequence[Table], *, marked: bool = True) -> str:
    """Return tables of one origin as a document: heading, tables, what to know about them, hashes."""
    origin = tables[0].origin
    parts = [f"# {escape(origin.dataset)} {escape(origin.version)}, protocol {escape(origin.protocol)}\n"]
    for table in tables:
        parts += [f"## {escape(table.title)}\n", table_markdown(table, marked=marked)]
    missing = dict.fromkeys(sentence for table in tables for sentence in table.missing)
    notes = dict.fromkeys(note for table in tables for note in table.notes)
    if marked:
        notes[MARKS] = None
    parts += [f"{escape(sentence)}\n" for sentence in (*missing, *notes)]
    return "\n".join([*parts, f"{origin_markdown(origin)}\n"])


def origin_markdown(origin: Origin, digits: int = SHORT_HASH) -> str:
    """Return how many samples tables are over and of which files, in a line. digits: shown of each hash."""
    count = f"{origin.samples} samples of {origin.scenes} scene{'' if origin.scenes == 1 else 's'}"
    files, protocol = origin.files_sha256[:digits], origin.protocol_sha256[:digits]
    return f"{count}. Dataset files `{files}`, protocol `{protocol}`."
