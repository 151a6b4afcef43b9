from __future__ import annotations

from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

import numpy as np

from bokeh_render.imagefile import read_image
from leaderboards.gallery import Sources
from leaderboards.page import build_page
from tests.leaderboards.test_table import result


class Seen(HTMLParser):
    """Collects image files, table rows and unclosed tags."""

    def __init__(self) -> None:
        super().__init__()
        self.images: list[str] = []
        self.rows = 0
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.images.append(dict(attrs)["src"] or "")
        if tag == "tr":
            self.rows += 1
        if tag not in {"img", "meta", "link", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def pictures(scene: str, blur: int, focus: Sequence[int], methods: Sequence[str]) -> Sources:
    image = np.full((12, 16, 3), 0.5, dtype=np.float32)
    every = dict.fromkeys(focus, image)
    return Sources(
        scene,
        f"The {scene}",
        blur,
        dict.fromkeys(focus, 0.5),
        image,
        image[..., 0],
        every,
        dict.fromkeys(methods, every),
    )


def read(path: Path) -> Seen:
    seen = Seen()
    seen.feed(path.read_text())
    assert seen.open == []
    return seen


def test_the_page_holds_tables_and_every_picture_exists(tmp_path: Path) -> None:
    page = build_page([result("a", 35.0), result("b", 30.0)], tmp_path, pictures)
    seen = read(page)
    assert seen.rows == 3 * (1 + 2 + 1)
    # per scene: image, disparity, and at two focus settings the truth and two predictions with their error maps
    assert len(seen.images) == 2 * (2 + 2 * (1 + 2 * 2))
    assert all((tmp_path / image).is_file() for image in seen.images)
    assert {path.name for path in tmp_path.iterdir()} == {
        "index.html",
        "leaderboard.md",
        "leaderboard.csv",
        "overview.jpg",
        "pictures",
    }
    assert "&lt;b&gt;described" in page.read_text(), "text from results must be escaped"


def test_scenes_of_different_sizes_fit_the_overview(tmp_path: Path) -> None:
    def sized(scene: str, blur: int, focus: Sequence[int], methods: Sequence[str]) -> Sources:
        image = np.full((12, 16, 3) if scene == "street" else (20, 8, 3), 0.5, dtype=np.float32)
        every = dict.fromkeys(focus, image)
        distances = dict.fromkeys(focus, 0.5)
        return Sources(scene, scene, blur, distances, image, image[..., 0], every, dict.fromkeys(methods, every))

    build_page([result("a", 35.0)], tmp_path, sized)
    assert read_image(tmp_path / "overview.jpg").pixels.shape == (2 * 20 + 6, 4 * 16 + 3 * 6, 3)


def test_a_page_without_pictures_is_whole_too(tmp_path: Path) -> None:
    assert read(build_page([result("a", 35.0)], tmp_path)).images == []
