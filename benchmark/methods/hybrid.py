"""The hybrid renderers with the weights that come along, and what is left of them without one part or another."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from bokeh_render.errors import BadInputError
from bokeh_render.optics import Float32

from .interface import MethodInput, MethodMetadata, package_revision

if TYPE_CHECKING:
    from bokeh_render.neural import HybridRenderer

_SHORT = 8
_PAIRS = ("bokehbench's own layered ray-traced pairs (bokeh_render.training_pairs); no Blender scene, no photograph",)
_BOKEHME = "https://arxiv.org/abs/2206.12614"


class HybridMethod:
    """A hybrid with weights of the package. Raises BadInputError where they are missing.

    Copies for other processes carry no networks: each loads its own. Runs on a graphics card where torch sees one. For
    other weights override ``__init__`` and :meth:`open_renderer`, as ``tests/figures/own_hybrid.py`` does.
    """

    name: str
    description: str
    pretrained = "refined"
    fuse = True
    iterative = True

    def __init__(self) -> None:
        from bokeh_render.neural.pretrained import weights_sha256

        found = weights_sha256(self.pretrained)
        if found is None:
            raise BadInputError(
                f"the method {self.name} needs weights ({self.pretrained}) that this installation lacks; "
                "install bokehbench again"
            )
        self.revision = f"{package_revision()}+{found[:_SHORT]}"
        self.metadata = MethodMetadata(
            paper=_BOKEHME if self.pretrained == "bokehme" else None,
            licence="Apache-2.0",
            weights_sha256=found,
            training_data=_PAIRS,
        )

    def open_renderer(self) -> HybridRenderer:
        """Return the renderer, its weights read."""
        from bokeh_render.neural import PUBLISHED_OPTIONS, HybridOptions, HybridRenderer

        usual = HybridOptions() if self.pretrained == "refined" else PUBLISHED_OPTIONS
        return HybridRenderer.from_pretrained(
            self.pretrained, usual.model_copy(update={"fuse": self.fuse, "iterative": self.iterative})
        )

    @cached_property
    def _renderer(self) -> HybridRenderer:
        return self.open_renderer()

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_renderer"}

    def render(self, sample: MethodInput) -> Float32:
        """Return the fused image. See :class:`benchmark.methods.interface.Method`."""
        return self._renderer.render(sample.display, sample.defocus, gamma=sample.gamma, aperture=sample.aperture).bokeh


class Hybrid(HybridMethod):
    """The improved hybrid: an occlusion-aware base, and a network's residual where E* lets it through."""

    name = "hybrid"
    description = "layered renderer, and a network's residual on it, coarse to fine, where a depth edge is in reach"


class HybridPlain(HybridMethod):
    """BokehMe as published, with our weights."""

    name = "hybrid-plain"
    description = "BokehMe as published, own weights: plain scatter and ARNet/IUNet, fused by ARNet's error map"
    pretrained = "bokehme"


class HybridWithoutErrorMap(HybridMethod):
    """The improved hybrid with its network's residual everywhere."""

    name = "hybrid-no-error-map"
    description = "hybrid with the network's residual added everywhere"
    fuse = False


class HybridWithoutUpsampling(HybridMethod):
    """The improved hybrid with the residual of the smallest size only, enlarged."""

    name = "hybrid-no-upsampling"
    description = "hybrid with its residual found at the smallest size only, then enlarged"
    iterative = False
