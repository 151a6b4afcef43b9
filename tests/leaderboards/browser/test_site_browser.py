"""The site as a reader has it: opened by file:// in a browser, with mouse, keyboard and address."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Locator, expect

from leaderboards.store import Content
from leaderboards.website.build import build_site
from tests.leaderboards.browser.conftest import DESKTOP, PHONE, Visit
from tests.leaderboards.made_entries import FILES, made_entry, made_rendering
from tests.leaderboards.made_site import CUT_SCENE

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
BOARD = f"boards/blb-v1-made-1.0-{FILES[:12]}.html"
SAMPLES = "samples/*.html"
KINDS = (
    "index.html",
    BOARD,
    "boards/blb-corrupted-*.html",
    "methods/best.html",
    "methods/cut.html",
    SAMPLES,
    f"datasets/made-1.0-{FILES[:12]}.html",
    "protocols/blb-v1.html",
    "reported.html",
    "enter.html",
)
LONG = "third-with-a-long-name"
LOOKS = [(width, scheme) for width in (DESKTOP, PHONE) for scheme in ("light", "dark")]


@pytest.mark.parametrize("visit", LOOKS, indirect=True, ids=[f"{width}px-{scheme}" for width, scheme in LOOKS])
def test_every_kind_of_page_is_accessible_and_fits(visit: Visit) -> None:
    for kind in KINDS:
        page = visit.open(kind)
        page.wait_for_load_state()
        page.add_script_tag(path=str(AXE))
        found = page.evaluate("axe.run(document, {resultTypes: ['violations'], preload: false})")
        grave = [
            (one["id"], [node["html"][:160] for node in one["nodes"][:3]])
            for one in found["violations"]
            if one["impact"] in {"serious", "critical"}
        ]
        assert grave == [], kind
        widths = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert widths[0] <= widths[1], f"{kind} scrolls sideways"


def rows(visit: Visit) -> Locator:
    """Return the methods' names in the first table, top to bottom."""
    return visit.page.locator("table.ranking").first.locator("tbody th a")


def test_tables_sort_by_mouse_and_keyboard(visit: Visit) -> None:
    page = visit.open("index.html")
    expect(rows(visit)).to_have_text(["best", "second", LONG, "elsewhere", "cut"])
    heads = page.locator("table.ranking").first.locator("thead th")
    heads.nth(4).click()
    expect(rows(visit)).to_have_text(["best", "second", LONG, re.compile("elsewhere|cut"), re.compile("elsewhere|cut")])
    expect(heads.nth(4)).to_have_attribute("aria-sort", "ascending")
    name = heads.nth(1).get_by_role("button")
    name.press("Enter")
    expect(rows(visit)).to_have_text(["best", "cut", "elsewhere", "second", LONG])
    name.press("Enter")
    expect(rows(visit)).to_have_text([LONG, "second", "elsewhere", "cut", "best"])
    expect(page.locator("table.ranking tfoot").first).to_contain_text("Noise floor")


def test_rows_are_filtered_by_text_and_status(visit: Visit) -> None:
    page = visit.open("index.html")
    page.get_by_label("Find").fill("thi")
    expect(rows(visit)).to_have_text([LONG])
    expect(page.locator("[data-filter-count]")).to_have_text("1 of 8 entries")
    page.get_by_label("Find").fill("")
    page.get_by_label("self-reported").uncheck()
    expect(rows(visit)).to_have_text(["best", "second"])
    page.get_by_label("verified", exact=True).uncheck()
    expect(rows(visit)).to_have_text(["second"])
    for words in ("nothing like it", "href"):  # the second stands in the table's tags
        page.get_by_label("Find").fill(words)
        expect(rows(visit)).to_have_count(0)
    expect(page.locator("table.ranking").first).to_contain_text("No method fits")


