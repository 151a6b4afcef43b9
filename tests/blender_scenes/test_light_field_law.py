"""The light field against the lens that Cycles traces itself: same place, size, shape and orientation of the blur."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bokeh_render.aperture import Aperture, contains
from bokeh_render.optics import focal_length_px, fstop_for
from generator.blender_process import Job, Lens, Shot, ShotDone, run_job
from generator.image_shots import read_light
from generator.lightfield import LightFieldSums, plan_light_field

_SIZE = 64
_K, _FOCUS = 48.0, 0.5  # px per 1/metre, 1/metre
_EMITTER_RADIUS_PX = 1.2
_F_PX = focal_length_px(50.0, 36.0, _SIZE)
DISC = Aperture()
SKEW = Aperture(blades=5, rotation_rad=0.35, ratio=1.4)  # no symmetry that could hide a wrong turn or a swapped axis


def render_both(emitter_disparity: float, aperture: Aperture, folder: Path) -> tuple[NDArray[np.float64], ...]:
    """Render the emitter with both engines; return the two (H, W) images of its light."""
    plan = plan_light_field(
        blur_levels=[6.0, 12.0],
        blur_parameters=[_K / 2, _K],
        focus_disparities=[0.3, _FOCUS],
        aperture=aperture,
        views=800,
        focal_length_px=_F_PX,
        shape=(_SIZE, _SIZE),
        seed=3,
    )
    lens = Lens(fstop=fstop_for(_K, 50.0, 36.0, _SIZE), focus_distance_m=1 / _FOCUS, **aperture.model_dump())
    shots = [Shot(id="path", path=folder / "path.exr", samples=2048, seed=0, lens=lens)]
    shots += [
        Shot(id=f"view_{number}", path=folder / f"{number}.exr", samples=1, seed=number, view=plan.pinhole(view))
        for number, view in enumerate(plan.views)
    ]
    by_id = {shot.id: shot for shot in shots}
    sums = LightFieldSums(plan)
    direct: list[NDArray[np.float64]] = []

    def accept(event: object) -> None:
        if isinstance(event, ShotDone):
            light = read_light(by_id[event.id])
            by_id[event.id].path.unlink()
            if event.id == "path":
                direct.append(light[1].astype(np.float64))
            else:
                sums.add(light)

    metres_per_px = 1 / (emitter_disparity * _F_PX)
    job = Job(
        scene="calibration",
        seed=0,
        width=_SIZE,
        height=_SIZE,
        threads=2,
        shots=tuple(shots),
        parameters={
            "emitter_distance_m": 1 / emitter_disparity,
            "emitter_radius_m": _EMITTER_RADIUS_PX * metres_per_px,
            "emitter_offset_m": (4.0 * metres_per_px, -3.0 * metres_per_px),
        },
    )
    run_job(job, folder / "job", accept)
    return direct[0], sums.image(1)[:, :, 1].astype(np.float64)


@pytest.mark.parametrize("aperture", [DISC, SKEW], ids=["disc", "pentagon"])
@pytest.mark.parametrize("emitter_disparity", [0.3, 0.7], ids=["behind", "in front"])
def test_both_engines_draw_the_aperture_where_and_as_it_should_be(
    emitter_disparity: float, aperture: Aperture, tmp_path: Path
) -> None:
    direct, views = render_both(emitter_disparity, aperture, tmp_path)
    assert views.sum() == pytest.approx(direct.sum(), rel=0.02)

    rows, columns = np.indices(direct.shape)
    defocus = _K * (_FOCUS - emitter_disparity)  # positive behind: the blur then stands as the lens does
    right = (columns + 0.5 - _SIZE / 2 - 4.0) / defocus
    up = (_SIZE / 2 - rows - 0.5 + 3.0) / defocus
    predicted = contains(aperture, right, up)
    for image in (direct, views):
        seen = image > 0.5 * np.median(image[predicted])
        overlap = (seen & predicted).sum() / (seen | predicted).sum()
        assert overlap > 0.85, f"the blur covers {seen.sum()} px, predicted were {predicted.sum()}"
        turned = contains(aperture, -right, -up)
        if aperture.blades:
            assert overlap > (seen & turned).sum() / (seen | turned).sum() + 0.05
    # as evenly lit as the direct render, with no dots: both spread the same light over the same pixels
    inner = contains(aperture, right * 1.35, up * 1.35)
    assert views[inner].std() / views[inner].mean() < 0.12
    assert np.abs(views - direct)[inner].mean() / direct[inner].mean() < 0.15


def test_what_is_in_focus_is_as_sharp_as_in_a_direct_render(tmp_path: Path) -> None:
    direct, views = render_both(_FOCUS, DISC, tmp_path)

    def spread(image: NDArray[np.float64]) -> float:
        rows, columns = np.indices(image.shape)
        x, y = (image * columns).sum() / image.sum(), (image * rows).sum() / image.sum()
        return float(np.sqrt((image * ((columns - x) ** 2 + (rows - y) ** 2)).sum() / image.sum()))

    assert views.sum() == pytest.approx(direct.sum(), rel=0.02)
    assert spread(views) == pytest.approx(spread(direct), rel=0.02)
    assert views.min() >= 0.0
    np.testing.assert_allclose(views, direct, atol=0.04 * direct.max())
