"""LPIPS with the AlexNet backbone, equal to the ``lpips`` package but without importing it (it imports torchvision).

The learnt linear heads are read from the installed ``lpips`` wheel. The backbone's weights are ImageNet-trained data
that we do not ship: they come from a file the user names, from torch's own cache, or from a download that is only made
when asked for; their hash is checked, and without them there is no number.
Source: Zhang et al., The Unreasonable Effectiveness of Deep Features as a Perceptual Metric, CVPR 2018.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bokeh_render.errors import BadInputError

WEIGHTS_VARIABLE = "BOKEHBENCH_LPIPS_WEIGHTS"
TORCHVISION_FILE = "alexnet-owt-7be5be79.pth"
FEATURES_FILE = "alexnet_features_torchvision.pth"
_DOWNLOAD_URL = f"https://download.pytorch.org/models/{TORCHVISION_FILE}"

_CONVOLUTIONS = {0: (3, 64, 11, 4, 2), 3: (64, 192, 5, 1, 2), 6: (192, 384, 3, 1, 1), 8: (384, 256, 3, 1, 1)}
_CONVOLUTIONS[10] = (256, 256, 3, 1, 1)  # layer index in AlexNet: (in, out, kernel, stride, padding)
_POOL_BEFORE = (3, 6)
_SMALLEST_PX = 31


class Lpips(nn.Module):
    """The distance itself. Weights are random until :func:`load_lpips` fills them; inference only."""

    def __init__(self) -> None:
        super().__init__()
        self.convolutions = nn.ModuleDict(
            {
                str(index): nn.Conv2d(inputs, outputs, kernel, stride, padding)
                for index, (inputs, outputs, kernel, stride, padding) in _CONVOLUTIONS.items()
            }
        )
        self.heads = nn.ParameterList(torch.zeros(1, c[1], 1, 1) for c in _CONVOLUTIONS.values())
        self.register_buffer("shift", torch.tensor([-0.030, -0.088, -0.188])[None, :, None, None])
        self.register_buffer("scale", torch.tensor([0.458, 0.448, 0.450])[None, :, None, None])
        self.requires_grad_(False)

    def features(self, images: Tensor) -> list[Tensor]:
        """Return the five feature maps, each of unit length along channels. images: (N, 3, H, W) in [-1, 1]."""
        x = (images - self.get_buffer("shift")) / self.get_buffer("scale")
        maps = []
        for index in _CONVOLUTIONS:
            if index in _POOL_BEFORE:
                x = nn.functional.max_pool2d(x, 3, 2)
            x = nn.functional.relu(self.convolutions[str(index)](x))
            maps.append(x / (x.square().sum(dim=1, keepdim=True).sqrt() + 1e-10))
        return maps

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Return the distance of each pair, (N,). first, second: (N, 3, H, W) in [-1, 1], at least 31 px each way."""
        pairs = zip(self.features(first), self.features(second), self.heads, strict=True)
        terms = [(head * (a - b).square()).sum(dim=1).mean(dim=(1, 2)) for a, b, head in pairs]
        return torch.stack(terms).sum(dim=0)

    def distance(self, prediction: NDArray[Any], truth: NDArray[Any]) -> float:
        """Return the distance of two images (H, W, 3) of display values in [0, 1]; 0 for equal ones."""
        if min(truth.shape[:2]) < _SMALLEST_PX:
            raise BadInputError(
                f"images are {truth.shape[1]}×{truth.shape[0]}; LPIPS needs at least {_SMALLEST_PX} px each way"
            )
        first, second = (
            torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)[None], dtype=np.float32)) * 2 - 1
            for image in (prediction, truth)
        )
        with torch.inference_mode():
            return float(self(first, second)[0])


def read_heads() -> list[Tensor]:
    """Return the linear heads of version 0.1, (1, C, 1, 1) each, from the installed lpips wheel."""
    spec = importlib.util.find_spec("lpips")
    if spec is None or spec.origin is None:
        raise BadInputError(
            "the package lpips is not installed; its wheel holds LPIPS's heads: pip install lpips==0.1.4"
        )
    state = torch.load(
        Path(spec.origin).parent / "weights" / "v0.1" / "alex.pth", map_location="cpu", weights_only=True
    )
    return [state[f"lin{index}.model.1.weight"] for index in range(len(_CONVOLUTIONS))]


