"""Rendering with the costs measured and the answer checked; one way for methods of every kind. Imports no torch."""

from __future__ import annotations

import math
import sys
import time
import traceback
from collections.abc import Generator, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bokeh_render.errors import BadInputError
from bokeh_render.optics import Float32

from .interface import BatchMethod, Method, MethodInput, Rendering

_LONGEST_MESSAGE = 300
_WARMED_UP_BELOW_S = 5.0  # whoever takes longer is not measured wrongly by much, and twice would be a long wait


@dataclass
class Cost:
    """What a block of code took; filled in at its end.

    seconds: wall-clock, GPU included; peak_memory_mb: the most this process held meanwhile, all of it, None where the
    system does not tell; peak_gpu_memory_mb: the most that torch held on all cards together, None without a card.
    """

    seconds: float = 0.0
    peak_memory_mb: float | None = None
    peak_gpu_memory_mb: float | None = None


@contextmanager
def measured() -> Iterator[Cost]:
    """Measure the block under ``with``; what it raises passes through."""
    cost = Cost()
    _begin_on_gpu()
    known = _forget_peak()
    started = time.perf_counter()
    try:
        yield cost
    finally:
        gpu = _cuda()
        if gpu is not None:
            with suppress(RuntimeError):  # the card failed, which is what the block's own exception tells
                gpu.synchronize()
        cost.seconds = time.perf_counter() - started
        cost.peak_memory_mb = _peak_mb() if known else None
        if gpu is not None:
            cost.peak_gpu_memory_mb = sum(gpu.max_memory_allocated(i) for i in range(gpu.device_count())) / 1024**2


def _cuda() -> Any:
    """Return torch.cuda if someone has imported torch and used a card; else None."""
    torch = sys.modules.get("torch")
    return torch.cuda if torch is not None and torch.cuda.is_initialized() else None


def _begin_on_gpu() -> None:
    gpu = _cuda()
    if gpu is not None:
        gpu.synchronize()
        for index in range(gpu.device_count()):
            gpu.reset_peak_memory_stats(index)


def _forget_peak() -> bool:
    """Let the system count this process's peak memory anew; return whether it does so."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return False
    return True


def _peak_mb() -> float | None:
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmHWM:"):
            return float(line.split()[1]) / 1024
    return None


def render_measured(method: Method, sample: MethodInput) -> Rendering:
    """Let a method render one sample; what it raises, and an answer that is no image, become the rendering's error."""
    cost = Cost()
    try:
        with _prints_to_stderr(), measured() as cost:
            answer = method.render(sample)
        rendering = Rendering(as_display(answer, sample))
    except (Exception, SystemExit) as error:  # noqa: BLE001  (a method may raise anything; the others must go on)
        rendering = Rendering(None, error=explain(error))
    return replace(
        rendering,
        seconds=cost.seconds,
        peak_memory_mb=cost.peak_memory_mb,
        peak_gpu_memory_mb=cost.peak_gpu_memory_mb,
    )


def renderings(
    method: Method | BatchMethod, samples: Iterable[MethodInput], *, warm_up: bool = False
) -> Generator[Rendering, None, None]:
    """Yield one :class:`Rendering` for each sample, in order, whatever kind the method is of.

    A :class:`Method` takes the samples one by one as they come; a :class:`BatchMethod` takes them all. Whatever goes
    wrong with a sample is told in its rendering; BadInputError is raised when a batch method cannot start at all.
    Closing the iterator ends what a batch method has started. What a method of this process prints goes to stderr.

    warm_up: render the first sample twice and keep the second answer and its cost, as the first one of a process also
    pays for compiling and loading; not when it failed or took 5 s or more, and never with a batch method.
    """
    if isinstance(method, BatchMethod):
        yield from _batch_renderings(method, list(samples))
        return
    for number, sample in enumerate(samples):
        if warm_up and number == 0:
            yield _render_warmed_up(method, sample)
        else:
            yield render_measured(method, sample)


def _render_warmed_up(method: Method, sample: MethodInput) -> Rendering:
    first = render_measured(method, sample.with_own_arrays())  # the method may change what it is given
    if first.display is None or first.seconds is None or first.seconds >= _WARMED_UP_BELOW_S:
        return first
    return render_measured(method, sample)


