"""What the neural repair is worth: the tables of docs/hybrid.md, from results that `bokehbench evaluate` wrote.

    python -m tests.figures.hybrid_gain RUN [--reference classical] [--levels 3 4 5]

RUN: the folder given to `evaluate` as --out. Results under blb-v1 give the clean tables: the whole image, the boundary
band and all outside it, per method and, for the band, per scene with the scene-clustered interval of the difference;
results under blb-corrupted-v1 what wrong disparities cost. Outside: the in-focus and out-of-focus regions together.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmark.reports.uncertainty import mean_interval
from benchmark.results import Result, SampleScore, load_results
from benchmark.store import RESULTS_FOLDER

Measure = Callable[[SampleScore], float | None]
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


def clean_tables(results: dict[str, Result], reference: str, levels: Sequence[int]) -> list[str]:
    lines = [f"| method | {' | '.join(MEASURES)} |", "|---|" + "---:|" * len(MEASURES)]
    for name, result in results.items():
        cells = [mean(by_scene(result, levels, measure)) for measure in MEASURES.values()]
        lines.append(f"| {name} | " + " | ".join(f"{v:.4f}" if v < 2 else f"{v:.2f}" for v in cells) + " |")
    others = [name for name in results if name != reference]
    lines += ["", f"boundary PSNR minus {reference}'s, dB, by scene", "", f"| scene | {' | '.join(others)} |"]
    lines.append("|---|" + "---:|" * len(others))
    base = by_scene(results[reference], levels, boundary_psnr)
    gains = {name: by_scene(results[name], levels, boundary_psnr) for name in others}
    lines += [
        f"| {scene} | " + " | ".join(f"{gains[name][scene] - value:+.2f}" for name in others) + " |"
        for scene, value in base.items()
    ]
    cells = []
    for name in others:
        found = mean_interval(np.array([[gains[name][scene] - value] for scene, value in base.items()]))
        limits = "" if found.low is None else f" [{found.low:+.2f}, {found.high:+.2f}]"
        cells.append(f"{found.mean:+.2f}{limits}")
    return [*lines, "| **mean, 95 % interval over scenes** | " + " | ".join(cells) + " |"]


def corrupted_table(corrupted: dict[str, Result], clean: dict[str, Result], levels: Sequence[int]) -> list[str]:
    """Return what corrupted maps leave, and what they cost against the clean one at the same levels and focus."""
    lines = [
        "| method | PSNR | SSIM | LPIPS | boundary PSNR | mean squared error ×10⁴ | lost PSNR |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for name, result in corrupted.items():
        cells = [mean(by_scene(result, levels, measure)) for measure in list(MEASURES.values())[:4]]
        error = mean(by_scene(result, levels, lambda sample: 1e4 * 10 ** (-sample.metrics.psnr / 10)))
        lost = "—"
        if name in clean:
            taken = {(s.scene, s.blur, s.focus) for s in result.samples}
            same = clean[name].model_copy(
                update={"samples": tuple(s for s in clean[name].samples if (s.scene, s.blur, s.focus) in taken)}
            )
            lost = f"{mean(by_scene(same, levels, MEASURES['PSNR'])) - cells[0]:.2f}"
        numbers = " | ".join(f"{v:.4f}" if v < 2 else f"{v:.2f}" for v in cells)
        lines.append(f"| {name} | {numbers} | {error:.2f} | {lost} |")
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
    lines = [f"levels {levels}, clean disparity", "", *clean_tables(clean, arguments.reference, levels)]
    if (folder / arguments.corrupted).is_dir():
        corrupted = {r.method.name: r for r in load_results(folder, arguments.corrupted, None)}
        lines += ["", f"levels {levels}, {arguments.corrupted}", "", *corrupted_table(corrupted, clean, levels)]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
