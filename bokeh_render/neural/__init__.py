"""The neural renderers: BokehMe's networks, our refiner, and the hybrids that they make with a classical renderer.

    networks.py, refiner.py       the networks; checkpoints.py their weights on disk, pretrained.py those shipped
    error_map.py                  where a classical render may be wrong, from the defocus
    hybrid.py, hybrid_options.py  `HybridRenderer`, for both hybrids
    refining.py, published.py     their neural parts, coarse to fine; reach.py what blur spoils, tiling.py any size

Importing this package imports no torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import load_on_use

if TYPE_CHECKING:
    from .hybrid import HybridRenderer
    from .hybrid_options import PUBLISHED_OPTIONS, HybridBatch, HybridOptions, HybridResult

__all__ = ["PUBLISHED_OPTIONS", "HybridBatch", "HybridOptions", "HybridRenderer", "HybridResult"]

__getattr__ = load_on_use(__name__, {**dict.fromkeys(__all__, "hybrid_options"), "HybridRenderer": "hybrid"})
