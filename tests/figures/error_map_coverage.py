"""How well E* covers what classical renders get wrong: the tables and the picture of docs/error_map.md.

    python -m tests.figures.error_map_coverage [--pairs N] [--threads N] [--picture docs/error_map.jpg]

Ray-traced pairs (bokeh_render.training_pairs) are rendered by the plain scatter and by the layered renderer. The error
is the squared difference of display values clipped to [0, 1], mean of the channels. What is nearer to the picture's rim
than the widest blur is left out: light comes in there from outside, which no map knows of. Of each pair:

recall: the share of the error where E* > 0; weighted: the same with the error times E*; area: the share of the picture
where E* > 0; precision: the share of that area where the difference (root of the error) exceeds 2/255.
Means over the pairs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib import colormaps
from PIL import Image, ImageDraw

from bokeh_render import render_layered, scatter, write_image
from bokeh_render.neural.error_map import ErrorMapSettings, error_map
from bokeh_render.optics import Float32, display_from_light, light_from_display, signed_defocus
from bokeh_render.training_pairs import PairSettings, TrainingPair, draw_pair
from generator.contact_sheet import write_line

PAIRS = PairSettings(height=192, width=192, blur_px=(2.0, 16.0), lens_points=(400, 1200))
SEED = 61
SEEN = 2.0 / 255.0
RENDERERS = ("plain", "layered")
SWEEP: dict[str, tuple[Any, ...]] = {
    "neighbourhood_px": (1, 2, 3, 4),
    "jump_px": (0.1, 0.25, 0.5, 1.0, 2.0),
    "reach": (0.5, 0.75, 1.0, 1.25),
    "margin_px": (0.0, 1.0, 2.0, 4.0),
    "inner_share": (0.0, 0.3, 0.6, 0.8),
}
SHOWN = (0, 5, 8, 13)
TITLES = ("all in focus", "truth, ray-traced", "error of plain, × 5", "error of layered, × 5", "E*")
HEAD_PX, GAP_PX = 32, 8


class Case(NamedTuple):
    """A pair with one of its disparity maps. errors: by renderer, (H, W)."""

    pair: TrainingPair
    defocus: Float32
    errors: dict[str, Float32]


class Coverage(NamedTuple):
    recall: float
    weighted: float
    area: float
    precision: float


def case(pair: TrainingPair, disparity: Float32, threads: int) -> Case:
    defocus = signed_defocus(disparity, pair.blur_parameter, pair.focus_disparity).astype(np.float32)
    light = light_from_display(pair.display, pair.gamma)
    renders = {
        "plain": scatter(light, defocus, threads=threads).bokeh,
        "layered": render_layered(light, defocus, threads=threads).bokeh,
    }
    truth = np.clip(pair.bokeh, 0.0, 1.0)
    errors = {
        name: np.mean((np.clip(display_from_light(found, pair.gamma), 0.0, 1.0) - truth) ** 2, axis=2)
        for name, found in renders.items()
    }
    return Case(pair, defocus, errors)


def inner(one: Case, values: Float32) -> Float32:
    """Return what is further from the rim than any light goes."""
    rim = int(np.ceil(np.abs(one.defocus).max())) + 1
    return values[rim:-rim, rim:-rim]


def coverage(cases: list[Case], renderer: str, settings: ErrorMapSettings) -> Coverage:
    rows = []
    for one in cases:
        weight, error = (
            inner(one, error_map(one.defocus, settings)),
            inner(one, one.errors[renderer]).astype(np.float64),
        )
        inside, total = weight > 0.0, max(float(error.sum()), 1e-12)
        wrong = np.mean(np.sqrt(error[inside]) > SEEN) if inside.any() else np.nan
        rows.append((error[inside].sum() / total, (weight * error).sum() / total, inside.mean(), wrong))
    return Coverage(*np.nanmean(np.array(rows), axis=0).tolist())


def table(cases: dict[str, list[Case]], rows: dict[str, ErrorMapSettings]) -> Iterator[str]:
    recalls = [f"recall: {maps}, {renderer}" for maps in cases for renderer in RENDERERS]
    heads = [
        *recalls,
        "weighted: clean, layered",
        "area: clean",
        "precision: clean, plain",
        "precision: clean, layered",
    ]
    yield "| | " + " | ".join(heads) + " |"
    yield "|---|" + "---:|" * len(heads)
    for name, settings in rows.items():
        found = {(maps, one): coverage(cases[maps], one, settings) for maps in cases for one in RENDERERS}
        plain, layered = found["clean", "plain"], found["clean", "layered"]
        shares = [one.recall for one in found.values()]
        shares += [layered.weighted, layered.area, plain.precision, layered.precision]
        yield f"| {name} | " + " | ".join(f"{share:.3f}" for share in shares) + " |"


def by_weight(cases: list[Case]) -> Iterator[str]:
    """Yield the root mean square error, in 255ths, where E* is 0, where it is 1 and between."""
    yield "| E* | share of the picture | plain, RMS × 255 | layered, RMS × 255 |"
    yield "|---|---:|---:|---:|"
    weights = np.concatenate([inner(one, error_map(one.defocus)).ravel() for one in cases])
    errors = {name: np.concatenate([inner(one, one.errors[name]).ravel() for one in cases]) for name in RENDERERS}
    for name, low, high in (("0", -1.0, 0.0), ("0 to 0.5", 0.0, 0.5), ("0.5 to 1", 0.5, 0.9999), ("1", 0.9999, 1.0)):
        part = (weights > low) & (weights <= high)
        shares = [f"{255 * np.sqrt(errors[renderer][part].mean()):.2f}" for renderer in RENDERERS]
        yield f"| {name} | {part.mean():.3f} | " + " | ".join(shares) + " |"


def picture(cases: list[Case]) -> Float32:
    """Return a row of pictures for each case, below the titles of the columns; display values, (H, W, 3)."""
    heat = colormaps["magma"]
    rows = []
    for one in cases:
        scales = [np.clip(5.0 * np.sqrt(one.errors[name]), 0.0, 1.0) for name in RENDERERS]
        tiles = [np.clip(one.pair.display, 0, 1), np.clip(one.pair.bokeh, 0, 1)]
        tiles += [heat(values)[..., :3] for values in (*scales, error_map(one.defocus))]
        rows.append([np.pad(tile, ((0, GAP_PX), (0, GAP_PX), (0, 0)), constant_values=1.0) for tile in tiles])
    grid = np.concatenate([np.concatenate(row, axis=1) for row in rows])[:-GAP_PX, :-GAP_PX]
    head = Image.new("RGB", (grid.shape[1], HEAD_PX), "white")
    width = PAIRS.width + GAP_PX
    for column, title in enumerate(TITLES):
        write_line(ImageDraw.Draw(head), (column * width + 4, 5), title, 14, PAIRS.width - 8, colour=(0, 0, 0))
    whole: Float32 = np.concatenate([np.asarray(head) / 255.0, grid]).astype(np.float32)
    return whole


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=24)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--picture", type=Path)
    arguments = parser.parse_args()
    pairs = [draw_pair(PAIRS, SEED, index) for index in range(arguments.pairs)]
    cases = {
        "clean": [case(pair, pair.disparity, arguments.threads) for pair in pairs],
        "imperfect": [case(pair, pair.imperfect, arguments.threads) for pair in pairs],
    }
    if arguments.picture:
        write_image(arguments.picture, picture([cases["clean"][index] for index in SHOWN]), quality=86)
    default = ErrorMapSettings()
    rows = {"default": default}
    for name, values in SWEEP.items():
        for value in values:
            if value != getattr(default, name):
                rows[f"{name} {value:g}"] = ErrorMapSettings(**{**default.model_dump(), name: value})
    sys.stdout.write("\n".join(table(cases, rows)) + "\n\n")
    sys.stdout.write("\n".join(by_weight(cases["clean"])) + "\n")


if __name__ == "__main__":
    main()
