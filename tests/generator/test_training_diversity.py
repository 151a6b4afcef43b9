"""A hundred seeds of a family are a hundred pictures, and they are fit to train on. Minutes a family: slow.

Pictures count as different when the root mean square difference of their small versions (24 × 16 px: display values in
red, green and blue, and normalised disparity) exceeds DIFFERENT, which is several times what two renders of one scene
with different noise differ by (measured below, too).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from blender_scenes.catalogue import SCENES
from bokeh_render.imagefile import read_exr_channels
from bokeh_render.optics import disparity_from_depth, disparity_range, display_from_light
from generator.acceptance import MAX_ATTEMPTS, reasons_to_refuse
from generator.blender_process import Job, Ready, Shot, ShotDone, run_job
from generator.image_shots import channel, read_light

SEEDS = 100
WIDTH, HEIGHT = 192, 128
SMALL = (16, 24)
DIFFERENT = 0.05


class Drawn(NamedTuple):
    """A draw that was accepted, or the last one. small: (16, 24, 4) in [0, 1]; refused: how many draws were."""

    small: NDArray[np.float64]
    refused: int
    accepted: bool


def draw(scene: str, seed: int, folder: Path, *, noise: int = 1) -> Drawn:
    for attempt in range(MAX_ATTEMPTS):
        depth_shot = Shot(id="depth", path=folder / f"{attempt}d.exr", samples=1, seed=0)
        image_shot = Shot(id="image", path=folder / f"{attempt}i.exr", samples=4, seed=noise)
        built: list[Ready] = []

        def note(event: Ready | ShotDone, built: list[Ready] = built) -> None:
            if isinstance(event, Ready):
                built.append(event)

        job = Job(
            scene=scene,
            seed=seed,
            attempt=attempt,
            parameters={"free": True},
            width=WIDTH,
            height=HEIGHT,
            threads=2,
            shots=(depth_shot, image_shot),
        )
        run_job(job, folder / str(attempt), note)
        depth = channel(read_exr_channels(depth_shot.path), "Depth")
        reasons = reasons_to_refuse(depth)
        if built[0].enclosed_by:
            reasons.append("inside")
        if not reasons or attempt == MAX_ATTEMPTS - 1:
            disparity = disparity_from_depth(depth)
            near = disparity_range(disparity).normalise(disparity)
            shown = np.clip(display_from_light(np.moveaxis(read_light(image_shot), 0, 2)), 0, 1)
            return Drawn(small(np.dstack([shown, near])), attempt, not reasons)
    raise AssertionError("unreachable")


def small(picture: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the means over a grid of cells."""
    rows, columns = SMALL
    cells = picture.reshape(rows, picture.shape[0] // rows, columns, picture.shape[1] // columns, -1)
    return cells.mean(axis=(1, 3), dtype=np.float64)


def distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean((first - second) ** 2)))


@pytest.mark.slow
@pytest.mark.parametrize("scene", SCENES)
def test_a_hundred_seeds_are_a_hundred_pictures(scene: str, tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        drawn = list(pool.map(lambda seed: draw(scene, seed, tmp_path / str(seed)), range(1, SEEDS + 1)))
    again = draw(scene, 1, tmp_path / "again", noise=2)
    noise = distance(drawn[0].small, again.small)
    different: list[Drawn] = []
    for item in drawn:
        if all(distance(item.small, other.small) > DIFFERENT for other in different):
            different.append(item)
    nearest = [min(distance(a.small, b.small) for b in drawn if b is not a) for a in drawn]
    refused = sum(item.refused for item in drawn)
    print(  # noqa: T201  the figures for docs/checks.md
        f"\n| {scene} | {len(different)} of {SEEDS} | {np.median(nearest):.3f} | {noise:.4f} | {refused} | "
        f"{sum(item.accepted for item in drawn)} |"
    )
    assert noise < DIFFERENT / 3
    assert len(different) >= 0.9 * SEEDS
    assert all(item.accepted for item in drawn)
