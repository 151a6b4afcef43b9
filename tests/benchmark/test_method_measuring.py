"""What a rendering costs, and what becomes of answers that are no images."""

from __future__ import annotations

import json
import mmap
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmark.methods import measuring
from benchmark.methods.interface import MethodInput, Rendering
from benchmark.methods.measuring import measured, render_measured, renderings
from bokeh_render.aperture import Aperture
from bokeh_render.errors import BadInputError
from bokeh_render.optics import Float32


def sample(value: float = 0.5) -> MethodInput:
    return MethodInput(
        display=np.full((4, 6, 3), value, dtype=np.float32),
        disparity=np.zeros((4, 6), dtype=np.float32),
        blur_parameter=3.0,
        focus_disparity=0.0,
        disparity_raw=None,
        blur_parameter_raw=None,
        focus_disparity_raw=None,
        gamma=2.2,
        aperture=Aperture(),
    )


class Answer:
    """A method that returns, or raises, what it is told to."""

    name, revision, description = "answer", "1", "a test"

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def render(self, sample: MethodInput) -> Any:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer(sample) if callable(self.answer) else self.answer


def test_a_rendering_holds_the_image_and_its_cost() -> None:
    rendering = render_measured(Answer(lambda given: 2.0 * given.display.astype(np.float64)), sample())
    assert rendering.display is not None
    assert rendering.display.dtype == np.float32
    np.testing.assert_array_equal(rendering.display, np.ones((4, 6, 3)))
    assert rendering.error is None
    assert rendering.seconds is not None
    assert rendering.seconds > 0


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (np.zeros((6, 4, 3), dtype=np.float32), r"array of shape \(6, 4, 3\); expected \(4, 6, 3\)"),
        (np.zeros((4, 6)), r"shape \(4, 6\)"),
        (
            np.zeros((4, 6, 3), dtype=np.uint8),
            "a numpy.ndarray of uint8 values; expected floating-point display values",
        ),
        (np.zeros((4, 6, 3), dtype=complex), "complex128"),
        (np.full((4, 6, 3), np.inf), r"72 NaN or infinite value\(s\)"),
        (np.full((4, 6, 3), 1e300), r"72 NaN or infinite value\(s\)"),
        (None, "a NoneType of object values"),
        ([[1.0], [1.0, 2.0]], "a list, which NumPy cannot read"),
        (ValueError("K is\n  too large"), r"^ValueError: K is too large \(test_method_measuring.py, line \d+\)$"),
        (ValueError(), r"^ValueError \(test_method"),
        (MemoryError("no room"), "^MemoryError: no room"),
        (SystemExit(1), "^SystemExit: 1"),
        (BadInputError("K is -1; expected 0 or more"), "^K is -1; expected 0 or more$"),
        (ValueError("x" * 1000), f"^ValueError: {'x' * 300}… "),
    ],
)
def test_what_is_no_image_becomes_one_sentence(answer: Any, message: str) -> None:
    rendering = render_measured(Answer(answer), sample())
    assert rendering.display is None
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(rendering.error)


def test_a_torch_tensor_is_read_and_one_with_gradients_is_explained() -> None:
    torch = pytest.importorskip("torch")
    good = render_measured(Answer(torch.zeros(4, 6, 3)), sample())
    assert good.display is not None
    bad = render_measured(Answer(torch.zeros(4, 6, 3, requires_grad=True)), sample())
    assert bad.error is not None
    assert bad.error.startswith("returned a torch.Tensor, which NumPy cannot read")


def test_ctrl_c_is_no_answer() -> None:
    with pytest.raises(KeyboardInterrupt):
        render_measured(Answer(KeyboardInterrupt()), sample())


def hold_for_a_moment(megabytes: int) -> None:
    """Take memory from the system, none that this process freed earlier and still holds, and give it back."""
    with mmap.mmap(-1, megabytes * 2**20) as held:
        for _ in range(megabytes):
            held.write(b"\1" * 2**20)


