"""Running and scoring: one path for methods and predictions, and nothing wrong ever becomes a smaller mean."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmark import score as scoring
from benchmark.dataset import Dataset, open_dataset
from benchmark.methods import included_method, included_names
from benchmark.methods.interface import Method, MethodInput, MethodMetadata
from benchmark.methods.loading import load_method
from benchmark.methods.template import write_template
from benchmark.predict import AnyMethod, _batches
from benchmark.predictions import prediction_path
from benchmark.protocols import Protocol, load_protocol
from benchmark.results import MethodReference, Result, load_result, to_dataframe
from benchmark.run import evaluate, evaluate_all, score_folder
from benchmark.samples import Sample
from bokeh_render.errors import BadInputError, BokehbenchError
from bokeh_render.imagefile import read_image, write_image
from bokeh_render.optics import Float32, light_from_display
from tests.benchmark.test_dataset import pairs

PROTOCOL = load_protocol("blb-v1")
MINE = MethodReference(name="mine", revision="1", description="a test")
QUICK = tuple(name for name in included_names() if name != "blender-defocus")  # which has tests of its own


@pytest.fixture
def dataset(tiny_dataset_once: Path) -> Dataset:
    return open_dataset(tiny_dataset_once)


def folder_of(run: Path, name: str) -> Path:
    (found,) = (run / "predictions").glob(f"*/*/{name}@*")
    return found


def results_of(run: Path) -> list[Path]:
    return sorted((run / "results").rglob("*.json"))


@pytest.mark.parametrize("name", QUICK)
def test_included_methods_score_every_sample(dataset: Dataset, tmp_path: Path, name: str) -> None:
    try:
        method = included_method(name)
    except BadInputError as error:
        if "needs weights" not in str(error):
            raise
        pytest.skip(str(error))
    result = evaluate(method, dataset, PROTOCOL, tmp_path)
    assert len(result.samples) == len(dataset.samples(PROTOCOL)) == 8
    (path,) = results_of(tmp_path)
    assert path.relative_to(tmp_path / "results").parts[:-1] == ("blb-v1", f"tiny-{dataset.files_sha256[:12]}")
    assert path.name == f"{name}@{result.method.revision}.json"
    assert load_result(path) == result
    assert all(sample.seconds is not None and sample.metrics.psnr > 10 for sample in result.samples)
    assert all(sample.peak_memory_mb is not None for sample in result.samples)
    assert {sample.truth_sha256 for sample in result.samples} == {
        dataset.truth_sha256(sample.truth) for sample in dataset.samples(PROTOCOL)
    }
    assert result.summary.levels[1].metrics.psnr < 60


def test_identity_is_scored_as_the_formula_says(dataset: Dataset, tmp_path: Path) -> None:
    result = evaluate(included_method("identity"), dataset, PROTOCOL, tmp_path)
    for sample in result.samples:
        image = np.clip(dataset.scene(sample.scene).image.pixels.astype(np.float64) ** (1 / 2.2), 0, 1)
        truth = np.clip(dataset.truth(sample.sample.truth).pixels.astype(np.float64) ** (1 / 2.2), 0, 1)
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


def numbers(result: Result) -> np.ndarray:
    """Return all numbers of all samples, of regions too; NaN for a metric that is not there."""
    metrics = [sample.metrics.model_dump() | {"boundary": sample.regions["boundary"].psnr} for sample in result.samples]
    found = np.array([[np.nan if value is None else value for value in one.values()] for one in metrics])
    assert np.isnan(found[:, 2]).all() == ("lpips" in result.unavailable)
    return found


def test_the_same_predictions_give_the_same_numbers_however_they_come(dataset: Dataset, tmp_path: Path) -> None:
    """On one thread and on two, scored alone or beside others, as PNG16 and as NPY."""
    expected = numbers(evaluate(included_method("classical"), dataset, PROTOCOL, tmp_path / "a", threads=1))
    methods = [included_method(name) for name in ("gaussian", "classical", "identity")]
    together = evaluate_all(methods, dataset, PROTOCOL, tmp_path / "b", threads=2)[1].result_or_raise()
    np.testing.assert_allclose(numbers(together), expected, atol=1e-6, rtol=0)
    png, npy = folder_of(tmp_path / "a", "classical"), tmp_path / "npy"
    for sample in dataset.samples(PROTOCOL):
        display = read_image(prediction_path(png, sample)).pixels
        write_image(prediction_path(npy, sample, ".npy"), light_from_display(display))
    for folder, threads in ((png, 2), (npy, 1), (npy, 2)):
        out = tmp_path / f"{folder.name}{threads}"
        found = numbers(score_folder(folder, MINE, dataset, PROTOCOL, out, threads=threads))
        np.testing.assert_allclose(found, expected, atol=1e-6, rtol=0)


class Dying:
    """A method that is killed at its third question the first time, and notes what it is asked for."""

    name, revision, description = "dying", "1", "dies once"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def render(self, sample: MethodInput) -> Float32:
        self.asked.append(sample.name)
        if len(self.asked) == 3:
            raise KeyboardInterrupt
        return sample.display


def test_a_killed_rendering_goes_on_where_it_stopped(dataset: Dataset, tmp_path: Path) -> None:
    method = Dying()
    with pytest.raises(KeyboardInterrupt):
        evaluate(method, dataset, PROTOCOL, tmp_path)
    result = evaluate(method, dataset, PROTOCOL, tmp_path)
    first, again = method.asked[:3], method.asked[3:]
    assert first[0] not in again
    assert set(again) == {str(sample) for sample in dataset.samples(PROTOCOL)} - {first[0]}
    whole = evaluate(included_method("identity"), dataset, PROTOCOL, tmp_path)
    assert [s.metrics for s in result.samples] == [s.metrics for s in whole.samples]


def test_a_killed_scoring_goes_on_and_scores_nothing_twice(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, scored = scoring.read_prediction, []

    def reading(path: Path, shape: tuple[int, ...], protocol: Protocol) -> Float32:
        scored.append(path)
        if len(scored) == 4:
            raise KeyboardInterrupt
        return read(path, shape, protocol)

    monkeypatch.setattr(scoring, "read_prediction", reading)
    with pytest.raises(KeyboardInterrupt):
        evaluate(included_method("gaussian"), dataset, PROTOCOL, tmp_path / "a", threads=1)
    assert results_of(tmp_path / "a") == []
    (journal,) = (tmp_path / "a" / ".scores").rglob("*.jsonl")
    noted = len(journal.read_text().splitlines())
    assert noted >= 1
    before = len(scored)
    resumed = evaluate(included_method("gaussian"), dataset, PROTOCOL, tmp_path / "a", threads=1)
    assert len(scored) - before == 8 - noted
    assert not journal.exists()
    whole = evaluate(included_method("gaussian"), dataset, PROTOCOL, tmp_path / "b", threads=2)
    np.testing.assert_allclose(numbers(resumed), numbers(whole), atol=1e-6, rtol=0)


def test_a_prediction_that_changed_after_a_kill_is_scored_anew(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.run.write_result", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        evaluate(included_method("identity"), dataset, PROTOCOL, tmp_path)
    monkeypatch.undo()
    sample = dataset.samples(PROTOCOL)[0]
    path = prediction_path(folder_of(tmp_path, "identity"), sample)
    write_image(path, np.clip(read_image(path).pixels + 0.1, 0, 1))
    result = evaluate(included_method("identity"), dataset, PROTOCOL, tmp_path)
    clean = evaluate(included_method("identity"), dataset, PROTOCOL, tmp_path / "clean")
    differs = [a.metrics != b.metrics for a, b in zip(result.samples, clean.samples, strict=True)]
    assert differs == [True] + [False] * 7


def test_kill_9_in_the_middle_leaves_whole_files_and_a_rerun_finishes(dataset: Dataset, tmp_path: Path) -> None:
    arguments = ["evaluate", "layered", "--dataset", str(dataset.root), "-o", str(tmp_path), "--protocol"]
    command = [sys.executable, "-m", "bokehbench", *arguments, "blb-corrupted-v1"]
    child = subprocess.Popen(command, stderr=subprocess.PIPE)
    costs = None
    for _ in range(1200):
        costs = next(tmp_path.glob("predictions/*/*/*/.costs.jsonl"), None)
        if child.poll() is not None or (costs and len(costs.read_text().splitlines()) > 3):
            break
        time.sleep(0.05)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() == -signal.SIGKILL
    child.communicate()
    assert costs is not None
    finished = {path: path.read_bytes() for path in costs.parent.rglob("bokeh*.png")}
    assert 3 <= len(finished) < 120
    assert all(read_image(path).pixels.shape == (64, 96, 3) for path in finished)
    method = included_method("layered")
    result = evaluate(method, dataset, load_protocol("blb-corrupted-v1"), tmp_path)
    assert len(result.samples) == 120
    noted = {Sample(*json.loads(line)["sample"]) for line in costs.read_text().splitlines()[:3]}
    assert all(
        prediction_path(costs.parent, one).read_bytes() == finished[prediction_path(costs.parent, one)] for one in noted
    )


def test_corrupted_maps_are_scored_apart_and_together(dataset: Dataset, tmp_path: Path) -> None:
    result = evaluate(included_method("classical"), dataset, load_protocol("blb-corrupted-v1"), tmp_path)
    assert sorted(result.summary.by_corruption) == list(range(15))
    by_map = [scores.psnr for scores in result.summary.by_corruption.values()]
    assert np.mean(by_map) == pytest.approx(result.summary.overall.psnr, abs=1e-6)
    assert result.dataset.corruptions[5].startswith("dilation")
    clean = evaluate(included_method("classical"), dataset, PROTOCOL, tmp_path)
    assert result.summary.overall.psnr < clean.summary.overall.psnr
    assert load_result(next((tmp_path / "results" / "blb-corrupted-v1").rglob("*.json"))) == result
    assert to_dataframe([result]).groupby("corruption").psnr.mean().iloc[14] == pytest.approx(by_map[14], abs=1e-6)


def test_pairs_of_photographs_are_scored(tmp_path: Path) -> None:
    # LPIPS needs 31 px; these are 24 px high, so without weights only
    protocol = Protocol.model_validate({**load_protocol("ebb400-v1").model_dump(), "name": "ebb-test"})
    dataset = open_dataset(pairs(tmp_path / "ebb"))
    truth = [dataset.truth_display(sample.truth, protocol) for sample in dataset.samples(protocol)]

    class Flip:
        name, revision, description = "flip", "1", "knows the answer"

        def render(self, sample: MethodInput) -> Float32:
            return np.ascontiguousarray(sample.display[::-1]) * 0.9

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("BOKEHBENCH_LPIPS_WEIGHTS", raising=False)
        patch.setenv("TORCH_HOME", str(tmp_path / "empty"))
        result = evaluate(Flip(), dataset, protocol, tmp_path / "out")
    expected = [-10 * np.log10(np.mean((0.1 * image.astype(np.float64)) ** 2)) for image in truth]
    assert [sample.metrics.psnr for sample in result.samples] == pytest.approx(expected, abs=1e-3)
    assert result.dataset.noise_floor == {}


class Wrong:
    """A method that returns what it is told to at some samples, and its input at the others."""

    name, revision, description = "wrong", "1", "returns nonsense"
    metadata = MethodMetadata(paper="https://example.org/paper", training_data=("blb-mini seeds 1 to 5",))

    def __init__(self, answer: Float32 | None, at: str = "") -> None:
        self.answer = answer
        self.at = at

    def render(self, sample: MethodInput) -> Float32:
        if self.at not in sample.name:
            return sample.display
        if self.answer is None:
            raise RuntimeError("out of luck")
        return self.answer


@pytest.mark.parametrize("answer", [np.zeros((8, 8, 3)), np.zeros((64, 96)), np.full((64, 96, 3), np.nan)])
def test_a_method_that_returns_nonsense_gets_no_score(dataset: Dataset, tmp_path: Path, answer: Float32) -> None:
    with pytest.raises(BokehbenchError, match="method wrong failed at 8 of 8 samples, so it gets no score"):
        evaluate(Wrong(answer.astype(np.float32)), dataset, PROTOCOL, tmp_path)
    assert results_of(tmp_path) == []


def test_a_failing_sample_is_recorded_and_the_others_of_the_run_go_on(dataset: Dataset, tmp_path: Path) -> None:
    method = Wrong(None, at="window_table/bokeh_01_00")
    methods: list[Method] = [method, included_method("identity")]
    failed, whole = evaluate_all(methods, dataset, PROTOCOL, tmp_path)
    assert failed.result is None
    assert "failed at 1 of 8 samples" in str(failed.error)
    assert whole.result_or_raise().method.name == "identity"
    assert [path.name.split("@")[0] for path in results_of(tmp_path)] == ["identity"]
    told = json.loads((folder_of(tmp_path, "wrong") / "failures.json").read_text())
    assert list(told) == ["window_table/bokeh_01_00"]
    assert "RuntimeError: out of luck" in told["window_table/bokeh_01_00"]
    method.at = "nowhere"
    again = evaluate(method, dataset, PROTOCOL, tmp_path)
    assert len(again.samples) == 8
    assert again.method.metadata.training_data == ("blb-mini seeds 1 to 5",)
    assert not (folder_of(tmp_path, "wrong") / "failures.json").exists()


def test_batches_are_of_one_blb_scene_or_of_a_few_photographs() -> None:
    stacks = [Sample(scene, blur, focus) for scene in "abc" for blur in range(5) for focus in range(10)]
    assert [len(batch) for batch in _batches(stacks)] == [50, 50, 50]
    assert [sample for batch in _batches(stacks, 7) for sample in batch] == stacks
    photographs = [Sample(f"{number:04d}", 0, 0) for number in range(20)]
    assert [len(batch) for batch in _batches(photographs)] == [8, 8, 4]
    assert list(_batches([])) == []


def test_two_processes_render_the_same_as_one(dataset: Dataset, tmp_path: Path) -> None:
    alone = evaluate(included_method("classical"), dataset, PROTOCOL, tmp_path / "a")
    shared = evaluate(included_method("classical"), dataset, PROTOCOL, tmp_path / "b", jobs=2)
    assert [s.prediction_sha256 for s in shared.samples] == [s.prediction_sha256 for s in alone.samples]
    assert shared.environment["jobs"] == "2"


def test_a_method_that_cannot_travel_is_told_to_stay(dataset: Dataset, tmp_path: Path) -> None:
    method = Wrong(np.zeros((64, 96, 3), dtype=np.float32))
    method.render = lambda sample: sample.display  # type: ignore[method-assign]
    with pytest.raises(BadInputError, match="cannot be copied to other processes.*use --jobs 1"):
        evaluate(method, dataset, PROTOCOL, tmp_path, jobs=2)


def test_results_are_never_overwritten(dataset: Dataset, tmp_path: Path) -> None:
    method = Wrong(np.full((64, 96, 3), 0.5, dtype=np.float32))
    first = evaluate(method, dataset, PROTOCOL, tmp_path)
    assert evaluate(method, dataset, PROTOCOL, tmp_path) == first, "the same again is what is there"
    path = prediction_path(folder_of(tmp_path, "wrong"), dataset.samples(PROTOCOL)[0])
    write_image(path, np.full((64, 96, 3), 0.7))
    with pytest.raises(BadInputError, match="differs in predictions, and results are never overwritten"):
        evaluate(method, dataset, PROTOCOL, tmp_path)
    assert load_result(results_of(tmp_path)[0]) == first
    method.revision = "2"
    method.answer = np.full((64, 96, 3), 0.6, dtype=np.float32)
    evaluate(method, dataset, PROTOCOL, tmp_path)
    assert len(results_of(tmp_path)) == 2


def test_a_second_run_waits_outside(dataset: Dataset, tmp_path: Path) -> None:
    class Meddling:
        name, revision, description = "meddling", "1", "starts another run into the same folder"

        def render(self, sample: MethodInput) -> Float32:
            evaluate(included_method("identity"), dataset, PROTOCOL, tmp_path)
            return sample.display

    with pytest.raises(BokehbenchError, match="another run is writing into"):
        evaluate(Meddling(), dataset, PROTOCOL, tmp_path)
    evaluate(included_method("identity"), dataset, PROTOCOL, tmp_path)


def test_the_same_revision_twice_is_refused_before_anything_is_rendered(dataset: Dataset, tmp_path: Path) -> None:
    methods: list[Method] = [Wrong(None), included_method("identity"), Wrong(None)]
    with pytest.raises(BadInputError, match="2 of the methods are wrong 1; expected each once"):
        evaluate_all(methods, dataset, PROTOCOL, tmp_path)
    assert list(tmp_path.iterdir()) == []


class Cheat:
    """A method that knows where the truth lies."""

    name, revision, description = "cheat", "1", "reads the ground truth"

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset

    def render(self, sample: MethodInput) -> Float32:
        key = next(one for one in self.dataset.samples(PROTOCOL) if str(one) == sample.name)
        return self.dataset.truth_display(key.truth, PROTOCOL)


def test_a_method_that_returns_the_truth_gets_no_score(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="8 predictions are ground truths: .*equals its own ground truth"):
        evaluate(Cheat(dataset), dataset, PROTOCOL, tmp_path)
    assert results_of(tmp_path) == []


def test_what_looks_wrong_in_a_methods_images_goes_with_its_result(dataset: Dataset, tmp_path: Path) -> None:
    class Flipped:
        name, revision, description = "flipped", "1", "upside down"

        def render(self, sample: MethodInput) -> Float32:
            return np.ascontiguousarray(included_method("classical").render(sample)[::-1])  # type: ignore[union-attr]

    result = evaluate(Flipped(), dataset, PROTOCOL, tmp_path)
    assert any("upside down" in notice for notice in result.notices)


@pytest.mark.parametrize("place", ["", "results", "scenes/window_table"])
def test_a_run_never_writes_into_the_dataset(tiny_dataset: Path, place: str) -> None:
    with pytest.raises(BadInputError, match="lies in the dataset"):
        evaluate(included_method("identity"), open_dataset(tiny_dataset), PROTOCOL, tiny_dataset / place)
    assert not (tiny_dataset / place / "predictions").exists()


@pytest.fixture
def as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], AnyMethod]:
    """Return a function that writes a method whose ``render`` has this body, over the one before, and loads it."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def load(body: str) -> AnyMethod:
        (tmp_path / "edited_method.py").write_text(
            "class Edited:\n    name, revision, description = 'edited', '1', 'changes'\n\n"
            f"    def render(self, sample):\n        {body}\n"
        )
        monkeypatch.delitem(sys.modules, "edited_method", raising=False)
        return load_method("edited_method:Edited")

    return load


