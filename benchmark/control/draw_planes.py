"""Plots of what becomes of textured planes, of edges in depth, and of hard inputs."""

from __future__ import annotations

import numpy as np
from matplotlib.ticker import FuncFormatter

from .exact import half_plane_coverage
from .focus_control import FROM_EDGE_PX, FocusEvidence
from .monotone_control import MonotoneEvidence
from .occlusion_control import OcclusionEvidence
from .plot_style import BEHIND, FAINT, IN_FRONT, INK, SOFT, VERDICT_COLOURS, Canvas, name_axes
from .robustness_control import RobustnessEvidence
from .targets import OCCLUSION_RADIUS_PX, WIDTH

_LEAST = 1e-5  # shown for no difference at all
_MARKS = {"pass": "✓", "notice": "!", "fail": "✗"}


def draw_focus(evidence: FocusEvidence, figure: Canvas) -> None:
    """Draw the largest change of each column; only what is in focus is judged."""
    axes = figure.subplots()
    columns = np.arange(WIDTH) + 0.5
    half = WIDTH // 2
    axes.axvspan(half - FROM_EDGE_PX, half + FROM_EDGE_PX, color=FAINT, linewidth=0)
    axes.axhline(1 / 255, color=SOFT, linewidth=1, dashes=(4, 3))
    axes.text(WIDTH - 2, 1 / 255, "one 8-bit step", ha="right", va="bottom", fontsize=8, color=INK, zorder=5)
    near, far, still = (np.maximum(values, _LEAST) for values in (evidence.near, evidence.far, evidence.still))
    left, right = columns < half, columns >= half
    axes.plot(columns[left], near[left], color=IN_FRONT, linewidth=1.6, label="near half in focus")
    axes.plot(columns[right], far[right], color=BEHIND, linewidth=1.6, label="far half in focus")
    axes.plot(columns[right], near[right], color=IN_FRONT, linewidth=0.8, alpha=0.35)
    axes.plot(columns[left], far[left], color=BEHIND, linewidth=0.8, alpha=0.35)
    axes.plot(columns, still, color=INK, linewidth=1.0, dashes=(2, 2), label="K = 0")
    axes.plot([], [], color=SOFT, linewidth=0.8, alpha=0.6, label="pale: the other half, blurred as it should be")
    axes.set_yscale("log")
    axes.set_ylim(0.6 * _LEAST, 12.0)
    axes.set_xlim(0, WIDTH)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: "≤ 0.00001" if value <= _LEAST else f"{value:g}"))
    axes.legend(loc="upper center", ncols=4, handlelength=1.4, columnspacing=1.2)
    name_axes(
        axes, "Largest change in a column (grey: too near the edge to be judged)", "column (px)", "|out − in|, display"
    )


def draw_monotone(evidence: MonotoneEvidence, figure: Canvas) -> None:
    """Draw sharpness by radius, beside that of an exact disc."""
    axes = figure.subplots()
    position = np.arange(len(evidence.radius_px))
    axes.plot(position, evidence.ideal, color=SOFT, linewidth=1.4, label="ideal lens")
    axes.plot(position, evidence.behind, color=BEHIND, marker="o", linewidth=0.8, label="behind the focus")
    axes.plot(
        position,
        evidence.in_front,
        color=IN_FRONT,
        marker="^",
        markerfacecolor="none",
        markersize=8,
        linewidth=0.8,
        label="in front of it",
    )
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    axes.set_xticks(position, [f"{radius:g}" for radius in evidence.radius_px])
    axes.legend(loc="lower left")
    name_axes(
        axes, "Sharpness that is left (mean squared difference of neighbours)", "|defocus| (px)", "of the input's"
    )


def draw_occlusion(evidence: OcclusionEvidence, figure: Canvas) -> None:
    """Draw coverage by the near plane across its edge."""
    panels = figure.subplots(1, 2, sharey=True)
    kinds = (
        ("Near plane blurred, far plane sharp", evidence.blurred_edge, OCCLUSION_RADIUS_PX),
        ("Near plane sharp, far plane blurred", evidence.sharp_edge, 0.0),
    )
    for axes, (title, profiles, radius) in zip(panels, kinds, strict=True):
        reach = float(np.abs(profiles[0].distance_px).max())
        grid = np.linspace(-reach, reach, 801)
        axes.plot(grid, half_plane_coverage(grid, radius), color=SOFT, linewidth=3.5, alpha=0.6, label="thin lens")
        for one in profiles:
            axes.plot(
                one.distance_px,
                one.coverage,
                color=IN_FRONT if one.near_is_bright else INK,
                marker="o" if one.near_is_bright else "^",
                markersize=6.0 if one.near_is_bright else 3.0,
                markerfacecolor="none" if one.near_is_bright else INK,
                linewidth=0.8,
                label=f"{'bright' if one.near_is_bright else 'dark'} near plane",
            )
        name_axes(axes, title, "← near plane    distance from its edge (px)    far plane →", "")
    panels[0].set_ylabel("coverage by the near plane")
    panels[1].legend(loc="upper right")


def draw_robustness(evidence: RobustnessEvidence, figure: Canvas) -> None:
    """Draw a table: one row a case, a few words a check."""
    axes = figure.subplots()
    axes.set_axis_off()
    cases = list(dict.fromkeys(check.case for check in evidence.checks))
    axes.set_xlim(0, 1)
    axes.set_ylim(len(cases) - 0.4, -0.6)
    for row, case in enumerate(cases):
        if row % 2 == 0:
            axes.axhspan(row - 0.5, row + 0.5, color="#f6f7f8", linewidth=0)
        axes.text(0.01, row, case, va="center")
        mine = [check for check in evidence.checks if check.case == case]
        for check, left in zip(mine, (0.30, 0.49, 0.61, 0.76), strict=False):
            room = 62 if len(mine) == 1 else 26
            text = check.found if len(check.found) <= room else f"{check.found[: room - 1]}…"
            axes.text(left, row, f"{_MARKS[check.verdict]} {text}", va="center", color=VERDICT_COLOURS[check.verdict])
