"""What the neural repair is worth: the tables of docs/hybrid.md, from results that `bokehbench evaluate` wrote.

    python -m tests.figures.hybrid_gain RUN [--reference classical] [--levels 3 4 5]

RUN: the folder given to `evaluate` as --out. Results under blb-v1 give the clean tables: the whole image, the boundary
band and all outside it, per method and, for the band, per scene with the scene-clustered interval of the difference,
from the reference and, for hybrids, from `layered`, their base, which may be the cause of the gain; results under
blb-corrupted-v1 what wrong disparities cost. Last, what is asked of `hybrid`, and whether it is reached. Outside: the
in-focus and out-of-focus regions together.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmark.reports.uncertainty import mean_interval
from benchmark.results import Result, SampleScore, load_results
from benchmark.store import RESULTS_FOLDER

Measure = Callable[[SampleScore], float | None]
BASE = "layered"  # what the improved hybrid starts from: the gain on it is the network's own
SCENES_THAT_GAIN = (8, 10)
OUTSIDE = ("in_focus", "out_of_focus")


def outside_psnr(sample: SampleScore) -> float | None:
    parts = [sample.regions[name] for name in OUTSIDE if name in sample.regions]
    pixels = sum(part.pixels for part in parts)
    if not pixels:
        return None
    return -10 * math.log10(sum(part.pixels * 10 ** (-part.psnr / 10) for part in parts) / pixels)


def boundary_psnr(sample: SampleScore) -> float | None:
    return sample.regions["boundary"].psnr if "boundary" in sample.regions else None


MEASURES: dict[str, Measure] = {
    "PSNR": lambda sample: sample.metrics.psnr,
    "SSIM": lambda sample: sample.metrics.ssim,
    "LPIPS": lambda sample: sample.metrics.lpips,
    "boundary PSNR": boundary_psnr,
    "outside PSNR": outside_psnr,
}


def by_scene(result: Result, levels: Sequence[int], measure: Measure) -> dict[str, float]:
    """Mean over focus settings (and maps), then over levels, of each scene."""
    cells: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for sample in result.samples:
        value = measure(sample)
        if sample.blur + 1 in levels and value is not None:
            cells[sample.scene][sample.blur].append(value)
    return {scene: float(np.mean([np.mean(v) for v in found.values()])) for scene, found in sorted(cells.items())}


def mean(found: dict[str, float]) -> float:
    return float(np.mean(list(found.values()))) if found else math.nan


def clean_table(results: dict[str, Result], levels: Sequence[int]) -> list[str]:
    lines = [f"| method | {' | '.join(MEASURES)} |", "|---|" + "---:|" * len(MEASURES)]
    for name, result in results.items():
        cells = [mean(by_scene(result, levels, measure)) for measure in MEASURES.values()]
        lines.append(f"| {name} | " + " | ".join(f"{v:.4f}" if v < 2 else f"{v:.2f}" for v in cells) + " |")
    return lines


def gains_over(
    reference: Result, others: dict[str, Result], levels: Sequence[int], measure: Measure
) -> dict[str, dict[str, float]]:
    """Return, by method and scene, how much more it has than the reference."""
    base = by_scene(reference, levels, measure)
    found = {}
    for name, result in others.items():
        values = by_scene(result, levels, measure)
        found[name] = {scene: values[scene] - value for scene, value in base.items()}
    return found


def gain_table(reference: Result, others: dict[str, Result], levels: Sequence[int]) -> list[str]:
    """Return what methods gain on another in the boundary band, by scene, and whether that is sure."""
    gains = gains_over(reference, others, levels, boundary_psnr)
    scenes = list(by_scene(reference, levels, boundary_psnr))
    lines = [f"boundary PSNR minus that of {reference.method.name}, dB, by scene", ""]
    lines += [f"| scene | {' | '.join(others)} |", "|---|" + "---:|" * len(others)]
    lines += [f"| {scene} | " + " | ".join(f"{gains[name][scene]:+.2f}" for name in others) + " |" for scene in scenes]
    means, counts = [], []
    for name in others:
        found = mean_interval(np.array([[gains[name][scene]] for scene in scenes]))
        limits = "" if found.low is None else f" [{found.low:+.2f}, {found.high:+.2f}]"
        means.append(f"{found.mean:+.2f}{limits}")
        counts.append(f"{sum(gains[name][scene] > 0 for scene in scenes)} of {len(scenes)}")
    lines.append("| **mean, 95 % interval over scenes** | " + " | ".join(means) + " |")
    return [*lines, "| **scenes that gain** | " + " | ".join(counts) + " |"]


class Bar(NamedTuple):
    """Something that the hybrid is to reach."""

    what: str
    bar: str
    found: str
    reached: bool

    def row(self) -> str:
        return f"| {self.what} | {self.bar} | {self.found} | {'yes' if self.reached else 'NO'} |"


def bars(
    clean: dict[str, Result], corrupted: dict[str, Result], method: str, reference: str, levels: Sequence[int]
) -> list[str]:
    """Return what the project asks of its hybrid, and whether it is there."""

    def both(results: dict[str, Result], measure: Measure) -> tuple[float, float]:
        return mean(by_scene(results[method], levels, measure)), mean(by_scene(results[reference], levels, measure))

    def below(what: str, mine: float, its: float) -> Bar:
        return Bar(what, f"below {its:.4f}", f"{mine:.4f}", mine < its)

    found = []
    for name in ("PSNR", "SSIM"):
        mine, its = both(clean, MEASURES[name])
        found.append(Bar(name, f"above {its:.4f}", f"{mine:.4f}", mine > its))
    found.append(below("LPIPS", *both(clean, MEASURES["LPIPS"])))
    for name, least in (("boundary PSNR", 1.5), ("outside PSNR", -0.1)):
        mine, its = both(clean, MEASURES[name])
        found.append(Bar(f"{name}, gain, dB", f"at least {least:+.1f}", f"{mine - its:+.2f}", mine - its >= least))
    gains = gains_over(clean[reference], {method: clean[method]}, levels, boundary_psnr)[method]
    gain, count = sum(value > 0 for value in gains.values()), len(gains)
    enough = -(-SCENES_THAT_GAIN[0] * count // SCENES_THAT_GAIN[1])
    found.append(
        Bar("scenes that gain at the boundary", f"at least {enough} of {count}", f"{gain} of {count}", gain >= enough)
    )
    if {method, reference} <= corrupted.keys():
        found.append(below("corrupted maps: mean squared error ×10⁴", *both(corrupted, squared_error)))
        lost = [lost_psnr(corrupted[name], clean[name], levels) for name in (method, reference)]
        found.append(below("corrupted maps: PSNR lost against the clean map, dB", lost[0], lost[1]))
    lines = [f"{method}: what is asked of it, beside {reference}", "", "| figure | bar | found | reached |"]
    return [*lines, "|---|---:|---:|---|", *(bar.row() for bar in found)]


def squared_error(sample: SampleScore) -> float:
    return float(1e4 * 10 ** (-sample.metrics.psnr / 10))


def lost_psnr(corrupted: Result, clean: Result, levels: Sequence[int]) -> float:
    """Return clean minus corrupted PSNR at the same scenes, levels and focus settings."""
    taken = {(s.scene, s.blur, s.focus) for s in corrupted.samples}
    same = clean.model_copy(update={"samples": tuple(s for s in clean.samples if (s.scene, s.blur, s.focus) in taken)})
    return mean(by_scene(same, levels, MEASURES["PSNR"])) - mean(by_scene(corrupted, levels, MEASURES["PSNR"]))


def corrupted_table(corrupted: dict[str, Result], clean: dict[str, Result], levels: Sequence[int]) -> list[str]:
    """Return what corrupted maps leave, and what they cost against the clean one at the same levels and focus."""
    lines = [
        "| method | PSNR | SSIM | LPIPS | boundary PSNR | mean squared error ×10⁴ | lost PSNR |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, result in corrupted.items():
        cells = [mean(by_scene(result, levels, measure)) for measure in list(MEASURES.values())[:4]]
        error = mean(by_scene(result, levels, squared_error))
        lost = f"{lost_psnr(result, clean[name], levels):.2f}" if name in clean else "—"
        numbers = " | ".join(f"{v:.4f}" if v < 2 else f"{v:.2f}" for v in cells)
        lines.append(f"| {name} | {numbers} | {error:.2f} | {lost} |")
    return lines


def report(
    clean: dict[str, Result],
    corrupted: dict[str, Result],
    reference: str,
    levels: Sequence[int],
    *,
    corrupted_name: str = "corrupted",
) -> list[str]:
    """Return all tables as lines of Markdown. clean, corrupted: results by the method's name."""
    lines = [f"levels {levels}, clean disparity", "", *clean_table(clean, levels)]
    lines += ["", *gain_table(clean[reference], {n: r for n, r in clean.items() if n != reference}, levels)]
    hybrids = {name: result for name, result in clean.items() if name.startswith(("hybrid", "neural"))}
    if BASE in clean and reference != BASE and hybrids:
        lines += ["", *gain_table(clean[BASE], hybrids, levels)]
    if corrupted:
        lines += ["", f"levels {levels}, {corrupted_name}", "", *corrupted_table(corrupted, clean, levels)]
    if "hybrid" in clean:
        lines += ["", *bars(clean, corrupted, "hybrid", reference, levels)]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("--reference", default="classical")
    parser.add_argument("--levels", type=int, nargs="+", default=[3, 4, 5])
    parser.add_argument("--corrupted", default="blb-corrupted-v1", help="name of the protocol of corrupted maps")
    arguments = parser.parse_args()
    folder, levels = arguments.run / RESULTS_FOLDER, arguments.levels
    clean = {result.method.name: result for result in load_results(folder, "blb-v1", None)}
    corrupted = {}
    if (folder / arguments.corrupted).is_dir():
        corrupted = {r.method.name: r for r in load_results(folder, arguments.corrupted, None)}
    lines = report(clean, corrupted, arguments.reference, levels, corrupted_name=arguments.corrupted)
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
