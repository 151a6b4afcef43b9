"""What is drawn: layers in an order that their depths allow, and lamps whose blur discs are smooth."""

from __future__ import annotations

import numpy as np
import pytest

from bokeh_render.optics import Float32
from bokeh_render.training_pairs import PairSettings, draw, draw_pair
from bokeh_render.training_pairs.canvas import Canvas
from bokeh_render.training_pairs.depth_order import cut_to_order
from bokeh_render.training_pairs.lamps import BRIGHTEST, lamps
from bokeh_render.training_pairs.painted import Painted, tilted, upright
from bokeh_render.training_pairs.scene import scene
from bokeh_render.training_pairs.things import Drawer


def generator(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def painted(alpha: Float32, plane: tuple[float, float, float], glow: Float32 | None = None) -> Painted:
    return Painted(np.full((*alpha.shape, 3), 0.5, np.float32), alpha, plane, glow)


def wrong_share(layers: list[Painted], canvas: Canvas) -> float:
    """Return the share of pixels that show a layer though an opaque one behind it, in the order, is nearer."""
    shown, covered = np.full(canvas.shape, -np.inf), np.zeros(canvas.shape, bool)
    wrong = np.zeros(canvas.shape, bool)
    for layer in layers:
        here, disparity = layer.alpha > 0.5, canvas.disparity(layer.plane)
        wrong |= covered & here & (disparity > shown + 0.005)
        shown = np.where(here & ~covered, disparity, shown)
        covered |= here
    assert covered.all(), "scenes have no holes"
    return float(wrong.mean())


def test_what_is_seen_is_nearer_than_what_it_hides() -> None:
    canvas = Canvas(48, 64, 6)
    shares = [
        wrong_share(scene(Drawer(generator(seed), canvas, None), 10, night=seed % 5 == 0), canvas) for seed in range(40)
    ]
    assert max(shares) < 0.005


def test_crossing_layers_are_seen_where_they_are_nearer() -> None:
    canvas = Canvas(20, 40, 4)
    full = np.ones(canvas.shape, np.float32)
    first, second, wall = painted(full, tilted(0.5, 0.4, 0.0, canvas)), painted(full, upright(0.5)), upright(0.1)
    layers = [first, second, painted(full, wall)]
    cut_to_order(layers, canvas)
    assert not first.alpha[:, :23].any()
    assert (first.alpha[:, 25:] == 1.0).all()
    assert (second.alpha == 1.0).all()
    assert first.alpha.dtype == np.float32


def test_discs_of_the_brightest_lamps_are_smooth(monkeypatch: pytest.MonkeyPatch) -> None:
    """One small lamp, 16 px out of focus: its disc holds one lamp's light, not the pattern of the rays that meet it."""

    def one_lamp(drawer: Drawer, most_layers: int, *, night: bool) -> list[Painted]:
        canvas = drawer.canvas
        covered = np.hypot(canvas.x, canvas.y) < 1.2
        glow = np.where(covered[..., None], np.float32(BRIGHTEST), np.float32(0.0)) * np.ones(3, np.float32)
        edge = (np.abs(canvas.x + 0 * canvas.y) > 30).astype(np.float32)
        return [painted(edge, upright(1.0)), painted(np.ones(canvas.shape, np.float32), upright(0.0), glow)]

    monkeypatch.setattr(draw, "scene", one_lamp)
    settings = PairSettings(height=64, width=64, blur_px=(16.0, 16.0), on_layer=1.0)
    drawn = (draw_pair(settings, 0, index) for index in range(20))
    pair = next(pair for pair in drawn if pair.focus_disparity > 0.99)
    y, x = np.mgrid[:64, :64] - 31.5
    inside = pair.bokeh[np.hypot(y, x) < 12].mean(axis=-1) ** pair.gamma
    assert inside.std() / inside.mean() < 0.08


def test_lamps_are_not_too_small_for_the_rays() -> None:
    canvas = Canvas(40, 40, 0)
    for seed in range(20):
        covered = lamps(generator(seed), canvas, np.zeros((1, 2)))[1]
        assert covered.sum() > 1.2
