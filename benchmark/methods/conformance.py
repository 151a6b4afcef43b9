"""Can the benchmark use this method? A few small samples made here, one sentence for each thing that was looked at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from bokeh_render.aperture import Aperture
from bokeh_render.optics import DISPLAY_GAMMA, DisparityRange, Float32
from bokeh_render.progress import ReportStep, Step, silent
from bokeh_render.schema import Record

from ..metrics.psnr import psnr
from .interface import BatchMethod, Method, MethodInput, MethodMetadata, Rendering
from .measuring import renderings

_SAME = 1e-4  # kernels that add in any order differ by less; 16-bit predictions round by 1e-5
_SHARP_DB = 40.0
_CHANGED = 1e-3
_BRIGHTEST = 8.0  # the samples end at 1.6; whoever answers in 0 … 255 is far above
_HEIGHT, _WIDTH = 64, 96
_BLUR_AT_FULL_HD = 50.0  # BLB's strongest K, px at a width of 1920
_NEAR_LIMIT, _FAR_LIMIT = 0.5, 0.05  # 1/metre


class ConformanceCheck(Record):
    """One thing that was looked at. found: a sentence; counted: False for what neither failed nor passed."""

    name: str
    passed: bool
    found: str
    counted: bool = True


class ConformanceReport(Record):
    """All that was looked at, in order."""

    method: str
    revision: str
    checks: tuple[ConformanceCheck, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing failed."""
        return all(check.passed for check in self.checks)


class _Answers(NamedTuple):
    """The samples that were given, what the method made of them, and the same samples made anew, by name."""

    given: dict[str, MethodInput]
    found: dict[str, Rendering]

    def display(self, name: str) -> Float32 | None:
        return self.found[name].display


def test_method(method: Method | BatchMethod, *, report: ReportStep = silent) -> ConformanceReport:  # noqa: PT028
    """Let a method render small synthetic samples and look at what it returns. Nothing is written.

    Raises BadInputError only when a command cannot be started at all; whatever else goes wrong is in the report.
    """
    first = ["scene", "sharp", "wide", "odd"]
    second = ["odd", "wide", "scene", "scene"]  # another order; the last is the same input in the same start
    names = first + [f"{name} again {place}" for place, name in enumerate(second)]
    given = {name: _sample(name.split()[0]) for name in names}
    found: dict[str, Rendering] = {}
    task = f"{method.name}: test"
    for group in (names[: len(first)], names[len(first) :]):
        for name, rendering in zip(group, renderings(method, [given[name] for name in group]), strict=True):
            found[name] = rendering
            report(Step(task, len(found), len(names) + 2, name))
    answers = _Answers(given, found)
    checks = (
        _describes_itself(method),
        _answers_all(answers),
        _display_values(answers),
        _same_twice(answers),
        _any_order(answers),
        _sharp_without_blur(answers),
        _blurs_more(answers),
        _leaves_input_alone(answers),
        _odd_sizes(answers),
        _cost(method, answers),
    )
    report(Step(task, len(names) + 2, len(names) + 2))
    return ConformanceReport(method=method.name, revision=method.revision, checks=checks)


def format_report(report: ConformanceReport) -> str:
    """Return a report as lines of text."""
    failed = sum(not check.passed for check in report.checks)
    counted = sum(check.counted for check in report.checks)
    said = f"{failed} of {counted} checks failed" if failed else f"all {counted} checks passed"
    width = max(len(check.name) for check in report.checks)
    lines = [f"{_mark(check)}  {check.name:<{width}}  {check.found}" for check in report.checks]
    return "\n".join([*lines, f"{report.method} {report.revision}: {said}"])


def _mark(check: ConformanceCheck) -> str:
    if not check.counted:
        return "-    "
    return "ok   " if check.passed else "FAILS"


def _sample(kind: str) -> MethodInput:
    if kind == "odd":
        return _scene(37, 53, blur_parameter=5.0)
    return _scene(_HEIGHT, _WIDTH, blur_parameter={"scene": 6.0, "sharp": 0.0, "wide": 18.0}[kind])


