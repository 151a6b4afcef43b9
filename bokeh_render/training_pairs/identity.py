"""What tells one stream of drawn pairs from another, so that pairs kept on disk are never mixed."""

from __future__ import annotations

from ..schema import sha256_of_json
from .settings import PairSettings
from .sources import image_files

DRAWING = 4
"""Raised when the drawing changes: pairs drawn by older code are other pairs."""


def pairs_key(settings: PairSettings, seed: int) -> str:
    """Return the hash of what decides the pairs: drawing, settings, seed, and the files in the settings' folders."""
    files = [[str(path), path.stat().st_size] for path in image_files(settings.photographs)]
    return sha256_of_json([DRAWING, settings.model_dump(mode="json"), seed, files])
