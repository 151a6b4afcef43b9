"""Render the samples of a bokehbench job. Needs NumPy and nothing else; put your method into ``render``."""

from __future__ import annotations

import json
import struct
import sys
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
LEVELS = 8


def render(light: Array, disparity: Array, sample: dict[str, Any]) -> Array:
    """Return the bokeh image in light. light: (H, W, 3); disparity: (H, W), 0 = far, 1 = near.

    This one averages a disc of light around each pixel, as wide as the pixel's own blur radius.
    """
    defocus_px = sample["blur_parameter"] * (disparity - sample["focus_disparity"])  # positive in front of the focus
    radius_px = np.abs(defocus_px)
    largest = float(radius_px.max())
    if largest == 0.0:
        return light
    place = radius_px / largest * LEVELS
    result = np.zeros(light.shape)
    for level, blurred in enumerate(blurred_by_discs(light, np.linspace(0.0, largest, LEVELS + 1))):
        result += np.maximum(1.0 - np.abs(place - level), 0.0)[..., None] * blurred
    return result


def blurred_by_discs(light: Array, radii_px: Array) -> list[Array]:
    """Return the image averaged over discs of each radius; what lies outside of it does not count."""
    height, width = light.shape[:2]
    margin = int(radii_px.max()) + 2
    size = (height + margin, width + margin)
    from_origin = [np.minimum(np.arange(count), count - np.arange(count)) for count in size]
    distance_px = np.hypot(from_origin[0][:, None], from_origin[1][None, :])
    image = np.fft.rfft2(light, s=size, axes=(0, 1))
    inside = np.fft.rfft2(np.ones((height, width)), s=size)
    blurred = []
    for radius_px in radii_px:
        disc = np.fft.rfft2(np.clip(radius_px + 0.5 - distance_px, 0.0, 1.0))
        total = np.fft.irfft2(image * disc[..., None], s=size, axes=(0, 1))[:height, :width]
        weight = np.fft.irfft2(inside * disc, s=size)[:height, :width]
        blurred.append(np.maximum(total, 0.0) / weight[..., None])
    return blurred


def write_png16(path: Path, display: Array) -> None:
    """Write display values, clipped to [0, 1], as a PNG of 16 bits: for programs that cannot write NPY or EXR."""
    values = np.rint(np.clip(display, 0.0, 1.0) * 65535).astype(">u2")
    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)  # 16 bits, RGB
    content = b"\x89PNG\r\n\x1a\n"
    for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        content += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    path.write_bytes(content)


def main(job_file: Path, *, png: bool) -> None:
    """Render every sample of a job, and tell what each one took."""
    job = json.loads(job_file.read_text(encoding="utf-8"))
    for sample in job["samples"]:
        image, disparity = np.load(sample["image"]), np.load(sample["disparity"])
        started = time.perf_counter()
        light = render(image, disparity, sample)
        seconds = time.perf_counter() - started
        if png:
            write_png16(Path(sample["output"] + ".png"), light ** (1.0 / job["gamma"]))
        else:
            np.save(sample["output"] + ".npy", light.astype(np.float32))
        Path(sample["output"] + ".json").write_text(json.dumps({"seconds": seconds}), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), png="--png" in sys.argv[2:])
