"""How one photograph lies on the other: shift, turn and scale, and pictures moved by it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bokeh_render.optics import Float32

Matrix = NDArray[np.float64]


class Similarity(NamedTuple):
    """x' = scale R(angle) x + (dx, dy), in px; pixel centres lie at whole numbers, x right, y down.

    scale: near 1; angle_rad: positive turns from x to y, clockwise as seen.
    """

    scale: float
    angle_rad: float
    dx: float
    dy: float

    @property
    def matrix(self) -> Matrix:
        """The 2×3 matrix."""
        c, s = self.scale * math.cos(self.angle_rad), self.scale * math.sin(self.angle_rad)
        return np.array([[c, -s, self.dx], [s, c, self.dy]])

    @property
    def inverse(self) -> Similarity:
        """The similarity that undoes it."""
        turned = np.linalg.inv(self.matrix[:, :2]) @ self.matrix[:, 2]
        return Similarity(1.0 / self.scale, -self.angle_rad, -float(turned[0]), -float(turned[1]))

    def after(self, first: Similarity) -> Similarity:
        """Return what ``first`` and then this one do together."""
        shift = self.matrix[:, :2] @ np.array([first.dx, first.dy]) + self.matrix[:, 2]
        return Similarity(self.scale * first.scale, self.angle_rad + first.angle_rad, float(shift[0]), float(shift[1]))

    def apply(self, points: NDArray[Any]) -> Matrix:
        """Return where points (N, 2), x and y in px, go."""
        moved: Matrix = np.asarray(points, dtype=np.float64) @ self.matrix[:, :2].T + self.matrix[:, 2]
        return moved

    def scaled(self, factor: float) -> Similarity:
        """Return the same for pictures seen ``factor`` times as large (pixel areas, not centres, stay in place)."""
        # a centre x of the one size is (x + 1/2) factor - 1/2 of the other
        half = np.array([0.5, 0.5])
        shift = factor * (self.matrix[:, 2] + half) - half - self.matrix[:, :2] @ (half * (factor - 1.0))
        return Similarity(self.scale, self.angle_rad, float(shift[0]), float(shift[1]))


IDENTITY = Similarity(1.0, 0.0, 0.0, 0.0)


def nearest_similarity(matrix: NDArray[Any], height: int, width: int) -> Similarity:
    """Return the similarity closest to a 2×3 affine matrix over a picture's area, in least squares."""
    x, y = np.meshgrid(np.linspace(0, width - 1, 9), np.linspace(0, height - 1, 9))
    points = np.stack([x.ravel(), y.ravel()], axis=1)
    return fit_similarity(points, points @ np.asarray(matrix)[:, :2].T + np.asarray(matrix)[:, 2])


def fit_similarity(points: Matrix, moved: Matrix) -> Similarity:
    """Return the similarity that takes points (N, 2) to ``moved`` (N, 2), in least squares."""
    centre, centre_moved = points.mean(axis=0), moved.mean(axis=0)
    p, q = points - centre, moved - centre_moved
    c = float((p * q).sum() / (p * p).sum())
    s = float((p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]).sum() / (p * p).sum())
    shift = centre_moved - np.array([[c, -s], [s, c]]) @ centre
    return Similarity(math.hypot(c, s), math.atan2(s, c), float(shift[0]), float(shift[1]))


def moved(picture: Float32, similarity: Similarity, *, smooth: bool = True) -> Float32:
    """Return a picture (H, W) or (H, W, C) moved by a similarity onto a grid of the same size.

    smooth: Lanczos over 8 px, for photographs; else linear, for maps, which must not overshoot. Beyond the edge the
    last pixel repeats: see :func:`covered`.
    """
    import cv2

    how = cv2.INTER_LANCZOS4 if smooth else cv2.INTER_LINEAR
    size = (picture.shape[1], picture.shape[0])
    result = cv2.warpAffine(picture, similarity.matrix, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(np.clip(result, 0.0, 1.0) if smooth else result, dtype=np.float32)


def covered(similarity: Similarity, height: int, width: int, margin_px: float = 1.0) -> NDArray[np.bool_]:
    """Return which pixels (H, W) of the grid a moved picture really covers, but for ``margin_px`` along its edge."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    source = similarity.inverse.apply(np.stack([x.ravel(), y.ravel()], axis=1)).reshape(height, width, 2)
    inside: NDArray[np.bool_] = (
        (source[..., 0] >= margin_px)
        & (source[..., 0] <= width - 1 - margin_px)
        & (source[..., 1] >= margin_px)
        & (source[..., 1] <= height - 1 - margin_px)
    )
    return inside
