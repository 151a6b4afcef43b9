"""Tables of several methods: every name, every number, within the width, and what is missing said."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from benchmark.reports.comparison import corruption_rows, format_scores, level_rows, region_rows, score_rows
from benchmark.reports.table_text import format_interval, format_p, format_table, format_value, label_of
from benchmark.reports.uncertainty import Interval
from benchmark.results import RegionScores, Result
from bokeh_render.errors import BadInputError

from .made_results import made_result, scene_scores

NAMES = ("bokehme-neural", "classical", "identity")


def some_regions(scene: int, blur: int, focus: int) -> Mapping[str, RegionScores]:
    del focus
    found = {"boundary": RegionScores(psnr=20.0 + scene, ssim=0.8, pixels=300)} if scene else {}
    return {**found, "in_focus": RegionScores(psnr=40.0 - blur, ssim=None, pixels=300)}


def several(names: tuple[str, ...] = NAMES, scenes: int = 7) -> list[Result]:
    rng = np.random.default_rng(1)
    values = rng.normal(30, 3, size=(scenes, 3, 2))
    return [
        made_result(
            values - 2 * index + rng.normal(0, 0.1, values.shape),
            name,
            lpips=0.1 + 0.02 * index + 0.01 * rng.random(values.shape),
            regions=some_regions,
        )
        for index, name in enumerate(names)
    ]


def corrupted(name: str, offset: float) -> Result:
    values = np.random.default_rng(2).normal(30, 3, size=(6, 2, 2, 3)) + offset
    return made_result(values, name, corruptions=("gaussian 1 px", "gaussian 2 px", "erosion 1.33 px"))


def test_the_text_holds_every_name_and_number_within_its_width() -> None:
    results = several()
    text = format_scores(results)
    assert max(map(len, text.splitlines())) <= 110
    for result in results:
        assert f"| {result.method.name}" in text
        assert f"{result.summary.overall.psnr:.2f} [" in text
        assert f"{result.summary.overall.lpips:.4f} [" in text
        for level in result.summary.levels:
            assert f"{level.metrics.psnr:.2f} [" in text
    for part in (
        "42 samples of 7 scenes",
        "noise floor",
        "45.00",
        "p (Holm)",
        "level 3",
        "boundary",
        "in focus",
        "0.500",
    ):
        assert part in text, part
    assert "difference to bokehme-neural (best)" in text
    assert text.count("worse") == 4  # two methods, by PSNR and LPIPS; SSIM is equal
    assert text.count("not told apart") == 2


def test_methods_are_ranked_by_psnr() -> None:
    rows = score_rows(several()[::-1])
    assert [row.label for row in rows] == list(NAMES)
    assert rows[0].headroom_db == pytest.approx(45 - rows[0].scores["psnr"].mean)
    assert (rows[0].seconds, rows[0].memory_mb, rows[0].gpu_memory_mb) == (0.5, 100.0, None)


def test_one_method_is_shown_without_differences() -> None:
    text = format_scores(several(("only",)))
    assert "only" in text
    assert "Holm" not in text


def test_differences_may_be_taken_to_a_named_method() -> None:
    text = format_scores(several(), reference="classical")
    assert "difference to classical\n" in text
    assert "chosen from the same scores" not in text
    assert "chosen from the same scores" in format_scores(several())
    assert "better" in text
    with pytest.raises(BadInputError, match="expected one of"):
        format_scores(several(), reference="nobody")


def test_too_few_scenes_are_said() -> None:
    two = format_scores(several(scenes=2))
    assert "No interval: 2 scenes only; an interval over scenes needs 3, and so does telling methods apart." in two
    assert "difference to" not in two
    assert "95 %" not in two
    assert "[" not in two.split("\n\n")[2]
    assert "no difference can count" in format_scores(several(scenes=3))
    assert "no difference can count" in format_scores(several(scenes=6))  # 2 comparisons, p at least 0.031 each
    assert "no difference can count" not in format_scores(several(scenes=7))


def test_a_missing_metric_is_said_and_of_whom() -> None:
    whole = several()
    without = made_result(np.random.default_rng(1).normal(20, 3, size=(7, 3, 2)), "without")
    text = format_scores([*whole, without])
    assert "LPIPS of without is n/a: no weights." in text
    row = next(line for line in text.splitlines() if line.startswith("| without"))
    assert "n/a" in row
    assert "LPIPS is n/a: no weights." in format_scores([without])
    assert "LPIPS ↓" not in format_scores([without])


def test_no_noise_floor_no_row() -> None:
    results = [made_result(scene_scores([30.0, 31.0, 29.0]) + i, name, noise_floor=None) for i, name in enumerate("ab")]
    assert "noise floor" not in format_scores(results)


def test_regions_say_how_many_scenes_have_them() -> None:
    rows = {row.name: row for row in region_rows(several())}
    assert list(rows) == ["boundary", "in focus"]
    assert (rows["boundary"].scenes, rows["in focus"].scenes) == (6, 7)
    assert rows["boundary"].scores["classical"].mean == pytest.approx(23.5)
    assert rows["in focus"].scores["classical"].mean == pytest.approx(39.0)
    assert [row.name for row in region_rows(several(), "ssim")] == ["boundary"]
    table = format_scores(several()).split("by region\n\n")[1]
    assert table.splitlines()[0].endswith("scenes |")


def test_levels_carry_the_noise_floor_for_psnr_only() -> None:
    assert [row.noise_floor_db for row in level_rows(several(), "psnr")] == [45.0] * 3
    assert [row.noise_floor_db for row in level_rows(several(), "lpips")] == [None] * 3


def test_corrupted_maps_are_named_and_averaged_as_the_summary_does() -> None:
    results = [corrupted("a", 0.0), corrupted("b", -3.0)]
    rows = corruption_rows(results)
    assert [row.name for row in rows] == ["gaussian 1 px", "gaussian 2 px", "erosion 1.33 px"]
    for index, row in enumerate(rows):
        for result in results:
            mean = row.scores[result.method.name].mean
            assert mean == pytest.approx(result.summary.by_corruption[index].psnr, abs=1e-6)
    assert "erosion 1.33 px" in format_scores(results)
    assert corruption_rows(several()) == []
    assert "corrupted" not in format_scores(several())


def test_twelve_methods_come_in_blocks() -> None:
    names = tuple(f"method-number-{index}-of-12" for index in range(12))
    lines = format_scores(several(names)).splitlines()
    assert max(map(len, lines)) <= 110
    for name in names:
        assert any(line.startswith(f"| {name}") for line in lines)


def test_results_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(BadInputError, match="sample list"):
        format_scores([*several(), made_result(scene_scores([1.0, 2.0, 3.0]), "other")])


def test_tables_align_and_split_into_equal_blocks() -> None:
    head = ["method", *(f"column{i}" for i in range(4))]
    rows = [["a", "1", "2", "3", "4"], ["longer", "1", "", "3", ""], ["floor", "9", "", "", ""]]
    whole = format_table(head, rows, 80)
    assert len({len(line) for line in whole.splitlines()}) == 1
    first, second = format_table(head, rows, 32).split("\n\n")
    assert first.splitlines()[0] == "| method | column0 | column1 |"
    assert first.splitlines()[1] == "| ------ | ------: | ------: |"
    assert second.splitlines()[0] == "| method | column2 | column3 |"
    assert "floor" in first
    assert "floor" not in second
    assert len(format_table(head, rows, 1).split("\n\n")) == 4


def test_numbers_as_people_read_them() -> None:
    assert format_interval("psnr", Interval(31.256, 29.04, 33.96, 10)) == "31.26 [29.0, 34.0]"
    assert format_interval("lpips", Interval(0.12345, 0.1, 0.2, 10)) == "0.1235 [0.100, 0.200]"
    assert format_interval("psnr", Interval(-0.001, -1.0, 0.5, 10), signed=True) == "+0.00 [-1.00, +0.50]"
    assert format_interval("psnr", Interval(31.256, None, None, 2)) == "31.26"
    assert format_interval("psnr", None) == "n/a"
    assert format_value("ssim", None) == "n/a"
    assert (format_p(0.0004), format_p(0.0316), format_p(1.0)) == ("<0.001", "0.032", "1.000")
    assert (label_of("psnr"), label_of("in_focus_psnr")) == ("PSNR (dB) ↑", "in focus PSNR (dB) ↑")
