"""Training pairs made on the fly: painted layers, ray-traced through a thin lens."""

from __future__ import annotations

from .draw import draw_pair
from .loader import iter_pairs
from .pair import TrainingPair
from .pool import PairPool
from .settings import ImperfectSettings, PairSettings
from .sheet import write_sheet

__all__ = ["ImperfectSettings", "PairPool", "PairSettings", "TrainingPair", "draw_pair", "iter_pairs", "write_sheet"]
