"""The pages: what each kind shows, put into its template."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jinja2

from benchmark.protocol_text import definition
from benchmark.protocols import SUMMARIES
from benchmark.reports.error_maps import ERROR_SCALE

from ..entry import STATUSES
from ..reported import REPORTED_LABEL, ReportedTable
from ..tables import Cell, Column, Table
from .arrangement import Arrangement, ShownBoard, ShownDataset, ShownMethod, ShownProtocol
from .chart_data import charted
from .contact_sheets import contact_sheets
from .entry_files import entry_rows
from .method_page import breakdowns, notices_of, revisions
from .places import ENTER, INDEX, REPORTED, address, page
from .reported_page import reported_tables
from .wording import counted, is_address, scene_label, sizes_of

NO_PICTURES = (
    "This build has no pictures. They come from a dataset and predictions on disk: bokehbench leaderboard build "
    "--dataset DATASET --run RUN."
)
_GROUPS = {
    "levels": "By blur level",
    "regions": "By region",
    "scenes": "By scene",
    "maps": "By disparity map",
}
_LAST = 1e9  # what sorts behind all numbers


@dataclass(frozen=True)
class Item:
    """An entry of the navigation. kind: of the pages that it stands for."""

    label: str
    place: str
    kind: str


@dataclass(frozen=True)
class Group:
    """Tables of a board that split its samples alike. id: of the heading that charts refer to."""

    id: str
    title: str
    tables: tuple[Table, ...]
    notes: tuple[str, ...]


class Pages:
    """All pages of a site. reported: tables of numbers from papers, by name."""

    def __init__(self, site: Arrangement, reported: Mapping[str, ReportedTable]) -> None:
        self._site, self._reported = site, reported
        self._environment = jinja2.Environment(
            loader=jinja2.PackageLoader("leaderboards"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters["capitalize_first"] = lambda text: text[:1].upper() + text[1:]
        self._environment.globals |= {
            "site": site,
            "navigation": self._navigation(),
            "statuses": STATUSES,
            "summaries": SUMMARIES,
            "slug_of": site.method_slugs,
            "sort_key": _sort_key,
            "head": lambda column: scene_label(column.label) if column.key.startswith("scene_") else column.label,
            "counted": counted,
            "scene_label": scene_label,
            "is_address": is_address,
            "no_pictures": NO_PICTURES,
            "error_scale": ERROR_SCALE,
        }

    def all(self) -> Iterator[tuple[str, str]]:
        """Yield place and content of every page."""
        yield INDEX, self._page("index.html", INDEX, "boards")
        for shown in self._site.boards:
            yield self._board(shown)
            if shown.pictured is not None:
                yield self._samples(shown)
        for method in self._site.methods:
            yield self._method(method)
        for dataset in self._site.datasets:
            yield self._dataset(dataset)
        for protocol in self._site.protocols:
            yield self._protocol(protocol)
        if self._reported:
            tables = reported_tables(self._reported)
            yield REPORTED, self._page("reported.html", REPORTED, "reported", tables=tables, label=REPORTED_LABEL)
        first = self._site.protocols[0].protocol.name
        yield ENTER, self._page("enter.html", ENTER, "enter", first_protocol=first)

    def _navigation(self) -> list[Item]:
        site = self._site
        items = [Item("Leaderboard", INDEX, "boards")]
        pictured = [shown for shown in site.boards if shown.pictured is not None]
        if pictured:
            items.append(Item("Pictures", page("samples", pictured[0].slug), "samples"))
        items.append(Item("Methods", f"{INDEX}#methods", "methods"))
        items.append(Item("Data", _only("datasets", [dataset.slug for dataset in site.datasets]), "datasets"))
        items.append(Item("Protocols", _only("protocols", [protocol.slug for protocol in site.protocols]), "protocols"))
        if self._reported:
            items.append(Item("From papers", REPORTED, "reported"))
        return [*items, Item("How to enter", ENTER, "enter")]

    def _page(self, template: str, place: str, here: str, **content: Any) -> str:
        root = "../" * place.count("/")
        return self._environment.get_template(template).render(
            content, place=place, here=here, root=root, url=lambda path: address(path, root)
        )

    def _board(self, shown: ShownBoard) -> tuple[str, str]:
        place = page("boards", shown.slug)
        return place, self._page(
            "board.html",
            place,
            "boards",
            shown=shown,
            dataset=self._site.dataset_of(shown),
            protocol=self._site.protocol_of(shown),
            groups=_groups(shown),
            entries=entry_rows(shown),
            has_charts=bool(charted(shown)),
            has_seconds=_has_seconds(shown),
        )

    def _samples(self, shown: ShownBoard) -> tuple[str, str]:
        place = page("samples", shown.slug)
        return place, self._page("samples.html", place, "samples", shown=shown, dataset=self._site.dataset_of(shown))

    def _method(self, method: ShownMethod) -> tuple[str, str]:
        place = page("methods", method.slug)
        standings = method.standings
        return place, self._page(
            "method.html",
            place,
            "methods",
            method=method,
            notices=[notices_of(standing) for standing in standings],
            breakdowns=[breakdowns(standing.shown, method.name) for standing in standings],
            revisions=[revisions(standing) for standing in standings],
            has_seconds=[_has_seconds(standing.shown) for standing in standings],
            boards_with_charts=[
                one.shown for one in standings if one.shown.row(method.name).cells[0].value is not None
            ],
        )

    def _dataset(self, dataset: ShownDataset) -> tuple[str, str]:
        place = page("datasets", dataset.slug)
        pictured = next((shown for shown in dataset.boards if shown.pictured is not None), None)
        scenes = dataset.rendering.scenes.values()
        return place, self._page(
            "dataset.html",
            place,
            "datasets",
            dataset=dataset,
            sizes=sizes_of(dataset.rendering),
            levels=max(len(scene.blur_parameters) for scene in scenes),
            floors=any(scene.noise_floor for scene in scenes),
            sheets=[] if pictured is None else contact_sheets(pictured),
        )

    def _protocol(self, protocol: ShownProtocol) -> tuple[str, str]:
        place = page("protocols", protocol.slug)
        text = json.dumps(protocol.protocol.model_dump(mode="json"), indent=2, ensure_ascii=False)
        words = definition(protocol.protocol)
        return place, self._page("protocol.html", place, "protocols", protocol=protocol, words=words, definition=text)


def _only(kind: str, slugs: list[str]) -> str:
    """Return the one page of a kind, or the list of several."""
    return page(kind, slugs[0]) if len(slugs) == 1 else f"{INDEX}#{kind}"


def _sort_key(column: Column, cell: Cell) -> float:
    """Return what a cell is sorted by; without a number it comes last in the order that a reader sees first."""
    if cell.value is not None:
        return cell.value
    return -_LAST if column.better == "higher" else _LAST


def _groups(shown: ShownBoard) -> list[Group]:
    found = []
    for name, title in _GROUPS.items():
        tables = tuple(table for table in shown.tables if table.name.startswith(f"{name}_"))
        if tables:
            notes = tuple(dict.fromkeys(note for table in tables for note in table.notes))
            found.append(Group(name, title, tables, notes))
    return found


def _has_seconds(shown: ShownBoard) -> bool:
    index = [column.key for column in shown.main.columns].index("seconds")
    return any(row.cells[index].value is not None for row in shown.main.rows)
