from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from bokeh_render import BadInputError, HighlightRecovery, HybridOptions, HybridRenderer, renderers, scatter
from bokeh_render.aperture_text import parse_aperture
from bokeh_render.neural import PUBLISHED_OPTIONS, pretrained
from bokeh_render.neural.checkpoints import save_weights
from bokeh_render.neural.error_map import ErrorMapSettings, error_map
from bokeh_render.neural.networks import gamma_input
from bokeh_render.neural.published import Networks
from bokeh_render.neural.refiner import Refiner, refiner_inputs
from bokeh_render.neural.refining import residual, scales_of
from bokeh_render.neural.tiling import Tiles
from bokeh_render.optics import Float32, display_from_light, light_from_display, signed_defocus
from bokeh_render.renderers import render_display
from bokeh_render.training_pairs import PairSettings, draw_pair
from tests.figures.radius_linearity import CASES, bokeh_of, by_light, by_second_moment, rendered_blur

from .drawn_networks import drawn_published, drawn_refiner

RNG = np.random.default_rng(0)
DISPLAY = RNG.random((93, 141, 3), dtype=np.float32)
DISPLAY[30:33, 20:23] = 3.0


def steps() -> Float32:
    """Two depth edges: a small one at the right, and a large one at the left that 40 px of blur surround."""
    defocus = np.full((93, 141), -2.0, dtype=np.float32)
    defocus[30:60, 100:125] = 5.0
    defocus[40:52, 4:12] = 40.0
    return defocus


DEFOCUS = steps()


pytestmark = pytest.mark.usefixtures("one_torch_thread")


def refined(**options: object) -> HybridRenderer:
    return HybridRenderer(drawn_refiner(), HybridOptions(**options), device="cpu")  # type: ignore[arg-type]


def published(**options: object) -> HybridRenderer:
    changed = PUBLISHED_OPTIONS.model_copy(update=options)
    return HybridRenderer(drawn_published(), changed, device="cpu")


def test_out_of_every_edges_reach_the_base_comes_out_bit_for_bit() -> None:
    base = render_display(DISPLAY, DEFOCUS, renderer="layered")
    found = refined().render(DISPLAY, DEFOCUS)
    away = found.error_map == 0
    assert 0.05 < away.mean() < 0.95
    assert np.array_equal(found.base, base)
    assert np.array_equal(found.bokeh[away], base[away])
    assert np.array_equal(found.neural[away], base[away])
    assert np.abs(found.bokeh - base)[~away].mean() > 0.01
    assert found.bokeh.min() >= 0
    inside = found.error_map == 1
    np.testing.assert_allclose(found.bokeh[inside], found.neural[inside], atol=1e-6)


def test_an_untrained_refiner_leaves_the_base() -> None:
    found = HybridRenderer(Refiner(), HybridOptions(fuse=False), device="cpu").render(DISPLAY, DEFOCUS)
    assert (found.error_map == 1).all()
    assert np.array_equal(found.bokeh, found.base)


