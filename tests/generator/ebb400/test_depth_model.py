"""The real loading code on tiny networks of the real architectures, their weights drawn by a seed."""

from __future__ import annotations

import importlib
import json
import pickle
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from bokeh_render.errors import BadInputError
from bokeh_render.optics import Float32
from generator.ebb400 import depth_network
from generator.ebb400.depth_model import DepthModel

from .drawn_scene import drawn_scene

NETWORKS = ("anything", "anything_metric", "midas", "dinov2", "glpn", "zoe", "pro")
GIVES_DEPTH = {"anything_metric", "dinov2", "glpn", "zoe"}
BROKEN_SETTINGS = [("config.json", "[1]"), ("config.json", "{"), ("preprocessor_config.json", "{")]
RESIDUAL = "neck.fusion_stage.layers.{}.residual_layer1.convolution1.weight"

pytestmark = pytest.mark.usefixtures("one_torch_thread")


@pytest.fixture(scope="module")
def transformers() -> Any:
    with pytest.MonkeyPatch.context() as patch, depth_network._without_torchvision():
        patch.setenv("HF_HUB_OFFLINE", "1")
        return depth_network._import_transformers()


@pytest.fixture(scope="module")
def networks(transformers: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with one folder for each of NETWORKS."""
    root = tmp_path_factory.mktemp("networks")
    quiet, without = depth_network._quiet(transformers), depth_network._without_torchvision()
    with torch.random.fork_rng(devices=[]), quiet, without:
        torch.manual_seed(0)
        for name in NETWORKS:
            network, processor = _made(transformers, name)
            for key, values in network.named_parameters():
                if values.ndim > 1:
                    torch.nn.init.normal_(values, std=1.5 / np.sqrt(values[0].numel()))
                elif key.endswith("bias"):
                    torch.nn.init.uniform_(values, 0.05, 0.2)
            network.save_pretrained(str(root / name))
            processor.save_pretrained(str(root / name))
    return root


def _made(transformers: Any, name: str) -> tuple[Any, Any]:
    of = transformers
    necks: dict[str, Any] = {"neck_hidden_sizes": [8, 8, 16, 16], "fusion_hidden_size": 8}
    tiny: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 4, "num_attention_heads": 2}
    dino = of.Dinov2Config(**tiny, image_size=56, patch_size=14, out_indices=[1, 2, 3, 4], reshape_hidden_states=False)
    dpt = _processor("dpt", "DPT")
    if name.startswith("anything"):
        kind = "metric" if name.endswith("metric") else "relative"
        config = of.DepthAnythingConfig(
            backbone_config=dino, reassemble_hidden_size=32, head_hidden_size=8, **necks, depth_estimation_type=kind
        )
        size = {"height": 56, "width": 56}
        return of.DepthAnythingForDepthEstimation(config), dpt(size=size, keep_aspect_ratio=True, ensure_multiple_of=14)
    if name == "midas":
        config = of.DPTConfig(
            **tiny, **necks, intermediate_size=32, image_size=32, patch_size=16, backbone_out_indices=[0, 1, 2, 3]
        )
        return of.DPTForDepthEstimation(config), dpt(size={"height": 32, "width": 32})
    if name == "dinov2":
        config = of.DPTConfig(backbone_config=dino, **necks, hidden_size=32, head_in_index=-1)
        return of.DPTForDepthEstimation(config), dpt(size={"height": 56, "width": 56})
    if name == "glpn":
        config = of.GLPNConfig(
            hidden_sizes=[8] * 4, depths=[1] * 4, num_attention_heads=[1] * 4, decoder_hidden_size=8, sr_ratios=[2] * 4
        )
        return of.GLPNForDepthEstimation(config), _processor("glpn", "GLPN")()
    if name == "zoe":
        beit = of.BeitConfig(
            **tiny, intermediate_size=32, image_size=64, out_indices=[1, 2, 3, 4], reshape_hidden_states=False
        )
        bins = [{"n_bins": 8, "min_depth": 0.001, "max_depth": 10.0, "name": "nyu"}]
        config = of.ZoeDepthConfig(
            backbone_config=beit,
            **necks,
            bottleneck_features=8,
            num_relative_features=8,
            bin_embedding_dim=8,
            num_attractors=[2, 2, 2, 1],
            bin_configurations=bins,
        )
        return of.ZoeDepthForDepthEstimation(config), _processor("zoedepth", "ZoeDepth")(
            size={"height": 64, "width": 64}
        )
    encoder = {"model_type": "dinov2", **tiny, "hidden_size": 16, "image_size": 32, "patch_size": 8}
    config = of.DepthProConfig(
        patch_size=32,
        fusion_hidden_size=8,
        intermediate_hook_ids=[1, 0],
        intermediate_feature_dims=[8, 8],
        scaled_images_ratios=[0.5, 1.0],
        scaled_images_overlap_ratios=[0.0, 0.25],
        scaled_images_feature_dims=[8, 8],
        image_model_config=encoder,
        patch_model_config=dict(encoder),
        fov_model_config=dict(encoder),
    )
    return of.DepthProForDepthEstimation(config), dpt(size={"height": 64, "width": 64}, resample=2)


def _processor(family: str, name: str) -> Any:
    module = importlib.import_module(f"transformers.models.{family}.image_processing_pil_{family}")
    return getattr(module, f"{name}ImageProcessorPil")


@pytest.fixture
def copied(networks: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that copies one of NETWORKS, for the test to damage."""
    return lambda name: Path(shutil.copytree(networks / name, tmp_path / "copies" / name))


@pytest.fixture(scope="module")
def display() -> Float32:
    return drawn_scene(0, 80, 120)[0]


def change(path: Path, **values: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def refusal(name: str | Path) -> str:
    with pytest.raises(BadInputError) as refused:
        DepthModel.load(str(name), device="cpu")
    text = str(refused.value)
    assert "\n" not in text
    assert len(text) < 700
    return text


@pytest.mark.parametrize("name", NETWORKS)
def test_every_kind_of_network_gives_disparity_of_the_whole_photograph(
    networks: Path, display: Float32, name: str
) -> None:
    model = DepthModel.load(str(networks / name), device="cpu")
    assert model.identity["gives"] == ("depth" if name in GIVES_DEPTH else "inverse depth")
    given_by_network, disparity = model._network.predict(display), model.disparity(display)
    expected = 1.0 / np.maximum(given_by_network, 1e-6 * given_by_network.max())
    np.testing.assert_allclose(disparity, expected if name in GIVES_DEPTH else given_by_network, rtol=1e-5)
    assert np.ptp(disparity) > 0
    found = model.find(12, display)
    assert found.disparity.shape == (80, 120)
    assert found.disparity.dtype == np.float32
    assert 0.0 <= found.disparity.min() < found.disparity.max() <= 1.0
    assert found.origin["size"] == list(disparity.shape)
    assert found.origin["weights_sha256"] == model.identity["weights_sha256"]
    json.dumps([found.origin, model.key, model.key_of(12)], allow_nan=False)
    assert str(networks) not in json.dumps(found.origin), "a dataset does not say where the weights lay"


def test_the_network_sees_the_photograph_as_its_own_preprocessing_makes_it(
    networks: Path, transformers: Any, display: Float32
) -> None:
    model = DepthModel.load(str(networks / "anything"), device="cpu")
    folder = str(networks / "anything")
    own = transformers.AutoModelForDepthEstimation.from_pretrained(folder, local_files_only=True).eval()
    pixels = np.rint(255 * display).astype(np.uint8)
    inputs = transformers.AutoImageProcessor.from_pretrained(folder, backend="pil")(images=pixels, return_tensors="pt")
    assert inputs["pixel_values"].shape == (1, 3, 56, 84)
    with torch.inference_mode():
        expected = own(**inputs).predicted_depth[0].numpy()
    np.testing.assert_allclose(model.disparity(display), expected, rtol=1e-5, atol=1e-7)


def test_padding_that_a_network_wants_is_cut_off_again(networks: Path, display: Float32) -> None:
    model = DepthModel.load(str(networks / "zoe"), device="cpu")
    assert model._network.processor.do_pad
    assert model.disparity(display).shape == (80, 120)


def test_torchvision_is_not_needed(networks: Path, display: Float32) -> None:
    before = sys.modules.get("torchvision", "not there")
    DepthModel.load(str(networks / "midas"), device="cpu").disparity(display)
    assert sys.modules.get("torchvision", "not there") == before


@pytest.fixture(scope="module")
def loaded(networks: Path) -> dict[str, DepthModel]:
    return {name: DepthModel.load(str(networks / name), device="cpu") for name in ("midas", "anything", "glpn")}


@settings(max_examples=15, deadline=None)
@given(size=st.tuples(st.integers(1, 90), st.integers(1, 90)), name=st.sampled_from(["midas", "anything", "glpn"]))
def test_any_size_of_photograph_is_estimated_or_refused(
    loaded: dict[str, DepthModel], size: tuple[int, int], name: str
) -> None:
    model = loaded[name]
    photograph = np.random.default_rng(0).random((*size, 3), dtype=np.float32)
    refused = None
    try:
        assert np.isfinite(model.disparity(photograph)).all()
    except BadInputError as error:
        refused = str(error)
    assert refused is None or f"{name} cannot take a photograph of {size[1]}×{size[0]}" in refused


def test_the_key_follows_weights_and_settings_not_names(copied: Callable[[str], Path], networks: Path) -> None:
    first = DepthModel.load(str(networks / "midas"), device="cpu")
    folder = copied("midas")
    folder = folder.rename(folder.parent / "renamed")
    (folder / "README.md").write_text("---\nlicense: mit\ntags: [depth]\n---\n# MiDaS\n")
    second = DepthModel.load(str(folder), device="cpu")
    assert second.key == first.key
    assert (first.identity["name"], second.identity["name"]) == ("midas", "renamed")
    assert (first.identity["licence"], second.identity["licence"]) == ("unknown", "mit")
    change(folder / "preprocessor_config.json", size={"height": 64, "width": 64})
    third = DepthModel.load(str(folder), device="cpu")
    assert third.identity["weights_sha256"] == first.identity["weights_sha256"]
    assert third.key != first.key
    weights = load_file(folder / "model.safetensors")
    save_file({**weights, "head.head.4.bias": weights["head.head.4.bias"] + 1}, folder / "model.safetensors")
    assert DepthModel.load(str(folder), device="cpu").identity["weights_sha256"] != first.identity["weights_sha256"]


def test_a_pickled_model_is_loaded_again_and_must_be_the_same(
    copied: Callable[[str], Path], networks: Path, display: Float32
) -> None:
    folder = copied("midas")
    model = DepthModel.load(str(folder), device="cpu")
    sent = pickle.dumps(model)
    assert len(sent) < 1000
    again = pickle.loads(sent)
    assert again.key == model.key
    np.testing.assert_array_equal(again.disparity(display), model.disparity(display))
    weights = load_file(folder / "model.safetensors")
    save_file({key: values + 0.01 for key, values in weights.items()}, folder / "model.safetensors")
    with pytest.raises(BadInputError, match="midas has changed since it was loaded first"):
        pickle.loads(sent)


def test_weights_in_a_pickle_are_read_as_tensors_only(
    copied: Callable[[str], Path], networks: Path, tmp_path: Path
) -> None:
    folder = copied("midas")
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    safe = DepthModel.load(str(networks / "midas"), device="cpu")
    assert DepthModel.load(str(folder), device="cpu").identity["weights_sha256"] == safe.identity["weights_sha256"]
    witness = tmp_path / "witness"
    torch.save({**weights, "more": Runs(witness)}, folder / "pytorch_model.bin")
    assert "midas cannot be loaded" in refusal(folder)
    assert not witness.exists()


class Runs:
    """Pickled, it makes a file when it is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def test_code_that_comes_with_a_model_is_not_run(copied: Callable[[str], Path], networks: Path, tmp_path: Path) -> None:
    folder = copied("anything")
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'witness')!r}, 'w')\n")
    change(folder / "config.json", auto_map={"AutoModelForDepthEstimation": "evil.Evil", "AutoConfig": "evil.Evil"})
    change(folder / "preprocessor_config.json", auto_map={"AutoImageProcessor": "evil.Evil"})
    model = DepthModel.load(str(folder), device="cpu")
    assert not (tmp_path / "witness").exists()
    expected = DepthModel.load(str(networks / "anything"), device="cpu")
    assert model.identity["weights_sha256"] == expected.identity["weights_sha256"]


def test_without_transformers_the_extra_is_named(networks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", None)
    assert "pip install 'bokehbench[depth]'" in refusal(networks / "midas")


def test_a_transformers_that_does_not_import_is_told(networks: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "transformers", object())
    assert "transformers is installed, but cannot be imported" in refusal(networks / "midas")


@pytest.mark.parametrize("missing", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_an_incomplete_folder_is_refused(copied: Callable[[str], Path], missing: str) -> None:
    folder = copied("midas")
    (folder / missing).unlink()
    what = "weights" if missing == "model.safetensors" else missing
    assert refusal(folder).startswith(f"midas has no {what}; expected a model as transformers saves it")


@pytest.mark.parametrize(("file", "content"), BROKEN_SETTINGS)
def test_broken_settings_are_refused(copied: Callable[[str], Path], file: str, content: str) -> None:
    folder = copied("midas")
    (folder / file).write_text(content)
    assert file in refusal(folder)


@pytest.mark.parametrize("model_type", ["prompt_depth_anything", "chmv2", "vit", "invented", None])
def test_a_type_of_unknown_meaning_is_refused(copied: Callable[[str], Path], model_type: str | None) -> None:
    folder = copied("midas")
    change(folder / "config.json", model_type=model_type)
    assert f"midas is of the type {model_type!r}, of which is not known here whether near or far" in refusal(folder)


def test_damaged_weights_are_refused(copied: Callable[[str], Path]) -> None:
    path = copied("midas") / "model.safetensors"
    path.write_bytes(path.read_bytes()[:2000])
    assert "midas cannot be loaded" in refusal(path.parent)


def test_weights_of_another_network_are_refused(copied: Callable[[str], Path]) -> None:
    folder = copied("midas")
    change(folder / "config.json", hidden_size=48)
    assert "midas cannot be loaded" in refusal(folder)


def test_missing_weights_are_refused_where_they_matter_only(
    copied: Callable[[str], Path], networks: Path, display: Float32
) -> None:
    folder = copied("midas")
    weights = load_file(folder / "model.safetensors")
    unused, used = RESIDUAL.format(0), RESIDUAL.format(1)
    save_file({key: values for key, values in weights.items() if key != unused}, folder / "model.safetensors")
    once, again, whole = (DepthModel.load(str(path), device="cpu") for path in (folder, folder, networks / "midas"))
    np.testing.assert_array_equal(once.disparity(display), whole.disparity(display))
    assert once.key == again.key
    save_file({key: values for key, values in weights.items() if key != used}, folder / "model.safetensors")
    assert f"midas lacks the weights {used}, so it would give noise" in refusal(folder)


def test_a_network_that_gives_no_numbers_is_refused(copied: Callable[[str], Path], display: Float32) -> None:
    folder = copied("midas")
    weights = load_file(folder / "model.safetensors")
    save_file({**weights, "head.head.4.bias": torch.full((1,), torch.nan)}, folder / "model.safetensors")
    with pytest.raises(BadInputError, match="midas gives NaN or infinity"):
        DepthModel.load(str(folder), device="cpu").find(1, display)


def test_a_network_that_sees_neither_near_nor_far_is_refused(copied: Callable[[str], Path], display: Float32) -> None:
    folder = copied("midas")
    weights = load_file(folder / "model.safetensors")
    save_file({**weights, "head.head.4.bias": torch.full((1,), -1e6)}, folder / "model.safetensors")
    with pytest.raises(BadInputError, match="the disparity that midas estimates is 0 everywhere"):
        DepthModel.load(str(folder), device="cpu").find(1, display)


@pytest.mark.parametrize("option", ["do_pad", "do_center_crop"])
def test_a_network_that_is_shown_another_frame_is_refused(copied: Callable[[str], Path], option: str) -> None:
    folder = copied("midas")
    change(folder / "preprocessor_config.json", **{option: True, "size_divisor": 32})
    assert refusal(folder).startswith("midas crops or pads photographs")


@pytest.mark.parametrize("name", ["/nowhere/at/all", "a b", "..", "up/and/away", ""])
def test_what_is_neither_folder_nor_hub_id_is_refused(transformers: Any, name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"has no config\.json|no id of the Hugging Face hub"):
        DepthModel.load(name, device="cpu")


def test_a_file_is_no_model(networks: Path) -> None:
    assert "is a file; expected a model as transformers saves it" in refusal(networks / "midas" / "model.safetensors")


@pytest.mark.usefixtures("transformers")
def test_the_hub_is_asked_and_its_cache_used(
    networks: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, display: Float32
) -> None:
    constants = importlib.import_module("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    text = refusal("somebody/midas")
    assert text.startswith("somebody/midas is no folder here, and the Hugging Face hub does not give it: not reached")
    revision = "0123456789abcdef0123456789abcdef01234567"
    cached = tmp_path / "models--somebody--midas"
    shutil.copytree(networks / "midas", cached / "snapshots" / revision)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(revision)
    model = DepthModel.load("somebody/midas", device="cpu")
    assert (model.identity["name"], model.identity["revision"]) == ("somebody/midas", revision)
    assert model.key == DepthModel.load(str(networks / "midas"), device="cpu").key
    assert pickle.loads(pickle.dumps(model)).find(1, display).origin["name"] == "somebody/midas"


@pytest.mark.usefixtures("transformers")
@pytest.mark.parametrize(
    ("kind", "told"), [("RepositoryNotFoundError", "it has no such model"), ("GatedRepoError", "agree on its page")]
)
def test_what_the_hub_answers_is_told(monkeypatch: pytest.MonkeyPatch, kind: str, told: str) -> None:
    hub = importlib.import_module("huggingface_hub")
    refuses = type(kind, (Exception,), {})

    def asked(*_: Any, **__: Any) -> str:
        raise refuses("a page of\ntext")

    monkeypatch.setattr(hub, "snapshot_download", asked)
    assert told in refusal("somebody/midas")
