"""A layer while it is being made: NumPy, display values, one scene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..optics import Float32
from .canvas import Canvas

Plane = tuple[float, float, float]


@dataclass
class Painted:
    """paint: (h, w, 3), display values before the exposure is set; alpha: (h, w) in [0, 1]; plane: disparity at the
    centre and its slopes per px right and down; glow: (h, w, 3), light that it sends out besides, whatever the
    exposure, or None.
    """

    paint: Float32
    alpha: Float32
    plane: Plane
    glow: Float32 | None = None


def upright(disparity: float) -> Plane:
    """Return the plane that faces the camera."""
    return (disparity, 0.0, 0.0)


def tilted(disparity: float, change: float, angle: float, canvas: Canvas) -> Plane:
    """Return a plane with ``disparity`` at the centre that changes by ``change`` over the picture along ``angle``."""
    c, s = np.cos(angle), np.sin(angle)
    reach = abs(c) * canvas.width + abs(s) * canvas.height
    return (disparity, float(change * c / reach), float(change * s / reach))
