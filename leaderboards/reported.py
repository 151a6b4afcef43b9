"""Numbers from papers: kept apart, never ranked, with where they are from and what makes them hard to compare.

This module knows no board and no table of ours, and theirs know none of its records, so that no list can hold both.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from bokeh_render.schema import Record, load_yaml

from .store import REPORTED_FOLDER

REPORTED_LABEL = "reported by papers, not measured here; not comparable with the ranked tables"
"""What stands at every number from a paper."""


class Source(Record):
    """Where numbers were published. venue, table: None where they are not known to us; arxiv or doi is there."""

    paper: str
    venue: str | None
    year: Annotated[int, Field(ge=1990)]
    arxiv: str | None = None
    doi: str | None = None
    table: str | None = None

    @model_validator(mode="after")
    def _can_be_found(self) -> Source:
        if self.arxiv is None and self.doi is None:
            raise ValueError("neither arxiv nor doi is given; expected one, so that readers find the paper")
        return self

    @property
    def citation(self) -> str:
        """Paper, venue, year and identifier, in a line."""
        place = f"{self.venue} {self.year}" if self.venue else str(self.year)
        return f"{self.paper} ({place}, {f'arXiv {self.arxiv}' if self.arxiv else f'doi {self.doi}'})"


class ReportedMetric(Record):
    """A column. better: which numbers are good ones, None where we do not know; digits: as the paper prints them.

    variant: how it was computed, as far as we know; None where we know nothing of it.
    """

    label: str
    better: Literal["higher", "lower"] | None
    digits: Annotated[int, Field(ge=0, le=6)]
    variant: str | None = None


class ReportedRow(Record):
    """One method's numbers, by the metric's key; a metric that the paper does not give is left out."""

    method: str
    values: Annotated[dict[str, float], Field(min_length=1)]


class ReportedTable(Record):
    """One table of a paper, or the part of it that we know. dataset, split: in words, with the blur level if any.

    rows: in the paper's order as we know it; there is no rank and no best.
    """

    schema_version: Literal[1] = 1
    source: Source
    dataset: str
    split: str
    metrics: Annotated[dict[str, ReportedMetric], Field(min_length=1)]
    rows: Annotated[tuple[ReportedRow, ...], Field(min_length=1)]
    caveats: Annotated[tuple[str, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _rows_fit_the_columns(self) -> ReportedTable:
        for row in self.rows:
            if strange := set(row.values) - set(self.metrics):
                raise ValueError(
                    f"{row.method} has a number for {', '.join(sorted(strange))}; expected keys of metrics: "
                    f"{', '.join(self.metrics)}"
                )
        methods = [row.method for row in self.rows]
        if len(set(methods)) != len(methods):
            raise ValueError("a method has several rows; expected one each")
        return self


def read_reported(store: Path) -> dict[str, ReportedTable]:
    """Read ``<store>/reported/*.yaml``, by the file's name without suffix; empty where there are none.

    Raises BadInputError when one does not fit.
    """
    paths = sorted((store / REPORTED_FOLDER).glob("*.yaml"))
    return {path.stem: load_yaml(ReportedTable, path) for path in paths}
