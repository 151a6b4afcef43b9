"""Blender's Defocus node as a method: its blur obeys the law, light is kept, what is sharp stays, failures are told.

One real Blender renders all pictures that the tests look at.
"""

from __future__ import annotations

import os
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from benchmark.methods import blender_defocus
from benchmark.methods.blender_defocus import BlenderDefocus, bokeh_shape
from benchmark.methods.interface import BatchMethod, MethodInput, Rendering, metadata_of
from bokeh_render.aperture import Aperture, contains
from bokeh_render.optics import Float32, display_from_light, light_from_display
from generator.blender_choice import choose_blender
from generator.blender_process import COMPOSITOR_WORKER, worker_events

HEIGHT, WIDTH = 64, 96
GAMMA = 2.2
LIGHT = 50.0
LARGEST_PX = 10.4
RADII_PX = (2.8, 6.3, 10.4)


def sample(display: Float32, disparity: Float32, blur_parameter: float, focus: float, **changes: object) -> MethodInput:
    fields = {"disparity_raw": None, "blur_parameter_raw": None, "focus_disparity_raw": None, "gamma": GAMMA}
    told = {**fields, "aperture": Aperture(), "name": "scene/bokeh_00_00", **changes}
    return MethodInput(display, disparity, blur_parameter, focus, **told)  # type: ignore[arg-type]


def plane(disparity: float, height: int = HEIGHT, width: int = WIDTH) -> Float32:
    """Return a map of one disparity whose first and last row hold the ends of the range."""
    values = np.full((height, width), disparity, dtype=np.float32)
    values[0], values[-1] = 0.0, 1.0
    return values


