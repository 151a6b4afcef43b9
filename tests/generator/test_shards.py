"""Array jobs: shares of one dataset, rendered one after another or at once, come together to one dataset."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from bokeh_render.errors import BadInputError
from bokeh_render.schema import load_json
from generator.build import Shard, generate, generate_shard
from generator.cli import parse_shard
from generator.config import GenerateConfig
from generator.stack import DatasetRecord, read_manifest

CONTENT = {
    "name": "shared",
    "scenes": ["glass_and_metal@1", "glass_and_metal@2", "chessboard@1"],
    "width": 48,
    "height": 32,
    "image_samples": 1,
    "bokeh_samples": 8,
    "blur_levels": [1.0],
    "focus_disparities": [0.5],
}


def test_the_last_share_writes_the_manifest(tmp_path: Path) -> None:
    config, out = GenerateConfig.model_validate(CONTENT), tmp_path / "dataset"
    assert generate_shard(config, out, Shard(2, 2), threads=2) is None
    assert not (out / "dataset.json").exists()
    record = generate_shard(config, out, Shard(1, 2), threads=2)
    assert record == load_json(DatasetRecord, out / "dataset.json")
    assert {entry.scene for entry in read_manifest(out / "manifest.jsonl")} == set(config.scenes)
    assert generate(config, out) == record


def test_shares_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    file, out = tmp_path / "config.yaml", tmp_path / "dataset"
    file.write_text(yaml.safe_dump(CONTENT))
    command = [sys.executable, "-m", "bokehbench", "generate", "--config", str(file), "-o", str(out), "--shard"]
    shares = [subprocess.Popen([*command, f"{number}/2"], stdout=subprocess.PIPE, text=True) for number in (1, 2)]
    said = [share.communicate(timeout=300)[0] for share in shares]
    assert [share.returncode for share in shares] == [0, 0]
    assert sum("files" in words for words in said) >= 1
    assert load_json(DatasetRecord, out / "dataset.json").config["scenes"] == CONTENT["scenes"]


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2", "1/2/3"])
def test_what_is_no_share(text: str) -> None:
    with pytest.raises(BadInputError, match="expected I/N with 1 <= I <= N"):
        parse_shard(text)
