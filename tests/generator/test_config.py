from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bokeh_render.errors import BadInputError
from generator.config import GenerateConfig, load_config, load_preset, preset_names

GOOD = {
    "name": "mine",
    "scenes": ["window_table"],
    "width": 96,
    "height": 64,
    "image_samples": 4,
    "bokeh_samples": 16,
    "blur_levels": [2.0],
    "focus_disparities": [0.5],
}


def write(folder: Path, **changes: object) -> Path:
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump({**GOOD, **changes}))
    return path


def test_a_good_config_is_read_and_hashed_by_content(tmp_path: Path) -> None:
    config = load_config(write(tmp_path))
    assert config.scenes == ("window_table",)
    assert config.sha256 == GenerateConfig.model_validate(GOOD).sha256
    assert config.sha256 != load_config(write(tmp_path, seed=1)).sha256


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sampels": 4}, r"unknown key 'sampels'; expected one of name, version, files, scenes"),
        ({"scenes": ["atlantis"]}, r"unknown scene 'atlantis'; expected one of blue_hour_street, window_table"),
        ({"scenes": ["window_table", "window_table"]}, "named twice"),
        ({"scenes": []}, "scenes"),
        ({"width": 0}, r"width: .*greater than or equal to 16"),
        ({"width": "wide"}, r"width: .*integer"),
        ({"blur_levels": [-1.0]}, r"blur_levels\.0: .*greater than 0"),
        ({"focus_disparities": [1.5]}, r"focus_disparities\.0: .*less than or equal to 1"),
        ({"name": "../up"}, "name: "),
        ({"bokeh_samples": 4}, "4 views are too few for a blur radius of 2 px.*expected at least 8"),
        ({"blur_levels": [3.0, 2.0]}, "do not ascend"),
        ({"aperture": {"blades": 2}}, "2 blades; expected 0 for a disc, or 3 to 11"),
        ({"aperture": {"ratio": 0}}, r"aperture\.ratio: .*greater than or equal to 0.1"),
        ({"corruptions": {"dilation_radius_px": [0]}}, r"dilation_radius_px\.0: .*greater than 0"),
        ({"noise_floor": {"focus": [3]}}, r"noise_floor\.focus \[3\] lies outside"),
        ({"noise_floor": {"focsu": [0]}}, "unknown key"),
        ({"aperture": {"blades": 5, "shape": "star"}}, "unknown key 'aperture.shape'"),
    ],
)
def test_a_wrong_config_is_one_clear_sentence(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        load_config(write(tmp_path, **changes))


def test_a_missing_key_and_broken_yaml(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump({key: value for key, value in GOOD.items() if key != "name"}))
    with pytest.raises(BadInputError, match="the key 'name' is missing"):
        load_config(path)
    path.write_text("name: [unclosed")
    with pytest.raises(BadInputError, match="not valid YAML"):
        load_config(path)
    with pytest.raises(BadInputError, match="does not exist"):
        load_config(tmp_path / "none.yaml")


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_valid(name: str) -> None:
    assert load_preset(name).scenes


def test_an_unknown_preset_lists_the_known_ones() -> None:
    with pytest.raises(BadInputError, match="expected one of blb, blb-mini, blb-tiny, demo"):
        load_preset("nemo")


def test_the_demo_is_what_was_promised() -> None:
    demo = load_preset("demo")
    assert (demo.width, demo.height) == (384, 256)
    assert (len(demo.scenes), len(demo.blur_levels), len(demo.focus_disparities)) == (2, 2, 3)
    assert demo.image_samples <= 128
