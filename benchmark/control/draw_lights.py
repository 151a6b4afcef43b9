"""Plots of what becomes of lights: radius, edge, energy, shape."""

from __future__ import annotations

import numpy as np
from matplotlib.ticker import FuncFormatter

from . import bars
from .edge_control import EdgeEvidence
from .energy_control import EnergyEvidence, grey_steps
from .measures import ANGLES_RAD
from .plot_style import BEHIND, BEHIND_MARKS, FAINT, FRONT_MARKS, IN_FRONT, INK, SOFT, Canvas, name_axes
from .radius_control import RadiusEvidence
from .shape_control import ShapeEvidence
from .targets import GREY_DISPLAY, RADII_PX

_LARGEST_PX = RADII_PX[-1][-1]
_SHADES = ("#5aa9e6", "#1f6fb4", "#0b2f57")  # of blue, light to dark with the radius


def draw_radius(evidence: RadiusEvidence, figure: Canvas) -> None:
    """Draw measured over demanded radius, and what is left of it."""
    whole, left = figure.subplots(1, 2)
    demanded = np.abs(evidence.defocus_px)
    line = np.array([0.0, 1.04 * _LARGEST_PX])
    whole.plot(line, line, color=SOFT, linewidth=1.2, label="as asked")
    whole.plot(line, evidence.slope * line + evidence.offset_px, color=INK, linewidth=0.9, dashes=(5, 3), label="fit")
    left.axhline(0.0, color=SOFT, linewidth=1.2)
    order = np.argsort(demanded)
    left.fill_between(
        demanded[order],
        0,
        (evidence.ideal_px - demanded)[order],
        color=SOFT,
        alpha=0.35,
        linewidth=0,
        label="up to: ideal lens, averaged over pixels",
    )
    for side, marks in ((evidence.defocus_px < 0, BEHIND_MARKS), (evidence.defocus_px > 0, FRONT_MARKS)):
        whole.plot(demanded[side], evidence.measured_px[side], **marks)
        left.plot(demanded[side], (evidence.measured_px - demanded)[side], **marks)
    left.set_xscale("log", base=2)
    left.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    reach = max(0.35, 1.15 * float(np.abs(evidence.measured_px - demanded).max()))
    left.set_ylim(-reach, reach)
    left.legend(loc="lower left", handles=left.get_legend_handles_labels()[0][:1])
    name_axes(whole, "Radius of a point light's disc", "demanded: K·|d − d_f| (px)", "measured (px)")
    name_axes(left, "Difference", "demanded (px)", "measured − demanded (px)")
    whole.set_xlim(0, line[1])
    whole.set_ylim(0, max(line[1], 1.05 * float(evidence.measured_px.max())))
    whole.legend(loc="upper left")


def draw_edge(evidence: EdgeEvidence, figure: Canvas) -> None:
    """Draw radial profiles, and the width of their edges."""
    profiles, widths = figure.subplots(1, 2)
    for (radius, spot, ideal), shade in zip(evidence.profiles, _SHADES, strict=False):
        if spot.plateau > 0:
            profiles.plot(spot.distance_px / radius, spot.profile / spot.plateau, color=shade, label=f"{radius:g} px")
        profiles.plot(
            ideal.distance_px / radius, ideal.profile / ideal.plateau, color=shade, linewidth=1, dashes=(2, 2)
        )
    profiles.plot([], [], color=SOFT, linewidth=1, dashes=(2, 2), label="ideal lens")
    profiles.set_xlim(0, 1.6)
    profiles.set_ylim(-0.05, 1.6)
    profiles.legend(loc="upper right", title="radius")
    grid = np.linspace(bars.EDGE_FROM_PX, 1.04 * _LARGEST_PX, 100)
    good = np.maximum(bars.EDGE_PX, bars.EDGE_SHARE.good * grid)
    bearable = np.maximum(bars.EDGE_PX, bars.EDGE_SHARE.bearable * grid)
    widths.fill_between(grid, 0, good, color="#1f7a4d", alpha=0.12, linewidth=0, label="passes")
    widths.fill_between(grid, good, bearable, color="#a86a00", alpha=0.12, linewidth=0, label="notice")
    order = np.argsort(evidence.radius_px)
    widths.plot(evidence.radius_px[order], evidence.ideal_edge_px[order], color=SOFT, linewidth=1.2, label="ideal lens")
    widths.plot(evidence.radius_px, evidence.edge_px, color=BEHIND, marker="o", linestyle="none", label="measured")
    widths.set_xlim(grid[0] - 1, grid[-1])
    widths.set_ylim(0, max(5.0, 1.15 * float(evidence.edge_px.max())))
    widths.legend(loc="upper left")
    name_axes(profiles, "Radial profile of a disc", "distance from its centre / radius", "light / plateau")
    name_axes(widths, "Width of the edge, 10–90 %", "radius (px)", "width (px)")


