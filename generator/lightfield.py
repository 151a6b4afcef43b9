"""The light-field engine: pinhole views over the lens, sheared and added for every focus and every blur level at once.

A view from the point (u, v) of the lens sees a point of disparity d displaced by ``f_px * u * d``. Shifted by
``f_px * u * d_f`` and added up over the lens, the views give the image focused at d_f, with the same camera law as a
lens that Cycles traces itself: each view serves all focus settings, and all levels whose lens reaches it. Memory is one
image per focus setting (two where the noise is measured), however many views there are.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bokeh_render.aperture import Aperture
from bokeh_render.atomic import atomic_path
from bokeh_render.optics import Float32
from bokeh_render.schema import sha256_of_json

from .blender_process import PinholeView
from .gather import FILTER_RADIUS_PX, gather
from .lens_views import LensView, place_views


@dataclass(frozen=True)
class LightFieldPlan:
    """All views of one stack. blur_parameters: raw K of each level, px per 1/metre; focus_disparities: raw, 1/metre;
    focal_length_px; shape: (H, W); pivot: the raw disparity that stays in place from view to view.
    """

    views: tuple[LensView, ...]
    blur_parameters: tuple[float, ...]
    focus_disparities: tuple[float, ...]
    focal_length_px: float
    shape: tuple[int, int]

    @property
    def pivot(self) -> float:
        """The middle of the focus settings: the least shifts, so the least margin."""
        return (min(self.focus_disparities) + max(self.focus_disparities)) / 2

    @property
    def margin_px(self) -> int:
        """What must be rendered beyond the frame so that no shift runs out of it."""
        reach = max(abs(disparity - self.pivot) for disparity in self.focus_disparities) * self.blur_parameters[-1]
        return math.ceil(reach + 0.5 + FILTER_RADIUS_PX) + 1

    @property
    def sha256(self) -> str:
        """Hash of everything that decides what the sums mean."""
        content = [self.blur_parameters, self.focus_disparities, self.focal_length_px, self.shape]
        return sha256_of_json([*content, [vars(view) for view in self.views]])

    def pinhole(self, view: LensView) -> PinholeView:
        """Return where the worker has to stand for a view."""
        k = self.blur_parameters[-1]
        lens_radius_m = k / self.focal_length_px
        return PinholeView(
            right_m=view.right * lens_radius_m,
            up_m=view.up * lens_radius_m,
            shift_right_px=-k * view.right * self.pivot + view.jitter_px[0],
            shift_up_px=-k * view.up * self.pivot + view.jitter_px[1],
            margin_px=self.margin_px,
        )

    def shift_px(self, view: LensView, focus_disparity: float) -> tuple[float, float]:
        """Return where a view's window lies in the image focused at a raw disparity, px (right, down)."""
        k = self.blur_parameters[-1] * (focus_disparity - self.pivot)
        return k * view.right + view.jitter_px[0], -(k * view.up + view.jitter_px[1])


def plan_light_field(
    *,
    blur_levels: Sequence[float],
    blur_parameters: Sequence[float],
    focus_disparities: Sequence[float],
    aperture: Aperture,
    views: int,
    focal_length_px: float,
    shape: tuple[int, int],
    seed: int,
) -> LightFieldPlan:
    """Return the views of a stack. blur_levels, blur_parameters: normalised and raw K, ascending; views: their number.

    Raises BadInputError when they are too few for the widest blur.
    """
    return LightFieldPlan(
        views=tuple(place_views(blur_levels, aperture, views, seed)),
        blur_parameters=tuple(blur_parameters),
        focus_disparities=tuple(focus_disparities),
        focal_length_px=focal_length_px,
        shape=shape,
    )


class LightFieldSums:
    """Running sums of a light field: one image per focus setting, and of every other view where noise is measured."""

    def __init__(self, plan: LightFieldPlan, noise_focus: Sequence[int] = ()) -> None:
        height, width = plan.shape
        self.plan = plan
        self.noise_focus = tuple(noise_focus)
        self.added = 0
        self._sums = np.zeros((len(plan.focus_disparities), 3, height, width), dtype=np.float32)
        self._weights = np.zeros(len(plan.focus_disparities))
        self._half_sums = np.zeros((len(self.noise_focus), 3, height, width), dtype=np.float32)
        self._half_weights = np.zeros(len(self.noise_focus))

    def add(self, samples: Float32) -> None:
        """Add the next view of the plan. samples: (3, rows, columns) light, margin included."""
        view = self.plan.views[self.added]
        margin = self.plan.margin_px
        for focus, disparity in enumerate(self.plan.focus_disparities):
            image, weight = gather(samples, self.plan.shape, self.plan.shift_px(view, disparity), margin)
            image *= np.float32(view.weight)
            self._sums[focus] += image
            self._weights[focus] += weight * view.weight
            if view.half and focus in self.noise_focus:
                half = self.noise_focus.index(focus)
                self._half_sums[half] += image
                self._half_weights[half] += weight * view.weight
        self.added += 1

    @property
    def finished_level(self) -> int | None:
        """The blur level whose last view was the one just added, else None."""
        views = self.plan.views
        if self.added and (self.added == len(views) or views[self.added].ring != views[self.added - 1].ring):
            return views[self.added - 1].ring
        return None

    def image(self, focus: int) -> Float32:
        """Return the mean of the views so far for a focus setting: light (H, W, 3)."""
        return np.moveaxis(self._sums[focus] / np.float32(self._weights[focus]), 0, 2)

    def halves(self, focus: int) -> tuple[Float32, Float32]:
        """Return the two images that every other view makes for a focus setting of ``noise_focus``."""
        index = self.noise_focus.index(focus)
        second, weight = self._half_sums[index], self._half_weights[index]
        first = (self._sums[focus] - second) / np.float32(self._weights[focus] - weight)
        return np.moveaxis(first, 0, 2), np.moveaxis(second / np.float32(weight), 0, 2)

    def save(self, path: Path) -> None:
        """Write the sums so that a killed run can go on from here; atomic."""
        with atomic_path(path) as partial, partial.open("wb") as stream:
            np.savez(
                stream,
                plan=self.plan.sha256,
                added=self.added,
                sums=self._sums,
                weights=self._weights,
                half_sums=self._half_sums,
                half_weights=self._half_weights,
            )

    def load(self, path: Path) -> bool:
        """Take up saved sums; returns False, and changes nothing, when there are none of this very plan."""
        if not path.is_file():
            return False
        with np.load(path) as saved:
            if str(saved["plan"]) != self.plan.sha256 or saved["half_sums"].shape != self._half_sums.shape:
                return False
            self.added = int(saved["added"])
            self._sums, self._weights = saved["sums"], saved["weights"]
            self._half_sums, self._half_weights = saved["half_sums"], saved["half_weights"]
        return True
