from __future__ import annotations

import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from benchmark.metrics.kernels import squared_feature_differences
from benchmark.metrics.lpips import (
    FEATURES_FILE,
    WEIGHTS_VARIABLE,
    Lpips,
    LpipsTruth,
    build_lpips,
    device_of,
    load_lpips,
    read_heads,
    squared_differences_by_torch,
)
from benchmark.metrics.lpips_weights import NETS
from benchmark.protocols import load_protocol
from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_image

PROTOCOL = load_protocol("blb-v1")
Image = NDArray[np.float32]
SIZES = ((80, 96), (31, 45), (67, 33))  # smallest, and such that every kind of remainder occurs


pytestmark = pytest.mark.usefixtures("one_torch_thread")


@lru_cache
def random_backbone(net: str = "alex", seed: int = 7) -> dict[str, torch.Tensor]:
    """Return weights that keep the size of the maps from layer to layer, and biases."""
    rng = np.random.default_rng(seed)
    state = {}
    for layer in NETS[net].layers:
        inputs = layer.inputs * layer.kernel**2
        weight = rng.normal(0, np.sqrt(2 / inputs), (layer.outputs, layer.inputs, layer.kernel, layer.kernel))
        state[layer.weight_key] = torch.from_numpy(weight).float()
        state[layer.bias_key] = torch.from_numpy(rng.normal(0, 0.1, layer.outputs)).float()
    return state


def images(height: int, width: int, predictions: int = 1) -> tuple[Image, list[Image]]:
    rng = np.random.default_rng([height, width])
    truth = rng.random((height, width, 3))
    noisy = [np.clip(truth + rng.normal(0, 0.05 * (i + 1), truth.shape), 0, 1) for i in range(predictions)]
    return truth.astype(np.float32), [image.astype(np.float32) for image in noisy]


PACKAGE = """
import sys, warnings; warnings.simplefilter("ignore")
import torch
torch.set_num_threads(1)
operators = torch.library.Library("torchvision", "DEF")  # those that a CPU build of torchvision lacks
operators.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
operators.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
import lpips
for net, given in torch.load(sys.argv[1], weights_only=True).items():
    model = lpips.LPIPS(net=net, version="0.1", pnet_rand=True, verbose=False).eval()
    names = {name.split(".", 1)[1]: name for name in model.net.state_dict()}
    state = {names[key.removeprefix("features.")]: value for key, value in given["state"].items()}
    model.net.load_state_dict(state)
    with torch.no_grad():
        for pair in given["pairs"]:
            print(net, float(model(*pair)))
"""


