"""Reading datasets of both layouts, and refusing what is neither or is damaged."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmark.dataset import open_dataset
from benchmark.protocols import load_protocol
from benchmark.samples import Sample, chosen_focus
from benchmark.scene import read_pair_scene
from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_image, read_map, write_image
from bokeh_render.schema import sha256_of_file
from generator.stack import DatasetRecord, SampleKey, manifest_entry, manifest_text, read_stack
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


def test_raw_blur_of_the_original_download_follows_bokehmes_published_scene(tmp_path: Path) -> None:
    """Scene 277's published focus distances lie evenly in disparity; K raw belongs to 1/m, and infinity is 0."""
    root = original_layout(tmp_path / "BLB")
    focus = [65504.0, 124.3834, 62.2508, 41.5137, 31.1402, 24.9145, 20.7634, 17.7980, 15.5738, 13.8437]
    scene = root / "277"
    info = json.loads((scene / "info.json").read_text())
    (scene / "info.json").write_text(json.dumps(info | {"focus_distances": focus}))
    depth = np.linspace(13.8437, 200.0, 32 * 48, dtype=np.float32).reshape(32, 48)
    depth[-1, -1] = 65504.0
    write_image(scene / "depth.exr", depth, bits=32)
    for blur in range(2):
        for index in range(len(focus)):
            write_image(scene / f"bokeh_{blur:02d}_{index:02d}.exr", np.full((32, 48, 3), 0.5), bits=16)
    dataset = open_dataset(root)
    samples = dataset.samples(PROTOCOL)
    assert len(samples) == 20
    focused = [dataset.method_input(sample, PROTOCOL).focus_disparity for sample in samples[:10]]
    np.testing.assert_allclose(focused, np.arange(10) / 9, atol=2e-3)
    for sample in samples:
        given = dataset.method_input(sample, PROTOCOL)
        expected = (138.5, 277.0)[sample.blur] * (1 / depth - (0 if sample.focus == 0 else 1 / focus[sample.focus]))
        expected[-1, -1] = (138.5, 277.0)[sample.blur] * (0 - (0 if sample.focus == 0 else 1 / focus[sample.focus]))
        np.testing.assert_allclose(given.defocus, expected, atol=1e-3)


def test_corrupted_maps_stand_in_for_the_disparity_in_both_units(tiny_dataset_once: Path) -> None:
    dataset, protocol = open_dataset(tiny_dataset_once), load_protocol("blb-corrupted-v1")
    samples = dataset.samples(protocol)
    assert len(samples) == 2 * 2 * 2 * 15
    assert len({str(sample) for sample in samples}) == len(samples)
    assert [sample.truth for sample in samples[:16]] == [SampleKey(TINY.scenes[0], 0, 0)] * 15 + [
        SampleKey(TINY.scenes[0], 0, 1)
    ]
    clean = dataset.method_input(Sample(*samples[0].truth), protocol)
    for sample in samples[:15]:
        given = dataset.method_input(sample, protocol)
        stored = read_map(dataset.scenes[sample.scene].folder / f"corrupted_{sample.corruption:02d}.exr")
        np.testing.assert_array_equal(given.disparity, stored)
        if sample.corruption is not None and sample.corruption >= 5:  # the Gaussian ones are tiny at 96 px
            assert np.abs(given.disparity - clean.disparity).max() > 0.01
        assert given.disparity_raw is not None
        assert given.blur_parameter_raw is not None
        assert given.focus_disparity_raw is not None
        raw = given.blur_parameter_raw * (given.disparity_raw - given.focus_disparity_raw)
        np.testing.assert_allclose(given.defocus, raw, atol=1e-3)
        assert (given.blur_parameter, given.focus_disparity) == (clean.blur_parameter, clean.focus_disparity)


def test_three_focus_settings_of_ten_are_first_middle_and_last() -> None:
    assert chosen_focus("first, middle and last", 10) == (0, 4, 9)
    assert chosen_focus("first, middle and last", 2) == (0, 1)
    assert chosen_focus("all", 3) == (0, 1, 2)


def test_what_is_given_is_shared_and_cannot_be_changed(tiny_dataset_once: Path) -> None:
    dataset = open_dataset(tiny_dataset_once)
    first, second = (dataset.method_input(sample, PROTOCOL) for sample in dataset.samples(PROTOCOL)[:2])
    assert first.display is second.display
    for array in (first.display, first.disparity, first.disparity_raw):
        assert array is not None
        assert not array.flags.writeable
    own = first.with_own_arrays()
    own.display[...] = 0
    assert second.display.max() > 0


