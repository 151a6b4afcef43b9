"""Several methods' results side by side: rows of numbers with their intervals, and what differs beyond chance.

    print(format_scores(load_results(Path("out/results"), "blb-v1")))

The rows are plain numbers, so that pages and plots can show the same ones; ``table_text`` holds how they are printed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..results import METRICS, Result, check_comparable
from .scene_scores import has_metric, headroom, method_labels, noise_floor
from .table_text import format_interval, format_p, format_table, format_value, label_of, paragraph
from .uncertainty import ALPHA, Interval, PairedDifference, compare, interval

Cells = dict[str, Interval]


@dataclass(frozen=True)
class ScoreRow:
    """One method's overall scores and cost. scores: by metric, only those it has; headroom_db: below the noise floor.

    seconds: mean of one image; memory_mb, gpu_memory_mb: the most that any image took. None: not measured.
    """

    label: str
    scores: Cells
    headroom_db: float | None
    seconds: float | None
    memory_mb: float | None
    gpu_memory_mb: float | None


@dataclass(frozen=True)
class BreakdownRow:
    """One metric of every method over a part of the samples. scores: by label; scenes: how many have such samples."""

    name: str
    scores: Cells
    scenes: int
    noise_floor_db: float | None = None


def score_rows(results: Sequence[Result]) -> list[ScoreRow]:
    """Return every method's row, the highest PSNR first. Raises BadInputError when results do not belong together."""
    check_comparable(results)
    rows = []
    for label, result in zip(method_labels(results), results, strict=True):
        gpu = [sample.peak_gpu_memory_mb for sample in result.samples if sample.peak_gpu_memory_mb is not None]
        rows.append(
            ScoreRow(
                label=label,
                scores={metric: interval(result, metric) for metric in METRICS if has_metric(result, metric)},
                headroom_db=headroom(result),
                seconds=result.summary.seconds_per_image,
                memory_mb=result.summary.peak_memory_mb,
                gpu_memory_mb=max(gpu, default=None),
            )
        )
    return sorted(rows, key=lambda row: (-row.scores["psnr"].mean, row.label))


def ranked(results: Sequence[Result]) -> dict[str, Result]:
    """Return results by label, the highest PSNR first."""
    named = zip(method_labels(results), results, strict=True)
    return dict(sorted(named, key=lambda item: (-item[1].summary.overall.psnr, item[0])))


def level_rows(results: Sequence[Result], metric: str) -> list[BreakdownRow]:
    """Return one row per blur level, the weakest first."""
    check_comparable(results)
    floor = noise_floor if metric == "psnr" else _no_floor
    return [
        _row(f"level {level.blur + 1}", results, metric, floor(results[0], level.blur), blur=level.blur)
        for level in results[0].summary.levels
    ]


def region_rows(results: Sequence[Result], metric: str = "psnr") -> list[BreakdownRow]:
    """Return one row per region that any result has. metric: ``psnr`` or ``ssim``."""
    check_comparable(results)
    return [
        _row(region.replace("_", " "), results, f"{region}_{metric}", None)
        for region in region_names(results)
        if any(has_metric(result, f"{region}_{metric}") for result in results)
    ]


def region_names(results: Sequence[Result]) -> list[str]:
    """Return the regions that any sample has, in the order of the sample that has most of them."""
    samples = sorted((s for result in results for s in result.samples), key=lambda s: -len(s.regions))
    return list(dict.fromkeys(name for sample in samples for name in sample.regions))


def corruption_rows(results: Sequence[Result], metric: str = "psnr") -> list[BreakdownRow]:
    """Return one row per corrupted disparity map, named by its kind and strength; none when none was given."""
    check_comparable(results)
    names = results[0].dataset.corruptions
    indices = sorted({sample.corruption for sample in results[0].samples if sample.corruption is not None})
    return [_row(names.get(i, f"map {i + 1}"), results, metric, None, corruption=i) for i in indices]


def _no_floor(result: Result, blur: int) -> None:
    del result, blur


def _row(
    name: str,
    results: Sequence[Result],
    metric: str,
    floor: float | None,
    *,
    blur: int | None = None,
    corruption: int | None = None,
) -> BreakdownRow:
    scores = {
        label: interval(result, metric, blur=blur, corruption=corruption)
        for label, result in ranked(results).items()
        if has_metric(result, metric)
    }
    return BreakdownRow(name, scores, max((found.scenes for found in scores.values()), default=0), floor)


def format_scores(results: Sequence[Result], *, reference: str | None = None, width: int = 110) -> str:
    """Return all tables as text that reads well on a terminal and is Markdown.

    reference: label of the method that differences are taken to; None: the best of each metric; width: columns, wider
    tables come in blocks. Raises BadInputError when the results do not belong together or the reference is not there.
    """
    check_comparable(results)
    first = results[0]
    scenes = {sample.scene for sample in first.samples}
    head = f"{len(first.samples)} samples of {len(scenes)} scene{'s' if len(scenes) != 1 else ''}. "
    if _why_no_interval(results) is None:
        head += (
            "Means, with 95 % intervals over scenes [low, high]: what other scenes of the same kind could have given."
        )
    parts = [
        f"# {first.dataset.name} {first.dataset.version}, protocol {first.protocol.name}",
        paragraph(head, width),
        _scores_text(results, width),
        *_notes(results, width),
        *_difference_texts(results, reference, width),
        *_breakdowns(results, width),
    ]
    return "\n\n".join(parts) + "\n"


