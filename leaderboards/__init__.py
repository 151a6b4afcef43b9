"""From results to a store of entries, tables and a site.

    content = read_store(Path("leaderboards"))
    for board in boards(content.entries, content.renderings):
        write_tables(board, Path("tables"))
    build_site(content, Path("site"))

Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bokeh_render.lazy import load_on_use

if TYPE_CHECKING:
    from .board import Board, boards
    from .entry import Entry
    from .store import Content, read_store
    from .table_files import write_tables
    from .website.build import build_site

__all__ = ["Board", "Content", "Entry", "boards", "build_site", "read_store", "write_tables"]

__getattr__ = load_on_use(
    __name__,
    {
        "Board": "board",
        "boards": "board",
        "Entry": "entry",
        "Content": "store",
        "read_store": "store",
        "write_tables": "table_files",
        "build_site": "website.build",
    },
)
