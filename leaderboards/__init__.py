"""From results to tables and a page.

    from leaderboards import build_page, leaderboard
    board = leaderboard(load_results(Path("out/results")))

Names are loaded when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .page import build_page
    from .table import Leaderboard, leaderboard

__all__ = ["Leaderboard", "build_page", "leaderboard"]

_HOME = {"Leaderboard": "table", "leaderboard": "table", "build_page": "page"}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
