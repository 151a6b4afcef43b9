from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.error import URLError

import pytest
import torch

from benchmark.metrics.lpips import load_lpips
from benchmark.metrics.lpips_weights import (
    ALEX,
    NETS,
    VGG,
    WEIGHTS_VARIABLE,
    backbone_sha256,
    download_backbone,
    find_backbone,
    net_of,
    read_heads,
)
from benchmark.protocols import load_protocol
from bokeh_render.errors import BadInputError

from .test_lpips import random_backbone

SHA256 = load_protocol("blb-v1").lpips.backbone_sha256


@pytest.fixture
def no_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name no weights; return the folder where torch's cache is to be."""
    monkeypatch.delenv(WEIGHTS_VARIABLE, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    folder = tmp_path / "torch" / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize("net", NETS)
def test_no_weights_means_no_number(net: str, no_weights: Path) -> None:
    assert not list(no_weights.iterdir())
    assert find_backbone(net=net) is None
    assert load_lpips(SHA256, net=net) is None


@pytest.mark.parametrize("net", [ALEX, VGG])
def test_each_net_is_found_by_its_files(
    net: object, no_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert net in (ALEX, VGG)
    wanted = ALEX if net == ALEX else VGG
    cached = no_weights / wanted.torchvision_file
    cached.touch()
    assert find_backbone(net=wanted.name) == cached
    folder = tmp_path / "weights"
    folder.mkdir()
    for other in (ALEX, VGG):
        (folder / other.features_file).touch()
    assert find_backbone(folder, wanted.name) == folder / wanted.features_file
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(folder))
    assert find_backbone(net=wanted.name) == folder / wanted.features_file
    assert find_backbone(cached, wanted.name) == cached


def test_another_backbone_is_refused_by_its_hash(tmp_path: Path) -> None:
    state = random_backbone()
    assert backbone_sha256(state) != SHA256
    torch.save(state, tmp_path / "alexnet.pth")
    with pytest.raises(BadInputError, match="holds another AlexNet"):
        load_lpips(SHA256, tmp_path / "alexnet.pth")


@pytest.mark.parametrize("net", NETS)
def test_where_no_hash_is_expected_the_one_found_is_told(net: str, tmp_path: Path) -> None:
    state = random_backbone(net)
    torch.save(state | {"classifier.1.weight": torch.zeros(2)}, tmp_path / "all.pth")
    model = load_lpips(None, tmp_path / "all.pth", net=net)
    assert model is not None
    assert model.backbone_sha256 == backbone_sha256(state, net)
    changed = {key: value.clone() for key, value in state.items()}
    changed[NETS[net].layers[-1].bias_key][-1] += 1
    assert backbone_sha256(changed, net) != model.backbone_sha256


def test_a_named_place_without_weights_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(WEIGHTS_VARIABLE, str(tmp_path / "nowhere.pth"))
    with pytest.raises(BadInputError, match="no LPIPS backbone at .* expected alexnet-owt-7be5be79.pth"):
        find_backbone()
    with pytest.raises(
        BadInputError, match=r"no LPIPS backbone at .* expected vgg16-397923af.pth \(torchvision's VGG16"
    ):
        find_backbone(net="vgg")


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "words.pth").write_text("not weights")
    with pytest.raises(BadInputError, match="not AlexNet's state dict"):
        load_lpips(SHA256, tmp_path / "words.pth")
    torch.save(random_backbone("alex"), tmp_path / "alex.pth")
    torch.save(random_backbone("vgg"), tmp_path / "vgg.pth")
    with pytest.raises(BadInputError, match="not VGG16's state dict"):
        load_lpips(None, tmp_path / "alex.pth", net="vgg")
    with pytest.raises(BadInputError, match="not AlexNet's state dict"):
        load_lpips(None, tmp_path / "vgg.pth", net="alex")
    state = dict(random_backbone("alex"))
    state["features.3.weight"] = state["features.3.weight"][:, :, :3, :3]
    torch.save(state, tmp_path / "odd.pth")
    with pytest.raises(BadInputError, match="features.3.weight has shape"):
        load_lpips(None, tmp_path / "odd.pth")


@pytest.mark.parametrize("net", NETS)
def test_heads_fit_the_taps(net: str) -> None:
    heads = read_heads(net)
    assert [tuple(head.shape) for head in heads] == [(layer.outputs,) for layer in NETS[net].taps]
    assert all(head.min() >= 0 and head.max() > 0 for head in heads)


def test_an_unknown_net_is_refused() -> None:
    with pytest.raises(BadInputError, match="unknown LPIPS net 'squeeze'; expected one of alex, vgg"):
        net_of("squeeze")


@pytest.mark.parametrize("net", NETS)
def test_a_download_goes_to_the_cache_and_says_when_it_cannot(
    net: str, no_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str, str]] = []

    def offline(url: str, target: str, hash_prefix: str) -> None:
        asked.append((url, target, hash_prefix))
        raise URLError("no route")

    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    with pytest.raises(BadInputError, match=f"no route.*; fetch {NETS[net].torchvision_file} elsewhere"):
        download_backbone(net)
    ((url, target, prefix),) = asked
    assert Path(target) == no_weights / NETS[net].torchvision_file
    assert url.endswith(f"{prefix}.pth")


def test_torchvision_is_never_imported() -> None:
    code = (
        "import sys, benchmark.run, benchmark.metrics.scorer, leaderboards.website.build, generator.build; "
        "import benchmark.metrics.lpips as l; l.read_heads(); l.read_heads('vgg'); "
        "sys.exit(bool({'torchvision', 'lpips', 'bpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
