"""From results to tables and a page.

    from leaderboards import build_page, leaderboard
    board = leaderboard(load_results(Path("out/results")))

Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bokeh_render.lazy import load_on_use

if TYPE_CHECKING:
    from .page import build_page
    from .table import Leaderboard, leaderboard

__all__ = ["Leaderboard", "build_page", "leaderboard"]

__getattr__ = load_on_use(
    __name__,
    {"Leaderboard": "table", "leaderboard": "table", "build_page": "page"},
)
