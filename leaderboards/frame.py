"""Tables for pandas."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .tables import Table

if TYPE_CHECKING:
    import pandas as pd


def to_frame(table: Table) -> pd.DataFrame:
    """Return a row for each method, by its name, and a column for each key, its interval in ``<key>_low``, ``_high``.

    Limits have columns only where a table has any; ``attrs`` tells what the numbers are of. Missing numbers are NaN,
    a missing rank is ``<NA>``.
    """
    import pandas as pd

    content: dict[str, Any] = {
        "rank": pd.array([row.rank for row in table.rows], dtype="Int64"),
        "revision": [row.revision for row in table.rows],
        "status": [row.status for row in table.rows],
    }
    for index, column in enumerate(table.columns):
        cells = [row.cells[index] for row in table.rows]
        content[column.key] = pd.array([cell.value for cell in cells], dtype="float64")
        if any(cell.low is not None for cell in cells):
            content[f"{column.key}_low"] = pd.array([cell.low for cell in cells], dtype="float64")
            content[f"{column.key}_high"] = pd.array([cell.high for cell in cells], dtype="float64")
    content["note"] = [row.note for row in table.rows]
    frame = pd.DataFrame(content, index=pd.Index([row.method for row in table.rows], name="method"))
    frame.attrs.update(asdict(table.origin), table=table.name, title=table.title)
    return frame
