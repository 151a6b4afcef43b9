"""The one model of a table, from which Markdown, CSV, LaTeX, data frames and pages are written alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

NO_NUMBER = "—"
"""What stands where there is no number, because samples are missing or a metric was not computed."""


@dataclass(frozen=True)
class Column:
    """A column of numbers. key: what it is, for programs (``psnr``, ``level_2_psnr``); label: for people, with unit.

    better: which numbers are good ones; None: neither (seconds are ``lower``).
    """

    key: str
    label: str
    better: Literal["higher", "lower"] | None
    digits: int


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
class Row:
    """One method. rank: 1 = highest mean PSNR over all; None where samples are missing, and then note says so."""

    rank: int | None
    method: str
    revision: str
    status: str
    cells: tuple[Cell, ...]
    note: str = ""


@dataclass(frozen=True)
class Table:
    """One table of a board. name: part of file names; noise_floor: bound of each column, where it is known."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    noise_floor: tuple[float | None, ...] | None
    notes: tuple[str, ...] = ()
