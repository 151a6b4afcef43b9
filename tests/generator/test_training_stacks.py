from __future__ import annotations

import itertools
import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import write_image
from bokeh_render.optics import light_from_display, signed_defocus
from bokeh_render.training_pairs import ImperfectSettings, Mixture, PairSettings, draw_pair, iter_drawn
from generator.training_stacks import StackPairs, StackPairSettings

HEIGHT, WIDTH = 30, 40
SETTINGS = StackPairSettings(
    height=16, width=20, exposure=(1.0, 1.0), usual_gamma=1.0, imperfect=ImperfectSettings(probability=0.0)
)


def dataset(folder: Path, *scenes: str) -> Path:
    """Make a dataset whose light tells where a pixel was: red its column, green its row, blue the sample."""
    row, column = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    for scene in scenes:
        home = folder / "scenes" / scene
        light = np.stack([column / 64, row / 64, np.zeros_like(row)], axis=-1)
        write_image(home / "image.exr", light)
        write_image(home / "depth.exr", 1.0 / (0.5 + column / 100))
        write_image(home / "disparity_aa.exr", 0.5 + column / 100 + 0.001)
        for blur, focus in itertools.product(range(2), range(3)):
            write_image(home / f"bokeh_{blur:02d}_{focus:02d}.exr", light + (0, 0, 0.1 + 0.2 * focus + 0.05 * blur))
        info = {"blur_parameters": [10.0, 100.0], "focus_distances": [2.0, 1.6, 1.25]}
        (home / "info.json").write_text(json.dumps(info))
    (folder / "dataset.json").write_text("{}")
    return folder


def test_a_pair_is_a_crop_of_one_sample(tmp_path: Path) -> None:
    pairs = StackPairs(dataset(tmp_path, "window_table@1", "meadow@2"), SETTINGS)
    seen = set()
    for index in range(40):
        pair = pairs(7, index)
        light, bokeh = light_from_display(pair.display), light_from_display(pair.bokeh)
        assert light.shape == bokeh.shape == (16, 20, 3)
        assert np.allclose(bokeh[..., :2], light[..., :2], atol=1e-3), "image and truth are cut alike"
        columns = light[..., 0] * 64
        assert np.allclose(pair.disparity, columns / (WIDTH - 1), atol=5e-3), "and so is the disparity"
        assert np.array_equal(pair.disparity, pair.imperfect)
        scene, sample = pair.name.split("/")
        focus = int(sample[-2:])
        assert sample.startswith("bokeh_00"), "100 px per 1/m are 39 px here: too much blur"
        assert bokeh[..., 2].mean() == pytest.approx(0.1 + 0.2 * focus, abs=2e-3)
        raw_focus = (0.5, 0.625, 0.8)[focus]
        expected = 10.0 * (0.5 + columns / 100 - raw_focus)
        assert np.allclose(
            signed_defocus(pair.disparity, pair.blur_parameter, pair.focus_disparity), expected, atol=0.03
        )
        assert pair.gamma == 2.2
        seen.add((scene, focus, columns[0, 0] < columns[0, -1]))
    assert len(seen) == 12, "all scenes, focus settings and both directions"


def test_exposure_and_gamma_change_image_and_truth_alike(tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"exposure": (0.5, 0.5), "usual_gamma": 0.0})
    pair = StackPairs(dataset(tmp_path, "meadow@2"), settings)(0, 0)
    assert pair.gamma != 2.2
    light, bokeh = light_from_display(pair.display, pair.gamma), light_from_display(pair.bokeh, pair.gamma)
    assert np.allclose(bokeh[..., :2], light[..., :2], atol=1e-3)
    assert np.allclose(pair.disparity, light[..., 0] * 2 * 64 / (WIDTH - 1), atol=8e-3)


def test_pairs_are_decided_by_seed_and_index_and_mix_with_drawn_ones(tmp_path: Path) -> None:
    pairs = StackPairs(dataset(tmp_path, "meadow@2"), SETTINGS)
    assert all(np.array_equal(a, b) for a, b in zip(pairs(1, 4), pairs(1, 4), strict=True))
    drawn = PairSettings(height=16, width=20, blur_px=(1.0, 2.0), lens_points=(4, 4))
    mixture = Mixture([(pairs, 1.0), (partial(draw_pair, drawn), 1.0)])
    names = [pair.name for pair in itertools.islice(iter_drawn(mixture, 1), 12)]
    assert {name.split("-")[0].split("/")[0] for name in names} == {"drawn", "meadow@2"}


def test_what_must_not_be_trained_on_is_refused(tmp_path: Path) -> None:
    folder = dataset(tmp_path, "window_table", "meadow@2")
    with pytest.raises(BadInputError, match="holds the test scenes window_table; expected training scenes"):
        StackPairs(folder, SETTINGS)
    kept = StackPairs(folder, SETTINGS, exclude=("still_life",))
    assert {path.name for path, _, _ in kept.samples} == {"meadow@2"}
    with pytest.raises(BadInputError, match=r"exclude names \['atlantis'\]; expected families"):
        StackPairs(folder, SETTINGS, exclude=("atlantis",))


def test_openings_that_are_no_disc_are_refused(tmp_path: Path) -> None:
    folder = dataset(tmp_path, "meadow@2")
    path = folder / "scenes" / "meadow@2" / "info.json"
    info = json.loads(path.read_text())
    path.write_text(json.dumps({**info, "aperture": {"blades": 6}}))
    with pytest.raises(BadInputError, match=r"opening .*'blades': 6.*; expected a disc"):
        StackPairs(folder, SETTINGS)


def test_what_gives_no_pairs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"has no dataset\.json"):
        StackPairs(tmp_path, SETTINGS)
    folder = dataset(tmp_path, "meadow@2")
    with pytest.raises(BadInputError, match="no sample with at most 1.0 px of blur"):
        StackPairs(folder, SETTINGS.model_copy(update={"largest_blur_px": 1.0}))
    large = StackPairs(folder, SETTINGS.model_copy(update={"height": 64}))
    with pytest.raises(BadInputError, match="40×30, smaller than a crop of 20×64"):
        large(0, 0)
