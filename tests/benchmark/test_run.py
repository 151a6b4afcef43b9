"""Running and scoring: one path for methods and folders, and nothing wrong ever becomes a smaller mean."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmark.dataset import Dataset, open_dataset
from benchmark.methods import included_method, included_names
from benchmark.methods.interface import MethodInput
from benchmark.predictions import prediction_path
from benchmark.protocols import load_protocol
from benchmark.results import MethodReference, load_result, to_dataframe
from benchmark.run import evaluate, score_folder
from benchmark.samples import Sample
from bokeh_render.errors import BadInputError, BokehbenchError
from bokeh_render.imagefile import read_image, write_image
from bokeh_render.optics import Float32, light_from_display

PROTOCOL = load_protocol("blb-v1")
MINE = MethodReference(name="mine", revision="1", description="a test")


@pytest.fixture
def dataset(tiny_dataset_once: Path) -> Dataset:
    return open_dataset(tiny_dataset_once)


@pytest.fixture
def perfect(dataset: Dataset, tmp_path: Path) -> Path:
    """Return a folder of predictions that are the ground truth itself."""
    folder = tmp_path / "perfect"
    for key in dataset.samples(PROTOCOL):
        write_image(prediction_path(folder, key), dataset.truth_display(key.truth, PROTOCOL))
    return folder


def score(folder: Path, dataset: Dataset, out: Path) -> float:
    return score_folder(folder, MINE, dataset, PROTOCOL, out).summary.overall.psnr


@pytest.mark.parametrize("name", included_names())
def test_included_methods_score_every_sample(dataset: Dataset, tmp_path: Path, name: str) -> None:
    result = evaluate(included_method(name), dataset, PROTOCOL, tmp_path)
    assert len(result.samples) == len(dataset.samples(PROTOCOL)) == 8
    assert load_result(tmp_path / "results" / f"{name}.json") == result
    assert all(sample.seconds is not None and sample.metrics.psnr > 10 for sample in result.samples)
    assert result.summary.levels[1].metrics.psnr < 60


def test_identity_is_scored_as_the_formula_says(dataset: Dataset, tmp_path: Path) -> None:
    result = evaluate(included_method("identity"), dataset, PROTOCOL, tmp_path)
    for sample in result.samples:
        key = Sample(sample.scene, sample.blur, sample.focus)
        image = np.clip(dataset.scene(key.scene).image.pixels.astype(np.float64) ** (1 / 2.2), 0, 1)
        truth = np.clip(dataset.truth(key.truth).pixels.astype(np.float64) ** (1 / 2.2), 0, 1)
        assert sample.metrics.psnr == pytest.approx(-10 * np.log10(np.mean((image - truth) ** 2)), abs=1e-3)
    by_hand = np.mean(
        [
            np.mean(
                [
                    np.mean([s.metrics.psnr for s in result.samples if (s.scene, s.blur) == (scene, blur)])
                    for scene in dataset.scenes
                ]
            )
            for blur in (0, 1)
        ]
    )
    assert result.summary.overall.psnr == pytest.approx(by_hand, abs=1e-6)


def test_a_perfect_prediction_is_nearly_perfect_from_every_format(
    dataset: Dataset, perfect: Path, tmp_path: Path
) -> None:
    scores = [score(perfect, dataset, tmp_path / "png")]
    for suffix in (".exr", ".npy"):
        folder = tmp_path / suffix
        for key in dataset.samples(PROTOCOL):
            write_image(prediction_path(folder, key, suffix), dataset.truth(key.truth).pixels, bits=32)
        scores.append(score(folder, dataset, tmp_path / f"out{suffix}"))
    assert scores[0] > 95
    assert scores[1:] == [100.0, 100.0]


def test_the_same_prediction_scores_the_same_as_png16_and_npy(dataset: Dataset, tmp_path: Path) -> None:
    evaluate(included_method("classical"), dataset, PROTOCOL, tmp_path / "a")
    for key in dataset.samples(PROTOCOL):
        display = read_image(prediction_path(tmp_path / "a" / "predictions" / "classical", key)).pixels
        write_image(prediction_path(tmp_path / "npy", key, ".npy"), light_from_display(display))
    expected = load_result(tmp_path / "a" / "results" / "classical.json").summary.overall.psnr
    assert score(tmp_path / "npy", dataset, tmp_path / "b") == pytest.approx(expected, abs=1e-4)


def spoil(folder: Path, how: str, key: Sample) -> None:
    path = prediction_path(folder, key)
    if how == "missing":
        path.unlink()
    elif how == "extra":
        shutil.copy(path, path.with_name("bokeh_07_07.png"))
    elif how == "extra scene":
        (folder / "atlantis").mkdir()
        shutil.copy(path, folder / "atlantis" / path.name)
    elif how == "doubled":
        write_image(path.with_suffix(".exr"), np.zeros((64, 96, 3)))
    elif how == "wrong size":
        write_image(path, np.zeros((32, 48, 3)))
    elif how == "transposed":
        write_image(path, np.zeros((96, 64, 3)))
    elif how == "truncated":
        path.write_bytes(path.read_bytes()[:1000])
    elif how == "jpeg":
        write_image(path.with_suffix(".jpg"), read_image(path).pixels)
        path.unlink()
    elif how == "nan":
        path.unlink()
        np.save(path.with_suffix(".npy"), np.full((64, 96, 3), np.nan, dtype=np.float32))


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("missing", "missing: window_table/bokeh_01_00.png"),
        ("extra", r"extra: window_table/bokeh_07_07.png; expected only"),
        ("extra scene", "extra: atlantis/bokeh_01_00.png"),
        ("doubled", "doubled: window_table/bokeh_01_00.png and window_table/bokeh_01_00.exr; keep one"),
        ("wrong size", "48×32; expected 96×64"),
        ("transposed", "64×96; expected 96×64"),
        ("truncated", "cannot be read as PNG"),
        ("jpeg", "missing: window_table/bokeh_01_00.png"),
        ("nan", "NaN or infinite"),
    ],
)
def test_a_wrong_prediction_is_an_error_and_never_a_smaller_mean(
    dataset: Dataset, perfect: Path, tmp_path: Path, how: str, message: str
) -> None:
    spoil(perfect, how, Sample("window_table", 1, 0))
    with pytest.raises(BadInputError, match=message):
        score(perfect, dataset, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_all_problems_are_told_at_once(dataset: Dataset, perfect: Path, tmp_path: Path) -> None:
    for focus, how in enumerate(("wrong size", "truncated")):
        spoil(perfect, how, Sample("blue_hour_street", 0, focus))
    with pytest.raises(BadInputError, match=r"2 problem\(s\)(?s:.*)48×32(?s:.*)cannot be read"):
        score(perfect, dataset, tmp_path / "out")


class Dying:
    """A method that is killed at its third sample the first time, and counts what it is asked for."""

    name, revision, description = "dying", "1", "dies once"

    def __init__(self) -> None:
        self.asked = 0

    def render(self, sample: MethodInput) -> Float32:
        self.asked += 1
        if self.asked == 3:
            raise KeyboardInterrupt
        return sample.display


def test_a_killed_evaluation_goes_on_where_it_stopped(dataset: Dataset, tmp_path: Path) -> None:
    method = Dying()
    with pytest.raises(KeyboardInterrupt):
        evaluate(method, dataset, PROTOCOL, tmp_path)
    result = evaluate(method, dataset, PROTOCOL, tmp_path)
    assert method.asked == 3 + 6
    assert len(result.samples) == 8
    whole = evaluate(included_method("identity"), dataset, PROTOCOL, tmp_path)
    assert [s.metrics for s in result.samples] == [s.metrics for s in whole.samples]


class Wrong:
    """A method that returns what it is told to."""

    name, revision, description = "wrong", "1", "returns nonsense"

    def __init__(self, answer: Float32) -> None:
        self.answer = answer

    def render(self, sample: MethodInput) -> Float32:
        del sample
        return self.answer


@pytest.mark.parametrize("answer", [np.zeros((8, 8, 3)), np.zeros((64, 96)), np.full((64, 96, 3), np.nan)])
def test_a_method_that_returns_nonsense_is_stopped(dataset: Dataset, tmp_path: Path, answer: Float32) -> None:
    with pytest.raises(BokehbenchError, match="method wrong returned"):
        evaluate(Wrong(answer.astype(np.float32)), dataset, PROTOCOL, tmp_path)
    assert not (tmp_path / "results").exists()


def test_predictions_of_another_revision_are_not_mixed(dataset: Dataset, tmp_path: Path) -> None:
    method = Wrong(np.zeros((64, 96, 3), dtype=np.float32))
    evaluate(method, dataset, PROTOCOL, tmp_path)
    method.revision = "2"
    with pytest.raises(BadInputError, match="another revision, protocol or dataset"):
        evaluate(method, dataset, PROTOCOL, tmp_path)


def test_a_result_that_was_edited_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    result = evaluate(included_method("identity"), dataset, PROTOCOL, tmp_path)
    path = tmp_path / "results" / "identity.json"
    first = result.samples[0].metrics.psnr
    path.write_text(path.read_text().replace(f"{first!r}", f"{first + 10!r}", 1))
    with pytest.raises(BadInputError, match="summary does not follow"):
        load_result(path)


def test_results_become_a_dataframe(dataset: Dataset, tmp_path: Path) -> None:
    results = [evaluate(included_method(name), dataset, PROTOCOL, tmp_path) for name in ("identity", "gaussian")]
    frame = to_dataframe(results)
    assert len(frame) == 16
    by_level = frame[frame.method == "identity"].groupby(["blur", "scene"]).psnr.mean().groupby("blur").mean()
    assert by_level.mean() == pytest.approx(results[0].summary.overall.psnr, abs=1e-6)


def test_without_weights_lpips_is_not_available_with_the_reason(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BOKEHBENCH_LPIPS_WEIGHTS", raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "empty"))
    result = evaluate(included_method("identity"), dataset, PROTOCOL, tmp_path)
    assert all(sample.metrics.lpips is None for sample in result.samples)
    assert result.summary.overall.lpips is None
    assert "no AlexNet weights" in result.unavailable["lpips"]
