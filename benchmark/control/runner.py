"""Run any method over some inputs; whatever it does wrong is written down and ends nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from bokeh_render.optics import Float32

from ..methods.interface import BatchMethod, Method, MethodInput
from ..methods.measuring import renderings
from .record import UnmeasurableError

_MEASURABLE = 1e6  # display values beyond it overflow as light, and nobody means them


@dataclass(frozen=True)
class Answer:
    """What came back for one input. picture: (H, W, 3), finite; error: why there is none, None if there is one."""

    sample: MethodInput
    picture: Float32 | None
    error: str | None

    @property
    def display(self) -> Float32:
        """Display values (H, W, 3) float32, finite; raises UnmeasurableError with the reason where there are none."""
        if self.picture is None:
            told = f"{self.error}"
            raise UnmeasurableError(told if self.sample.name in told else f"{self.sample.name}: {told}")
        largest = float(np.abs(self.picture).max())
        if largest > _MEASURABLE:
            raise UnmeasurableError(f"{self.sample.name}: returned values up to {largest:.1g}; expected 1 = white")
        return self.picture


def ask(
    method: Method | BatchMethod, samples: Mapping[str, MethodInput], told: Callable[[int, str], None]
) -> dict[str, Answer]:
    """Return an answer for each sample, got and checked as in an evaluation; a batch method is started once.

    told: called with how many are done and the name of the next. Exceptions of the method become errors of answers;
    only the BadInputError of a batch that could not be started is raised.
    """
    answers: dict[str, Answer] = {}
    found = renderings(method, (sample.with_own_arrays() for sample in samples.values()))
    for done, (key, sample) in enumerate(samples.items()):
        told(done, sample.name)
        rendering = next(found)
        answers[key] = Answer(sample, rendering.display, rendering.error)
    return answers
