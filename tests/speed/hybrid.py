"""What the hybrids cost beside their classical part: time and memory at 1920×1080, or at any number of megapixels.

    python -m tests.speed.hybrid [--radii 12 25 50] [--megapixels 24] [--threads 1] [--networks refined bokehme]

The picture and its slanted ground with five discs are those of tests.speed.scatter, made larger where asked. Weights do
not change the cost, so networks without training will do. Each row is a child process of its own, so that its peak
memory (resident, everything included; and what torch allocates on the card) is its own. Times are the best of two after
a first call: on the CPU the processor's, with one thread, so other work on the machine counts little; with a card or
more threads, by the clock. "classical": the base, and the error map where it follows from defocus;
"neural": the rest. The share is that of pixels with an error map above 0.
"""

from __future__ import annotations

import argparse
import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np
import torch

from bokeh_render import render_display
from bokeh_render.neural import HybridRenderer
from bokeh_render.neural.error_map import error_map
from bokeh_render.neural.networks import ARNet, IUNet
from bokeh_render.neural.published import Networks
from bokeh_render.neural.refiner import Refiner
from bokeh_render.optics import Float32
from tests.speed.scatter import HEIGHT, WIDTH, defocus, picture

CLASSICAL = {"refined": ("layered", "area"), "bokehme": ("classical", "bokehme")}
GIB = 1024.0**3


def enlarged(values: Float32, height: int, width: int) -> Float32:
    """Return (height, width[, 3]) with pixels repeated, so that edges stay sharp."""
    rows, columns = np.arange(height) * len(values) // height, np.arange(width) * values.shape[1] // width
    return np.ascontiguousarray(values[rows][:, columns])


def seconds(work: Callable[[], object], times: int, clock: Callable[[], float]) -> float:
    best = math.inf
    for _ in range(times):
        begun = clock()
        work()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        best = min(best, clock() - begun)
    return best


def measure(name: str, device: str, radius: float, megapixels: float, threads: int, times: int) -> dict[str, float]:
    """Run one configuration in this process; seconds, GiB, share of pixels that the network may change."""
    scale = math.sqrt(megapixels * 1e6 / (HEIGHT * WIDTH)) if megapixels else 1.0
    height, width = round(HEIGHT * scale), round(WIDTH * scale)
    display = enlarged((picture() ** (1 / 2.2)).astype(np.float32), height, width)
    blur = enlarged(defocus(radius), height, width)
    networks = Refiner() if name == "refined" else Networks(ARNet(), IUNet())
    renderer = HybridRenderer(networks, device=device)
    small = np.s_[400:528, 600:792]
    renderer.render(np.ascontiguousarray(display[small]), np.ascontiguousarray(blur[small]), threads=threads)
    result = renderer.render(display, blur, threads=threads)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GIB
    on_card = torch.cuda.max_memory_allocated() / GIB if device == "cuda" else math.nan
    share = float((result.error_map > 0).mean())
    del result
    base, profile = CLASSICAL[name]
    backend = "cuda" if device == "cuda" and base == "classical" else "auto"

    def classical() -> None:
        render_display(display, blur, renderer=base, profile=profile, threads=threads, backend=backend)  # type: ignore[arg-type]
        if name == "refined":
            error_map(blur)

    clock = time.process_time if device == "cpu" and threads == 1 else time.perf_counter
    alone = seconds(classical, times, clock)
    whole = seconds(lambda: renderer.render(display, blur, threads=threads), times, clock)
    return {"alone": alone, "whole": whole, "share": share, "peak": peak, "card": on_card, "pixels": height * width}


def in_a_child(arguments: list[str]) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.speed.hybrid", "--child", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--radii", type=float, nargs="+", default=[12, 25, 50], help="largest blur radius, px")
    parser.add_argument("--megapixels", type=float, default=0.0, help="0: 1920×1080; radii stay as given")
    parser.add_argument("--threads", type=int, default=1, help="of the CPU; 0 = all")
    parser.add_argument("--times", type=int, default=2, help="0: memory only")
    parser.add_argument("--networks", nargs="+", default=["refined", "bokehme"], choices=list(CLASSICAL))
    parser.add_argument("--devices", nargs="+", default=["cpu", *(["cuda"] if torch.cuda.is_available() else [])])
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        (name,), (device,), (radius,) = given.networks, given.devices, given.radii
        print(json.dumps(measure(name, device, radius, given.megapixels, given.threads, given.times)))
        return
    card = f"; {torch.cuda.get_device_name(0)}" if "cuda" in given.devices else ""
    size = f"{given.megapixels:g} megapixels" if given.megapixels else "1920×1080"
    print(f"{size}, CPU threads: {given.threads or torch.get_num_threads()}{card}\n")
    print(
        "| networks | device | radius, px | classical, s | neural, s | whole / classical | share | peak, GiB | card |"
    )
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    for name in given.networks:
        for device in given.devices:
            for radius in given.radii:
                arguments = ["--networks", name, "--devices", device, "--radii", str(radius)]
                arguments += ["--megapixels", str(given.megapixels), "--threads", str(given.threads)]
                found = in_a_child([*arguments, "--times", str(given.times)])
                alone, whole = found["alone"], found["whole"]
                numbers = [(alone, 2), (whole - alone, 2), (whole / alone, 1), (found["share"], 2)]
                numbers += [(found["peak"], 2), (found["card"], 2)]
                told = [f"{value:.{digits}f}" if math.isfinite(value) else "–" for value, digits in numbers]
                cells = [name, device, f"{radius:g}", *told]
                print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
