"""What the site is about: boards with their tables, and the methods, datasets and protocols that they are of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from benchmark.protocols import PROTOCOLS, Protocol
from benchmark.rendering import Rendering
from bokeh_render.progress import ReportStep, Step, silent

from ..board import Board, boards
from ..board_tables import board_tables
from ..entry import Entry
from ..store import Content
from ..tables import SHORT_HASH, Row, Table
from .places import slugs

Pictured = Callable[[Board], tuple[str, ...] | None]
"""Which methods there are pictures of, for a board; None where the board has no pictures at all."""


@dataclass(frozen=True)
class ShownBoard:
    """A board. tables: as ``board_tables`` gives them, the main one first; pictured: see :data:`Pictured`."""

    board: Board
    slug: str
    tables: tuple[Table, ...]
    pictured: tuple[str, ...] | None

    @property
    def title(self) -> str:
        """Dataset and protocol in a line."""
        return f"{self.board.rendering.name} {self.board.rendering.version}, {self.board.protocol.name}"

    @property
    def main(self) -> Table:
        """The table of all samples."""
        return self.tables[0]

    def table(self, name: str) -> Table | None:
        """Return a table by name, None where the board has no such table."""
        return next((table for table in self.tables if table.name == name), None)

    def row(self, method: str) -> Row:
        """Return a method's row of the main table."""
        return next(row for row in self.main.rows if row.method == method)


@dataclass(frozen=True)
class Standing:
    """A method on one board, by its newest revision."""

    shown: ShownBoard
    entry: Entry


@dataclass(frozen=True)
class ShownMethod:
    """A method, and where it stands."""

    name: str
    slug: str
    standings: tuple[Standing, ...]

    @property
    def newest(self) -> Entry:
        """The entry that was made last; what a method says of itself is taken from it."""
        return max((standing.entry for standing in self.standings), key=lambda entry: entry.result.created)


@dataclass(frozen=True)
class ShownDataset:
    """A rendering. told: by the dataset itself; otherwise by results, which know no sizes, blur radii or focus."""

    rendering: Rendering
    slug: str
    told: bool
    boards: tuple[ShownBoard, ...]


@dataclass(frozen=True)
class ShownProtocol:
    """A protocol, and the boards under it."""

    protocol: Protocol
    slug: str
    boards: tuple[ShownBoard, ...]


@dataclass(frozen=True)
class Arrangement:
    """All that the site shows, in the order in which it shows it."""

    boards: tuple[ShownBoard, ...]
    methods: tuple[ShownMethod, ...]
    datasets: tuple[ShownDataset, ...]
    protocols: tuple[ShownProtocol, ...]

    @cached_property
    def method_slugs(self) -> dict[str, str]:
        """What stands for each method in addresses."""
        return {method.name: method.slug for method in self.methods}

    def dataset_of(self, shown: ShownBoard) -> ShownDataset:
        """Return the dataset that a board is of."""
        return next(dataset for dataset in self.datasets if shown in dataset.boards)

    def protocol_of(self, shown: ShownBoard) -> ShownProtocol:
        """Return the protocol that a board is under."""
        return next(protocol for protocol in self.protocols if shown in protocol.boards)


def arrange(content: Content, pictured: Pictured, report: ReportStep = silent) -> Arrangement:
    """Return what to show: boards of the published protocols first, of a protocol those with most methods."""
    found = sorted(boards(content.entries, content.renderings), key=_order)
    shown = []
    for done, (board, slug) in enumerate(zip(found, slugs(map(_board_name, found)), strict=True)):
        report(Step("tables", done, len(found), board.protocol.name))
        shown.append(ShownBoard(board, slug, tuple(board_tables(board)), pictured(board)))
    report(Step("tables", len(found), len(found)))
    return Arrangement(
        boards=tuple(shown),
        methods=_methods(shown),
        datasets=_datasets(shown, set(content.renderings)),
        protocols=_protocols(shown),
    )


def _order(board: Board) -> tuple[int, str, int, str]:
    published = list(PROTOCOLS)
    name = board.protocol.name
    place = published.index(name) if name in published else len(published)
    return (place, name, -len(board.entries), _board_name(board))


def _board_name(board: Board) -> str:
    return f"{board.protocol.name}-{_dataset_name(board.rendering)}"


def _dataset_name(rendering: Rendering) -> str:
    return f"{rendering.name}-{rendering.version}-{rendering.files_sha256[:SHORT_HASH]}"


def _methods(shown: Sequence[ShownBoard]) -> tuple[ShownMethod, ...]:
    names = sorted({name for one in shown for name in one.board.entries}, key=lambda name: (name.lower(), name))
    return tuple(
        ShownMethod(
            name,
            slug,
            tuple(Standing(one, one.board.entries[name]) for one in shown if name in one.board.entries),
        )
        for name, slug in zip(names, slugs(names), strict=True)
    )


def _datasets(shown: Sequence[ShownBoard], told: set[str]) -> tuple[ShownDataset, ...]:
    """told: files_sha256 of the datasets that are told by themselves."""
    groups: dict[str, list[ShownBoard]] = {}
    for one in shown:
        groups.setdefault(one.board.rendering.files_sha256, []).append(one)
    renderings = [group[0].board.rendering for group in groups.values()]
    return tuple(
        ShownDataset(rendering, slug, rendering.files_sha256 in told, tuple(groups[rendering.files_sha256]))
        for rendering, slug in zip(renderings, slugs(map(_dataset_name, renderings)), strict=True)
    )


def _protocols(shown: Sequence[ShownBoard]) -> tuple[ShownProtocol, ...]:
    groups: dict[str, list[ShownBoard]] = {}
    for one in shown:
        groups.setdefault(one.board.protocol.sha256, []).append(one)
    protocols = [group[0].board.protocol for group in groups.values()]
    return tuple(
        ShownProtocol(protocol, slug, tuple(groups[protocol.sha256]))
        for protocol, slug in zip(protocols, slugs(one.name for one in protocols), strict=True)
    )
