"""The pictures of docs/classical.md: openings, and plain and layered scatter beside the truth.

python -m tests.figures.pictures DATASET docs        (DATASET: blb-mini)
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from bokeh_render import parse_aperture, read_image, render_layered, scatter, write_image
from bokeh_render.optics import Float32, display_from_light
from generator.stack import Stack, bokeh_file, read_stack

OPENINGS = ("disc", "hexagon:15", "ring:0.6", "heart", "star", "cat-eye:1")
SAMPLES = (("wire_fence", 4, 0), ("fairground", 4, 9), ("blue_hour_street", 4, 9))


def defocus_of(stack: Stack, blur: int, focus: int, factor: float = 1.0) -> Float32:
    raw = stack.info.blur_parameters[blur] * (stack.disparity - stack.info.focus_disparities[focus])
    return (factor * raw).astype(np.float32)


def shown(light: Any) -> Any:
    return np.clip(display_from_light(light), 0, 1)


def main() -> None:
    scenes, out = Path(sys.argv[1]) / "scenes", Path(sys.argv[2])
    stack = read_stack(scenes / "fairground")
    blur = defocus_of(stack, 4, 9, 2.0)
    tiles = [shown(scatter(stack.light, blur, aperture=parse_aperture(name)).bokeh) for name in OPENINGS]
    rows = [np.concatenate(tiles[first : first + 3], axis=1) for first in (0, 3)]
    write_image(out / "apertures.jpg", np.concatenate(rows), quality=88)
    rows = []
    for scene, level, focus in SAMPLES:
        stack = read_stack(scenes / scene)
        blur = defocus_of(stack, level, focus)
        truth = read_image(scenes / scene / bokeh_file(level, focus)).pixels
        images = (stack.light, scatter(stack.light, blur).bokeh, render_layered(stack.light, blur).bokeh, truth)
        rows.append(np.concatenate([shown(image) for image in images], axis=1))
    write_image(out / "layered.jpg", np.concatenate(rows), quality=88)


if __name__ == "__main__":
    main()