def _batch_renderings(method: BatchMethod, samples: list[MethodInput]) -> Iterator[Rendering]:
    with ExitStack() as started:
        yield from _of_batch(method, samples, started)


def _of_batch(method: BatchMethod, samples: list[MethodInput], started: ExitStack) -> Iterator[Rendering]:
    batch: Iterator[Rendering] | None = None
    ended: str | None = None
    for number, sample in enumerate(samples):
        rendering = Rendering(None, error=ended)
        if ended is None:
            try:
                with _prints_to_stderr():
                    if batch is None:
                        batch = iter(method.render_batch(samples))
                        started.callback(getattr(batch, "close", _nothing))
                    told = next(batch)
                rendering = _checked(told, sample)
            except StopIteration:
                ended = f"render_batch ended after {number} of {len(samples)} samples; expected an answer for each"
            except (Exception, SystemExit) as error:  # (see render_measured)
                if number == 0 and isinstance(error, BadInputError):
                    raise  # it was never started, for a mistake of the user
                ended = f"render_batch ended after {number} of {len(samples)} samples: {explain(error)}"
            if ended is not None:
                rendering = Rendering(None, error=ended)
        yield rendering


def _prints_to_stderr() -> AbstractContextManager[Any]:
    """Let what a method prints go to standard error: standard output belongs to the command, for example to its JSON.

    It holds for Python's ``print`` in the whole process, so nothing else may print meanwhile; what C code writes to the
    descriptor itself is not caught.
    """
    return redirect_stdout(sys.stderr)


def _nothing() -> None:
    pass


def _checked(told: Any, sample: MethodInput) -> Rendering:
    if not isinstance(told, Rendering):
        what = "an array" if isinstance(told, np.ndarray) else _kind(told)
        return Rendering(None, error=f"render_batch yielded {what}; expected Rendering(display=…)")
    rendering = replace(
        told,
        seconds=_cost(told.seconds),
        peak_memory_mb=_cost(told.peak_memory_mb),
        peak_gpu_memory_mb=_cost(told.peak_gpu_memory_mb),
    )
    if rendering.display is None:
        return rendering if rendering.error else replace(rendering, error="failed without saying why")
    try:
        return replace(rendering, display=as_display(rendering.display, sample))
    except BadInputError as error:
        return replace(rendering, display=None, error=str(error))


def _cost(told: Any) -> float | None:
    """Return a cost that a method told as a plain number; None for what is none: NaN, infinite, negative, words."""
    try:
        number = float(told)
    except (TypeError, ValueError, RuntimeError):
        return None
    return number if 0 <= number < math.inf else None


def as_display(answer: Any, sample: MethodInput) -> Float32:
    """Return a method's answer as float32 display values, (H, W, 3).

    answer: anything that NumPy can read as an array. Raises BadInputError unless it is finite floating-point numbers of
    the size of the sample.
    """
    try:
        array = np.asarray(answer)
    except (TypeError, ValueError, RuntimeError) as error:
        raise BadInputError(
            f"returned {_kind(answer)}, which NumPy cannot read ({_one_line(str(error))}); expected an array"
        ) from None
    if array.dtype.kind != "f":
        raise BadInputError(
            f"returned {_kind(answer)} of {array.dtype} values; expected floating-point display values, 1 = white"
        )
    if array.shape != sample.display.shape:
        raise BadInputError(f"returned an array of shape {array.shape}; expected {sample.display.shape} as its input")
    with np.errstate(over="ignore"):  # what is too large becomes infinite, which is told below
        display = np.asarray(array, dtype=np.float32)
    bad = int(np.count_nonzero(~np.isfinite(display)))
    if bad:
        raise BadInputError(f"returned {bad} NaN or infinite value(s); expected finite display values")
    return display


def explain(error: BaseException) -> str:
    """Return an exception as one sentence: what it is, what it says, and the line of code it comes from."""
    name = type(error).__name__
    text = _one_line(str(error))
    if isinstance(error, BadInputError):
        return text
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return (f"{name}: {text}" if text else name) + place


def _kind(answer: Any) -> str:
    return f"a {type(answer).__module__}.{type(answer).__name__}".replace("builtins.", "")


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_MESSAGE else f"{line[:_LONGEST_MESSAGE]}…"
