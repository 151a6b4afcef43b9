"""What a check of a dataset found: one row of ``bokehbench dataset validate``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "failed", "not checked"]


@dataclass(frozen=True)
class Finding:
    """One row. scene: empty for what concerns the whole dataset; text: what was found, and what was expected."""

    check: str
    scene: str
    state: State
    text: str


def listed(items: list[str], shown: int = 3) -> str:
    """Return the first few of many things as text."""
    more = f" and {len(items) - shown} more" if len(items) > shown else ""
    return ", ".join(items[:shown]) + more
