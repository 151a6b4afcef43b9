"""LPIPS, equal to the ``lpips`` package but without importing it (it imports torchvision), and faster.

A truth's feature maps are kept, and its predictions go through the network together. Without verified weights there is
no number. Source: Zhang et al., The Unreasonable Effectiveness of Deep Features as a Perceptual Metric, CVPR 2018.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bokeh_render.errors import BadInputError

from .image_rows import check_pair
from .kernels import squared_feature_differences
from .lpips_network import Backbone
from .lpips_weights import (
    FEATURES_FILE,
    TORCHVISION_FILE,
    WEIGHTS_VARIABLE,
    Net,
    backbone_sha256,
    download_backbone,
    find_backbone,
    load_backbone_state,
    net_of,
    read_heads,
)

__all__ = [
    "FEATURES_FILE",
    "TORCHVISION_FILE",
    "WEIGHTS_VARIABLE",
    "Lpips",
    "LpipsTruth",
    "backbone_sha256",
    "build_lpips",
    "device_of",
    "download_backbone",
    "find_backbone",
    "load_backbone_state",
    "load_lpips",
    "read_heads",
]

_LEAST_LENGTH = 1e-10  # added to the length of each feature vector, as in the package
_PIXELS_AT_ONCE = {"alex": 2**21, "vgg": 2**19}
"""How much goes through a network at once: half a gigabyte of its maps at most, unless one image is larger."""


class LpipsTruth:
    """A truth (H, W, 3) in [0, 1]; its features of unit length, (points, channels) for each tap, once they are known.

    They take 40 bytes a pixel for alex and 500 for vgg. To be used by one thread at a time.
    """

    def __init__(self, display: NDArray[Any]) -> None:
        self.display = display
        self.features: list[Tensor] = []


class Lpips:
    """LPIPS with one net's weights on one device; inference only. Several threads may use it at once.

    backbone_sha256: of the weights, whatever they are. winograd: whether convolutions of stride 1 take the fast way;
    by default they do on CPUs.
    """

    def __init__(
        self,
        net: Net,
        state: dict[str, Tensor],
        heads: Sequence[Tensor],
        device: torch.device | str = "cpu",
        *,
        winograd: bool | None = None,
    ) -> None:
        self.net = net
        self.device = torch.device(device)
        self.backbone_sha256 = backbone_sha256(state, net.name)
        self._state = state
        self._heads = [head.double().cpu().numpy() for head in heads]
        fast = self.device.type == "cpu" if winograd is None else winograd
        self._backbone = Backbone(net, state, self.device, winograd=fast)

    def to(self, device: torch.device | str) -> Lpips:
        """Return the same on another device, or this one where it is there already."""
        if torch.device(device) == self.device:
            return self
        return Lpips(self.net, self._state, [torch.from_numpy(head) for head in self._heads], device)

    def distance(self, prediction: NDArray[Any], truth: NDArray[Any]) -> float:
        """Return the distance of two images (H, W, 3) of display values in [0, 1]; 0 for equal ones.

        Raises BadInputError when their shapes differ or they are smaller than the net needs (alex 31 px, vgg 16).
        """
        return self.distances([prediction], LpipsTruth(truth))[0]

    def distances(self, predictions: Sequence[NDArray[Any]], truth: LpipsTruth) -> list[float]:
        """Return the distance of each prediction from one truth, whose features are found if need be and kept.

        predictions: (H, W, 3) each, as the truth, display values in [0, 1].
        """
        for image in (truth.display, *predictions):
            self._check(image, truth.display)
        if not predictions:
            return []
        known = bool(truth.features)
        images = list(predictions) if known else [truth.display, *predictions]
        found: list[float] = []
        features = list(truth.features)
        with torch.inference_mode():
            for batch in self._batches(images):
                found.extend(self._batch_distances(batch, features))
        truth.features = features
        return found if known else found[1:]

    def _check(self, image: NDArray[Any], truth: NDArray[Any]) -> None:
        check_pair(image, truth)
        if min(truth.shape[:2]) < self.net.smallest_px:
            raise BadInputError(
                f"images are {truth.shape[1]}×{truth.shape[0]}; LPIPS needs at least {self.net.smallest_px} px each way"
            )

    def images_at_once(self, shape: tuple[int, ...]) -> int:
        """Return how many images (H, W, 3) go through the network together, at least 1."""
        return max(1, _PIXELS_AT_ONCE[self.net.name] // (shape[0] * shape[1]))

    def _batches(self, images: Sequence[NDArray[Any]]) -> Iterator[Tensor]:
        at_once = self.images_at_once(images[0].shape)
        for first in range(0, len(images), at_once):
            batch = np.stack([image.astype(np.float32, copy=False) for image in images[first : first + at_once]])
            yield torch.from_numpy(batch).to(self.device)

    def _batch_distances(self, batch: Tensor, truth: list[Tensor]) -> list[float]:
        """Return the distance of each image; where ``truth`` is empty, the first image becomes the truth."""
        distances = np.zeros(len(batch))
        for tap, maps in enumerate(self._backbone.maps(batch)):
            features = maps.reshape(len(batch), -1, maps.shape[-1])
            lengths = torch.linalg.vector_norm(features, dim=2) + _LEAST_LENGTH
            if tap == len(truth):
                truth.append(features[0] / lengths[0, :, None])
            distances += _squared_differences(features, lengths, truth[tap]) @ self._heads[tap] / features.shape[1]
        return [float(distance) for distance in distances]


def _squared_differences(features: Tensor, lengths: Tensor, truth: Tensor) -> NDArray[np.float64]:
    """Return each image's squared differences to the truth's unit vectors, summed over points, (N, channels).

    features: (N, points, channels), of any length; lengths: (N, points); truth: (points, channels), of unit length.
    """
    if features.device.type != "cpu":
        return squared_differences_by_torch(features, lengths, truth)
    totals = np.zeros((len(features), features.shape[2]))
    for image, image_lengths, sums in zip(features, lengths, totals, strict=True):
        squared_feature_differences(image.numpy(), image_lengths.numpy(), truth.numpy(), sums)
    return totals


def squared_differences_by_torch(features: Tensor, lengths: Tensor, truth: Tensor) -> NDArray[np.float64]:
    """Return the same on any device: the slow twin of :func:`squared_feature_differences`."""
    differences = (features / lengths[..., None]).sub_(truth).square_()
    return np.asarray(differences.sum(dim=-2, dtype=torch.float64).cpu().numpy())


def device_of(name: str) -> torch.device:
    """Return the device of a name: ``auto`` (a CUDA card where torch sees one, else the CPU), ``cpu``, ``cuda``, ….

    Raises BadInputError when it is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:  # torch without CUDA asserts
        summary = " ".join(str(error).split())[:120]
        raise BadInputError(f"device {name!r} cannot be used ({summary}); expected auto, cpu or cuda") from None
    return device


def build_lpips(state: dict[str, Tensor], net: str = "alex", device: torch.device | str = "cpu") -> Lpips:
    """Return LPIPS with the given backbone (keys as torchvision names them) and the wheel's heads."""
    return Lpips(net_of(net), state, read_heads(net), device)


def load_lpips(
    expected_sha256: str | None,
    weights: Path | None = None,
    *,
    net: str = "alex",
    device: torch.device | str = "cpu",
) -> Lpips | None:
    """Return LPIPS with the weights found, or None when there are none on this machine (see :func:`find_backbone`).

    expected_sha256: what the protocol says of them; None takes what is found, whose hash is the result's
    ``backbone_sha256``. Raises BadInputError when the file found does not have the expected backbone.
    """
    path = find_backbone(weights, net)
    if path is None:
        return None
    state = load_backbone_state(path, net)
    found = backbone_sha256(state, net)
    if expected_sha256 is not None and found != expected_sha256:
        raise BadInputError(
            f"{path} holds another {net_of(net).title} (features sha256 {found[:12]}…, expected "
            f"{expected_sha256[:12]}…); use torchvision's {net_of(net).torchvision_file}"
        )
    return build_lpips(state, net, device)