@pytest.fixture(scope="module")
def package_values(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[float]]:
    """Return what the lpips package says, for each net with random weights, of the pair of each size.

    It runs in a child, because it imports torchvision.
    """
    pairs = [
        [torch.from_numpy(image.transpose(2, 0, 1)[None]) * 2 - 1 for image in (prediction, truth)]
        for truth, (prediction,) in (images(*size) for size in SIZES)
    ]
    path = tmp_path_factory.mktemp("lpips") / "given.pt"
    torch.save({net: {"state": random_backbone(net), "pairs": pairs} for net in NETS}, path)
    ended = subprocess.run([sys.executable, "-c", PACKAGE, str(path)], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    values: dict[str, list[float]] = {net: [] for net in NETS}
    for line in ended.stdout.splitlines():
        net, value = line.split()
        values[net].append(float(value))
    return values


@pytest.mark.parametrize("net", NETS)
def test_lpips_equals_the_lpips_package_on_a_random_backbone(net: str, package_values: dict[str, list[float]]) -> None:
    model = build_lpips(random_backbone(net), net)
    plain = Lpips(NETS[net], random_backbone(net), read_heads(net), winograd=False)
    assert len(package_values[net]) == len(SIZES)
    for size, theirs in zip(SIZES, package_values[net], strict=True):
        truth, (prediction,) = images(*size)
        assert theirs > 1e-3
        assert model.distance(prediction, truth) == pytest.approx(theirs, abs=3e-7)
        assert plain.distance(prediction, truth) == pytest.approx(theirs, abs=1e-7)


@pytest.mark.parametrize("net", NETS)
def test_equal_images_are_at_no_distance(net: str) -> None:
    truth, (prediction,) = images(50, 61)
    assert build_lpips(random_backbone(net), net).distances([truth, prediction, truth], LpipsTruth(truth))[::2] == [
        0,
        0,
    ]


def test_a_distance_does_not_depend_on_its_company(monkeypatch: pytest.MonkeyPatch) -> None:
    model = build_lpips(random_backbone())
    truth, predictions = images(63, 80, predictions=5)
    alone = [model.distance(prediction, truth) for prediction in predictions]
    assert model.distances(predictions, LpipsTruth(truth)) == pytest.approx(alone, abs=1e-7)
    known = LpipsTruth(truth)
    assert model.distances([], known) == []
    one_by_one = [model.distances([prediction], known)[0] for prediction in predictions]
    assert one_by_one == pytest.approx(alone, abs=1e-7)
    monkeypatch.setattr("benchmark.metrics.lpips._PIXELS_AT_ONCE", {"alex": 2 * 63 * 80})
    assert model.distances(predictions[::-1], LpipsTruth(truth)) == pytest.approx(alone[::-1], abs=1e-7)


def test_features_of_a_truth_are_found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    model = build_lpips(random_backbone())
    truth, predictions = images(40, 48, predictions=3)
    counted: list[int] = []
    maps = model._backbone.maps
    monkeypatch.setattr(model._backbone, "maps", lambda batch: counted.append(len(batch)) or maps(batch))
    known = LpipsTruth(truth)
    model.distances(predictions[:2], known)
    model.distances(predictions[2:], known)
    assert counted == [3, 1]


def test_the_number_of_threads_does_not_matter() -> None:
    model = build_lpips(random_backbone())
    truth, (prediction,) = images(90, 101)
    found = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        found.append(model.distance(prediction, truth))
    assert found == pytest.approx([found[0]] * 3, abs=1e-7)


def test_compiled_differences_equal_their_twin() -> None:
    rng = np.random.default_rng(1)
    features = torch.from_numpy(rng.random((2, 1003, 70), dtype=np.float32))
    truth = torch.nn.functional.normalize(torch.from_numpy(rng.random((1003, 70), dtype=np.float32)))
    lengths = torch.linalg.vector_norm(features, dim=2)
    totals = np.zeros((2, 70))
    for image in range(2):
        squared_feature_differences(features[image].numpy(), lengths[image].numpy(), truth.numpy(), totals[image])
    np.testing.assert_allclose(totals, squared_differences_by_torch(features, lengths, truth), rtol=2e-6)


def test_images_too_small_or_of_other_sizes_are_refused() -> None:
    small = np.zeros((40, 31, 3))
    for net, least in (("alex", 31), ("vgg", 16)):
        model = build_lpips(random_backbone(net), net)
        with pytest.raises(BadInputError, match=f"images are 31×15; LPIPS needs at least {least} px each way"):
            model.distance(small[:15], small[:15])
        with pytest.raises(BadInputError, match="the prediction has shape"):
            model.distance(small[1:], small)


def test_an_unknown_device_is_refused() -> None:
    with pytest.raises(BadInputError, match="device 'abacus' cannot be used"):
        device_of("abacus")
    assert device_of("cpu").type == "cpu"
    if not torch.cuda.is_available():
        assert device_of("auto").type == "cpu"
        with pytest.raises(BadInputError, match="device 'cuda' cannot be used .*; expected auto, cpu or cuda"):
            device_of("cuda")


def golden_folder() -> Path | None:
    value = os.environ.get(WEIGHTS_VARIABLE)
    return Path(value) if value and (Path(value) / FEATURES_FILE).is_file() else None


@pytest.mark.skipif(golden_folder() is None, reason=f"{WEIGHTS_VARIABLE} names no folder with {FEATURES_FILE}")
def test_lpips_gives_the_published_values() -> None:
    folder = golden_folder()
    assert folder is not None
    model = load_lpips(PROTOCOL.lpips.backbone_sha256)
    assert model is not None
    reference, first, second = (read_image(folder / f"ex_{name}.png").pixels for name in ("ref", "p0", "p1"))
    assert model.distance(first, reference) == pytest.approx(0.7218807, abs=3e-7)
    assert model.distance(second, reference) == pytest.approx(0.1375656, abs=3e-7)
    assert model.distance(reference, reference) == 0.0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA card")
def test_a_card_gives_the_same_numbers() -> None:
    truth, predictions = images(200, 310, predictions=3)
    for net in NETS:
        model = build_lpips(random_backbone(net), net)
        expected = model.distances(predictions, LpipsTruth(truth))
        assert model.to("cuda").distances(predictions, LpipsTruth(truth)) == pytest.approx(expected, abs=1e-6)
