"""What stands behind the foreground's edge: a guess at the surface that some rays of the lens see, but not the photo.

Seen from the point u of the lens (lens radii), a pixel of signed defocus s moves by ``s u``. So two surfaces slide
against each other by up to the difference of their defocus, and a pixel p is uncovered for some u exactly if a farther
pixel q lies no farther away than that difference: ``s(q) + |q - p| < s(p)``. Only such pixels get a hidden surface;
on a smooth slope below 1 px per px there are none.

Which surface: the q that is smallest in ``s(q) + |q - p|``. Which colour: that of the nearest pixels of that surface in
sixteen directions, weighted by the inverse fourth power of their distance. Pixels at a depth edge are mixtures of both
sides and count little. Fifth roots of light are averaged, because lamps are small: a lamp beside the edge must not
become a lamp as large as the hole.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .classical.cpu import in_parallel
from .classical.jit import compiled
from .optics import Float32

DIRECTIONS = 16
MIXED_PIXEL_WEIGHT = 0.03
"""What a pixel at a depth edge counts in a hidden colour, beside 1 for others."""

LIGHT_EXPONENT = 5.0
DISTANCE_EXPONENT = 4.0
SAME_SURFACE_SHARE = 0.25
"""A pixel belongs to the hidden surface if its defocus is this near to it, as a share of the jump; at least 1 px."""

_DIRECTIONS = np.stack(
    [np.cos(2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS), np.sin(2 * np.pi * np.arange(DIRECTIONS) / DIRECTIONS)],
    axis=1,
)
_SWEEPS = 2


class HiddenBackground(NamedTuple):
    """light: (H, W, 3), linear; defocus: (H, W), px, NaN where nothing hidden can be seen."""

    light: Float32
    defocus: Float32


def hidden_background(
    light: Float32, defocus: Float32, mixed: NDArray[np.bool_], *, threads: int = 0
) -> HiddenBackground:
    """Guess the surface behind the foreground wherever the lens can look behind it.

    light: (H, W, 3) float32, linear, 0 or more; defocus: (H, W) float32, px, positive in front of the focal plane;
    mixed: (H, W), pixels at a depth edge. Cost: O(N), and 16 short walks for each hidden pixel.
    """
    behind = np.empty(defocus.shape, dtype=np.int64)
    _find_behind(defocus, behind)
    found = HiddenBackground(np.zeros_like(light), np.full_like(defocus, np.nan))
    in_parallel(
        lambda begin, end: _fill(begin, end, light, defocus, mixed, behind, _DIRECTIONS, found.light, found.defocus),
        defocus.shape[0],
        threads,
    )
    return found


def find_behind_by_search(defocus: Float32) -> NDArray[np.int64]:
    """Slow twin of the sweeps: the flat index of the q smallest in ``s(q) + |q - p|`` for every pixel p."""
    height, width = defocus.shape
    y, x = np.divmod(np.arange(height * width), width)
    distance = np.hypot(y[:, None] - y, x[:, None] - x)
    best: NDArray[np.int64] = np.argmin(defocus.reshape(-1).astype(np.float64) + distance, axis=1)
    return best.reshape(height, width)


@compiled
def _find_behind(defocus: Float32, behind: NDArray[np.int64]) -> None:
    """Sweep the image from all four corners, handing each pixel its neighbours' best q."""
    height, width = defocus.shape
    least = np.empty((height, width))
    for y in range(height):
        for x in range(width):
            behind[y, x] = y * width + x
            least[y, x] = defocus[y, x]
    for sweep in range(2 * _SWEEPS):
        down = 1 if sweep % 2 == 0 else -1
        for row in range(height):
            y = row if down == 1 else height - 1 - row
            for turn in range(2):
                right = 1 if turn == 0 else -1
                for column in range(width):
                    x = column if right == 1 else width - 1 - column
                    for k in range(4):
                        from_y = y if k == 3 else y - down
                        from_x = x - right if k == 3 else x + k - 1
                        if from_y < 0 or from_x < 0 or from_y >= height or from_x >= width:
                            continue
                        q = behind[from_y, from_x]
                        dy = q // width - y
                        dx = q % width - x
                        value = defocus[q // width, q % width] + np.sqrt(float(dy * dy + dx * dx))
                        if value < least[y, x]:
                            least[y, x] = value
                            behind[y, x] = q


@compiled
def _fill(  # noqa: C901  (one loop nest)
    begin: int,
    end: int,
    light: Float32,
    defocus: Float32,
    mixed: NDArray[np.bool_],
    behind: NDArray[np.int64],
    directions: NDArray[np.float64],
    hidden_light: Float32,
    hidden_defocus: Float32,
) -> None:
    height, width = defocus.shape
    root = np.zeros(3)
    for y in range(begin, end):
        for x in range(width):
            q = behind[y, x]
            if q == y * width + x:
                continue
            qy, qx = q // width, q % width
            surface = defocus[qy, qx]
            near = max(1.0, SAME_SURFACE_SHARE * (defocus[y, x] - surface))
            distance = np.sqrt(float((qy - y) ** 2 + (qx - x) ** 2))
            total = MIXED_PIXEL_WEIGHT / distance**DISTANCE_EXPONENT
            depth = total * surface
            for c in range(3):
                root[c] = total * light[qy, qx, c] ** (1.0 / LIGHT_EXPONENT)
            for k in range(len(directions)):
                step = 1.0
                while step < distance + 6.0:
                    sx = int(np.floor(x + step * directions[k, 0] + 0.5))
                    sy = int(np.floor(y + step * directions[k, 1] + 0.5))
                    step += 1.0
                    if sx < 0 or sy < 0 or sx >= width or sy >= height:
                        break
                    if abs(defocus[sy, sx] - surface) > near:
                        continue
                    apart = float((sy - y) ** 2 + (sx - x) ** 2)
                    weight = 1.0 / apart ** (0.5 * DISTANCE_EXPONENT)
                    if mixed[sy, sx]:
                        weight *= MIXED_PIXEL_WEIGHT
                    total += weight
                    depth += weight * defocus[sy, sx]
                    for c in range(3):
                        root[c] += weight * light[sy, sx, c] ** (1.0 / LIGHT_EXPONENT)
                    if not mixed[sy, sx]:
                        break
            hidden_defocus[y, x] = depth / total
            for c in range(3):
                hidden_light[y, x, c] = (root[c] / total) ** LIGHT_EXPONENT
