"""Is the blur of a point light as wide as it should be? Slope and offset of measured against demanded radius.

    python -m tests.figures.radius_linearity

A single light, blur radius K·|d - d_f| = 8, 16, … 96 px. First the scatter's weights by themselves; then whole
renderers on a grey surface: `flat`; or with a depth edge, the other side in focus, 6 px beyond the disc, so that the
disc is whole but within the reach of what is done about edges, the light on the far surface (`behind`) or the near one
(`in front`). There the light is what a render with it has more than one without it. Hybrids are measured where their
weights are in the package, and with REFINER=file.safetensors a refiner from a file too.

Three rulers: the radius of a uniform disc with the same second moment; of a disc of plateau height with the same light;
and where display values light^(1/4) fall to half their plateau, as one would measure on a picture rendered with
gamma 4; that lies outside the rim, by 0.4 px of any disc.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from bokeh_render import Aperture, HybridRenderer
from bokeh_render.classical.cpu import accumulate
from bokeh_render.classical.exact_weights import weights_of
from bokeh_render.classical.taps import tap_table
from bokeh_render.neural.pretrained import weights_are_there
from bokeh_render.optics import DISPLAY_GAMMA, Float32, light_from_display
from bokeh_render.renderers import render_display

Float64 = NDArray[np.float64]
BlurOf = Callable[[float], Float64]
Render = Callable[[Float32, Float32], Float32]
CASES = ("flat", "behind, edge beside", "in front, edge beside")
RADII = np.arange(8.0, 97.0, 8.0)


def fast_blur(profile: str, radius: float) -> Float64:
    reach = int(radius) + 3
    defocus = np.full((2 * reach + 1, 2 * reach + 1), np.nan)
    defocus[reach, reach] = -radius
    table = tap_table(Aperture(), profile, "high", radius, 2 * reach + 1)
    return np.asarray(accumulate(np.ones((*defocus.shape, 4)), defocus, table, threads=1).weight)


def exact_blur(profile: str, radius: float) -> Float64:
    half = int(radius) + 4
    weights = weights_of(Aperture(), profile, torch.full((1, 1, 1, 1), -radius, dtype=torch.float64))
    quarter = np.zeros((half, half))
    for dy in range(half):
        for dx in range(dy + 1):
            quarter[dy, dx] = quarter[dx, dy] = float(weights(dy, dx))
    upper = np.concatenate([quarter[:, :0:-1], quarter], axis=1)
    return np.concatenate([upper[:0:-1], upper])


def by_second_moment(blur: Float64) -> float:
    y, x = np.indices(blur.shape) - blur.shape[0] // 2
    return float(np.sqrt(2 * np.sum(blur * (x**2 + y**2)) / np.sum(blur)))


def by_light(blur: Float64) -> float:
    return float(np.sqrt(np.sum(blur) / blur[blur.shape[0] // 2, blur.shape[1] // 2] / np.pi))


def by_half_display(blur: Float64) -> float:
    row = (np.maximum(blur[blur.shape[0] // 2], 0) / blur.max()) ** 0.25
    middle = len(row) // 2
    last = middle + int(np.nonzero(row[middle:] >= 0.5)[0][-1])
    return float(last - middle + (row[last] - 0.5) / (row[last] - row[last + 1]))


def surface(radius: float, case: str, *, lit: bool) -> tuple[Float32, Float32, int]:
    """Return display, defocus, and the row and column of the light: see the module's text."""
    reach = int(radius) + 4
    middle, gap = 2 * reach, int(radius) + 6
    display = np.full((4 * reach + 1, (4 if case == "flat" else 2) * reach + gap + 1 + reach, 3), 0.2, dtype=np.float32)
    defocus = np.full(display.shape[:2], radius if case == "in front, edge beside" else -radius, dtype=np.float32)
    if case != "flat":
        defocus[:, middle + gap :] = 0.0
        display[:, middle + gap :] = 0.35
    if lit:  # so much light that the disc is white
        display[middle, middle] = (np.pi * radius**2) ** (1 / DISPLAY_GAMMA)
    return display, defocus, middle


def rendered_blur(render: Render, case: str, radius: float) -> Float64:
    """Return what the light alone adds, in light, (n, n), the light in the middle."""
    with_it, without = (
        light_from_display(render(*surface(radius, case, lit=lit)[:2])).astype(np.float64).mean(axis=2)
        for lit in (True, False)
    )
    middle, reach = surface(radius, case, lit=False)[2], int(radius) + 4
    around = slice(middle - reach, middle + reach + 1)
    return np.asarray((with_it - without)[around, around])


def bokeh_of(hybrid: HybridRenderer, display: Float32, defocus: Float32) -> Float32:
    return hybrid.render(display, defocus).bokeh


def rendered() -> Iterator[tuple[str, str, BlurOf]]:
    """Yield renderer, case and the blur by radius, for whole renderers on whole images."""
    renderers: dict[str, Render] = {
        "classical": render_display,
        "layered": partial(render_display, renderer="layered"),
    }
    hybrids = {}
    for method, name in (("hybrid", "refined"), ("hybrid-plain", "bokehme")):
        if weights_are_there(name):
            hybrids[method] = HybridRenderer.from_pretrained(name)
        else:
            print(f"{method}: left out, its weights are not in the package", file=sys.stderr)
    if "REFINER" in os.environ:
        hybrids["hybrid of REFINER"] = HybridRenderer.from_checkpoints(refiner=os.environ["REFINER"])
    renderers |= {name: partial(bokeh_of, hybrid) for name, hybrid in hybrids.items()}
    for name, render in renderers.items():
        for case in CASES:
            yield name, case, partial(rendered_blur, render, case)


def main() -> None:
    rulers: dict[str, Callable[[Float64], float]] = {
        "second moment": by_second_moment, "light / plateau": by_light, "half of display, gamma 4": by_half_display
    }  # fmt: skip
    print("| of | computed | ruler | slope | offset, px | largest residual, px | farthest from demanded, % |")
    print("|---|---|---|---:|---:|---:|---:|")
    weights: list[tuple[str, str, BlurOf]] = [
        (profile, kind, partial(blur_of, profile))
        for profile in ("area", "bokehme")
        for kind, blur_of in (("exact formula", exact_blur), ("fast", fast_blur))
    ]
    for name, kind, blur_of in itertools.chain(weights, rendered()):
        blurs = [blur_of(radius) for radius in RADII]
        for ruler_name, ruler in rulers.items():
            measured = np.array([ruler(blur) for blur in blurs])
            slope, offset = np.polyfit(RADII, measured, 1)
            residual = np.abs(measured - slope * RADII - offset).max()
            off = 100 * np.abs(measured / RADII - 1).max()
            row = f"| {name} | {kind} | {ruler_name} | {slope:.4f} | {offset:+.3f} | {residual:.3f} | {off:.2f} |"
            print(row, flush=True)


if __name__ == "__main__":
    main()
