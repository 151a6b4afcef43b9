"""The static page: tables, pictures and provenance in one folder that needs no server and no network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jinja2
from benchmark.results import Result
from bokeh_render.atomic import write_text

from .gallery import ERROR_SCALE, PictureSource, SceneGallery, scene_gallery
from .table import METRIC_LABELS, Leaderboard, format_metric, leaderboard, to_csv, to_markdown

_SHOWN_FOCUS = 3


def build_page(results: Sequence[Result], out: Path, pictures: PictureSource | None = None) -> Path:
    """Write ``index.html``, ``leaderboard.md`` and ``leaderboard.csv`` into ``out`` and return the page's path.

    pictures: where input, truth and predictions come from; without it the page has tables only.
    Raises BadInputError when the results do not belong into one table.
    """
    board = leaderboard(results)
    galleries = [] if pictures is None else _galleries(board, results, out, pictures)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("leaderboards"), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    page = environment.get_template("page.html").render(
        board=board,
        galleries=galleries,
        metrics=METRIC_LABELS,
        format_metric=format_metric,
        error_scale=ERROR_SCALE,
    )
    write_text(out / "leaderboard.md", to_markdown(board))
    write_text(out / "leaderboard.csv", to_csv(board))
    write_text(out / "index.html", page)
    return out / "index.html"


def _galleries(board: Leaderboard, results: Sequence[Result], out: Path, pictures: PictureSource) -> list[SceneGallery]:
    """Show the strongest blur level, at up to three focus settings spread over all."""
    blur = board.tables[-1].blur or 0
    methods = [row.method for row in board.tables[-1].rows]
    by_name = {result.method.name: result for result in results}
    focus = sorted({sample.focus for sample in results[0].samples})
    step = max(1, (len(focus) - 1) // max(1, _SHOWN_FOCUS - 1))
    shown = focus[::step][:_SHOWN_FOCUS]
    return [scene_gallery(pictures(scene, blur, shown, methods), by_name, methods, out) for scene in board.scenes]
