"""Numbers from papers as Markdown and LaTeX; each table says itself that they are not ours."""

from __future__ import annotations

from collections.abc import Mapping

from .latex import Grid, table_environment
from .latex import escape as latex_escape
from .markdown import escape, pipe_table
from .reported import REPORTED_LABEL, ReportedMetric, ReportedRow, ReportedTable

_ARROWS = {"higher": " ↑", "lower": " ↓", None: ""}
_NOT_GIVEN = "—"


def reported_markdown(tables: Mapping[str, ReportedTable]) -> str:
    """Return a document of all tables, with their caveats. tables: by name, as ``read_reported`` gives them."""
    parts = ["# Numbers from papers\n", f"All of them are {REPORTED_LABEL}.\n"]
    return "\n".join([*parts, *(_markdown(table) for table in tables.values())])


def _markdown(table: ReportedTable) -> str:
    head = ["method", *(escape(label_of(metric)) for metric in table.metrics.values())]
    rows = [[escape(row.method), *numbers_of(table, row)] for row in table.rows]
    lines = [
        f"## {escape(table.source.citation)}: {escape(table.dataset)}\n",
        f"*{REPORTED_LABEL.capitalize()}.*\n",
        f"{escape(table.split)}. {_place(table)}\n",
        pipe_table(head, rows, left=0),
        *(f"- {escape(remark)}" for remark in remarks_of(table)),
    ]
    return "\n".join(lines) + "\n"


def reported_latex(tables: Mapping[str, ReportedTable]) -> str:
    """Return a ``table`` environment for each table, labelled ``tab:reported-<name>``. tables: by name."""
    header = f"% Needs \\usepackage{{booktabs,graphicx}}\n% {REPORTED_LABEL}\n"
    return "\n".join([header, *(_latex(name, table) for name, table in tables.items())])


def _latex(name: str, table: ReportedTable) -> str:
    head = ["method", *(latex_escape(label_of(metric)) for metric in table.metrics.values())]
    rows = [[latex_escape(text) for text in (row.method, *numbers_of(table, row))] for row in table.rows]
    caption = f"{REPORTED_LABEL.capitalize()}. {table.source.citation}: {table.dataset}; {table.split}. {_place(table)}"
    remarks = [latex_escape(remark) for remark in remarks_of(table)]
    return table_environment(Grid(1, head, rows), latex_escape(caption), f"reported {name}", remarks)


def label_of(metric: ReportedMetric) -> str:
    """Return a column's head, with an arrow where we know which numbers are good ones."""
    return metric.label + _ARROWS[metric.better]


def numbers_of(table: ReportedTable, row: ReportedRow) -> list[str]:
    """Return a row's numbers as the paper prints them, a dash where it gives none."""
    return [
        f"{row.values[key]:.{metric.digits}f}" if key in row.values else _NOT_GIVEN
        for key, metric in table.metrics.items()
    ]


def remarks_of(table: ReportedTable) -> list[str]:
    """Return, in sentences, how the numbers were computed as far as we know, and what makes them hard to compare."""
    known = [f"{metric.label}: {metric.variant}." for metric in table.metrics.values() if metric.variant]
    unknown = [metric.label for metric in table.metrics.values() if metric.variant is None]
    told = [f"Not known to us: how the paper computed {', '.join(unknown)}."] if unknown else []
    return [*known, *told, *table.caveats]


def _place(table: ReportedTable) -> str:
    return f"Table {table.source.table} there." if table.source.table else "Which table there is not known to us."