def test_the_peak_is_that_of_the_block_alone() -> None:
    with measured() as before:
        hold_for_a_moment(100)
    with measured() as cost:
        hold_for_a_moment(40)
    with measured() as after:
        pass
    peaks = [before.peak_memory_mb, cost.peak_memory_mb, after.peak_memory_mb]
    if None in peaks:
        pytest.skip("this system does not tell")
    first, second, third = (float(peak or 0) for peak in peaks)
    assert 50 < first - second < 70
    assert 30 < second - third < 50


def test_without_a_system_that_tells_there_is_no_peak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measuring, "_forget_peak", lambda: False)
    with measured() as cost:
        pass
    assert cost.peak_memory_mb is None
    assert cost.peak_gpu_memory_mb is None


def test_the_card_is_waited_for_and_its_memory_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    cards = SimpleNamespace(
        is_initialized=lambda: True,
        synchronize=lambda: calls.append("wait"),
        device_count=lambda: 2,
        reset_peak_memory_stats=lambda index: calls.append(f"forget {index}"),
        max_memory_allocated=lambda index: (index + 1) * 2**20,
    )
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cards))
    with measured() as cost:
        calls.append("work")
    assert calls == ["wait", "forget 0", "forget 1", "work", "wait"]
    assert cost.peak_gpu_memory_mb == 3.0


class Batch:
    """A batch method that yields what it is told to, one for each sample."""

    name, revision, description = "batch", "1", "a test"

    def __init__(self, *answers: Any) -> None:
        self.answers = answers

    def render_batch(self, samples: Sequence[MethodInput]) -> Iterator[Rendering]:
        assert len(samples) == 3
        for answer in self.answers:
            if isinstance(answer, BaseException):
                raise answer
            yield answer


GOOD = Rendering(np.zeros((4, 6, 3), dtype=np.float32), seconds=0.5)


def test_methods_of_both_kinds_answer_one_by_one() -> None:
    given = [sample(0.1), sample(0.2), sample(0.3)]
    one_by_one = list(renderings(Answer(lambda s: s.display), iter(given)))
    together = list(renderings(Batch(GOOD, Rendering(None, error="too dark"), Rendering(None)), iter(given)))
    assert [float(r.display[0, 0, 0]) for r in one_by_one if r.display is not None] == pytest.approx([0.1, 0.2, 0.3])
    assert [(r.display is None, r.error, r.seconds) for r in together] == [
        (False, None, 0.5),
        (True, "too dark", None),
        (True, "failed without saying why", None),
    ]


def test_a_method_that_takes_one_at_a_time_is_never_ahead_of_the_reader() -> None:
    taken: list[int] = []

    def given() -> Iterator[MethodInput]:
        for number in range(3):
            taken.append(number)
            yield sample()

    found = renderings(Answer(lambda s: s.display), given())
    next(found)
    assert taken == [0]


def test_a_batch_that_ends_early_leaves_an_error_for_each_of_the_rest() -> None:
    short = list(renderings(Batch(GOOD), [sample()] * 3))
    assert [r.error for r in short] == [None] + [
        "render_batch ended after 1 of 3 samples; expected an answer for each"
    ] * 2
    broken = list(renderings(Batch(GOOD, ValueError("no memory")), [sample()] * 3))
    assert broken[0].error is None
    for rendering in broken[1:]:
        assert str(rendering.error).startswith("render_batch ended after 1 of 3 samples: ValueError: no memory (test_")
    wrong = list(renderings(Batch(Rendering(np.zeros((1, 1, 3), np.float32), seconds=2.0), GOOD, GOOD), [sample()] * 3))
    assert (wrong[0].display, wrong[0].seconds) == (None, 2.0)
    assert str(wrong[0].error).startswith("returned an array of shape (1, 1, 3)")


def test_a_batch_that_yields_images_is_told_what_to_yield_instead() -> None:
    found = list(renderings(Batch(GOOD.display, None, GOOD), [sample()] * 3))
    assert [rendering.error for rendering in found] == [
        "render_batch yielded an array; expected Rendering(display=…)",
        "render_batch yielded a NoneType; expected Rendering(display=…)",
        None,
    ]


