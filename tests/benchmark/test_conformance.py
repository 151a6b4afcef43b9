"""The test of a method: what is right passes, and each thing that is wrong fails under its own name."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.methods import conformance, included_method
from benchmark.methods.interface import MethodInput
from benchmark.methods.loading import load_method
from benchmark.methods.template import write_template
from bokeh_render.errors import BadInputError
from bokeh_render.progress import Step


class Under:
    """A method under test: the included Gaussian blur, and then what the test does to its answer."""

    name, revision, description = "under-test", "1", "a test"

    def __init__(self, change: Callable[[MethodInput, Any], Any]) -> None:
        self.change = change
        self.asked = 0

    def render(self, sample: MethodInput) -> Any:
        self.asked += 1
        return self.change(sample, included_method("gaussian").render(sample))


def failures(method: Any) -> dict[str, str]:
    report = conformance.test_method(method)
    failed = {check.name: check.found for check in report.checks if not check.passed}
    assert report.passed == (not failed)
    assert len(report.checks) == 10
    return failed


def test_a_right_method_passes_and_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    steps: list[Step] = []
    report = conformance.test_method(Under(lambda sample, answer: answer), report=steps.append)
    assert [check.name for check in report.checks if not check.passed] == []
    assert list(tmp_path.iterdir()) == []
    assert (steps[-1].done, steps[-1].total) == (10, 10)
    text = conformance.format_report(report)
    assert text.splitlines()[-1] == "under-test 1: all 10 checks passed"
    assert "480×320, K = 12.5: " in text
    assert "1920×1080, K = 50: about " in text
    assert "not told: paper, code, licence" in text


def noise(method: list[int]) -> Callable[[MethodInput, Any], Any]:
    def change(sample: MethodInput, answer: Any) -> Any:
        method[0] += 1
        return answer + 1e-3 * np.random.default_rng(method[0]).random(answer.shape)

    return change


def remembers(seen: list[Any]) -> Callable[[MethodInput, Any], Any]:
    def change(sample: MethodInput, answer: Any) -> Any:
        before = seen[-1] if seen else 0.0
        seen.append(float(sample.blur_parameter))
        return answer + 1e-4 * before

    return change


def spoils(name: str) -> Callable[[MethodInput, Any], Any]:
    def change(sample: MethodInput, answer: Any) -> Any:
        copy = np.array(answer)
        array = getattr(sample, name)
        array[0] += 1
        return copy

    return change


def no_odd(sample: MethodInput, answer: Any) -> Any:
    if answer.shape[0] % 2:
        raise ValueError("height is odd")
    return answer


def only_small(sample: MethodInput, answer: Any) -> Any:
    if answer.shape[0] > 160:
        raise MemoryError("too large")
    return answer


IMAGE, VALUES, TWICE, ORDER = "returns an image", "display values", "same input, same answer", "in another order"
SHARP, MORE, INPUT, ODD, COST = (
    "K = 0 returns the input",
    "larger K changes the image",
    "leaves its input alone",
    "odd sizes",
    "time and memory",
)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda s, a: a.astype(np.float64), {}),
        (lambda s, a: s.display, {MORE: "is blur_parameter heeded"}),
        (lambda s, a: np.clip(a, 0, 1) ** 2.2, {SHARP: "the answer is light"}),
        (lambda s, a: a[..., ::-1], {SHARP: "red and blue are exchanged"}),
        (lambda s, a: 255 * a, {VALUES: "values from .* to 408; expected display", SHARP: "0 … 255; return 0 … 1"}),
        (lambda s, a: a + 0.02, {SHARP: r"PSNR 3\d.\d dB; expected more than 40: everything is in focus then"}),
        (lambda s, a: a - 1.0, {VALUES: "values from -", SHARP: "PSNR"}),
        (
            noise([0]),
            {
                TWICE: "differ by up to 0.00.*; expected 0.0001 at most: seed",
                ORDER: "must not depend on the samples before",
            },
        ),
        (remembers([]), {TWICE: "differ by up to 0.001", ORDER: "differ by up to"}),
        (spoils("display"), {INPUT: "sample.display was changed"}),
        (spoils("disparity"), {INPUT: "sample.disparity was changed"}),
        (spoils("light"), {INPUT: "sample.light was changed"}),
        (only_small, {COST: "480×320, K = 12.5: MemoryError: too large"}),
        (no_odd, {IMAGE: "2 of 8 samples failed, the first 53×37, K = 5: ValueError", ODD: "odd", ORDER: "not looked"}),
        (
            lambda s, a: (255 * np.clip(a, 0, 1)).astype(np.uint8),
            {IMAGE: "8 of 8 .*uint8 values", ODD: "uint8"}
            | dict.fromkeys((VALUES, TWICE, ORDER, SHARP, MORE), "not looked at, as there is no image"),
        ),
    ],
)
def test_what_is_wrong_fails_under_its_own_name(
    change: Callable[[MethodInput, Any], Any], expected: dict[str, str]
) -> None:
    failed = failures(Under(change))
    assert set(failed) == set(expected)
    for name, message in expected.items():
        with pytest.raises(AssertionError, match=message):
            raise AssertionError(failed[name])


def fails(sample: MethodInput, answer: Any) -> Any:
    raise ValueError("never works")


def test_the_cost_of_what_never_renders_is_not_counted() -> None:
    method = Under(fails)
    report = conformance.test_method(method)
    assert method.asked == 8  # the large samples are not tried
    lines = conformance.format_report(report).splitlines()
    assert lines[-1] == "under-test 1: 7 of 9 checks failed"
    assert lines[-2].split(maxsplit=4) == ["-", "time", "and", "memory", "not looked at, as there is no image"]


def test_metadata_that_would_be_left_out_is_told() -> None:
    method = Under(lambda sample, answer: answer)
    method.metadata = {"licence": "MIT"}  # type: ignore[attr-defined]
    assert "metadata is a dict, which is left out of results" in failures(method)["describes itself"]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of a command method that notes each start in the file ``starts``."""
    folder = write_template("disc-mean", "command", tmp_path / "new").folder
    description = folder / "method.yaml"
    text = description.read_text().replace('"{folder}/.venv/bin/python"', f'"{sys.executable}"')
    description.write_text(text)
    run = folder / "run.py"
    run.write_text(run.read_text() + "    open('starts', 'a').write('x')\n")
    return folder


def test_the_command_template_passes_in_four_starts(command: Path) -> None:
    assert failures(load_method(str(command))) == {}
    assert (command / "starts").read_text() == "xxxx"


def test_a_broken_command_fails_in_its_own_words(command: Path) -> None:
    (command / "run.py").write_text("raise SystemExit('no weights: set MY_WEIGHTS')")
    failed = failures(load_method(str(command)))
    assert "exit code 1; its last words: no weights: set MY_WEIGHTS" in failed["returns an image"]


def test_a_command_that_cannot_start_is_the_users_mistake(command: Path) -> None:
    description = command / "method.yaml"
    description.write_text(description.read_text().replace(sys.executable, "{folder}/gone"))
    with pytest.raises(BadInputError, match="gone' cannot be started"):
        conformance.test_method(load_method(str(command)))
