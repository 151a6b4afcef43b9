"""The parts of training, each for itself: losses, learning rate, averaged weights, crops, configs, checkpoints."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from torch import nn

from bokeh_render.classical.dilation import dilate_defocus
from bokeh_render.errors import BadInputError
from bokeh_render.neural.error_map import ErrorMapSettings, error_map
from bokeh_render.neural.networks import ARNet, IUNet, resize
from bokeh_render.neural.published import UNIT_PX, Networks, render_published, shares_of
from bokeh_render.neural.refiner import REFINER_RANGE_PX, Refiner
from bokeh_render.neural.refining import scales_of
from bokeh_render.optics import signed_defocus
from bokeh_render.training.batches import Batch, batch_of, counts_in_pass, draw_batch, whole
from bokeh_render.training.config import (
    VALIDATION_SEED,
    LossSettings,
    StageConfig,
    TrainConfig,
    included_configs,
    load_train_config,
)
from bokeh_render.training.ema import RunningMean, decay_at
from bokeh_render.training.examples import PLANE_COUNT, PLANES, Derivation, Half, make_example
from bokeh_render.training.initial import draw_weights
from bokeh_render.training.losses import clip_display, image_loss, pixel_weight
from bokeh_render.training.schedule import learning_rate_at
from bokeh_render.training.stages import ARNetObjective, IUNetObjective, RefinerObjective
from bokeh_render.training.validation import validate
from bokeh_render.training_pairs import PairSettings, TrainingPair

CPU = torch.device("cpu")
PLAIN = LossSettings(edges=0.0, everywhere=1.0, in_error_map=0.0)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def example_of(side: int = 40, *, blur: float = 6.0) -> Half:
    """Return a disc before a wall, whose truth is a little darker than the all-in-focus image."""
    y, x = np.mgrid[:side, :side]
    disc = ((x - side / 2) ** 2 + (y - side / 2) ** 2 < (side / 5) ** 2).astype(np.float32)
    display = np.stack([0.2 + 0.6 * disc, 0.5 + 0 * disc, x / side], axis=-1).astype(np.float32)
    pair = TrainingPair(display, disc, 1 - disc, 0.9 * display, blur, 0.25, 2.2, "disc")
    return make_example(pair, Derivation("layered", False, ErrorMapSettings()))


def batch_of_one(side: int = 40, *, blur: float = 6.0) -> Batch:
    return batch_of([whole(example_of(side, blur=blur))], CPU)


# ---- losses


def test_a_gradient_passes_the_clip_only_if_it_leads_back() -> None:
    values = torch.tensor([-0.5, 0.5, 1.5, -0.5, 0.5, 1.5], requires_grad=True)
    up = torch.tensor([-1.0, -1.0, -1.0, 1.0, 1.0, 1.0])  # descent raises the first three, lowers the others
    (clip_display(values) * up).sum().backward()
    assert values.grad is not None
    assert values.grad.tolist() == [-1.0, -1.0, 0.0, 0.0, 1.0, 1.0]
    assert clip_display(values).tolist() == [0.0, 0.5, 1.0, 0.0, 0.5, 1.0]


def test_the_loss_is_the_weighted_mean_of_what_scores_see() -> None:
    truth = torch.full((1, 3, 10, 10), 0.5)
    predicted = truth.clone()
    predicted[..., :5] += 0.2
    predicted[..., 9, 9] = 1.7  # counts as 1
    weight = torch.zeros(1, 1, 10, 10)
    weight[..., :5] = 2.0
    area = 2.0 * 50 + 0.01 * 100
    assert image_loss(predicted, truth, weight, PLAIN).item() == pytest.approx(2.0 * 50 * 0.2 / area)
    squares = PLAIN.model_copy(update={"kind": "l2"})
    assert image_loss(predicted, truth, weight, squares).item() == pytest.approx(2.0 * 50 * 0.04 / area)
    smooth = PLAIN.model_copy(update={"kind": "charbonnier"})
    assert image_loss(predicted, truth, weight, smooth).item() == pytest.approx(2.0 * 50 * 0.2 / area, rel=1e-3)
    whole = image_loss(predicted, truth, torch.ones(1, 1, 10, 10), PLAIN).item()
    assert whole == pytest.approx((50 * 0.2 + 0.5) / 101)


def test_a_small_edge_region_counts_as_much_as_a_large_one() -> None:
    truth = torch.zeros(1, 3, 32, 32)
    predicted = truth + 0.1
    small, large = torch.zeros(1, 1, 32, 32), torch.ones(1, 1, 32, 32)
    small[..., :8, :8] = 1.0
    ratio = image_loss(predicted, truth, small, PLAIN) / image_loss(predicted, truth, large, PLAIN)
    assert 0.8 < ratio.item() <= 1.0


def test_edges_cost_what_a_constant_shift_does_not() -> None:
    truth = torch.rand((1, 3, 12, 12), generator=generator()) * 0.5
    weight = torch.ones(1, 1, 12, 12)
    with_edges = PLAIN.model_copy(update={"edges": 1.0})
    shifted = image_loss(truth + 0.1, truth, weight, with_edges) - image_loss(truth + 0.1, truth, weight, PLAIN)
    assert shifted.item() == pytest.approx(0.0, abs=1e-6)
    striped = truth + 0.1 * (torch.arange(12) % 2)
    added = image_loss(striped, truth, weight, with_edges) - image_loss(striped, truth, weight, PLAIN)
    assert added.item() == pytest.approx(0.1 * (132 / (132 + 0.01 * 144)) * 1.0, rel=0.02)


def test_decibels_are_of_each_crop_and_right_ones_do_not_lead() -> None:
    truth = torch.full((2, 3, 10, 10), 0.5)
    wrong = torch.tensor([0.1, 0.001]).view(2, 1, 1, 1)
    difference = wrong.expand(2, 3, 10, 10).clone().requires_grad_()
    loss = image_loss(truth + difference, truth, torch.ones(2, 1, 10, 10), PLAIN.model_copy(update={"kind": "decibel"}))
    share = 100 / 101  # of the pixels in the sum of weights
    expected = [10 * np.log10(d**2 * share + 1e-4) for d in (0.1, 0.001)]
    assert loss.item() == pytest.approx(np.mean(expected), abs=1e-3)
    loss.backward()
    assert difference.grad is not None
    pulls = difference.grad.abs().sum(dim=(1, 2, 3))
    assert pulls[1] < pulls[0], "a crop at 60 dB pulls less than one at 20 dB"


def test_pixels_count_by_the_error_map() -> None:
    settings = LossSettings(everywhere=0.25, in_error_map=2.0)
    assert pixel_weight(torch.tensor([0.0, 0.5, 1.0]), settings).tolist() == [0.25, 1.25, 2.25]


# ---- learning rate, averaged weights, first weights


def stage_of(**changes: object) -> StageConfig:
    content: dict[str, object] = {"network": "refiner", "pool": 4, "steps": 100, "crop": 32, "batch": 2}
    return StageConfig.model_validate({**content, **changes})


def test_the_learning_rate_rises_then_falls_to_a_hundredth() -> None:
    stage = stage_of(steps=100, warm_up=10, learning_rate=1e-3)
    rates = [learning_rate_at(step, stage) for step in range(100)]
    assert rates[0] == pytest.approx(1e-4)
    assert max(rates) == pytest.approx(1e-3)
    assert rates.index(max(rates)) in {9, 10}
    assert rates[-1] == pytest.approx(1e-5)
    assert all(a <= b for a, b in pairwise(rates[:10]))
    assert all(a >= b for a, b in pairwise(rates[10:]))
    short = stage_of(steps=1, warm_up=0)
    assert learning_rate_at(0, short) == pytest.approx(short.learning_rate)


def test_the_mean_forgets_its_beginning_and_then_moves_slowly() -> None:
    network = nn.Linear(1, 1, bias=False)
    with torch.no_grad():
        network.weight.fill_(0.0)
        mean = RunningMean(network)
        network.weight.fill_(1.0)
    for step in range(20):
        mean.update(network, decay_at(step, 0.999))
    assert mean.weights["weight"].item() > 0.99  # a fixed .999 would stand at .02
    assert decay_at(10**6, 0.999) == 0.999


def test_first_weights_follow_from_the_seed_and_a_residual_begins_at_nothing() -> None:
    first, again, other = Refiner(), Refiner(), Refiner()
    for network, seed in ((first, 3), (again, 3), (other, 4)):
        draw_weights(network, generator(seed))
    same = [torch.equal(a, b) for a, b in zip(first.parameters(), again.parameters(), strict=True)]
    assert all(same)
    assert not torch.equal(first.conv0.conv.weight, other.conv0.conv.weight)
    assert not first.conv1.conv.weight.any()
    bound = 1 / np.sqrt(29 * 4 / 4 * 9)  # torch's own: 1 / sqrt(inputs of a convolution)
    assert 0.9 * bound < first.conv0.conv.weight.abs().max() <= bound


def test_arnet_hears_the_defocus_from_the_first_step() -> None:
    network = ARNet()
    draw_weights(network, generator())
    sizes = network.conv0.conv.weight.abs().mean(dim=(0, 2, 3))
    others = torch.cat([sizes[:12], sizes[16:]])
    assert sizes[12:16].min() > 6 * others.max()


# ---- examples and crops


def test_an_example_holds_base_error_map_and_reach_of_the_chosen_disparity() -> None:
    side, blur = 40, 6.0
    example = example_of(side, blur=blur)
    assert example.shape == (PLANE_COUNT, side, side)
    assert example.dtype == np.float16
    y, x = np.mgrid[:side, :side]
    disc = ((x - side / 2) ** 2 + (y - side / 2) ** 2 < (side / 5) ** 2).astype(np.float32)
    defocus = signed_defocus(disc, blur, 0.25)
    np.testing.assert_allclose(example[PLANES.defocus][0], defocus, rtol=1e-3)
    np.testing.assert_allclose(example[PLANES.error][0], error_map(defocus), atol=1e-3)
    np.testing.assert_allclose(example[PLANES.gamma], 2.2, rtol=1e-3)
    reach = example[PLANES.reach][0].astype(np.float32)
    assert reach[0, 0] == pytest.approx(1.5, abs=0.6)  # the wall's own, 0.25 * 6 px
    assert 3.5 <= reach[side // 2, side // 2 + side // 5 + 3] <= 4.5  # 3 px beside the disc, whose blur is 4.5 px
    assert reach.max() <= np.abs(example[PLANES.defocus]).max()
    assert np.array_equal(example[PLANES.dilated][0], dilate_defocus(defocus).astype(np.float16))
    assert np.abs(example[PLANES.base] - example[PLANES.display]).max() > 0.05


def test_the_imperfect_disparity_makes_another_example() -> None:
    y, x = np.mgrid[:24, :24].astype(np.float32) / 24
    display = np.stack([x, y, x * y], axis=-1)
    pair = TrainingPair(display, x, np.zeros_like(x), display, 4.0, 0.0, 2.2, "ramp")
    clean, seen = (make_example(pair, Derivation("scatter", kind, ErrorMapSettings())) for kind in (False, True))
    assert not np.array_equal(clean, seen)
    np.testing.assert_allclose(seen[PLANES.base], seen[PLANES.display], atol=2e-3)  # all in focus


def test_a_crop_is_a_part_of_its_pair_turned_and_mirrored() -> None:
    example = np.zeros((PLANE_COUNT, 20, 20), dtype=np.float16)
    example[:] = np.arange(400).reshape(20, 20)
    stage = stage_of(crop=16, batch=8)
    batch = draw_batch([example], stage, np.random.default_rng(0), CPU)
    assert batch.display.shape == (8, 3, 16, 16)
    for crop in batch.display[:, 0].numpy():
        steps = {abs(float(crop[0, 1] - crop[0, 0])), abs(float(crop[1, 0] - crop[0, 0]))}
        assert steps == {1.0, 20.0}
    assert len({crop.tobytes() for crop in batch.display.numpy()}) > 1
    again = draw_batch([example], stage, np.random.default_rng(0), CPU)
    assert all(torch.equal(a, b) for a, b in zip(batch, again, strict=True))


def test_light_from_outside_is_not_learnt_from() -> None:
    known = example_of(40, blur=6.0)[PLANES.known][0]  # the largest blur is 4.5 px
    inside = np.zeros((40, 40), dtype=np.float16)
    inside[5:35, 5:35] = 1.0
    assert np.array_equal(known, inside)
    batch = batch_of_one()
    wrong_outside = batch._replace(truth=torch.where(batch.counts > 0, batch.truth, torch.rand(batch.truth.shape)))
    plain = {"everywhere": 1.0, "edges": 0.0, "fused": 0.0, "error_map": 0.0}
    for objective in (
        RefinerObjective(stage_of(loss=plain)),
        ARNetObjective(stage_of(network="arnet", loss=plain)),
        IUNetObjective(stage_of(network="iunet", frozen="arnet", loss=plain), ARNet()),
    ):
        with torch.no_grad():
            first, second = (objective.losses(seen, generator(1))["image"].item() for seen in (batch, wrong_outside))
        assert first == pytest.approx(second, rel=1e-6)


def test_light_from_outside_is_not_scored() -> None:
    example = example_of()
    changed = example.copy()
    changed[PLANES.truth] = np.where(example[PLANES.known] > 0, example[PLANES.truth], 0.0)
    objective = RefinerObjective(stage_of())
    assert validate(objective, [example], CPU) == validate(objective, [changed], CPU)


@pytest.mark.parametrize("largest", [6.0, 16.0, 40.0])
def test_the_refiner_sees_a_crop_as_one_of_its_passes_does(largest: float) -> None:
    example = np.zeros((PLANE_COUNT, 96, 96), dtype=np.float16)
    example[PLANES.known] = example[PLANES.error] = 1.0
    example[PLANES.defocus], example[PLANES.reach] = -largest, largest
    batch = draw_batch([example], stage_of(crop=32, batch=32), np.random.default_rng(0), CPU)
    assert batch.display.shape[2:] == (32, 32)
    seen = sorted({round(-float(value) / largest, 5) for value in batch.defocus[:, 0, 0, 0]})
    assert seen == [round(32 / round(32 / scale), 5) for scale in scales_of(largest, iterative=True)]
    torch.testing.assert_close(batch.largest, -batch.defocus[:, 0, 0, 0])
    coarsest = batch.largest <= 16.2
    assert batch.counts[coarsest].min() > 0.999, "the first pass counts where the largest blur reaches"
    assert not batch.counts[~coarsest].any(), "later ones do not"


def test_each_pixel_is_learnt_from_in_one_pass() -> None:
    reach = np.linspace(0.0, 45.0, 400).astype(np.float16)
    passes = [counts_in_pass(reach, scale) for scale in scales_of(45.0, iterative=True)]
    assert len(passes) == 3
    among = np.sum(passes, axis=0)
    assert among.min() == 1
    assert np.mean(among > 1) < 0.01  # rounding, between two passes


def test_arnet_sees_large_blur_smaller_as_in_use() -> None:
    example = np.zeros((PLANE_COUNT, 64, 64), dtype=np.float16)
    example[PLANES.display] = np.random.default_rng(0).random((3, 64, 64))
    example[PLANES.defocus] = 20.0
    stage = stage_of(network="arnet", crop=32, batch=8)
    batch = draw_batch([example], stage, np.random.default_rng(0), CPU)
    torch.testing.assert_close(batch.defocus, torch.full((8, 1, 32, 32), 10.0))
    expected = resize(torch.from_numpy(example[PLANES.display].astype(np.float32))[None], (32, 32))[0]
    turned = [expected.flip(2).rot90(k, (1, 2)) for k in range(4)] + [expected.rot90(k, (1, 2)) for k in range(4)]
    assert all(any(torch.allclose(seen, one, atol=1e-5) for one in turned) for seen in batch.display)


def test_of_several_places_the_one_with_edges_is_taken() -> None:
    example = np.zeros((PLANE_COUNT, 64, 64), dtype=np.float16)
    example[PLANES.error, 40:, 40:] = 1.0
    example[PLANES.known] = 1.0
    means = []
    for tries in (1, 8):
        batch = draw_batch([example], stage_of(crop=16, batch=32, crop_tries=tries), np.random.default_rng(0), CPU)
        means.append(float(batch.error.mean()))
    assert means[1] > 2 * means[0]


def test_pairs_smaller_than_the_crop_are_refused() -> None:
    with pytest.raises(BadInputError, match="20x20 px but the crop is 32 px"):
        draw_batch([np.zeros((PLANE_COUNT, 20, 20), np.float16)], stage_of(), np.random.default_rng(0), CPU)


# ---- objectives


def test_an_untrained_refiner_leaves_the_base_and_learns_in_the_error_map_only() -> None:
    batch = batch_of_one()
    objective = RefinerObjective(stage_of())
    predicted = objective.predict(batch)
    assert torch.equal(predicted.final, batch.base)
    without = batch._replace(error=torch.zeros_like(batch.error))
    assert sum(objective.losses(without, generator()).values()).item() == 0.0
    loss = sum(objective.losses(batch, generator()).values())
    assert loss.item() > 0.01
    loss.backward()
    assert objective.network.conv1.conv.weight.grad.abs().sum() > 0
    beyond = batch._replace(counts=torch.zeros_like(batch.counts))
    assert sum(objective.losses(beyond, generator()).values()).item() == 0.0


def test_arnet_learns_picture_error_map_and_their_fusion() -> None:
    batch = batch_of_one()
    objective = ARNetObjective(stage_of(network="arnet"))
    terms = objective.losses(batch, generator())
    assert set(terms) == {"image", "fused", "error_map"}
    sum(terms.values()).backward(retain_graph=True)
    assert all(parameter.grad.abs().sum() > 0 for parameter in objective.network.parameters())
    objective.zero_grad()
    terms["fused"].backward()
    last = objective.network.conv1.conv.weight.grad
    assert last[:12].any(), "the picture learns from the fused image"
    assert not last[12:].any(), "the error map does not"
    assert objective.predict(batch).final.shape == batch.truth.shape


def test_iunet_learns_every_pass_and_arnet_stays_as_it_is() -> None:
    batch = batch_of_one(128, blur=28.0)
    shares = shares_of(float(batch.largest[0]))
    assert shares == pytest.approx((1 / 2.1, 2 / 2.1, 1.0), rel=1e-3)  # the largest blur is 21 px: 2.1 units
    arnet = ARNet()
    draw_weights(arnet, generator())
    objective = IUNetObjective(stage_of(network="iunet", frozen="arnet", loss={"everywhere": 1.0}), arnet)
    draw_weights(objective.network, generator())
    losses = {round(objective.losses(batch, generator(seed))["image"].item(), 6) for seed in range(12)}
    assert len(losses) == 2  # one for each pass
    objective.losses(batch, generator())["image"].backward()
    assert all(parameter.grad is None for parameter in arnet.parameters())
    assert isinstance(objective.network, IUNet)
    assert objective.network.conv0.conv.weight.grad.abs().sum() > 0


def test_iunet_learns_every_pass_in_half_precision_as_well() -> None:
    """Within the autocast of a training step, masks and images stay float32: only the networks are run in 16 bits."""
    batch = batch_of_one(128, blur=28.0)
    arnet, stage = ARNet(), stage_of(network="iunet", frozen="arnet", loss={"everywhere": 1.0})
    draw_weights(arnet, generator())
    found: dict[bool, list[float]] = {}
    for half in (False, True):
        objective = IUNetObjective(stage, arnet, half=half)
        draw_weights(objective.network, generator())
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
            found[half] = [objective.losses(batch, generator(seed))["image"].item() for seed in range(4)]
    assert len({round(value, 6) for value in found[True]}) == 2  # one for each pass
    assert found[True] == pytest.approx(found[False], rel=0.02)
    assert found[True] != found[False]


def test_iunet_learns_each_picture_with_its_own_passes() -> None:
    """A picture costs the same beside one with more blur."""
    arnet = ARNet()
    objective = IUNetObjective(stage_of(network="iunet", frozen="arnet", loss={"everywhere": 1.0}), arnet)
    draw_weights(objective, generator())
    little, much = whole(example_of(128, blur=12.0)), whole(example_of(128, blur=28.0))
    with torch.no_grad():
        alone = {objective.losses(batch_of([little], CPU), generator(n))["image"].item() for n in range(4)}
        other = {objective.losses(batch_of([much], CPU), generator(n))["image"].item() for n in range(12)}
        both = objective.losses(batch_of([little, much], CPU), generator())["image"].item()
    assert len(alone) == 1
    assert len(other) == 2
    assert any(both == pytest.approx((alone_ + other_) / 2, rel=1e-5) for alone_ in alone for other_ in other)


def test_a_pass_is_learnt_as_it_is_used() -> None:
    """The last pass, with nothing masked away, is what render_published gives."""
    batch = batch_of_one(96, blur=8.0)
    arnet, stage = ARNet(), stage_of(network="iunet", frozen="arnet", loss={"everywhere": 1.0, "edges": 0.0})
    objective = IUNetObjective(stage, arnet)
    draw_weights(objective, generator())
    everywhere = batch._replace(counts=torch.ones_like(batch.counts))
    with torch.no_grad():
        found = objective.losses(everywhere, generator())["image"]
        used = render_published(
            Networks(arnet, objective.network), batch.display, batch.defocus, batch.dilated, float(batch.gamma[0])
        )
    assert found.item() == pytest.approx(
        image_loss(used.bokeh, batch.truth, pixel_weight(batch.error, stage.loss), stage.loss).item(), rel=1e-5
    )


# ---- configs


@pytest.mark.parametrize("name", included_configs())
def test_included_configs_load_and_their_pairs_are_as_large_as_their_crops(name: str) -> None:
    config = load_train_config(name)
    assert config.name == name
    for stage in config.stages:
        within_px = {"refiner": REFINER_RANGE_PX, "arnet": UNIT_PX, "iunet": np.inf}[stage.network]
        smaller = max(1.0, stage.pairs.blur_px[1] / within_px)
        assert min(stage.pairs.height, stage.pairs.width) >= stage.crop * smaller


def test_included_configs_are_named_by_what_they_are_for() -> None:
    assert {"smoke", "small", "small-no-augmentation", "refined", "bokehme"} <= set(included_configs())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"stages": []}, "stages"),
        ({"seed": VALIDATION_SEED}, "less than 1000000"),
        ({"sed": 1}, "unknown key 'sed'"),
        ({"stages": [{"network": "iunet", "pool": 1, "steps": 1}]}, "expected an ARNet for iunet"),
        ({"stages": [{"network": "iunet", "frozen": "arnet", "pool": 1, "steps": 1}]}, "put it before"),
        ({"stages": [{"network": "refiner", "frozen": "arnet", "pool": 1, "steps": 1}]}, "none for the others"),
        ({"stages": [{"network": "arnet", "pool": 1, "steps": 1}] * 2}, "stands there twice"),
        ({"stages": [{"network": "refiner", "pool": 1, "steps": 1, "pairs": {"blur_px": [1, 128]}}]}, "teach nothing"),
        ({"stages": [{"network": "unet", "pool": 1, "steps": 1}]}, "'refiner', 'arnet' or 'iunet'"),
    ],
)
def test_wrong_configs_are_refused_with_the_key(change: dict[str, object], words: str, tmp_path: Path) -> None:
    content = {"name": "x", "stages": [{"network": "refiner", "pool": 1, "steps": 1}], **change}
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump(content))
    with pytest.raises(BadInputError, match="x.yaml") as refused:
        load_train_config(str(path))
    assert words in str(refused.value)


def test_an_unknown_name_lists_the_configs() -> None:
    with pytest.raises(BadInputError, match=r"'tiny' is no config.*refined.*smoke"):
        load_train_config("tiny")


def test_the_hash_is_of_what_is_trained() -> None:
    first = TrainConfig(name="x", stages=(stage_of(),))
    assert first.sha256 == TrainConfig(name="x", stages=(stage_of(),)).sha256
    assert first.sha256 != TrainConfig(name="x", stages=(stage_of(pairs=PairSettings(height=99)),)).sha256