def draw_energy(evidence: EnergyEvidence, figure: Canvas) -> None:
    """Draw light out over light in; and an even grey over steps of defocus."""
    kept, grey = figure.subplots(1, 2)
    kept.axhspan(1 - bars.ENERGY.good, 1 + bars.ENERGY.good, color="#1f7a4d", alpha=0.15, linewidth=0)
    kept.axhline(1.0, color=SOFT, linewidth=1.2, label="all")
    for side, marks in ((evidence.defocus_px < 0, BEHIND_MARKS), (evidence.defocus_px > 0, FRONT_MARKS)):
        kept.plot(np.abs(evidence.defocus_px[side]), np.maximum(evidence.kept[side], 1e-5), **marks)
    kept.set_xscale("log", base=2)
    kept.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    if evidence.kept.min() < 0.5 or evidence.kept.max() > 2:
        kept.set_yscale("log")
    else:
        reach = max(0.06, 1.2 * float(np.abs(evidence.kept - 1).max()))
        kept.set_ylim(1 - reach, 1 + reach)
    kept.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    kept.legend(loc="best")
    name_axes(kept, "Light of a point light that is kept", "radius of its disc (px)", "light out / light in")
    grey.axhline(GREY_DISPLAY, color=SOFT, linewidth=1.2, label="given")
    columns = np.arange(len(evidence.grey)) + 0.5
    grey.plot(columns, evidence.grey_border, color=IN_FRONT, linewidth=1, label="first and last row")
    grey.plot(columns, evidence.grey, color=BEHIND, linewidth=1.4, label="mean of inner rows")
    off = max(
        float(np.abs(evidence.grey - GREY_DISPLAY).max()), float(np.abs(evidence.grey_border - GREY_DISPLAY).max())
    )
    reach = max(0.03, 1.3 * off)
    grey.set_ylim(GREY_DISPLAY - reach, GREY_DISPLAY + reach)
    for first, after, defocus in grey_steps():
        grey.axvline(first, color=FAINT, linewidth=0.8, zorder=0.5)
        text = f"{defocus:+g}".replace("-", "−") if defocus else "0"
        grey.text((first + after) / 2, GREY_DISPLAY - 0.93 * reach, text, ha="center", va="bottom", fontsize=8)
    grey.grid(visible=False, axis="x")
    grey.set_xlim(0, len(evidence.grey))
    grey.legend(loc="upper right", ncols=3, handlelength=1.2, columnspacing=1.0)
    name_axes(grey, "An even grey; its defocus in px stands below", "column (px)", "display value")


def draw_shape(evidence: ShapeEvidence, figure: Canvas) -> None:
    """Draw the rims of all polygons, behind the focus and in front of it."""
    panels = figure.subplots(1, len(evidence.rims), sharex=True, sharey=True)
    largest = max(float(max(rim.true_px.max(), rim.measured_px.max())) for rim in evidence.rims)
    reach = 1.15 * largest
    for axes, rim in zip(panels, evidence.rims, strict=True):
        right, up = np.cos(ANGLES_RAD), np.sin(ANGLES_RAD)
        axes.fill(rim.true_px * right, rim.true_px * up, color=FAINT, zorder=1)
        colour = IN_FRONT if rim.in_front else BEHIND
        closed = np.append(rim.measured_px, rim.measured_px[0])
        angle = np.append(ANGLES_RAD, ANGLES_RAD[0])
        axes.plot(closed * np.cos(angle), closed * np.sin(angle), color=colour, linewidth=1.6, zorder=2)
        axes.set_aspect("equal")
        axes.set_xlim(-reach, reach)
        axes.set_ylim(-reach, reach)
        axes.grid(visible=False)
        axes.set_title(rim.name)
        axes.set_xlabel("right (px)")
    panels[0].set_ylabel("up (px)")
    panels[0].text(0, 0, "grey: true\nline: measured", ha="center", va="center", fontsize=8, color=INK)
