"""The one model of a table, from which Markdown, CSV, LaTeX, data frames and pages are written alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

NO_NUMBER = "—"
"""What stands where there is no number, because samples are missing or a metric was not computed."""

MAIN = "main"
"""Name of a board's first table, the one that also tells the entries' status."""

MARKS = "Bold: best of the ranked methods; underlined: second; by the digits shown."
"""What writers that mark numbers say of it."""

SHORT_HASH = 12
"""Digits of a hash where it is shown to people; files hold all of them."""


@dataclass(frozen=True)
class Origin:
    """What all numbers of a table are of. Only numbers of one origin are ranked together.

    samples, scenes: how many the dataset and the protocol demand.
    """

    protocol: str
    protocol_sha256: str
    dataset: str
    version: str
    recipe_sha256: str | None
    files_sha256: str
    scenes: int
    samples: int


@dataclass(frozen=True)
class Cell:
    """A number as it is shown. value: None where there is none; low, high: its interval over scenes, where known.

    place: 1 = best of its column, 2 = second; methods that show the same digits share a place.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    place: int | None = None


@dataclass(frozen=True)
class Column:
    """A column of numbers. key: what it is, for programs (``psnr``, ``level_2_psnr``); label: for people, with unit.

    better: which numbers are good ones; None: neither (seconds are ``lower``).
    """

    key: str
    label: str
    better: Literal["higher", "lower"] | None
    digits: int

    def text(self, value: float | None) -> str:
        """Return a number with this column's digits, or ``NO_NUMBER``."""
        return NO_NUMBER if value is None else _fixed(value, self.digits)

    def limits(self, cell: Cell) -> str:
        """Return ``[low, high]``, with a digit less than the number itself; empty where there is no interval."""
        if cell.low is None or cell.high is None:
            return ""
        return f"[{_fixed(cell.low, self.digits - 1)}, {_fixed(cell.high, self.digits - 1)}]"


def _fixed(value: float, digits: int) -> str:
    return f"{round(value, digits) + 0.0:.{digits}f}"  # + 0.0: no -0.00


@dataclass(frozen=True)
class Row:
    """One method. rank: 1 = highest mean PSNR over all; None where samples are missing, and then note says so.

    Methods that show the same PSNR share a rank.
    """

    rank: int | None
    method: str
    revision: str
    status: str
    cells: tuple[Cell, ...]
    note: str = ""


@dataclass(frozen=True)
class Table:
    """One table of a board. name: part of file names; noise_floor: bound of each column, where it is known.

    notes: sentences on how to read it; what is missing of a method stands in its row.
    """

    name: str
    title: str
    origin: Origin
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    noise_floor: tuple[float | None, ...] | None
    notes: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """Return a sentence for each method that is not ranked."""
        return tuple(f"{row.method} is not ranked: {row.note}." for row in self.rows if row.note)

    @property
    def has_numbers(self) -> bool:
        """Return whether any method has any number here."""
        return any(cell.value is not None for row in self.rows for cell in row.cells)
