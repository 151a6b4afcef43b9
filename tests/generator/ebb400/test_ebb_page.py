"""The page of pairs: complete, without anything from elsewhere, for sets of ours and of others."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from bokeh_render.errors import BadInputError, BokehbenchError
from bokeh_render.imagefile import read_image
from bokeh_render.schema import load_json
from generator.archive import export_dataset, import_dataset
from generator.dataset_page import write_dataset_page
from generator.ebb400.caveats import near_and_far, whose
from generator.ebb400.charts import curve_drawing, histogram
from generator.ebb400.figures import figures_of, numbers_of, summary_of
from generator.ebb400.info import CurveInfo, OriginalPairInfo, PreparedPairInfo
from generator.ebb400.prepare import Prepared
from generator.ebb400.selection import AuthorsSet, Draw, IdList, WholeSplit
from generator.ebb400.strip import HEAD_PX, PICTURE_HEIGHT_PX, Strip, labels, write_strip
from generator.stack import PairInfo
from tests.benchmark.test_dataset import pairs
from tests.conftest import Ended

from .written_set import DOUBTFUL, FOCUS, NO_MAP, NO_PARTNER, READY, REFUSAL, REFUSED, K, write_set

SCENES = [f"{identifier:04d}" for identifier in sorted((*READY, DOUBTFUL))]


class Page(HTMLParser):
    """A page's tags: what it points to, and how many of each there are."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.text = path.read_text(encoding="utf-8")
        self.files: list[str] = []
        self.anchors: list[str] = []
        self.pairs: list[dict[str, str | None]] = []
        self.images: list[dict[str, str | None]] = []
        self.ids: list[str] = []
        self.words = ""
        self.feed(self.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.ids += [value for key, value in attrs if key == "id" and value]
        for key in ("href", "src", "data-image", "data-shallow"):
            value = found.get(key)
            if value is not None:
                (self.anchors if value.startswith("#") else self.files).append(unquote(value))
        if tag == "section" and found.get("class") == "pair":
            self.pairs.append(found)
        if tag == "img" and "src" in found:
            self.images.append(found)

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Prepared]:
    return write_set(tmp_path_factory.mktemp("written"))


@pytest.fixture
def prepared_set(written: tuple[Path, Prepared], tmp_path: Path) -> Path:
    """Return a copy that the test may change."""
    return Path(shutil.copytree(written[0], tmp_path / "set"))


def test_a_prepared_set_has_a_page_whose_links_all_lead_somewhere(written: tuple[Path, Prepared]) -> None:
    root, _ = written
    page = Page(root / "index.html")
    assert len(page.files) > 20
    for file in page.files:
        assert (root / file).exists(), file
    assert {unquote(anchor[1:]) for anchor in page.anchors} <= set(page.ids)
    assert not re.search(r"https?://", page.text), "the page needs no network"
    assert len(page.ids) == len(set(page.ids))


def test_each_pair_is_there_with_its_numbers(written: tuple[Path, Prepared]) -> None:
    root, _ = written
    page = Page(root / "index.html")
    assert [pair["id"] for pair in page.pairs] == SCENES
    for pair in page.pairs:
        info = load_json(PreparedPairInfo, root / "scenes" / str(pair["id"]) / "info.json")
        for key, value in numbers_of(info).items():
            assert float(str(pair[f"data-{key}"])) == pytest.approx(value, rel=1e-3)
            assert f'<option value="{key}">' in page.text
        assert f"{info.scores.psnr:.1f} dB" in page.words
    assert [pair["id"] for pair in page.pairs if "data-doubtful" in pair] == ["0003"]
    assert "data-residual" not in next(pair for pair in page.pairs if pair["id"] == "0003"), "it was not measured"
    assert page.text.count('<polyline class="curve"') == len(SCENES)
    assert "<30" not in page.text, "sentences are no markup"
    assert page.words.count("Doubtful: K is not clear: <30 % more would do as well>") == 1


def test_what_was_refused_stands_there_with_its_reason_and_strip(written: tuple[Path, Prepared]) -> None:
    root, prepared = written
    page = Page(root / "index.html")
    refused = {outcome.id: outcome.reason or "" for outcome in prepared.outcomes if outcome.state == "refused"}
    assert set(refused) == {REFUSED, NO_MAP, NO_PARTNER}
    assert refused[REFUSED] == REFUSAL
    for reason in refused.values():
        assert reason in page.words
    strips = [image["src"] for image in page.images]
    assert strips == [f"previews/{scene}.jpg" for scene in (*SCENES, f"{REFUSED:04d}")]
    assert all(image["loading"] == "lazy" for image in page.images), "400 strips are not read at once"
    assert page.words.count("wide and shallow, difference × 4") == 1
    assert page.words.count("render and shallow, difference × 4") == len(SCENES)


