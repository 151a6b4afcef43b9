"""One headless Chromium for all tests of pages; without it, or without Playwright, they are skipped with the reason."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.leaderboards.made_site import build_made_site

playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install playwright")

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DESKTOP, PHONE = 1440, 390


@dataclass
class Visit:
    """A page of the site, and all that it has complained of or asked for."""

    page: playwright.Page
    site: Path
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def note_failed(self, asked: playwright.Request) -> None:
        """Complain of a request without an answer; one given up because the browser left the page has none."""
        if asked.failure != "net::ERR_ABORTED":
            self.complaints.append(f"{asked.failure}: {asked.url}")

    def open(self, pattern: str, fragment: str = "") -> playwright.Page:
        """Open the one page, or the first in order, whose place fits a pattern."""
        path = sorted(self.site.glob(pattern))[0]
        self.page.goto("about:blank")  # else another fragment of the same page would not load it
        self.page.goto(path.resolve().as_uri() + fragment)
        return self.page


@pytest.fixture(scope="session")
def made_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_made_site(tmp_path_factory.mktemp("made") / "site")


@pytest.fixture(scope="session")
def browser() -> Iterator[playwright.Browser]:
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no {', '.join(BROWSERS)} on this machine; make installs chromium as root on Debian")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def visit(browser: playwright.Browser, made_site: Path, request: pytest.FixtureRequest) -> Iterator[Visit]:
    """Return a fresh visit at desktop width in light; at its end nothing may have gone wrong or left the folder."""
    width, scheme = getattr(request, "param", (DESKTOP, "light"))
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
    )
    context.set_default_timeout(10_000)
    page = context.new_page()
    found = Visit(page, made_site)
    page.on("console", lambda message: found.complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.complaints.append(str(error)))
    page.on("requestfailed", found.note_failed)
    page.on("request", lambda asked: found.requests.append(asked.url))
    yield found
    context.close()
    home = found.site.resolve().as_uri()
    assert found.complaints == []
    assert [url for url in found.requests if not url.startswith(home) and url != "about:blank"] == []
