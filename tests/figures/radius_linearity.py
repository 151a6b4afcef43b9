"""Is the blur of a point light as wide as it should be? Slope and offset of measured against demanded radius.

    python -m tests.figures.radius_linearity

A single light, blur radius K·|d - d_f| = 8, 16, … 96 px. Three rulers: the radius of a uniform disc with the same
second moment; of a disc of plateau height with the same light; and where display values light^(1/4) fall to half their
plateau, as one would measure on a picture rendered with gamma 4.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from bokeh_render import Aperture
from bokeh_render.classical.cpu import accumulate
from bokeh_render.classical.exact_weights import weights_of
from bokeh_render.classical.taps import tap_table

Float64 = NDArray[np.float64]
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
    return last - middle + (row[last] - 0.5) / (row[last] - row[last + 1])


def main() -> None:
    rulers: dict[str, Callable[[Float64], float]] = {
        "second moment": by_second_moment, "light / plateau": by_light, "half of display, gamma 4": by_half_display
    }  # fmt: skip
    print("| profile | computed | ruler | slope | offset, px | largest residual, px |\n|---|---|---|---:|---:|---:|")
    for profile in ("area", "bokehme"):
        for kind, blur_of in (("exact formula", exact_blur), ("fast", fast_blur)):
            blurs = [blur_of(profile, radius) for radius in RADII]
            for name, ruler in rulers.items():
                measured = np.array([ruler(blur) for blur in blurs])
                slope, offset = np.polyfit(RADII, measured, 1)
                residual = np.abs(measured - slope * RADII - offset).max()
                print(f"| {profile} | {kind} | {name} | {slope:.4f} | {offset:+.3f} | {residual:.3f} |", flush=True)


if __name__ == "__main__":
    main()
