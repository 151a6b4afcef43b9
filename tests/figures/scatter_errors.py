"""How far the fast scatter is from the exact formula: the table of errors in docs/classical.md.

    python -m tests.figures.scatter_errors

Truth is `scatter_reference` in float64; the fast one gets the same numbers as float32. PSNR and errors are of linear
light, peak 1. The cases: what images and defocus maps usually are, and what breaks renderers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from bokeh_render import Aperture, parse_aperture, scatter, scatter_reference
from bokeh_render.classical.cpu import accumulate
from bokeh_render.classical.exact_weights import weights_of
from bokeh_render.classical.taps import tap_table

Array = NDArray[np.float32]
HEIGHT, WIDTH = 120, 176


class Case(NamedTuple):
    name: str
    light: Array
    defocus: Array


def picture(rng: np.random.Generator, height: int = HEIGHT, width: int = WIDTH) -> Array:
    """Patches of colour with grain, fine lines and white points, linear light in [0, 1]."""
    y, x = np.mgrid[0:height, 0:width]
    patches = rng.random((6, 8, 3))[y * 6 // height, x * 8 // width]
    lines = 0.3 * (np.sin(x * 1.9 + y * 0.7) > 0.4)[..., None]
    light = np.clip(0.6 * patches + lines + rng.normal(0, 0.03, (height, width, 3)), 0, 1) ** 2.2
    light[rng.integers(0, height, 25), rng.integers(0, width, 25)] = 1.0
    return light.astype(np.float32)


def objects(radius: float, rng: np.random.Generator) -> Array:
    """Return a slanted ground, and discs at other distances before it."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] / HEIGHT
    signed = -0.9 + 1.2 * y
    for _ in range(6):
        cx, cy, size, depth = rng.uniform((0, 0, 0.05, -1), (WIDTH / HEIGHT, 1, 0.2, 1))
        signed = np.where((x - cx) ** 2 + (y - cy) ** 2 < size**2, depth, signed)
    return (radius * signed).astype(np.float32)


