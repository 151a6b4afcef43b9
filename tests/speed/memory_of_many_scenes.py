"""Does memory stay flat over many scenes? Generates 30 tiny ones in one run and watches the parent and every worker.

    python -m tests.speed.memory_of_many_scenes [scenes] [folder]

Linux only (reads /proc). Prints first, last and largest resident memory and the slope per scene, of the parent (while
each scene was rendered) and of the workers (the peak of each).
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from bokeh_render.schema import load_json
from generator.config import GenerateConfig
from generator.stack import DatasetRecord

SAMPLE_SECONDS = 0.05


def main(scenes: int, out: Path) -> None:
    config = GenerateConfig(
        name="many",
        scenes=tuple(f"window_table@{seed}" for seed in range(1, scenes + 1)),
        width=48,
        height=32,
        image_samples=1,
        bokeh_samples=16,
        blur_levels=(2.0,),
        focus_disparities=(0.5,),
    )
    file = out / "config.yaml"
    file.write_text(config.model_dump_json())  # JSON is YAML
    dataset = out / "dataset"
    arguments = [sys.executable, "-m", "bokehbench", "generate", "--config", str(file), "-o", str(dataset)]
    started = time.monotonic()
    parent_mb: dict[str, float] = {}
    peaks_mb: dict[str, float] = {}
    with subprocess.Popen([*arguments, "--jobs", "1", "--threads", "2"], stdout=subprocess.DEVNULL) as parent:
        while parent.poll() is None:
            watch(parent.pid, dataset, parent_mb, peaks_mb)
            time.sleep(SAMPLE_SECONDS)
    assert parent.returncode == 0
    assert len(load_json(DatasetRecord, dataset / "dataset.json").config["scenes"]) == scenes
    print(f"{scenes} scenes in {time.monotonic() - started:.0f} s")
    print("| resident memory, MB | first | last | largest | slope per scene |")
    print("|---|---:|---:|---:|---:|")
    for name, series in (("parent", parent_mb), ("workers, peak of each", peaks_mb)):
        values = np.array(list(series.values()))
        slope = np.polyfit(np.arange(values.size), values, 1)[0]
        print(f"| {name} | {values[0]:.1f} | {values[-1]:.1f} | {values.max():.1f} | {slope:+.3f} |")
    print("workers:", " ".join(f"{value:.0f}" for value in peaks_mb.values()))
    print("parent: ", " ".join(f"{value:.1f}" for value in parent_mb.values()))


def watch(parent: int, dataset: Path, parent_mb: dict[str, float], peaks_mb: dict[str, float]) -> None:
    """Note the parent's memory and the highest so far of the worker that runs now, under the worker's scene."""
    for children in Path(f"/proc/{parent}/task").glob("*/children"):
        try:
            for pid in children.read_text().split():
                words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
                job = next((Path(word) for word in words if word.endswith("job.json")), None)
                if job is None:
                    continue
                scene = job.parents[1].name
                peaks_mb[scene] = max(peaks_mb.get(scene, 0.0), kilobytes(int(pid), "VmHWM:") / 1024)
                parent_mb[scene] = max(parent_mb.get(scene, 0.0), kilobytes(parent, "VmRSS:") / 1024)
        except (FileNotFoundError, ProcessLookupError, StopIteration):
            continue  # ended while we looked


def kilobytes(pid: int, field: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(field)).split()[1])


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 30
    if len(sys.argv) > 2:
        main(count, Path(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            main(count, Path(folder))