def _scene(height: int, width: int, *, blur_parameter: float) -> MethodInput:
    """Return a striped plane that slopes away, two discs in front of it, and spots brighter than white."""
    y, x = np.meshgrid(np.linspace(0, 1, height), np.linspace(0, 1.5, width), indexing="ij")
    disparity = 0.35 * y
    display = np.stack([0.5 + 0.4 * np.sin(60 * x + phase) * np.cos(45 * y - phase) for phase in (0, 1, 2)], axis=2)
    for centre, radius, near in (((0.45, 0.4), 0.2, 0.6), ((0.5, 1.0), 0.25, 1.0)):
        inside = np.hypot(y - centre[0], x - centre[1]) < radius
        disparity[inside] = near
        display[inside] = 0.8 - 0.6 * display[inside][:, ::-1]
    for centre in ((0.15, 0.3), (0.85, 0.7), (0.2, 1.3)):
        display[np.hypot(y - centre[0], x - centre[1]) < 0.03] = 1.6
    metres = DisparityRange(_FAR_LIMIT, _NEAR_LIMIT)
    normalised = ((disparity - disparity.min()) / np.ptp(disparity)).astype(np.float32)
    focus = 0.6
    return MethodInput(
        display=display.astype(np.float32),
        disparity=normalised,
        blur_parameter=blur_parameter,
        focus_disparity=focus,
        disparity_raw=metres.denormalise(normalised).astype(np.float32),
        blur_parameter_raw=blur_parameter / metres.extent,
        focus_disparity_raw=metres.denormalise(focus),
        gamma=DISPLAY_GAMMA,
        aperture=Aperture(),
        name=f"{width}×{height}, K = {blur_parameter:g}",
    )


def _check(name: str, found: str, *, passed: bool) -> ConformanceCheck:
    return ConformanceCheck(name=name, passed=passed, found=found)


def _no_image(name: str) -> ConformanceCheck:
    return _check(name, "not looked at, as there is no image", passed=False)


def _describes_itself(method: Method | BatchMethod) -> ConformanceCheck:
    name = "describes itself"
    told = getattr(method, "metadata", None)
    if told is not None and not isinstance(told, MethodMetadata):
        found = f"metadata is a {type(told).__name__}, which is left out of results; expected a MethodMetadata"
        return _check(name, found, passed=False)
    missing = [key for key in MethodMetadata.model_fields if told is None or getattr(told, key) is None]
    untold = f"; not told: {', '.join(missing)}" if missing else ""
    return _check(name, f"{method.name} {method.revision}, {method.description}{untold}", passed=True)


def _answers_all(answers: _Answers) -> ConformanceCheck:
    name = "returns an image"
    errors = [f"{answers.given[key].name}: {r.error}" for key, r in answers.found.items() if r.display is None]
    if errors:
        number = f"{len(errors)} of {len(answers.found)} samples failed"
        return _check(name, f"{number}, the first {errors[0]}", passed=False)
    return _check(name, "each answer is finite and has the size of its input, 3 channels", passed=True)


def _images(answers: _Answers) -> Iterator[Float32]:
    yield from (rendering.display for rendering in answers.found.values() if rendering.display is not None)


def _display_values(answers: _Answers) -> ConformanceCheck:
    name = "display values"
    images = list(_images(answers))
    if not images:
        return _no_image(name)
    lowest, highest = min(float(image.min()) for image in images), max(float(image.max()) for image in images)
    found = f"values from {lowest:.3g} to {highest:.3g}"
    if highest > _BRIGHTEST or lowest < -0.5:
        return _check(name, f"{found}; expected display values, 0 = black, 1 = white, highlights to 1.6", passed=False)
    return _check(name, found, passed=True)


def _differ_most(answers: _Answers, pairs: Sequence[tuple[str, str]]) -> float | None:
    """Return the largest difference between two answers of any pair, None when one of them is missing."""
    largest = 0.0
    for one, other in pairs:
        a, b = answers.display(one), answers.display(other)
        if a is None or b is None:
            return None
        largest = max(largest, float(np.abs(a - b).max()))
    return largest


def _same(name: str, differ: float | None, why: str) -> ConformanceCheck:
    if differ is None:
        return _no_image(name)
    if differ > _SAME:
        return _check(name, f"answers differ by up to {differ:.2g}; expected {_SAME:g} at most: {why}", passed=False)
    return _check(name, "to the bit" if differ == 0 else f"within {differ:.1g}", passed=True)


def _same_twice(answers: _Answers) -> ConformanceCheck:
    differ = _differ_most(answers, [("scene again 2", "scene again 3"), ("scene", "scene again 2")])
    return _same("same input, same answer", differ, "seed whatever is random from what is given, or fix it")


