"""What the controls say of the included methods, how they meet methods that fail, and what they write."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.control import ControlReport, format_report, run_controls
from benchmark.control.catalogue import CONTROLS
from benchmark.control.record import Judgement
from benchmark.methods import included_method
from benchmark.methods.interface import MethodInput, Rendering
from bokeh_render import scatter
from bokeh_render.errors import BadInputError
from bokeh_render.optics import Float32, display_from_light
from bokeh_render.renderers import render_display
from bokeh_render.schema import load_json
from tests.benchmark.broken_methods import Method, nan_at_odd_sizes, raising, right


def test_a_method_that_only_raises_fails_every_control_with_its_words() -> None:
    report = run_controls(Method(raising), None)
    assert {result.name for result in report.results} == set(CONTROLS)
    for result in report.results:
        assert result.verdict == "fail"
        assert "ValueError: no kernel for this size" in result.sentence


def test_identity_fails_what_blur_is_about_and_passes_the_rest() -> None:
    report = run_controls(included_method("identity"), None)
    expected = dict.fromkeys(("radius", "edge", "shape", "monotone"), "fail")
    expected |= dict.fromkeys(("energy", "focus", "robustness"), "pass") | {"occlusion": "notice"}
    assert {result.name: result.verdict for result in report.results} == expected
    assert report["radius"].numbers["slope"] == pytest.approx(0.0, abs=1e-6)
    assert report.verdict == "fail"


def test_gaussian_is_told_what_it_is() -> None:
    report = run_controls(included_method("gaussian"), None, only=("edge", "energy", "shape", "monotone"))
    assert "Gaussian" in report["edge"].sentence
    assert "display values are averaged" in report["energy"].sentence
    assert (report["shape"].verdict, report["monotone"].verdict) == ("notice", "pass")


def test_classical_has_the_radius_that_its_documentation_states() -> None:
    report = run_controls(included_method("classical"), None)
    verdicts = {result.name: result.verdict for result in report.results}
    assert verdicts.pop("occlusion") == "notice"
    assert set(verdicts.values()) == {"pass"}
    numbers = report["radius"].numbers
    assert numbers["slope"] == pytest.approx(1.0, abs=1e-3)  # docs/classical.md: 1.0000
    assert numbers["offset_px"] == pytest.approx(0.0, abs=0.02)  # docs/classical.md: -0.003
    assert report["edge"].numbers["edge_at_16_px"] < 1.0


def test_layered_follows_the_thin_lens_at_edges_and_tells_a_swapped_sign() -> None:
    report = run_controls(included_method("layered"), None, only=("occlusion",))
    assert report["occlusion"].verdict == "pass"
    assert report["occlusion"].numbers["blurred_edge_error"] < 0.005

    def swapped(s: MethodInput) -> Float32:
        return render_display(s.display, -s.defocus, renderer="layered")

    wrong = run_controls(Method(swapped), None, only=("occlusion",))["occlusion"]
    assert wrong.verdict == "notice"
    assert "Near and far are swapped" in wrong.sentence


@pytest.mark.slow
def test_layered_passes_everything() -> None:
    assert run_controls(included_method("layered"), None).verdict == "pass"


class Batches:
    """A method that is started once; it may end early or die."""

    name, revision, description = "batches", "1", "works in batches"

    def __init__(self, good: int, dies: bool = False) -> None:
        self.starts, self.good, self.dies = 0, good, dies

    def render_batch(self, samples: Sequence[MethodInput]) -> Iterator[Rendering]:
        self.starts += 1
        for sample in samples[: self.good]:
            yield Rendering(right(sample))
        if self.dies:
            raise RuntimeError("the program ended")


def test_a_batch_method_is_started_once() -> None:
    method = Batches(1000)
    report = run_controls(method, None, only=("radius", "shape"))
    assert report.verdict == "pass"
    assert method.starts == 1


@pytest.mark.parametrize(
    ("dies", "words"), [(False, "ended after 5 of 7 samples"), (True, "RuntimeError: the program ended")]
)
def test_a_batch_that_ends_early_fails_what_is_missing_only(dies: bool, words: str) -> None:
    report = run_controls(Batches(5, dies), None, only=("radius", "shape"))  # the five sheets of lights
    assert report["radius"].verdict == "pass"
    assert report["shape"].verdict == "fail"
    assert words in report["shape"].sentence


def test_a_batch_that_cannot_be_started_is_the_users_mistake() -> None:
    class Absent(Batches):
        def render_batch(self, samples: Sequence[MethodInput]) -> Iterator[Rendering]:
            raise BadInputError("the command 'x' cannot be started")

    with pytest.raises(BadInputError, match="cannot be started"):
        run_controls(Absent(0), None, only=("shape",))


def test_a_rendering_that_failed_is_told_in_the_methods_own_words() -> None:
    class Failing(Batches):
        def render_batch(self, samples: Sequence[MethodInput]) -> Iterator[Rendering]:
            yield from [Rendering(None, "out of memory")] * len(samples)

    assert "out of memory" in run_controls(Failing(0), None, only=("shape",))["shape"].sentence


@pytest.mark.parametrize("bits", [8, 16])
def test_a_method_whose_pictures_went_through_files_passes(bits: int) -> None:
    def stored(s: MethodInput) -> Float32:
        return (np.round(np.clip(right(s), 0, 1) * (2**bits - 1)) / (2**bits - 1)).astype(np.float32)

    assert run_controls(Method(stored), None, only=("radius", "edge", "energy", "shape", "focus")).verdict == "pass"


def test_what_a_method_does_to_its_copy_of_light_reaches_no_other_method() -> None:
    def darkens(s: MethodInput) -> Float32:
        s.light[:] = 0.0
        return right(s)

    def from_light(s: MethodInput) -> Float32:
        return display_from_light(scatter(s.light, s.defocus, aperture=s.aperture).bokeh, s.gamma)

    run_controls(Method(darkens), None, only=("shape",))
    assert run_controls(Method(from_light), None, only=("shape",)).verdict == "pass"


@pytest.mark.parametrize("kind", ["list", "tensor", "doubles"])
def test_what_an_evaluation_takes_the_controls_take(kind: str) -> None:
    def answer(s: MethodInput) -> object:
        out = right(s)
        if kind == "tensor":
            return pytest.importorskip("torch").from_numpy(out)
        return out.tolist() if kind == "list" else out.astype(np.float64)

    assert run_controls(Method(answer), None, only=("shape", "robustness")).verdict == "pass"


def test_a_method_that_leaves_python_fails_and_ends_nothing() -> None:
    report = run_controls(Method(lambda s: sys.exit(3)), None, only=("shape", "robustness"))
    assert {result.verdict for result in report.results} == {"fail"}
    assert all("SystemExit: 3" in result.sentence for result in report.results)


def test_values_that_no_ruler_can_take_fail_every_control_in_words(tmp_path: Path) -> None:
    report = run_controls(Method(lambda s: np.full(s.display.shape, 3e38, np.float32)), tmp_path)
    assert {result.verdict for result in report.results} == {"fail"}
    for result in report.results:
        assert "returned values up to 3e+38; expected 1 = white." in result.sentence
    assert load_json(ControlReport, tmp_path / "control.json") == report


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (ZeroDivisionError("no light"), r"Could not be measured. The ruler failed: ZeroDivisionError: no light"),
        (float("nan"), "Could not be measured. No finite number came out for slope."),
        (float("inf"), "Could not be measured. No finite number came out for slope."),
    ],
)
def test_a_ruler_that_fails_fails_its_control_only(
    monkeypatch: pytest.MonkeyPatch, outcome: Exception | float, words: str
) -> None:
    def judge(answers: object) -> Judgement:
        if isinstance(outcome, Exception):
            raise outcome
        return Judgement("pass", {"slope": outcome, "offset_px": 0.0}, "All is well.", None)

    monkeypatch.setitem(CONTROLS, "radius", CONTROLS["radius"]._replace(judge=judge))
    report = run_controls(Method(right), None, only=("radius", "shape"))
    assert (report["radius"].verdict, report["shape"].verdict) == ("fail", "pass")
    assert words in report["radius"].sentence


def test_being_killed_is_no_finding() -> None:
    def killed(s: MethodInput) -> Float32:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_controls(Method(killed), None, only=("shape",))


def test_files_hold_what_is_returned_and_plots_are_pictures(tmp_path: Path) -> None:
    steps = []
    method = Method(nan_at_odd_sizes)
    report = run_controls(method, tmp_path, report=lambda step: steps.append((step.done, step.total)))
    assert load_json(ControlReport, tmp_path / "control.json") == report
    assert json.loads((tmp_path / "control.json").read_text())["method"] == "slipped"
    assert {path.name for path in tmp_path.iterdir()} == {"control.json", "control.png"} | {
        f"{name}.png" for name in CONTROLS
    }
    for path in tmp_path.glob("*.png"):
        with Image.open(path) as picture:
            assert np.asarray(picture.convert("L")).std() > 5
    assert max(total for _, total in steps) == 24
    assert {(24, 24), (8, 8)} <= set(steps)


def test_a_control_that_could_not_be_measured_still_has_a_plot(tmp_path: Path) -> None:
    def costly(s: MethodInput) -> Float32:
        raise RuntimeError("costs $5, or $\\nothing{ at all")

    run_controls(Method(costly), tmp_path, only=("shape",))
    assert (tmp_path / "shape.png").is_file()
    assert (tmp_path / "control.png").is_file()


def test_the_text_holds_verdict_sentence_and_numbers_in_100_columns() -> None:
    report = run_controls(included_method("identity"), None, only=("radius", "energy"))
    text = format_report(report)
    assert max(map(len, text.splitlines())) <= 100
    for words in (
        "Controls of identity",
        "FAIL    radius",
        "pass    energy",
        "nothing is blurred",
        "slope 0",
        "grey_error",
    ):
        assert words in text


def test_an_unknown_control_is_refused_with_the_list() -> None:
    with pytest.raises(BadInputError, match="unknown control 'radios'; expected some of radius, edge, energy"):
        run_controls(included_method("identity"), None, only=("radios",))


def test_controls_stay_affordable() -> None:
    samples = {sample.name: sample for control in CONTROLS.values() for sample in control.inputs()}
    assert len(samples) == 24
    assert max(sample.disparity.size for sample in samples.values()) == 320 * 240


def test_nothing_heavy_is_imported_before_it_is_used() -> None:
    code = "import sys, benchmark.control as c; c.run_controls; print({'torch', 'matplotlib'} & {*sys.modules})"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "set()"
