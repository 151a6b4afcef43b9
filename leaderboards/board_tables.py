"""Tables of a board: its means as columns, its entries as rows.

Every number comes from ``Board.score``, which gives none where a sample that it is over is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmark.reports.scene_scores import LOWER_IS_BETTER
from benchmark.reports.table_text import label_of
from benchmark.reports.uncertainty import Interval
from benchmark.results import METRICS

from .board import Board
from .placing import DIGITS, STORED_DIGITS, as_shown, places
from .tables import MAIN, Cell, Column, Origin, Row, Table

MOST_SCENES = 20
"""No table has a column per scene beyond this many; pairs of photographs are hundreds of scenes."""

_NAMED_SCENES = 3


@dataclass(frozen=True)
class Measure:
    """A column, and what it is the mean of. metric: as :meth:`Board.score` takes it, or ``seconds``.

    scene, blur, corruption: the part of the samples that it is over; None: all of them.
    """

    column: Column
    metric: str
    scene: str | None = None
    blur: int | None = None
    corruption: int | None = None


SECONDS = Measure(Column("seconds", "s/image", "lower", 2), "seconds")


def over_all(metric: str) -> Measure:
    """Return the column of a metric over all samples. metric: ``psnr``, or of a region, ``boundary_psnr``."""
    return Measure(_column(metric, label_of(metric), metric), metric)


def by_level(board: Board, metric: str) -> list[Measure]:
    """Return a column for each blur level. Their names count from 1, the weakest blur."""
    return [
        Measure(_column(f"level_{blur + 1}_{metric}", f"level {blur + 1}", metric), metric, blur=blur)
        for blur in board.blurs
    ]


def by_scene(board: Board, metric: str) -> list[Measure]:
    """Return a column for each scene."""
    return [Measure(_column(f"scene_{scene}_{metric}", scene, metric), metric, scene=scene) for scene in board.scenes]


def by_region(board: Board) -> list[Measure]:
    """Return a column of PSNR for each region that the board's samples have."""
    return [Measure(_column(f"{one}_psnr", one.replace("_", " "), "psnr"), f"{one}_psnr") for one in board.regions]


def by_map(board: Board) -> dict[str, list[Measure]]:
    """Return a column of PSNR for each corrupted disparity map, by the kind of corruption."""
    kinds: dict[str, list[Measure]] = {}
    for index, told in board.corruptions.items():
        kind, _, size = told.partition(" ")
        column = _column(f"map_{index:02d}_psnr", size or told, "psnr")
        kinds.setdefault(kind, []).append(Measure(column, "psnr", corruption=index))
    return kinds


def _column(key: str, label: str, metric: str) -> Column:
    kind = metric.rpartition("_")[2]
    return Column(key, label, "lower" if kind in LOWER_IS_BETTER else "higher", DIGITS[kind])


def board_tables(board: Board) -> list[Table]:
    """Return the main table, then those by blur level, region, scene and corrupted disparity map.

    Of the latter, those that would hold no number, or only what the main table holds, are left out.
    """
    main = make_table(board, MAIN, "All samples", [*map(over_all, METRICS), SECONDS])
    psnr = label_of("psnr")
    leveled, listed = len(board.blurs) > 1, 1 < len(board.scenes) <= MOST_SCENES
    split = [
        *((f"levels_{one}", f"{label_of(one)} by blur level", by_level(board, one)) for one in METRICS if leveled),
        ("regions_psnr", f"{psnr} by region", by_region(board)),
        *((f"scenes_{one}", f"{label_of(one)} by scene", by_scene(board, one)) for one in METRICS if listed),
        *((f"maps_{kind}_psnr", f"{psnr} by disparity map: {kind}", maps) for kind, maps in by_map(board).items()),
    ]
    tables = [make_table(board, name, title, measures) for name, title, measures in split]
    return [main, *(table for table in tables if table.has_numbers)]


