"""The weights that ship: that files, configs and figures belong together, and that the figures can be had again.

Beside ``<network>.safetensors`` lie, for the training config NAME that its metadata tell, ``NAME.config.json``: that
config, resolved, as it was then (the YAML of that name may have moved on); ``NAME.metrics.json`` and ``NAME.log.csv``:
metrics.json and log.csv of the run. Networks whose weights are not there are skipped.
"""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

import pytest

from bokeh_render.atomic import write_json
from bokeh_render.neural import pretrained
from bokeh_render.neural.checkpoints import read_weights
from bokeh_render.neural.error_map import ErrorMapSettings
from bokeh_render.neural.pretrained import EDGES_KEY, PRETRAINED, weight_files
from bokeh_render.schema import load_json, parse, read_json, sha256_of_file, sha256_of_json
from bokeh_render.training.config import VALIDATION_SEED, TrainConfig
from bokeh_render.training.run import RunOptions, rescore_weights, train

NETWORKS = [path.stem for name in PRETRAINED for path in weight_files(name)]
LARGEST_BYTES = 5_000_000
TINY = TrainConfig.model_validate(
    {
        "name": "tiny",
        "stages": [
            {
                "network": "refiner",
                "pairs": {"height": 32, "width": 32, "blur_px": [2, 4], "most_layers": 3, "lens_points": [8, 8]},
                "pool": 1,
                "steps": 2,
                "batch": 1,
                "crop": 24,
                "validation_pairs": 1,
                "validate_every": 1,
            }
        ],
    }
)


def weights_of(network: str) -> Path:
    path = pretrained.WEIGHTS_FOLDER / f"{network}.safetensors"
    if not path.is_file():
        pytest.skip(f"the weights of {network} are not in the package")
    return path


def beside(path: Path, suffix: str) -> Path:
    """Return the file that tells of the run of these weights."""
    return path.with_name(f"{read_weights(path).metadata['config']}.{suffix}")


def check_weights(path: Path) -> None:
    """Check that weights, config and metrics belong together."""
    told, network = read_weights(path).metadata, path.stem
    resolved = read_json(beside(path, "config.json"))
    config = parse(TrainConfig, resolved, str(path))
    metrics: dict[str, Any] = read_json(beside(path, "metrics.json"))[network]
    assert metrics["weights_sha256"] == sha256_of_file(path)
    assert told["config_sha256"] == metrics["config_sha256"] == sha256_of_json(resolved)
    assert told["config"] == config.name
    assert told["seed"] == config.seed < VALIDATION_SEED
    stage = next(stage for stage in config.stages if stage.network == network)
    assert told["steps"] == metrics["steps"] == stage.steps
    assert parse(ErrorMapSettings, told.get(EDGES_KEY, {}), str(path)) == stage.error_map
    assert path.stat().st_size < LARGEST_BYTES


def check_log(path: Path) -> None:
    """Check that the log of the run ends with the figures of the metrics."""
    metrics = read_json(beside(path, "metrics.json"))[path.stem]
    with beside(path, "log.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["stage"] == path.stem]
    last = [row for row in rows if row["psnr"]][-1]
    assert int(last["step"]) == int(rows[-1]["step"]) == metrics["steps"]
    for key, value in metrics["validation"].items():
        assert float(last[key]) == pytest.approx(value, abs=1e-3), key


@pytest.mark.parametrize("network", NETWORKS)
def test_weights_their_config_and_their_figures_belong_together(network: str) -> None:
    check_weights(weights_of(network))


@pytest.mark.parametrize("network", NETWORKS)
def test_the_log_ends_with_the_figures(network: str) -> None:
    check_log(weights_of(network))


def test_the_checks_hold_for_a_run_and_notice_what_was_changed(tmp_path: Path) -> None:
    run, shipped = tmp_path / "run", tmp_path / "weights"
    train(TINY, run, RunOptions("cpu", threads=1, workers=1))
    shipped.mkdir()
    path = shipped / "refiner.safetensors"
    for source, name in (
        (path.name, path.name), ("metrics.json", "tiny.metrics.json"), ("log.csv", "tiny.log.csv")
    ):  # fmt: skip
        shutil.copy(run / source, shipped / name)
    write_json(shipped / "tiny.config.json", read_json(run / "config.json")["config"])
    check_weights(path)
    check_log(path)
    write_json(shipped / "tiny.config.json", read_json(run / "config.json")["config"] | {"seed": 4})
    with pytest.raises(AssertionError):
        check_weights(path)
    log = (shipped / "tiny.log.csv").read_text().splitlines(keepends=True)
    (shipped / "tiny.log.csv").write_text("".join(log[:-1]))
    with pytest.raises(AssertionError):
        check_log(path)


@pytest.mark.slow
@pytest.mark.parametrize("name", PRETRAINED)
def test_their_figures_can_be_had_again(name: str, tmp_path: Path) -> None:
    paths = [weights_of(path.stem) for path in weight_files(name)]
    config = load_json(TrainConfig, beside(paths[0], "config.json"))
    told = read_json(beside(paths[0], "metrics.json"))
    for network, found in rescore_weights(config, pretrained.WEIGHTS_FOLDER, RunOptions(pool=tmp_path)).items():
        for key, value in told[network]["validation"].items():
            assert found[key] == pytest.approx(value, abs=0.02), f"{network} {key}"
