"""Which training pairs are drawn: sizes, ranges and probabilities."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from ..schema import Record

Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Range = tuple[float, float]


class ImperfectSettings(Record):
    """How the disparity that the networks are given differs from the clean one.

    probability: that it differs at all; then it suffers one or two of four faults. blur_sigma_px: largest sigma of a
    Gaussian blur; grow_px: largest radius of a dilation or an erosion; wave: largest amplitude, in normalised
    disparity, of low-frequency noise. The sizes are px of the picture drawn; the defaults are the strongest of the
    generator's corrupted maps at a width of 480 px.
    """

    probability: Probability = 0.5
    blur_sigma_px: Annotated[float, Field(ge=0.0)] = 5.0
    grow_px: Annotated[float, Field(ge=0.0)] = 5.0
    wave: Annotated[float, Field(ge=0.0, le=1.0)] = 0.05


class PairSettings(Record):
    """The distribution of training pairs; with a seed and an index it decides a pair.

    height, width: px. blur_px: range of the largest |defocus| of a pair, px (half of the pairs draw it evenly, half
    evenly in its logarithm). gamma: 2.2 with usual_gamma, else even in gamma_range. on_layer: probability that a layer
    is in focus, else a disparity of the scene. mixed_disparity: probability that the disparity is antialiased, the
    mean of what a pixel shows, else a depth buffer. night: probability of a dark scene with lamps. most_layers: of one
    scene. softness_px: range of the sigma of a Gaussian over all layers; with the pixels' own area, over which rays are
    spread, the picture is then about as soft as one of Cycles (sigma 0.4 px). lens_points: fewest and most rays a
    pixel; lens_density: rays per px² of the largest blur disc; lamp_rays: how many times as many where there are lamps
    (both the density and the most).
    photographs: folders of the user's images, cut-outs (PNG with alpha) or datasets whose all-in-focus images are
    used; photograph_share: probability that a texture or shape comes from there when there are any.
    """

    height: Annotated[int, Field(ge=16, le=4096)] = 256
    width: Annotated[int, Field(ge=16, le=4096)] = 256
    blur_px: Range = (1.0, 16.0)
    usual_gamma: Probability = 0.5
    gamma_range: Range = (1.0, 5.0)
    on_layer: Probability = 0.5
    mixed_disparity: Probability = 0.25
    night: Probability = 0.2
    most_layers: Annotated[int, Field(ge=2, le=32)] = 10
    softness_px: Range = (0.01, 0.25)
    lens_points: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]] = (48, 700)
    lens_density: Annotated[float, Field(gt=0.0)] = 0.7
    lamp_rays: Annotated[float, Field(ge=1.0)] = 3.5
    imperfect: ImperfectSettings = ImperfectSettings()
    photographs: tuple[Path, ...] = ()
    photograph_share: Probability = 0.6

    @model_validator(mode="after")
    def _ordered(self) -> PairSettings:
        for name in ("blur_px", "gamma_range", "softness_px", "lens_points"):
            least, most = getattr(self, name)
            if not 0 < least <= most:
                raise ValueError(f"{name} is {least} to {most}; expected two numbers above 0, the smaller first")
        return self
