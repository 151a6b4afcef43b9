"""The entries as files beside the pages, so that whoever reads a number can take what it follows from."""

from __future__ import annotations

from dataclasses import dataclass

from ..board import Board
from ..board_tables import over_all
from ..entry import Entry
from .arrangement import ShownBoard
from .places import ENTRIES


@dataclass(frozen=True)
class EntryRow:
    """An entry in a list of them. place: of its file; psnr: its mean as text, a dash where samples are missing.

    is_newest: whether it is the revision of its method that is ranked.
    """

    entry: Entry
    place: str
    psnr: str
    is_newest: bool


def entry_rows(shown: ShownBoard) -> list[EntryRow]:
    """Return all entries of a board: those that are ranked or could be, then older revisions, the newest first."""
    board = shown.board
    return [
        *(EntryRow(entry, _place(shown, entry), _psnr(board, entry), True) for entry in board.entries.values()),
        *(EntryRow(entry, _place(shown, entry), _psnr(board, entry), False) for entry in board.earlier),
    ]


def _place(shown: ShownBoard, entry: Entry) -> str:
    """Return where an entry lies; name and revision of a method can be parts of a file's name."""
    method = entry.result.method
    return f"{ENTRIES}/{shown.slug}/{method.name}@{method.revision}.json"


def _psnr(board: Board, entry: Entry) -> str:
    mean = board.score_of(entry, "psnr")
    return over_all("psnr").column.text(None if mean is None else mean.mean)