def test_charts_are_drawn_and_follow_the_choices(visit: Visit) -> None:
    page = visit.open(BOARD)
    inked = """canvas => {
        const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        return pixels.filter((value, index) => index % 4 === 3 && value > 0).length;
    }"""
    canvases = page.locator("figure.chart canvas")
    assert canvases.count() == 3
    assert all(canvas.evaluate(inked) > 500 for canvas in canvases.all())
    before = canvases.first.evaluate("canvas => canvas.toDataURL()")
    page.get_by_role("radio", name="SSIM").check()
    after = canvases.first.evaluate("canvas => canvas.toDataURL()")
    assert after != before
    page.get_by_role("checkbox", name="second").uncheck()
    assert canvases.first.evaluate("canvas => canvas.toDataURL()") != after
    canvases = visit.open("methods/best.html").locator("figure.chart canvas")
    assert canvases.count() == 2 * 3
    radii = """canvas => {
        const chart = Chart.getChart(canvas);
        const point = (index) => chart.getDatasetMeta(index).data[0].options.radius;
        return [point(0), point(1)];
    }"""
    assert canvases.first.evaluate(radii) == [5, 3], "the page's own method is larger than the others"


def test_without_scripts_there_are_tables_and_no_empty_charts(browser: Browser, made_site: Path) -> None:
    page = browser.new_page(java_script_enabled=False)
    page.goto((made_site / BOARD).as_uri())
    expect(page.locator("table.ranking").first).to_be_visible()
    expect(page.get_by_role("heading", name="Charts")).not_to_be_visible()
    expect(page.locator("canvas").first).not_to_be_visible()
    page.close()


def picture(visit: Visit, side: str = "left") -> Locator:
    return visit.page.locator(f"[data-picture={side}]")


def shows(visit: Visit, place: str, side: str = "left") -> None:
    """Wait until a side shows a picture, in full size. place: the end of its file's name, without suffix."""
    expect(picture(visit, side)).to_have_attribute("src", re.compile(f"/{re.escape(place)}[.]avif$"))


def split(visit: Visit, percent: float, within: float = 0.01) -> None:
    """Wait until so much of the left picture is shown."""
    visit.page.wait_for_function(
        "([percent, within]) => Math.abs(parseFloat(document.querySelector('[data-stage]').style"
        ".getPropertyValue('--split')) - percent) <= within",
        arg=[percent, within],
    )


def drag(visit: Visit, right: float, down: float, button: Literal["left", "right"] = "left") -> None:
    """Drag the picture, beside the line, by so many pixels. button: of the mouse."""
    stage = visit.page.locator("[data-stage]").bounding_box()
    assert stage is not None
    x, y = stage["x"] + 0.6 * stage["width"], stage["y"] + 200
    visit.page.mouse.move(x, y)
    visit.page.mouse.down(button=button)
    visit.page.mouse.move(x + right, y + down, steps=4)
    visit.page.mouse.up(button=button)


def test_the_line_between_two_pictures_moves(visit: Visit) -> None:
    page = visit.open(SAMPLES)
    stage = page.locator("[data-stage]").bounding_box()
    assert stage is not None
    split(visit, 50)
    middle, height = stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2
    page.mouse.move(middle, height)
    page.mouse.down()
    page.mouse.move(middle - stage["width"] / 4, height, steps=4)
    page.mouse.up()
    split(visit, 25, within=1.5)
    page.get_by_label("How much of the left picture is shown").fill("40")
    split(visit, 40)
    page.get_by_label("How much of the left picture is shown").press("ArrowRight")
    split(visit, 40.5)
    page.locator("[data-stage]").press("ArrowLeft")
    split(visit, 35.5)


def test_blur_and_focus_are_stepped_through(visit: Visit) -> None:
    page = visit.open(SAMPLES)
    shows(visit, "meadow/best%402/01_00")
    page.get_by_label("Blur level").press("ArrowLeft")
    shows(visit, "meadow/best%402/00_00")
    expect(page.locator("[data-level-text]")).to_have_text("1 of 2, K = 4.0 px")
    page.get_by_label("Focus").press("End")
    shows(visit, "meadow/best%402/00_02")
    shows(visit, "meadow/truth/00_02", "right")
    page.get_by_label("Scene").select_option("street")
    shows(visit, "street/best%402/00_02")
    page.locator("[data-stage]").focus()
    for key in ("b", "Shift+F", "s", "x"):
        page.keyboard.press(key)
    shows(visit, "table/truth/01_01")
    expect(page.locator("[data-live]")).to_contain_text("Table, blur level 2, focus 2: Ground truth, best")


def test_errors_are_shown_with_their_scale(visit: Visit) -> None:
    page = visit.open(SAMPLES)
    expect(page.locator("[data-scale]")).not_to_be_visible()
    page.locator("[data-error=left]").check()
    shows(visit, "meadow/best%402/01_00_error")
    expect(page.locator("[data-scale]")).to_be_visible()
    expect(page.locator("[data-error=right]")).to_be_disabled()
    expect(picture(visit)).to_have_attribute("alt", "Meadow, error map of best")