def test_the_head_tells_how_ids_were_chosen(written: tuple[Path, Prepared], tmp_path: Path) -> None:
    root, prepared = written
    page = Page(root / "index.html")
    assert "The ids are a list that was given." in page.words
    assert "Not the paper's EBB400." not in page.words
    assert prepared.record.files_sha256 in page.words
    assert prepared.record.recipe_sha256 in page.words
    drawn, _ = write_set(tmp_path, Draw(count=2))
    assert "Not the paper's EBB400." in Page(drawn / "index.html").words
    assert "**Not the paper's EBB400.**" in (drawn / "README.md").read_text()


def test_too_few_pairs_have_a_page_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(BokehbenchError, match="3 of 4 pairs"):
        write_set(tmp_path, Draw(count=4))
    page = Page(tmp_path / "set" / "index.html")
    assert "Too few pairs. 4 were asked for" in page.words
    assert REFUSAL in page.words
    assert [pair["id"] for pair in page.pairs] == SCENES
    assert all((tmp_path / "set" / file).exists() for file in page.files)


def test_the_card_lists_what_was_refused_and_what_is_doubtful(written: tuple[Path, Prepared]) -> None:
    card = (written[0] / "README.md").read_text()
    assert f"| {REFUSED} | align | {REFUSAL} |" in card
    assert f"| {DOUBTFUL} | K is not clear" in card
    assert "Near and far" not in card


def test_the_page_is_made_again_without_previews_and_report(
    command: Callable[..., Ended], prepared_set: Path, tmp_path: Path
) -> None:
    """As after an import: an archive holds what the manifest lists."""
    export_dataset(prepared_set, tmp_path / "set.tar")
    import_dataset(tmp_path / "set.tar", tmp_path / "imported")
    ended = command("dataset", "page", tmp_path / "imported")
    assert ended.code == 0, ended
    page = Page(tmp_path / "imported" / "index.html")
    assert [pair["id"] for pair in page.pairs] == SCENES
    assert all((tmp_path / "imported" / file).exists() for file in page.files)
    assert "refused" not in page.ids
    for scene in SCENES:  # rendered anew, small: like the one that the run made
        first, again = (
            read_image(root / f"previews/{scene}.jpg").pixels for root in (prepared_set, tmp_path / "imported")
        )
        assert first.shape == again.shape
        below = slice(HEAD_PX, HEAD_PX + PICTURE_HEIGHT_PX)
        assert np.abs(first[below] - again[below]).mean() < 0.01


def test_a_report_of_other_files_is_left_aside(prepared_set: Path) -> None:
    report = json.loads((prepared_set / "report.json").read_text())
    (prepared_set / "report.json").write_text(json.dumps(report | {"files_sha256": "0" * 64}))
    assert REFUSAL not in write_dataset_page(prepared_set).read_text()
    (prepared_set / "report.json").write_text("{}")
    with pytest.raises(BadInputError, match="report.json: the key 'name' is missing"):
        write_dataset_page(prepared_set)


def test_the_untouched_photographs_have_a_page_too(prepared_set: Path) -> None:
    page = Page(write_dataset_page(prepared_set / "original"))
    assert [pair["data-image"] for pair in page.pairs] == [f"scenes/{scene}/image.jpg" for scene in SCENES]
    assert all((prepared_set / "original" / file).exists() for file in page.files)
    assert "neither aligned nor matched in colour" in page.words
    assert "wide, aligned" not in page.words


def test_pairs_of_anybody_have_a_page_too(tmp_path: Path) -> None:
    root = pairs(tmp_path / "ebb")
    page = Page(write_dataset_page(root))
    assert [pair["id"] for pair in page.pairs] == ["0012", "0345"]
    assert all((root / file).exists() for file in page.files)
    assert not {"data-residual", "data-width", "data-likeness"} & page.pairs[0].keys()
    (root / "scenes" / "0345" / "image.png").unlink()
    with pytest.raises(BadInputError, match="0345 holds no image; expected one picture"):
        write_dataset_page(root)


def test_names_are_no_markup(tmp_path: Path) -> None:
    root, name = pairs(tmp_path / "ebb"), "<b>50% off? #1"
    (root / "scenes" / "0012").rename(root / "scenes" / name)
    manifest = root / "manifest.jsonl"
    manifest.write_text(manifest.read_text().replace("0012", name))
    page = Page(write_dataset_page(root))
    assert "<b>50%" not in page.text
    assert name in page.words
    assert all((root / file).exists() for file in page.files)
    assert {unquote(anchor[1:]) for anchor in page.anchors} <= set(page.ids)


