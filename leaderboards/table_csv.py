"""Tables as CSV: one line for each number, with all that tells what it is of."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from .tables import Table

FIELDS = (
    "protocol",
    "protocol_sha256",
    "dataset",
    "version",
    "recipe_sha256",
    "files_sha256",
    "table",
    "column",
    "method",
    "revision",
    "status",
    "rank",
    "value",
    "low",
    "high",
    "place",
    "noise_floor",
    "note",
)


def tables_csv(tables: Sequence[Table]) -> str:
    """Return one line per table, method and column, numbers in full; what is not there is empty."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(FIELDS)
    for table in tables:
        origin = table.origin
        source = [origin.protocol, origin.protocol_sha256, origin.dataset, origin.version]
        source += [origin.recipe_sha256 or "", origin.files_sha256, table.name]
        floors = table.noise_floor or (None,) * len(table.columns)
        for row in table.rows:
            who = [row.method, row.revision, row.status, row.rank]
            for column, cell, floor in zip(table.columns, row.cells, floors, strict=True):
                numbers = [cell.value, cell.low, cell.high, cell.place, floor]
                writer.writerow([*source, column.key, *who, *numbers, row.note])
    return stream.getvalue()
