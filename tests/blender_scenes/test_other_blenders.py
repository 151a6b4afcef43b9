"""The same scenes in other Blenders: an executable (BOKEHBENCH_BLENDER, else ``blender``) and another module
(BOKEHBENCH_BLENDER_PYTHON, a Python that has bpy 5.0). Slow, and skipped where that Blender is not there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_exr_channels
from bokeh_render.optics import Float32, blur_parameter, signed_defocus
from bokeh_render.schema import sha256_of_file
from generator.blender_choice import BUILT_IN, Blender, choose_blender
from generator.blender_process import Job, JobFile, Lens, Ready, Shot, run_job
from tests.blender_scenes.test_camera_law import CASES, Case, moments, render_emitter

pytestmark = pytest.mark.slow
MAKER = Path(__file__).with_name("user_scenes.py")
SIZE = {"width": 96, "height": 64, "threads": 2}


@pytest.fixture(scope="module", params=["executable", "module"])
def other(request: pytest.FixtureRequest) -> Blender:
    if request.param == "executable":
        path = os.environ.get("BOKEHBENCH_BLENDER") or shutil.which("blender")
        if not path:
            pytest.skip("no blender executable: install one (Debian: blender python3-numpy) or set BOKEHBENCH_BLENDER")
        return choose_blender(Path(path))
    python = os.environ.get("BOKEHBENCH_BLENDER_PYTHON")
    if not python:
        pytest.skip("no other bpy: make a venv with bpy==5.0.1 and set BOKEHBENCH_BLENDER_PYTHON to its python")
    return choose_blender(python=Path(python))


def channel(path: Path, ending: str) -> Float32:
    return next(values for name, values in read_exr_channels(path).items() if name.endswith(ending))


def render(scene: str, folder: Path, blender: Blender) -> tuple[Float32, Float32, Ready]:
    """Return a scene's disparity, its light, and what Blender said."""
    shot = Shot(id="image", path=folder / "image.exr", samples=16, seed=0)
    said: list[Ready] = []
    job = Job(scene=scene, seed=0, shots=(shot,), **SIZE)
    run_job(
        job, folder / "job", lambda event: said.append(event) if isinstance(event, Ready) else None, blender=blender
    )
    light = np.stack([channel(shot.path, f"Combined.{letter}") for letter in "RGB"], axis=2)
    return 1.0 / channel(shot.path, "Depth.Z"), light, said[0]


@pytest.mark.parametrize("scene", ["window_table", "blue_hour_street"])
def test_depth_and_picture_are_those_of_the_default(scene: str, other: Blender, tmp_path: Path) -> None:
    disparity, light, said = render(scene, tmp_path / "other", other)
    expected, picture, default = render(scene, tmp_path / "default", BUILT_IN)
    assert said.blender != default.blender
    assert np.mean(np.abs(disparity - expected) > 1e-4) < 0.001  # a ray at a silhouette may fall to the other side
    blocks, expected_blocks = (
        np.clip(x, 0, 1)[:64, :96].reshape(8, 8, 12, 8, 3).mean((1, 3)) for x in (light, picture)
    )
    assert np.corrcoef(blocks.ravel(), expected_blocks.ravel())[0, 1] > 0.97
    assert blocks.mean() == pytest.approx(expected_blocks.mean(), rel=0.15)


@pytest.mark.parametrize("case", [CASES[3], CASES[8]], ids=str)
def test_the_camera_law_holds(case: Case, other: Blender, tmp_path: Path) -> None:
    closed, opened = render_emitter(case, tmp_path, other)
    radius = np.sqrt(2 * (moments(opened)[1] - moments(closed)[1]))
    k = blur_parameter(case.lens_mm, case.sensor_mm, case.width, case.fstop)
    assert radius == pytest.approx(abs(signed_defocus(1 / case.distance_m, k, 1 / case.focus_m)), rel=0.01)


def test_a_file_made_there_opens_there(other: Blender, tmp_path: Path) -> None:
    maker = [*other.command(MAKER, tmp_path)]
    subprocess.run(maker, env=other.environment(), capture_output=True, check=False)
    for name, choice in (
        ("cameras.blend", {"camera": "tall"}),
        ("with_camera.glb", {}),
        ("cubes.obj", {"auto_camera": True}),
    ):
        file = JobFile.model_validate({"path": tmp_path / name, "sha256": sha256_of_file(tmp_path / name), **choice})
        lens = Lens(fstop=1.0, focus_distance_m=5.0)
        shots = tuple(
            Shot(id=str(n), path=tmp_path / f"{n}.exr", samples=2, seed=n, lens=(None, lens)[n]) for n in (0, 1)
        )
        run_job(
            Job(scene="mine", seed=0, shots=shots, file=file, **SIZE),
            tmp_path / name[:4],
            lambda event: None,
            blender=other,
        )
        assert np.mean(channel(shots[0].path, "Depth.Z") < 1000) > 0.2
        assert channel(shots[1].path, "Combined.G").shape == (64, 96)
    np.testing.assert_allclose(
        np.median(channel(tmp_path / "reference_tall_96.exr", "Depth.Z")), np.median(_depth(tmp_path, other)), rtol=1e-5
    )
    with pytest.raises(BadInputError, match=r"no camera 'wdie'"):
        path = tmp_path / "cameras.blend"
        file = JobFile(path=path, sha256=sha256_of_file(path), camera="wdie")
        run_job(Job(scene="m", seed=0, shots=(), file=file, **SIZE), tmp_path / "no", lambda event: None, blender=other)


def _depth(folder: Path, blender: Blender) -> Float32:
    path = folder / "cameras.blend"
    shot = Shot(id="depth", path=folder / "tall.exr", samples=1, seed=0)
    file = JobFile(path=path, sha256=sha256_of_file(path), camera="tall")
    run_job(
        Job(scene="m", seed=0, shots=(shot,), file=file, **SIZE), folder / "tall", lambda event: None, blender=blender
    )
    return channel(shot.path, "Depth.Z")
