"""The static page: tables, pictures and provenance in one folder that needs no server and no network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import jinja2

from benchmark.results import Result
from bokeh_render.atomic import write_text

from .gallery import ERROR_SCALE, PictureSource, SceneGallery, scene_gallery, write_overview
from .table import METRIC_LABELS, Leaderboard, format_metric, leaderboard, to_csv, to_markdown

_SHOWN_FOCUS = 3


def build_page(results: Sequence[Result], out: Path, pictures: PictureSource | None = None) -> Path:
    """Write ``index.html``, ``leaderboard.md`` and ``leaderboard.csv`` into ``out`` and return the page's path.

    pictures: where input, truth and predictions come from, for the page and for ``overview.jpg``; without it the page
    has tables only.
    Raises BadInputError when the results do not belong into one table.
    """
    board = leaderboard(results)
    galleries: list[SceneGallery] = []
    if pictures is not None:
        blur, focus, methods = _shown(board, results)
        sources = [pictures(scene, blur, focus, methods) for scene in board.scenes]
        by_name = {result.method.name: result for result in results}
        galleries = [scene_gallery(source, by_name, methods, out) for source in sources]
        write_overview(out / "overview.jpg", sources)
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


def _shown(board: Leaderboard, results: Sequence[Result]) -> tuple[int, list[int], list[str]]:
    """Return what the pictures show: the strongest blur, up to three focus settings spread over all, all methods."""
    focus = sorted({sample.focus for sample in results[0].samples})
    step = max(1, (len(focus) - 1) // max(1, _SHOWN_FOCUS - 1))
    return board.tables[-1].blur or 0, focus[::step][:_SHOWN_FOCUS], [row.method for row in board.tables[-1].rows]
