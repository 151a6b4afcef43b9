"""The three networks as training sees them: what a batch costs, and what image a trained network gives."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..classical.dilation import dilate_defocus
from ..neural import refining
from ..neural.networks import ARNet, IUNet, gamma_input, resize
from ..neural.published import UNIT_PX, Networks, render_published
from ..neural.refiner import REFINER_RANGE_PX, Refiner, refiner_inputs
from .batches import Batch
from .config import Network, StageConfig
from .losses import image_loss, pixel_weight

BASES: dict[Network, Literal["layered", "scatter"]] = {"refiner": "layered", "arnet": "scatter", "iunet": "scatter"}


class Predicted(NamedTuple):
    """What is scored: the final image, and the base it started from; (N, 3, H, W) display values."""

    final: Tensor
    base: Tensor


class Objective(nn.Module):
    """A network with the loss it is trained by. ``network`` is what is trained and kept."""

    network: nn.Module

    def __init__(self, stage: StageConfig) -> None:
        super().__init__()
        self.stage = stage

    def losses(self, batch: Batch, rng: torch.Generator) -> dict[str, Tensor]:
        """Return the terms of the loss, weighted, scalars to be summed."""
        raise NotImplementedError

    def predict(self, batch: Batch) -> Predicted:
        """Return what the hybrid makes of one picture, a batch of N = 1, as it is rendered outside training."""
        raise NotImplementedError


class RefinerObjective(Objective):
    """The residual on an occlusion-aware base, where E* lets it through and no blur beyond its range reaches."""

    network: Refiner

    def __init__(self, stage: StageConfig) -> None:
        super().__init__(stage)
        self.network = Refiner()

    def losses(self, batch: Batch, rng: torch.Generator) -> dict[str, Tensor]:
        """See Objective."""
        del rng
        inputs = refiner_inputs(batch.display, batch.defocus, batch.base)
        residual = self.network(*inputs, gamma_input(batch.gamma)).float()
        weight = pixel_weight(batch.error, self.stage.loss) * (batch.reach <= REFINER_RANGE_PX)
        final = batch.base + batch.error * residual
        return {"image": image_loss(final, batch.truth, weight, self.stage.loss)}

    def predict(self, batch: Batch) -> Predicted:
        """See Objective."""
        found = refining.residual(
            self.network, batch.display, batch.defocus, batch.base, batch.error, float(batch.gamma[0])
        )
        return Predicted(batch.base + batch.error * found, batch.base)


class ARNetObjective(Objective):
    """Small blur, as a whole image, and the error map that says where the plain scatter needs it."""

    network: ARNet

    def __init__(self, stage: StageConfig) -> None:
        super().__init__(stage)
        self.network = ARNet()

    def losses(self, batch: Batch, rng: torch.Generator) -> dict[str, Tensor]:
        """See Objective."""
        del rng
        settings = self.stage.loss
        bokeh, logit = self._run(batch)
        weight = pixel_weight(batch.error, settings)
        fused = torch.lerp(batch.base, bokeh, logit.sigmoid())
        return {
            "image": image_loss(bokeh, batch.truth, weight, settings),
            "fused": settings.fused * image_loss(fused, batch.truth, weight, settings),
            "error_map": settings.error_map * functional.binary_cross_entropy_with_logits(logit, batch.error),
        }

    def predict(self, batch: Batch) -> Predicted:
        """See Objective. What ARNet gives is made larger, without IUNet."""
        return _published(Networks(self.network, IUNet()), batch, iterative=False)

    def _run(self, batch: Batch) -> tuple[Tensor, Tensor]:
        bokeh, logit = self.network(batch.display, batch.defocus / UNIT_PX, gamma_input(batch.gamma))
        return bokeh.float(), logit.float()


class IUNetObjective(Objective):
    """One step of the upsampling at a time, from what the steps before it give; ARNet stays as it is."""

    network: IUNet

    def __init__(self, stage: StageConfig, arnet: ARNet) -> None:
        super().__init__(stage)
        self.network = IUNet()
        self.arnet = arnet.requires_grad_(requires_grad=False)

    def losses(self, batch: Batch, rng: torch.Generator) -> dict[str, Tensor]:
        """See Objective. One pass, drawn from those that the batch's largest blur needs, is learnt from."""
        ratios = pass_ratios(batch)
        chosen = int(torch.randint(len(ratios), (1,), generator=rng))
        with torch.no_grad():
            coarse, _ = run_arnet(self.arnet, batch, _largest(batch))
            for ratio in ratios[:chosen]:
                coarse = self._pass(batch, coarse.clamp_min(0.0), ratio)
        ratio = ratios[chosen]
        size = _size_at(batch, ratio)
        bokeh = self._network_pass(batch, coarse.clamp_min(0.0), ratio)
        believed = resize(batch.reach, size) * ratio <= UNIT_PX
        weight = pixel_weight(resize(batch.error, size), self.stage.loss) * believed
        return {"image": image_loss(bokeh, resize(batch.truth, size), weight, self.stage.loss)}

    def predict(self, batch: Batch) -> Predicted:
        """See Objective."""
        return _published(Networks(self.arnet, self.network), batch, iterative=True)

    def _pass(self, batch: Batch, coarse: Tensor, ratio: float) -> Tensor:
        """Return the image at ``ratio``: the network's where no larger blur reaches, the coarser one elsewhere."""
        size = _size_at(batch, ratio)
        believed = (resize(batch.reach, size) * ratio <= UNIT_PX).float()
        return torch.lerp(resize(coarse, size), self._network_pass(batch, coarse, ratio), believed)

    def _network_pass(self, batch: Batch, coarse: Tensor, ratio: float) -> Tensor:
        size = _size_at(batch, ratio)
        defocus = (resize(batch.defocus, size) / UNIT_PX).clamp(-1.0, 1.0)
        found: Tensor = self.network(resize(batch.display, size), defocus, coarse, gamma_input(batch.gamma))
        return found.float()


def run_arnet(arnet: nn.Module, batch: Batch, coarsest: float) -> tuple[Tensor, Tensor]:
    """Return ARNet's bokeh and logit at 1 / ``coarsest`` of the size. Source: BokehMe's published code."""
    size = _size_at(batch, 1.0 / coarsest)
    defocus = resize(batch.defocus, size) / (UNIT_PX * coarsest)
    bokeh, logit = arnet(resize(batch.display, size), defocus, gamma_input(batch.gamma))
    return bokeh.float(), logit.float()


def _published(networks: Networks, batch: Batch, *, iterative: bool) -> Predicted:
    """Return BokehMe's hybrid of one picture: the network's where the predicted error map says so, else the scatter."""
    dilated = torch.from_numpy(dilate_defocus(batch.defocus[0, 0].cpu().numpy())).to(batch.defocus)[None, None]
    found = render_published(
        networks, batch.display, batch.defocus, dilated, float(batch.gamma[0]), iterative=iterative
    )
    return Predicted(torch.lerp(batch.base, found.bokeh, found.error_map), batch.base)


def pass_ratios(batch: Batch) -> list[float]:
    """Return the sizes of IUNet's passes, as shares of the full size, the last one 1."""
    largest = _largest(batch)
    return [2.0 ** (step + 1) / largest for step in range(math.floor(math.log2(largest)))] + [1.0]


def _largest(batch: Batch) -> float:
    return max(1.0, float(batch.defocus.abs().max()) / UNIT_PX)


def _size_at(batch: Batch, ratio: float) -> tuple[int, int]:
    height, width = batch.display.shape[2:]
    return max(2, round(height * ratio)), max(2, round(width * ratio))
