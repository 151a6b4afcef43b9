"""The parts of training, each for itself: losses, learning rate, averaged weights, crops, configs, checkpoints."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from torch import nn

from bokeh_render.errors import BadInputError
from bokeh_render.neural.error_map import ErrorMapSettings, error_map
from bokeh_render.neural.networks import ARNet, IUNet
from bokeh_render.neural.refiner import Refiner
from bokeh_render.optics import signed_defocus
from bokeh_render.training.batches import batch_of, draw_batch
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
from bokeh_render.training.stages import ARNetObjective, IUNetObjective, RefinerObjective, pass_ratios
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
    assert reach[side // 2, side // 2 + side // 5 + 3] >= 4.5  # 3 px beside the disc, whose blur is 4.5 px
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


def test_a_crop_seen_smaller_has_less_blur() -> None:
    example = np.ones((PLANE_COUNT, 64, 64), dtype=np.float16)
    example[PLANES.defocus], example[PLANES.reach] = -8.0, 12.0
    stage = stage_of(crop=32, batch=16, coarse_share=1.0, coarsest=0.5)
    batch = draw_batch([example], stage, np.random.default_rng(0), CPU)
    scale = -batch.defocus[:, 0, 0, 0] / 8.0
    assert 0.5 <= scale.min() < 0.7
    assert 0.8 < scale.max() <= 1.0
    torch.testing.assert_close(batch.reach[:, 0, 0, 0], 12.0 * scale)
    assert batch.display.shape[2:] == (32, 32)


def test_of_several_places_the_one_with_edges_is_taken() -> None:
    example = np.zeros((PLANE_COUNT, 64, 64), dtype=np.float16)
    example[PLANES.error, 40:, 40:] = 1.0
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
    batch = batch_of(torch.from_numpy(example_of())[None], [1.0], CPU)
    objective = RefinerObjective(stage_of())
    predicted = objective.predict(batch)
    assert torch.equal(predicted.final, batch.base)
    without = batch._replace(error=torch.zeros_like(batch.error))
    assert sum(objective.losses(without, generator()).values()).item() == 0.0
    loss = sum(objective.losses(batch, generator()).values())
    assert loss.item() > 0.01
    loss.backward()
    assert objective.network.conv1.conv.weight.grad.abs().sum() > 0
    beyond = batch._replace(reach=torch.full_like(batch.reach, 20.0))
    assert sum(objective.losses(beyond, generator()).values()).item() == 0.0


def test_arnet_learns_picture_error_map_and_their_fusion() -> None:
    batch = batch_of(torch.from_numpy(example_of())[None], [1.0], CPU)
    objective = ARNetObjective(stage_of(network="arnet"))
    terms = objective.losses(batch, generator())
    assert set(terms) == {"image", "fused", "error_map"}
    sum(terms.values()).backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in objective.network.parameters())
    assert objective.predict(batch).final.shape == batch.truth.shape


def test_iunet_learns_every_pass_and_arnet_stays_as_it_is() -> None:
    batch = batch_of(torch.from_numpy(example_of(96, blur=28.0))[None], [1.0], CPU)
    assert pass_ratios(batch) == pytest.approx([2 / 2.1, 1.0], rel=1e-3)  # the largest blur is 21 px: 2.1 units
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


# ---- configs


@pytest.mark.parametrize("name", included_configs())
def test_included_configs_load_and_their_pairs_are_as_large_as_their_crops(name: str) -> None:
    config = load_train_config(name)
    assert config.name == name
    for stage in config.stages:
        assert min(stage.pairs.height, stage.pairs.width) >= stage.crop


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
