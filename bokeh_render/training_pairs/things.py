"""What stands before the background: solid things, bundles of thin strokes, clutter, fences and nets."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from ..optics import Float32
from .canvas import Canvas
from .chance import log_uniform
from .ink import Ink
from .outlines import blob, leaf, outline, polygon, turned
from .shading import rounded
from .sources import Photographs
from .textures import Colours, colour, palette, texture

_LEAST_SURFACE = 32
"""Side, px, of the smallest texture that is drawn."""
Place = tuple[float, float]
Shape = tuple[Float32, Float32]
"""Colours (h, w, 3), display values, and alpha (h, w)."""


class Drawer:
    """Draws things on one canvas with one generator.

    photographs: None, or where textures and cut-outs may come from; colours: None = new ones.
    """

    def __init__(
        self, rng: Generator, canvas: Canvas, photographs: Photographs | None, colours: Colours | None = None
    ) -> None:
        self.rng, self.canvas, self.photographs = rng, canvas, photographs
        self.colours = palette(rng) if colours is None else colours

    def surface(self) -> Float32:
        """Return a texture (h, w, 3), of ours or of a photograph."""
        colours = self.colours if self.rng.uniform() < 0.5 else palette(self.rng)
        if self.photographs is not None:
            found = self.photographs.surface(self.rng, self.canvas)
            if found is not None:
                return found
        return texture(self.rng, self.canvas, colours)

    def solid(self, place: Place, size: float) -> Shape:
        """Return a shaded thing with a texture; sometimes with holes, hairy at its outline, or of glass."""
        rng = self.rng
        if self.photographs is not None:
            found = self.photographs.cutout(rng, self.canvas, place, size)
            if found is not None:
                return found
        edge = outline(rng, size)
        ink = Ink(self.canvas)
        ink.polygon(edge + place)
        for _ in range(int(rng.integers(1, 5)) if rng.uniform() < 0.3 else 0):
            ink.polygon(edge * rng.uniform(0.6, 1.2) + place + rng.normal(0, (2.5 * size, 0.15 * size)))
        for _ in range(int(rng.integers(1, 6)) if rng.uniform() < 0.12 else 0):
            ink.hole(blob(rng, size * rng.uniform(0.08, 0.35)) + place + rng.normal(0, 0.35 * size, 2))
        alpha = ink.result()[1]
        paint = self._covering(alpha)
        shiny = rng.uniform(0.2, 0.9) if rng.uniform() < 0.2 else 0.0
        if rng.uniform() < 0.85:
            paint = rounded(rng, paint, alpha, shiny=shiny)
        if rng.uniform() < 0.15:
            paint, alpha = self._hairy(paint, alpha, edge + place, size)
        elif rng.uniform() < 0.07:
            alpha = alpha * rng.uniform(0.25, 0.8)
        return paint, alpha

    def _covering(self, alpha: Float32) -> Float32:
        """Return a surface (h, w, 3) where alpha (h, w) is not 0; drawn no larger than needed, it costs time."""
        paint = np.zeros((*alpha.shape, 3), np.float32)
        rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
        if len(rows):
            part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
            size = (int(rows[-1] - rows[0]) + 1, int(columns[-1] - columns[0]) + 1)
            room = Canvas(max(size[0], _LEAST_SURFACE), max(size[1], _LEAST_SURFACE), 0)
            surface = Drawer(self.rng, room, self.photographs, self.colours).surface()
            paint[part] = surface[: size[0], : size[1]]
        return paint

    def _hairy(self, paint: Float32, alpha: Float32, edge: NDArray[np.float64], size: float) -> Shape:
        rng, ink, shade = self.rng, Ink(self.canvas), colour(self.rng, self.colours)
        centre, long = edge.mean(axis=0), rng.uniform(0.05, 0.35) * size
        comb = rng.normal(0, 0.7)
        for _ in range(int(rng.integers(80, 400))):
            root = edge[rng.integers(len(edge))]
            out = (root - centre) / max(np.linalg.norm(root - centre), 1e-6)
            out = turned(out[None], comb + rng.normal(0, 0.4))[0]
            bend = rng.normal(0, 0.3, 2)
            length = long * rng.uniform(0.3, 1.2)
            strand = root + length * (
                np.array([[-0.3], [0.2], [0.6], [1.0]]) * out + np.array([[0], [0], [0.3], [1]]) * bend
            )
            ink.line(strand, rng.uniform(0.3, 1.4), shade * rng.uniform(0.6, 1.4))
        hair, cover = ink.result()
        together = cover + alpha * (1 - cover)
        mixed = hair * cover[..., None] + paint * (alpha * (1 - cover))[..., None]
        return mixed / np.maximum(together, 1e-4)[..., None], together

    def strokes(self, place: Place, size: float) -> Shape:
        """Return a bundle of grass, hair, twigs or wires that starts about a place."""
        rng, ink = self.rng, Ink(self.canvas)
        shades = palette(rng, 3) if rng.uniform() < 0.4 else self.colours
        count = int(log_uniform(rng, 3, 160))
        wide = log_uniform(rng, 0.4, 0.045 * self.canvas.side)
        spread, lean = rng.uniform(0.1, 2.5) * size, rng.normal(0, 0.3)
        along = np.linspace(0, 1, 7)[:, None]
        straight = rng.uniform() < 0.25
        for _ in range(count):
            root = np.array(place) + (rng.normal(0, 0.5) * spread, size + rng.uniform(-0.2, 0.2) * size)
            tip = np.array([lean + rng.normal(0, 0.3), -1.0]) * size * rng.uniform(0.8, 2.4)
            bend = 0.0 if straight else rng.normal(0, 0.35) * size
            points = root + along * tip + along**2 * (bend, abs(bend) * 0.3)
            shade, half = colour(rng, shades, vary=0.15), wide * rng.uniform(0.4, 1.0) / 2
            taper = half * (1 - along**1.5) + 0.15
            ink.polygon(np.concatenate([points - taper * (1, 0), (points + taper * (1, 0))[::-1]]), shade)
        return ink.result()

    def clutter(self, place: Place, size: float) -> Shape:
        """Return leaves, petals, crumbs or confetti: many small things on one plane, with gaps between them."""
        rng, ink = self.rng, Ink(self.canvas)
        shades = palette(rng, 4) if rng.uniform() < 0.5 else self.colours
        small = log_uniform(rng, 2, 0.12 * self.canvas.side)
        make = (leaf, blob, polygon)[rng.choice(3, p=(0.6, 0.25, 0.15))]
        reach = size * rng.uniform(0.8, 3.0)
        for _ in range(int(rng.integers(5, 200))):
            centre = np.array(place) + reach * rng.standard_normal(2) * (1, 0.6)
            ink.polygon(centre + make(rng, small * rng.uniform(0.5, 1.3)), colour(rng, shades, vary=0.2))
        for _ in range(int(rng.integers(0, 5))):
            twig = (
                np.array(place) + reach * rng.normal(0, 0.8, 2) + np.cumsum(rng.normal(0, 0.4 * reach, (5, 2)), axis=0)
            )
            ink.line(twig, rng.uniform(0.5, 4), colour(rng, shades))
        return ink.result()

    def lattice(self, place: Place, size: float) -> Shape:
        """Return a fence, net, grille or blind over the whole picture, or over a part of it."""
        rng, canvas, ink = self.rng, self.canvas, Ink(self.canvas)
        reach = float(np.hypot(*canvas.shape)) / 2 if rng.uniform() < 0.6 else size * 1.5
        step = log_uniform(rng, 9, 0.35 * canvas.side)
        wide = np.clip(step * rng.uniform(0.04, 0.35), 0.7, 14)
        shade, turn = colour(rng, self.colours), rng.choice([0.0, np.pi / 4, rng.uniform(0, np.pi)])
        crossing, wavy = rng.uniform() < 0.7, rng.choice([0.0, rng.uniform(0, 0.25)])
        along = np.linspace(-reach, reach, max(int(2 * reach / step * 4), 2))
        for start in np.arange(-reach, reach, step):
            wave = wavy * step * np.sin(along * np.pi / step * 2 + start)
            bar = np.stack([along, start + wave], axis=1)
            ink.line(turned(bar, turn) + place, wide, shade * rng.uniform(0.85, 1.15))
            if crossing:
                ink.line(
                    turned(bar[:, ::-1], turn) + place, wide * rng.uniform(0.7, 1), shade * rng.uniform(0.85, 1.15)
                )
        paint, alpha = ink.result()
        return (rounded(rng, paint, alpha, shiny=0.3) if rng.uniform() < 0.4 else paint), alpha

    def thing(self, place: Place, size: float) -> Shape:
        """Return any of the things."""
        kinds: tuple[Callable[[Place, float], Shape], ...] = (self.solid, self.strokes, self.clutter, self.lattice)
        return kinds[self.rng.choice(4, p=(0.72, 0.12, 0.12, 0.04))](place, size)
