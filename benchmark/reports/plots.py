"""Plots of several methods' results: over blur levels, scenes, regions, corrupted maps, and time.

Each function writes one PNG, JPEG, SVG or PDF. Bars are 95 % intervals over scenes. Those of scores are wide because
scenes differ, so panels of differences to the best method, on the same scenes, stand beside them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from bokeh_render.errors import BadInputError

from ..results import METRICS, Result
from .comparison import BreakdownRow, corruption_rows, level_rows, ranked, region_names, region_rows, score_rows
from .plot_style import (
    INK,
    SOFT,
    Look,
    add_legend,
    add_source,
    draw_column,
    draw_line,
    error_bars,
    floor_line,
    floor_tick,
    looks,
    new_figure,
    save_figure,
    spread,
)
from .scene_scores import has_metric, noise_floor, scene_means
from .table_text import label_of
from .uncertainty import Interval, PairedDifference, compare

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.lines import Line2D

_SCENES_BY_NAME = 40
_LEAST_SECONDS = 0.001
_WIDE_RANGE = 500.0
_FLOOR_STYLE = {"color": SOFT, "linestyle": (0, (1, 1.5)), "linewidth": 1.4}


def plot_all(results: Sequence[Result], folder: Path, suffix: str = ".png") -> list[Path]:
    """Write every plot that there is something to show in, and return their paths. Errors: see :func:`plot_levels`."""
    drawn = {"levels": plot_levels, "scenes": plot_scenes}
    if region_names(results):
        drawn["regions"] = plot_regions
    if any(sample.corruption is not None for sample in results[0].samples):
        drawn["corruptions"] = plot_corruptions
    if any(result.summary.seconds_per_image is not None for result in results):
        drawn["time"] = plot_time
    paths = [folder / f"{name}{suffix}" for name in drawn]
    for draw, path in zip(drawn.values(), paths, strict=True):
        draw(results, path)
    return paths


def plot_levels(results: Sequence[Result], path: Path) -> None:
    """Draw every metric over blur level, with the noise floor; below, what each method lacks to the best.

    Raises BadInputError when results do not belong together or ``path`` has another suffix than png, jpg, svg, pdf.
    """
    methods = ranked(results)
    style = looks(list(methods))
    metrics = [metric for metric in METRICS if any(has_metric(result, metric) for result in results)]
    rows = 2 if len(results) > 1 else 1
    figure, axes = new_figure(3.7 * len(metrics), 2.9 * rows + 0.6, rows, len(metrics), sharex=True)
    levels = [level.blur + 1 for level in results[0].summary.levels]
    for panel, metric in zip(axes, metrics, strict=False):
        found = level_rows(results, metric)
        _draw_levels(panel, levels, found, style)
        panel.set_title(label_of(metric), fontsize=10, color=INK, loc="left")
        if metric == "psnr" and all(row.noise_floor_db is not None for row in found):
            panel.plot(levels, [row.noise_floor_db for row in found], **_FLOOR_STYLE)
    for panel, metric in zip(axes[len(metrics) :], metrics, strict=False):
        _draw_level_differences(panel, results, metric, style)
    for panel in axes[-len(metrics) :]:
        panel.set_xlabel("blur level", fontsize=9)
        panel.set_xticks(levels)
    has_floor = noise_floor(results[0]) is not None
    add_legend(figure, style, [floor_line()] if has_floor else [])
    add_source(figure, results)
    save_figure(figure, path)


def _draw_levels(panel: Axes, levels: Sequence[int], rows: Sequence[BreakdownRow], style: dict[str, Look]) -> None:
    for index, (label, look) in enumerate(style.items()):
        if label in rows[0].scores:
            places = [level + spread(index, len(style), 0.3 * _crowd(style)) for level in levels]
            draw_line(panel, places, [row.scores[label] for row in rows], look, label)


def _draw_level_differences(panel: Axes, results: Sequence[Result], metric: str, style: dict[str, Look]) -> None:
    overall = compare(results, metric)
    if not overall:
        panel.set_visible(False)
        return
    best = overall[0].b
    blurs = [level.blur for level in results[0].summary.levels]
    by_level = [{one.a: one for one in compare(results, metric, reference=best, blur=blur)} for blur in blurs]
    for index, (label, look) in enumerate(style.items()):
        if label in by_level[0]:
            places = [blur + 1 + spread(index, len(style), 0.3 * _crowd(style)) for blur in blurs]
            draw_line(panel, places, [_as_interval(level[label]) for level in by_level], look, label)
    panel.axhline(0.0, color=style[best].colour, linewidth=1.4, linestyle=style[best].line)
    panel.set_title(f"difference to {best}", fontsize=9, color=SOFT, loc="left")


def _crowd(style: Mapping[str, Look]) -> float:
    """Return the share of the room that methods take beside their place: few stay near it."""
    return min(1.0, len(style) / 4)


def _as_interval(difference: PairedDifference) -> Interval:
    return Interval(difference.mean, difference.low, difference.high, difference.scenes)


def plot_scenes(results: Sequence[Result], path: Path) -> None:
    """Draw every scene's mean as a dot per method, the hardest scene at the bottom; ticks mark the noise floor.

    Above 40 scenes they are not named. Errors: see :func:`plot_levels`.
    """
    methods = ranked(results)
    style = looks(list(methods))
    metrics = [metric for metric in METRICS if any(has_metric(result, metric) for result in results)]
    psnr = {label: scene_means(result, "psnr") for label, result in methods.items()}
    scenes = sorted(next(iter(psnr.values())), key=lambda scene: sum(means[scene] for means in psnr.values()))
    named = len(scenes) <= _SCENES_BY_NAME
    height = 1.2 + (max(0.32, 0.045 * len(style)) * len(scenes) if named else 7.0)
    figure, axes = new_figure(3.7 * len(metrics) + 0.8, max(3.0, height), 1, len(metrics), sharey=True)
    for panel, metric in zip(axes, metrics, strict=True):
        for index, (label, result) in enumerate(methods.items()):
            if has_metric(result, metric):
                means = scene_means(result, metric)
                found = [Interval(means[scene], None, None, 1) for scene in scenes]
                places = [row - spread(index, len(style), 0.5 * _crowd(style)) for row in range(len(scenes))]
                draw_column(panel, found, places, style[label], label)
        panel.set_title(label_of(metric), fontsize=10, color=INK, loc="left")
    floors = [_scene_floor(results[0], scene) for scene in scenes]
    known = [(floor, row) for row, floor in enumerate(floors) if floor is not None]
    if known:
        axes[0].plot(*zip(*known, strict=True), color=SOFT, marker="|", markersize=11, linestyle="none")
    axes[0].set_yticks(range(len(scenes)) if named else [], scenes if named else [])
    axes[0].set_ylim(-0.7, len(scenes) - 0.3)
    if not named:
        axes[0].set_ylabel(f"{len(scenes)} scenes, the hardest at the bottom", fontsize=9)
    add_legend(figure, style, [floor_tick()] if known else [], joined=False)
    add_source(figure, results)
    save_figure(figure, path)


def _scene_floor(result: Result, scene: str) -> float | None:
    blurs = [level.blur for level in result.summary.levels]
    floors = result.dataset.noise_floor.get(scene, {})
    return sum(floors[blur] for blur in blurs) / len(blurs) if all(blur in floors for blur in blurs) else None


def plot_regions(results: Sequence[Result], path: Path) -> None:
    """Draw the PSNR of every region; beside it, the difference to the method that is best over the whole image.

    Raises BadInputError when no result has regions; other errors: see :func:`plot_levels`.
    """
    rows = region_rows(results)
    if not rows:
        raise BadInputError("no result holds regions; score the methods again with this version")
    style = looks(list(ranked(results)))
    best = next(iter(style))
    columns = 2 if len(results) > 1 else 1
    height = 1.3 + len(rows) * max(0.5, 0.14 * len(style))
    figure, axes = new_figure(4.8 * columns + 0.8, height, 1, columns, sharey=True)
    for index, (label, look) in enumerate(style.items()):
        known = [(place, row) for place, row in enumerate(rows) if label in row.scores]
        places = [place + spread(index, len(style), 0.75 * _crowd(style)) for place, _ in known]
        draw_column(axes[0], [row.scores[label] for _, row in known], places, look, label)
    axes[0].set_title("PSNR (dB) ↑ within the region", fontsize=10, color=INK, loc="left")
    names = [f"{row.name}\n{row.scenes} scenes" for row in rows]
    axes[0].set_yticks(range(len(rows)), names)
    axes[0].set_ylim(len(rows) - 0.5, -0.5)
    if columns == 2:
        _draw_region_differences(axes[1], results, style, best)
    add_legend(figure, style, joined=False)
    add_source(figure, results)
    save_figure(figure, path)


def _draw_region_differences(panel: Axes, results: Sequence[Result], style: dict[str, Look], best: str) -> None:
    order = list(style)
    for place, region in enumerate(region_names(results)):
        for one in compare(results, f"{region}_psnr", reference=best):
            at = place + spread(order.index(one.a), len(order), 0.75 * _crowd(style))
            draw_column(panel, [_as_interval(one)], [at], style[one.a], one.a)
    panel.axvline(0.0, color=style[best].colour, linewidth=1.4, linestyle=style[best].line)
    panel.set_title(f"difference to {best} (dB)", fontsize=10, color=INK, loc="left")


def plot_corruptions(results: Sequence[Result], path: Path) -> None:
    """Draw PSNR over the strength of each kind of corruption of the disparity map.

    Raises BadInputError when no corrupted maps were given; other errors: see :func:`plot_levels`.
    """
    rows = corruption_rows(results)
    if not rows:
        raise BadInputError("these results are of clean disparity; score under a protocol with corrupted maps")
    kinds: dict[str, list[tuple[float, BreakdownRow]]] = {}
    for row in rows:
        kind, size = _kind_and_size(row.name, rows.index(row))
        kinds.setdefault(kind, []).append((size, row))
    style = looks(list(ranked(results)))
    figure, axes = new_figure(3.4 * max(2, len(kinds)), 3.9, 1, len(kinds), sharey=True)
    for panel, (kind, found) in zip(axes, kinds.items(), strict=True):
        found.sort(key=lambda item: item[0])
        sizes = [size for size, _ in found]
        step = min((b - a for a, b in pairwise(sizes)), default=1.0)
        for index, (label, look) in enumerate(style.items()):
            places = [size + step * spread(index, len(style), 0.3 * _crowd(style)) for size in sizes]
            draw_line(panel, places, [row.scores[label] for _, row in found], look, label)
        panel.set_title(kind, fontsize=10, color=INK, loc="left")
        panel.set_xlabel("strength (px)", fontsize=9)
        panel.set_xticks(sizes, [f"{size:g}" for size in sizes])
    axes[0].set_ylabel("PSNR (dB) ↑", fontsize=9)
    add_legend(figure, style)
    add_source(figure, results)
    save_figure(figure, path)


def _kind_and_size(name: str, index: int) -> tuple[str, float]:
    """Return ``gaussian``, 1.0 of ``gaussian 1 px``; of other names, themselves in one row."""
    found = re.fullmatch(r"(.+?) ([0-9.]+) px", name)
    return (found[1], float(found[2])) if found else ("corrupted maps, by number", float(index + 1))


def plot_time(results: Sequence[Result], path: Path) -> None:
    """Draw PSNR over seconds per image; methods whose time nobody measured are named below.

    Raises BadInputError when no time was measured; other errors: see :func:`plot_levels`.
    """
    rows = score_rows(results)
    timed = [row for row in rows if row.seconds is not None]
    if not timed:
        raise BadInputError("no result holds times; they are measured when bokehbench runs the method itself")
    style = looks([row.label for row in rows])
    figure, (panel,) = new_figure(8.5, 5.0)
    seconds = [max(_LEAST_SECONDS, row.seconds or 0.0) for row in timed]
    for row, place in zip(timed, seconds, strict=True):
        means, distances = error_bars([row.scores["psnr"]])
        panel.errorbar([place], means, yerr=distances, linestyle="none", **style[row.label].of_points())
    front = _draw_front(panel, seconds, [row.scores["psnr"].mean for row in timed])
    floor = noise_floor(results[0])
    if floor is not None:
        panel.axhline(floor, **_FLOOR_STYLE)
    _set_time_axis(panel, seconds)
    panel.set_ylabel("PSNR (dB) ↑", fontsize=9)
    untimed = [row.label for row in rows if row.seconds is None]
    if untimed:
        panel.set_title(f"not timed: {', '.join(untimed)}", fontsize=9, color=SOFT, loc="left", wrap=True)
    shown = {row.label: style[row.label] for row in timed}
    add_legend(figure, shown, [front, *([] if floor is None else [floor_line()])], joined=False)
    add_source(figure, results)
    save_figure(figure, path)


def _draw_front(panel: Axes, seconds: Sequence[float], scores: Sequence[float]) -> Line2D:
    """Draw the steps of the best score that a given time buys, and return them."""
    front: list[tuple[float, float]] = []
    for place, score in sorted(zip(seconds, scores, strict=True), key=lambda item: (item[0], -item[1])):
        if not front or score > front[-1][1]:
            front.append((place, score))
    label = "best within that time"
    return panel.step(*zip(*front, strict=True), where="post", color=SOFT, linewidth=0.8, zorder=1, label=label)[0]


def _set_time_axis(panel: Axes, seconds: Sequence[float]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    low, high = min(seconds) / 1.6, max(seconds) * 1.6
    widen = max(1.0, (10.0 / (high / low)) ** 0.5)  # no less than a decade
    panel.set_xscale("log")
    panel.set_xlim(low / widen, high * widen)
    wide = high / low > _WIDE_RANGE
    panel.xaxis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    note = f"; {_LEAST_SECONDS:g} stands for less, too" if min(seconds) <= _LEAST_SECONDS else ""
    panel.set_xlabel(f"seconds per image (log{note})", fontsize=9)