def test_a_clipped_protocol_clips_the_input_and_another_does_not(tiny_dataset_once: Path) -> None:
    dataset = open_dataset(tiny_dataset_once)
    sample = next(sample for sample in dataset.samples(PROTOCOL) if sample.scene == "blue_hour_street")
    hdr = dataset.method_input(sample, PROTOCOL).display
    assert hdr.max() > 1
    np.testing.assert_array_equal(dataset.method_input(sample, load_protocol("blb-ldr-v1")).display, np.clip(hdr, 0, 1))


def pairs(root: Path) -> Path:
    """Make a dataset of two pairs of photographs, as EBB400 is laid out."""
    entries = []
    for number, scene in enumerate(("0012", "0345")):
        folder = root / "scenes" / scene
        image = np.random.default_rng(number).random((24, 36, 3))
        write_image(folder / "image.png", image, bits=8)
        write_image(folder / "disparity.exr", np.linspace(0, 1, 24 * 36).reshape(24, 36), bits=32)
        write_image(folder / "bokeh_00_00.png", image[::-1], bits=8)
        info = {"blur_parameter_normalised": 20.0 + number, "focus_disparity_normalised": 0.75, "ids": [scene]}
        (folder / "info.json").write_text(json.dumps(info))
        for file, role, indices in (
            ("image.png", "image", (None, None)),
            ("disparity.exr", "disparity", (None, None)),
            ("bokeh_00_00.png", "bokeh", (0, 0)),
            ("info.json", "info", (None, None)),
        ):
            entries.append(manifest_entry(root, folder / file, role, scene, *indices))  # type: ignore[arg-type]
    (root / "manifest.jsonl").write_text(manifest_text(entries))
    record = DatasetRecord(
        name="ebb-like",
        version="1.0",
        kind="pairs",
        config={},
        recipe_sha256="0" * 64,
        files_sha256=sha256_of_file(root / "manifest.jsonl"),
        made_with={},
        licence="none",
    )
    (root / "dataset.json").write_text(record.model_dump_json())
    return root


def test_pairs_of_photographs_are_read_as_display_values(tmp_path: Path) -> None:
    dataset, protocol = open_dataset(pairs(tmp_path / "ebb")), load_protocol("ebb400-v1")
    samples = dataset.samples(protocol)
    assert samples == (Sample("0012", 0, 0), Sample("0345", 0, 0))
    given = dataset.method_input(samples[1], protocol)
    stored = read_image(dataset.scenes["0345"].folder / "image.png").pixels
    np.testing.assert_array_equal(given.display, stored)
    assert (given.blur_parameter, given.focus_disparity) == (21.0, 0.75)
    assert (given.disparity_raw, given.blur_parameter_raw, given.focus_disparity_raw) == (None, None, None)
    np.testing.assert_array_equal(dataset.truth_display(samples[1].truth, protocol), stored[::-1])


def test_a_protocol_refuses_another_kind_of_dataset(tmp_path: Path, tiny_dataset_once: Path) -> None:
    with pytest.raises(BadInputError, match="is a dataset of stacks, and ebb400-v1 scores pairs"):
        open_dataset(tiny_dataset_once).samples(load_protocol("ebb400-v1"))
    with pytest.raises(BadInputError, match="is a dataset of pairs, and blb-v1 scores stacks"):
        open_dataset(pairs(tmp_path / "ebb")).samples(PROTOCOL)


def test_a_dataset_without_corrupted_maps_says_so(tmp_path: Path) -> None:
    dataset = open_dataset(original_layout(tmp_path / "BLB"))
    with pytest.raises(BadInputError, match="has no corrupted disparity maps"):
        dataset.samples(load_protocol("blb-corrupted-v1"))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda f: write_image(f / "disparity.exr", np.full((24, 36), 1.5), bits=32), r"leaves 0 … 1"),
        (lambda f: write_image(f / "disparity.exr", np.zeros((12, 36)), bits=32), "36×12 but image.png is 36×24"),
        (lambda f: (f / "info.json").write_text("{}"), "'blur_parameter_normalised' is missing"),
    ],
)
def test_a_broken_pair_is_refused(tmp_path: Path, spoil: Callable[[Path], object], message: str) -> None:
    root = pairs(tmp_path / "ebb")
    spoil(root / "scenes" / "0012")
    with pytest.raises(BadInputError, match=message):
        read_pair_scene(root / "scenes" / "0012", "image.png")


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
