r"""Tables in LaTeX: the best number of a column bold, the second underlined, its interval as ``^{+1.9}_{-1.4}``.

Intervals are not symmetric, so that one ± for both sides would be wrong.
"""

from __future__ import annotations

from collections.abc import Sequence

from .latex import Grid, escape, hash_text, table_environment
from .tables import MAIN, MARKS, NO_NUMBER, SHORT_HASH, Cell, Column, Table

HEADER = "% Needs \\usepackage{booktabs,graphicx}\n"


def tables_latex(tables: Sequence[Table]) -> str:
    r"""Return a file to be read by ``\input``, with a ``table`` environment for each table."""
    return "\n".join([HEADER, *map(table_latex, tables)])


def table_latex(table: Table) -> str:
    """Return one ``table`` environment. Its label is ``tab:<protocol>-<dataset>-<version>-<files>-<name>``."""
    with_status = table.name == MAIN
    status_head = ["status"] if with_status else []
    rows = [
        [
            escape(NO_NUMBER) if row.rank is None else str(row.rank),
            escape(row.method),
            *(_cell(column, cell) for column, cell in zip(table.columns, row.cells, strict=True)),
            *([row.status] if with_status else []),
        ]
        for row in table.rows
    ]
    foot = []
    if table.noise_floor is not None:
        floors = zip(table.columns, table.noise_floor, strict=True)
        bounds = ["" if floor is None else f"${column.text(floor)}$" for column, floor in floors]
        foot = [["", r"\emph{noise floor}", *bounds, *([""] if with_status else [])]]
    head = ["", "method", *(escape(column.label) for column in table.columns), *status_head]
    origin = table.origin
    label = f"{origin.protocol} {origin.dataset} {origin.version} {origin.files_sha256[:SHORT_HASH]} {table.name}"
    notes = [*map(escape, (*table.missing, *table.notes, MARKS))]
    return table_environment(Grid(2, head, rows, foot), _caption(table), label, notes)


def _cell(column: Column, cell: Cell) -> str:
    if cell.value is None:
        return escape(NO_NUMBER)
    mark = {1: r"\mathbf{%s}", 2: r"\underline{%s}"}.get(cell.place or 0, "%s")
    return f"${mark % column.text(cell.value)}{_interval(column, cell.value, cell)}$"


def _interval(column: Column, value: float, cell: Cell) -> str:
    if cell.low is None or cell.high is None:
        return ""
    up, down = (f"{abs(limit - value):.{column.digits - 1}f}".removeprefix("0") for limit in (cell.high, cell.low))
    return f"^{{+{up}}}_{{-{down}}}"


def _caption(table: Table) -> str:
    origin = table.origin
    hashes = (
        f"protocol {escape(origin.protocol)} ({hash_text(origin.protocol_sha256[:SHORT_HASH])}), "
        f"dataset {escape(origin.dataset)} {escape(origin.version)} (files "
        f"{hash_text(origin.files_sha256[:SHORT_HASH])}), {origin.samples} samples of {origin.scenes} scene"
        f"{'' if origin.scenes == 1 else 's'}"
    )
    return f"{escape(table.title)}; {hashes}."