def one_light(height: int = HEIGHT, width: int = WIDTH) -> Float32:
    light = np.zeros((height, width, 3), dtype=np.float32)
    light[height // 2, width // 2] = LIGHT
    return display_from_light(light, GAMMA)


def noise(height: int, width: int) -> Float32:
    """Return display values from 0 to 4."""
    return (4 * np.random.default_rng(0).random((height, width, 3))).astype(np.float32)


def two_halves() -> Float32:
    """Return a map whose left half has disparity 0.25 and whose right half has 0.75."""
    values = np.full((HEIGHT, WIDTH), 0.25, dtype=np.float32)
    values[:, WIDTH // 2 :] = 0.75
    return values


def pictures() -> dict[str, MethodInput]:
    ramp = np.linspace(0, 1, 63 * 95, dtype=np.float32).reshape(63, 95)
    told = {
        "sharp": sample(noise(63, 95), ramp, 0.0, 0.5),
        "halves": sample(noise(HEIGHT, WIDTH), two_halves(), 20.0, 0.25),
        "even": sample(np.full((HEIGHT, WIDTH, 3), 1.5, dtype=np.float32), plane(0.5), 20.0, 0.05),
        "five blades": sample(
            one_light(), plane(0.0), 20.3, 1.0, aperture=Aperture(blades=5, rotation_rad=0.3), gamma=1.0
        ),
        "halves again": sample(noise(HEIGHT, WIDTH), two_halves(), 20.0, 0.25),
    }
    for radius in RADII_PX:
        share = radius / LARGEST_PX
        told[f"in front {radius}"] = sample(one_light(), plane(share), LARGEST_PX, 0.0)
        told[f"behind {radius}"] = sample(one_light(), plane(1 - share), LARGEST_PX, 1.0)
    return told


PICTURES = pictures()


@pytest.fixture(scope="module")
def rendered() -> dict[str, Rendering]:
    found = dict(zip(PICTURES, BlenderDefocus().render_batch(list(PICTURES.values())), strict=True))
    assert {name: one.error for name, one in found.items() if one.error} == {}
    return found


def light_of(rendered: dict[str, Rendering], name: str) -> Float32:
    display = rendered[name].display
    assert display is not None
    return light_from_display(display, PICTURES[name].gamma)


def test_it_says_what_it_is() -> None:
    method = BlenderDefocus()
    assert isinstance(method, BatchMethod)
    assert "+blender4.5" in method.revision
    assert metadata_of(method).licence == "GPL-3.0"


def test_without_blur_the_picture_passes_unchanged_above_1_and_at_odd_sizes(rendered: dict[str, Rendering]) -> None:
    assert PICTURES["sharp"].display.max() > 3.9
    np.testing.assert_allclose(light_of(rendered, "sharp"), PICTURES["sharp"].light, rtol=1e-5)


@pytest.mark.parametrize("side", ["in front", "behind"])
@pytest.mark.parametrize("radius", RADII_PX)
def test_a_light_becomes_a_disc_of_the_right_radius_and_energy(
    radius: float, side: str, rendered: dict[str, Rendering]
) -> None:
    light = light_of(rendered, f"{side} {radius}")[..., 0].astype(np.float64)
    x = np.arange(WIDTH) - WIDTH // 2
    y = np.arange(HEIGHT) - HEIGHT // 2
    energy = light.sum()
    assert energy == pytest.approx(LIGHT, rel=1e-3)
    expected = np.sqrt(radius**2 + 1 / 3)  # twice the standard deviation of a disc that is averaged over pixels
    across, along = 2 * np.sqrt((light.sum(0) @ x**2) / energy), 2 * np.sqrt((light.sum(1) @ y**2) / energy)
    assert across == pytest.approx(expected, rel=0.05)
    assert along == pytest.approx(expected, rel=0.05)


def test_what_is_in_focus_stays_and_the_rest_is_blurred(rendered: dict[str, Rendering]) -> None:
    light, given = light_of(rendered, "halves"), PICTURES["halves"].light
    half = WIDTH // 2
    np.testing.assert_allclose(light[:, :half], given[:, :half], rtol=1e-5)
    assert light[:, half + 12 :].std() < 0.2 * given[:, half + 12 :].std()


def test_borders_of_the_picture_grow_neither_dark_nor_bright(rendered: dict[str, Rendering]) -> None:
    np.testing.assert_allclose(light_of(rendered, "even"), PICTURES["even"].light, rtol=1e-5)


def test_a_polygon_stands_as_the_lens_does(rendered: dict[str, Rendering]) -> None:
    light = light_of(rendered, "five blades")[..., 0]
    right = (np.arange(WIDTH) - WIDTH // 2)[None, :] / 20.3
    up = (HEIGHT // 2 - np.arange(HEIGHT))[:, None] / 20.3
    lit = light > 0.5 * light.max()

    def overlap(rotation_rad: float) -> float:
        opening = contains(Aperture(blades=5, rotation_rad=rotation_rad), right, up)
        return float((opening & lit).sum() / (opening | lit).sum())

    assert overlap(0.3) > 0.95
    assert overlap(-0.3) < 0.9


def test_the_same_picture_again_gives_the_same_bits_after_others_of_another_size(
    rendered: dict[str, Rendering],
) -> None:
    first, again = rendered["halves"].display, rendered["halves again"].display
    assert first is not None
    assert again is not None
    assert first.tobytes() == again.tobytes()


def test_costs_are_told(rendered: dict[str, Rendering]) -> None:
    for one in rendered.values():
        assert one.seconds is not None
        assert one.seconds > 0
        assert one.peak_memory_mb is None or 50 < one.peak_memory_mb < 5000


@pytest.mark.parametrize(
    ("blades", "rotation_rad", "shape", "angle"),
    [
        (0, 0.7, "CIRCLE", 0.0),
        (4, 0.0, "SQUARE", np.pi / 4),
        (6, 0.1, "HEXAGON", np.pi / 3 - 0.1),
        (3, 0.0, "TRIANGLE", np.pi / 6),
        (3, -1.3, "TRIANGLE", np.pi / 2),  # out of its reach; nearest
        (3, -1.4, "TRIANGLE", 0.0),
    ],
)
def test_shapes(blades: int, rotation_rad: float, shape: str, angle: float) -> None:
    found, turned = bokeh_shape(Aperture(blades=blades, rotation_rad=rotation_rad))
    assert found == shape
    assert turned == pytest.approx(angle)


def test_shapes_that_the_node_lacks_are_the_nearest_with_a_corner_in_the_same_place() -> None:
    shape, angle = bokeh_shape(Aperture(blades=9, rotation_rad=0.0))
    assert shape == "OCTAGON"
    corner = (np.pi / 2 - angle) % (np.pi / 4)
    assert corner == pytest.approx(np.pi / 9)


FAILING = """
import importlib.util, os, sys
spec = importlib.util.spec_from_file_location("compositor_worker", {worker!r})
worker = importlib.util.module_from_spec(spec)
spec.loader.exec_module(worker)
worker._load_own_package()
from blender_scenes import defocus_node
honest = defocus_node.camera_for
def camera_for(disparity, blur_parameter, focus_disparity):
    if blur_parameter == 13.0:
        os.kill(os.getpid(), 11)
    if blur_parameter == 14.0:
        raise ValueError("no luck")
    return honest(disparity, blur_parameter, focus_disparity)
defocus_node.camera_for = camera_for
os._exit(worker.main(sys.argv))
"""


def stand_in(content: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = folder / "stand_in.py"
    script.write_text(content)
    monkeypatch.setattr(blender_defocus, "COMPOSITOR_WORKER", script)


def small(blur_parameter: float) -> MethodInput:
    return sample(one_light(16, 24), plane(0.5, 16, 24), blur_parameter, 0.0)


def test_a_sample_that_fails_and_one_that_kills_blender_do_not_end_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stand_in(FAILING.format(worker=str(COMPOSITOR_WORKER)), tmp_path, monkeypatch)
    found = list(BlenderDefocus().render_batch([small(3.0), small(13.0), small(14.0), small(3.0)]))
    assert [one.display is None for one in found] == [False, True, True, False]
    assert found[1].error is not None
    assert "scene/bokeh_00_00: Blender was ended by SIGSEGV" in found[1].error
    assert found[2].error == "scene/bokeh_00_00: Blender failed: ValueError: no luck"


def test_a_blender_that_cannot_start_fails_every_sample_with_its_cause_and_is_started_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts = tmp_path / "starts"
    death = f"open({str(starts)!r}, 'a').write('x')\nraise ImportError('libSM.so.6: cannot open shared object file')\n"
    stand_in(death, tmp_path, monkeypatch)
    found = list(BlenderDefocus().render_batch([small(3.0), small(4.0)]))
    assert [one.display for one in found] == [None, None]
    for one in found:
        assert one.error is not None
        assert "libSM.so.6" in one.error
        assert "apt-get install" in one.error
    assert starts.read_text() == "x"


def test_stopping_early_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    batch = BlenderDefocus().render_batch([small(3.0), small(4.0)])
    assert next(batch).error is None
    assert list(tmp_path.iterdir()) != []
    batch.close()  # type: ignore[attr-defined]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_another_blender_gives_the_same_picture(
    rendered: dict[str, Rendering], monkeypatch: pytest.MonkeyPatch
) -> None:
    python = os.environ.get("BOKEHBENCH_BLENDER_PYTHON")
    if not python:
        pytest.skip("no other bpy: make a venv with bpy==5.0.1 and set BOKEHBENCH_BLENDER_PYTHON to its python")
    other = choose_blender(python=Path(python))
    monkeypatch.setattr(blender_defocus, "worker_events", partial(worker_events, blender=other))
    for name, found in zip(PICTURES, BlenderDefocus().render_batch(list(PICTURES.values())), strict=True):
        assert found.error is None
        expected = rendered[name].display
        assert expected is not None
        assert found.display is not None
        np.testing.assert_allclose(found.display, expected, atol=1e-5)
