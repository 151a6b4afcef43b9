"""Pipe tables of GitHub's Markdown that also stand in line on a terminal, and text that means nothing to it."""

from __future__ import annotations

import re
from collections.abc import Sequence

_MEANS_SOMETHING = re.compile(
    r"[\\`*<>|&\[\]]"
    r"|(?<![^\W_])_|_(?![^\W_])"  # _ within a word means nothing
    r"|:(?=//)|(?<=www)\.",  # a bare address would be a link
    re.IGNORECASE,
)


def escape(text: str) -> str:
    """Return text that reads the same in Markdown."""
    return _MEANS_SOMETHING.sub(r"\\\g<0>", " ".join(text.split()))


def pipe_table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int) -> str:
    """Return a table, its cells escaped already. left: index of the one column that is not set to the right."""
    sizes = [max(3, *(len(line[index]) for line in (head, *rows))) for index in range(len(head))]
    rule = ["-" * size if index == left else "-" * (size - 1) + ":" for index, size in enumerate(sizes)]
    return "\n".join(_line(line, sizes, left) for line in (head, rule, *rows)) + "\n"


def _line(cells: Sequence[str], sizes: Sequence[int], left: int) -> str:
    padded = [
        cell.ljust(size) if index == left else cell.rjust(size)
        for index, (cell, size) in enumerate(zip(cells, sizes, strict=True))
    ]
    return "| " + " | ".join(padded) + " |"