def test_a_pair_takes_few_bytes_of_the_page(written: tuple[Path, Prepared]) -> None:
    sections = re.findall(r'<section class="pair".*?</section>', Page(written[0] / "index.html").text, re.DOTALL)
    assert len(sections) == len(SCENES)
    assert max(map(len, sections)) < 5000, "400 pairs would be 2 MB"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_wild_numbers_are_shown_or_refused_and_never_a_traceback(prepared_set: Path, data: st.DataObject) -> None:
    path = prepared_set / "scenes" / SCENES[0] / "info.json"
    whole = path.read_text()
    info = json.loads(whole)
    part: dict[str, Any] = info
    while isinstance(inner := part[key := data.draw(st.sampled_from(sorted(part)))], dict):
        part = inner
    number = st.one_of(
        st.floats(allow_nan=False, allow_infinity=False), st.integers(-3, 3), st.none(), st.text(max_size=2)
    )
    part[key] = data.draw(st.one_of(number, st.lists(st.floats(-1e308, 1e308), max_size=4)))
    path.write_text(json.dumps(info))
    shutil.rmtree(prepared_set / "previews", ignore_errors=True)
    try:
        write_dataset_page(prepared_set)
    except BadInputError:
        pass
    finally:
        path.write_text(whole)


# sentences


def test_every_selection_has_its_sentence() -> None:
    sentences = [
        whose(selection.model_dump(mode="json"))
        for selection in (
            Draw(),
            Draw(seed=3, split="val294"),
            IdList(ids=(1,)),
            WholeSplit(split="train"),
            AuthorsSet(),
        )
    ]
    assert [caveat.headline for caveat in sentences] == ["Not the paper's EBB400."] * 2 + [""] * 3
    assert "drawn by seed 3 from EBB!'s split val294" in sentences[1].text
    assert len({caveat.text for caveat in sentences}) == 5


def test_near_and_far_are_doubted_from_more_than_half_of_the_pairs_on() -> None:
    assert near_and_far(0, 0) is None
    assert near_and_far(2, 4) is None
    doubt = near_and_far(3, 4)
    assert doubt is not None
    assert "In 3 of 4 pairs" in doubt.text


def test_figures_of_pairs_about_which_little_is_known() -> None:
    infos = [PairInfo(blur_parameter_normalised=k, focus_disparity_normalised=0.5) for k in (1.0, 2.0, 6.0)]
    assert summary_of(infos, []) == {"median_blur_parameter": 2.0, "median_focus_disparity": 0.5}
    assert [figure.value for figure in figures_of(infos, [])] == ["2.0 px", "0.50"]
    assert summary_of([], []) == {}


def test_report_card_and_page_tell_the_same_summary(written: tuple[Path, Prepared]) -> None:
    root, _ = written
    summary = json.loads((root / "report.json").read_text())["summary"]
    infos = [load_json(PreparedPairInfo, root / "scenes" / scene / "info.json") for scene in SCENES]
    originals = [load_json(OriginalPairInfo, root / "original" / "scenes" / scene / "info.json") for scene in SCENES]
    assert summary == pytest.approx(
        {
            "median_shift_px": 0.0,
            "median_residual_px": 0.1,
            "aligned_by_sift": 3,
            "median_blur_parameter": K,
            "median_focus_disparity": FOCUS,
            "median_k_width": np.median([info.blur.width for info in infos]),
            "mostly_nearer_than_focus": sum(info.blur.nearer > 0.5 for info in infos),
            "psnr_aligned": np.mean([info.scores.psnr for info in infos]),
            "ssim_aligned": np.mean([info.scores.ssim for info in infos]),
            "psnr_original": np.mean([info.scores.psnr for info in originals]),
            "ssim_original": np.mean([info.scores.ssim for info in originals]),
        }
    )
    card, page = (root / "README.md").read_text(), Page(root / "index.html").words
    for key in ("aligned", "original"):
        for text in (card, page):
            assert f"{summary[f'psnr_{key}']:.2f} dB" in text
    assert "| left after alignment, median | 0.10 px |" in card
    assert "0.10 px" in page


# drawings


