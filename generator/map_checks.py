"""Checks of the further maps a stack may have: the anti-aliased disparity and the corrupted disparities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from bokeh_render.optics import DisparityRange, Float32

from .corruption import corrupt
from .finding import Finding, listed
from .stack import Corruption

_FLAT = 0.02  # of the disparity range, within 5×5 px: not near an edge
_NEAR = 0.01  # of the disparity range
_SAME = 1e-4  # of the normalised range: a corrupted map made again
_LIKE = 0.5  # correlation of a corrupted disparity with the true one


def check_anti_aliased(scene: str, anti_aliased: Float32, disparity: Float32, disparities: DisparityRange) -> Finding:
    """Check that the anti-aliased raw disparity is the depth's, but for edges. Both maps: (H, W), 1/metre."""
    name = "disparity_aa"
    if not np.isfinite(anti_aliased).all() or anti_aliased.min() < 0:
        return Finding(name, scene, "failed", "holds NaN, infinite or negative values; expected 1/metre, 0 or more")
    if anti_aliased.shape != disparity.shape:
        return Finding(name, scene, "failed", "has another size than depth.exr; expected one value per pixel")
    flat = ndimage.maximum_filter(disparity, 5) - ndimage.minimum_filter(disparity, 5) < _FLAT * disparities.extent
    if not flat.any():
        return Finding(name, scene, "not checked", "depth has edges everywhere, so there is no place to compare")
    difference = np.abs(anti_aliased - disparity)[flat] / (disparities.extent or 1.0)
    far_off = float(np.mean(difference > _NEAR))
    if far_off > 0.05:
        return Finding(
            name,
            scene,
            "failed",
            f"differs from depth.exr's disparity by more than {_NEAR:.0%} of the range at {far_off:.0%} of the pixels "
            "away from edges; expected the same disparity, raw, in 1/metre",
        )
    text = f"as depth.exr away from edges (mean difference {float(difference.mean()):.2%} of the range)"
    return Finding(name, scene, "ok", text)


def check_corrupted(
    scene: str,
    maps: dict[str, Float32],
    disparity: Float32,
    disparities: DisparityRange,
    corruptions: Sequence[Corruption] = (),
) -> Finding:
    """Check the corrupted disparities (H, W): normalised, numbered without gap, and of this scene.

    corruptions: what ``info.json`` says they are; those are made again and compared. A map that is not described must
    at least be like the true disparity.
    """
    problems: list[str] = []
    wanted = [f"corrupted_{index:02d}.exr" for index in range(len(maps))]
    if sorted(maps) != wanted:
        problems.append(f"files are {listed(sorted(maps))}; expected {wanted[0]} to {wanted[-1]}")
    true = disparities.normalise(disparity)
    described = {corruption.file: corruption for corruption in corruptions}
    for name, values in sorted(maps.items()):
        if not np.isfinite(values).all() or values.min() < 0 or values.max() > 1:
            problems.append(
                f"{name} goes from {float(values.min()):.3g} to {float(values.max()):.3g}; expected normalised 0 to 1"
            )
        elif values.shape != true.shape:
            problems.append(f"{name} has another size than depth.exr")
        elif name in described:
            off = float(np.abs(values - corrupt(true, described[name])).max())
            if off > _SAME:
                kind, size = described[name].kind, described[name].size_px
                problems.append(
                    f"{name} differs by up to {off:.2g} from the {kind} of {size:g} px that info.json names"
                )
        elif (likeness := _correlation(values, true)) < _LIKE:
            problems.append(
                f"{name} correlates with the true disparity by {likeness:.2f} only; expected {_LIKE} or more"
            )
    if problems:
        return Finding("corrupted", scene, "failed", listed(problems))
    return Finding("corrupted", scene, "ok", f"{len(maps)} maps in 0 to 1, all made from this disparity")


def _correlation(first: Float32, second: Float32) -> float:
    a, b = first - first.mean(dtype=np.float64), second - second.mean(dtype=np.float64)
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum() + 1e-30))
