"""Numbers of a board's tables as the charts take them: the same as in the tables, so that neither can disagree."""

from __future__ import annotations

import json
from typing import Any

from benchmark.results import METRICS

from ..tables import Cell, Column, Table
from .arrangement import ShownBoard
from .wording import scene_label

_DIGITS = 6


def as_script(name: str, key: str, content: Any) -> str:
    """Return a script that lays data under ``bokehbench.<name>[key]``; a page opened as a file cannot fetch JSON."""
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    top = "window.bokehbench = window.bokehbench || {};"
    return f"{top}\n(bokehbench.{name} = bokehbench.{name} || {{}})[{json.dumps(key)}] = {text};\n"


def charted(shown: ShownBoard) -> list[Column]:
    """Return the metrics that charts can show: those that any method has a mean of."""
    return [column for column in shown.main.columns if column.key in METRICS and _known(shown.main, column.key)]


def chart_data(shown: ShownBoard) -> dict[str, Any]:
    """Return what the charts of a board show. Points: ``[mean, low, high]``, None where there is no number.

    overall: by metric, then method; levels, scenes: by metric, method, then blur level or scene.
    """
    main, metrics = shown.main, charted(shown)
    seconds = _column(main, "seconds")
    return {
        "title": shown.title,
        "methods": [row.method for row in main.rows],
        "metrics": [
            {"key": one.key, "label": one.label, "digits": one.digits, "better": one.better} for one in metrics
        ],
        "seconds": None if seconds is None else [None if cell is None else cell[0] for cell in seconds],
        "levelNames": [f"level {blur + 1}" for blur in shown.board.blurs],
        "sceneNames": [scene_label(scene) for scene in shown.board.scenes],
        "overall": {one.key: _column(main, one.key) for one in metrics},
        "levels": _rows(shown, "levels", [one.key for one in metrics]),
        "scenes": _rows(shown, "scenes", [one.key for one in metrics]),
        "floor": {
            "overall": None if main.noise_floor is None else main.noise_floor[0],
            "levels": _floors(shown.table("levels_psnr")),
            "scenes": _floors(shown.table("scenes_psnr")),
        },
    }


def _known(table: Table, key: str) -> bool:
    column = _column(table, key)
    return column is not None and any(point is not None for point in column)


def _column(table: Table, key: str) -> list[list[float | None] | None] | None:
    keys = [column.key for column in table.columns]
    return [_point(row.cells[keys.index(key)]) for row in table.rows] if key in keys else None


def _rows(shown: ShownBoard, name: str, metrics: list[str]) -> dict[str, list[list[list[float | None] | None]]]:
    tables = {metric: shown.table(f"{name}_{metric}") for metric in metrics}
    return {
        metric: [[_point(cell) for cell in row.cells] for row in table.rows]
        for metric, table in tables.items()
        if table is not None
    }


def _floors(table: Table | None) -> list[float | None] | None:
    return None if table is None or table.noise_floor is None else [_round(floor) for floor in table.noise_floor]


def _point(cell: Cell) -> list[float | None] | None:
    return None if cell.value is None else [_round(cell.value), _round(cell.low), _round(cell.high)]


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, _DIGITS)
