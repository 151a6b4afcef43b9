"""A layer: a painted, partly transparent plane in front of the camera.

A plane in space is linear in disparity over the image: ``d(x, y) = d0 + dx x + dy y`` with x, y in pixels from the
image's centre, x right, y down. So three numbers say where it stands, tilt included, without a focal length.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ..errors import BadInputError


@dataclass(frozen=True)
class Layer:
    """One layer of N scenes.

    light: (N, 3, h, w), linear, 0 or more, not multiplied by alpha; alpha: (N, 1, h, w) in [0, 1], how much of each
    pixel it covers; plane: (N, 3), disparity at the centre and its slopes per pixel right and down. The layer may be
    larger than the image that is traced: both share their centre, and the surplus is what the lens sees from the side.
    Sides both even or both odd put pixel on pixel; otherwise the image falls between the layer's pixels and is softer.
    Between pixels light x alpha and alpha are bilinear; beyond its rim a layer goes on as its outermost pixels do.
    Raises BadInputError for shapes that do not fit.
    """

    light: Tensor
    alpha: Tensor
    plane: Tensor

    def __post_init__(self) -> None:
        if self.light.ndim != 4 or self.light.shape[1] != 3 or not self.light.numel():
            raise BadInputError(f"a layer's light has shape {tuple(self.light.shape)}; expected (N, 3, h, w)")
        count = self.light.shape[0]
        if self.alpha.shape != (count, 1, *self.light.shape[2:]):
            raise BadInputError(
                f"a layer's alpha has shape {tuple(self.alpha.shape)}; expected {(count, 1, *self.light.shape[2:])}"
            )
        if self.plane.shape != (count, 3):
            raise BadInputError(f"a layer's plane has shape {tuple(self.plane.shape)}; expected {(count, 3)}")
