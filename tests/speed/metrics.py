"""How fast scoring is beside scikit-image and the lpips package in a loop, both in one run on two cores, as ratios.

    BOKEHBENCH_LPIPS_WEIGHTS=… python -m tests.speed.metrics [DATASET] [--samples 60]

DATASET is one that ``bokehbench generate`` made ($BOKEHBENCH_DATA/blb-mini by default). Predictions are made first, as
16-bit PNG. Both sides then read the same files, in small blocks by turns, so that other work on the machine hits both;
times are by the clock (two cores) and of the processor (all threads together).

    naive         one pair after the other; torch uses one core or both, whichever was faster in this run
    one method    a truth and one prediction at a time, two samples side by side, one thread each
    each further  what one prediction more of the same truths costs: half of what two more do
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from benchmark.dataset import open_dataset
from benchmark.methods import included_method
from benchmark.metrics.lpips import Lpips, LpipsTruth, find_backbone, load_lpips
from benchmark.metrics.parallel import in_order
from benchmark.metrics.psnr import psnr
from benchmark.metrics.scorer import Measured, Scorer
from benchmark.metrics.ssim import ssim_map, truth_moments
from benchmark.predictions import prediction_path
from benchmark.protocols import load_protocol
from bokeh_render.imagefile import read_image, write_image
from bokeh_render.optics import Float32, display_from_light
from bokeh_render.schema import sha256_of_file

from ._naive_metrics import read_checked

METHODS = ("gaussian", "identity", "classical")
METRICS = ("psnr", "ssim", "lpips")
PROTOCOL = load_protocol("blb-v1")


@dataclass(frozen=True)
class Files:
    """A truth and its predictions, one by each method."""

    truth: Path
    predictions: tuple[Path, ...]


@dataclass
class Times:
    """Sums of seconds by the clock and of the processor, and how many samples they are of."""

    clock: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    processor: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    samples: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, name: str, clock: float, processor: float, samples: int = 1) -> None:
        self.clock[name] += clock
        self.processor[name] += processor
        self.samples[name] += samples

    def measure(self, name: str, work: Callable[[], object], samples: int = 1) -> None:
        clock, processor = time.perf_counter(), time.process_time()
        work()
        self.add(name, time.perf_counter() - clock, time.process_time() - processor, samples)

    def of(self, name: str) -> np.ndarray:
        """Return milliseconds a sample, by the clock and of the processor."""
        return np.array([self.clock[name], self.processor[name]]) / max(1, self.samples[name]) * 1e3


def make_predictions(root: Path, count: int, folder: Path) -> list[Files]:
    """Return ``count`` samples, spread over the dataset, with a prediction of each method."""
    dataset = open_dataset(root)
    samples = dataset.samples(PROTOCOL)
    chosen = [samples[i] for i in np.unique(np.linspace(0, len(samples) - 1, count).astype(int))]
    files = []
    for sample in chosen:
        given = dataset.method_input(sample, PROTOCOL)
        paths = tuple(prediction_path(folder / name, sample) for name in METHODS)
        for name, path in zip(METHODS, paths, strict=True):
            write_image(path, included_method(name).render(given))
        scene = dataset.scenes[sample.scene]
        files.append(Files(scene.folder / scene.named(sample.truth.name), paths))
    return files


class Naive:
    """The process that scores by packages."""

    def __init__(self, weights: Path) -> None:
        command = [sys.executable, "-W", "ignore", "-m", "tests.speed._naive_metrics", str(weights)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._line() == "ready\n"

    def score(self, truth: Path, prediction: Path) -> dict[str, dict[str, object]]:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{truth}\t{prediction}\n")
        self._process.stdin.flush()
        return json.loads(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def close(self) -> None:
        self._process.communicate()


def score_block(scorer: Scorer, block: Sequence[tuple[Float32, list[Float32]]]) -> list[list[Measured]]:
    """Score samples that are in memory, as the benchmark does: side by side, a thread each."""
    pairs = in_order(lambda sample: scorer.score(scorer.prepare(sample[0]), sample[1]), block, threads=2)
    return [measured for _, measured in pairs]


def read_and_score_block(scorer: Scorer, block: Sequence[Files], methods: int) -> None:
    def work(files: Files) -> list[Measured]:
        truth = scorer.prepare(read_checked(files.truth))
        return scorer.score(truth, map(read_checked, files.predictions[:methods]))

    for _ in in_order(work, block, threads=2):
        pass


def batches_on_two_cores(scorer: Scorer, block: Sequence[tuple[Float32, list[Float32]]]) -> None:
    """Score one sample at a time with torch on both cores: the other way to use them."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    for truth, predictions in block:
        scorer.score(scorer.prepare(truth), predictions)
    torch.set_num_threads(before)


