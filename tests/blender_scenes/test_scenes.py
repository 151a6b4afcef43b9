"""Every test scene and its family: they build, the camera stands free, depth is spread, seeds mean something."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from blender_scenes.catalogue import SCENES
from bokeh_render.imagefile import read_exr_channels
from generator.blender_process import Job, Ready, Shot, ShotDone, run_job

WIDTH, HEIGHT = 96, 64


class Built(NamedTuple):
    """What one build of a scene gave."""

    ready: Ready
    depth: NDArray[np.float32]


def survey(scene: str, folder: Path, *, seed: int = 0, free: bool = False) -> Built:
    shot = Shot(id="depth", path=folder / "depth.exr", samples=1, seed=0)
    seen: list[Ready] = []

    def note(event: Ready | ShotDone) -> None:
        if isinstance(event, Ready):
            seen.append(event)

    job = Job(
        scene=scene,
        seed=seed,
        parameters={"free": True} if free else {},
        width=WIDTH,
        height=HEIGHT,
        threads=2,
        shots=(shot,),
    )
    run_job(job, folder / "job", note)
    depth = next(values for name, values in read_exr_channels(shot.path).items() if "Depth" in name)
    return Built(seen[0], depth)


def test_there_are_ten_and_each_says_what_it_tests() -> None:
    assert len(SCENES) == 10
    assert len({entry.family for entry in SCENES.values()}) == 10
    for entry in SCENES.values():
        text = Path(f"blender_scenes/scenes/{entry.name}.py").read_text(encoding="utf-8")
        assert "\nTests: " in text
        assert entry.tests


@pytest.mark.parametrize("scene", SCENES)
def test_a_test_scene_has_depth_and_a_camera_that_stands_free(scene: str, tmp_path: Path) -> None:
    built = survey(scene, tmp_path)
    disparity = np.where(built.depth >= 65504, 0.0, 1.0 / built.depth)
    assert built.depth.min() > 0.25, "nothing may touch the lens"
    normalised = (disparity - disparity.min()) / (disparity.max() - disparity.min())
    for low, high in ((0.0, 0.1), (0.1, 0.5), (0.5, 1.0)):
        assert ((normalised >= low) & (normalised <= high)).mean() > 0.01, f"nothing between {low} and {high}"


def test_one_seed_is_one_scene_and_another_is_another(tmp_path: Path) -> None:
    first = survey("chessboard", tmp_path / "a", seed=5, free=True)
    again = survey("chessboard", tmp_path / "b", seed=5, free=True)
    other = survey("chessboard", tmp_path / "c", seed=6, free=True)
    assert first.ready.geometry_sha256 == again.ready.geometry_sha256
    assert first.ready.camera == again.ready.camera
    assert np.array_equal(first.depth, again.depth), "depth must agree to the bit"
    assert first.ready.geometry_sha256 != other.ready.geometry_sha256
    assert not np.array_equal(first.depth, other.depth)
