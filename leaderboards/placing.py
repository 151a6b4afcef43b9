"""Places among numbers as they are shown: methods that show the same digits share one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

DIGITS = {"psnr": 2, "ssim": 4, "lpips": 4}
"""How many digits of a metric are shown behind the point."""

STORED_DIGITS = 9
"""How many digits files hold, as means in results; more would differ between processors."""


def as_shown(value: float, digits: int) -> float:
    """Return a number as people see it."""
    return round(round(value, STORED_DIGITS), digits)


def places(values: Iterable[float]) -> dict[float, int]:
    """Return the place of each value, the least first; after two firsts comes the third."""
    found, before = {}, 0
    for value, count in sorted(Counter(values).items()):
        found[value] = before + 1
        before += count
    return found
