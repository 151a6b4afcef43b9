"""One sheet per scene: what is given, and every bokeh image over blur levels and focus settings, with labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import matplotlib as mpl
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bokeh_render.imagefile import quantise, write_image
from bokeh_render.optics import Float32, display_from_light

_WIDEST_GRID_PX = 2400
_CELL_PX = (150, 420)
_GAP_PX = 6
_MARGIN_PX = 36
_ROW_LABEL_PX = 104
_PAPER, _INK, _SOFT = (20, 21, 27), (235, 236, 240), (150, 155, 170)


@dataclass(frozen=True)
class Sheet:
    """What to put on a sheet. title, subtitle: its head; given: (label, picture); columns, rows: labels of the grid;
    grid: one row of pictures per blur level, None for a hole; more: a last band of (label, picture), perhaps empty.
    Pictures come from :func:`thumbnail` or :func:`map_thumbnail`, all of one size.
    """

    title: str
    subtitle: str
    given: Sequence[tuple[str, Image.Image]]
    columns: Sequence[str]
    rows: Sequence[str]
    grid: Sequence[Sequence[Image.Image | None]]
    more: Sequence[tuple[str, Image.Image]] = ()


def cell_size(width: int, height: int, columns: int) -> tuple[int, int]:
    """Return the size (width, height) of pictures on a sheet with so many columns, for images of this size."""
    smallest, largest = _CELL_PX
    cell = max(smallest, min(largest, width, _WIDEST_GRID_PX // max(columns, 3)))
    return cell, max(1, round(cell * height / width))


def thumbnail(light: Float32, size: tuple[int, int]) -> Image.Image:
    """Return light (H, W, 3) as a picture of another size (width, height); it is light that is averaged."""
    if size != (light.shape[1], light.shape[0]):
        channels = [Image.fromarray(np.ascontiguousarray(light[..., index])) for index in range(3)]
        resample = Image.Resampling.BOX if size[0] < light.shape[1] else Image.Resampling.BICUBIC
        light = np.stack([np.asarray(channel.resize(size, resample)) for channel in channels], axis=2)
    return Image.fromarray(quantise(display_from_light(light), 8))


def map_thumbnail(values: Float32, size: tuple[int, int]) -> Image.Image:
    """Return a map (H, W) in [0, 1] in colours (dark violet far, bright yellow near) at another size."""
    picture = Image.fromarray(quantise(map_colours(values), 8))
    return picture if picture.size == size else picture.resize(size, Image.Resampling.BOX)


def map_colours(values: Float32) -> Float32:
    """Return display colours (H, W, 3) of a map (H, W) in [0, 1]."""
    coloured = mpl.colormaps["magma"](np.clip(values, 0.0, 1.0))
    return np.ascontiguousarray(coloured[..., :3], dtype=np.float32)


def write_sheet(path: Path, sheet: Sheet) -> tuple[int, int]:
    """Write a sheet as JPEG, atomically, and return its size (width, height)."""
    picture = draw_sheet(sheet)
    write_image(path, np.asarray(picture, dtype=np.float32) / np.float32(255), quality=90)
    return picture.size


def draw_sheet(sheet: Sheet) -> Image.Image:
    """Lay a sheet out and return it."""
    width, height = sheet.given[0][1].size
    columns = max(len(sheet.columns), len(sheet.given), 3)
    head, band = 96, 26
    total_width = 2 * _MARGIN_PX + _ROW_LABEL_PX + columns * (width + _GAP_PX) - _GAP_PX
    more_rows = -(-len(sheet.more) // columns)
    rows = [
        height + band,
        band + len(sheet.rows) * (height + _GAP_PX),
        more_rows * (height + band) + 30 * bool(more_rows),
    ]
    canvas = Image.new("RGB", (total_width, head + sum(rows) + 2 * 24 + _MARGIN_PX), _PAPER)
    draw = ImageDraw.Draw(canvas)
    left = _MARGIN_PX + _ROW_LABEL_PX
    draw.text((left, 26), sheet.title, _INK, _fitting(sheet.title, 26, total_width - left - _MARGIN_PX, bold=True))
    draw.text((left, 62), sheet.subtitle, _SOFT, _fitting(sheet.subtitle, 14, total_width - left - _MARGIN_PX))

    def place(column: int, y: int, picture: Image.Image | None) -> None:
        x = left + column * (width + _GAP_PX)
        if picture is None:
            draw.rectangle((x, y, x + width - 1, y + height - 1), outline=_SOFT)
        else:
            canvas.paste(picture, (x, y))

    def write(column: int, y: int, text: str) -> None:
        draw.text((left + column * (width + _GAP_PX), y), text, _SOFT, _fitting(text, 13, width))

    y = head
    _row_label(draw, y, height, ("given", ""))
    for column, (text, picture) in enumerate(sheet.given):
        place(column, y, picture)
        write(column, y + height + 5, text)
    y += height + band + 24
    draw.text((_MARGIN_PX, y), "truth", _INK, _font(13, bold=True))
    for column, text in enumerate(sheet.columns):
        write(column, y, text)
    y += band
    for text, pictures in zip(sheet.rows, sheet.grid, strict=True):
        first, _, second = text.partition("\n")
        _row_label(draw, y, height, (first, second))
        for column, truth in enumerate(pictures):
            place(column, y, truth)
        y += height + _GAP_PX
    y += 24
    for index, (text, picture) in enumerate(sheet.more):
        row, column = divmod(index, columns)
        top = y + row * (height + band)
        if column == 0:
            _row_label(draw, top, height, ("corrupted", "disparity") if row == 0 else ("", ""))
        place(column, top, picture)
        draw.text((left + column * (width + _GAP_PX), top + height + 5), text, _SOFT, _font(13))
    return canvas


def _row_label(draw: ImageDraw.ImageDraw, y: int, height: int, lines: tuple[str, str]) -> None:
    middle = y + height // 2
    draw.text((_MARGIN_PX, middle - 10), lines[0], _INK, _font(13, bold=True), anchor="lm")
    draw.text((_MARGIN_PX, middle + 10), lines[1], _SOFT, _font(13), anchor="lm")


def _fitting(text: str, size: int, width: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Return the font at this size, or smaller where the text would be wider than ``width`` px."""
    while size > 8 and _font(size, bold=bold).getlength(text) > width:
        size -= 1
    return _font(size, bold=bold)


@lru_cache(maxsize=64)
def _font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"  # ships with matplotlib
    return ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / name), size)
