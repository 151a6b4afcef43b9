"""Physical truth: real renders through the project's own camera against the law that everything else relies on."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from bokeh_render.imagefile import read_exr_channels
from bokeh_render.optics import blur_parameter, focal_length_px, signed_defocus
from generator.blender_choice import BUILT_IN, Blender
from generator.blender_process import Job, Lens, Shot, run_job

_SAMPLES = 2048
_EMITTER_RADIUS_PX = 2.5


class Case(NamedTuple):
    """A lens, where it is focused, where the emitter stands, and where in the frame (px from the centre)."""

    lens_mm: float
    sensor_mm: float
    fstop: float
    focus_m: float
    distance_m: float
    width: int
    right_px: float = 0.0
    up_px: float = 0.0
    blades: int = 0


CASES = [
    Case(50, 36.0, 1.4, 2.0, 8.0, 480),
    Case(50, 36.0, 1.4, 5.0, 2.0, 480),
    Case(50, 36.0, 2.0, 1.0, 50.0, 960),
    Case(85, 36.0, 1.8, 3.0, 6.0, 960),
    Case(35, 36.0, 1.4, 0.5, 0.7, 960),
    Case(35, 23.6, 2.0, 1.5, 10.0, 960),
    Case(50, 36.0, 1.4, 10.0, 1.5, 960),
    Case(24, 36.0, 1.4, 0.3, 0.25, 960),
    Case(50, 36.0, 1.4, 2.0, 8.0, 960, right_px=300.0, up_px=-180.0),
]


def render_emitter(
    case: Case, folder: Path, blender: Blender = BUILT_IN
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Render the emitter with closed and with open lens; return the two cropped (h, w) images of its light."""
    f_px = focal_length_px(case.lens_mm, case.sensor_mm, case.width)
    predicted = abs(
        signed_defocus(
            1 / case.distance_m,
            blur_parameter(case.lens_mm, case.sensor_mm, case.width, case.fstop),
            1 / case.focus_m,
        )
    )
    height = case.width * 2 // 3
    x, y = case.width / 2 + case.right_px, height / 2 - case.up_px
    reach = predicted + _EMITTER_RADIUS_PX + 6
    crop = (int(x - reach), int(y - reach), int(x + reach) + 1, int(y + reach) + 1)
    metres_per_px = case.distance_m / f_px
    lens = Lens(fstop=case.fstop, focus_distance_m=case.focus_m, blades=case.blades)
    shots = tuple(
        Shot(id=name, path=folder / f"{name}.exr", samples=_SAMPLES, seed=seed, lens=opening)
        for seed, (name, opening) in enumerate({"closed": None, "open": lens}.items())
    )
    job = Job(
        scene="calibration",
        seed=0,
        width=case.width,
        height=height,
        threads=2,
        crop=crop,
        shots=shots,
        parameters={
            "lens_mm": case.lens_mm,
            "sensor_width_mm": case.sensor_mm,
            "emitter_distance_m": case.distance_m,
            "emitter_radius_m": _EMITTER_RADIUS_PX * metres_per_px,
            "emitter_offset_m": (case.right_px * metres_per_px, case.up_px * metres_per_px),
        },
    )
    run_job(job, folder / "job", lambda event: None, blender=blender)
    closed, opened = (read_exr_channels(shot.path) for shot in shots)
    name = next(name for name in closed if name.endswith("Combined.G"))
    return closed[name].astype(np.float64), opened[name].astype(np.float64)


def moments(light: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return total light, and the variance of its position along x plus that along y, and the centroid's x, px."""
    y, x = np.indices(light.shape)
    total = light.sum()
    cx, cy = (light * x).sum() / total, (light * y).sum() / total
    return total, (light * ((x - cx) ** 2 + (y - cy) ** 2)).sum() / total, cx


@pytest.mark.parametrize("case", CASES, ids=str)
def test_blur_radius_is_K_times_the_difference_of_disparities(case: Case, tmp_path: Path) -> None:
    closed, opened = render_emitter(case, tmp_path)
    sharp_total, sharp_variance, sharp_x = moments(closed)
    total, variance, x = moments(opened)
    # a uniform disc of radius r has the variance r^2 / 4 along each axis
    radius = np.sqrt(2 * (variance - sharp_variance))
    k = blur_parameter(case.lens_mm, case.sensor_mm, case.width, case.fstop)
    predicted = abs(signed_defocus(1 / case.distance_m, k, 1 / case.focus_m))
    assert predicted > 2
    assert radius == pytest.approx(predicted, rel=0.01)
    assert total == pytest.approx(sharp_total, rel=0.02)
    assert x == pytest.approx(sharp_x, abs=0.1)


def test_a_polygon_aperture_is_inscribed_in_the_disc(tmp_path: Path) -> None:
    case = Case(50, 36.0, 1.4, 2.0, 8.0, 960, blades=5)
    closed, opened = render_emitter(case, tmp_path)
    variance = moments(opened)[1] - moments(closed)[1]
    radius = blur_parameter(50, 36.0, 960, 1.4) * abs(1 / 8.0 - 1 / 2.0)
    # along each axis a regular n-gon inscribed in radius r has the variance r^2 (1 + 2 cos^2(pi / n)) / 12
    expected = 2 * radius**2 * (1 + 2 * np.cos(np.pi / 5) ** 2) / 12
    assert np.sqrt(variance) == pytest.approx(np.sqrt(expected), rel=0.01)


def test_the_focal_surface_is_a_plane(tmp_path: Path) -> None:
    case = Case(50, 36.0, 1.4, 3.0, 3.0, 960, right_px=300.0, up_px=200.0)
    closed, opened = render_emitter(case, tmp_path)
    assert moments(opened)[1] == pytest.approx(moments(closed)[1], abs=0.05)


def test_depth_is_planar_metres_and_exact(tmp_path: Path) -> None:
    wall, emitter = 5.0, 3.0
    shot = Shot(id="depth", path=tmp_path / "depth.exr", samples=1, seed=0)
    job = Job(
        scene="calibration",
        seed=0,
        width=96,
        height=64,
        threads=1,
        shots=(shot,),
        parameters={
            "lens_mm": 24.0,  # wide: the ray to a corner is 1.34 times as long as the depth
            "wall_distance_m": wall,
            "emitter_distance_m": emitter,
            "emitter_radius_m": 0.3,
        },
    )
    run_job(job, tmp_path / "job", lambda event: None)
    depth = next(values for name, values in read_exr_channels(shot.path).items() if "Depth" in name)
    assert depth.shape == (64, 96)
    on_emitter = depth < 4
    np.testing.assert_allclose(depth[~on_emitter], wall, rtol=1e-6)
    np.testing.assert_allclose(depth[on_emitter], emitter, rtol=1e-6)
    assert on_emitter[32, 48]
    expected_px = np.pi * (0.3 * focal_length_px(24.0, 36.0, 96) / emitter) ** 2
    assert on_emitter.sum() == pytest.approx(expected_px, rel=0.1)
