"""What a network learns from: a pair with all that is dear to compute, as planes of one float16 array on disk."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..classical import scatter
from ..classical.dilation import dilate_defocus
from ..layered import render_layered
from ..neural.error_map import ErrorMapSettings, error_map
from ..optics import Float32, display_from_light, light_from_display, signed_defocus
from ..training_pairs import PairSettings, TrainingPair, draw_pair
from ..training_pairs.identity import pairs_key

VERSION = 4
"""Raise it when what an example holds changes (the layered render and E* included), so that old files are not read."""

Half = NDArray[np.float16]


class Planes(NamedTuple):
    """Where the planes of an example are, along its first axis. Display values, not clipped; defocus, reach in px.

    reach: the largest blur radius that reaches a pixel, to a pixel; dilated: the largest signed defocus that does, as
    BokehMe's masks have it; error: E*; gamma: the same everywhere; known: 1, but 0 where light from outside the picture
    arrives, which nothing tells a network: nearer to the rim than the largest blur radius.
    """

    display: slice = slice(0, 3)
    base: slice = slice(3, 6)
    truth: slice = slice(6, 9)
    defocus: slice = slice(9, 10)
    reach: slice = slice(10, 11)
    dilated: slice = slice(11, 12)
    error: slice = slice(12, 13)
    gamma: slice = slice(13, 14)
    known: slice = slice(14, 15)


PLANES = Planes()
PLANE_COUNT = 15


class Examples(Protocol):
    """Examples by index, (PLANE_COUNT, H, W) each: see Planes."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Half:
        """Return an example; what it holds must not be changed."""
        ...


class PairSource(Protocol):
    """Pairs by index; picklable, as worker processes draw from it. ``key``: JSON, differs when the pairs differ."""

    @property
    def key(self) -> Any:
        """What tells these pairs from others."""
        ...

    def __len__(self) -> int: ...

    def pair(self, index: int) -> TrainingPair:
        """Return the pair ``index``; the same one whenever it is asked for."""
        ...


@dataclass(frozen=True)
class DrawnPairs:
    """``count`` pairs drawn from a seed."""

    settings: PairSettings
    seed: int
    count: int

    @property
    def key(self) -> Any:
        """What tells these pairs from others; not their number, so that a pool can grow."""
        return pairs_key(self.settings, self.seed)

    def __len__(self) -> int:
        return self.count

    def pair(self, index: int) -> TrainingPair:
        """See PairSource."""
        return draw_pair(self.settings, self.seed, index)


@dataclass(frozen=True)
class StreamPairs:
    """``count`` pairs of any stream. stream: ``stream(seed, index)`` is a pair, always the same; picklable."""

    stream: Callable[[int, int], TrainingPair]
    seed: int
    count: int
    key: Any

    def __len__(self) -> int:
        return self.count

    def pair(self, index: int) -> TrainingPair:
        """See PairSource."""
        return self.stream(self.seed, index)


class Derivation(NamedTuple):
    """What is made of a pair. base: the classical render; imperfect: whether it sees the imperfect disparity."""

    base: Literal["layered", "scatter"]
    imperfect: bool
    error_map: ErrorMapSettings

    @property
    def key(self) -> Any:
        """What tells these examples from others made of the same pairs."""
        return {
            "version": VERSION,
            "base": self.base,
            "imperfect": self.imperfect,
            "error_map": self.error_map.model_dump(mode="json"),
        }


def make_example(pair: TrainingPair, derivation: Derivation) -> Half:
    """Return the planes of a pair, (PLANE_COUNT, H, W). Deterministic; one thread."""
    disparity = pair.imperfect if derivation.imperfect else pair.disparity
    defocus: Float32 = signed_defocus(disparity, pair.blur_parameter, pair.focus_disparity).astype(np.float32)
    light = light_from_display(pair.display, pair.gamma)
    if derivation.base == "layered":
        blurred = render_layered(light, defocus, threads=1).bokeh
    else:
        blurred = scatter(light, defocus, profile="bokehme", threads=1).bokeh  # as the hybrid that it is for
    example = np.empty((PLANE_COUNT, *defocus.shape), dtype=np.float16)
    example[PLANES.display] = np.moveaxis(pair.display, -1, 0)
    example[PLANES.base] = np.moveaxis(display_from_light(blurred, pair.gamma), -1, 0)
    example[PLANES.truth] = np.moveaxis(pair.bokeh, -1, 0)
    example[PLANES.defocus] = defocus
    size = np.abs(defocus)
    example[PLANES.reach] = np.maximum(size, dilate_defocus(np.ceil(size), threads=1) - 1)  # never above the largest
    example[PLANES.dilated] = dilate_defocus(defocus, threads=1)
    example[PLANES.error] = error_map(defocus, derivation.error_map)
    example[PLANES.gamma] = pair.gamma
    true = signed_defocus(pair.disparity, pair.blur_parameter, pair.focus_disparity)
    example[PLANES.known] = _known(defocus.shape, math.ceil(np.abs(true).max()))
    return example


def _known(shape: tuple[int, ...], rim_px: int) -> Half:
    known = np.zeros(shape, dtype=np.float16)
    known[rim_px : shape[0] - rim_px, rim_px : shape[1] - rim_px] = 1.0
    return known
