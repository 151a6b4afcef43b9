"""How fast the scatter is on a graphics card beside brute force, and how exact both are. Needs an NVIDIA card.

    python -m tests.speed.scatter_on_gpu [--radii 10 25 50 100] [--sizes 1920x1080 3840x2160]

Brute force is the exact formula as BokehMe's own renderer does it: every source adds to all pixels of its window, in
float32, with atomic additions (_brute_force_gpu.py). Ours is `bokeh_render.scatter` with the same weights, checks of
its input included. Times are medians between CUDA events, after two calls to warm up. Errors are largest differences
from the formula in float64, in a square of the image.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from bokeh_render import scatter, scatter_reference
from bokeh_render.classical.cuda import unusable_because

SECONDS_PER_FIGURE = 4.0
MOST_REPEATS = 20
SQUARE = 160


@dataclass(frozen=True)
class Comparison:
    """One image at one radius. Seconds; bytes per pixel beside input and output; errors of images in [0, 1]."""

    width: int
    height: int
    radius: float
    ours: float
    with_gradients: float
    brute_force: float
    bytes_per_pixel: float
    our_error: float
    brute_force_error: float
    same_bits: bool


def scene(height: int, width: int, radius: float, device: str) -> tuple[Tensor, Tensor]:
    """Return light (1, 3, H, W) and defocus (1, 1, H, W): a slanted ground and five discs before it."""
    rng = np.random.default_rng(0)
    v, u = np.mgrid[0:height, 0:width] / np.array([height, width])[:, None, None]
    patches = rng.random((3, 28, 49))[:, (27 * v).astype(int), (48 * u).astype(int)]
    light = np.clip(0.7 * patches + 0.2 * np.sin(270 * u + 200 * v) + rng.normal(0, 0.02, patches.shape), 0, 1) ** 2.2
    depth = 0.05 + 0.45 * v**1.5 + 0.03 * np.sin(6 * u)
    for cx, cy, rx, ry, near in ((0.2, 0.55, 0.1, 0.3, 0.4), (0.5, 0.6, 0.08, 0.25, 0.62), (0.78, 0.7, 0.16, 0.35, 1.0),
                                 (0.35, 0.25, 0.06, 0.1, 0.25), (0.62, 0.2, 0.05, 0.1, 0.8)):  # fmt: skip
        depth = np.where(((u - cx) / rx) ** 2 + ((v - cy) / ry) ** 2 < 1, near + 0.02 * (u - cx) / rx, depth)
    defocus = (depth - 0.4) * (radius / np.abs(depth - 0.4).max())
    return tuple(torch.from_numpy(a.astype(np.float32))[None].to(device) for a in (light, defocus[None]))  # type: ignore[return-value]


def brute_force(light: Tensor, defocus: Tensor) -> Tensor:
    """Return the blurred (3, H, W)."""
    from tests.speed import _brute_force_gpu

    height, width = defocus.shape[2:]
    sums = torch.zeros((height, width, 4), device=light.device)
    block = 128
    _brute_force_gpu.scatter_by_brute_force[(-(-height * width // block),)](
        light[0].permute(1, 2, 0).contiguous(), defocus[0, 0], sums, height, width, block=block, enable_fp_fusion=True
    )
    return (sums[..., 1:] / sums[..., :1]).permute(2, 0, 1)


def compare(height: int, width: int, radius: float, device: str) -> Comparison:
    """Time and check both; ``device`` cpu is for trying this script under Triton's interpreter."""
    light, defocus = scene(height, width, radius, device)
    backend = "cuda" if device == "cuda" else "torch"

    def ours() -> Tensor:
        bokeh: Tensor = scatter(light, defocus, profile="bokehme", backend=backend).bokeh  # type: ignore[arg-type]
        return bokeh

    def with_gradients() -> None:
        inputs = light.detach().requires_grad_(), defocus.detach().requires_grad_()
        scatter(*inputs, profile="bokehme", backend=backend).bokeh.sum().backward()  # type: ignore[arg-type]

    top, left = max(0, (height - SQUARE) // 2), max(0, (width - SQUARE) // 2)
    truth = exactly(light, defocus, top, left)
    window = (..., slice(top, top + SQUARE), slice(left, left + SQUARE))
    before = held_bytes(device, reset=True)
    first = ours()
    peak = held_bytes(device) - before - first.nbytes
    return Comparison(
        width=width,
        height=height,
        radius=radius,
        ours=seconds(ours, device),
        with_gradients=seconds(with_gradients, device),
        brute_force=seconds(lambda: brute_force(light, defocus), device),
        bytes_per_pixel=peak / (height * width),
        our_error=float((first[0][window] - truth).abs().max()),
        brute_force_error=float((brute_force(light, defocus)[window] - truth).abs().max()),
        same_bits=all(torch.equal(ours(), first) for _ in range(3)),
    )


def exactly(light: Tensor, defocus: Tensor, top: int, left: int) -> Tensor:
    """Return the formula's (3, SQUARE, SQUARE) in float64, from what can reach it."""
    reach = int(defocus.abs().max()) + 2
    y, x = max(0, top - reach), max(0, left - reach)
    around = (..., slice(y, top + SQUARE + reach), slice(x, left + SQUARE + reach))
    found: Tensor = scatter_reference(light[around].double(), defocus[around].double()).bokeh[0]
    return found[:, top - y : top - y + SQUARE, left - x : left - x + SQUARE]


def seconds(run: Callable[[], object], device: str) -> float:
    """Return the median time of a call."""
    if device != "cuda":
        begin = time.perf_counter()
        run()
        return time.perf_counter() - begin
    for _ in range(2):
        run()
    torch.cuda.synchronize()
    times: list[float] = []
    while len(times) < 3 or (sum(times) < SECONDS_PER_FIGURE and len(times) < MOST_REPEATS):
        begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
        begin.record()
        run()
        end.record()
        torch.cuda.synchronize()
        times.append(begin.elapsed_time(end) / 1e3)
    return statistics.median(times)


def held_bytes(device: str, *, reset: bool = False) -> int:
    """Return the most device memory held since the last reset."""
    if device != "cuda":
        return 0
    if reset:
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
    return torch.cuda.max_memory_allocated()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--radii", nargs="+", type=float, default=[10.0, 25.0, 50.0, 100.0])
    parser.add_argument("--sizes", nargs="+", default=["1920x1080", "3840x2160"], metavar="WIDTHxHEIGHT")
    given = parser.parse_args()
    reason = unusable_because(torch.device("cuda")) if torch.cuda.is_available() else "torch sees no CUDA device"
    if reason is not None:
        print(f"Nothing measured: {reason}.")
        return
    version = getattr(importlib.import_module("triton"), "__version__", "unknown")
    print(f"{torch.cuda.get_device_name(0)}, torch {torch.__version__}, CUDA {torch.version.cuda}, Triton {version}\n")
    print(
        "| size | radius px | ours ms | with gradients ms | brute force ms | ratio | bytes per px "
        "| our error | brute force's error | same bits |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|---:|---:|---|")
    for size in given.sizes:
        width, height = (int(number) for number in size.split("x"))
        for radius in given.radii:
            found = compare(height, width, radius, "cuda")
            print(
                f"| {size} | {radius:g} | {1e3 * found.ours:.2f} | {1e3 * found.with_gradients:.2f} "
                f"| {1e3 * found.brute_force:.1f} | {found.brute_force / found.ours:.1f} | {found.bytes_per_pixel:.0f} "
                f"| {found.our_error:.1e} | {found.brute_force_error:.1e} | {'yes' if found.same_bits else 'NO'} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
