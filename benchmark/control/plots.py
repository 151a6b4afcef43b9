"""One PNG per control, and all of them on one sheet: drawn on figures of our own, no display and no global state."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

from bokeh_render.atomic import atomic_path
from bokeh_render.progress import ReportStep, Step

from .catalogue import CONTROLS
from .draw_lights import draw_edge, draw_energy, draw_radius, draw_shape
from .draw_planes import draw_focus, draw_monotone, draw_occlusion, draw_robustness
from .edge_control import EdgeEvidence
from .energy_control import EnergyEvidence
from .focus_control import FocusEvidence
from .monotone_control import MonotoneEvidence
from .occlusion_control import OcclusionEvidence
from .plot_style import INK, SETTINGS, SOFT, VERDICT_COLOURS, Canvas, draw_nothing
from .radius_control import RadiusEvidence
from .record import ControlReport, ControlResult, NoEvidence
from .robustness_control import RobustnessEvidence
from .shape_control import ShapeEvidence

_DPI = 100
_WIDTH_IN, _HEAD_IN, _BODY_IN, _TITLE_IN = 9.2, 0.95, 3.6, 0.6
_COLUMNS = 2
_LINE = 122  # characters of a sentence that fit the width


def write_plots(report: ControlReport, evidence: Mapping[str, object], out: Path, told: ReportStep) -> None:
    """Write ``<control>.png`` for each result and ``control.png`` with all of them."""
    task = f"{report.method}: plots"
    total = len(report.results) + 1
    with mpl.rc_context(SETTINGS):
        for done, result in enumerate(report.results):
            told(Step(task, done, total, result.name))
            figure = _figure(_WIDTH_IN, _HEAD_IN + _BODY_IN)
            _draw_panel(figure, result, evidence[result.name])
            _save(figure, out / f"{result.name}.png")
        told(Step(task, total - 1, total, "overview"))
        _save(_overview(report, evidence), out / "control.png")
        told(Step(task, total, total))


def _figure(width_in: float, height_in: float) -> Figure:
    figure = Figure(figsize=(width_in, height_in), dpi=_DPI)
    figure.set_layout_engine("constrained", w_pad=0.16, h_pad=0.10)
    return figure


def _overview(report: ControlReport, evidence: Mapping[str, object]) -> Figure:
    columns = min(_COLUMNS, len(report.results))
    rows = -(-len(report.results) // columns)
    heights = [_TITLE_IN, *[_HEAD_IN + _BODY_IN] * rows]
    figure = _figure(columns * _WIDTH_IN, sum(heights))
    strips: Any = figure.subfigures(rows + 1, 1, height_ratios=heights)
    title = f"Controls of {report.method}"
    strips[0].text(0.008, 0.4, title, fontsize=17, fontweight="bold", color=INK, va="center")
    counts = [sum(result.verdict == verdict for result in report.results) for verdict in VERDICT_COLOURS]
    words = f"revision {report.revision}   ·   {counts[0]} pass, {counts[1]} notice, {counts[2]} fail"
    strips[0].text(0.992, 0.4, words, fontsize=11, color=SOFT, va="center", ha="right")
    for row in range(rows):
        panels = strips[row + 1].subfigures(1, columns, squeeze=False)[0]
        for panel, result in zip(panels, report.results[row * columns :], strict=False):
            _draw_panel(panel, result, evidence[result.name])
    return figure


def _draw_panel(canvas: Any, result: ControlResult, evidence: object) -> None:
    head, body = canvas.subfigures(2, 1, height_ratios=[_HEAD_IN, _BODY_IN])
    colour = VERDICT_COLOURS[result.verdict]
    badge = {"boxstyle": "round,pad=0.35", "facecolor": colour, "edgecolor": "none"}
    word = f"{result.verdict.upper():^6}"
    mono = {"family": "DejaVu Sans Mono", "size": 9, "weight": "bold"}
    head.text(0.020, 0.76, word, fontproperties=mono, color="white", va="center", bbox=badge)
    name = f"{result.name}: {CONTROLS[result.name].question}"
    head.text(0.100, 0.76, name, fontsize=12, fontweight="bold", va="center")
    lines = textwrap.wrap(result.sentence, _LINE, max_lines=3, placeholder=" …")
    head.text(0.013, 0.50, "\n".join(lines), fontsize=9.2, va="top", color=INK, linespacing=1.35)
    _DRAW[type(evidence)](evidence, body)


_DRAW: dict[type, Callable[[Any, Canvas], None]] = {
    RadiusEvidence: draw_radius,
    EdgeEvidence: draw_edge,
    EnergyEvidence: draw_energy,
    ShapeEvidence: draw_shape,
    FocusEvidence: draw_focus,
    MonotoneEvidence: draw_monotone,
    OcclusionEvidence: draw_occlusion,
    RobustnessEvidence: draw_robustness,
    NoEvidence: draw_nothing,
}


def _save(figure: Figure, path: Path) -> None:
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", facecolor="white", metadata={"Software": None})
