"""The site as files: every page whole, every reference there, the same bytes for the same results."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

from benchmark.rendering import RenderedScene
from bokeh_render.errors import BadInputError, BokehbenchError
from leaderboards.store import Content
from leaderboards.website.arrangement import arrange
from leaderboards.website.build import build_site, under
from leaderboards.website.entry_files import entry_rows
from tests.leaderboards.made_entries import FILES, SCENES, made_entry, made_rendering
from tests.leaderboards.made_site import CUT_SCENE, MadePictures, build_made_site, made_content, reported

VOID = {"img", "meta", "link", "br", "input"}


class Page(HTMLParser):
    """One page: references, ids, texts of tables, handlers, and whether its tags are closed."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.references: list[str] = []
        self.ids: set[str] = set()
        self.handlers: list[str] = []
        self.images_without_alt = 0
        self.tables: list[list[list[str]]] = []
        self.text = path.read_text()
        self._open: list[str] = []
        self._cell: list[str] | None = None
        self.feed(self.text)
        assert self._open == [], f"{path}: {self._open} not closed"

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.references += [value for name in ("src", "href") if (value := told.get(name))]
        self.ids |= {value for name, value in attrs if name == "id" and value}
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.images_without_alt += tag == "img" and "alt" not in told
        if tag not in VOID:
            self._open.append(tag)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in {"td", "th"}:
            self._cell = []

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, tag
        if tag in {"td", "th"} and self._cell is not None:
            self.tables[-1][-1].append(" ".join("".join(self._cell).split()))
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_made_site(tmp_path_factory.mktemp("site") / "out")