@pytest.mark.parametrize("radius", [8.0, 24.0, 60.0, 96.0])
def test_a_point_light_stays_a_disc_of_its_radius(radius: float) -> None:
    side = 4 * int(radius) + 9  # so that the disc stays out of reach of what the border takes
    display = np.zeros((side, side, 3), dtype=np.float32)
    display[side // 2, side // 2] = 40.0
    found = refined().render(display, np.full((side, side), radius, dtype=np.float32))
    check_disc(light_from_display(found.bokeh).sum(axis=2), radius)


def check_disc(light: Float32, radius: float) -> None:
    """Check that light, of an odd size, is a uniform disc round its middle."""
    y, x = np.mgrid[: light.shape[0], : light.shape[1]]
    off = (y - light.shape[0] // 2) ** 2 + (x - light.shape[1] // 2) ** 2
    assert np.sqrt(2 * float((light * off).sum() / light.sum())) == pytest.approx(radius, rel=0.01)
    assert light.sum() / np.median(light[light > light.max() / 2]) == pytest.approx(np.pi * radius**2, rel=0.02)


def beside_an_edge(radius: float, gap: int) -> tuple[Float32, Float32, int]:
    """Draw a point light, blurred by ``radius`` (negative: behind), and ``gap`` px to its right a surface in focus.

    Returns display, defocus, and the row and column of the light.
    """
    middle = 2 * int(abs(radius)) + 4
    display = np.zeros((2 * middle + 1, middle + gap + 12, 3), dtype=np.float32)
    display[middle, middle] = 40.0
    defocus = np.full(display.shape[:2], radius, dtype=np.float32)
    defocus[:, middle + gap :] = 0.0
    return display, defocus, middle


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("radius", [8.0, 24.0, 60.0, 96.0])
def test_a_point_light_out_of_an_edges_reach_stays_a_disc_whatever_the_network_says(radius: float, sign: float) -> None:
    display, defocus, middle = beside_an_edge(sign * radius, 2 * int(radius) + 8)
    found = refined().render(display, defocus)
    reach = int(radius) + 2  # the disc, and what a pixel of rim may take
    around = np.s_[middle - reach : middle + reach + 1, middle - reach : middle + reach + 1]
    assert np.abs(found.bokeh - found.base).max() > 0.01  # the network is asked, and draws rubbish, elsewhere
    assert not found.error_map[around].any()
    assert np.array_equal(found.bokeh[around], found.base[around])
    check_disc(light_from_display(found.bokeh[around]).sum(axis=2), radius)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_within_an_edges_reach_only_that_side_of_a_disc_can_change(sign: float) -> None:
    """What the network makes of the near side is its training's affair: see tests/figures/radius_linearity.py."""
    radius = 24
    display, defocus, middle = beside_an_edge(sign * radius, int(1.5 * radius))
    found = refined().render(display, defocus)
    first = middle + int(1.5 * radius) - radius - 2 - ErrorMapSettings().neighbourhood_px  # column that E* may reach
    assert np.abs(found.bokeh - found.base)[:, first:].max() > 0.01
    assert np.array_equal(found.bokeh[:, :first], found.base[:, :first])
    light = light_from_display(found.bokeh[middle, : middle + 1]).sum(axis=1)
    rim = np.interp(0.5, np.maximum.accumulate(light / light[middle - radius // 2]), np.arange(middle + 1.0))
    assert middle - rim == pytest.approx(radius, rel=0.01)


@pytest.mark.parametrize("make", [refined, published])
def test_tiles_leave_no_seams(make: object) -> None:
    whole = make(tile_px=4096).render(DISPLAY, DEFOCUS)  # type: ignore[operator]
    found = make(tile_px=64).render(DISPLAY, DEFOCUS)  # type: ignore[operator]
    assert np.abs(whole.bokeh - whole.base).max() > 0.05
    for one, other in zip(found, whole, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def tensor(values: Float32) -> Tensor:
    placed = torch.from_numpy(values)
    return placed[None, None] if values.ndim == 2 else placed.permute(2, 0, 1)[None].contiguous()


@torch.inference_mode()
def test_within_the_networks_range_the_residual_is_one_pass() -> None:
    defocus = np.clip(DEFOCUS, -2, 5)[:92, :140].copy()
    display, base = DISPLAY[:92, :140].copy(), render_display(DISPLAY, DEFOCUS)[:92, :140].copy()
    refiner = drawn_refiner()
    inputs = refiner_inputs(tensor(display), tensor(defocus), tensor(base))
    expected = refiner(*inputs, gamma_input(torch.tensor([2.2])))
    found = residual(refiner, tensor(display), tensor(defocus), tensor(base), torch.ones((1, 1, 92, 140)), 2.2)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@torch.inference_mode()
def test_beyond_it_coarse_residuals_count_where_large_blur_reaches() -> None:
    refiner, ones = drawn_refiner(), torch.ones((1, 1, 93, 141))
    display, defocus, base = tensor(DISPLAY), tensor(DEFOCUS), tensor(render_display(DISPLAY, DEFOCUS))
    assert scales_of(40.0, iterative=True) == (0.4, 0.8, 1.0)
    found = residual(refiner, display, defocus, base, ones, 2.2)
    coarse = residual(refiner, display, defocus, base, ones, 2.2, iterative=False)
    small = [functional.interpolate(t, (37, 56), mode="bilinear", antialias=True) for t in (display, defocus, base)]
    padded = [
        functional.pad(t, (0, 0, 0, 1), mode="replicate") for t in refiner_inputs(small[0], small[1] * 0.4, small[2])
    ]
    by_hand = refiner(*padded, gamma_input(torch.tensor([2.2])))[:, :, :37]
    by_hand = functional.interpolate(by_hand, (93, 141), mode="bilinear", align_corners=False)
    torch.testing.assert_close(coarse, by_hand, atol=1e-5, rtol=1e-5)
    padded = [functional.pad(t, (0, 1, 0, 1), mode="replicate") for t in refiner_inputs(display, defocus, base)]
    fine = refiner(*padded, gamma_input(torch.tensor([2.2])))[:, :, :93, :141]
    y, x = np.mgrid[:93, :141]
    from_large = np.hypot(y - np.clip(y, 40, 51), x - np.clip(x, 4, 11))
    far = torch.from_numpy(from_large > 40 + 6)
    torch.testing.assert_close(found[..., far], fine[..., far], atol=1e-5, rtol=1e-5)
    near = torch.from_numpy(from_large < 40 - 6)
    middle = residual(refiner, display, defocus, base, ones, 2.2, how=Tiles(64))
    torch.testing.assert_close(middle, found, atol=1e-5, rtol=1e-5)
    assert (found - fine)[..., near].abs().mean() > 0.05  # the coarser residuals, each enlarged in turn


@torch.inference_mode()
def test_what_the_error_map_hides_need_not_be_computed() -> None:
    share = tensor(refined().render(DISPLAY, DEFOCUS).error_map)
    inputs = (tensor(DISPLAY), tensor(DEFOCUS), tensor(render_display(DISPLAY, DEFOCUS)))
    everywhere = residual(drawn_refiner(), *inputs, torch.ones_like(share), 2.2)
    found = residual(drawn_refiner(), *inputs, share, 2.2)
    counts = (share > 0).expand_as(found)
    torch.testing.assert_close(found[counts], everywhere[counts], atol=1e-5, rtol=1e-5)
    assert not found[~counts].any()


def bilinear(values: Tensor, ratio: float, size: tuple[int, int]) -> Tensor:
    small = (int(size[0] * ratio), int(size[1] * ratio))
    return functional.interpolate(values, small, mode="bilinear", align_corners=True)


def blurred(mask: Tensor) -> Tensor:
    radius = int(0.005 * (mask.shape[2] + mask.shape[3]))
    if radius == 0:
        return mask
    weights = torch.exp(-0.5 * (torch.arange(-radius, radius + 1) / (0.3 * (radius - 1) + 0.8)) ** 2)
    kernel = torch.outer(weights, weights)
    padded = functional.pad(mask, (radius,) * 4, mode="replicate")
    return functional.conv2d(padded, (kernel / kernel.sum())[None, None])


@torch.inference_mode()
def bokehme(networks: Networks, display: Float32, defocus: Float32) -> tuple[Tensor, Tensor]:
    """Return neural bokeh and error map as BokehMe's demo finds them, step by step."""
    size = defocus.shape
    gamma = torch.tensor([(2.2 - 1) / 4])
    image, blur = tensor(display), tensor(defocus) / 10
    light = np.ascontiguousarray(light_from_display(display))
    dilated = tensor(scatter(light, defocus, profile="bokehme").dilated_defocus) / 10
    s0 = max(float(blur.abs().max()), 1.0)
    bokeh, logit = networks.arnet(bilinear(image, 1 / s0, size), bilinear(blur / s0, 1 / s0, size), gamma)
    bokeh = bokeh.clamp_min(0)
    error = functional.interpolate(torch.sigmoid(logit), size, mode="bilinear", align_corners=True)
    for ratio in [2 ** (i + 1) / s0 for i in range(int(np.log2(s0)))] + [1.0]:
        sharper = networks.iunet(
            bilinear(image, ratio, size), (bilinear(blur, ratio, size) * ratio).clamp(-1, 1), bokeh, gamma
        )
        mask = blurred(((bilinear(dilated, ratio, size) * ratio).abs() < 1).float())
        coarse = functional.interpolate(bokeh, sharper.shape[2:], mode="bilinear", align_corners=True)
        bokeh = mask * sharper + (1 - mask) * coarse
    return bokeh.clamp_min(0), error


@pytest.mark.parametrize("largest", [40.0, 7.0])
def test_the_plain_hybrid_is_bokehme_step_by_step(largest: float) -> None:
    networks = drawn_published()
    defocus = np.clip(DEFOCUS, -2, largest)
    found = published(tile_px=64).render(DISPLAY, defocus)
    neural, error = bokehme(networks, DISPLAY, defocus)
    base = render_display(DISPLAY, defocus, profile="bokehme")
    assert np.array_equal(found.base, base)
    np.testing.assert_allclose(found.neural, neural[0].permute(1, 2, 0).numpy(), atol=2e-5)
    np.testing.assert_allclose(found.error_map, error[0, 0].numpy(), atol=1e-5)
    share = found.error_map[..., None]
    np.testing.assert_allclose(found.bokeh, base * (1 - share) + found.neural * share, atol=1e-5)
    assert np.array_equal(
        published(fuse=False).render(DISPLAY, defocus).bokeh, published().render(DISPLAY, defocus).neural
    )


def test_the_parts_can_be_exchanged() -> None:
    layered = published(base="layered", error_map="boundary").render(DISPLAY, DEFOCUS)
    assert np.array_equal(layered.base, render_display(DISPLAY, DEFOCUS, renderer="layered"))
    away = layered.error_map == 0
    assert np.array_equal(layered.bokeh[away], layered.base[away])
    assert np.array_equal(refined(base="plain").render(DISPLAY, DEFOCUS).base, render_display(DISPLAY, DEFOCUS))
    coarse = published(iterative=False).render(DISPLAY, DEFOCUS)
    assert np.abs(coarse.neural - published().render(DISPLAY, DEFOCUS).neural).max() > 0.01


@pytest.mark.parametrize("make", [refined, published])
@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 1), (23, 34)])
def test_any_size_will_do(make: object, size: tuple[int, int]) -> None:
    display = RNG.random((*size, 3), dtype=np.float32)
    for largest in (3.0, 300.0):
        defocus = np.linspace(-largest, largest, size[0] * size[1], dtype=np.float32).reshape(size)
        defocus.flat[0] = largest
        found = make(fuse=False).render(display, defocus)  # type: ignore[operator]
        assert found.bokeh.shape == (*size, 3)
        assert found.bokeh.dtype == np.float32
        assert np.isfinite(found.bokeh).all()


def test_without_depth_or_without_blur_the_base_comes_out() -> None:
    for constant in (0.0, 7.0, -50.0):
        found = refined().render(DISPLAY, np.full((93, 141), constant, dtype=np.float32))
        assert np.array_equal(found.bokeh, found.base)
        assert not found.error_map.any()
    sharp = refined().render(DISPLAY, np.zeros((93, 141), dtype=np.float32)).bokeh
    np.testing.assert_allclose(sharp, DISPLAY, atol=1e-5)


@pytest.mark.parametrize("make", [refined, published])
def test_blur_beyond_all_measure_is_as_four_times_the_longer_side(make: object) -> None:
    display, defocus = DISPLAY[:20, :28].copy(), np.zeros((20, 28), dtype=np.float32)
    defocus[:, 12:], defocus[4:12, 2:8] = 500_000.0, -2e9  # the layered renderer by itself refuses either
    found = make().render(display, defocus)  # type: ignore[operator]
    expected = make().render(display, np.clip(defocus, -112, 112))  # type: ignore[operator]
    assert np.isfinite(found.bokeh).all()
    for part, its in zip(found, expected, strict=True):
        assert np.array_equal(part, its)
    with pytest.raises(BadInputError, match="defocus holds NaN or infinite"):
        make().render(display, np.full((20, 28), 1e300))  # type: ignore[operator]


def test_read_only_arrays_will_do() -> None:
    display, defocus = DISPLAY[30:60, :30].copy(), DEFOCUS[30:60, :30].copy()
    expected = refined().render(display, defocus)
    assert expected.error_map.any()
    display.setflags(write=False)
    defocus.setflags(write=False)
    assert np.array_equal(refined().render(display, defocus).bokeh, expected.bokeh)


def test_a_batch_is_its_images() -> None:
    blurs = np.stack([DEFOCUS, -0.4 * DEFOCUS])
    images = np.stack([DISPLAY, DISPLAY[::-1]])
    found = refined().render_batch(
        torch.from_numpy(images.copy()).permute(0, 3, 1, 2).double(), torch.from_numpy(blurs)[:, None], gamma=3.0
    )
    assert [tuple(part.shape) for part in found] == [(2, 3, 93, 141)] * 3 + [(2, 1, 93, 141)]
    for i in range(2):
        alone = refined().render(images[i], blurs[i], gamma=3.0)
        assert np.array_equal(found.bokeh[i].permute(1, 2, 0).numpy(), alone.bokeh)
        assert np.array_equal(found.error_map[i, 0].numpy(), alone.error_map)
    with pytest.raises(BadInputError, match=r"expected \(N, 3, H, W\) and \(N, 1, H, W\)"):
        refined().render_batch(torch.zeros((1, 3, 4, 4)), torch.zeros((1, 4, 4)))


def test_the_opening_shapes_the_base_and_widens_the_error_map() -> None:
    hexagon = parse_aperture("hexagon:15")
    found = refined().render(DISPLAY, DEFOCUS, aperture=hexagon)
    assert np.array_equal(found.base, render_display(DISPLAY, DEFOCUS, renderer="layered", aperture=hexagon))
    disc, wide = (refined().render(DISPLAY, DEFOCUS, aperture=parse_aperture(text)) for text in ("disc", "ellipse:0.5"))
    assert (wide.error_map >= disc.error_map).all()
    assert wide.error_map.sum() > 1.2 * disc.error_map.sum()
    with pytest.raises(BadInputError, match="knows no cat's eye"):
        refined().render(DISPLAY, DEFOCUS, aperture=parse_aperture("cat-eye"))
    refined(base="plain").render(DISPLAY, DEFOCUS, aperture=parse_aperture("cat-eye"))


def test_highlights_are_brightened_where_blurred() -> None:
    disparity = RNG.random((93, 141)).astype(np.float32)
    disparity.flat[0], disparity.flat[1] = 0.0, 1.0
    from bokeh_render import recover_highlights

    settings = HighlightRecovery(gain=0.8)
    brightened = recover_highlights(DISPLAY, disparity, 0.25, settings)
    defocus = (4 * (disparity - 0.25)).astype(np.float32)
    found = refined(highlights=settings).render(DISPLAY, defocus)
    np.testing.assert_allclose(found.bokeh, refined().render(brightened, defocus).bokeh, atol=1e-4)
    assert np.abs(found.bokeh - refined().render(DISPLAY, defocus).bokeh).max() > 0.01


def test_gamma_reaches_base_and_network() -> None:
    found = refined().render(DISPLAY, DEFOCUS, gamma=4.0)
    assert np.array_equal(found.base, render_display(DISPLAY, DEFOCUS, renderer="layered", gamma=4.0))
    light = display_from_light(light_from_display(DISPLAY, 4.0), 4.0)
    np.testing.assert_allclose(light, DISPLAY, atol=1e-5)
    added = [r.bokeh - r.base for r in (found, refined().render(DISPLAY, DEFOCUS, gamma=1.0))]
    assert np.abs(added[0] - added[1]).max() > 0.01


@pytest.mark.parametrize("make", [refined, published])
def test_bad_arrays_are_refused(make: object) -> None:
    renderer = make()  # type: ignore[operator]
    wrong = DEFOCUS.copy()
    wrong[3, 4] = np.nan
    with pytest.raises(BadInputError, match="defocus holds NaN"):
        renderer.render(DISPLAY, wrong)
    with pytest.raises(BadInputError, match="image holds NaN"):
        renderer.render(np.full_like(DISPLAY, np.inf), DEFOCUS)
    with pytest.raises(BadInputError, match="expected equal height and width"):
        renderer.render(DISPLAY, DEFOCUS[:5])
    with pytest.raises(BadInputError, match="gamma is 0"):
        renderer.render(DISPLAY, DEFOCUS, gamma=0.0)


def test_options_that_cannot_be_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="tile_px"):
        HybridOptions(tile_px=101)
    with pytest.raises(BadInputError, match="predict no error map"):
        HybridRenderer(Refiner(), HybridOptions(error_map="predicted"))
    with pytest.raises(BadInputError, match="unknown device 'warp'"):
        HybridRenderer(Refiner(), device="warp")
    with pytest.raises(BadInputError, match="unknown pretrained networks 'best'; expected one of refined, bokehme"):
        HybridRenderer.from_pretrained("best")
    with pytest.raises(BadInputError, match="arnet and iunet, or one for refiner alone"):
        HybridRenderer.from_checkpoints(arnet=tmp_path / "a.pth")
    if not torch.cuda.is_available():
        with pytest.raises(BadInputError, match="needs an NVIDIA card"):
            HybridRenderer(Refiner(), device="cuda")


def test_weights_from_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    networks = drawn_published()
    save_weights(tmp_path / "refiner.safetensors", drawn_refiner(), {})
    torch.save({"model": networks.arnet.state_dict()}, tmp_path / "arnet.pth")
    torch.save({"model": networks.iunet.state_dict()}, tmp_path / "iunet.pth")
    expected = refined().render(DISPLAY, DEFOCUS).bokeh
    for path in (tmp_path / "refiner.safetensors", str(tmp_path / "refiner.safetensors")):
        own = HybridRenderer.from_checkpoints(refiner=path, device="cpu")
        assert np.array_equal(own.render(DISPLAY, DEFOCUS).bokeh, expected)
    official = HybridRenderer.from_checkpoints(
        arnet=tmp_path / "arnet.pth", iunet=str(tmp_path / "iunet.pth"), device="cpu"
    )
    assert np.array_equal(official.render(DISPLAY, DEFOCUS).bokeh, published().render(DISPLAY, DEFOCUS).bokeh)

    monkeypatch.setattr(pretrained, "WEIGHTS_FOLDER", tmp_path)
    renderers._hybrid_renderer.cache_clear()
    try:
        assert np.array_equal(render_display(DISPLAY, DEFOCUS, renderer="hybrid"), expected)
    finally:
        renderers._hybrid_renderer.cache_clear()
    with pytest.raises(BadInputError, match="the weights arnet.safetensors, iunet.safetensors are not in"):
        HybridRenderer.from_pretrained("bokehme")


def test_edges_are_found_as_in_the_training_of_the_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edges = ErrorMapSettings(neighbourhood_px=4, margin_px=7.0)
    told = {"error_map": edges.model_dump(mode="json")}
    save_weights(tmp_path / "refiner.safetensors", drawn_refiner(), told)
    save_weights(tmp_path / "arnet.safetensors", drawn_published().arnet, told)
    save_weights(tmp_path / "iunet.safetensors", drawn_published().iunet, {})
    monkeypatch.setattr(pretrained, "WEIGHTS_FOLDER", tmp_path)
    expected = error_map(DEFOCUS, edges)
    assert np.abs(expected - error_map(DEFOCUS)).max() > 0.5
    own = PUBLISHED_OPTIONS.model_copy(update={"error_map": "boundary"})
    for renderer in (
        HybridRenderer.from_pretrained(device="cpu"),
        HybridRenderer.from_checkpoints(refiner=tmp_path / "refiner.safetensors", device="cpu"),
        HybridRenderer.from_pretrained("bokehme", own, device="cpu"),
    ):
        assert np.array_equal(renderer.render(DISPLAY, DEFOCUS).error_map, expected)
    wide = HybridRenderer.from_pretrained(device="cpu").render(DISPLAY, DEFOCUS, aperture=parse_aperture("ellipse:0.5"))
    assert wide.error_map.sum() > expected.sum()
    save_weights(tmp_path / "refiner.safetensors", drawn_refiner(), {"error_map": {"margin": 3}})
    with pytest.raises(BadInputError, match=r"refiner.safetensors, error_map in its metadata: unknown key 'margin'"):
        HybridRenderer.from_pretrained()


def in_edge_region(image: Float32, truth: Float32, where: NDArray[np.bool_]) -> float:
    """PSNR, dB, of display values clipped to [0, 1]."""
    return -10 * float(np.log10(np.square(np.clip(image, 0, 1) - np.clip(truth, 0, 1))[where].mean()))


@pytest.mark.parametrize("name", pretrained.PRETRAINED)
def test_the_weights_that_come_along_do_no_harm_on_pairs_never_trained_on(name: str) -> None:
    if not pretrained.weights_are_there(name):
        pytest.skip(f"the weights of {name} are not in the package")
    renderer = HybridRenderer.from_pretrained(name, device="cpu")
    settings, scored, index = PairSettings(height=96, width=96, blur_px=(3, 12)), 0, 0
    while scored < 2:  # some pairs show a single surface
        pair = draw_pair(settings, 1_000_000, index)
        index += 1
        defocus = signed_defocus(pair.imperfect, pair.blur_parameter, pair.focus_disparity)
        edge = error_map(defocus, renderer.edges) > 0.5
        if not edge.any():
            continue
        scored += 1
        found = renderer.render(pair.display, defocus, gamma=pair.gamma)
        assert np.isfinite(found.bokeh).all()
        if name == "refined":
            base = in_edge_region(found.base, pair.bokeh, edge)
            assert in_edge_region(found.bokeh, pair.bokeh, edge) >= base - 0.02
        else:  # sanity only: what BokehMe gains, it gains on average
            changed = np.abs(np.clip(found.bokeh, 0, 1) - np.clip(found.base, 0, 1)).mean(axis=2)
            assert changed[found.error_map < 0.02].sum() <= 0.02 * edge.size
            assert changed.mean() < 0.1


@pytest.mark.parametrize("case", CASES)
def test_with_the_weights_that_come_along_a_disc_beside_an_edge_keeps_its_radius(case: str) -> None:
    if not pretrained.weights_are_there("refined"):
        pytest.skip("the weights of refined are not in the package")
    hybrid = HybridRenderer.from_pretrained(device="cpu")
    for radius in (8.0, 40.0, 96.0):
        blur = rendered_blur(partial(bokeh_of, hybrid), case, radius)
        assert by_second_moment(blur) == pytest.approx(radius, rel=0.01)
        assert by_light(blur) == pytest.approx(radius, rel=0.01)


def test_the_number_of_threads_is_given_back() -> None:
    two = refined().render(DISPLAY, DEFOCUS, threads=2).bokeh
    assert torch.get_num_threads() == 1
    np.testing.assert_allclose(two, refined().render(DISPLAY, DEFOCUS).bokeh, atol=1e-5)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA card")
@pytest.mark.parametrize("half", [False, True])
def test_a_graphics_card_gives_the_same(half: bool) -> None:
    for networks, options in ((drawn_refiner(), HybridOptions(half=half)), (drawn_published(), PUBLISHED_OPTIONS)):
        changed = options.model_copy(update={"half": half})
        expected = HybridRenderer(networks, changed, device="cpu").render(DISPLAY, DEFOCUS).bokeh
        found = HybridRenderer(networks, changed, device="cuda").render(DISPLAY, DEFOCUS).bokeh
        np.testing.assert_allclose(found, expected, atol=2e-2 if half else 2e-3)
