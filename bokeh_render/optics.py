"""The optics everything else obeys: one law from camera to pixels, and the words for it.

``r_px = K * |1/z - 1/z_f|`` with ``K = f_px * R``: a pinhole projection with focal length ``f_px`` pixels whose pinhole
is opened to a disc of radius ``R`` metres. Blender's Cycles obeys it exactly. A textbook thin lens differs by the
factor ``z_f / (z_f - f)`` only, which a different f-stop absorbs.

Functions take and return NumPy arrays, torch tensors or plain floats alike unless they say otherwise; no torch is
imported here.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from .errors import BadInputError

ArrayT = TypeVar("ArrayT", bound=Any)  # float, NumPy array or torch tensor
Float32 = NDArray[np.float32]

DEPTH_OF_NOTHING_M = 65504.0
"""Depth, in metres, that stands for "nothing there" (the largest half float). Its disparity is 0."""

DISPLAY_GAMMA = 2.2
"""The exponent between display values and light in blb-v1: light = value ** 2.2."""


def focal_length_px(lens_mm: float, sensor_width_mm: float, width_px: int) -> float:
    """Return the focal length in pixels of an image ``width_px`` wide."""
    return lens_mm / sensor_width_mm * width_px


def lens_radius_m(lens_mm: float, fstop: float) -> float:
    """Return the radius of the lens opening in metres."""
    return lens_mm * 1e-3 / (2.0 * fstop)


def blur_parameter(lens_mm: float, sensor_width_mm: float, width_px: int, fstop: float) -> float:
    """Return raw K: pixels of blur radius per 1/metre of disparity."""
    return focal_length_px(lens_mm, sensor_width_mm, width_px) * lens_radius_m(lens_mm, fstop)


def fstop_for(blur_parameter_raw: float, lens_mm: float, sensor_width_mm: float, width_px: int) -> float:
    """Return the f-stop that gives raw K (px per 1/metre); the inverse of :func:`blur_parameter`.

    Raises BadInputError unless K is positive and finite.
    """
    if not (math.isfinite(blur_parameter_raw) and blur_parameter_raw > 0):
        raise BadInputError(f"blur parameter K is {blur_parameter_raw}; an f-stop exists only for a positive K")
    return focal_length_px(lens_mm, sensor_width_mm, width_px) * lens_mm * 1e-3 / (2.0 * blur_parameter_raw)


def disparity_from_depth(depth_m: NDArray[Any]) -> Float32:
    """Return raw disparity 1/z in 1/metre, float32.

    depth_m: (H, W) planar metres, NumPy; values of 65504 and above are "nothing" and get 0.
    Raises BadInputError on zero, negative or NaN depth.
    """
    depth = np.asarray(depth_m, dtype=np.float64)
    wrong = ~(depth > 0)
    if wrong.any():
        raise BadInputError(
            f"depth holds {int(wrong.sum())} value(s) that are zero, negative or NaN; "
            "expected planar metres above 0, and 65504 where there is nothing"
        )
    return np.where(depth >= DEPTH_OF_NOTHING_M, 0.0, 1.0 / depth).astype(np.float32)


class DisparityRange(NamedTuple):
    """Smallest and largest raw disparity of an image, 1/metre."""

    minimum: float
    maximum: float

    @property
    def extent(self) -> float:
        """Maximum minus minimum: the factor between raw and normalised K."""
        return self.maximum - self.minimum

    def normalise(self, disparity: ArrayT) -> ArrayT:
        """Return disparity min-max normalised to [0, 1]; a flat map becomes 0."""
        normalised: ArrayT = (disparity - self.minimum) / (self.extent or 1.0)
        return normalised

    def denormalise(self, disparity: ArrayT) -> ArrayT:
        """Return raw disparity for a normalised one."""
        raw: ArrayT = disparity * self.extent + self.minimum
        return raw


def disparity_range(disparity: NDArray[Any]) -> DisparityRange:
    """Return the range of a raw disparity map (H, W), NumPy.

    Raises BadInputError when it is empty, or holds NaN or infinity.
    """
    check_disparity(disparity)
    return DisparityRange(float(disparity.min()), float(disparity.max()))


def check_disparity(disparity: NDArray[Any], name: str = "disparity") -> None:
    """Refuse a disparity map that is not a finite (H, W) array; raises BadInputError."""
    if disparity.ndim != 2 or disparity.size == 0:
        raise BadInputError(f"{name} has shape {disparity.shape}; expected one value per pixel, (height, width)")
    bad = ~np.isfinite(disparity)
    if bad.any():
        y, x = (int(index[0]) for index in np.nonzero(bad))
        raise BadInputError(
            f"{name} holds {int(bad.sum())} NaN or infinite value(s), the first at x={x}, y={y}; "
            "expected finite numbers (use 0 for infinitely far)"
        )


def check_blur_parameter(blur_parameter: float) -> None:
    """Refuse a negative or non-finite K; raises BadInputError."""
    if not (math.isfinite(blur_parameter) and blur_parameter >= 0):
        raise BadInputError(
            f"blur parameter K is {blur_parameter}; expected 0 or more pixels per unit of disparity "
            "(to focus elsewhere change the focus disparity, not the sign of K)"
        )


def signed_defocus(disparity: ArrayT, blur_parameter: float, focus_disparity: float) -> ArrayT:
    """Return the blur radius each pixel gets, in pixels; positive in front of the focal plane.

    disparity: (..., H, W), 1/metre or normalised; blur_parameter: px per unit of that disparity;
    focus_disparity: the same unit. Source: BokehMe (CVPR 2022), section 3.
    """
    defocus: ArrayT = blur_parameter * (disparity - focus_disparity)
    return defocus


def light_from_display(display: NDArray[Any], gamma: float = DISPLAY_GAMMA) -> Float32:
    """Return linear light, value ** gamma, for display values (NumPy, any shape). Negative values count as 0."""
    return np.power(np.maximum(display, 0.0), gamma).astype(np.float32)


def display_from_light(light: NDArray[Any], gamma: float = DISPLAY_GAMMA) -> Float32:
    """Return display values, light ** (1 / gamma), not clipped above (NumPy, any shape). Negative counts as 0."""
    return np.power(np.maximum(light, 0.0), 1.0 / gamma).astype(np.float32)
