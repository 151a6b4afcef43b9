"""Scenes of the user's own: what is refused and how, and that the camera sees and blurs as Blender's own would."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_exr_channels, read_image
from bokeh_render.optics import Float32, blur_parameter, signed_defocus
from bokeh_render.schema import load_json, sha256_of_file
from generator.blender_process import Job, JobFile, Lens, Ready, Shot, ShotDone, run_job
from generator.stack import RenderedStackInfo, read_stack
from tests.blender_scenes.test_camera_law import moments
from tests.conftest import Ended

MAKER = Path(__file__).with_name("user_scenes.py")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of scene files, made by Blender for these tests."""
    folder = tmp_path_factory.mktemp("user_scenes")
    made = subprocess.run([sys.executable, "-P", str(MAKER), str(folder)], capture_output=True, text=True, check=False)
    assert (folder / "cubes.obj").is_file(), made.stdout[-2000:] + made.stderr[-2000:]
    return folder


def open_file(
    path: Path,
    folder: Path,
    shots: tuple[Shot, ...] = (),
    *,
    size: tuple[int, int] = (96, 64),
    sha256: str | None = None,
    crop: tuple[int, int, int, int] | None = None,
    **choice: object,
) -> Ready:
    """Open a scene file in a worker, render the shots, and return what it said."""
    said: list[Ready] = []

    def note(event: Ready | ShotDone) -> None:
        if isinstance(event, Ready):
            said.append(event)

    file = JobFile.model_validate({"path": path, "sha256": sha256 or sha256_of_file(path), **choice})
    job = Job(scene="mine", seed=0, width=size[0], height=size[1], threads=2, shots=shots, file=file, crop=crop)
    run_job(job, folder / "job", note)
    return said[0]


def channel(path: Path, ending: str) -> Float32:
    return next(values for name, values in read_exr_channels(path).items() if name.endswith(ending))


MISTAKES: list[tuple[str, dict[str, object], str]] = [
    ("no_camera.blend", {}, r"has no camera; expected one: .*--auto-camera"),
    ("no_active_camera.blend", {}, r"has no active camera; it has one, two: choose one with --camera NAME"),
    ("cameras.blend", {"camera": "wdie"}, r"no camera 'wdie'; it has above, auto, child, tall, wide: choose one"),
    ("cameras.blend", {"camera": "above"}, r"'above' is orthographic; .*--camera NAME \(auto, child, tall, wide\)"),
    ("panorama.blend", {}, r"'panorama' is panoramic; expected a perspective camera.*set its type"),
    ("animated.blend", {}, r"is animated \(frames 1 to 60\); expected one frame: add --frame N"),
    ("missing_texture.blend", {}, r"1 file\(s\) that are not there: .*textures/wood\.png; .*pack them"),
    ("linked.blend", {}, r"1 file\(s\) that are not there: .*library\.blend"),
    ("cubes.obj", {}, r"cubes\.obj has no camera; expected one: .*--auto-camera"),
    ("cameras.blend", {"sha256": "0" * 64}, r"was changed while it was being rendered"),
]


@pytest.mark.parametrize(("name", "choice", "message"), MISTAKES, ids=lambda value: str(value)[:40])
def test_a_mistake_is_one_sentence(
    files: Path, tmp_path: Path, name: str, choice: dict[str, object], message: str
) -> None:
    with pytest.raises(BadInputError, match=message):
        open_file(files / name, tmp_path, **choice)  # type: ignore[arg-type]


def test_a_broken_file_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "torn.blend").write_bytes(b"BLENDER-v405" + b"rubbish")
    with pytest.raises(BadInputError, match=r"torn\.blend cannot be opened by Blender 4\.5.*expected a Blender file"):
        open_file(tmp_path / "torn.blend", tmp_path)


def test_a_damaged_or_incomplete_gltf_is_refused(tmp_path: Path) -> None:
    (tmp_path / "torn.glb").write_bytes(b"glTF\x02\0\0\0")
    with pytest.raises(BadInputError, match=r"torn\.glb is damaged .*export it again"):
        open_file(tmp_path / "torn.glb", tmp_path)
    (tmp_path / "chair.gltf").write_text('{"asset": {"version": "2.0"}, "images": [{"uri": "oak%20wood.png"}]}')
    with pytest.raises(BadInputError, match=r"1 file\(s\) that are not there: .*oak wood\.png; .*beside it"):
        open_file(tmp_path / "chair.gltf", tmp_path)


@pytest.mark.parametrize(
    ("camera", "width", "height"),
    [("wide", 96, 64), ("tall", 96, 64), ("tall", 48, 72), ("auto", 48, 72), ("child", 96, 64)],
)
def test_the_camera_sees_what_blender_would(files: Path, tmp_path: Path, camera: str, width: int, height: int) -> None:
    shot = Shot(id="depth", path=tmp_path / "depth.exr", samples=1, seed=0)
    said = open_file(files / "cameras.blend", tmp_path, (shot,), size=(width, height), camera=camera)
    depth, expected = channel(shot.path, "Depth.Z"), channel(files / f"reference_{camera}_{width}.exr", "Depth.Z")
    assert depth.shape == (height, width)
    # rays are the same to rounding: only at silhouettes may one fall to the other side
    assert np.mean(np.abs(1 / depth - 1 / expected) > 1e-5) < 0.005
    assert np.allclose(np.linalg.norm(np.array(said.camera["matrix_world"])[:3, :3], axis=0), 1.0, atol=1e-5)
    assert "mine" not in str(said.notices)
    assert any("several view layers" in notice for notice in said.notices)


