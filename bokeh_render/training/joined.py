"""Several pools as one."""

from __future__ import annotations

from collections.abc import Sequence

from .examples import Examples, Half


class JoinedExamples:
    """The examples of all pools, one after the other."""

    def __init__(self, pools: Sequence[Examples]) -> None:
        self._at = [(pool, index) for pool in pools for index in range(len(pool))]

    def __len__(self) -> int:
        return len(self._at)

    def __getitem__(self, index: int) -> Half:
        pool, place = self._at[index]
        return pool[place]
