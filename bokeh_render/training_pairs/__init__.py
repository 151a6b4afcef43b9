"""Training pairs made on the fly: painted layers, ray-traced through a thin lens. See docs/training_pairs.md."""

from __future__ import annotations

from .draw import draw_pair
from .imperfect import imperfect
from .loader import iter_drawn
from .mixture import Draw, Mixture
from .pair import TrainingPair
from .settings import ImperfectSettings, PairSettings
from .sheet import write_sheet

__all__ = [
    "Draw",
    "ImperfectSettings",
    "Mixture",
    "PairSettings",
    "TrainingPair",
    "draw_pair",
    "imperfect",
    "iter_drawn",
    "write_sheet",
]
