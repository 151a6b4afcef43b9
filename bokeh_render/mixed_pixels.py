"""Pixels at a depth edge are mixtures of two surfaces; here they are taken apart.

A photo averages over each pixel, a depth map does not: beside an edge, a pixel's light is ``a F + (1 - a) B`` with the
near surface's light F and the far one's B, but it has the depth of one of them only. Blurred as one piece, it carries
the colour of a sharp foreground into a blurred background, or the reverse.

F and B are read off nearby pixels on either side of the edge, and ``a`` is where the pixel stands on the line between
them (least squares), drawn towards what the edge's shape suggests where F and B look alike. What the mixture does not
explain stays with the pixel's own surface, so that ``a F + (1 - a) B`` is still the light that was seen.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .classical.cpu import in_parallel
from .classical.jit import compiled
from .optics import Float32

JUMP_PX = 1.0
"""Neighbours whose defocus differs by more than this slide apart by more than they are apart: a depth edge."""

_REACH_PX = 2  # how far away F and B are looked for
_MIXED_WEIGHT = 0.003  # what pixels at the edge count in F and B
_CLEAR_SHARE = 0.2  # all neighbours must be this near to one of the two surfaces, as a share of the jump
_SHAPE_WEIGHT = 0.1  # of the shape's suggestion, against the squared difference of F and B, relative to their light
_BRIGHTEST = 1.5  # what is brighter than both surfaces by more than this factor is no mixture of them
_LEAST_OWN_SHARE = 0.2  # a pixel's own surface covers at least so much of it
_LEAST_FOREGROUND = 0.01
_COLOUR_EXPONENT = 2.2


class TakenApart(NamedTuple):
    """light, share: (H, W, 3) and (H, W), what each pixel's own surface sends, and how much of the pixel it covers;
    front_light, front_share, front_defocus: the same of a nearer surface that reaches into the pixel, and its signed
    defocus in px (NaN where there is none).
    """

    light: Float32
    share: Float32
    front_light: Float32
    front_share: Float32
    front_defocus: Float32


def depth_edges(defocus: Float32) -> NDArray[np.bool_]:
    """Return (H, W): whether any of a pixel's eight neighbours is nearer or farther by more than JUMP_PX."""
    height, width = defocus.shape
    edge = np.zeros(defocus.shape, dtype=np.bool_)
    for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = (slice(0, height - dy), slice(max(0, -dx), width - max(0, dx)))
        there = (slice(dy, height), slice(max(0, dx), width - max(0, -dx)))
        jump = np.abs(defocus[here] - defocus[there]) > JUMP_PX
        edge[here] |= jump
        edge[there] |= jump
    return edge


def take_apart(light: Float32, defocus: Float32, edges: NDArray[np.bool_], *, threads: int = 0) -> TakenApart:
    """Split the pixels at depth edges into the two surfaces they show.

    light: (H, W, 3) float32, linear, 0 or more; defocus: (H, W) float32, px; edges: :func:`depth_edges` of it.
    Left as they are: edges without a clear background beside them or with more than two surfaces, and pixels brighter
    than both.
    """
    found = TakenApart(
        light.copy(),
        np.ones_like(defocus),
        np.zeros_like(light),
        np.zeros_like(defocus),
        np.full_like(defocus, np.nan),
    )
    in_parallel(lambda begin, end: _take_apart(begin, end, light, defocus, edges, *found), len(defocus), threads)
    return found


@compiled
def _take_apart(  # noqa: C901  (one loop nest)
    begin: int,
    end: int,
    light: Float32,
    defocus: Float32,
    edges: NDArray[np.bool_],
    own_light: Float32,
    own_share: Float32,
    front_light: Float32,
    front_share: Float32,
    front_defocus: Float32,
) -> None:
    height, width = defocus.shape
    front, back = np.zeros(3), np.zeros(3)
    for y in range(begin, end):
        for x in range(width):
            if not edges[y, x]:
                continue
            top, bottom = max(y - 1, 0), min(y + 2, height)
            left, right = max(x - 1, 0), min(x + 2, width)
            nearest = defocus[top:bottom, left:right].max()
            farthest = defocus[top:bottom, left:right].min()
            between = 0.5 * (nearest + farthest)
            tolerance = _CLEAR_SHARE * (nearest - farthest)
            is_near = defocus[y, x] > between
            front[:] = 0.0
            back[:] = 0.0
            front_total = back_total = front_depth = covered = around = 0.0
            clear, clear_back = True, False
            for sy in range(max(y - _REACH_PX, 0), min(y + _REACH_PX + 1, height)):
                for sx in range(max(x - _REACH_PX, 0), min(x + _REACH_PX + 1, width)):
                    apart = float((sy - y) ** 2 + (sx - x) ** 2)
                    depth = defocus[sy, sx]
                    if apart <= 2.0 and min(nearest - depth, depth - farthest) > tolerance:
                        clear = False
                    bell = np.exp(-apart)
                    around += bell
                    if depth > between:
                        covered += bell
                    if apart == 0.0:
                        continue
                    weight = (_MIXED_WEIGHT if edges[sy, sx] else 1.0) / apart**2
                    if depth > between:
                        front_total += weight
                        front_depth += weight * depth
                        for c in range(3):
                            front[c] += weight * light[sy, sx, c] ** (1.0 / _COLOUR_EXPONENT)
                    else:
                        back_total += weight
                        clear_back = clear_back or not edges[sy, sx]
                        for c in range(3):
                            back[c] += weight * light[sy, sx, c] ** (1.0 / _COLOUR_EXPONENT)
            if front_total == 0.0 or back_total == 0.0 or not clear or not clear_back:
                continue
            along = length = brightness = 0.0
            own_sum = front_sum = back_sum = 0.0
            for c in range(3):
                front[c] = (front[c] / front_total) ** _COLOUR_EXPONENT
                back[c] = (back[c] / back_total) ** _COLOUR_EXPONENT
                own_sum += light[y, x, c]
                front_sum += front[c]
                back_sum += back[c]
                along += (light[y, x, c] - back[c]) * (front[c] - back[c])
                length += (front[c] - back[c]) ** 2
                brightness += 0.25 * (front[c] + back[c]) ** 2
            if own_sum > _BRIGHTEST * max(front_sum, back_sum):  # a lamp of its own
                continue
            trust = _SHAPE_WEIGHT * brightness + 1e-30
            share = min(max((along + trust * covered / around) / (length + trust), 0.0), 1.0)
            if is_near:
                share = max(share, _LEAST_OWN_SHARE)
                own_share[y, x] = share
                for c in range(3):
                    own_light[y, x, c] = max(0.0, (light[y, x, c] - (1.0 - share) * back[c]) / share)
            elif share > _LEAST_FOREGROUND:
                share = min(share, 1.0 - _LEAST_OWN_SHARE)
                front_share[y, x] = share
                front_defocus[y, x] = front_depth / front_total
                for c in range(3):
                    own_light[y, x, c] = max(0.0, (light[y, x, c] - share * front[c]) / (1.0 - share))
                    front_light[y, x, c] = front[c]
