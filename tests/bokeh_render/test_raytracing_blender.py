"""The layered ray tracer against Cycles, which follows its own rays through the same two planes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from bokeh_render import Aperture
from bokeh_render.imagefile import read_exr_channels, write_image
from bokeh_render.optics import fstop_for
from bokeh_render.raytracing import Layer, lens_points, trace

Array = NDArray[Any]
SCRIPT = Path(__file__).with_name("planes_in_blender.py")
SIZE, PAINT = (64, 96), (96, 128)  # the paint is larger: what the lens sees from the side
K, FOCUS = 20.0, 0.6  # px per 1/metre, 1/metre
SKEW = Aperture(blades=3, rotation_rad=0.26, ratio=1.3)
NEAR, FAR = (1.0, 0.0025, -0.002), (0.4, -0.0008, 0.0012)
"""Both planes are tilted: about 8 px of blur before the focal plane, 4 px behind it, in the middle."""
RENDERS, SAMPLES = 4, 128


def near_paint() -> tuple[Array, Array]:
    """Return the light and the alpha of a plane with a round hole and bars: every pixel covers all or nothing."""
    light = 0.1 + 0.9 * noise(1, 3.0) * np.array([1.0, 0.6, 0.3])
    rows, columns = np.indices(PAINT)
    x, y = columns - PAINT[1] / 2, rows - PAINT[0] / 2
    covers = (x < 14) & (np.hypot(x + 14, y + 4) > 11) | (x > 26) & ((x - 26) % 16 < 5)
    return light, covers.astype(float)


def far_paint() -> Array:
    """Return the light of the background, with small bright lights."""
    light = 0.05 + 0.6 * noise(2, 1.5) * np.array([0.4, 0.7, 1.0])
    for row, column in ((30, 70), (52, 84), (66, 44), (47, 52)):
        light[row : row + 2, column : column + 2] = 8.0
    return light


def noise(seed: int, softness_px: float) -> Array:
    drawn = gaussian_filter(np.random.default_rng(seed).random((*PAINT, 3)), (softness_px, softness_px, 0))
    return np.clip(0.5 + 2.5 * softness_px * (drawn - 0.5), 0.0, 1.0)


class Renders(NamedTuple):
    """mean: (H, W, 3) light; variance: of the mean, (H, W, 3)."""

    mean: Array
    variance: Array


@pytest.fixture(scope="module")
def cycles(tmp_path_factory: pytest.TempPathFactory) -> Renders:
    """Render the two planes with Cycles, several times with different seeds."""
    folder = tmp_path_factory.mktemp("planes")
    layers = []
    for name, plane, light, alpha in (("near", NEAR, *near_paint()), ("far", FAR, far_paint(), np.ones(PAINT))):
        files = {"light": folder / f"{name}_light.exr", "alpha": folder / f"{name}_alpha.exr"}
        write_image(files["light"], (light * alpha[..., None]).astype(np.float32), bits=32)
        write_image(files["alpha"], np.repeat(alpha[..., None], 3, axis=2).astype(np.float32), bits=32)
        layers.append({"plane": plane, "size": PAINT, **{key: str(path) for key, path in files.items()}})
    lens = {"fstop": fstop_for(K, 50.0, 36.0, SIZE[1]), "focus_distance_m": 1 / FOCUS, **SKEW.model_dump()}
    job = {"size": SIZE, "lens": lens, "layers": layers, "samples": SAMPLES, "renders": RENDERS, "folder": str(folder)}
    (folder / "job.json").write_text(json.dumps(job))
    ended = subprocess.run(
        [sys.executable, "-P", str(SCRIPT), str(folder / "job.json")], capture_output=True, text=True, check=False
    )
    assert (folder / f"render_{RENDERS - 1}.exr").is_file(), ended.stdout[-2000:] + ended.stderr[-2000:]
    each = []
    for number in range(RENDERS):
        channels = read_exr_channels(folder / f"render_{number}.exr")
        each.append(np.stack([channels[name] for name in "RGB"], axis=-1).astype(np.float64))
    return Renders(np.mean(each, axis=0), np.var(each, axis=0, ddof=1) / RENDERS)


def traced(k: float = K, focus: float = FOCUS, near: tuple[float, ...] = NEAR, lens: Array | None = None) -> Array:
    """Trace the same two planes; returns (H, W, 3) light."""

    def layer(light: Array, alpha: Array, plane: tuple[float, ...]) -> Layer:
        paint = torch.from_numpy(light).permute(2, 0, 1)[None].contiguous()
        return Layer(paint, torch.from_numpy(alpha)[None, None], torch.tensor([plane], dtype=torch.float64))

    layers = [layer(*near_paint(), near), layer(far_paint(), np.ones(PAINT), FAR)]
    numbers = (torch.tensor([value], dtype=torch.float64) for value in (k, focus))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    image = trace(layers, torch.from_numpy(lens_points(SKEW, 1000) if lens is None else lens), *numbers, SIZE)
    torch.set_num_threads(before)
    return image[0].permute(1, 2, 0).numpy()


def excess(image: Array, renders: Renders) -> float:
    """Return the mean squared difference in units of the noise around each pixel: 1 when nothing but noise differs."""
    noise_there = gaussian_filter(renders.variance, (2, 2, 0)) + 1e-7
    return float(((image - renders.mean) ** 2 / noise_there).mean())


def test_cycles_sees_the_same_two_planes(cycles: Renders) -> None:
    found = traced()
    assert excess(found, cycles) < 1.2  # measured: 0.65 (bright lights leave noise in their neighbourhood, too)
    assert -10 * np.log10(((found - cycles.mean) ** 2).mean()) > 49.0  # measured: 53.0 dB; the noise alone: 54.5 dB
    np.testing.assert_allclose(found.mean(axis=(0, 1)), cycles.mean.mean(axis=(0, 1)), rtol=1e-3)


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"k": 1.02 * K}, id="K 2 % too large"),
        pytest.param({"focus": FOCUS + 0.01}, id="focus 0.2 px off"),
        pytest.param({"near": (NEAR[0], NEAR[1], -NEAR[2])}, id="tilt"),
        pytest.param({"lens": lens_points(SKEW, 1000) * [-1.0, 1.0]}, id="lens mirrored"),
    ],
)
def test_a_small_mistake_would_show(cycles: Renders, wrong: dict[str, Any]) -> None:
    assert excess(traced(**wrong), cycles) > 2.0
