"""Several pools as one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

from .examples import Half


class JoinedExamples(Sequence[Half]):
    """The examples of all pools, one after the other."""

    def __init__(self, pools: Sequence[Sequence[Half]]) -> None:
        self._at = [(pool, index) for pool in pools for index in range(len(pool))]

    def __len__(self) -> int:
        return len(self._at)

    @overload
    def __getitem__(self, index: int) -> Half: ...
    @overload
    def __getitem__(self, index: slice) -> list[Half]: ...
    def __getitem__(self, index: int | slice) -> Half | list[Half]:
        """Return an example."""
        if isinstance(index, slice):
            return [pool[place] for pool, place in self._at[index]]
        pool, place = self._at[index]
        return pool[place]
