from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bokeh_render.optics import DisparityRange, blur_parameter, signed_defocus
from generator.config import GenerateConfig, NoiseFloorPlan
from generator.plan import plan_stack, stack_optics
from generator.stack import Camera

CAMERA = Camera(lens_mm=50.0, sensor_width_mm=36.0, matrix_world=tuple((0.0, 0.0, 0.0, 0.0) for _ in range(4)))
CONFIG = GenerateConfig(
    name="plan",
    scenes=("window_table",),
    width=384,
    height=256,
    image_samples=64,
    bokeh_samples=32,
    engine="path",
    blur_levels=(6.0, 14.0),
    focus_disparities=(0.0, 0.5, 1.0),
    noise_floor=NoiseFloorPlan(focus=(1,)),
)


@given(st.floats(0.0, 1.0), st.floats(0.01, 3.0), st.floats(0.0, 1.0))
def test_the_planned_lens_blurs_as_the_config_asks(minimum: float, extent: float, disparity: float) -> None:
    disparities = DisparityRange(minimum, minimum + extent)
    optics = stack_optics(CONFIG, CAMERA, disparities)
    for level, fstop, raw in zip(CONFIG.blur_levels, optics.f_stops, optics.blur_parameters, strict=True):
        assert blur_parameter(50.0, 36.0, 384, fstop) == pytest.approx(raw)
        for focus, distance in zip(CONFIG.focus_disparities, optics.focus_distances, strict=True):
            wanted = level * (disparity - focus)
            got = signed_defocus(disparities.denormalise(disparity), raw, 1.0 / distance)
            assert got == pytest.approx(wanted, abs=level * 1e-4 / extent + 1e-9)


def test_focus_at_infinity_is_written_as_65504() -> None:
    optics = stack_optics(CONFIG, CAMERA, DisparityRange(0.0, 2.0))
    assert optics.focus_distances[0] == 65504.0


def test_the_plan_holds_every_image_once_with_its_own_seed() -> None:
    plan = plan_stack(CONFIG, "window_table", stack_optics(CONFIG, CAMERA, DisparityRange(0.1, 1.1)))
    assert len(plan) == 1 + 2 * 3 + 2
    assert len({shot.file for shot in plan}) == len({shot.seed for shot in plan}) == len(plan)
    assert [shot.role for shot in plan].count("bokeh_seed2") == 2
    assert plan[0].lens is None
    assert all(0 <= shot.seed < 2**31 for shot in plan)


def test_seeds_are_the_same_in_every_run_and_differ_between_scenes() -> None:
    optics = stack_optics(CONFIG, CAMERA, DisparityRange(0.1, 1.1))
    seeds = [[shot.seed for shot in plan_stack(CONFIG, scene, optics)] for scene in ("a", "a", "b")]
    assert seeds[0] == seeds[1]
    assert not np.any(np.equal(seeds[0], seeds[2]))
