"""One prediction to make, under a protocol: a truth of the dataset, seen through one disparity map."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from generator.stack import SampleKey, bokeh_name

from .protocols import Protocol


class Sample(NamedTuple):
    """A scene, a blur level, a focus setting (indices from 0), and which corrupted disparity map is given, if any."""

    scene: str
    blur: int
    focus: int
    corruption: int | None = None

    @property
    def name(self) -> str:
        """Return ``bokeh_KK_FF``, or ``corrupted_MM/bokeh_KK_FF``: the prediction's path in its scene's folder."""
        own = bokeh_name(self.blur, self.focus)
        return own if self.corruption is None else f"corrupted_{self.corruption:02d}/{own}"

    @property
    def truth(self) -> SampleKey:
        """The ground truth it is compared with."""
        return SampleKey(self.scene, self.blur, self.focus)

    def __str__(self) -> str:
        return f"{self.scene}/{self.name}"


def chosen_focus(rule: str, count: int) -> tuple[int, ...]:
    """Return the focus settings that count, of ``count``. rule: ``Protocol.focus``."""
    if rule == "all":
        return tuple(range(count))
    return tuple(sorted({0, (count - 1) // 2, count - 1}))


def demanded(protocol: Protocol, truths: Sequence[SampleKey], maps: Callable[[str], int]) -> tuple[Sample, ...]:
    """Return every prediction that a protocol demands of a dataset, in order: all of one truth stand together.

    truths: of the dataset, in order; maps: how many corrupted disparity maps a scene has; asked only where they count.
    """
    counts: dict[str, int] = {}
    for key in truths:
        counts[key.scene] = max(counts.get(key.scene, 0), 1 + key.focus)
    wanted = {scene: set(chosen_focus(protocol.focus, count)) for scene, count in counts.items()}
    keys = [key for key in truths if key.focus in wanted[key.scene]]
    if protocol.disparity == "clean":
        return tuple(Sample(*key) for key in keys)
    maps_of = {scene: maps(scene) for scene in counts}
    return tuple(Sample(*key, corruption) for key in keys for corruption in range(maps_of[key.scene]))
