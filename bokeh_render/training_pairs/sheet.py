"""A picture of many pairs, to look at before training on them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from ..errors import BadInputError
from ..imagefile import write_image
from ..optics import Float32
from .pair import TrainingPair


def write_sheet(pairs: Sequence[TrainingPair], path: Path, *, columns: int = 4, height_px: int = 160) -> None:
    """Write all-in-focus image, clean disparity, imperfect disparity and bokeh image of each pair, side by side.

    path: PNG or JPEG; height_px: of each small picture. 32 pairs make a sheet to read at a glance:
    ``write_sheet([draw_pair(settings, seed, index) for index in range(32)], path)``. Raises BadInputError
    when there are no pairs.
    """
    if not pairs:
        raise BadInputError("no pairs to show; expected at least one")
    cells = [_cell(pair, height_px) for pair in pairs]
    height, width = cells[0].shape[:2]
    rows = -(-len(cells) // columns)
    sheet = np.ones((rows * (height + 4), columns * (width + 8), 3), np.float32)
    for number, cell in enumerate(cells):
        top, left = number // columns * (height + 4), number % columns * (width + 8)
        sheet[top : top + cell.shape[0], left : left + cell.shape[1]] = cell[:height, :width]
    write_image(path, sheet, bits=8)


def _cell(pair: TrainingPair, height_px: int) -> Float32:
    shown = [pair.display, _grey(pair.disparity), _grey(pair.imperfect), pair.bokeh]
    width = round(height_px * pair.disparity.shape[1] / pair.disparity.shape[0])
    small = [
        Image.fromarray((np.clip(part, 0, 1) * 255).round().astype(np.uint8)).resize(
            (width, height_px), Image.Resampling.BOX
        )
        for part in shown
    ]
    row = Image.new("RGB", (width * len(small), height_px))
    for place, part in enumerate(small):
        row.paste(part, (place * width, 0))
    text = f"K {pair.blur_parameter:.0f}  focus {pair.focus_disparity:.2f}  gamma {pair.gamma:.1f}"
    ImageDraw.Draw(row).text((width + 3, 2), text, fill=(255, 140, 0))
    return np.asarray(row, dtype=np.float32) / 255.0


def _grey(values: Float32) -> Float32:
    return np.repeat(values[..., None], 3, axis=-1)
