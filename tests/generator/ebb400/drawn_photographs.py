"""Small photographs, drawn by a seed, and the folders and zips in which pairs of them arrive."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage


def drawn(seed: int, height: int = 72, width: int = 96) -> NDArray[np.uint8]:
    """Return (height, width, 3) patches of colour with some noise."""
    rng = np.random.default_rng(seed)
    patches = rng.integers(20, 236, (height // 8 + 1, width // 8 + 1, 3))
    pixels = np.kron(patches, np.ones((8, 8, 1)))[:height, :width] + rng.normal(0, 4, (height, width, 3))
    return np.asarray(np.clip(pixels, 0, 255), dtype=np.uint8)


def jpeg(pixels: NDArray[np.uint8], **options: Any) -> bytes:
    """Return a JPEG file's bytes. options: of Pillow's JPEG writer (quality, progressive, exif, icc_profile …)."""
    content = io.BytesIO()
    PillowImage.fromarray(pixels).save(content, "JPEG", **{"quality": 95, **options})
    return content.getvalue()


def write_folder(root: Path, files: Mapping[str, bytes]) -> Path:
    """Write files by their name below ``root``."""
    root.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def write_zip(path: Path, files: Mapping[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    """Write files by their name into a zip."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path
