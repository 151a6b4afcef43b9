"""The law of blur measured on pictures: against a lens made of many pinholes, and with the law broken on purpose."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from bokeh_render.optics import DisparityRange
from generator.blur_law import FACTORS, BlurProbe, PatchFit, check_blur_law, convolve
from generator.stack import Aperture, Stack, StackInfo

DISC, TRIANGLE = Aperture(), Aperture(blades=3, rotation_rad=0.3)


def texture(seed: int, height: int = 160, width: int = 240) -> NDArray[np.float64]:
    """Return light with detail at all scales of interest, (H, W, 3), periodic."""
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None, :])
    spectrum = np.fft.rfft2(rng.normal(size=(3, height, width))) * np.exp(-((frequency / 0.2) ** 2))
    noise = np.fft.irfft2(spectrum, s=(height, width))
    return np.moveaxis(np.clip(0.4 + 0.15 * noise / noise.std(), 0.02, None), 0, 2)


def through_pinholes(light: NDArray[np.float64], aperture: Aperture, radius: float, sign: int) -> NDArray[np.float64]:
    """Average the view through every pinhole of the lens: the slow twin of ``convolve``, with no pixel grid in it.

    sign: -1 behind the focal plane, where a pinhole to the right moves the picture to the right; +1 before it.
    """
    steps = (np.arange(121) - 60) / 60.5
    u, v = (grid.ravel() for grid in np.meshgrid(steps, steps))
    if aperture.blades:
        corners = (
            np.pi / aperture.blades + aperture.rotation_rad + 2 * np.pi * np.arange(aperture.blades) / aperture.blades
        )
        edges = corners + np.pi / aperture.blades
        inside = np.all([u * np.cos(e) + v * np.sin(e) <= np.cos(np.pi / aperture.blades) for e in edges], axis=0)
    else:
        inside = u * u + v * v <= 1.0
    height, width = light.shape[:2]
    x, y = -sign * radius * u[inside], sign * radius * v[inside]  # rows count downwards
    rows = np.exp(-2j * np.pi * np.fft.fftfreq(height)[:, None] * y[None, :])
    columns = np.exp(-2j * np.pi * x[:, None] * np.fft.rfftfreq(width)[None, :])
    transfer = rows @ columns
    spectrum = np.fft.rfft2(light, axes=(0, 1)) * (transfer / inside.sum())[..., None]
    return np.asarray(np.fft.irfft2(spectrum, s=(height, width), axes=(0, 1)))


@pytest.mark.parametrize("aperture", [DISC, TRIANGLE], ids=["disc", "triangle"])
@pytest.mark.parametrize("radius", [2.0, 5.3])
@pytest.mark.parametrize("in_front", [False, True])
def test_convolution_is_what_many_pinholes_see(aperture: Aperture, radius: float, in_front: bool) -> None:
    light = texture(1, 48, 64)
    expected = through_pinholes(light, aperture, radius, 1 if in_front else -1)
    got = convolve(light, aperture, radius, in_front)
    assert np.abs(got - expected).max() < 0.02 * light.std()


def test_a_single_lamp_becomes_the_aperture() -> None:
    light = np.zeros((64, 64, 3))
    light[32, 32] = 1.0
    triangle = Aperture(blades=3, rotation_rad=np.pi / 6)  # corners at 90°, 210° and 330°: one points up
    behind = convolve(light, triangle, 12.0, in_front=False)[..., 0]
    assert behind.sum() == pytest.approx(1.0)
    assert behind[32 - 10, 32] > 10 * abs(behind[32 + 10, 32])
    before = convolve(light, triangle, 12.0, in_front=True)[..., 0]
    np.testing.assert_allclose(before[1:, 1:], behind[:0:-1, :0:-1], atol=1e-12)
    many = convolve(light, Aperture.model_construct(blades=64, rotation_rad=0.0, ratio=1.0), 12.0, in_front=False)
    np.testing.assert_allclose(many, convolve(light, DISC, 12.0, in_front=False), atol=2e-4)


def made_stack(aperture: Aperture = DISC) -> Stack:
    """Return two textured walls side by side, at the disparities 0.1 and 0.6 per metre, each in focus once."""
    light = texture(2).astype(np.float32)
    disparity = np.full(light.shape[:2], 0.1, dtype=np.float32)
    disparity[:, 120:] = 0.6
    info = StackInfo(blur_parameters=(10.0, 20.0), focus_distances=(1 / 0.6, 1 / 0.1), aperture=aperture)
    return Stack(light, disparity, DisparityRange(0.1, 0.6), info)


def truth(stack: Stack, blur: int, focus: int, factor: float = 1.0) -> NDArray[np.float32]:
    """Return a bokeh image of the two walls through many pinholes, each wall by itself (edges are wrong)."""
    light = stack.light.astype(np.float64)
    out = np.zeros_like(light)
    for columns, disparity in ((slice(0, 120), 0.1), (slice(120, None), 0.6)):
        defocus = factor * stack.info.blur_parameters[blur] * (disparity - stack.info.focus_disparities[focus])
        sign = 1 if defocus > 0 else -1
        out[:, columns] = through_pinholes(light, stack.info.aperture, abs(defocus), sign)[:, columns]
    return np.maximum(out, 0).astype(np.float32)


@pytest.mark.parametrize("factor", [0.8, 1.0, 1.1])
@pytest.mark.parametrize("aperture", [DISC, TRIANGLE], ids=["disc", "triangle"])
def test_the_radius_that_made_a_picture_is_found(factor: float, aperture: Aperture) -> None:
    stack = made_stack(aperture)
    noise = np.random.default_rng(0).normal(0, 0.01, stack.light.shape).astype(np.float32)
    fits = [
        fit
        for blur in (0, 1)
        for focus in (0, 1)
        for fit in BlurProbe(stack).measure(np.maximum(truth(stack, blur, focus, factor) + noise, 0), blur, focus)
    ]
    assert len(fits) >= 20
    assert np.median([fit.factor for fit in fits]) == pytest.approx(factor, abs=0.01)
    finding = check_blur_law("walls", fits, levels=2)
    assert finding.state == ("ok" if factor == 1.0 else "failed"), finding


def test_patches_keep_away_from_edges_and_from_the_frame() -> None:
    stack = made_stack()
    for fit in BlurProbe(stack).measure(truth(stack, 1, 0), 1, 0, patches=100):
        assert fit.radius_px == pytest.approx(10.0, rel=1e-5)
        assert 8 + 10 <= fit.x <= 119 - 8 - 10
        assert 8 + 10 <= fit.y <= 159 - 8 - 10


def test_noise_is_no_texture() -> None:
    flat = made_stack()
    rng = np.random.default_rng(3)
    noisy = flat._replace(light=np.abs(0.3 + rng.normal(0, 0.03, flat.light.shape)).astype(np.float32))
    bokeh = np.abs(0.3 + rng.normal(0, 0.03, flat.light.shape)).astype(np.float32)
    assert BlurProbe(noisy).measure(bokeh, 1, 0) == []


def test_one_bad_sample_among_good_ones_is_named() -> None:
    rng = np.random.default_rng(0)

    def fits(blur: int, focus: int, factor: float, count: int) -> list[PatchFit]:
        return [PatchFit(blur, focus, 0, 0, 5.0, factor + rng.normal(0, 0.01), 0.005) for _ in range(count)]

    good = fits(0, 0, 1.0, 12) + fits(1, 0, 1.0, 12)
    assert check_blur_law("s", good, 2).state == "ok"
    finding = check_blur_law("s", good + fits(1, 1, 0.8, 6), 2)
    assert finding.state == "failed"
    assert "bokeh_01_01 0.79" in finding.text
    far_off = check_blur_law("s", good + [PatchFit(1, 1, 0, 0, 5.0, float(FACTORS[0]), 0.01)] * 6, 2)
    assert "bokeh_01_01 0.60 or less" in far_off.text
    few = check_blur_law("s", good[:4], 2)
    assert few.state == "not checked"
    assert "4 patches" in few.text