def test_a_batch_that_cannot_start_is_the_users_mistake() -> None:
    with pytest.raises(BadInputError, match="no such program"):
        list(renderings(Batch(BadInputError("no such program")), [sample()] * 3))


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (np.float32(0.5), 0.5),
        (np.array(2), 2.0),
        (3, 3.0),
        (0.0, 0.0),
        (None, None),
        (float("nan"), None),
        (np.inf, None),
        (-0.5, None),
        ("long", None),
        ([1.0, 2.0], None),
    ],
)
def test_costs_that_a_batch_method_tells_become_plain_numbers_or_nothing(told: Any, kept: float | None) -> None:
    answer = Rendering(GOOD.display, None, told, told, told)
    for rendering in renderings(Batch(answer, Rendering(None, "too dark", told), answer), [sample()] * 3):
        assert rendering.seconds == kept
        assert type(rendering.seconds) is type(kept)
        json.dumps([rendering.seconds, rendering.peak_memory_mb, rendering.peak_gpu_memory_mb], allow_nan=False)


def test_closing_ends_what_a_batch_method_started() -> None:
    ended: list[str] = []

    class Program(Batch):
        def render_batch(self, samples: Sequence[MethodInput]) -> Iterator[Rendering]:
            try:
                yield from super().render_batch(samples)
            finally:
                ended.append("ended")

    found = renderings(Program(GOOD, GOOD, GOOD), [sample()] * 3)
    next(found)
    assert ended == []
    found.close()  # type: ignore[attr-defined]
    assert ended == ["ended"]


class Slowing:
    """A method that counts its calls, darkens what it is given, and takes as long as it is told to."""

    name, revision, description = "slowing", "1", "a test"

    def __init__(self, clock: list[float], *takes: float, fails: bool = False) -> None:
        self.clock, self.takes, self.calls, self.fails = clock, takes, 0, fails

    def render(self, sample: MethodInput) -> Float32:
        self.clock[0] += self.takes[self.calls]
        self.calls += 1
        sample.display[:] *= 0.5
        if self.fails:
            raise ValueError("no kernel")
        return sample.display + np.float32(self.calls)


@pytest.mark.parametrize(
    ("warm_up", "takes", "fails", "calls", "seconds"),
    [
        (True, [4.0, 0.5, 0.25], False, 3, [0.5, 0.25]),
        (True, [5.0, 0.5], False, 2, [5.0, 0.5]),
        (True, [4.0, 0.5], True, 2, [4.0, 0.5]),
        (False, [4.0, 0.5], False, 2, [4.0, 0.5]),
    ],
)
def test_only_the_first_sample_is_warmed_up_and_only_if_asked(
    monkeypatch: pytest.MonkeyPatch, warm_up: bool, takes: list[float], fails: bool, calls: int, seconds: list[float]
) -> None:
    clock = [0.0]
    monkeypatch.setattr(measuring.time, "perf_counter", lambda: clock[0])
    method = Slowing(clock, *takes, fails=fails)
    found = list(renderings(method, [sample(), sample()], warm_up=warm_up))
    assert method.calls == calls
    assert [rendering.seconds for rendering in found] == seconds
    if not fails:  # the answer that is kept is the one that was measured, and its input was not darkened before
        kept = [rendering.display[0, 0, 0] for rendering in found if rendering.display is not None]
        assert kept == [0.25 + calls - 1, 0.25 + calls]


def test_measuring_imports_no_torch() -> None:
    code = "import benchmark.methods.loading, benchmark.methods.measuring, sys; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env={**os.environ}, check=False).returncode == 0


def test_float_images_stay_as_they_are() -> None:
    image: Float32 = np.linspace(-0.5, 3, 72, dtype=np.float32).reshape(4, 6, 3)
    np.testing.assert_array_equal(measuring.as_display(image, sample()), image)