def test_every_method_stands_in_the_strip_and_can_be_chosen(visit: Visit) -> None:
    page = visit.open(SAMPLES, "#scene=street")
    names = page.locator("[data-strip] .name")
    expect(names).to_have_text(["Ground truth", "Input, all in focus", "best", "second", LONG])
    page.locator("[data-strip] button").nth(3).click()
    shows(visit, "street/second%401/01_00")
    expect(page.locator("[data-what=left] option", has_text="elsewhere")).to_be_disabled()


def test_an_address_restores_its_view(visit: Visit) -> None:
    page = visit.open(SAMPLES)
    page.get_by_label("Scene").select_option("portrait")
    page.get_by_label("Focus").press("End")
    page.locator("[data-what=left]").select_option("second")
    page.locator("[data-error=left]").check()
    page.get_by_label("How much of the left picture is shown").fill("30")
    page.get_by_label("Zoom in").click()
    expect(page.locator("[data-zoom-level]")).to_have_text("150 %")
    drag(visit, 60, 30)
    page.wait_for_function("/zoom=1.50%2C0[.]0[1-9]/.test(location.hash)")
    told = page.evaluate("location.hash")
    parts = dict(part.split("=") for part in told.removeprefix("#").split("&"))
    assert parts.pop("zoom").startswith("1.50")
    assert parts == {
        "scene": "portrait",
        "level": "2",
        "focus": "3",
        "left": "method.second",
        "right": "truth",
        "errors": "left",
        "split": "30",
    }
    before = picture(visit).bounding_box()
    visit.open(SAMPLES, told)
    shows(visit, "portrait/second%401/01_02_error")
    split(visit, 30)
    expect(page.locator("[data-zoom-level]")).to_have_text("150 %")
    assert picture(visit).bounding_box() == pytest.approx(before, abs=0.2)
    visit.open(SAMPLES, "#scene=portrait&left=second&right=best")
    shows(visit, "portrait/second%401/01_00")
    shows(visit, "portrait/best%402/01_00", "right")
    visit.open(SAMPLES, "#scene=atlantis&level=9&left=<b>&zoom=1e9,0,0")
    shows(visit, "meadow/best%402/01_00")
    expect(page.locator("[data-zoom-level]")).to_have_text("100 %")


def test_the_link_to_the_content_leaves_the_view_as_it_is(visit: Visit) -> None:
    page = visit.open(SAMPLES, "#scene=street&errors=left&split=30&zoom=2,0.1,0")
    shows(visit, "street/best%402/01_00_error")
    page.get_by_role("link", name="Skip to the content").press("Enter")
    page.wait_for_function("location.hash.includes('split=30&zoom=2.00%2C0.1000')")
    shows(visit, "street/best%402/01_00_error")
    split(visit, 30)
    expect(page.locator("[data-zoom-level]")).to_have_text("200 %")


def test_a_picture_in_full_size_stays_while_the_line_moves_and_comes_beside_errors(visit: Visit) -> None:
    page = visit.open(SAMPLES)
    shows(visit, "meadow/best%402/01_00")
    shows(visit, "meadow/truth/01_00", "right")
    page.evaluate(
        """() => {
            window.seen = [];
            const note = (changes) => changes.forEach((one) => window.seen.push(one.target.getAttribute("src")));
            for (const picture of document.querySelectorAll("[data-picture]")) {
                new MutationObserver(note).observe(picture, {attributes: true, attributeFilter: ["src"]});
            }
        }"""
    )
    page.get_by_label("How much of the left picture is shown").fill("40")
    split(visit, 40)
    assert page.evaluate("window.seen") == []
    page.locator("[data-stage]").press("e")
    page.locator("[data-stage]").press("f")
    shows(visit, "meadow/best%402/01_01_error")
    shows(visit, "meadow/truth/01_01", "right")