def test_edited_code_under_the_same_revision_is_told_apart(
    dataset: Dataset, tmp_path: Path, as_written: Callable[[str], AnyMethod]
) -> None:
    evaluate(as_written("return sample.display * 0.5"), dataset, PROTOCOL, tmp_path / "run")
    with pytest.raises(BadInputError, match="source_sha256"):
        evaluate(as_written("return sample.display * 0.75"), dataset, PROTOCOL, tmp_path / "run")


def test_code_edited_between_two_tries_is_not_mixed(
    dataset: Dataset, tmp_path: Path, as_written: Callable[[str], AnyMethod]
) -> None:
    fails_at_first = as_written("return sample.display if 'bokeh_00' in sample.name else None")
    with pytest.raises(BokehbenchError, match="failed at 4 of 8 samples"):
        evaluate(fails_at_first, dataset, PROTOCOL, tmp_path / "run")
    with pytest.raises(BadInputError, match="holds predictions that differ in source_sha256; give .* another revision"):
        evaluate(as_written("return sample.display"), dataset, PROTOCOL, tmp_path / "run")


def test_a_command_may_be_run_again_from_its_own_folder(dataset: Dataset, tmp_path: Path) -> None:
    """As its README says: what a run writes there is not the method's code, and editing that is."""
    write_template("mine", "command", tmp_path)
    description = tmp_path / "method.yaml"
    description.write_text(description.read_text().replace("{folder}/.venv/bin/python", sys.executable))
    first = evaluate(load_method(str(tmp_path)), dataset, PROTOCOL, tmp_path / "run")
    assert evaluate(load_method(str(tmp_path)), dataset, PROTOCOL, tmp_path / "run") == first
    with (tmp_path / "run.py").open("a") as code:
        code.write("# edited\n")
    with pytest.raises(BadInputError, match="differ in source_sha256"):
        evaluate(load_method(str(tmp_path)), dataset, PROTOCOL, tmp_path / "run")


