"""A small site: boards with all that pages can show, and pictures made of plain numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmark.protocols import Protocol
from benchmark.results import Result
from benchmark.samples import Sample
from bokeh_render.optics import Float32
from leaderboards.entry import Entry, Verification
from leaderboards.reported import ReportedTable, read_reported
from leaderboards.store import Content
from leaderboards.website.build import build_site
from tests.leaderboards.made_entries import FILES, SCENES, made_entry, made_rendering

STORE = Path(__file__).parents[2] / "leaderboards"
CUT_SCENE = "street"
"""The scene that the entry of ``cut`` lacks."""


class MadePictures:
    """Pictures of the made rendering: gradients, brighter with blur and focus; predictions are off by a little.

    without: methods that there are no predictions of; asked: what was read, in order.
    """

    files_sha256 = FILES

    def __init__(self, without: Sequence[str] = ("elsewhere",)) -> None:
        self._without = without
        self.asked: list[str] = []

    def image(self, scene: str, rule: Protocol) -> Float32:
        del rule
        return self._gradient(f"image of {scene}", SCENES.index(scene))

    def disparity(self, scene: str) -> Float32:
        return self._gradient(f"disparity of {scene}", 7)

    def truth(self, sample: Sample, rule: Protocol) -> Float32:
        del rule
        return self._gradient(f"truth of {sample}", SCENES.index(sample.scene) + 3 * sample.blur + sample.focus)

    def has_predictions(self, result: Result) -> bool:
        return result.method.name not in self._without

    def prediction(self, sample: Sample, result: Result, rule: Protocol) -> Float32:
        self.asked.append(f"{result.method.name} of {sample}")
        return np.clip(self.truth(sample, rule) + 0.1, 0.0, 1.0)

    def _gradient(self, what: str, shift: int) -> Float32:
        self.asked.append(what)
        rows, columns = np.mgrid[0:48, 0:64]
        hue = np.stack([rows / 48, columns / 64, np.full((48, 64), (shift % 11) / 11)], axis=-1)
        return hue.astype(np.float32)


def made_content() -> Content:
    """Return three boards: six methods under blb-v1, one without a scene and one replaced; others with fewer."""
    best = made_entry("best", 36.0, revision="2", day=2)
    proof = Verification(
        proves="verified",
        created=best.result.created,
        largest_difference={"psnr": 0.0004, "ssim": 0.0},
        environment={"python": "3.11"},
        method_revision="0123abc",
    )
    again = proof.model_copy(update={"proves": "reproduced", "method_revision": None})
    entries = [
        Entry(status="verified", verifications=(proof,), result=best.result),
        made_entry("best", 35.0, revision="1"),
        Entry(status="reproduced", verifications=(again,), result=made_entry("second", 34.0).result),
        made_entry("third-with-a-long-name", 32.5),
        made_entry("elsewhere", 31.0, lpips=False),
        made_entry("cut", 40.0, without=[CUT_SCENE]),
        made_entry("best", 30.0, protocol="blb-corrupted-v1"),
        made_entry("second", 29.0, protocol="blb-corrupted-v1"),
        made_entry("second", 33.0, rendering=other_rendering()),
    ]
    return Content(tuple(entries), {FILES: made_rendering()})


def other_rendering():  # type: ignore[no-untyped-def]
    """Return another rendering of the same recipe, which the store tells nothing of."""
    return made_rendering(files="0" * 64)


def reported() -> dict[str, ReportedTable]:
    """Return the numbers from papers that the checkout's own store has."""
    return read_reported(STORE)


def build_made_site(out: Path, pictures: MadePictures | None = None) -> Path:
    """Build the site with pictures and return its folder."""
    build_site(made_content(), out, pictures=pictures or MadePictures(), reported=reported())
    return out
