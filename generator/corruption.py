"""Disparity maps as real ones are wrong: blurred, grown or shrunk, at five strengths each (BLB's 15 corrupted maps)."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field
from scipy import ndimage

from bokeh_render.footprint import disc_footprint
from bokeh_render.optics import Float32
from bokeh_render.schema import Record

from .stack import Corruption, corrupted_file

REFERENCE_WIDTH = 1920
_Strength = Annotated[float, Field(gt=0.0, le=500.0)]
_FIVE: tuple[float, ...] = (4.0, 8.0, 12.0, 16.0, 20.0)


class CorruptionPlan(Record):
    """How strongly to corrupt, in px at 1920 px width (scaled with the width; radii never fall below 1 px).

    gaussian_sigma_px: standard deviation of a Gaussian blur; dilation_radius_px, erosion_radius_px: radius of the disc
    over which the nearest, or the farthest, disparity wins. BLB's own kernel sizes are not published; these are ours.
    """

    gaussian_sigma_px: tuple[_Strength, ...] = _FIVE
    dilation_radius_px: tuple[_Strength, ...] = _FIVE
    erosion_radius_px: tuple[_Strength, ...] = _FIVE


def planned_corruptions(plan: CorruptionPlan, width: int) -> tuple[Corruption, ...]:
    """Return what to make for an image ``width`` px wide: Gaussian blurs, then dilations, then erosions."""
    scale = width / REFERENCE_WIDTH
    sizes: list[tuple[Literal["gaussian", "dilation", "erosion"], float]]
    sizes = [("gaussian", sigma * scale) for sigma in plan.gaussian_sigma_px]
    sizes += [("dilation", max(1.0, radius * scale)) for radius in plan.dilation_radius_px]
    sizes += [("erosion", max(1.0, radius * scale)) for radius in plan.erosion_radius_px]
    return tuple(
        Corruption(file=corrupted_file(index), kind=kind, size_px=round(size, 4))
        for index, (kind, size) in enumerate(sizes)
    )


def corrupt(disparity: Float32, corruption: Corruption) -> Float32:
    """Return a corrupted copy of a normalised disparity map (H, W) in [0, 1]; borders repeat."""
    if corruption.kind == "gaussian":
        blurred = ndimage.gaussian_filter(disparity.astype(np.float64), corruption.size_px, mode="nearest")
        return np.asarray(blurred, dtype=np.float32)
    filtered = ndimage.maximum_filter if corruption.kind == "dilation" else ndimage.minimum_filter
    return np.asarray(
        filtered(disparity, footprint=disc_footprint(corruption.size_px), mode="nearest"), dtype=np.float32
    )
