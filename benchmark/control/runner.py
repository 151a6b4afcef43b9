"""Run any method over some inputs; whatever it does wrong is written down and ends nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bokeh_render.errors import BadInputError
from bokeh_render.optics import Float32

from ..methods.interface import BatchMethod, Method, MethodInput, Rendering
from .record import UnmeasurableError


@dataclass(frozen=True)
class Answer:
    """What came back for one input. returned: the very array, if it was one; error: why there is no usable picture."""

    sample: MethodInput
    returned: NDArray[Any] | None
    error: str | None

    @property
    def display(self) -> Float32:
        """Display values (H, W, 3) float32, finite; raises UnmeasurableError with the reason where there are none."""
        if self.error is not None or self.returned is None:
            told = f"{self.error}"
            raise UnmeasurableError(told if self.sample.name in told else f"{self.sample.name}: {told}")
        return np.asarray(self.returned, dtype=np.float32)


def ask(
    method: Method | BatchMethod, samples: Mapping[str, MethodInput], told: Callable[[int, str], None]
) -> dict[str, Answer]:
    """Return an answer for each sample; a method that works in batches is started once.

    told: called with how many are done and the name of the next. Exceptions of the method become errors of answers;
    only the BadInputError of a batch that could not be started is raised.
    """
    answers: dict[str, Answer] = {}
    renderings = _renderings(method, [replace(sample) for sample in samples.values()])  # each with light of its own
    for done, (key, sample) in enumerate(samples.items()):
        told(done, sample.name)
        rendering = next(renderings, Rendering(None, "the method returned nothing for this input"))
        answers[key] = Answer(sample, *_looked_at(rendering, sample))
    return answers


def _renderings(method: Method | BatchMethod, samples: list[MethodInput]) -> Iterator[Rendering]:
    if not isinstance(method, BatchMethod):
        yield from (_one(method, sample) for sample in samples)
        return
    done = 0
    try:
        for rendering in method.render_batch(samples):
            done += 1
            yield rendering
    except Exception as error:  # a stranger's code; its failure is the finding
        if isinstance(error, BadInputError) and done == 0:
            raise  # it was never started, for a mistake of the user
        yield from [Rendering(None, _text(error))] * (len(samples) - done)


def _one(method: Method, sample: MethodInput) -> Rendering:
    try:
        return Rendering(method.render(sample))
    except Exception as error:  # noqa: BLE001 - a stranger's code; its failure is the finding
        return Rendering(None, _text(error))


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def _looked_at(rendering: Rendering, sample: MethodInput) -> tuple[NDArray[Any] | None, str | None]:
    """Return the array and why it is no picture (None if it is one)."""
    array: Any = rendering.display  # a stranger may return anything
    if array is None:
        return None, rendering.error or "the method returned nothing for this input"
    if not isinstance(array, np.ndarray):
        return None, f"returned {type(array).__name__}; expected a NumPy array"
    if array.shape != sample.display.shape:
        return array, f"returned shape {array.shape}; expected {sample.display.shape}"
    if array.dtype.kind != "f":
        return array, f"returned {array.dtype}; expected float32 display values, 1 = white"
    if not np.isfinite(array).all():
        return array, f"returned {int((~np.isfinite(array)).sum())} NaN or infinite values"
    return array, None
