"""Checks that a stack's numbers agree with each other: depth, disparity range, K, f-stops, focus distances."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from bokeh_render.errors import BadInputError
from bokeh_render.optics import DEPTH_OF_NOTHING_M, DisparityRange, Float32, disparity_from_depth, fstop_for

from .finding import Finding, listed
from .stack import RenderedStackInfo, StackInfo

_SAME = 1e-3
"""Relative difference up to which two numbers are the same (float32 depth and rounded files give 1e-6)."""


def check_depth(scene: str, depth: Float32) -> Finding:
    """Check that depth is planar metres: positive, finite, at most 65504, which stands for nothing."""
    try:
        disparity = disparity_from_depth(depth)
    except BadInputError as error:
        return Finding("depth", scene, "failed", str(error))
    beyond = ~(depth <= DEPTH_OF_NOTHING_M)
    if beyond.any():
        return Finding(
            "depth",
            scene,
            "failed",
            f"{int(beyond.sum())} value(s) above 65504, up to {float(depth.max()):g}; expected 65504 where nothing is",
        )
    if disparity.max() == disparity.min():
        return Finding("depth", scene, "failed", f"is {float(depth.max()):g} m everywhere; expected a scene with depth")
    there = depth[depth < DEPTH_OF_NOTHING_M]
    nothing = 1.0 - there.size / depth.size
    text = f"{float(there.min()):.2f} m to {float(there.max()):.4g} m, nothing (65504) in {nothing:.1%} of the pixels"
    return Finding("depth", scene, "ok", text)


def check_disparity_range(scene: str, info: RenderedStackInfo, found: DisparityRange) -> Finding:
    """Check that info.json's disparity range is that of the depth map."""
    written = DisparityRange(info.disparity_min, info.disparity_max)
    if not np.allclose(written, found, rtol=_SAME, atol=_SAME * found.extent):
        return Finding(
            "disparity range",
            scene,
            "failed",
            f"info.json says {written.minimum:.5g} to {written.maximum:.5g} 1/m, but depth.exr has "
            f"{found.minimum:.5g} to {found.maximum:.5g}: depth or info.json is not this stack's",
        )
    return Finding("disparity range", scene, "ok", f"{found.minimum:.4g} to {found.maximum:.4g} 1/m, as depth.exr has")


def check_lens(scene: str, info: StackInfo, disparities: DisparityRange) -> Finding:
    """Check that raw K, normalised K and f-stops are one lens, as far as info.json tells of it."""
    problems = list(_lens_problems(info, disparities))
    if problems:
        return Finding("lens", scene, "failed", listed(problems))
    levels = ", ".join(f"{k * disparities.extent:.3g}" for k in info.blur_parameters)
    told = "f-stops and camera agree" if isinstance(info, RenderedStackInfo) else "K and f-stops agree as far as told"
    return Finding("lens", scene, "ok", f"K of {levels} px per unit of normalised disparity; {told}")


def _lens_problems(info: StackInfo, disparities: DisparityRange) -> Iterator[str]:
    raw = np.array(info.blur_parameters)
    if not (raw > 0).all() or not (np.diff(raw) > 0).all():
        yield f"blur_parameters are {_numbers(raw)}; expected them positive and ascending"
        return
    if len(info.f_stops) not in (0, len(raw)):
        yield f"{len(info.f_stops)} f_stops for {len(raw)} blur_parameters; expected as many"
        return
    if isinstance(info, RenderedStackInfo):
        wanted = np.array(info.blur_parameters_normalised)
        found = raw * disparities.extent
        if not _same(wanted, found):
            yield (
                f"raw K × disparity range is {_numbers(found)}, but blur_parameters_normalised are {_numbers(wanted)}; "
                "expected K_norm = K · (disp_max − disp_min)"
            )
        camera = info.camera
        if min(camera.lens_mm, camera.sensor_width_mm, info.width) <= 0:
            sizes = f"lens {camera.lens_mm:g} mm, sensor {camera.sensor_width_mm:g} mm, width {info.width} px"
            yield f"{sizes}; expected all > 0"
            return
        stops = np.array([fstop_for(float(k), camera.lens_mm, camera.sensor_width_mm, info.width) for k in raw])
        if not _same(stops, np.array(info.f_stops)):
            yield f"f_stops are {_numbers(np.array(info.f_stops))}, but K and the camera give {_numbers(stops)}"
        if info.focal_length is None or not _same(np.array([camera.lens_mm]), np.array([info.focal_length])):
            yield f"focal_length is {info.focal_length}, but the camera's lens has {camera.lens_mm:g} mm"
    elif info.f_stops:
        products = raw * np.array(info.f_stops)  # K = f_px · lens / (2 · f-stop): the same at each level
        if np.ptp(products) > 0.02 * products.mean():
            yield f"K × f-stop is {_numbers(products)} over the levels; expected one number, since one lens made them"


def check_focus(scene: str, info: StackInfo, disparities: DisparityRange) -> Finding:
    """Check that focus distances and, where they are told, normalised focus disparities agree."""
    found = np.array([disparities.normalise(focus) for focus in info.focus_disparities])
    if isinstance(info, RenderedStackInfo):
        wanted = np.array(info.focus_disparities_normalised)
        tolerance = 1e-3 + 2.0 / DEPTH_OF_NOTHING_M / (disparities.extent or 1.0)
        if wanted.shape != found.shape or not np.allclose(wanted, found, rtol=0.0, atol=tolerance):
            return Finding(
                "focus",
                scene,
                "failed",
                f"focus_distances give the normalised disparities {_numbers(found)}, "
                f"but focus_disparities_normalised are {_numbers(wanted)}",
            )
    elif found.min() < -0.05 or found.max() > 1.05:
        return Finding(
            "focus", scene, "warning", f"normalised focus disparities are {_numbers(found)}; expected them in 0 to 1"
        )
    return Finding("focus", scene, "ok", f"at the normalised disparities {_numbers(found)}")


def _same(first: NDArray[np.float64], second: NDArray[np.float64]) -> bool:
    return first.shape == second.shape and bool(np.allclose(first, second, rtol=_SAME, atol=0.0))


def _numbers(values: NDArray[np.float64]) -> str:
    return ", ".join(f"{value:.4g}" for value in values.tolist())