def _any_order(answers: _Answers) -> ConformanceCheck:
    differ = _differ_most(answers, [("wide", "wide again 1"), ("odd", "odd again 0")])
    return _same("in another order", differ, "an answer must not depend on the samples before it")


def _psnr(image: Float32, truth: Float32) -> float:
    return psnr(np.clip(image, 0, 1), np.clip(truth, 0, 1), cap_db=100.0)


def _sharp_without_blur(answers: _Answers) -> ConformanceCheck:
    name = "K = 0 returns the input"
    image, given = answers.display("sharp"), _sample("sharp")  # made anew, as the method may have changed its own
    if image is None:
        return _no_image(name)
    reached = _psnr(image, given.display)
    if reached > _SHARP_DB:
        return _check(name, f"PSNR {reached:.1f} dB", passed=True)
    hint = "everything is in focus then"
    if _psnr(image, given.light) > _SHARP_DB:
        hint = "the answer is light; return display values, light ** (1 / gamma)"
    elif _psnr(image[..., ::-1], given.display) > _SHARP_DB:
        hint = "red and blue are exchanged"
    elif _psnr(image / 255.0, given.display) > _SHARP_DB:
        hint = "the answer is 0 … 255; return 0 … 1"
    return _check(name, f"PSNR {reached:.1f} dB; expected more than {_SHARP_DB:g}: {hint}", passed=False)


def _blurs_more(answers: _Answers) -> ConformanceCheck:
    name = "larger K changes the image"
    narrow, wide = answers.display("scene"), answers.display("wide")
    if narrow is None or wide is None:
        return _no_image(name)
    changed = float(np.sqrt(np.mean((narrow - wide) ** 2)))
    found = f"K = 6 and K = 18 differ by {changed:.2g} (rms)"
    if changed < _CHANGED:
        return _check(name, f"{found}; expected {_CHANGED:g} or more: is blur_parameter heeded?", passed=False)
    return _check(name, found, passed=True)


def _leaves_input_alone(answers: _Answers) -> ConformanceCheck:
    name = "leaves its input alone"
    for key, given in answers.given.items():
        anew = _sample(key.split()[0])
        for array in ("display", "disparity", "disparity_raw", "light"):
            if not np.array_equal(getattr(given, array), getattr(anew, array)):
                return _check(
                    name, f"sample.{array} was changed; work on a copy, as samples share arrays", passed=False
                )
    return _check(name, "no array of a sample was changed", passed=True)


def _odd_sizes(answers: _Answers) -> ConformanceCheck:
    name = "odd sizes"
    rendering = answers.found["odd"]
    if rendering.display is None:
        return _check(name, f"{answers.given['odd'].name}: {rendering.error}", passed=False)
    return _check(name, "53×37 is rendered", passed=True)


def _cost(method: Method | BatchMethod, answers: _Answers) -> ConformanceCheck:
    name = "time and memory"
    if not any(True for _ in _images(answers)):  # for a reason that has been told
        return ConformanceCheck(name=name, passed=True, found="not looked at, as there is no image", counted=False)
    rendered = []
    for height, width in ((160, 240), (320, 480)):
        sample = _scene(height, width, blur_parameter=_BLUR_AT_FULL_HD * width / 1920)
        rendered += list(renderings(method, [sample]))
        if rendered[-1].display is None:
            return _check(name, f"{sample.name}: {rendered[-1].error}", passed=False)
    small, large = rendered
    if small.seconds is None or large.seconds is None:
        return _check(name, "the method does not tell its time", passed=True)
    memory = "" if large.peak_memory_mb is None else f", {large.peak_memory_mb:.0f} MB in all"
    gpu = "" if large.peak_gpu_memory_mb is None else f", {large.peak_gpu_memory_mb:.0f} MB of GPU memory"
    # from 240 to 480 px and twice again to 1920; the height ends at 1080 instead of 1280
    growth = float(np.clip(large.seconds / max(small.seconds, 1e-6), 1.0, 16.0))
    full = large.seconds * growth**2 * 1080 / 1280
    return _check(
        name,
        f"480×320, K = 12.5: {_seconds(large.seconds)}{memory}{gpu}; 1920×1080, K = 50: about {_seconds(full)}, going "
        "by how it grew from half the size",
        passed=True,
    )


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.2g} s"
