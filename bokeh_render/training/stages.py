"""The three networks as training sees them: what a batch costs, and what image a trained network gives."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..neural import refining
from ..neural.networks import ARNet, IUNet, gamma_input, resize
from ..neural.published import UNIT_PX, Networks, picture_of, render_published, run_passes, shares_of, sharpen
from ..neural.refiner import Refiner, refiner_inputs
from ..neural.tiling import Tiles
from .batches import Batch
from .config import Network, StageConfig
from .losses import image_loss, pixel_weight

BASES: dict[Network, Literal["layered", "scatter"]] = {"refiner": "layered", "arnet": "scatter", "iunet": "scatter"}


class Predicted(NamedTuple):
    """What is scored: the final image, and the base it started from; (N, 3, H, W) display values."""

    final: Tensor
    base: Tensor


class Objective(nn.Module, ABC):
    """A network with the loss it is trained by. ``network`` is what is trained and kept."""

    network: nn.Module

    def __init__(self, stage: StageConfig) -> None:
        super().__init__()
        self.stage = stage

    @abstractmethod
    def losses(self, batch: Batch, rng: torch.Generator) -> dict[str, Tensor]:
        """Return the terms of the loss, weighted, scalars to be summed."""

    @abstractmethod
    def predict(self, batch: Batch) -> Predicted:
        """Return what the hybrid makes of one picture, a batch of N = 1, as it is rendered outside training."""


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
        weight = _weight(batch, self.stage)
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
        weight = _weight(batch, self.stage)
        fused = torch.lerp(batch.base, bokeh, logit.sigmoid().detach())  # see docs/training.md
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
    """One step of the upsampling at a time, from what the steps before it give; ARNet stays as it is.

    half: run the networks in 16-bit floats, masks and images stay float32.
    """

    network: IUNet

    def __init__(self, stage: StageConfig, arnet: ARNet, *, half: bool = False) -> None:
        super().__init__(stage)
        self._how = Tiles(half=half)
        self.network = IUNet()
        self.arnet = arnet.requires_grad_(requires_grad=False)

    def losses(self, batch: Batch, rng: torch.Generator) -> dict[str, Tensor]:
        """See Objective. Of each picture one pass, drawn from those that its largest blur needs, is learnt from."""
        with torch.autocast(batch.display.device.type, enabled=False):  # Tiles alone chooses 16 bits
            found = [self._loss(batch, number, rng) for number in range(len(batch.display))]
        return {"image": torch.stack(found).mean()}

    def predict(self, batch: Batch) -> Predicted:
        """See Objective."""
        return _published(Networks(self.arnet, self.network), batch, iterative=True)

    def _loss(self, batch: Batch, number: int, rng: torch.Generator) -> Tensor:
        """Return the loss of one picture, one pass."""
        one = slice(number, number + 1)
        picture = picture_of(batch.display[one], batch.defocus[one], batch.dilated[one], batch.gamma[one])
        shares = shares_of(float(batch.largest[number]))
        chosen = int(torch.randint(1, len(shares), (1,), generator=rng))
        with torch.no_grad():
            coarse = run_passes(Networks(self.arnet, self.network), picture, shares[:chosen], self._how).bokeh
        seen = picture.at(shares[chosen])
        bokeh = sharpen(self.network, seen, coarse, self._how)
        weight = resize(_weight(batch, self.stage)[one], seen.size) * seen.counts
        return image_loss(bokeh, resize(batch.truth[one], seen.size), weight, self.stage.loss)


def _weight(batch: Batch, stage: StageConfig) -> Tensor:
    """Return how much each pixel counts, (N, 1, H, W): nothing where light from outside the picture arrives."""
    return pixel_weight(batch.error, stage.loss) * batch.counts


def _published(networks: Networks, batch: Batch, *, iterative: bool) -> Predicted:
    """Return BokehMe's hybrid of one picture: the network's where the predicted error map says so, else the scatter."""
    found = render_published(
        networks, batch.display, batch.defocus, batch.dilated, float(batch.gamma[0]), iterative=iterative
    )
    return Predicted(torch.lerp(batch.base, found.bokeh, found.error_map), batch.base)
