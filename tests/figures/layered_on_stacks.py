"""What occlusion is worth, on rendered truth: the tables of docs/layered.md.

    python -m tests.figures.layered_on_stacks DATASET [--threads N]

DATASET: a folder that `bokehbench generate` made. Every sample is rendered by the plain scatter with both profiles and
by the layered renderer, and scored as blb-v1 scores: PSNR of display values (light ** (1 / 2.2)) clipped to [0, 1].

The boundary band is that of benchmark.regions: all that light passing a depth edge can reach.
Outside: all the rest. Regions of fewer than 200 pixels do not count. Scenes that took no part in choosing parameters
stand apart.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmark.dataset import Dataset, open_dataset
from benchmark.protocols import load_protocol
from benchmark.regions import boundary_band
from bokeh_render import scatter
from bokeh_render.layered import render_layered
from bokeh_render.optics import Float32, display_from_light

HELD_OUT = ("bookshelf", "fairground", "sunlit_room")
TABLED = ("band", "outside", "all")
REGIONS = (*TABLED, "outside, in focus", "outside, blurred")

Renderer = Callable[[Float32, Float32], Float32]


class Score(NamedTuple):
    scene: str
    level: int
    region: str
    method: str
    psnr: float


def renderers(threads: int) -> dict[str, Renderer]:
    return {
        "classical bokehme": lambda light, blur: scatter(light, blur, profile="bokehme", threads=threads).bokeh,
        "classical area": lambda light, blur: scatter(light, blur, threads=threads).bokeh,
        "layered": lambda light, blur: render_layered(light, blur, threads=threads).bokeh,
    }


def scores(dataset: Dataset, methods: dict[str, Renderer]) -> Iterator[Score]:
    rules = load_protocol("blb-v1")
    for key in dataset.samples(rules):
        sample = dataset.method_input(key, rules)
        defocus = sample.defocus.astype(np.float32)
        truth = dataset.truth_display(key.truth, rules)
        band, sharp = boundary_band(defocus, rules.regions), np.abs(defocus) < rules.regions.sharp_px
        masks = (band, ~band, np.ones_like(band), ~band & sharp, ~band & ~sharp)
        for name, render in methods.items():
            error = np.mean((clipped(render(sample.light, defocus)) - truth) ** 2, axis=2, dtype=np.float64)
            for region, mask in zip(REGIONS, masks, strict=True):
                if mask.sum() >= rules.regions.least_pixels:
                    yield Score(key.scene, key.blur + 1, region, name, -10 * math.log10(error[mask].mean()))


def clipped(light: Float32) -> NDArray[Any]:
    return np.clip(display_from_light(light), 0.0, 1.0)


def table(
    found: list[Score], rows: dict[str, Callable[[Score], bool]], first: str, methods: list[str]
) -> Iterator[str]:
    yield f"| {first} | " + " | ".join(f"{region}: {name}" for region in TABLED for name in methods) + " |"
    yield "|---|" + "---:|" * (len(TABLED) * len(methods))
    for row, chosen in rows.items():
        sums: dict[tuple[str, str], list[float]] = defaultdict(list)
        for score in filter(chosen, found):
            sums[score.region, score.method].append(score.psnr)
        cells = [f"{np.mean(sums[region, name] or [np.nan]):.2f}" for region in TABLED for name in methods]
        yield f"| {row} | " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--threads", type=int, default=0)
    arguments = parser.parse_args()
    methods = renderers(arguments.threads)
    found = list(scores(open_dataset(arguments.dataset), methods))
    names = list(methods)
    for title, members in (("scenes that parameters were chosen on", False), ("scenes held out", True)):
        part = [score for score in found if (score.scene in HELD_OUT) == members]
        rows: dict[str, Callable[[Score], bool]] = {
            f"level {level}": lambda score, level=level: score.level == level for level in range(1, 6)
        }
        rows["levels 3–5"] = lambda score: score.level >= 3
        sys.stdout.write(f"\n{title}\n\n" + "\n".join(table(part, rows, "", names)) + "\n")
    by_scene: dict[str, Callable[[Score], bool]] = {
        scene: lambda score, scene=scene: score.scene == scene and score.level >= 3
        for scene in sorted({score.scene for score in found})
    }
    sys.stdout.write("\nlevels 3–5 by scene\n\n" + "\n".join(table(found, by_scene, "scene", names)) + "\n")
    for name in names[:2]:
        for region in ("outside", "outside, in focus", "outside, blurred"):
            pairs = zip(
                (score for score in found if (score.method, score.region) == ("layered", region)),
                (score for score in found if (score.method, score.region) == (name, region)),
                strict=True,
            )
            worst = min(layered.psnr - plain.psnr for layered, plain in pairs)
            sys.stdout.write(f"\n{region}, worst sample: layered minus {name} {worst:+.3f} dB")
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
