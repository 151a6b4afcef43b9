"""A disk that fills up: refused beforehand when it can be foreseen; otherwise nothing half-written is accepted."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from bokeh_render.errors import BokehbenchError
from bokeh_render.imagefile import read_image, read_map
from bokeh_render.schema import load_json
from generator import build
from generator.build import generate
from generator.config import GenerateConfig
from generator.estimate import check_disk_space, estimate
from generator.stack import RenderedStackInfo, read_manifest

CONFIG = GenerateConfig(
    name="full",
    scenes=("glass_and_metal",),
    width=96,
    height=64,
    image_samples=2,
    bokeh_samples=24,
    blur_levels=(1.0, 2.0),
    focus_disparities=(0.1, 0.5, 0.9),
)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0:
        pytest.skip("mounting a small tmpfs needs root")
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=420k", "tmpfs", str(place)], capture_output=True)
    if mounted.returncode != 0:
        pytest.skip(f"a small tmpfs cannot be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_too_little_room_is_told_before_anything_is_written(small_disk: Path) -> None:
    with pytest.raises(BokehbenchError, match=r"0 MB free, up to \d+ MB are needed; free some space or choose"):
        generate(CONFIG, small_disk / "dataset")
    assert not (small_disk / "dataset").exists()


def test_a_disk_that_fills_up_loses_nothing_and_a_rerun_completes(
    small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "check_disk_space", lambda config, out: None)
    out = small_disk / "dataset"
    with pytest.raises((OSError, BokehbenchError), match=r"[Nn]o space left|disk is full"):
        generate(CONFIG, out, threads=2)
    assert not (out / "dataset.json").exists()
    whole = {}
    for path in (out / "scenes").rglob("*.exr"):
        if not path.name.startswith("."):
            pixels = read_image(path).pixels if path.name.startswith(("image", "bokeh")) else read_map(path)
            assert pixels.shape[:2] == (64, 96)
            whole[path.name] = path.read_bytes()
    assert whole, "the disk was to fill up on the way, not at once"

    subprocess.run(["mount", "-o", "remount,size=30m", str(small_disk)], check=True)
    generate(CONFIG, out, threads=2)
    undisturbed = tmp_path / "undisturbed"
    generate(CONFIG, undisturbed, threads=2)
    scene = "scenes/glass_and_metal"
    for name, content in whole.items():
        assert (out / scene / name).read_bytes() == content, "finished files stay as they are"
    manifests = [
        {entry.path: entry.sha256 for entry in read_manifest(folder / "manifest.jsonl")}
        for folder in (out, undisturbed)
    ]
    assert manifests[0].keys() == manifests[1].keys()
    for path, sha256 in manifests[0].items():
        if Path(path).name.startswith(("depth", "corrupted")):
            assert manifests[1][path] == sha256
    infos = [load_json(RenderedStackInfo, folder / scene / "info.json") for folder in (out, undisturbed)]
    assert infos[0].model_dump(exclude={"render_seconds"}) == infos[1].model_dump(exclude={"render_seconds"})


def test_the_estimate_is_no_smaller_than_what_is_written(tiny_dataset_once: Path) -> None:
    from tests.conftest import TINY

    written = sum(path.stat().st_size for path in (tiny_dataset_once / "scenes").rglob("*.exr"))
    assert written <= 1.1 * estimate(TINY, threads=2).output_bytes
    check_disk_space(TINY, tiny_dataset_once.parent / "elsewhere")
