"""What a hybrid is told, and what it gives; imports no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from pydantic import Field

from ..highlights import HighlightRecovery
from ..optics import Float32
from ..schema import Record

if TYPE_CHECKING:
    from torch import Tensor


class HybridOptions(Record):
    """How a hybrid renders; what is not said is as the improved hybrid does it.

    fuse: False shows the network's picture everywhere, as an error map of 1 would; iterative: False stops at the
    smallest size and enlarges what was found there; base: the classical part, ``plain`` scatter or ``layered``, which
    heeds occlusion; error_map: where the network counts, found from the ``boundary`` of depth or ``predicted`` by
    ARNet (bokehme only); tile_px: side of the pieces that a network sees at once: less needs less memory; half:
    float16 in networks on a graphics card; highlights: None leaves clipped lights alone.
    """

    fuse: bool = True
    iterative: bool = True
    base: Literal["plain", "layered"] = "layered"
    error_map: Literal["boundary", "predicted"] = "boundary"
    tile_px: Annotated[int, Field(ge=64, multiple_of=2)] = 512
    half: bool = True
    highlights: HighlightRecovery | None = None


PUBLISHED_OPTIONS = HybridOptions(base="plain", error_map="predicted")
"""BokehMe as published; the default for its networks."""


class HybridResult(NamedTuple):
    """NumPy (H, W, C), or torch (N, C, H, W) from a batch; float32; display values, 0 or more, not clipped above.

    bokeh: the fused image; neural: the network's (of refined networks, the base where the error map is 0); base: the
    classical image; error_map: (H, W) or (N, 1, H, W), in [0, 1], the neural share.
    """

    bokeh: Float32
    neural: Float32
    base: Float32
    error_map: Float32


class HybridBatch(NamedTuple):
    """The same for a batch of tensors: (N, 3, H, W), and (N, 1, H, W) for the error map."""

    bokeh: Tensor
    neural: Tensor
    base: Tensor
    error_map: Tensor