def measure_metrics(lpips: Lpips, truth: Float32, predictions: list[Float32], ours: Times) -> None:
    """Time each metric alone on one thread: a first prediction, for which the truth is prepared, and two more."""
    first, *others = predictions
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    ours.measure("psnr", lambda: psnr(first, truth, cap_db=100.0))
    ours.measure("psnr further", lambda: [psnr(other, truth, cap_db=100.0) for other in others], len(others))
    ours.measure("ssim", lambda: ssim_map(first, truth_moments(truth, PROTOCOL.ssim)).mean())
    moments, known = truth_moments(truth, PROTOCOL.ssim), LpipsTruth(truth)
    ours.measure("ssim further", lambda: [ssim_map(other, moments).mean() for other in others], len(others))
    ours.measure("lpips", lambda: lpips.distances([first], known))
    ours.measure("lpips further", lambda: lpips.distances(others, known), len(others))
    torch.set_num_threads(before)


def measure_reading(files: Files, times: Times) -> None:
    """Time the steps of reading one truth and one prediction, on one thread."""
    truth, prediction = files.truth, files.predictions[0]
    light = read_image(truth).pixels
    times.measure("sha256 of both files", lambda: [sha256_of_file(path) for path in (truth, prediction)])
    times.measure("EXR to light", lambda: read_image(truth))
    times.measure("light to clipped display values", lambda: np.clip(display_from_light(light), 0.0, 1.0))
    times.measure("PNG to display values", lambda: np.clip(read_image(prediction).as_display(2.2), 0.0, 1.0))


def measure_block(
    block: Sequence[Files], naive: Naive, scorer: Scorer, lpips: Lpips, theirs: Times, ours: Times
) -> dict[str, float]:
    """Time a block of samples in all ways and return the largest difference of each metric's numbers."""
    loaded = [(read_checked(files.truth), [read_checked(path) for path in files.predictions]) for files in block]
    answers = []
    for files in block:
        answer = naive.score(files.truth, files.predictions[0])
        answers.append(answer["values"])
        for name, (clock, processor) in answer["seconds"].items():  # type: ignore[misc]
            theirs.add(name, clock, processor)
    n = len(block)
    single = [(truth, predictions[:1]) for truth, predictions in loaded]
    found: list[list[Measured]] = []
    ours.measure("one", lambda: found.extend(score_block(scorer, single)), n)
    ours.measure("all", lambda: score_block(scorer, loaded), n)
    ours.measure("one with reading", lambda: read_and_score_block(scorer, block, 1), n)
    ours.measure("all with reading", lambda: read_and_score_block(scorer, block, len(METHODS)), n)
    ours.measure("one, torch on two cores", lambda: batches_on_two_cores(scorer, single), n)
    ours.measure("all, torch on two cores", lambda: batches_on_two_cores(scorer, loaded), n)
    for files, (truth, predictions) in zip(block, loaded, strict=True):
        measure_metrics(lpips, truth, predictions, ours)
        measure_reading(files, ours)
    return {
        metric: max(abs(getattr(mine[0], metric) - other[metric]) for mine, other in zip(found, answers, strict=True))
        for metric in METRICS
    }


