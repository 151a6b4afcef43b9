"""Numbers that run from one value to another: ``0:40:9`` is nine values from 0 to 40."""

from __future__ import annotations

import math
from itertools import repeat

from .errors import BadInputError

LARGEST_COUNT = 9999


def parse_sweep(text: str, option: str) -> tuple[float, ...]:
    """Return the values that ``text`` means: one number, or ``start:stop:count``, evenly spaced, both ends included.

    count: 2 to 9999; stop may be below start. A single number gives one value. option: what the user typed it for,
    named in the BadInputError that anything else raises (NaN and infinity too).
    """
    parts = text.split(":")
    if len(parts) == 1:
        return (_number(text, text, option),)
    if len(parts) != 3:
        raise BadInputError(f"{option} is {text!r}; expected a number, or start:stop:count such as 0:40:9")
    start, stop = (_number(part, text, option) for part in parts[:2])
    try:
        count = int(parts[2])
    except ValueError:
        count = 0
    if not 2 <= count <= LARGEST_COUNT:
        raise BadInputError(
            f"{option} is {text!r}, a sweep of {parts[2] or 'no'} values; expected a count from 2 to {LARGEST_COUNT}, "
            "as in 0:40:9"
        )
    last = count - 1
    return tuple(start * ((last - index) / last) + stop * (index / last) for index in range(count))


def walk_together(blur: tuple[float, ...], focus: tuple[float, ...]) -> list[tuple[float, float]]:
    """Return the (K, focus) of each frame; a single value stays while the other runs, two sweeps run side by side.

    Raises BadInputError when two sweeps differ in their number of values.
    """
    if len(blur) > 1 and len(focus) > 1 and len(blur) != len(focus):
        raise BadInputError(
            f"-K runs over {len(blur)} values and --focus over {len(focus)}; two sweeps run side by side, "
            "so give both the same count"
        )
    count = max(len(blur), len(focus))
    return list(
        zip(
            blur if len(blur) > 1 else repeat(blur[0], count),
            focus if len(focus) > 1 else repeat(focus[0], count),
            strict=False,
        )
    )


def _number(part: str, text: str, option: str) -> float:
    try:
        value = float(part)
    except ValueError:
        raise BadInputError(f"{option} is {text!r}; expected a number, or start:stop:count such as 0:40:9") from None
    if not math.isfinite(value):
        raise BadInputError(f"{option} is {text}; expected a finite number, or start:stop:count such as 0:40:9")
    return value
