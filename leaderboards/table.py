"""The one table object: results turned into ranked rows, from which Markdown, CSV and HTML are written alike."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.results import Result, Scores, check_comparable, mean_scores

METRIC_LABELS = {"psnr": "PSNR (dB) ↑", "ssim": "SSIM ↑", "lpips": "LPIPS ↓"}
NoiseFloor = dict[str | None, float]
"""PSNR bound in dB by scene; None: their mean."""

_DIGITS = {"psnr": 2, "ssim": 4, "lpips": 4}


@dataclass(frozen=True)
class Row:
    """One method in one table. rank: 1 = best; scores: their mean over what the table covers."""

    rank: int
    method: str
    scores: Scores
    by_scene: dict[str, Scores]
    seconds: float | None

    def text(self, metric: str, scene: str | None = None) -> str:
        """Return a metric as people read it; ``n/a`` where there is no number."""
        return format_metric(metric, getattr(self.scores if scene is None else self.by_scene[scene], metric))


@dataclass(frozen=True)
class Table:
    """Methods ranked by mean PSNR over one blur level, or over all (``blur`` is None).

    noise_floor: where the ground truth's noise was measured.
    """

    title: str
    blur: int | None
    rows: tuple[Row, ...]
    noise_floor: NoiseFloor

    def best(self, metric: str, scene: str | None = None) -> str | None:
        """Return the text of the best value of a column, for highlighting."""
        values = [getattr(row.scores if scene is None else row.by_scene[scene], metric) for row in self.rows]
        known = [value for value in values if value is not None]
        return format_metric(metric, (min if metric == "lpips" else max)(known)) if known else None


@dataclass(frozen=True)
class Leaderboard:
    """All tables of one set of comparable results: over all blur levels first, then level by level."""

    protocol: str
    protocol_sha256: str
    dataset: str
    recipe_sha256: str | None
    files_sha256: str
    scenes: tuple[str, ...]
    sample_count: int
    tables: tuple[Table, ...]
    descriptions: dict[str, str]
    notes: tuple[str, ...]
    environments: dict[str, dict[str, str]]


def format_metric(metric: str, value: float | None) -> str:
    """Return a value with the metric's usual digits, or ``n/a``."""
    return "n/a" if value is None else f"{value:.{_DIGITS[metric]}f}"


def leaderboard(results: Sequence[Result]) -> Leaderboard:
    """Rank methods; raises BadInputError when the results do not belong into one table."""
    check_comparable(results)
    first = results[0]
    scenes = tuple(dict.fromkeys(sample.scene for sample in first.samples))
    blurs = [level.blur for level in first.summary.levels]
    floors = first.dataset.noise_floor
    tables = [_table("All blur levels", None, results, scenes, _mean_floor(floors, blurs))]
    for blur in blurs:
        floor: NoiseFloor = {scene: levels[blur] for scene, levels in floors.items() if blur in levels}
        tables.append(_table(f"Blur level {blur + 1} of {len(blurs)}", blur, results, scenes, floor))
    notes = {
        f"{metric.upper()} is n/a: {reason}." for result in results for metric, reason in result.unavailable.items()
    }
    return Leaderboard(
        protocol=first.protocol.name,
        protocol_sha256=first.protocol.sha256,
        dataset=f"{first.dataset.name} {first.dataset.version}",
        recipe_sha256=first.dataset.recipe_sha256,
        files_sha256=first.dataset.files_sha256,
        scenes=scenes,
        sample_count=len(first.samples),
        tables=tuple(tables),
        descriptions={result.method.name: result.method.description for result in results},
        notes=tuple(sorted(notes)),
        environments={result.method.name: result.environment for result in results},
    )


def _mean_floor(floors: dict[str, dict[int, float]], blurs: list[int]) -> NoiseFloor:
    complete = {scene: levels for scene, levels in floors.items() if set(blurs) <= set(levels)}
    return {scene: sum(levels[blur] for blur in blurs) / len(blurs) for scene, levels in complete.items()}


def _table(
    title: str, blur: int | None, results: Sequence[Result], scenes: tuple[str, ...], floor: NoiseFloor
) -> Table:
    rows = []
    for result in results:
        if blur is None:
            scores = result.summary.overall
            by_scene = {scene: _over_levels(result, scene) for scene in scenes}
        else:
            level = next(level for level in result.summary.levels if level.blur == blur)
            scores, by_scene = level.metrics, level.by_scene
        rows.append((result.method.name, scores, by_scene, result.summary.seconds_per_image))
    rows.sort(key=lambda row: (-row[1].psnr, row[0]))
    noise_floor = dict(floor)
    if floor and set(floor) == set(scenes):
        noise_floor[None] = sum(floor.values()) / len(floor)
    return Table(title, blur, tuple(Row(rank, *row) for rank, row in enumerate(rows, start=1)), noise_floor)


def _over_levels(result: Result, scene: str) -> Scores:
    return mean_scores([level.by_scene[scene] for level in result.summary.levels])


def to_csv(board: Leaderboard) -> str:
    """Return every number, tidy: one line per blur level, scene and method; ``all`` marks means."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(
        ["protocol", "files_sha256", "blur", "scene", "rank", "method", "psnr", "ssim", "lpips", "noise_floor_psnr"]
    )
    for table in board.tables:
        for row in table.rows:
            for scene, scores in [(None, row.scores), *((scene, row.by_scene[scene]) for scene in board.scenes)]:
                writer.writerow(
                    [
                        board.protocol,
                        board.files_sha256,
                        "all" if table.blur is None else table.blur,
                        scene or "all",
                        row.rank if scene is None else "",
                        row.method,
                        f"{scores.psnr:.6f}",
                        f"{scores.ssim:.6f}",
                        "" if scores.lpips is None else f"{scores.lpips:.6f}",
                        f"{table.noise_floor[scene]:.3f}" if scene in table.noise_floor else "",
                    ]
                )
    return stream.getvalue()


def to_markdown(board: Leaderboard) -> str:
    """Return the tables as a Markdown document."""
    lines = [f"# {board.dataset}, protocol {board.protocol}", ""]
    for table in board.tables:
        head = ["rank", "method", *METRIC_LABELS.values(), *(f"{scene}, PSNR" for scene in board.scenes), "s/image"]
        lines += [
            f"## {table.title}",
            "",
            _markdown_row(head),
            _markdown_row(["---:", "---"] + ["---:"] * (len(head) - 2)),
        ]
        for row in table.rows:
            cells = [str(row.rank), row.method, *(row.text(metric) for metric in METRIC_LABELS)]
            cells += [row.text("psnr", scene) for scene in board.scenes]
            lines.append(_markdown_row([*cells, "n/a" if row.seconds is None else f"{row.seconds:.2f}"]))
        if table.noise_floor:
            bounds = [format_metric("psnr", table.noise_floor.get(scene)) for scene in (None, *board.scenes)]
            lines.append(_markdown_row(["", "*noise floor of the ground truth*", bounds[0], "", "", *bounds[1:], ""]))
        lines.append("")
    lines += [f"{note}\n" for note in board.notes]
    lines.append(
        f"{board.sample_count} samples. Dataset files `{board.files_sha256}`, protocol `{board.protocol_sha256}`."
    )
    return "\n".join(lines) + "\n"


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"