@settings(max_examples=200, deadline=None)
@given(
    values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=60),
    whole=st.sampled_from([None, (0.0, 1.0)]),
)
@example(values=[0.0] * 3, whole=None)
@example(values=[5e-324], whole=None)
@example(values=[10.0] * 9 + [1e9], whole=None)
def test_a_histogram_counts_every_value_within_its_axes(values: list[float], whole: tuple[float, float] | None) -> None:
    chart = histogram("a number", values, "px", whole)
    counted = sum(int(bar.text.split()[0]) for bar in chart.bars)
    if whole is None or max(values) <= 1:
        assert counted + chart.beyond == len(values)
    for bar in chart.bars:
        assert chart.left <= bar.x
        assert bar.x + bar.width <= chart.right + 0.01
        assert chart.top - 0.01 <= bar.y
        assert bar.y + bar.height == pytest.approx(chart.bottom, abs=0.02)
    for tick in chart.x_ticks:
        assert chart.left - 0.01 <= tick.at <= chart.right + 0.01
    assert len(chart.x_ticks) <= 12
    assert len({tick.text for tick in chart.y_ticks}) == len(chart.y_ticks) <= 8
    assert chart.left <= chart.median <= chart.right


def test_a_histogram_has_round_steps_and_its_unit() -> None:
    chart = histogram("K", list(np.linspace(3.0, 58.0, 400)), "px")
    assert chart.title == "K, px"
    assert chart.median_text == "median 30.5 px"
    assert [tick.text for tick in chart.x_ticks] == ["0", "20", "40"]
    assert chart.bars[0].text == "8 with 2 to 4 px"
    assert max(bar.height for bar in chart.bars) == chart.bottom - chart.top


def test_a_curve_is_drawn_within_its_axes() -> None:
    drawing = curve_drawing(CurveInfo(tried=(0.0, K, 2 * K), likeness=(0.2, 0.8, 0.4)), width=0.25)
    assert drawing is not None
    middle = (drawing.left + drawing.right) / 2
    assert drawing.points == f"{drawing.left:g},{drawing.bottom:g} {middle:g},{drawing.top:g} 220,{54:g}"
    assert drawing.best[0] == middle
    assert drawing.best[1] == drawing.top
    half = drawing.right - middle
    assert drawing.band[0] == pytest.approx(drawing.left + half / 1.25, abs=0.1)
    assert drawing.band[1] == pytest.approx(middle + half / 4, abs=0.1)
    assert curve_drawing(CurveInfo(tried=(1.0,), likeness=(0.5,)), width=0.1) is None
    assert curve_drawing(CurveInfo(tried=(0.0, 0.0), likeness=(0.5, 0.5)), width=0.1) is None


# strips


@pytest.mark.parametrize(("width", "height"), [(96, 64), (64, 96), (24, 400), (1, 1), (300, 3)])
@pytest.mark.parametrize("rendered", [True, False])
def test_a_strip_shows_each_picture_where_the_page_looks_for_it(
    tmp_path: Path, width: int, height: int, *, rendered: bool
) -> None:
    colours = {"wide": (0.2, 0.4, 0.6), "shallow": (0.6, 0.4, 0.2), "rendered": (0.5, 0.5, 0.5)}
    given = {name: np.full((height, width, 3), colour, dtype=np.float32) for name, colour in colours.items()}
    strip = Strip(
        "A title that is much too long for this " * 5,
        given["wide"],
        given["shallow"],
        np.zeros((height, width), dtype=np.float32),
        given["rendered"] if rendered else None,
        "a line",
    )
    size = write_strip(tmp_path / "strip.jpg", strip)
    with Image.open(tmp_path / "strip.jpg") as picture:
        assert picture.size == size
    texts = labels(rendered=rendered, aligned=False)
    assert len(texts) == (5 if rendered else 4)
    assert texts[0] == "wide"
    assert labels(rendered=rendered, aligned=True)[0] == "wide, aligned"
    pixels = read_image(tmp_path / "strip.jpg").pixels[HEAD_PX : HEAD_PX + PICTURE_HEIGHT_PX]
    step = size[0] / len(texts)
    last = given["rendered" if rendered else "wide"][0, 0]
    expected = [colours["wide"], colours["shallow"], (0, 0, 0.01)] + ([colours["rendered"]] if rendered else [])
    expected.append(tuple(np.clip(4 * np.abs(last - given["shallow"][0, 0]), 0, 1)))
    if width > 20:
        for place, colour in enumerate(expected):
            np.testing.assert_allclose(pixels[110, int((place + 0.5) * step)], colour, atol=0.03)


def test_the_focus_is_shown_where_it_is(written: tuple[Path, Prepared]) -> None:
    assert Page(written[0] / "index.html").text.count(f"--f:{FOCUS:.3f}") == len(SCENES)
