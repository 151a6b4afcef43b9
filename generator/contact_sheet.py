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
_MANY_COLUMNS = 6
_SMALLEST_MORE_PX = 130
_GAP_PX = 6
_MARGIN_PX = 36
_ROW_LABEL_PX = 104
PAPER, INK, _SOFT = (20, 21, 27), (235, 236, 240), (150, 155, 170)
"""Colours of a sheet's ground and of what matters on it; the rest is softer."""


@dataclass(frozen=True)
class Sheet:
    """What to put on a sheet. title, subtitle: its head; cell: (width, height) of the grid's pictures;
    given: (label, picture), all of one size; columns, rows: labels of the grid (a row's may have a second line);
    grid: one row of pictures per blur level; more: a last band of (label, picture), perhaps empty, shown smaller.
    Pictures come from :func:`thumbnail` or :func:`map_thumbnail`.
    """

    title: str
    subtitle: str
    cell: tuple[int, int]
    given: Sequence[tuple[str, Image.Image]]
    columns: Sequence[str]
    rows: Sequence[str]
    grid: Sequence[Sequence[Image.Image]]
    more: Sequence[tuple[str, Image.Image]] = ()


def cell_size(width: int, height: int, columns: int) -> tuple[int, int]:
    """Return the size (width, height) of pictures on a sheet with so many columns, for images of this size."""
    smallest, largest = _CELL_PX
    cell = max(smallest, min(largest, width, _WIDEST_GRID_PX // max(columns, 3)))
    return cell, max(1, round(cell * height / width))


def given_size(cell: tuple[int, int], width: int, columns: int) -> tuple[int, int]:
    """Return the size of the given pictures: as the grid's, or twice that where the grid's are many and small."""
    double = 2 * cell[0] + _GAP_PX
    return (double, round(double * cell[1] / cell[0])) if columns >= _MANY_COLUMNS and double <= width else cell


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
    width, height = sheet.cell
    given_width, given_cell_height = sheet.given[0][1].size
    columns = max(len(sheet.columns), len(sheet.given), 3)
    head, band = 96, 26
    grid_width = columns * (width + _GAP_PX) - _GAP_PX
    total_width = 2 * _MARGIN_PX + _ROW_LABEL_PX + grid_width
    more = _small(sheet.more, grid_width)
    given_height, grid_height = given_cell_height + band + 24, band + len(sheet.rows) * (height + _GAP_PX)
    more_height = sum(row[0][1].height + band for row in more) + (24 if more else -_GAP_PX)
    total_height = head + given_height + grid_height + more_height + _MARGIN_PX
    canvas = Image.new("RGB", (total_width, total_height), PAPER)
    draw = ImageDraw.Draw(canvas)
    left = _MARGIN_PX + _ROW_LABEL_PX
    write_line(draw, (left, 26), sheet.title, 26, grid_width, colour=INK, bold=True)
    write_line(draw, (left, 62), sheet.subtitle, 14, grid_width)

    y = head
    _row_label(draw, y, given_cell_height, ("given", ""))
    for column, (text, picture) in enumerate(sheet.given):
        x = left + column * (given_width + _GAP_PX)
        canvas.paste(picture, (x, y))
        write_line(draw, (x, y + given_cell_height + 5), text, 13, given_width)
    y += given_height
    draw.text((_MARGIN_PX, y), "truth", INK, _font(13, bold=True))
    for column, text in enumerate(sheet.columns):
        write_line(draw, (left + column * (width + _GAP_PX), y), text, 13, width)
    y += band
    for text, pictures in zip(sheet.rows, sheet.grid, strict=True):
        first, _, second = text.partition("\n")
        _row_label(draw, y, height, (first, second))
        for column, truth in enumerate(pictures):
            canvas.paste(truth, (left + column * (width + _GAP_PX), y))
        y += height + _GAP_PX
    y += 24
    for index, small_row in enumerate(more):
        small_width, small_height = small_row[0][1].size
        _row_label(draw, y, small_height, ("corrupted", "disparity") if index == 0 else ("", ""))
        for column, (text, picture) in enumerate(small_row):
            x = left + column * (small_width + _GAP_PX)
            canvas.paste(picture, (x, y))
            write_line(draw, (x, y + small_height + 5), text, 13, small_width)
        y += small_height + band
    return canvas


def _small(pictures: Sequence[tuple[str, Image.Image]], width: int) -> list[list[tuple[str, Image.Image]]]:
    """Return pictures with their labels in rows over this width, as many to a row as can still be seen."""
    if not pictures:
        return []
    columns = next((count for count in (15, 8, 5) if width // count >= _SMALLEST_MORE_PX), 3)
    small = (width + _GAP_PX) // columns - _GAP_PX
    size = (small, max(1, round(small * pictures[0][1].height / pictures[0][1].width)))
    resized = [(text, picture.resize(size, Image.Resampling.BOX)) for text, picture in pictures]
    return [resized[start : start + columns] for start in range(0, len(resized), columns)]


def _row_label(draw: ImageDraw.ImageDraw, y: int, height: int, lines: tuple[str, str]) -> None:
    middle = y + height // 2
    draw.text((_MARGIN_PX, middle - 10), lines[0], INK, _font(13, bold=True), anchor="lm")
    draw.text((_MARGIN_PX, middle + 10), lines[1], _SOFT, _font(13), anchor="lm")


def write_line(
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    text: str,
    size: int,
    width: int,
    *,
    colour: tuple[int, int, int] = _SOFT,
    bold: bool = False,
) -> None:
    """Write a line that is at most ``width`` px long: in smaller letters, and cut if need be."""
    smallest = max(9, size // 2)
    while size > smallest and _font(size, bold=bold).getlength(text) > width:
        size -= 1
    font = _font(size, bold=bold)
    if font.getlength(text) > width:
        while text and font.getlength(text + "…") > width:
            text = text[:-1]
        text += "…"
    draw.text(place, text, colour, font)


@lru_cache(maxsize=64)
def _font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"  # ships with matplotlib
    return ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / name), size)