def make_table(board: Board, name: str, title: str, measures: Sequence[Measure]) -> Table:
    """Return a table of these columns; rows as the board has them. name, title: see :class:`Table`."""
    columns = tuple(measure.column for measure in measures)
    found = [[_mean(board, method, measure) for method in board.entries] for measure in measures]
    whole = [board.is_whole(method) for method in board.entries]
    cells = [_column_cells(measure, means, whole) for measure, means in zip(measures, found, strict=True)]
    floors = tuple(
        board.noise_floor(scene=measure.scene, blur=measure.blur) if measure.metric == "psnr" else None
        for measure in measures
    )
    rows = tuple(
        Row(
            rank=board.ranks.get(method),
            method=method,
            revision=entry.result.method.revision,
            status=entry.status,
            cells=tuple(column[index] for column in cells),
            note=_missing(board, method),
        )
        for index, (method, entry) in enumerate(board.entries.items())
    )
    over_scenes = [means for measure, means in zip(measures, found, strict=True) if measure.scene is None]
    notes = _notes(board, measures, [mean for means in over_scenes for mean in means if mean is not None])
    return Table(name, title, origin_of(board), columns, rows, None if set(floors) <= {None} else floors, notes)


def origin_of(board: Board) -> Origin:
    """Return what a board's numbers are of."""
    rendering = board.rendering
    return Origin(
        protocol=board.protocol.name,
        protocol_sha256=board.protocol.sha256,
        dataset=rendering.name,
        version=rendering.version,
        recipe_sha256=rendering.recipe_sha256,
        files_sha256=rendering.files_sha256,
        scenes=len(board.scenes),
        samples=len(board.demanded),
    )


def _mean(board: Board, method: str, measure: Measure) -> Interval | None:
    if measure.metric == "seconds":
        return _seconds(board, method)
    return board.score(method, measure.metric, scene=measure.scene, blur=measure.blur, corruption=measure.corruption)


def _seconds(board: Board, method: str) -> Interval | None:
    if not board.is_whole(method):
        return None
    scores = board.entries[method].result.samples
    taken = [score.seconds for score in scores if score.sample in board.demanded]
    known = [seconds for seconds in taken if seconds is not None]
    return Interval(sum(known) / len(known), None, None, len(board.scenes)) if len(known) == len(taken) else None


def _column_cells(measure: Measure, means: Sequence[Interval | None], whole: Sequence[bool]) -> list[Cell]:
    """Return a column's cells, with places among the ranked rows. Seconds get none: machines differ."""
    cells = [Cell(None) if mean is None else _cell(mean) for mean in means]
    if measure.metric == "seconds":
        return cells
    sign = -1 if measure.column.better == "higher" else 1
    shown = [
        sign * as_shown(cell.value, measure.column.digits) if ranked and cell.value is not None else None
        for cell, ranked in zip(cells, whole, strict=True)
    ]
    found = places(value for value in shown if value is not None)
    return [
        cell if value is None or found[value] > 2 else replace(cell, place=found[value])
        for cell, value in zip(cells, shown, strict=True)
    ]


def _cell(mean: Interval) -> Cell:
    low, high = (None if limit is None else round(limit, STORED_DIGITS) for limit in (mean.low, mean.high))
    return Cell(round(mean.mean, STORED_DIGITS), low, high)


def _missing(board: Board, method: str) -> str:
    """Return how many samples a method lacks, and of which scenes; empty where it lacks none."""
    count = board.lacking(method)
    if not count:
        return ""
    scenes = [scene for scene in board.scenes if board.lacking(method, scene=scene)]
    named, more = scenes[:_NAMED_SCENES], len(scenes) - _NAMED_SCENES
    told = f"scene{'s' if len(scenes) > 1 else ''} {', '.join(named)}{f' and {more} more' if more > 0 else ''}"
    total = len(board.demanded)
    return f"{count} of {total} samples {'is' if count == 1 else 'are'} missing ({told})"


def _notes(board: Board, measures: Sequence[Measure], means: Sequence[Interval]) -> tuple[str, ...]:
    """means: those over scenes, which have intervals if there are enough of them."""
    notes = []
    if any(mean.low is not None for mean in means):
        notes.append("Intervals: 95 %, over scenes; what other scenes of the same kind could have given.")
    else:
        notes += [f"No intervals: {reason}." for reason in dict.fromkeys(mean.reason for mean in means) if reason]
    metrics = {measure.metric for measure in measures}
    if "lpips" in metrics:
        reasons: dict[str, list[str]] = {}
        for method, why in board.no_lpips.items():
            reasons.setdefault(why, []).append(method)
        notes += [f"No LPIPS of {', '.join(methods)}: {why.rstrip('.')}." for why, methods in reasons.items()]
    if "seconds" in metrics:
        notes.append("s/image: on the machine of whoever ran the method; never ranked.")
    return tuple(notes)