def _scores_text(results: Sequence[Result], width: int) -> str:
    rows = score_rows(results)
    metrics = [metric for metric in METRICS if any(metric in row.scores for row in rows)]
    costs: dict[str, Callable[[ScoreRow], str]] = {
        "s/image": lambda row: _seconds(row.seconds),
        "peak MB": lambda row: "n/a" if row.memory_mb is None else f"{row.memory_mb:.0f}",
        "GPU MB": lambda row: "n/a" if row.gpu_memory_mb is None else f"{row.gpu_memory_mb:.0f}",
    }
    if all(row.gpu_memory_mb is None for row in rows):
        del costs["GPU MB"]
    cells = [
        [row.label]
        + [format_interval(metric, row.scores.get(metric)) for metric in metrics]
        + [text(row) for text in costs.values()]
        for row in rows
    ]
    floor = noise_floor(results[0])
    if floor is not None:
        bound = {"psnr": format_value("psnr", floor)}
        cells.append(["noise floor", *(bound.get(metric, "") for metric in metrics), *("" for _ in costs)])
    return format_table(["method", *map(label_of, metrics), *costs], cells, width)


def _seconds(value: float | None) -> str:
    if value is None:
        return "n/a"
    return "<0.001" if value < 0.001 else f"{value:.3f}" if value < 10 else f"{value:.0f}"


def _notes(results: Sequence[Result], width: int) -> list[str]:
    reasons: dict[tuple[str, str], list[str]] = {}
    for label, result in ranked(results).items():
        for metric, why in result.unavailable.items():
            reasons.setdefault((metric, why), []).append(label)
    notes = [
        f"{metric.upper()} {'' if len(labels) == len(results) else 'of ' + ', '.join(labels) + ' '}is n/a: {why}."
        for (metric, why), labels in reasons.items()
    ]
    if (why_none := _why_no_interval(results)) is not None:
        told_apart = ", and so does telling methods apart" if len(results) > 1 else ""
        notes.append(f"No interval: {why_none}{told_apart}.")
    if any(result.summary.peak_memory_mb is not None for result in results):
        notes.append("Peak MB: the most that the whole process held, with Python and libraries.")
    if noise_floor(results[0]) is not None:
        notes.append("The noise floor is what a perfect prediction would get, by the noise of the ground truth.")
    return [paragraph(note, width) for note in dict.fromkeys(notes)]


def _why_no_interval(results: Sequence[Result]) -> str | None:
    """Return why scores of these scenes can have no interval, if so."""
    return interval(results[0], "psnr").reason


def _difference_texts(results: Sequence[Result], reference: str | None, width: int) -> list[str]:
    if len(results) < 2 or _why_no_interval(results) is not None:
        return []
    texts: list[str] = []
    note = ""
    for metric in METRICS:
        found = compare(results, metric, reference=reference)
        if found:
            texts += [
                f"## {label_of(metric)}: difference to {found[0].b}{' (best)' if reference is None else ''}",
                format_table(
                    ["method", "difference", "95 % interval", "p", "p (Holm)", "verdict"],
                    [_difference_cells(difference) for difference in found],
                    width,
                ),
            ]
            note = note or _limits_of(found, chosen=reference is None)
    return [*texts, paragraph(note, width)] if texts else []


def _difference_cells(difference: PairedDifference) -> list[str]:
    shown = format_interval(
        difference.metric,
        Interval(difference.mean, difference.low, difference.high, difference.scenes),
        signed=True,
    )
    mean, _, limits = shown.partition(" ")
    verdict = "not told apart"
    if difference.better is not None:
        verdict = "better" if difference.better == difference.a else "worse"
    return [
        difference.a,
        mean,
        limits or "none",
        format_p(difference.p_value),
        format_p(difference.p_adjusted),
        verdict,
    ]


def _limits_of(found: Sequence[PairedDifference], *, chosen: bool) -> str:
    smallest = found[0].smallest_p
    number = "1 comparison" if len(found) == 1 else f"{len(found)} comparisons"
    text = (
        f"p: sign flips over {found[0].scenes} scenes, at least {format_p(smallest)}; Holm's correction for {number}; "
        f"a difference counts if p (Holm) ≤ {ALPHA:g} and the interval leaves 0 out."
    )
    if chosen and len(found) > 1:
        text += " The best is chosen from the same scores, so differences to it look a little surer than they are."
    if smallest * len(found) > ALPHA:
        text += " With so few scenes and so many methods no difference can count, however large."
    return text


def _breakdowns(results: Sequence[Result], width: int) -> list[str]:
    parts: list[str] = []
    if len(results[0].summary.levels) > 1:
        for metric in METRICS:
            if any(has_metric(result, metric) for result in results):
                parts += _breakdown(f"{label_of(metric)} by blur level", "", metric, level_rows(results, metric), width)
    parts += _breakdown("PSNR (dB) ↑ by region", "region", "psnr", region_rows(results), width)
    parts += _breakdown("PSNR (dB) ↑ by corrupted disparity map", "map", "psnr", corruption_rows(results), width)
    return parts


def _breakdown(title: str, what: str, metric: str, rows: Sequence[BreakdownRow], width: int) -> list[str]:
    if not rows:
        return []
    labels = list(dict.fromkeys(label for row in rows for label in row.scores))
    floors = any(row.noise_floor_db is not None for row in rows)
    uneven = len({row.scenes for row in rows}) > 1
    head = [what, *labels, *(["noise floor"] if floors else []), *(["scenes"] if uneven else [])]
    cells = []
    for row in rows:
        cell = [row.name, *(format_interval(metric, row.scores.get(label)) for label in labels)]
        cell += [format_value("psnr", row.noise_floor_db)] if floors else []
        cells.append(cell + ([str(row.scenes)] if uneven else []))
    return [f"## {title}", format_table(head, cells, width)]
