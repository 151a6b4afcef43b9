"""The page and its pictures: complete, without anything from elsewhere, for both layouts."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_image
from generator.contact_sheet import Sheet, cell_size, draw_sheet, given_size, map_thumbnail, thumbnail, write_sheet
from generator.dataset_page import scene_words, write_dataset_page
from tests.conftest import TINY, Ended
from tests.generator.test_validation import original_layout


class Links(HTMLParser):
    """What a page points to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.files: list[str] = []
        self.anchors: list[str] = []
        self.ids: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for key, value in attrs:
            if key == "id":
                self.ids.append(value or "")
            if key in {"href", "src", "data-file"}:
                (self.anchors if (value or "").startswith("#") else self.files).append(unquote(value or ""))
            if key == "data-files":
                self.files += unquote(value or "").split("|")


def test_generate_makes_a_page_whose_links_all_lead_somewhere(tiny_dataset_once: Path) -> None:
    text = (tiny_dataset_once / "index.html").read_text()
    links = Links(text)
    assert len(links.files) > 20
    for file in links.files:
        assert (tiny_dataset_once / file).exists(), file
    assert {anchor[1:] for anchor in links.anchors} <= set(links.ids)
    assert not re.search(r"https?://", text), "the page needs no network"
    for scene in TINY.scenes:
        assert f'id="{scene}"' in text
    assert "A table by a window" in text
    assert re.search(r"\d\d\.\d dB", text)


def test_one_sheet_per_scene_shows_the_whole_grid(tiny_dataset_once: Path) -> None:
    for scene in TINY.scenes:
        sheet = read_image(tiny_dataset_once / "previews" / f"{scene}_sheet.jpg").pixels
        assert sheet.shape[0] > 3 * 100
        assert sheet.shape[1] > 3 * 150
        assert sheet.std() > 0.1


def test_the_page_is_made_again_and_tells_of_further_maps(command: Callable[..., Ended], tiny_dataset: Path) -> None:
    shutil.rmtree(tiny_dataset / "previews")
    ended = command("dataset", "page", tiny_dataset)
    assert ended.code == 0, ended
    after = (tiny_dataset / "index.html").read_text()
    assert "corrupted_NN.exr" in after
    assert (tiny_dataset / "previews" / "window_table_sheet.jpg").is_file()
    assert command("dataset", "page", tiny_dataset / "none").code == 2


def test_the_original_layout_gets_a_page_too(tiny_dataset_once: Path, tmp_path: Path) -> None:
    root = original_layout(tiny_dataset_once, tmp_path / "BLB")
    text = write_dataset_page(root).read_text()
    assert "BLB (original layout)" in text
    assert "Provenance" not in text
    assert all((root / file).exists() for file in Links(text).files)
    (root / "data" / "window_table" / "bokeh_00_00.exr").unlink()
    with pytest.raises(BadInputError, match="does not exist"):
        write_dataset_page(root)


def test_names_are_no_markup(tiny_dataset_once: Path, tmp_path: Path) -> None:
    root = original_layout(tiny_dataset_once, tmp_path / "BLB")
    (root / "data" / "window_table").rename(root / "data" / "<b>50% off? #1")
    text = write_dataset_page(root).read_text()
    assert "<b>50%" not in text
    assert all((root / file).exists() for file in Links(text).files)


def test_words_for_scenes() -> None:
    assert scene_words("window_table")[0].startswith("A table")
    assert scene_words("window_table@17")[0].endswith("(variation 17)")
    assert scene_words("277") == ("277", "")


def test_thumbnails_average_light_and_keep_shape() -> None:
    light = np.zeros((40, 80, 3), dtype=np.float32)
    light[:, ::2] = 1.0
    small = np.asarray(thumbnail(light, (40, 20)))
    assert small.shape == (20, 40, 3)
    assert np.all(small == round(255 * 0.5 ** (1 / 2.2)))  # half the light, not half the display value
    assert map_thumbnail(np.zeros((40, 80), dtype=np.float32), (20, 10)).size == (20, 10)


@pytest.mark.parametrize(("columns", "size"), [(3, (384, 256)), (10, (1280, 720)), (1, (96, 64)), (20, (64, 160))])
def test_sheets_of_all_shapes(columns: int, size: tuple[int, int], tmp_path: Path) -> None:
    cell = cell_size(*size, columns)
    given = given_size(cell, size[0], columns)
    light = np.full((size[1], size[0], 3), 0.2, dtype=np.float32)
    sheet = Sheet(
        title="A scene with a name that is much too long to fit on anything " * 4,
        subtitle="x",
        cell=cell,
        given=[("image", thumbnail(light, given)), ("disparity", map_thumbnail(light[..., 0], given))],
        columns=[f"focus {index}" for index in range(columns)],
        rows=["K = 1 px\nf/2", "K = 2 px"],
        grid=[[thumbnail(light, cell)] * columns] * 2,
        more=[(f"{index:02d}", map_thumbnail(light[..., 0], cell)) for index in range(15)],
    )
    width, height = write_sheet(tmp_path / "sheet.jpg", sheet)
    assert (width, height) == draw_sheet(sheet).size
    assert cell[0] >= 150
    assert width < 5200
    pixels = read_image(tmp_path / "sheet.jpg").pixels
    ground = pixels[-5, -5]
    assert np.abs(pixels[:, -20:] - ground).max() < 0.05, "nothing runs over the margin"
    assert np.abs(pixels[-20:] - ground).max() < 0.05