def cases() -> Iterator[Case]:
    rng = np.random.default_rng(1)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    yield Case("objects, to 10 px", picture(rng), objects(10, rng))
    yield Case("objects, to 25 px", picture(rng), objects(25, rng))
    yield Case("objects, to 60 px", picture(rng), objects(60, rng))
    smooth = (12 * np.sin(x / 31.0) * np.cos(y / 23.0)).astype(np.float32)
    yield Case("smooth, through focus", picture(rng), smooth)
    yield Case("steep: stripes of 0 and 20 px", picture(rng), np.where(x // 6 % 2 == 0, 20, 0).astype(np.float32))
    noise = rng.uniform(-15, 15, (HEIGHT, WIDTH)).astype(np.float32)
    yield Case("random at every pixel, to 15 px", picture(rng), noise)
    yield Case("constant 7.3 px", picture(rng), np.full((HEIGHT, WIDTH), 7.3, np.float32))
    yield Case("constant 33.4 px", picture(rng), np.full((HEIGHT, WIDTH), -33.4, np.float32))
    yield Case("tiny radii, 0 to 2 px", picture(rng), rng.uniform(-2, 2, (HEIGHT, WIDTH)).astype(np.float32))
    yield Case("black and white noise, 3 to 5 px", rng.integers(0, 2, (HEIGHT, WIDTH, 3)).astype(np.float32),
               rng.uniform(3, 5, (HEIGHT, WIDTH)).astype(np.float32))  # fmt: skip
    yield Case("to 300 px, beyond the image", picture(rng), objects(300, rng))
    yield Case("one pixel wide", picture(rng, HEIGHT, 1), rng.uniform(-9, 9, (HEIGHT, 1)).astype(np.float32))
    yield Case("one pixel high", picture(rng, 1, WIDTH), rng.uniform(-9, 9, (1, WIDTH)).astype(np.float32))


def truth(case: Case, profile: str) -> NDArray[np.float64]:
    light = torch.from_numpy(case.light.astype(np.float64).transpose(2, 0, 1)[None].copy())
    blur = torch.from_numpy(case.defocus.astype(np.float64)[None, None].copy())
    with torch.no_grad():
        found: NDArray[np.float64] = scatter_reference(light, blur, profile=profile).bokeh[0].permute(1, 2, 0).numpy()
    return found


def bright_lights(rng: np.random.Generator) -> Case:
    light = np.full((HEIGHT, WIDTH, 3), 0.01, np.float32) * rng.random((HEIGHT, WIDTH, 3), dtype=np.float32)
    light[HEIGHT // 3, WIDTH // 3] = light[HEIGHT // 2, WIDTH // 2] = 1e5
    return Case("dark, with two lights of 1e5", light, np.full((HEIGHT, WIDTH), 12.0, np.float32))


def dark_places(case: Case) -> NDArray[np.bool_]:
    """Return where no light stronger than 1 arrives: more than 3 px outside the discs of the lights."""
    y, x = np.mgrid[0 : case.light.shape[0], 0 : case.light.shape[1]]
    dark = np.ones(case.light.shape[:2], dtype=bool)
    for light_y, light_x in zip(*np.nonzero(case.light[..., 0] > 1), strict=True):
        dark &= np.hypot(y - light_y, x - light_x) > abs(case.defocus[light_y, light_x]) + 3
    return dark


def disc_error(profile: str, radius: float, quality: str = "high", aperture: str = "disc") -> float:
    """Return the largest error of a single source's blur, as a share of its plateau."""
    shape = parse_aperture(aperture)
    reach = int(radius) + 3
    size = 2 * reach + 1
    defocus = np.full((size, size), np.nan)
    defocus[reach, reach] = -radius
    values = np.ones((size, size, 4))
    fast = accumulate(values, defocus, tap_table(shape, profile, quality, radius, size), threads=1).weight
    if profile == "bokehme":
        fast = fast / (shape.area * radius * radius + 0.2) if isinstance(shape, Aperture) else fast
    weights = weights_of(shape, profile, torch.full((1, 1, 1, 1), -radius, dtype=torch.float64))
    half = reach + 1  # the disc is the same in all quarters
    exact = np.array([[float(weights(dy, dx)) for dx in range(half)] for dy in range(half)])
    return float(np.abs(fast[reach:, reach:] - exact).max() / exact.max())


def main() -> None:
    for profile in ("area", "bokehme"):
        print(f"\nProfile `{profile}`:\n\n| case | high, dB | largest error | preview, dB | largest error |")
        print("|---|---:|---:|---:|---:|")
        for case in cases():
            exact = truth(case, profile)
            row = []
            for quality in ("high", "preview"):
                error = scatter(case.light, case.defocus, profile=profile, quality=quality).bokeh - exact
                row += [f"{-10 * np.log10(max(float(np.mean(error**2)), 1e-30)):.1f}", f"{np.abs(error).max():.1e}"]
            print(f"| {case.name} | {' | '.join(row)} |", flush=True)
        case = bright_lights(np.random.default_rng(2))
        exact = truth(case, profile)
        dark = dark_places(case)
        print(f"\n{case.name}: largest relative error more than 3 px outside their discs:", end="")
        for quality in ("high", "preview"):
            found = scatter(case.light, case.defocus, profile=profile, quality=quality).bokeh
            print(f" {quality} {np.abs(found[dark] / exact[dark] - 1).max():.1e}", end="")
        radii = (0.3, 0.7, 1.0, 1.5, 2.5, 4.3, 7.1, 9.96, 12.2, 20.7, 33.3, 49.9, 77.7, 100.06, 150.2, 300.0)
        errors = {radius: disc_error(profile, radius) for radius in radii}
        worst = max(errors, key=lambda radius: errors[radius])
        print(f"\nA single light's disc, share of its plateau: at most {errors[worst]:.3f} (at {worst} px)")


if __name__ == "__main__":
    main()