def hashes(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def row_of(table: list[list[str]], method: str) -> list[str]:
    return next(row for row in table if row[1] == method)


def test_every_kind_of_page_is_there(site: Path) -> None:
    pages = {str(path.relative_to(site)) for path in site.rglob("*.html")}
    kinds = {name.split("/")[0] for name in pages}
    assert kinds == {
        "index.html",
        "enter.html",
        "reported.html",
        "boards",
        "methods",
        "samples",
        "datasets",
        "protocols",
    }
    assert len([name for name in pages if name.startswith("boards/")]) == 3
    assert len([name for name in pages if name.startswith("samples/")]) == 1, "pictures are of the clean map alone"
    assert len([name for name in pages if name.startswith("methods/")]) == 5


def test_every_reference_leads_to_a_file_of_the_site(site: Path) -> None:
    pages = {path.resolve(): Page(path) for path in site.rglob("*.html")}
    for path, page in pages.items():
        for reference in page.references:
            if reference.startswith("https://"):
                continue
            file, fragment = urldefrag(reference)
            target = (path.parent / unquote(file)).resolve() if file else path
            assert target.is_file(), f"{path.name} refers to {reference}"
            assert site.resolve() in target.resolve().parents, "from a sub-path nothing above it can be reached"
            if fragment and target.parent.name != "samples":
                assert fragment in pages[target].ids, f"{path.name} refers to {reference}"
        assert page.handlers == [], "scripts stand in files"
        assert page.images_without_alt == 0


def test_numbers_stand_in_the_pages_without_scripts(site: Path) -> None:
    main = Page(site / "index.html").tables[0]
    assert main[0][:3] == ["Rank", "Method", "PSNR (dB) ↑"]
    assert row_of(main, "best")[0] == "1"
    assert row_of(main, "best")[2].startswith("36."), row_of(main, "best")
    assert "[" in row_of(main, "best")[2], "the interval stands beside the mean"
    assert row_of(main, "best")[-1] == "verified"
    assert main[-1][1] == "Noise floor of the truth"


def test_a_method_that_lacks_a_scene_has_no_mean_anywhere(site: Path) -> None:
    for path in (site / "index.html", next(site.glob(f"boards/blb-v1-made-1.0-{FILES[:12]}.html"))):
        for table in Page(path).tables:
            cut = [row for row in table if len(row) > 1 and row[1] == "cut"]
            if cut and table[0][0] == "Rank":
                numbers = [text for text in cut[0][2:] if text[:1].isdigit()]
                scenes = [head for head in table[0] if head.lower() in {"meadow", "portrait", "street", "table"}]
                assert cut[0][0] == "—"
                assert len(numbers) == max(0, len(scenes) - 1), "only scenes that are whole have numbers"
    page = Page(site / "methods" / "cut.html")
    assert f"6 of 24 samples are missing (scene {CUT_SCENE})" in page.text
    board = json.loads(
        next(site.glob(f"data/blb-v1-made-1.0-{FILES[:12]}.js")).read_text().split("] = ", 1)[1].rstrip(";\n")
    )
    assert board["overall"]["psnr"][board["methods"].index("cut")] is None


def test_a_board_without_any_whole_method_has_no_charts(tmp_path: Path) -> None:
    build_site(Content((made_entry("cut", 40.0, without=[CUT_SCENE]),), made_content().renderings), tmp_path)
    page = Page(next(tmp_path.glob("boards/blb-v1-*.html")))
    assert "charts" not in page.ids
    assert not [reference for reference in page.references if "chart" in reference]
    assert row_of(page.tables[0], "cut")[0] == "—"


def test_files_of_entries_have_the_means_that_the_tables_have(tmp_path: Path) -> None:
    extra = made_entry("extra", 40.0, rendering=made_rendering((*SCENES, "attic")), revision="2", day=2)
    earlier = made_entry("extra", 35.0, without=[CUT_SCENE], revision="1")
    (shown,) = arrange(Content((extra, earlier), {FILES: made_rendering()}), lambda _: None).boards
    psnr = shown.main.columns[0].text(shown.row("extra").cells[0].value)
    assert [(row.psnr, row.is_newest) for row in entry_rows(shown)] == [(psnr, True), ("—", False)]
    assert psnr == "40.35"


def test_texts_of_results_are_escaped_and_odd_addresses_are_no_links(tmp_path: Path) -> None:
    entry = made_entry("sly", 30.0)
    told = entry.result.method.metadata.model_copy(update={"paper": "javascript:alert(1)", "code": "https://a.org/b"})
    method = entry.result.method.model_copy(update={"metadata": told})
    sly = entry.model_copy(update={"result": entry.result.model_copy(update={"method": method})})
    content = made_content()
    build_site(Content((sly,), content.renderings), tmp_path)
    page = Page(tmp_path / "methods" / "sly.html")
    assert "&lt;b&gt;described" in page.text
    assert not [one for one in page.references if one.startswith("javascript")]
    assert "https://a.org/b" in page.references


def test_pictures_of_every_sample_are_there_and_small(site: Path) -> None:
    top = next(site.glob("pictures/blb-v1-*"))
    files = sorted(str(path.relative_to(top)) for path in top.rglob("*") if path.is_file())
    scenes, samples = 4, 4 * 2 * 3
    predictions = 3 * samples + (samples - 2 * 3)  # three whole methods, and one without a scene
    assert len(files) == 2 * 2 * scenes + 2 * samples + 3 * predictions
    assert "street/best@2/01_02_error.avif" in files
    assert not [name for name in files if name.startswith(f"{CUT_SCENE}/cut@")]
    assert max((top / name).stat().st_size for name in files) < 4000
    data = next(site.glob("data/*-samples.js")).read_text()
    assert '"name":"elsewhere","folder":null' in data, "a method without predictions is told of"


def test_the_same_results_give_the_same_bytes(site: Path, tmp_path: Path) -> None:
    assert hashes(build_made_site(tmp_path)) == hashes(site)


def test_a_killed_build_goes_on_and_ends_in_the_same_bytes(site: Path, tmp_path: Path) -> None:
    class Killed(MadePictures):
        def prediction(self, *arguments):  # type: ignore[no-untyped-def]
            if len(self.asked) > 60:
                raise BokehbenchError("killed")
            return super().prediction(*arguments)

    with pytest.raises(BokehbenchError, match="killed"):
        build_made_site(tmp_path, Killed())
    rest = MadePictures()
    build_made_site(tmp_path, rest)
    assert "image of meadow" not in rest.asked, "what was drawn before is kept"
    assert hashes(tmp_path) == hashes(site)


def test_a_rebuild_draws_only_what_changed(site: Path, tmp_path: Path) -> None:
    shutil.copytree(site, tmp_path, dirs_exist_ok=True)
    (next(tmp_path.glob("pictures/blb-v1-*")) / "street/best@2/01_02_error.avif").unlink()
    again = MadePictures()
    build_made_site(tmp_path, again)
    assert [what for what in again.asked if what.startswith("best")] == ["best of street/bokeh_01_02"]
    assert len(again.asked) == 3, "its truth, and once more as what the prediction is made from"
    assert hashes(tmp_path) == hashes(site)


def test_a_rebuild_leaves_nothing_behind_and_touches_nothing_else(site: Path, tmp_path: Path) -> None:
    shutil.copytree(site, tmp_path, dirs_exist_ok=True)
    (tmp_path / "pictures" / "mine.txt").write_text("mine")
    build_site(under(made_content(), "blb-corrupted-v1"), tmp_path)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert "pictures/mine.txt" in left
    assert not [name for name in left if name.endswith((".webp", ".avif")) or "blb-v1" in name]
    assert not (tmp_path / "samples").exists()


def test_without_pictures_the_pages_say_so(tmp_path: Path) -> None:
    build_site(made_content(), tmp_path)
    assert not (tmp_path / "pictures").exists()
    assert not (tmp_path / "samples").exists()
    board = next(tmp_path.glob("boards/blb-v1-*.html")).read_text()
    dataset = next(tmp_path.glob("datasets/made-1.0-*.html")).read_text()
    assert "This build has no pictures" in board
    assert "This build has no pictures" in dataset


def test_pairs_of_photographs_with_odd_names_have_pages_too(tmp_path: Path) -> None:
    pair = RenderedScene(size_px=(48, 64), blur_parameters=(20.0,), focus_disparities=(0.5,))
    rendering = made_rendering().model_copy(
        update={"name": "my pairs/2", "takes": "pairs", "recipe_sha256": None, "scenes": dict.fromkeys(SCENES, pair)}
    )
    entry = made_entry("best", 24.0, protocol="ebb400-v1", rendering=rendering)
    build_site(Content((entry,), {FILES: rendering}), tmp_path, pictures=MadePictures())
    page = Page(next(tmp_path.glob("datasets/my-pairs-2-1.0-*.html")))
    assert page.text.count("<figcaption>Ground truth</figcaption>") == len(SCENES)
    assert all((tmp_path / "datasets" / unquote(one)).exists() for one in page.references if one.endswith(".webp"))


def test_downloads_hold_every_table_and_entry(site: Path) -> None:
    names = {path.name for path in (site / "downloads").iterdir()}
    assert len(names) == 3 * 3
    assert {path.suffix for path in (site / "downloads").iterdir()} == {".csv", ".md", ".tex"}
    entries = {path.name for path in next(site.glob(f"entries/blb-v1-made-1.0-{FILES[:12]}")).iterdir()}
    assert {"best@1.json", "best@2.json", "cut@1.json"} <= entries
    assert (site / "leaderboard.md").read_text().count("\n# ") == 2
    assert len((site / "leaderboard.csv").read_text().splitlines()) > 100


def test_numbers_from_papers_stand_apart(site: Path) -> None:
    page = Page(site / "reported.html")
    assert page.tables
    assert page.text.count("not comparable with the ranked tables") > len(reported())
    assert "BokehDiff" not in (site / "index.html").read_text()


def test_bad_input_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "index.html").write_text("theirs")
    with pytest.raises(BadInputError, match=r"index.html would be overwritten, and this command did not make it"):
        build_site(made_content(), tmp_path / "theirs")
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInputError, match="is a file; expected a folder for the site"):
        build_site(made_content(), tmp_path / "file")
    with pytest.raises(
        BadInputError, match="no result under protocol 'blb-v9'; expected one of blb-corrupted-v1, blb-v1"
    ):
        under(made_content(), "blb-v9")
    strange = MadePictures()
    strange.files_sha256 = "e" * 64
    with pytest.raises(BadInputError, match="no result with clean disparity maps is of the rendering eeeeeeeeeeee"):
        build_site(made_content(), tmp_path / "out", pictures=strange)
    assert {path.name for path in tmp_path.iterdir()} == {"theirs", "file"}
