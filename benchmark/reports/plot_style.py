"""How plots look: colours that colour-blind readers tell apart, a marker of its own for every method, writing to files.

matplotlib is imported when a plot is drawn; no global state of it is changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bokeh_render.atomic import atomic_path
from bokeh_render.errors import BadInputError

from .uncertainty import Interval, interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    from ..results import Result

Line = Literal["-", "--", ":"]
INK, SOFT, FAINT = "#222222", "#666666", "#DDDDDD"
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")  # Okabe and Ito, less yellow
_MARKERS = "osD^vPX<>ph*"
_LINES: tuple[Line, ...] = ("-", "--", ":")
_DPI = 160
_JPEG_QUALITY = 92
_UNDATED: dict[str, dict[str, Any] | None] = {
    ".png": {"Software": None},
    ".jpg": None,
    ".jpeg": None,
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None},
}


@dataclass(frozen=True)
class Look:
    """How one method is drawn, the same in every panel. From the eighth method on, markers are hollow, lines dashed."""

    colour: str
    marker: str
    line: Line
    face: str

    def of_points(self) -> dict[str, Any]:
        """Return matplotlib's arguments for points with intervals."""
        return {
            "color": self.colour,
            "marker": self.marker,
            "markerfacecolor": self.face,
            "markersize": 5,
            "elinewidth": 1.0,
            "capsize": 0,
        }


def looks(labels: Sequence[str]) -> dict[str, Look]:
    """Return each method's look, in the order given."""
    found = {}
    for index, label in enumerate(labels):
        turn, colour = divmod(index, len(_COLOURS))
        face = _COLOURS[colour] if turn == 0 else "white"
        found[label] = Look(_COLOURS[colour], _MARKERS[index % len(_MARKERS)], _LINES[min(turn, len(_LINES) - 1)], face)
    return found


def new_figure(width: float, height: float, rows: int = 1, columns: int = 1, **shared: Any) -> tuple[Figure, list[Any]]:
    """Return a figure of this size in inches and its axes, row by row; spines and grid as in all our plots."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, **shared)
    for axes in grid.flat:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(color=FAINT, linewidth=0.6)
        axes.set_axisbelow(True)
        axes.tick_params(labelsize=9, colors=INK)
    return figure, list(grid.flat)


def spread(index: int, count: int, room: float) -> float:
    """Return how far from its place the ``index``-th of ``count`` things stands, so that none hides another."""
    return 0.0 if count == 1 else room * (index / (count - 1) - 0.5)


def error_bars(found: Sequence[Interval]) -> tuple[list[float], list[list[float]]]:
    """Return means, and their distances to the limits as matplotlib wants them; 0 where there is no interval."""
    low = [0.0 if one.low is None else max(0.0, one.mean - one.low) for one in found]
    high = [0.0 if one.high is None else max(0.0, one.high - one.mean) for one in found]
    return [one.mean for one in found], [low, high]


def draw_line(axes: Axes, places: Sequence[float], found: Sequence[Interval], look: Look, label: str) -> None:
    """Draw means over places, joined, with their intervals."""
    means, distances = error_bars(found)
    axes.errorbar(places, means, yerr=distances, label=label, linestyle=look.line, linewidth=1.4, **look.of_points())


def draw_column(axes: Axes, found: Sequence[Interval], places: Sequence[float], look: Look, label: str) -> None:
    """Draw means with horizontal intervals, at these heights."""
    means, distances = error_bars(found)
    axes.errorbar(means, places, xerr=distances, label=label, linestyle="none", **look.of_points())


def add_legend(figure: Figure, methods: Mapping[str, Look], extra: Sequence[Any] = (), *, joined: bool = True) -> None:
    """Name every method below the panels, where nothing is hidden.

    extra: more handles, such as the noise floor's; joined: whether the plot joins a method's points by a line.
    """
    from matplotlib.lines import Line2D

    handles: list[Any] = [
        Line2D(
            [],
            [],
            color=look.colour,
            marker=look.marker,
            markerfacecolor=look.face,
            linestyle=look.line if joined else "none",
            label=label,
        )
        for label, look in methods.items()
    ]
    handles += extra
    widths = [0.075 * len(str(handle.get_label())) + 0.65 for handle in handles]  # inches, about
    room = figure.get_figwidth() - 0.5
    columns = len(handles) if sum(widths) <= room else max(1, int(room / max(widths)))
    figure.legend(handles=handles, loc="outside lower center", ncols=columns, frameon=False, fontsize=9)


def floor_line() -> Line2D:
    """Return the legend's handle of a noise floor drawn as a line."""
    from matplotlib.lines import Line2D

    return Line2D([], [], color=SOFT, linestyle=(0, (1, 1.5)), linewidth=1.4, label="noise floor of the truth")


def floor_tick() -> Line2D:
    """Return the legend's handle of noise floors drawn as ticks."""
    from matplotlib.lines import Line2D

    return Line2D([], [], color=SOFT, marker="|", markersize=11, linestyle="none", label="noise floor of the truth")


def add_source(figure: Figure, results: Sequence[Result]) -> None:
    """Say above all panels what the numbers are of, and what their bars are."""
    first = results[0]
    scenes = len({sample.scene for sample in first.samples})
    reason = interval(first, "psnr").reason
    bars = "bars: 95 % intervals over scenes" if reason is None else f"no intervals: {reason}"
    text = f"{first.dataset.name} {first.dataset.version}, {first.protocol.name}, {scenes} scenes; {bars}"
    figure.suptitle(text, fontsize=8, color=SOFT, x=0.995, ha="right")


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, JPEG, SVG or PDF, by the name's end, atomically; the same bytes for the same content.

    Raises BadInputError for any other end.
    """
    import matplotlib as mpl

    suffix = path.suffix.lower()
    if suffix not in _UNDATED:
        raise BadInputError(f"{path} ends in {suffix or 'nothing'}; expected {', '.join(_UNDATED)}")
    options: dict[str, Any] = {"metadata": _UNDATED[suffix]}
    if suffix in {".jpg", ".jpeg"}:
        options = {"pil_kwargs": {"quality": _JPEG_QUALITY}}
    with atomic_path(path) as temporary, mpl.rc_context({"svg.hashsalt": "bokehbench"}):
        figure.savefig(temporary, dpi=_DPI, facecolor="white", **options)
