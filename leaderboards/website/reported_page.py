"""Numbers from papers as the page shows them; it knows no board of ours."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..reported import ReportedTable, Source
from ..reported_text import label_of, numbers_of, remarks_of


@dataclass(frozen=True)
class Shown:
    """One table. addresses: of the paper; rows: the method, then its numbers as text."""

    title: str
    dataset: str
    citation: str
    addresses: tuple[str, ...]
    split: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    remarks: tuple[str, ...]


def reported_tables(tables: Mapping[str, ReportedTable]) -> list[Shown]:
    """Return what to show of each table, in the order of their files' names."""
    return [
        Shown(
            title=table.source.paper,
            dataset=table.dataset,
            citation=table.source.citation,
            addresses=_addresses(table.source),
            split=table.split.rstrip("."),
            heads=tuple(label_of(metric) for metric in table.metrics.values()),
            rows=tuple((row.method, *numbers_of(table, row)) for row in table.rows),
            remarks=tuple(remarks_of(table)),
        )
        for _, table in sorted(tables.items())
    ]


def _addresses(source: Source) -> tuple[str, ...]:
    arxiv = () if source.arxiv is None else (f"https://arxiv.org/abs/{source.arxiv}",)
    doi = () if source.doi is None else (f"https://doi.org/{source.doi}",)
    return (*arxiv, *doi)
