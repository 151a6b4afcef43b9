"""Reading datasets of both layouts, and refusing what is neither or is damaged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmark.dataset import open_dataset
from benchmark.protocols import load_protocol
from benchmark.samples import Sample
from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import write_image
from generator.stack import SampleKey, read_stack
from tests.conftest import TINY

PROTOCOL = load_protocol("blb-v1")


def original_layout(root: Path, place: str = "") -> Path:
    """Make a folder as the original BLB download has them: raw K, focus distances, infinity as 65504."""
    scene = root / place / "277"
    scene.mkdir(parents=True)
    depth = np.full((32, 48), 20.0, dtype=np.float32)
    depth[:, 24:] = 65504.0
    write_image(scene / "image.exr", np.full((32, 48, 3), 0.5), bits=16)
    write_image(scene / "depth.exr", depth, bits=16)
    for blur in range(2):
        for focus in range(2):
            write_image(scene / f"bokeh_{blur:02d}_{focus:02d}.exr", np.full((32, 48, 3), 0.5), bits=16)
    info = {
        "blur_parameters": [138.5, 277.0],
        "focus_distances": [65504.0, 20.0],
        "f_stops": [1.0, 0.5],
        "focal_length": 35.0,
        "something_of_theirs": True,
    }
    (scene / "info.json").write_text(json.dumps(info))
    return root


def test_samples_follow_from_the_manifest(tiny_dataset_once: Path) -> None:
    dataset = open_dataset(tiny_dataset_once)
    expected = [SampleKey(scene, blur, focus) for scene in TINY.scenes for blur in (0, 1) for focus in (0, 1)]
    assert list(dataset.truths) == expected
    assert [sample.truth for sample in dataset.samples(PROTOCOL)] == expected


def test_a_method_gets_the_same_blur_in_both_units(tiny_dataset_once: Path) -> None:
    dataset = open_dataset(tiny_dataset_once)
    for key in dataset.samples(PROTOCOL):
        given = dataset.method_input(key, PROTOCOL)
        assert given.disparity_raw is not None
        assert given.blur_parameter_raw is not None
        assert given.focus_disparity_raw is not None
        raw = given.blur_parameter_raw * (given.disparity_raw - given.focus_disparity_raw)
        np.testing.assert_allclose(given.defocus, raw, atol=1e-3)
        assert given.blur_parameter == pytest.approx(TINY.blur_levels[key.blur])
        assert (given.disparity.min(), given.disparity.max()) == (0.0, pytest.approx(1.0))
        np.testing.assert_allclose(
            given.light, read_stack(dataset.scenes[key.scene].folder).light, rtol=1e-3, atol=1e-6
        )


@pytest.mark.parametrize("place", ["", "scenes", "data"])
def test_the_original_download_is_read_as_it_is(tmp_path: Path, place: str) -> None:
    dataset = open_dataset(original_layout(tmp_path / "BLB", place))
    assert len(dataset.samples(PROTOCOL)) == 4
    assert dataset.recipe_sha256 is None
    given = dataset.method_input(Sample("277", 1, 1), PROTOCOL)
    # K 277 px per 1/m, focus at 20 m: the near half is sharp, infinity is blurred by 277 / 20 px
    np.testing.assert_allclose(given.defocus[:, :24], 0.0, atol=1e-4)
    np.testing.assert_allclose(given.defocus[:, 24:], -277.0 / 20.0, rtol=1e-4)
    assert given.blur_parameter == pytest.approx(277.0 / 20.0, rel=1e-4)


def test_a_folder_that_is_no_dataset_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="is not a folder"):
        open_dataset(tmp_path / "none")
    (tmp_path / "holiday.jpg").write_bytes(b"")
    with pytest.raises(BadInputError, match="is no dataset: it has neither"):
        open_dataset(tmp_path)


def test_an_unfinished_dataset_is_refused(tiny_dataset: Path) -> None:
    (tiny_dataset / "dataset.json").unlink()
    (tiny_dataset / ".work").mkdir()
    with pytest.raises(BadInputError, match="is not finished"):
        open_dataset(tiny_dataset)


def test_an_original_layout_with_a_hole_is_refused(tmp_path: Path) -> None:
    root = original_layout(tmp_path / "BLB")
    (root / "277" / "bokeh_01_00.exr").unlink()
    with pytest.raises(BadInputError, match=r"lacks 1 file\(s\), first 277/bokeh_01_00.exr"):
        open_dataset(root)


def test_an_edited_manifest_is_refused(tiny_dataset: Path) -> None:
    manifest = tiny_dataset / "manifest.jsonl"
    manifest.write_text("".join(manifest.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(BadInputError, match="is not the one that dataset\\.json names"):
        open_dataset(tiny_dataset)


@pytest.mark.parametrize("file", ["bokeh_00_00.exr", "image.exr", "depth.exr"])
def test_a_truncated_or_swapped_file_is_refused(tiny_dataset: Path, file: str) -> None:
    scene = tiny_dataset / "scenes" / "window_table"
    whole = (scene / file).read_bytes()
    (scene / file).write_bytes(whole[: len(whole) // 2])
    key = SampleKey("window_table", 0, 0)
    with pytest.raises(BadInputError, match="sha256 differs"):
        _read(tiny_dataset, key)
    shutil.copy(scene / "bokeh_01_01.exr", scene / file)
    with pytest.raises(BadInputError, match="sha256 differs"):
        _read(tiny_dataset, key)


def _read(root: Path, key: SampleKey) -> None:
    dataset = open_dataset(root)
    dataset.method_input(Sample(*key), PROTOCOL)
    dataset.truth(key)
