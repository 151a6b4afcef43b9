"""A scene is a family: its composed values make the test scene, draws around them make training scenes.

A scene module asks for every value that may differ from picture to picture through :class:`Variation`. Built as a test
scene it gets the value it was composed with; built freely it gets a draw, so one script serves both.
"""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

Colour = tuple[float, float, float]
T = TypeVar("T")


class Variation:
    """Values of a scene: composed, or drawn from ``rng`` when the scene is built freely."""

    def __init__(self, rng: np.random.Generator, *, free: bool) -> None:
        self.rng = rng
        self.free = free

    @classmethod
    def of(cls, rng: np.random.Generator, parameters: dict[str, Any]) -> Variation:
        """Return the variation a scene is to be built with: free when ``parameters["free"]`` is true."""
        return cls(rng, free=bool(parameters.get("free", False)))

    def number(self, composed: float, low: float, high: float) -> float:
        """Return ``composed``, or a uniform draw from [low, high)."""
        return float(self.rng.uniform(low, high)) if self.free else composed

    def count(self, composed: int, low: int, high: int) -> int:
        """Return ``composed``, or a whole number drawn from low to high, both included."""
        return int(self.rng.integers(low, high + 1)) if self.free else composed

    def choice(self, composed: T, others: Sequence[T]) -> T:
        """Return ``composed``, or one of it and ``others``, all equally likely."""
        options = [composed, *others]
        return options[int(self.rng.integers(len(options)))] if self.free else composed

    def chance(self, composed: bool, probability: float) -> bool:
        """Return ``composed``, or true with the given probability."""
        return bool(self.rng.random() < probability) if self.free else composed

    def order(self, composed: Sequence[T]) -> list[T]:
        """Return the items as composed, or shuffled."""
        items = list(composed)
        return [items[index] for index in self.rng.permutation(len(items))] if self.free else items

    def point(self, composed: Sequence[float], spread: Sequence[float]) -> tuple[float, ...]:
        """Return a position as composed, or moved by up to ``spread`` (metres, per axis) either way."""
        return tuple(self.number(c, c - s, c + s) for c, s in zip(composed, spread, strict=True))

    def colour(self, composed: Colour, *, hue: float = 0.5, value: float = 0.3) -> Colour:
        """Return a linear RGB colour as composed, or turned in hue (0.5: to any) and scaled by up to ``value``."""
        if not self.free:
            return composed
        h, s, v = colorsys.rgb_to_hsv(*composed)
        turned = (h + self.rng.uniform(-hue, hue)) % 1.0
        red, green, blue = colorsys.hsv_to_rgb(turned, s, v * self.rng.uniform(1 - value, 1 + value))
        return (red, green, blue)
