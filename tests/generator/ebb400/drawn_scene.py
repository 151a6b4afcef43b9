"""A scene whose disparity is known exactly: discs and boxes at their own depths before a ground and a wall."""

from __future__ import annotations

import numpy as np

from bokeh_render.optics import Float32


def drawn_scene(seed: int, height: int = 192, width: int = 288, things: int = 14) -> tuple[Float32, Float32]:
    """Return display values (height, width, 3) and normalised disparity (height, width)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    horizon = round(0.6 * height)
    disparity = np.where(y < horizon, 0.0, 0.5 * (y - horizon) / (height - horizon))
    display = np.where((y < horizon)[..., None], rng.uniform(0.2, 0.9, 3), rng.uniform(0.1, 0.6, 3))
    display = display + 0.04 * np.sin(x / rng.uniform(1.0, 4.0) + y / 3.0)[..., None]
    for depth in np.linspace(0.15, 1.0, things):
        middle_y, middle_x = rng.uniform(0.2, 1.0) * height, rng.uniform(0.0, 1.0) * width
        half_y, half_x = rng.uniform(0.05, 0.16, 2) * height
        u, v = (y - middle_y) / half_y, (x - middle_x) / half_x
        inside = np.maximum(abs(u), abs(v)) < 1 if rng.uniform() < 0.5 else u**2 + v**2 < 1
        disparity = np.where(inside, depth, disparity)
        texture = 0.05 * np.sin(x * rng.uniform(0.1, 1.5))[..., None]
        display = np.where(inside[..., None], rng.uniform(0.05, 0.95, 3) + texture, display)
    noisy = np.clip(display + rng.normal(0, 0.01, display.shape), 0, 1)
    least, most = disparity.min(), disparity.max()
    return noisy.astype(np.float32), ((disparity - least) / (most - least)).astype(np.float32)


def made_smaller(disparity: Float32, times: int) -> Float32:
    """Return the mean of every ``times`` × ``times`` pixels."""
    height, width = (side // times for side in disparity.shape)
    parts = disparity[: height * times, : width * times].reshape(height, times, width, times)
    return np.asarray(parts.mean(axis=(1, 3)), dtype=np.float32)
