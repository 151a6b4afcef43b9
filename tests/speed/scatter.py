"""How fast the scatter is beside brute force, both in one run, as ratios.

    python -m tests.speed.scatter

Brute force is the exact formula twice: compiled by numba, and in C++ (brute_force.cpp, built here when there is a g++).
1920×1080, a slanted ground and objects before it, largest blur radius as given. Times are of the processor, per thread,
best of several; so other work on the machine counts little.
"""

from __future__ import annotations

import argparse
import ctypes
import math
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numba
import numpy as np
import torch
from numpy.typing import NDArray

from bokeh_render import render_layered, scatter

Array = NDArray[np.float32]
HEIGHT, WIDTH = 1080, 1920


def picture() -> Array:
    """Linear light with structure at all sizes, and white points."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    patches = rng.random((27, 48, 3), dtype=np.float32).repeat(40, 0).repeat(40, 1)
    light = 0.7 * patches + 0.2 * np.sin(x / 7 + y / 5)[..., None] + rng.normal(0, 0.02, (HEIGHT, WIDTH, 3))
    light[rng.integers(0, HEIGHT, 300), rng.integers(0, WIDTH, 300)] = 1.0
    return (np.clip(light, 0, 1) ** 2.2).astype(np.float32)


def defocus(radius: float) -> Array:
    """Return a slanted ground, a far wall and five discs before them; largest radius as given, the mean 0.4 of it."""
    v, u = np.mgrid[0:HEIGHT, 0:WIDTH] / [[[HEIGHT]], [[WIDTH]]]
    depth = 0.05 + 0.45 * v**1.5 + 0.03 * np.sin(6 * u)
    for cx, cy, rx, ry, near in ((0.2, 0.55, 0.1, 0.3, 0.4), (0.5, 0.6, 0.08, 0.25, 0.62), (0.78, 0.7, 0.16, 0.35, 1.0),
                                 (0.35, 0.25, 0.06, 0.1, 0.25), (0.62, 0.2, 0.05, 0.1, 0.8)):  # fmt: skip
        depth = np.where(((u - cx) / rx) ** 2 + ((v - cy) / ry) ** 2 < 1, near + 0.02 * (u - cx) / rx, depth)
    signed = depth - 0.4
    return (signed * (radius / np.abs(signed).max())).astype(np.float32)


@numba.njit(parallel=True, fastmath=True, boundscheck=False)  # type: ignore[misc, untyped-decorator]
def brute_force(light, defocus, out):  # type: ignore[no-untyped-def]
    """Evaluate the exact formula, a source at a time, rows owned by threads."""
    height, width = defocus.shape
    reach = int(np.abs(defocus).max()) + 1
    for y in numba.prange(height):
        sums = np.zeros((4, width), np.float32)
        for source_y in range(max(0, y - reach), min(height, y + reach + 1)):
            dy2 = np.float32((source_y - y) ** 2)
            for x in range(width):
                r = abs(defocus[source_y, x])
                window = int(r) + 1
                if abs(source_y - y) > window:
                    continue
                amplitude = np.float32(1) / (r * r + np.float32(0.2))
                red, green, blue = light[source_y, x, 0], light[source_y, x, 1], light[source_y, x, 2]
                for q in range(max(0, x - window), min(width, x + window + 1)):
                    distance = math.sqrt(np.float32((q - x) ** 2) + dy2)
                    w = (np.float32(0.5) + np.float32(0.5) * math.tanh(np.float32(4) * (r - distance))) * amplitude
                    sums[0, q] += w
                    sums[1, q] += w * red
                    sums[2, q] += w * green
                    sums[3, q] += w * blue
        for q in range(width):
            for c in range(3):
                out[y, q, c] = sums[c + 1, q] / sums[0, q]


def build_brute_force(folder: Path) -> Callable[[Array, Array, int, Array], None] | None:
    """Compile brute_force.cpp; None where there is no g++."""
    if shutil.which("g++") is None:
        return None
    library = folder / "brute_force.so"
    source = Path(__file__).with_name("brute_force.cpp")
    compiled = library.with_suffix(".o")
    options = ["-O3", "-march=native", "-ffast-math", "-fopenmp", "-fPIC"]
    subprocess.run(["g++", *options, "-c", str(source), "-o", str(compiled)], check=True)
    # linked without -ffast-math, which would change how the whole process rounds
    subprocess.run(["g++", "-shared", "-fopenmp", str(compiled), "-o", str(library)], check=True)
    function = ctypes.CDLL(str(library)).brute_force

    def run(light: Array, blur: Array, threads: int, out: Array) -> None:
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in (light, blur, out)]
        function(pointers[0], pointers[1], HEIGHT, WIDTH, threads, pointers[2])

    return run


def seconds(work: Callable[[], object], times: int) -> float:
    """Return the least processor time, in seconds."""
    best = math.inf
    for _ in range(times):
        begun = time.process_time()
        work()
        best = min(best, time.process_time() - begun)
    return best


def wall_ratio(one: Callable[[], object], two: Callable[[], object], times: int) -> float:
    """Return how many times as fast ``two`` is, by the clock: median over pairs run one after the other."""
    ratios = []
    for _ in range(times):
        begun = time.perf_counter()
        one()
        between = time.perf_counter()
        two()
        ratios.append((between - begun) / (time.perf_counter() - between))
    return float(np.median(ratios))


def start_up() -> tuple[float, float]:
    """Return the seconds to a first result in a new process: with nothing compiled yet, and afterwards."""
    script = (
        "import numpy as np, bokeh_render;"
        "bokeh_render.scatter(np.ones((64, 64, 3), np.float32), np.full((64, 64), 9, np.float32))"
    )
    taken = []
    with tempfile.TemporaryDirectory() as cache:
        for _ in range(2):
            begun = time.perf_counter()
            subprocess.run([sys.executable, "-c", script], check=True, env={**os.environ, "NUMBA_CACHE_DIR": cache})
            taken.append(time.perf_counter() - begun)
    return taken[0], taken[1]


def memory_per_pixel() -> float:
    """Return the peak memory of a scatter beside inputs, outputs and row buffers, bytes per pixel (radius 50)."""
    code = (
        "import numpy as np, resource\n"
        "from tests.speed.scatter import defocus, picture, HEIGHT, WIDTH\n"
        "from bokeh_render import scatter\n"
        "light, blur = picture(), defocus(50.0)\n"
        "small = np.ascontiguousarray(blur[:64, :64])\n"
        "scatter(np.ascontiguousarray(light[:64, :64]), small, threads=1)\n"
        "peak = lambda: int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) * 1024\n"
        "open('/proc/self/clear_refs', 'w').write('5')\n"
        "before = peak()\n"
        "result = scatter(light, blur, threads=1)\n"
        "rows = 16 * (WIDTH + 2 * 60) * 32\n"
        "outputs = result.bokeh.nbytes + result.weight.nbytes\n"
        "print((peak() - before - outputs - rows) / (HEIGHT * WIDTH))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return float(done.stdout)


def relatives(light: Array, radii: list[float]) -> None:
    """Print what the layered renderer and the plain-torch back end cost beside the scatter, one thread each."""
    torch.set_num_threads(1)
    print(
        "\n| radius, px | scatter, s | layered, s | ratio | plain torch, s | ratio |\n|---:|---:|---:|---:|---:|---:|"
    )
    for radius in radii:
        blur = defocus(radius)
        plain = seconds(lambda: scatter(light, blur, threads=1), 3)  # noqa: B023
        layered = seconds(lambda: render_layered(light, blur, threads=1), 2)  # noqa: B023
        row = [f"{radius:g}", f"{plain:.3f}", f"{layered:.2f}", f"{layered / plain:.1f}"]
        if radius <= 25:
            anywhere = seconds(lambda: scatter(light, blur, backend="torch"), 1)  # noqa: B023
            row += [f"{anywhere:.1f}", f"{anywhere / plain:.0f}"]
        else:
            row += ["not run", "–"]
        print(f"| {' | '.join(row)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--radii", type=float, nargs="+", default=[10, 25, 50, 100])
    given = parser.parse_args()
    light = picture()
    print("| radius, px | area, s | bokehme, s | preview, s | C++ by brute force, s | ratio | numba, s | ratio |")
    print("|---:|---:|---:|---:|---:|---:|---:|---:|")
    ours = {}
    with tempfile.TemporaryDirectory() as folder:
        cpp = build_brute_force(Path(folder))
        for radius in given.radii:
            blur = defocus(radius)
            out = np.empty_like(light)
            runs = {
                "area": seconds(lambda: scatter(light, blur, threads=1), 4),  # noqa: B023
                "bokehme": seconds(lambda: scatter(light, blur, profile="bokehme", threads=1), 4),  # noqa: B023
                "preview": seconds(lambda: scatter(light, blur, quality="preview", threads=1), 4),  # noqa: B023
            }
            ours[radius] = runs["bokehme"]
            row = [f"{radius:g}", *(f"{value:.3f}" for value in runs.values())]
            if cpp is not None:
                taken = seconds(lambda: cpp(light, blur, 1, out), 2 if radius <= 50 else 1)  # noqa: B023
                row += [f"{taken:.2f}", f"{taken / runs['bokehme']:.1f}"]
            else:
                row += ["no g++", "–"]
            if radius <= 50:
                numba.set_num_threads(1)
                brute_force(light[:32, :32].copy(), blur[:32, :32].copy(), out[:32, :32].copy())
                taken = seconds(lambda: brute_force(light, blur, out), 1)  # noqa: B023
                row += [f"{taken:.1f}", f"{taken / runs['bokehme']:.0f}"]
            else:
                row += ["not run", "–"]
            print(f"| {' | '.join(row)} |", flush=True)
    if len(ours) > 1:
        slope = np.polyfit(np.log(list(ours)), np.log(list(ours.values())), 1)[0]
        large = [radius for radius in ours if radius >= 25]
        steep = np.polyfit(np.log(large), np.log([ours[radius] for radius in large]), 1)[0]
        print(f"\nTime grows as r^{slope:.2f} over all radii, r^{steep:.2f} from 25 px on.")
    relatives(light, given.radii)
    blur = defocus(50.0)
    gain = wall_ratio(lambda: scatter(light, blur, threads=1), lambda: scatter(light, blur, threads=2), 7)
    print(f"Two threads are {gain:.2f} times as fast as one (by the clock, radius 50).")
    first, later = start_up()
    print(f"First result in a new process: {first:.1f} s with nothing compiled, {later:.2f} s afterwards.")
    if sys.platform == "linux":
        print(f"Memory beside inputs, outputs and row buffers: {memory_per_pixel():.1f} bytes per pixel.")
    print(f"Peak of this whole script: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