def test_a_torn_prediction_is_its_methods_error_only(dataset: Dataset, tmp_path: Path) -> None:
    methods = [included_method(name) for name in ("identity", "gaussian")]
    folder = tmp_path / "results"
    evaluate_all(methods, dataset, PROTOCOL, tmp_path)
    shutil.rmtree(folder)
    torn = prediction_path(folder_of(tmp_path, "gaussian"), dataset.samples(PROTOCOL)[3])
    torn.write_bytes(torn.read_bytes()[:500])
    whole, broken = evaluate_all(methods, dataset, PROTOCOL, tmp_path)
    assert whole.result_or_raise().method.name == "identity"
    assert broken.result is None
    assert "1 predictions of gaussian cannot be scored" in str(broken.error)
    assert [path.name.split("@")[0] for path in results_of(tmp_path)] == ["identity"]


def test_a_prediction_that_changes_while_it_is_scored_gets_no_score(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = scoring.read_prediction

    def change(path: Path, shape: tuple[int, ...], protocol: Protocol) -> Float32:
        pixels = read(path, shape, protocol)
        write_image(path, pixels * 0.5)
        return pixels

    monkeypatch.setattr(scoring, "read_prediction", change)
    with pytest.raises(BadInputError, match="was changed while it was scored"):
        evaluate(included_method("identity"), dataset, PROTOCOL, tmp_path)
    assert results_of(tmp_path) == []


def test_a_noted_score_of_another_version_is_not_used(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("benchmark.run.write_result", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            evaluate(included_method("identity"), dataset, PROTOCOL, tmp_path)
    (journal,) = (tmp_path / ".scores").rglob("*.jsonl")
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    lines[0]["score"]["metrics"]["psnr"] = 99.0
    lines[0]["rule"] = "0" * 64
    lines[1]["score"]["new_field"] = 1
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = evaluate(included_method("identity"), dataset, PROTOCOL, tmp_path)
    clean = evaluate(included_method("identity"), dataset, PROTOCOL, tmp_path / "clean")
    np.testing.assert_array_equal(numbers(result), numbers(clean))


def test_predictions_of_another_dataset_are_not_mixed(dataset: Dataset, tmp_path: Path) -> None:
    evaluate(included_method("identity"), dataset, PROTOCOL, tmp_path)
    run = folder_of(tmp_path, "identity") / ".run.json"
    run.write_text(run.read_text().replace(dataset.files_sha256, "0" * 64))
    with pytest.raises(BadInputError, match="holds predictions that differ in files_sha256"):
        evaluate(included_method("identity"), dataset, PROTOCOL, tmp_path)


def test_a_result_that_was_edited_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    result = evaluate(included_method("identity"), dataset, PROTOCOL, tmp_path)
    (path,) = results_of(tmp_path)
    first = result.samples[0].metrics.psnr
    path.write_text(path.read_text().replace(f"{first!r}", f"{first + 10!r}", 1))
    with pytest.raises(BadInputError, match="summary does not follow"):
        load_result(path)


def test_results_become_a_dataframe(dataset: Dataset, tmp_path: Path) -> None:
    methods = [included_method(name) for name in ("identity", "gaussian")]
    results = [outcome.result_or_raise() for outcome in evaluate_all(methods, dataset, PROTOCOL, tmp_path)]
    frame = to_dataframe(results)
    assert len(frame) == 16
    by_level = frame[frame.method == "identity"].groupby(["blur", "scene"]).psnr.mean().groupby("blur").mean()
    assert by_level.mean() == pytest.approx(results[0].summary.overall.psnr, abs=1e-6)
    assert frame.boundary_psnr.notna().any()


def test_without_weights_lpips_is_not_available_with_the_reason_and_comes_when_they_do(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.delenv("BOKEHBENCH_LPIPS_WEIGHTS", raising=False)
        patch.setenv("TORCH_HOME", str(tmp_path / "empty"))
        result = evaluate(included_method("identity"), dataset, PROTOCOL, tmp_path)
    assert all(sample.metrics.lpips is None for sample in result.samples)
    assert result.summary.overall.lpips is None
    assert "no weights" in result.unavailable["lpips"]
    if os.environ.get("BOKEHBENCH_LPIPS_WEIGHTS"):
        later = evaluate(included_method("identity"), dataset, PROTOCOL, tmp_path)
        assert later.summary.overall.lpips is not None
        assert [s.metrics.psnr for s in later.samples] == [s.metrics.psnr for s in result.samples]
