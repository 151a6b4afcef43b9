"""Pairs of several kinds in one stream: drawn ones, photographs' ones, rendered stacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from numpy.random import PCG64, Generator, SeedSequence

from ..errors import BadInputError
from .pair import TrainingPair

Draw = Callable[[int, int], TrainingPair]
"""(seed, index) to a pair; it must be picklable (a function, a method, a ``partial``) to go to worker processes."""

_CHOICE = 0x6D6978
"""Keeps the choice apart from the numbers that the parts draw with the same seed and index."""


@dataclass(frozen=True)
class Mixture:
    """Calls one of several draws, each with its share of the indices; itself a draw.

    parts: (draw, weight); the weights need not add up to 1. Raises BadInputError when no weight is above 0.
    """

    parts: Sequence[tuple[Draw, float]]

    def __post_init__(self) -> None:
        weights = [weight for _, weight in self.parts]
        if not weights or min(weights) < 0 or sum(weights) <= 0:
            raise BadInputError(f"a mixture has the weights {weights}; expected none below 0 and one above")

    def __call__(self, seed: int, index: int) -> TrainingPair:
        """Return the pair ``index`` of the stream ``seed``."""
        at = Generator(PCG64(SeedSequence([seed, index, _CHOICE]))).uniform() * sum(weight for _, weight in self.parts)
        for draw, weight in self.parts:
            if at < weight:
                return draw(seed, index)
            at -= weight
        return self.parts[-1][0](seed, index)
