"""One PNG per control, and all of them on one sheet: drawn on figures of our own, without a display.

While they are drawn, matplotlib's settings are ours for the whole process (``rc_context``): draw from one thread.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

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
from .record import OVERVIEW_FILE, ControlReport, ControlResult, NoEvidence
from .robustness_control import RobustnessEvidence
from .shape_control import ShapeEvidence

Pixels = NDArray[np.uint8]

_DPI = 100
_WIDTH_IN, _HEAD_IN, _BODY_IN, _TITLE_IN = 9.2, 0.95, 3.6, 0.6
_COLUMNS = 2
_LINE = 122  # characters of a sentence that fit the width


def write_plots(report: ControlReport, evidence: Mapping[str, object], out: Path, told: ReportStep) -> None:
    """Write ``<control>.png`` for each result and ``control.png`` with all of them.

    Not for several threads at once: matplotlib's settings are changed meanwhile, and put back.
    """
    task = f"{report.method}: plots"
    total = len(report.results)
    panels = []
    with mpl.rc_context(SETTINGS):
        for done, result in enumerate(report.results):
            told(Step(task, done, total, result.name))
            figure = Figure(figsize=(_WIDTH_IN, _HEAD_IN + _BODY_IN), dpi=_DPI)
            figure.set_layout_engine("constrained", w_pad=0.16, h_pad=0.10)
            _draw_panel(figure, result, evidence[result.name])
            panels.append(_pixels(figure))
            _save(panels[-1], out / f"{result.name}.png")
        columns = min(_COLUMNS, len(panels))
        title = _pixels(_title(report, columns * _WIDTH_IN))
    _save(_overview(title, panels, columns), out / OVERVIEW_FILE)
    told(Step(task, total, total))


def _title(report: ControlReport, width_in: float) -> Figure:
    figure = Figure(figsize=(width_in, _TITLE_IN), dpi=_DPI)
    name = f"Controls of {report.method}"
    figure.text(0.14 / width_in, 0.4, name, fontsize=17, fontweight="bold", color=INK, va="center")
    counts = [sum(result.verdict == verdict for result in report.results) for verdict in VERDICT_COLOURS]
    words = f"revision {report.revision}   ·   {counts[0]} pass, {counts[1]} notice, {counts[2]} fail"
    figure.text(1 - 0.2 / width_in, 0.4, words, fontsize=11, color=SOFT, va="center", ha="right")
    return figure


def _overview(title: Pixels, panels: list[Pixels], columns: int) -> Pixels:
    """Return one picture: the title over rows of panels, white where there is none."""
    height, width = panels[0].shape[:2]
    rows = -(-len(panels) // columns)
    sheet = np.full((title.shape[0] + rows * height, columns * width, 3), 255, dtype=np.uint8)
    sheet[: title.shape[0]] = title
    for index, panel in enumerate(panels):
        top, left = title.shape[0] + index // columns * height, index % columns * width
        sheet[top : top + height, left : left + width] = panel
    return sheet


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


def _pixels(figure: Figure) -> Pixels:
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    return np.array(canvas.buffer_rgba())[..., :3]


def _save(picture: Pixels, path: Path) -> None:
    with atomic_path(path) as temporary:
        Image.fromarray(picture).save(temporary, format="PNG", optimize=True)
