"""Datasets made for real, tiny: what is in them, what they promise, and what a kill does to them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

from bokeh_render.atomic import TEMPORARY_PREFIX
from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_image, read_map
from bokeh_render.optics import display_from_light
from bokeh_render.schema import load_json, sha256_of_file
from generator.build import generate
from generator.config import GenerateConfig
from generator.stack import DatasetRecord, RenderedStackInfo, read_manifest, read_stack
from tests.conftest import TINY


def test_every_file_is_listed_with_its_hash_and_nothing_else_lies_there(tiny_dataset_once: Path) -> None:
    entries = read_manifest(tiny_dataset_once / "manifest.jsonl")
    assert len(entries) == 2 * (4 + 15 + 4 + 2)
    for entry in entries:
        path = tiny_dataset_once / entry.path
        assert (path.stat().st_size, sha256_of_file(path)) == (entry.bytes, entry.sha256)
    files = {path.relative_to(tiny_dataset_once).as_posix() for path in (tiny_dataset_once / "scenes").rglob("*.*")}
    assert files == {entry.path for entry in entries}
    record = load_json(DatasetRecord, tiny_dataset_once / "dataset.json")
    assert record.files_sha256 == sha256_of_file(tiny_dataset_once / "manifest.jsonl")
    assert GenerateConfig.model_validate(record.config) == TINY
    assert not (tiny_dataset_once / ".work").exists()


@pytest.mark.parametrize("scene", TINY.scenes)
def test_a_stack_is_what_its_info_says(tiny_dataset_once: Path, scene: str) -> None:
    folder = tiny_dataset_once / "scenes" / scene
    stack = read_stack(folder)
    info = load_json(RenderedStackInfo, folder / "info.json")
    assert stack.light.shape == (64, 96, 3)
    assert stack.light.max() > 1.0, "highlights must not be clipped"
    assert stack.range.minimum == pytest.approx(info.disparity_min)
    assert stack.range.maximum == pytest.approx(info.disparity_max)
    for raw, normalised in zip(info.blur_parameters, info.blur_parameters_normalised, strict=True):
        assert raw * stack.range.extent == pytest.approx(normalised)
    for focus, normalised in zip(info.focus_disparities, info.focus_disparities_normalised, strict=True):
        assert stack.range.normalise(focus) == pytest.approx(normalised, abs=1e-4)
    assert [floor.blur for floor in info.noise_floor] == [0, 1]
    assert read_map(folder / "depth.exr").max() <= 65504.0


def test_blur_grows_with_the_level(tiny_dataset_once: Path) -> None:
    for scene in TINY.scenes:
        folder = tiny_dataset_once / "scenes" / scene
        sharp = np.clip(display_from_light(read_image(folder / "image.exr").pixels), 0, 1)
        distances = []
        for blur in range(2):
            bokeh = np.clip(display_from_light(read_image(folder / f"bokeh_{blur:02d}_00.exr").pixels), 0, 1)
            distances.append(float(np.mean((bokeh - sharp) ** 2)))
        assert distances[1] > 1.2 * distances[0]


def test_the_card_and_previews_are_there_to_look_at(tiny_dataset_once: Path) -> None:
    card = (tiny_dataset_once / "README.md").read_text()
    assert "window_table" in card
    assert "Noise floor" in card or "noise floor" in card
    assert len(list((tiny_dataset_once / "previews").glob("*.jpg"))) == 2 * 5


def test_a_finished_dataset_is_returned_at_once(tiny_dataset: Path) -> None:
    before = load_json(DatasetRecord, tiny_dataset / "dataset.json")
    started = time.monotonic()
    assert generate(TINY, tiny_dataset) == before
    assert time.monotonic() - started < 5.0  # it must not have started Blender


def test_another_config_never_mixes_with_old_files(tiny_dataset: Path, tmp_path: Path) -> None:
    other = TINY.model_copy(update={"seed": 1})
    with pytest.raises(BadInputError, match="another config; delete it or choose another folder"):
        generate(other, tiny_dataset)
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "thesis.tex").write_text("years of work")
    with pytest.raises(BadInputError, match=r"not empty \(it holds 'thesis.tex'\)"):
        generate(TINY, tmp_path / "strange")
    assert (tmp_path / "strange" / "thesis.tex").read_text() == "years of work"
    assert len(list((tmp_path / "strange").iterdir())) == 1, "a refusal must leave nothing behind"
    assert not (tiny_dataset / ".work").exists()


SLOW = {
    "name": "killed",
    "scenes": ["window_table"],
    "width": 96,
    "height": 64,
    "image_samples": 64,
    "bokeh_samples": 64,
    "engine": "path",
    "blur_levels": [2.0, 4.0],
    "focus_disparities": [0.1, 0.5, 0.9],
}


def start(config: Path, out: Path, *, retries: int = 0) -> subprocess.Popen[bytes]:
    arguments = ["generate", "--config", str(config), "-o", str(out), "--retries", str(retries)]
    return subprocess.Popen(
        [sys.executable, "-m", "bokehbench", *arguments],
        stderr=subprocess.PIPE,
        start_new_session=True,
        # a suite that was started in the background ignores Ctrl-C, and its children would too
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


@pytest.mark.parametrize("victim", ["parent", "worker"])
def test_after_a_kill_only_what_was_missing_is_made(tmp_path: Path, victim: str) -> None:
    config, out = tmp_path / "config.yaml", tmp_path / "dataset"
    config.write_text(yaml.safe_dump(SLOW))
    scene = out / "scenes" / "window_table"
    with start(config, out) as process:
        deadline = time.monotonic() + 120
        while len(list(scene.glob("bokeh_*.exr"))) < 2:
            assert process.poll() is None, "the run ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.01)
        if victim == "parent":
            process.send_signal(signal.SIGKILL)
        else:
            os.kill(_worker_of(process.pid), signal.SIGKILL)
            assert process.wait(timeout=60) == 1
            assert b"Blender was killed" in (process.stderr.read() if process.stderr else b"")
    assert not (out / "dataset.json").exists()
    finished = {path: (path.stat().st_mtime_ns, sha256_of_file(path)) for path in scene.glob("*.exr")}
    assert len(list(scene.glob("bokeh_*.exr"))) < 6
    for path in finished:
        colour = path.name.startswith(("bokeh", "image"))
        assert np.isfinite(read_image(path).pixels if colour else read_map(path)).all()
    (scene / f"{TEMPORARY_PREFIX}torn.exr").write_bytes(b"half a file")
    torn_log = out / ".work" / "window_table" / "shots.jsonl"
    torn_log.write_text(torn_log.read_text() + '{"file": "bok')

    record = generate(GenerateConfig.model_validate(SLOW), out)
    assert {path: (path.stat().st_mtime_ns, sha256_of_file(path)) for path in finished} == finished
    entries = read_manifest(out / "manifest.jsonl")
    assert [entry.role for entry in entries].count("bokeh") == 6
    assert record.files_sha256 == sha256_of_file(out / "manifest.jsonl")
    assert not list(out.rglob(f"{TEMPORARY_PREFIX}*"))


def test_a_killed_light_field_goes_on_from_its_sums(tmp_path: Path) -> None:
    views = {**SLOW, "engine": "lightfield", "bokeh_samples": 120, "noise_floor": {"focus": [1]}}
    config, out = tmp_path / "config.yaml", tmp_path / "dataset"
    config.write_text(yaml.safe_dump(views))
    scene = out / "scenes" / "window_table"
    with start(config, out) as process:
        deadline = time.monotonic() + 120
        while not (out / ".work" / "window_table" / "light_field.npz").exists():
            assert process.poll() is None, "the run ended before it could be killed"
            assert time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    first_level = {path: sha256_of_file(path) for path in scene.glob("bokeh_00_*.exr")}
    assert len(first_level) == 3
    assert not list(scene.glob("bokeh_01_*.exr"))

    generate(GenerateConfig.model_validate(views), out)
    assert {path: sha256_of_file(path) for path in first_level} == first_level, "finished images are not made again"
    undisturbed = tmp_path / "undisturbed"
    generate(GenerateConfig.model_validate(views), undisturbed)
    infos = [
        load_json(RenderedStackInfo, folder / "scenes" / "window_table" / "info.json") for folder in (out, undisturbed)
    ]
    for field in ("geometry_sha256", "camera", "disparity_min", "disparity_max", "blur_parameters", "corruptions"):
        assert getattr(infos[0], field) == getattr(infos[1], field)
    roles = [{e.path: e.sha256 for e in read_manifest(folder / "manifest.jsonl")} for folder in (out, undisturbed)]
    assert roles[0].keys() == roles[1].keys()
    for path, sha256 in roles[0].items():
        if Path(path).name.startswith(("depth", "corrupted")):
            assert roles[1][path] == sha256, f"{path} must be the same to the bit"
    for blur, floor in enumerate(infos[1].noise_floor):
        first, second = (
            np.clip(
                display_from_light(read_image(folder / "scenes/window_table" / f"bokeh_{blur:02d}_01.exr").pixels), 0, 1
            )
            for folder in (out, undisturbed)
        )
        # the colours agree as well as their noise allows: two images differ by the noise of both
        difference = -10 * np.log10(max(np.mean((first - second) ** 2), 1e-12))
        assert difference > floor.psnr - 3.01 - 1.5


def test_ctrl_c_stops_at_once_and_says_how_to_go_on(tmp_path: Path) -> None:
    config, out = tmp_path / "config.yaml", tmp_path / "dataset"
    config.write_text(yaml.safe_dump({**SLOW, "bokeh_samples": 100_000}))
    with start(config, out) as process:
        deadline = time.monotonic() + 120
        while not (out / "scenes" / "window_table" / "image.exr").exists():
            assert time.monotonic() < deadline
            time.sleep(0.01)
        worker = _worker_of(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        assert b"stopped; the same command goes on" in (process.stderr.read() if process.stderr else b"")
    assert not Path(f"/proc/{worker}").exists()


def _worker_of(parent: int) -> int:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == parent:
            return int(stat.parent.name)
    raise AssertionError("the run has no child")


def test_two_runs_cannot_write_into_one_folder(tmp_path: Path) -> None:
    import fcntl

    (tmp_path / "dataset" / ".work").mkdir(parents=True)
    with (tmp_path / "dataset" / ".work" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BadInputError, match="another run is writing"):
            generate(TINY, tmp_path / "dataset")


def test_a_manifest_that_points_outside_is_refused(tiny_dataset: Path) -> None:
    path = tiny_dataset / "manifest.jsonl"
    lines = path.read_text().splitlines()
    entry = json.loads(lines[0])
    entry["path"] = "../../etc/passwd"
    path.write_text("\n".join([json.dumps(entry), *lines[1:]]))
    with pytest.raises(BadInputError, match="leaves the dataset"):
        read_manifest(path)
