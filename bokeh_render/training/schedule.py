"""How fast to learn at each step."""

from __future__ import annotations

import math

from .config import StageConfig

_LAST = 0.01  # of the learning rate, at the last step


def learning_rate_at(step: int, stage: StageConfig) -> float:
    """Return the learning rate of step 0, 1, …: a straight rise, then a cosine down to 1 % of it."""
    if step < stage.warm_up:
        return stage.learning_rate * (step + 1) / stage.warm_up
    way = (step - stage.warm_up) / max(1, stage.steps - 1 - stage.warm_up)
    return stage.learning_rate * (_LAST + (1.0 - _LAST) * 0.5 * (1.0 + math.cos(math.pi * min(1.0, way))))
