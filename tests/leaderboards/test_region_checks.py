"""Regions that contradict their image, or what others have of the same truth, are told."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmark.protocols import RegionSettings
from benchmark.regions import region_masks
from benchmark.results import REGIONS, RegionScores, SampleScore
from leaderboards.entry import Entry
from tests.leaderboards.made_entries import made_entry
from tests.leaderboards.made_store import problems, with_samples, write_store

GOOD = made_entry("good", 30.0)
FRAME = 48 * 64

Regions = dict[str, RegionScores]


def with_regions(changed: Regions | None = None, without: str = "", entry: Entry = GOOD) -> Entry:
    """Return an entry with some regions changed, or one left out, at every sample."""

    def change(score: SampleScore) -> SampleScore:
        regions = {name: region for name, region in score.regions.items() if name != without} | (changed or {})
        return score.model_copy(update={"regions": regions})

    return with_samples(entry, change)


def region(psnr: float, pixels: int = 300) -> RegionScores:
    return RegionScores(psnr=psnr, ssim=0.9, pixels=pixels)


BAD: dict[str, tuple[Entry, str]] = {
    "invented": (
        with_regions({"zz <b>best</b>": region(90.0)}),
        "there is the region 'zz <b>best</b>'; expected no others than boundary, in_focus, out_of_focus, highlights",
    ),
    "a boundary that is too good": (
        with_regions({"boundary": region(90.0, 400)}),
        "the squared errors of the regions do not add up to those of the image; expected the same",
    ),
    "a boundary that is too bad": (with_regions({"boundary": region(10.0, 400)}), "do not add up"),
    "left out": (with_regions(without="boundary"), "boundary, in_focus, out_of_focus leave pixels out or overlap"),
    "none": (with_samples(GOOD, lambda score: score.model_copy(update={"regions": {}})), "leave pixels out"),
    "too large": (with_regions({"boundary": region(27.0, 500)}), "leave pixels out or overlap; expected them to cover"),
    "larger than the image": (with_regions({"highlights": region(30.0, 4000)}), "or larger than the image"),
    "too small to count": (with_regions({"highlights": region(30.0, 199)}), "a region is smaller than 200 pixels"),
    "highlights that are worse than all": (
        with_regions({"highlights": region(5.0)}),
        "the highlights have larger squared errors than the whole image; expected a part of them",
    ),
}


@pytest.mark.parametrize("bad", BAD)
def test_regions_that_contradict_their_image_are_told(tmp_path: Path, bad: str) -> None:
    entry, words = BAD[bad]
    found = problems(write_store(tmp_path, [entry]))
    assert all(told.startswith("regions: at 24 sample(s), first meadow/bokeh_00_00, ") for told in found)
    assert [told for told in found if words in told], found
    assert len(found) == 1


def test_a_region_that_is_too_small_to_count_may_be_missing(tmp_path: Path) -> None:
    def covered_but_for(score: SampleScore, pixels: int) -> SampleScore:
        psnr = score.metrics.psnr
        regions = {"boundary": region(psnr, 400), "out_of_focus": region(psnr, FRAME - 400 - pixels)}
        return score.model_copy(update={"regions": regions})

    fits = with_samples(GOOD, lambda score: covered_but_for(score, 199))
    assert problems(write_store(tmp_path / "fits", [fits])) == []
    large = with_samples(GOOD, lambda score: covered_but_for(score, 200))
    (told,) = problems(write_store(tmp_path / "large", [large]))
    assert "leave pixels out" in told


def test_a_part_without_errors_may_be_at_the_cap(tmp_path: Path) -> None:
    def clean_boundary(score: SampleScore) -> SampleScore:
        error = FRAME * 10 ** (-score.metrics.psnr / 10) / (FRAME - 400)
        rest = region(-10 * np.log10(error), FRAME - 1400)
        parts = {"boundary": region(100.0, 400), "in_focus": rest.model_copy(update={"pixels": 1000})}
        return score.model_copy(update={"regions": parts | {"out_of_focus": rest}})

    assert problems(write_store(tmp_path, [with_samples(GOOD, clean_boundary)])) == []


def test_regions_are_those_that_earlier_entries_have(tmp_path: Path) -> None:
    """A region where nobody has it, or of another size, would take it from all others, or compare other pixels."""
    highlights = {"highlights": region(40.0)}
    first = with_regions(highlights)
    write_store(tmp_path, [first, with_regions(highlights, entry=made_entry("same", 29.0, day=2))])
    assert problems(tmp_path) == []
    for other in (None, {"highlights": region(40.0, 301)}):
        write_store(tmp_path, [with_regions(other, entry=made_entry("later", 29.0, day=3))])
        (told,) = problems(tmp_path)
        assert told.startswith(
            "regions: 24 sample(s), first meadow/bokeh_00_00, have other regions, or of other sizes, than in results/"
            "blb-v1/made@1.0/good/1.json, though both follow from the truth; expected the same"
        )


def test_the_regions_are_those_of_the_scorer() -> None:
    masks = region_masks(np.ones((8, 8, 3), np.float32), np.zeros((8, 8), np.float32), RegionSettings())
    assert tuple(masks) == REGIONS
    assert np.all(sum(masks[name].astype(int) for name in REGIONS[:3]) == 1)