def test_no_method_passes_for_the_ground_truth_or_the_input(visit: Visit) -> None:
    page = visit.open(SAMPLES)
    found = page.evaluate(
        """() => {
            const data = structuredClone(Object.values(bokehbench.samples)[0]);
            [data.methods[0].name, data.methods[1].name] = ["truth", "input"];
            const view = new bokehbench.View(data);
            const told = [view.toHash()];
            for (const hash of ["#left=truth&right=input", "#left=method.truth&right=method.input"]) {
                view.readHash(hash);
                told.push([view.label(view.left), view.file(view.left, "full"), view.file(view.right, "full")]);
            }
            return told;
        }"""
    )
    top = found[1][1].removesuffix("meadow/truth/01_00.avif")
    assert "left=method.truth&right=truth" in found[0]
    assert found[1] == ["Ground truth", f"{top}meadow/truth/01_00.avif", f"{top}meadow/image.avif"]
    assert found[2] == ["truth", f"{top}meadow/best@2/01_00.avif", f"{top}meadow/second@1/01_00.avif"]


def test_a_board_without_any_whole_method_complains_of_nothing(visit: Visit, tmp_path: Path) -> None:
    content = Content((made_entry("cut", 40.0, without=[CUT_SCENE]),), {FILES: made_rendering()})
    build_site(content, tmp_path)
    visit.site = tmp_path
    page = visit.open("boards/*.html")
    expect(page.locator("h1")).to_be_visible()
    assert page.locator("canvas").count() == 0


def test_pictures_zoom_and_move_together(visit: Visit) -> None:
    page = visit.open(SAMPLES)
    page.get_by_label("Zoom in").click()
    page.get_by_label("Zoom in").click()
    expect(page.locator("[data-zoom-level]")).to_have_text("225 %")
    drag(visit, 60, 30)
    page.wait_for_function("document.querySelector('[data-stage]').style.getPropertyValue('--x') !== '0px'")
    moved = [picture(visit, side).evaluate("one => getComputedStyle(one).transform") for side in ("left", "right")]
    assert moved[0] == moved[1]
    before = page.evaluate("document.querySelector('[data-stage]').style.cssText")
    drag(visit, 60, 30, button="right")
    page.evaluate("() => new Promise(requestAnimationFrame)")
    assert page.evaluate("document.querySelector('[data-stage]').style.cssText") == before, "it opens a menu"
    page.keyboard.press("0")  # a press of the mouse has put the picture in focus
    expect(page.locator("[data-zoom-level]")).to_have_text("100 %")
    page.get_by_label("Zoom in").click()
    page.wait_for_function("location.hash.includes('zoom')")
    page.get_by_role("button", name="Fit").click()
    page.wait_for_function("!location.hash.includes('zoom')")  # at 100 % the wheel moves the page again
    expect(page.locator("[data-stage]")).not_to_have_class(re.compile("zoomed"))


def test_a_zoomed_picture_fills_the_stage_in_a_scene_of_another_shape(visit: Visit) -> None:
    page = visit.open(SAMPLES)
    held = page.evaluate(
        """() => {
            const data = structuredClone(Object.values(bokehbench.samples)[0]);
            data.scenes[1].size = [64, 16];
            const view = new bokehbench.View(data);
            view.readHash("#zoom=2,0.25,0.18");
            const before = view.zoom;
            view.step("scene", 1);
            return [before, view.zoom];
        }"""
    )
    assert held == [{"scale": 2, "x": 0.25, "y": 0.18}, {"scale": 2, "x": 0.25, "y": 0.0625}]


def test_the_theme_switches_and_is_kept(visit: Visit) -> None:
    page = visit.open("index.html")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_role("button", name="Switch to dark colours").click()
    dark = page.evaluate(paper)
    assert dark != light
    visit.open("enter.html")
    assert page.evaluate(paper) == dark
    page.get_by_role("button", name="Switch to light colours").click()
    assert page.evaluate(paper) == light
    page.evaluate("localStorage.setItem('bokehbench-theme', 'dark')")  # as another page does, before one comes back
    page.evaluate("window.dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")
    assert page.evaluate(paper) == dark


def test_every_page_can_be_reached_by_its_links(visit: Visit) -> None:
    page = visit.open("index.html")
    seen, left = set(), [page.url]
    while left:
        url = left.pop()
        if url in seen:
            continue
        seen.add(url)
        page.goto(url)  # to the end, so that a picture that is missing is seen
        links = page.eval_on_selector_all("a[href]", "all => all.map(one => one.href.split('#')[0])")
        left += [link for link in links if link.startswith("file:") and link.endswith(".html")]
    assert {Path(url).name for url in seen} == {path.name for path in visit.site.rglob("*.html")}
