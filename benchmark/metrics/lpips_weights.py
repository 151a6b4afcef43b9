"""The two nets LPIPS may look through, and where their weights come from.

The learnt linear heads are read from the installed ``lpips`` wheel, without importing it (it imports torchvision). The
backbones' weights are ImageNet-trained data that we do not ship: they come from a file the user names, from torch's
own cache, or from a download that is only made when asked for.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from bokeh_render.errors import BadInputError

WEIGHTS_VARIABLE = "BOKEHBENCH_LPIPS_WEIGHTS"


@dataclass(frozen=True)
class Layer:
    """A convolution with ReLU. index: among torchvision's ``features``; pool: (kernel, stride) of the maximum before
    it; tapped: LPIPS compares what comes out of it.
    """

    index: int
    inputs: int
    outputs: int
    kernel: int
    stride: int
    padding: int
    pool: tuple[int, int] | None
    tapped: bool

    @property
    def weight_key(self) -> str:
        """What torchvision calls the weights."""
        return f"features.{self.index}.weight"

    @property
    def bias_key(self) -> str:
        """What torchvision calls the biases."""
        return f"features.{self.index}.bias"


@dataclass(frozen=True)
class Net:
    """A backbone. smallest_px: below it, nothing is left of an image at the last tap."""

    name: str
    title: str
    torchvision_file: str
    features_file: str
    download_mb: int
    smallest_px: int
    layers: tuple[Layer, ...]

    @property
    def taps(self) -> tuple[Layer, ...]:
        """The layers that LPIPS compares."""
        return tuple(layer for layer in self.layers if layer.tapped)


ALEX = Net(
    name="alex",
    title="AlexNet",
    torchvision_file="alexnet-owt-7be5be79.pth",
    features_file="alexnet_features_torchvision.pth",
    download_mb=233,
    smallest_px=31,
    layers=(
        Layer(0, 3, 64, 11, 4, 2, None, tapped=True),
        Layer(3, 64, 192, 5, 1, 2, (3, 2), tapped=True),
        Layer(6, 192, 384, 3, 1, 1, (3, 2), tapped=True),
        Layer(8, 384, 256, 3, 1, 1, None, tapped=True),
        Layer(10, 256, 256, 3, 1, 1, None, tapped=True),
    ),
)
_HALVED = (2, 2)
VGG = Net(
    name="vgg",
    title="VGG16",
    torchvision_file="vgg16-397923af.pth",
    features_file="vgg16_features_torchvision.pth",
    download_mb=528,
    smallest_px=16,
    layers=(
        Layer(0, 3, 64, 3, 1, 1, None, tapped=False),
        Layer(2, 64, 64, 3, 1, 1, None, tapped=True),
        Layer(5, 64, 128, 3, 1, 1, _HALVED, tapped=False),
        Layer(7, 128, 128, 3, 1, 1, None, tapped=True),
        Layer(10, 128, 256, 3, 1, 1, _HALVED, tapped=False),
        Layer(12, 256, 256, 3, 1, 1, None, tapped=False),
        Layer(14, 256, 256, 3, 1, 1, None, tapped=True),
        Layer(17, 256, 512, 3, 1, 1, _HALVED, tapped=False),
        Layer(19, 512, 512, 3, 1, 1, None, tapped=False),
        Layer(21, 512, 512, 3, 1, 1, None, tapped=True),
        Layer(24, 512, 512, 3, 1, 1, _HALVED, tapped=False),
        Layer(26, 512, 512, 3, 1, 1, None, tapped=False),
        Layer(28, 512, 512, 3, 1, 1, None, tapped=True),
    ),
)
NETS = {net.name: net for net in (ALEX, VGG)}
TORCHVISION_FILE = ALEX.torchvision_file
FEATURES_FILE = ALEX.features_file


def net_of(name: str) -> Net:
    """Return a net by its name, ``alex`` or ``vgg``; raises BadInputError for another one."""
    if name not in NETS:
        raise BadInputError(f"unknown LPIPS net {name!r}; expected one of {', '.join(NETS)}")
    return NETS[name]


def read_heads(net: str = "alex") -> list[Tensor]:
    """Return the linear heads of version 0.1, (C,) for each tap, from the installed lpips wheel."""
    spec = importlib.util.find_spec("lpips")
    if spec is None or spec.origin is None:
        raise BadInputError(
            "the package lpips is not installed; its wheel holds LPIPS's heads: pip install lpips==0.1.4"
        )
    path = Path(spec.origin).parent / "weights" / "v0.1" / f"{net_of(net).name}.pth"
    state = torch.load(path, map_location="cpu", weights_only=True)
    return [state[f"lin{tap}.model.1.weight"].flatten() for tap in range(len(net_of(net).taps))]


def find_backbone(weights: Path | None = None, net: str = "alex") -> Path | None:
    """Return the file with a net's weights, or None when there is none.

    Looked for in this order: ``weights`` (a file or a folder), the environment variable BOKEHBENCH_LPIPS_WEIGHTS
    (likewise), torch's cache. Raises BadInputError when a place that was named holds no such file; a folder may lack
    VGG16's, which hardly anybody needs.
    """
    wanted = net_of(net)
    named = weights or (Path(value) if (value := os.environ.get(WEIGHTS_VARIABLE)) else None)
    if named is not None:
        files = (wanted.features_file, wanted.torchvision_file)
        candidates = [named / file for file in files] if named.is_dir() else [named]
        for candidate in candidates:
            if candidate.is_file():
                return candidate
        if named.is_dir() and net != "alex":
            return None
        raise BadInputError(
            f"no LPIPS backbone at {named}; expected {wanted.torchvision_file} (torchvision's {wanted.title}) "
            "or its features alone"
        )
    cached = _torch_cache(wanted)
    return cached if cached.is_file() else None


def download_backbone(net: str = "alex") -> Path:
    """Fetch torchvision's file (AlexNet 233 MB, VGG16 528 MB) into torch's cache and return its path.

    Raises BadInputError offline.
    """
    wanted = net_of(net)
    target = _torch_cache(wanted)
    target.parent.mkdir(parents=True, exist_ok=True)
    url = f"https://download.pytorch.org/models/{wanted.torchvision_file}"
    prefix = wanted.torchvision_file.rpartition("-")[2].removesuffix(".pth")
    try:
        torch.hub.download_url_to_file(url, str(target), hash_prefix=prefix)
    except OSError as error:
        raise BadInputError(
            f"cannot download {url}: {error}; fetch {wanted.torchvision_file} elsewhere and name it by "
            f"{WEIGHTS_VARIABLE}"
        ) from None
    return target


def _torch_cache(net: Net) -> Path:
    return Path(torch.hub.get_dir()) / "checkpoints" / net.torchvision_file


def backbone_sha256(state: dict[str, Tensor], net: str = "alex") -> str:
    """Hash the convolutions' raw float32 weights and biases, in order."""
    digest = hashlib.sha256()
    for layer in net_of(net).layers:
        for key in (layer.weight_key, layer.bias_key):
            digest.update(state[key].to(torch.float32).contiguous().numpy().tobytes())
    return digest.hexdigest()


def load_backbone_state(path: Path, net: str = "alex") -> dict[str, Tensor]:
    """Read torchvision's state dict, or its features alone; raises BadInputError when the file is something else."""
    wanted = net_of(net)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        kept = {key: state[key] for layer in wanted.layers for key in (layer.weight_key, layer.bias_key)}
        for layer in wanted.layers:
            shape = (layer.outputs, layer.inputs, layer.kernel, layer.kernel)
            if tuple(kept[layer.weight_key].shape) != shape:
                raise ValueError(f"{layer.weight_key} has shape {tuple(kept[layer.weight_key].shape)}, not {shape}")
    except Exception as error:  # noqa: BLE001  (torch raises many kinds)
        summary = " ".join(str(error).split())[:120]
        raise BadInputError(
            f"{path} is not {wanted.title}'s state dict ({summary}); expected torchvision's file"
        ) from None
    return kept
