"""Tables in LaTeX, ruled by booktabs, and text that LaTeX reads as text."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "↑": r"$\uparrow$",
    "↓": r"$\downarrow$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "—": "---",
    "–": "--",
    "…": r"\ldots{}",
}
_MOST_LARGE = 4  # columns of numbers; with more of them all is set smaller, to fit an article's page
_MOST_UPRIGHT = 6  # with more of them the heads stand on end
_MOST_ABREAST = 10  # with more of them a table goes on below


def escape(text: str) -> str:
    """Return text that reads the same in LaTeX. Letters beyond ASCII stay; all engines of today read UTF-8."""
    return "".join(_SPECIAL.get(character, character) for character in " ".join(text.split()))


def hash_text(digest: str) -> str:
    """Return digits of a hash as LaTeX sets them."""
    return rf"\texttt{{{digest}}}"


@dataclass(frozen=True)
class Grid:
    """What stands in a table, in LaTeX already. foot: rows below a rule of their own.

    first: how many columns come before those of numbers; the last of them is set to the left, any before to the right.
    """

    first: int
    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    foot: Sequence[Sequence[str]] = ()


def table_environment(grid: Grid, caption: str, label: str, notes: Sequence[str]) -> str:
    """Return a ``table`` environment.

    caption, notes (sentences below the table): in LaTeX already; label: any text; what a label cannot hold becomes
    ``-``, and ``tab:`` stands before it.
    """
    numbers = len(grid.head) - grid.first
    blocks = math.ceil(numbers / _MOST_ABREAST)
    bounds = [grid.first + round(numbers * block / blocks) for block in range(blocks + 1)]
    tabulars = [_tabular(grid, start, end) for start, end in pairwise(bounds)]
    small = ["  \\footnotesize\\setlength{\\tabcolsep}{3pt}"] if numbers > _MOST_LARGE else []
    lines = [
        r"\begin{table}[t]",
        r"  \centering",
        rf"  \caption{{{caption}}}",
        rf"  \label{{tab:{re.sub('[^A-Za-z0-9.]+', '-', label)}}}",
        r"  \medskip",
        r"  \renewcommand{\arraystretch}{1.4}",
        *small,
        "\n  \\par\\medskip\n".join(tabulars),
        rf"  \par\medskip\parbox{{\linewidth}}{{\footnotesize {' '.join(notes)}}}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _tabular(grid: Grid, start: int, end: int) -> str:
    """Return the first columns and those from ``start`` to before ``end``."""
    upright = len(grid.head) - grid.first <= _MOST_UPRIGHT

    def line(cells: Sequence[str]) -> str:
        return "    " + " & ".join([*cells[: grid.first], *cells[start:end]]) + r" \\"

    heads = [
        name if upright or index < grid.first else rf"\rotatebox{{90}}{{{name}}}"
        for index, name in enumerate(grid.head)
    ]
    body = [line(row) for row in grid.rows]
    foot = [r"    \midrule", *map(line, grid.foot)] if grid.foot else []
    layout = "r" * (grid.first - 1) + "l" + "c" * (end - start)
    lines = [
        rf"  \begin{{tabular}}{{{layout}}}",
        r"    \toprule",
        line(heads),
        r"    \midrule",
        *body,
        *foot,
        r"    \bottomrule",
        r"  \end{tabular}",
    ]
    return "\n".join(lines)
