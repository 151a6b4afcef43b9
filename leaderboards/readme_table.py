"""The README's own table, made from the store: what stands between two comments is ours to write.

    <!-- leaderboard: blb-v1 bokehbench-blb-mini@1.0 -->
    <!-- /leaderboard -->

``python -m leaderboards.readme_table README.md`` writes it; with ``--check`` it only says whether it is up to date.
Where the store holds several renderings of a dataset, the first digits of one's files_sha256 stand last in the comment.
"""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from benchmark.results import METRICS
from bokeh_render.atomic import write_text
from bokeh_render.errors import BadInputError, BokehbenchError

from .board import Board, boards
from .board_tables import SECONDS, make_table, over_all
from .markdown import escape
from .store import read_store
from .table_markdown import origin_markdown, table_markdown
from .tables import MARKS

OWN_STORE = Path(__file__).parent
"""The store that is published with the code."""

_BLOCK = re.compile(
    r"^(?P<opening><!-- leaderboard: (?P<protocol>\S+) (?P<dataset>\S+)@(?P<version>\S+)"
    r"(?: (?P<files>[0-9a-f]+))? -->\n)"
    r".*?"
    r"^(?P<closing><!-- /leaderboard -->)",
    re.DOTALL | re.MULTILINE,
)
_COMMENT = re.compile(r"^<!-- /?leaderboard\b", re.MULTILINE)


def has_table(text: str) -> bool:
    """Return whether a text holds a place for a table."""
    return _COMMENT.search(text) is not None


def with_tables(text: str, store: Path) -> str:
    """Return a text with every table in it as the store has it now.

    Raises BadInputError when a comment is not as expected, or the store has not the one board that it names.
    """
    if len(_COMMENT.findall(text)) != 2 * len(_BLOCK.findall(text)):
        raise BadInputError(
            "a comment for a table is not as expected; expected <!-- leaderboard: PROTOCOL DATASET@VERSION --> and "
            "<!-- /leaderboard -->, each in a line of its own: correct it"
        )
    content = read_store(store)
    every = boards(content.entries, content.renderings)

    def filled(block: re.Match[str]) -> str:
        return f"{block['opening']}{board_block(_named(every, block))}{block['closing']}"

    return _BLOCK.sub(filled, text)


def _named(every: list[Board], block: re.Match[str]) -> Board:
    told = f"{block['protocol']} {block['dataset']}@{block['version']}"
    found = [
        board
        for board in every
        if (board.protocol.name, board.rendering.name, board.rendering.version)
        == (block["protocol"], block["dataset"], block["version"])
        and board.rendering.files_sha256.startswith(block["files"] or "")
    ]
    if not found:
        known = sorted({f"{one.protocol.name} {one.rendering.name}@{one.rendering.version}" for one in every})
        raise BadInputError(f"the store has no results of {told}; expected one of {', '.join(known)}")
    if len(found) > 1:
        hashes = ", ".join(board.rendering.files_sha256[:12] for board in found)
        raise BadInputError(
            f"the store has {len(found)} renderings of {told}: {hashes}; expected the first digits of one after it"
        )
    return found[0]


def board_block(board: Board) -> str:
    """Return the table of a board as a README shows it, with a line on what it is of."""
    measures = [*map(over_all, (*METRICS, "boundary_psnr")), SECONDS]
    table = make_table(board, "readme", "All samples", measures)
    counts = Counter(row.status for row in table.rows)
    status = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    told = [
        f"{escape(table.origin.dataset)} {escape(table.origin.version)}, protocol {escape(table.origin.protocol)}.",
        *map(escape, (*table.missing, *table.notes, MARKS)),
        f"Entries: {status}.",
        origin_markdown(table.origin),
    ]
    return f"\n{table_markdown(table)}\n{' '.join(told)}\n\n"


def main(
    readme: Annotated[Path, typer.Argument(help="The Markdown file.")],
    store: Annotated[Path, typer.Option(help="Folder with results/ and datasets/.")] = OWN_STORE,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit with 1 if a table is stale.")] = False,
) -> None:
    """Write the tables of a Markdown file anew from a store of results."""
    try:
        if not readme.is_file():
            raise BadInputError(f"{readme} does not exist; expected a Markdown file")
        text = readme.read_text(encoding="utf-8")
        if not has_table(text):
            raise BadInputError(
                f"{readme} has no place for a table; expected <!-- leaderboard: PROTOCOL DATASET@VERSION -->"
            )
        new = with_tables(text, store)
    except BokehbenchError as error:
        typer.echo(f"bokehbench: {error}", err=True)
        raise typer.Exit(error.exit_code) from None
    if new == text:
        typer.echo(f"{readme}: up to date")
    elif check:
        typer.echo(f"{readme}: the table is not what the results say; run this without --check", err=True)
        raise typer.Exit(1)
    else:
        write_text(readme, new)
        typer.echo(f"{readme}: written")


if __name__ == "__main__":
    typer.run(main)
