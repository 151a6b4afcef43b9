from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.methods import included_method, included_names
from benchmark.methods.hybrid import HybridMethod
from benchmark.methods.interface import MethodInput, check_name_and_revision, metadata_of
from benchmark.methods.loading import load_method
from bokeh_render import Aperture, BadInputError
from bokeh_render.neural import checkpoints, pretrained
from bokeh_render.neural.networks import ARNet, IUNet
from bokeh_render.neural.refiner import Refiner
from bokeh_render.optics import Float32
from bokeh_render.renderers import render_display

NAMES = ("hybrid", "hybrid-plain", "neural", "hybrid-no-error-map", "hybrid-no-upsampling")


def drawn(network: torch.nn.Module, seed: int) -> torch.nn.Module:
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for values in network.parameters():
            values.copy_(0.03 * torch.randn(values.shape, generator=generator))
    return network


pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Made-up weights where the package has its own."""
    for place, (name, network) in enumerate({"refiner": Refiner(), "arnet": ARNet(), "iunet": IUNet()}.items()):
        checkpoints.save_weights(tmp_path / f"{name}.safetensors", drawn(network, place), {})
    monkeypatch.setattr(pretrained, "WEIGHTS_FOLDER", tmp_path)
    return tmp_path


@pytest.fixture
def sample() -> MethodInput:
    rng = np.random.default_rng(0)
    disparity = np.zeros((48, 96), dtype=np.float32)
    disparity[10:30, 60:80] = 0.2  # a step that is known at full size, far from
    disparity[10:25, 4:14] = 1.0  # a larger one, known at a smaller size only
    return MethodInput(
        display=rng.random((48, 96, 3), dtype=np.float32),
        disparity=disparity,
        blur_parameter=24.0,
        focus_disparity=0.1,
        disparity_raw=None,
        blur_parameter_raw=None,
        focus_disparity_raw=None,
        gamma=2.2,
        aperture=Aperture(),
    )


def rendered(name: str, sample: MethodInput) -> Float32:
    method = included_method(name)
    assert isinstance(method, HybridMethod)
    return method.render(sample)


@pytest.mark.usefixtures("weights")
def test_each_differs_from_the_others_and_from_its_base(sample: MethodInput) -> None:
    found = {name: rendered(name, sample) for name in NAMES}
    for renderer in ("classical", "layered"):
        found[renderer] = render_display(sample.display, sample.defocus, renderer=renderer)
    for name, image in found.items():
        assert image.shape == (48, 96, 3)
        assert image.dtype == np.float32
        for other, its in found.items():
            assert name == other or np.abs(image - its).max() > 1e-4


@pytest.mark.usefixtures("weights")
def test_copies_for_other_processes_are_small_and_render_the_same(sample: MethodInput) -> None:
    method = included_method("hybrid")
    assert isinstance(method, HybridMethod)
    expected = method.render(sample)
    pickled = pickle.dumps(method)
    assert len(pickled) < 2000
    copy = pickle.loads(pickled)
    assert np.array_equal(copy.render(sample), expected)
    assert copy.revision == method.revision


def test_revision_and_metadata_follow_the_weights(weights: Path) -> None:
    assert set(NAMES) < set(included_names())
    first = included_method("hybrid")
    check_name_and_revision(first.name, first.revision)
    told = metadata_of(first)
    assert told.weights_sha256 is not None
    assert told.training_data
    assert first.revision.endswith(f"+{told.weights_sha256[:8]}")
    plain = metadata_of(included_method("hybrid-plain"))
    assert metadata_of(included_method("neural")).weights_sha256 == plain.weights_sha256 != told.weights_sha256
    checkpoints.save_weights(weights / "refiner.safetensors", drawn(Refiner(), 9), {})
    assert included_method("hybrid").revision != first.revision


def test_weights_of_ones_own_training_are_a_method_of_their_own(
    weights: Path, tmp_path: Path, sample: MethodInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run" / "refiner.safetensors"
    checkpoints.save_weights(path, drawn(Refiner(), 5), {"config": "small-no-augmentation"})
    with pytest.raises(BadInputError, match="REFINER names no weights"):
        load_method("tests.figures.own_hybrid:OwnHybrid")
    monkeypatch.setenv("REFINER", str(path))
    method = load_method("tests.figures.own_hybrid:OwnHybrid")
    assert isinstance(method, HybridMethod)
    assert method.name == "hybrid-small-no-augmentation"
    shipped = included_method("hybrid")
    assert isinstance(shipped, HybridMethod)
    assert method.revision != shipped.revision
    found = method.render(sample)
    assert np.abs(found - shipped.render(sample)).max() > 1e-4
    monkeypatch.delenv("REFINER")  # other processes get a copy
    assert np.array_equal(pickle.loads(pickle.dumps(method)).render(sample), found)
    checkpoints.save_weights(weights / "refiner.safetensors", drawn(Refiner(), 5), {})
    assert np.array_equal(included_method("hybrid").render(sample), found)  # type: ignore[union-attr]


def test_missing_weights_are_told_in_one_sentence(weights: Path) -> None:
    (weights / "iunet.safetensors").unlink()
    with pytest.raises(BadInputError, match="the method neural needs weights"):
        included_method("neural")
    included_method("hybrid")
