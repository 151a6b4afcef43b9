"""How all plots of the controls look, and the few pieces they share."""

from __future__ import annotations

import textwrap
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from .record import NoEvidence, Verdict

Canvas = Figure | SubFigure

INK, SOFT, FAINT = "#22252b", "#8a8f98", "#e7e9ec"
BEHIND, IN_FRONT = "#1f6fb4", "#d9731a"
VERDICT_COLOURS: dict[Verdict, str] = {"pass": "#1f7a4d", "notice": "#a86a00", "fail": "#b3261e"}

SETTINGS: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": FAINT,
    "axes.axisbelow": True,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "text.color": INK,
    "text.parse_math": False,  # messages of methods may hold dollar signs
    "lines.markersize": 5.0,
}
BEHIND_MARKS: dict[str, Any] = {"color": BEHIND, "marker": "o", "linestyle": "none", "label": "behind the focus"}
FRONT_MARKS: dict[str, Any] = {
    "color": IN_FRONT,
    "marker": "^",
    "linestyle": "none",
    "markerfacecolor": "none",
    "markersize": 7.0,
    "label": "in front of it",
}


def name_axes(axes: Axes, title: str, across: str, up: str) -> None:
    """Give axes a title and the names of what they show, with units."""
    axes.set_title(title)
    axes.set_xlabel(across)
    axes.set_ylabel(up)


def draw_nothing(evidence: NoEvidence, figure: Canvas) -> None:
    """Write the reason where a plot would be."""
    text = "\n".join(textwrap.wrap(evidence.reason, 110))
    figure.text(0.5, 0.5, text, ha="center", va="center", color=SOFT)
