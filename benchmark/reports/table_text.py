"""Numbers and tables as text: Markdown whose columns also stand in line on a terminal, in blocks where it is wide."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from itertools import pairwise

from .uncertainty import Interval

_LABELS = {"psnr": "PSNR (dB) ↑", "ssim": "SSIM ↑", "lpips": "LPIPS ↓"}
_DIGITS = {"psnr": 2, "ssim": 4, "lpips": 4}
_SMALLEST_P = 0.001


def label_of(metric: str) -> str:
    """Return a metric as a column's head. metric: ``psnr``, ``ssim``, ``lpips``, or of a region: ``boundary_psnr``."""
    region, _, name = metric.rpartition("_")
    return f"{region.replace('_', ' ')} {_LABELS[name]}".strip()


def format_value(metric: str, value: float | None, *, signed: bool = False) -> str:
    """Return a value with the metric's usual digits, or ``n/a``."""
    digits = _DIGITS[metric.rpartition("_")[2]]
    if value is None:
        return "n/a"
    value = round(value, digits) + 0.0  # no -0.00
    return f"{value:+.{digits}f}" if signed else f"{value:.{digits}f}"


def format_interval(metric: str, found: Interval | None, *, signed: bool = False) -> str:
    """Return ``mean [low, high]``; the mean alone where there is no interval; ``n/a`` where there is no mean.

    Limits have a digit less than the mean, but those of differences (``signed``), which may be small.
    """
    if found is None:
        return "n/a"
    mean = format_value(metric, found.mean, signed=signed)
    if found.low is None or found.high is None:
        return mean
    digits = _DIGITS[metric.rpartition("_")[2]] - (0 if signed else 1)
    sign = "+" if signed else ""
    low, high = (f"{round(limit, digits) + 0.0:{sign}.{digits}f}" for limit in (found.low, found.high))
    return f"{mean} [{low}, {high}]"


def format_p(value: float) -> str:
    """Return a p-value with three digits."""
    return f"<{_SMALLEST_P:g}" if value < _SMALLEST_P else f"{value:.3f}"


def paragraph(text: str, width: int) -> str:
    """Return text broken into lines."""
    return textwrap.fill(text, width, break_long_words=False, break_on_hyphens=False)


def format_table(head: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str:
    """Return a Markdown table, its first column left, the others right; in blocks that repeat the first column.

    A block leaves out rows that are empty in it.
    head: a text per column; rows: as long as head; width: most columns of text, unless two columns alone need more.
    """
    sizes = [max(3, *(len(row[column]) for row in [head, *rows])) for column in range(len(head))]
    blocks = []
    for columns in _blocks(sizes, width):
        rule = ["-" * sizes[0], *("-" * (size - 1) + ":" for size in sizes[1:])]
        told = [row for row in rows if any(row[column] for column in columns[1:])]
        lines = [head, rule, *told]
        blocks.append("\n".join(_line([line[c] for c in columns], [sizes[c] for c in columns]) for line in lines))
    return "\n\n".join(blocks)


def _blocks(sizes: Sequence[int], width: int) -> list[list[int]]:
    """Return the columns of each block, the first in all; as few blocks as possible, of about as many columns each."""
    least = 1
    while True:
        count = len(sizes) - 1
        bounds = [round(count * block / least) for block in range(least + 1)]
        blocks = [[0, *range(start + 1, end + 1)] for start, end in pairwise(bounds)]
        if least >= count or all(sum(sizes[c] + 3 for c in block) + 1 <= width for block in blocks):
            return blocks
        least += 1


def _line(cells: Sequence[str], sizes: Sequence[int]) -> str:
    padded = [cells[0].ljust(sizes[0]), *(cell.rjust(size) for cell, size in zip(cells[1:], sizes[1:], strict=True))]
    return "| " + " | ".join(padded) + " |"
