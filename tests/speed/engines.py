"""Which engine makes ground truth, `path` or `lightfield`? Time for a stack, noise, and whether they mean the same.

    python -m tests.speed.engines [--scenes …] [--width 192] [--views 640] [--samples 512] [--pictures folder]

Both engines render the same scenes in one process each, so that they share whatever the machine does meanwhile. Every
image is estimated twice with independent random numbers (two renders, two halves of the views); the difference of the
two estimates is an engine's own noise, and what is left between the engines when both noises are taken off is bias:

    mean (L - P)^2  =  noise(L) + noise(P) + bias^2

Light and display values are compared; PSNR is of clipped display values. The equal-noise ratio asks how long `path`
would need to reach the light field's noise in every one of the stack's images.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bokeh_render.aperture import Aperture
from bokeh_render.imagefile import read_exr_channels, write_image
from bokeh_render.optics import (
    DEPTH_OF_NOTHING_M,
    disparity_from_depth,
    disparity_range,
    display_from_light,
    focal_length_px,
    fstop_for,
)
from generator.blender_process import Job, Lens, Ready, Shot, ShotDone, run_job
from generator.image_shots import channel, read_light
from generator.lightfield import LightFieldSums, plan_light_field

Image = NDArray[np.float64]
LEVELS_AT_1920 = (10.0, 20.0, 30.0, 40.0, 50.0)
FOCUS = tuple(np.linspace(0.0, 1.0, 10))
COMPARED = ((0, 4), (2, 4), (4, 0), (4, 4), (4, 9))  # blur level, focus index
STACK = len(LEVELS_AT_1920) * len(FOCUS)


@dataclass
class Comparison:
    """One image by both engines. Errors are mean squares of clipped display values."""

    blur: int
    focus: int
    lightfield_noise: float
    path_noise: float
    difference: float
    energy: float
    path_seconds: float
    highlights: float

    @property
    def bias(self) -> float:
        return self.difference - self.lightfield_noise - self.path_noise


@dataclass
class SceneReport:
    """One scene. lightfield_seconds: for all images of the stack; samples: of one path render."""

    scene: str
    lightfield_seconds: float = 0.0
    comparisons: list[Comparison] = field(default_factory=list)

    @property
    def path_seconds_at_equal_noise(self) -> float:
        """What `path` needs for the whole stack: per level, time scaled by noise, times the images of a level."""
        per_level = {}
        for level in {item.blur for item in self.comparisons}:
            times = [
                item.path_seconds * item.path_noise * 2 / item.lightfield_noise  # path_noise is of the mean of two
                for item in self.comparisons
                if item.blur == level
            ]
            per_level[level] = float(np.mean(times))
        levels = sorted(per_level)
        every = np.interp(range(len(LEVELS_AT_1920)), levels, [per_level[level] for level in levels])
        return float(every.sum() * len(FOCUS))


def compare(scene: str, width: int, views: int, samples: int, pictures: Path | None) -> SceneReport:
    """Render a scene with both engines and compare them."""
    height = round(width * 2 / 3)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        built: list[Ready] = []
        depth_shot = Shot(id="depth", path=folder / "depth.exr", samples=1, seed=0)

        def note(event: Ready | ShotDone) -> None:
            if isinstance(event, Ready):
                built.append(event)

        run_job(
            Job(scene=scene, seed=0, width=width, height=height, threads=2, shots=(depth_shot,)), folder / "s", note
        )
        depth = np.minimum(channel(read_exr_channels(depth_shot.path), "Depth"), DEPTH_OF_NOTHING_M)
        disparities = disparity_range(disparity_from_depth(depth))
        lens_mm, sensor_mm = built[0].camera["lens_mm"], built[0].camera["sensor_width_mm"]
        levels = [level * width / 1920 for level in LEVELS_AT_1920]
        raw_k = [level / disparities.extent for level in levels]
        plan = plan_light_field(
            blur_levels=levels,
            blur_parameters=raw_k,
            focus_disparities=[disparities.denormalise(focus) for focus in FOCUS],
            aperture=Aperture(),
            views=views,
            focal_length_px=focal_length_px(lens_mm, sensor_mm, width),
            shape=(height, width),
            seed=5,
        )
        shots = {
            f"view_{number}": Shot(
                id=f"view_{number}",
                path=folder / f"view_{number}.exr",
                samples=1,
                seed=1000 + number,
                view=plan.pinhole(view),
            )
            for number, view in enumerate(plan.views)
        }
        for blur, focus in COMPARED:
            distance = min(DEPTH_OF_NOTHING_M, 1 / max(plan.focus_disparities[focus], 1e-9))
            lens = Lens(fstop=fstop_for(raw_k[blur], lens_mm, sensor_mm, width), focus_distance_m=distance)
            for seed in (0, 1):
                key = f"path_{blur}_{focus}_{seed}"
                shots[key] = Shot(id=key, path=folder / f"{key}.exr", samples=samples, seed=77 + seed, lens=lens)
        sums = LightFieldSums(plan, noise_focus=sorted({focus for _, focus in COMPARED}))
        report = SceneReport(scene)
        fields: dict[tuple[int, int], tuple[Image, tuple[Image, Image]]] = {}
        renders: dict[tuple[int, int], list[Image]] = {}
        seconds: dict[tuple[int, int], list[float]] = {}

        def accept(event: Ready | ShotDone) -> None:
            if isinstance(event, Ready):
                return
            shot = shots[event.id]
            light = read_light(shot)
            shot.path.unlink()
            if shot.view is None:
                blur, focus, _ = (int(word) for word in event.id.split("_")[1:])
                renders.setdefault((blur, focus), []).append(np.moveaxis(light, 0, 2).astype(np.float64))
                seconds.setdefault((blur, focus), []).append(event.seconds)
                return
            report.lightfield_seconds += event.seconds
            sums.add(light)
            level = sums.finished_level
            for blur, focus in COMPARED:
                if blur == level:
                    halves = tuple(half.astype(np.float64) for half in sums.halves(focus))
                    fields[blur, focus] = (sums.image(focus).astype(np.float64), (halves[0], halves[1]))

        job = Job(scene=scene, seed=0, width=width, height=height, threads=2, shots=tuple(shots.values()))
        run_job(job, folder / "r", accept)
    for key in COMPARED:
        image, halves = fields[key]
        first, second = renders[key]
        report.comparisons.append(_compared(key, image, halves, first, second, float(np.mean(seconds[key]))))
        if pictures is not None:
            _draw(pictures / f"{scene}_{key[0]}_{key[1]}.png", image, (first + second) / 2)
    return report


def _compared(
    key: tuple[int, int], image: Image, halves: tuple[Image, Image], first: Image, second: Image, seconds: float
) -> Comparison:
    path = (first + second) / 2
    bright = path.max(axis=2) > 0.8  # the discs of lights, near or beyond display white
    return Comparison(
        blur=key[0],
        focus=key[1],
        lightfield_noise=_mean_square(*halves) / 4,
        path_noise=_mean_square(first, second) / 4,
        difference=_mean_square(image, path),
        energy=float(image.mean() / path.mean()),
        path_seconds=seconds,
        highlights=float(image[bright].mean() / path[bright].mean()) if bright.any() else float("nan"),
    )


def _shown(light: Image) -> Image:
    return np.clip(display_from_light(light), 0.0, 1.0).astype(np.float64)


def _mean_square(first: Image, second: Image) -> float:
    return float(np.mean((_shown(first) - _shown(second)) ** 2))


def _draw(path: Path, image: Image, reference: Image) -> None:
    """Write light field, path and four times their difference, side by side."""
    difference = 0.5 + 4 * (_shown(image) - _shown(reference))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, np.concatenate([_shown(image), _shown(reference), np.clip(difference, 0, 1)], axis=1))


def _db(error: float) -> str:
    return f"{-10 * np.log10(max(error, 1e-12)):.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", nargs="+", default=["blue_hour_street", "portrait", "glass_and_metal"])
    parser.add_argument("--width", type=int, default=192)
    parser.add_argument("--views", type=int, default=640)
    parser.add_argument("--samples", type=int, default=512)
    parser.add_argument("--pictures", type=Path)
    given = parser.parse_args()
    print(f"{given.width} px wide, {given.views} lens views, path at {given.samples} samples per pixel and image\n")
    print("| scene | level, focus | noise lightfield dB | noise path dB | bias dB | energy | highlights |")
    print("|---|---|---:|---:|---:|---:|---:|")
    reports = []
    for scene in given.scenes:
        report = compare(scene, given.width, given.views, given.samples, given.pictures)
        reports.append(report)
        for item in report.comparisons:
            bias = _db(item.bias) if item.bias > 0.1 * (item.lightfield_noise + item.path_noise) else "none seen"
            print(
                f"| {scene} | {item.blur + 1}, {FOCUS[item.focus]:.2f} | {_db(item.lightfield_noise)} "
                f"| {_db(2 * item.path_noise)} | {bias} | {item.energy:.4f} | {item.highlights:.4f} |",
                flush=True,
            )
    print("\n| scene | lightfield, s a stack | path, s an image | path at equal noise, s a stack | ratio |")
    print("|---|---:|---:|---:|---:|")
    for report in reports:
        image_seconds = float(np.mean([item.path_seconds for item in report.comparisons]))
        equal = report.path_seconds_at_equal_noise
        print(
            f"| {report.scene} | {report.lightfield_seconds:.0f} | {image_seconds:.1f} | {equal:.0f} "
            f"| {equal / report.lightfield_seconds:.1f} |"
        )


if __name__ == "__main__":
    main()