def print_tables(theirs: Times, ours: Times, differences: dict[str, float]) -> None:
    further = len(METHODS) - 1
    for reading in ("", " with reading"):
        ours.add(f"further{reading}", 0.0, 0.0, ours.samples[f"one{reading}"] * further)
        for sums in (ours.clock, ours.processor):
            sums[f"further{reading}"] = sums[f"all{reading}"] - sums[f"one{reading}"]
    threads = min((1, 2), key=lambda count: theirs.clock[f"lpips, {count} threads"])
    print(f"The package's LPIPS was faster with torch threads: {threads}.")
    naive_of = {name: theirs.of(name) for name in ("psnr", "ssim")} | {"lpips": theirs.of(f"lpips, {threads} threads")}
    metrics = sum(naive_of.values())
    rows = [(name, naive_of[name], ours.of(name), ours.of(f"{name} further")) for name in METRICS]
    rows.append(("all three, two cores", metrics, ours.of("one"), ours.of("further")))
    rows.append(
        ("and reading", metrics + theirs.of("read"), ours.of("one with reading"), ours.of("further with reading"))
    )
    print("\nMilliseconds a sample, by the clock / of the processor; single metrics of ours on one thread")
    print("| | naive | one method | ratio | each further | ratio | largest difference |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    for name, naive, one, more in rows:
        cells = [name]
        cells += [f"{naive[0]:.2f} / {naive[1]:.2f}"]
        for mine in (one, more):
            cells += [f"{mine[0]:.2f} / {mine[1]:.2f}", f"{naive[0] / mine[0]:.1f} / {naive[1] / mine[1]:.1f}"]
        cells.append(f"{differences[name]:.1e}" if name in differences else "")
        print(f"| {' | '.join(cells)} |")
    for methods, name in ((1, "one"), (len(METHODS), "all")):
        both = ours.of(f"{name}, torch on two cores")[0]
        mine = ours.of(name)[0]
        print(f"\nMethods: {methods}. By the clock, a sample to each core {mine:.1f} ms, torch on both {both:.1f} ms.")
    print("\n| reading a truth and a prediction | ms of the processor |\n|---|---:|")
    steps = ("sha256 of both files", "EXR to light", "light to clipped display values", "PNG to display values")
    for step in steps:
        print(f"| {step} | {ours.of(step)[1]:.2f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path, nargs="?")
    parser.add_argument("--samples", type=int, default=60)
    parser.add_argument("--block", type=int, default=4)
    given = parser.parse_args()
    data = os.environ.get("BOKEHBENCH_DATA")
    root = given.dataset or (Path(data) / "blb-mini" if data else None)
    weights = find_backbone()
    if root is None or weights is None:
        print("not run: it needs a dataset (or BOKEHBENCH_DATA) and AlexNet's weights (BOKEHBENCH_LPIPS_WEIGHTS)")
        return
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])
    lpips = load_lpips(PROTOCOL.lpips.backbone_sha256, weights)
    assert lpips is not None
    scorer = Scorer(PROTOCOL.psnr_cap_db, PROTOCOL.ssim, lpips, device="cpu")
    theirs, ours = Times(), Times()
    differences = dict.fromkeys(METRICS, 0.0)
    with tempfile.TemporaryDirectory() as folder:
        files = make_predictions(root, given.samples, Path(folder))
        naive = Naive(weights)
        measure_block(files[:2], naive, scorer, lpips, Times(), Times())  # what is done once: compiling, first pages
        for first in range(0, len(files), given.block):
            found = measure_block(files[first : first + given.block], naive, scorer, lpips, theirs, ours)
            differences = {metric: max(differences[metric], found[metric]) for metric in METRICS}
        naive.close()
        height, width = read_image(files[0].truth).pixels.shape[:2]
    print(
        f"{len(files)} samples of {root.name}, {width}×{height}, {len(METHODS)} methods, load {os.getloadavg()[0]:.1f}"
    )
    print_tables(theirs, ours, differences)


if __name__ == "__main__":
    main()