def test_an_upright_shifted_camera_obeys_the_law(files: Path, tmp_path: Path) -> None:
    width, height, fstop, focus = 480, 320, 1.4, 2.0
    lens = Lens(fstop=fstop, focus_distance_m=focus)
    shots = (
        Shot(id="closed", path=tmp_path / "closed.exr", samples=1024, seed=1),
        Shot(id="open", path=tmp_path / "open.exr", samples=1024, seed=2, lens=lens),
    )
    f_px = 50.0 / 24.0 * height  # fitted to the height
    x = width / 2 + f_px * 1.0 / 8.0 - 0.2 * height
    y = height / 2 - f_px * 0.5 / 8.0 + 0.1 * height
    crop = (int(x) - 18, int(y) - 18, int(x) + 18, int(y) + 18)
    said = open_file(files / "emitter.blend", tmp_path, shots, size=(width, height), crop=crop)
    assert said.camera["sensor_width_mm"] == pytest.approx(36.0)
    assert (said.camera["shift_x"], said.camera["shift_y"]) == pytest.approx((0.2 * 2 / 3, 0.1 * 2 / 3))
    closed, opened = (channel(shot.path, "Combined.G").astype(np.float64) for shot in shots)
    radius = np.sqrt(2 * (moments(opened)[1] - moments(closed)[1]))
    k = blur_parameter(said.camera["lens_mm"], said.camera["sensor_width_mm"], width, fstop)
    assert radius == pytest.approx(abs(signed_defocus(1 / 8.0, k, 1 / focus)), rel=0.01)
    assert moments(closed)[2] == pytest.approx(x - crop[0] - 0.5, abs=0.1)
    assert moments(opened)[0] == pytest.approx(moments(closed)[0], rel=0.02)


def test_a_dark_scene_is_noticed_and_lit_on_request(files: Path, tmp_path: Path) -> None:
    dark = open_file(files / "animated.blend", tmp_path, frame=70)
    assert any("has no light" in notice and "--auto-camera" in notice for notice in dark.notices)
    assert any("frame 70 lies outside" in notice for notice in dark.notices)
    assert str(files) not in str(dark.notices)
    shot = Shot(id="image", path=tmp_path / "image.exr", samples=4, seed=0)
    lit = open_file(files / "animated.blend", tmp_path, (shot,), frame=50, auto_camera=True)
    assert not any("has no light" in notice for notice in lit.notices)
    assert lit.camera["matrix_world"][0][3] == pytest.approx(2.0)
    assert channel(shot.path, "Combined.G").mean() > 0.05


@pytest.mark.parametrize(("name", "auto"), [("cubes.obj", True), ("with_camera.glb", False)])
def test_foreign_formats(files: Path, tmp_path: Path, name: str, auto: bool) -> None:
    shot = Shot(id="image", path=tmp_path / "image.exr", samples=4, seed=0)
    said = open_file(files / name, tmp_path, (shot,), auto_camera=auto)
    depth = channel(shot.path, "Depth.Z")
    assert 0.2 < np.mean(depth < 1000) <= 1.0
    if auto:  # everything is in view, so the frame's rim shows the ground or nothing, never a cut cube
        assert channel(shot.path, "Combined.G").max() > 0.05
    else:
        assert said.camera["lens_mm"] / said.camera["sensor_width_mm"] == pytest.approx(0.5 / np.tan(0.4), rel=1e-3)


def test_generate_makes_a_stack_and_leaves_the_file_alone(
    files: Path, tmp_path: Path, command: Callable[..., Ended], caplog: pytest.LogCaptureFixture
) -> None:
    config = {"name": "own", "scenes": ["window_table"], "width": 96, "height": 64, "image_samples": 2}
    config |= {"bokeh_samples": 32, "blur_levels": [4.0], "focus_disparities": [0.5]}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    lair = tmp_path / "my scenes"
    lair.mkdir()
    scene = lair / "two cameras.v2.blend"
    scene.write_bytes((files / "cameras.blend").read_bytes())
    before = (sha256_of_file(scene), scene.stat().st_mtime_ns)
    out = tmp_path / "out"
    arguments = ["generate", "--config", tmp_path / "config.yaml", "--scene", scene, "-o", out]

    refused = command(*arguments, "--camera", "wdie")
    assert refused.code == 2
    assert refused.err.startswith("bokehbench: ")
    assert "no camera 'wdie'" in refused.err
    assert not out.exists(), "a refusal must leave nothing behind"

    ended = command(*arguments, "--camera", "tall")
    assert ended.code == 0, ended.err
    assert (sha256_of_file(scene), scene.stat().st_mtime_ns) == before
    assert [path.name for path in lair.iterdir()] == [scene.name]
    folder = out / "scenes" / "two_cameras_v2"
    info = load_json(RenderedStackInfo, folder / "info.json")
    assert info.camera.sensor_width_mm == pytest.approx(20 * 96 / 64)
    assert any("several view layers" in notice for notice in info.notices)
    assert "several view layers" in caplog.text
    stack = read_stack(folder)
    assert stack.light.mean() > 0.05
    assert read_image(folder / "bokeh_00_00.exr").pixels.shape == (64, 96, 3)
    record = (out / "dataset.json").read_text()
    assert before[0] in record
    assert str(tmp_path) not in record + (folder / "info.json").read_text()

    scene.write_bytes(scene.read_bytes() + b"\0")  # another version of the file is another dataset
    changed = command(*arguments, "--camera", "tall")
    assert changed.code == 2
    assert "another config" in changed.err
