"""Layers that cross: where one lies behind what it is drawn before, it is taken away."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..optics import Float32
from .canvas import Canvas
from .painted import Painted, Plane


def cut_to_order(layers: Sequence[Painted], canvas: Canvas) -> None:
    """Make layers (near to far) agree with their order: no opaque layer is nearer than one that is drawn before it.

    A thing ends where it meets the ground, a wall where it meets the next, and of two leaning things each is seen where
    it is the nearer one. Changes their alpha; seams are one px wide.
    """
    for place in range(len(layers) - 2, -1, -1):  # from the back: a layer cuts by what is left of it
        layer = layers[place]
        kept: Float32 | None = None
        for behind in layers[place + 1 :]:
            if _never_behind(layer.plane, behind.plane, canvas):
                continue
            ahead = canvas.disparity(layer.plane) - canvas.disparity(behind.plane)
            steep = np.hypot(layer.plane[1] - behind.plane[1], layer.plane[2] - behind.plane[2])
            hides = np.clip(0.5 - ahead / max(steep, 1e-7), 0.0, 1.0) * behind.alpha
            kept = 1.0 - hides if kept is None else np.minimum(kept, 1.0 - hides)
        if kept is not None:
            layer.alpha = (layer.alpha * kept).astype(np.float32)


def _never_behind(one: Plane, other: Plane, canvas: Canvas) -> bool:
    """Return whether a plane is the nearer one all over the canvas."""
    reach = 0.5 * canvas.shape[1] * abs(one[1] - other[1]) + 0.5 * canvas.shape[0] * abs(one[2] - other[2])
    return one[0] - other[0] >= reach
