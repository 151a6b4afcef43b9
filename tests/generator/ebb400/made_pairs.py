"""Pairs as a camera takes them, of scenes whose truth is known: hand moved, exposure and colours off, JPEG, noise."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bokeh_render.optics import Float32, display_from_light, light_from_display


@dataclass(frozen=True)
class Taking:
    """How the two photographs are taken: the ranges from which a pair's differences are drawn.

    turn_deg, scale, shift: of the wide photograph against the shallow one, shift as a share of the width; bend_px: how
    far perspective moves the corners besides; gain: of a channel, in light; darker_corners: of the shallow one; noise:
    sigma, display values; quality: JPEG's; crop: share of the scene cut off on each side.
    """

    turn_deg: float = 0.5
    scale: float = 0.02
    shift: float = 0.01
    bend_px: float = 0.3
    gain: float = 0.15
    darker_corners: float = 0.15
    noise: float = 0.008
    quality: int = 93
    crop: float = 0.03


@dataclass(frozen=True)
class MadePair:
    """wide, shallow: (H, W, 3) display values as stored; disparity: (H, W) normalised, on the wide one's pixels;
    homography: wide px to shallow px; gains: of the shallow one, in light.
    """

    wide: Float32
    shallow: Float32
    disparity: Float32
    homography: NDArray[np.float64]
    gains: tuple[float, float, float]
    blur_parameter: float
    focus_disparity: float

    def displacement(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how far, px, a 2×3 matrix takes the wide photograph's pixels from where they belong, (H, W)."""
        height, width = self.disparity.shape
        x, y = np.meshgrid(np.arange(width), np.arange(height))
        points = np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
        true = self.homography @ points
        found = matrix @ points
        return np.asarray(np.hypot(*(found - true[:2] / true[2])).reshape(height, width))


def take(
    display: Float32,
    bokeh: Float32,
    disparity: Float32,
    blur_parameter: float,
    focus_disparity: float,
    rng: np.random.Generator,
    taking: Taking = Taking(),
) -> MadePair:
    """Take the two photographs of a scene. display, bokeh: (H, W, 3) display values; disparity: (H, W) normalised."""
    import cv2

    height, width = disparity.shape
    homography = _homography(rng, taking, height, width)
    size = (width, height)

    def seen(picture: Float32, how: int) -> Float32:
        moved = cv2.warpPerspective(picture, np.linalg.inv(homography), size, flags=how, borderMode=cv2.BORDER_REFLECT)
        return np.asarray(moved, dtype=np.float32)

    wide = seen(np.clip(display, 0, 1).astype(np.float32), cv2.INTER_LANCZOS4)
    moved_disparity = np.clip(seen(disparity.astype(np.float32), cv2.INTER_LINEAR), 0, 1)
    gains = np.exp(rng.uniform(-taking.gain, taking.gain, 3))
    y, x = np.meshgrid(np.linspace(-1, 1, height), np.linspace(-1, 1, width), indexing="ij")
    corners = 1.0 - taking.darker_corners * rng.random() * (x**2 + y**2) / 2.0
    light = light_from_display(bokeh) * gains * corners[..., None]
    shallow = display_from_light(light)
    top, left = round(taking.crop * height), round(taking.crop * width)
    inner = (slice(top, height - top), slice(left, width - left))
    # both are cut alike, so the homography moves along
    there = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1.0]])
    homography = there @ homography @ np.linalg.inv(there)
    return MadePair(
        wide=_stored(wide[inner], rng, taking),
        shallow=_stored(shallow[inner], rng, taking),
        disparity=np.ascontiguousarray(moved_disparity[inner]),
        homography=homography,
        gains=(float(gains[0]), float(gains[1]), float(gains[2])),
        blur_parameter=blur_parameter,
        focus_disparity=focus_disparity,
    )


def _homography(rng: np.random.Generator, taking: Taking, height: int, width: int) -> NDArray[np.float64]:
    angle = math.radians(rng.uniform(-taking.turn_deg, taking.turn_deg))
    scale = 1.0 + rng.uniform(-taking.scale, taking.scale)
    shift = rng.uniform(-taking.shift, taking.shift, 2) * width
    middle = np.array([(width - 1) / 2.0, (height - 1) / 2.0])
    turn = scale * np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    matrix = np.eye(3)
    matrix[:2, :2] = turn
    matrix[:2, 2] = middle + shift - turn @ middle
    # perspective about the middle: a corner moves by about bend_px
    bend = rng.uniform(-1, 1, 2) * taking.bend_px / (middle @ middle)
    perspective = np.eye(3)
    perspective[2, :2] = bend
    to_middle = np.array([[1, 0, -middle[0]], [0, 1, -middle[1]], [0, 0, 1.0]])
    return np.asarray(matrix @ np.linalg.inv(to_middle) @ perspective @ to_middle)


def _stored(display: Float32, rng: np.random.Generator, taking: Taking) -> Float32:
    """Return what a JPEG file of the photograph holds."""
    from PIL import Image

    noisy = np.clip(display + rng.normal(0, taking.noise, display.shape), 0, 1)
    stream = io.BytesIO()
    Image.fromarray(np.rint(255 * noisy).astype(np.uint8)).save(stream, format="JPEG", quality=taking.quality)
    return np.asarray(Image.open(stream), dtype=np.float32) / 255