def find_backbone(weights: Path | None = None) -> Path | None:
    """Return the file with AlexNet's weights, or None when there is none.

    Looked for in this order: ``weights`` (a file or a folder), the environment variable BOKEHBENCH_LPIPS_WEIGHTS
    (likewise), torch's cache. Raises BadInputError when a place that was named holds no such file.
    """
    named = weights or (Path(value) if (value := os.environ.get(WEIGHTS_VARIABLE)) else None)
    if named is not None:
        candidates = [named / FEATURES_FILE, named / TORCHVISION_FILE] if named.is_dir() else [named]
        for candidate in candidates:
            if candidate.is_file():
                return candidate
        raise BadInputError(
            f"no LPIPS backbone at {named}; expected {TORCHVISION_FILE} (torchvision's AlexNet) or its features alone"
        )
    cached = Path(torch.hub.get_dir()) / "checkpoints" / TORCHVISION_FILE
    return cached if cached.is_file() else None


def download_backbone() -> Path:
    """Fetch torchvision's AlexNet (233 MB) into torch's cache and return its path; raises BadInputError offline."""
    target = Path(torch.hub.get_dir()) / "checkpoints" / TORCHVISION_FILE
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        torch.hub.download_url_to_file(_DOWNLOAD_URL, str(target), hash_prefix="7be5be79")
    except OSError as error:
        raise BadInputError(
            f"cannot download {_DOWNLOAD_URL}: {error}; "
            f"fetch {TORCHVISION_FILE} elsewhere and name it by {WEIGHTS_VARIABLE}"
        ) from None
    return target


def backbone_sha256(state: dict[str, Tensor]) -> str:
    """Hash the convolutions' raw float32 weights and biases, in order."""
    digest = hashlib.sha256()
    for index in _CONVOLUTIONS:
        for kind in ("weight", "bias"):
            digest.update(state[f"features.{index}.{kind}"].to(torch.float32).contiguous().numpy().tobytes())
    return digest.hexdigest()


def load_backbone_state(path: Path) -> dict[str, Tensor]:
    """Read AlexNet's state dict, or its features alone; raises BadInputError when the file is something else."""
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        return {key: state[key] for index in _CONVOLUTIONS for key in _keys(index)}
    except Exception as error:  # noqa: BLE001  (torch raises many kinds)
        summary = " ".join(str(error).split())[:120]
        raise BadInputError(f"{path} is not AlexNet's state dict ({summary}); expected torchvision's file") from None


def _keys(index: int) -> tuple[str, str]:
    return f"features.{index}.weight", f"features.{index}.bias"


def build_lpips(state: dict[str, Tensor]) -> Lpips:
    """Return LPIPS with the given backbone (keys as torchvision names them) and the wheel's heads."""
    model = Lpips().eval()
    for index in _CONVOLUTIONS:
        convolution = model.convolutions[str(index)]
        for name, key in zip(("weight", "bias"), _keys(index), strict=True):
            convolution.get_parameter(name).data.copy_(state[key])
    for head, values in zip(model.heads, read_heads(), strict=True):
        head.data.copy_(values)
    return model


def load_lpips(expected_sha256: str, weights: Path | None = None) -> Lpips | None:
    """Return LPIPS with verified weights, or None when there are none on this machine (see :func:`find_backbone`).

    Raises BadInputError when the file found does not have the expected backbone.
    """
    path = find_backbone(weights)
    if path is None:
        return None
    state = load_backbone_state(path)
    found = backbone_sha256(state)
    if found != expected_sha256:
        raise BadInputError(
            f"{path} holds another AlexNet (features sha256 {found[:12]}…, expected {expected_sha256[:12]}…); "
            f"use torchvision's {TORCHVISION_FILE}"
        )
    return build_lpips(state)
