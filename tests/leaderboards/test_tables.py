from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace

import pytest

from benchmark.results import RegionScores, SampleScore
from leaderboards.board import Board, boards
from leaderboards.board_tables import MOST_SCENES, board_tables
from leaderboards.entry import Entry
from leaderboards.frame import to_frame
from leaderboards.table_csv import tables_csv
from leaderboards.table_latex import table_latex
from leaderboards.table_markdown import table_markdown
from leaderboards.tables import NO_NUMBER, Cell, Table
from tests.leaderboards.made_entries import FILES, SCENES, made_entry, made_rendering
from tests.leaderboards.made_store import with_result, with_samples


def board_of(entries: Sequence[Entry], scenes: Sequence[str] = SCENES, levels: int = 2) -> Board:
    (board,) = boards(entries, {FILES: made_rendering(scenes, levels=levels)})
    return board


def tables_of(*entries: Entry) -> dict[str, Table]:
    return {table.name: table for table in board_tables(board_of(entries))}


def cells_of(table: Table, method: str) -> dict[str, Cell]:
    (row,) = [row for row in table.rows if row.method == method]
    return {column.key: cell for column, cell in zip(table.columns, row.cells, strict=True)}


def test_a_board_has_tables_of_all_samples_and_of_each_part() -> None:
    tables = tables_of(made_entry("a", 30.0), made_entry("b", 32.0))
    assert list(tables) == [
        "main",
        *(f"levels_{metric}" for metric in ("psnr", "ssim", "lpips")),
        "regions_psnr",
        *(f"scenes_{metric}" for metric in ("psnr", "ssim", "lpips")),
    ]
    main = tables["main"]
    assert [(row.rank, row.method) for row in main.rows] == [(1, "b"), (2, "a")]
    assert list(cells_of(main, "a")) == ["psnr", "ssim", "lpips", "seconds"]
    assert main.noise_floor == (44.5, None, None, None)
    assert tables["levels_psnr"].noise_floor == (45.0, 44.0)
    assert cells_of(tables["levels_psnr"], "b")["level_1_psnr"].value == pytest.approx(33.35)
    assert cells_of(tables["levels_psnr"], "b")["level_2_psnr"].value == pytest.approx(31.35)
    assert cells_of(tables["scenes_psnr"], "b")["scene_table_psnr"] == Cell(pytest.approx(33.4), place=1)
    boundary = cells_of(tables["regions_psnr"], "b")["boundary_psnr"]
    assert boundary.value == pytest.approx(29.35)
    assert boundary.low is not None
    assert boundary.high is not None
    assert boundary.low < 29.35 < boundary.high


def test_where_a_scene_is_missing_its_method_loses_every_average_and_nobody_else_anything_but_places() -> None:
    others = [made_entry("a", 30.0), made_entry("b", 32.0)]
    before = tables_of(*others, made_entry("cut", 40.0))
    after = tables_of(*others, made_entry("cut", 40.0, without=["street"]))
    assert list(before) == list(after)
    for name, table in after.items():
        for method in ("a", "b"):
            old, new = cells_of(before[name], method), cells_of(table, method)
            assert {k: replace(cell, place=None) for k, cell in old.items()} == {
                k: replace(cell, place=None) for k, cell in new.items()
            }
        told = {key: cell for key, cell in cells_of(table, "cut").items() if cell.value is not None}
        if name.startswith("scenes"):
            left = {key for key in cells_of(table, "cut") if "_street_" not in key}
            assert set(told) == left
            assert all(told[key].value == cells_of(before[name], "cut")[key].value for key in left)
            assert all(cell.place is None for cell in told.values())
        else:
            assert told == {}
        row = next(row for row in table.rows if row.method == "cut")
        assert (row.rank, row.note) == (None, "6 of 24 samples are missing (scene street)")
        assert table.missing == ("cut is not ranked: 6 of 24 samples are missing (scene street).",)
    assert [(row.rank, row.method) for row in after["main"].rows] == [(1, "b"), (2, "a"), (None, "cut")]
    assert cells_of(after["main"], "b")["psnr"].place == 1


def test_an_average_that_is_gone_is_gone_from_every_format() -> None:
    table = tables_of(made_entry("a", 30.0), made_entry("cut", 40.0, without=["street"]))["main"]
    (line,) = [line for line in table_markdown(table).splitlines() if line.split("|")[2].strip() == "cut"]
    assert [cell.strip() for cell in line.strip("|").split("|")] == [
        NO_NUMBER, "cut", *([NO_NUMBER] * 4), "self-reported",
    ]  # fmt: skip
    assert "    --- & cut & --- & --- & --- & --- & self-reported \\\\" in table_latex(table)
    rows = [row for row in csv.DictReader(io.StringIO(tables_csv([table]))) if row["method"] == "cut"]
    assert {row[field] for row in rows for field in ("value", "low", "high", "place", "rank")} == {""}
    frame = to_frame(table)
    assert frame.loc["cut", ["psnr", "psnr_low", "ssim", "lpips", "seconds", "rank"]].isna().all()


def test_methods_that_show_the_same_digits_share_rank_and_place() -> None:
    main = tables_of(*(made_entry(name, psnr) for name, psnr in [("a", 30.0), ("b", 32.001), ("c", 32.0)]))["main"]
    assert [(row.rank, row.method) for row in main.rows] == [(1, "b"), (1, "c"), (3, "a")]
    assert [row.cells[0].place for row in main.rows] == [1, 1, None]  # after two firsts comes the third
    assert {row.cells[-1].place for row in main.rows} == {None}  # seconds: machines differ


def test_a_lower_lpips_is_the_better_one() -> None:
    main = tables_of(made_entry("a", 30.0), made_entry("b", 20.0), made_entry("c", 25.0))["main"]
    assert [(row.method, row.cells[2].place) for row in main.rows] == [("a", 1), ("c", 2), ("b", None)]


def test_a_metric_that_nobody_has_is_a_column_without_numbers_and_no_tables_of_its_own() -> None:
    tables = tables_of(made_entry("a", 30.0, lpips=False), made_entry("b", 31.0, lpips=False))
    assert [row.cells[2] for row in tables["main"].rows] == [Cell(None), Cell(None)]
    assert not [name for name in tables if name.endswith("lpips")]
    assert "No LPIPS of b, a: no weights." in tables["main"].notes


def test_a_reason_for_a_metric_that_is_there_is_told_nowhere() -> None:
    sly = with_result(made_entry("sly", 30.0), unavailable={"lpips": "see https://evil.org @everyone"})
    tables = tables_of(sly, made_entry("a", 31.0))
    assert not [note for table in tables.values() for note in table.notes if "LPIPS" in note]
    assert cells_of(tables["main"], "sly")["lpips"].value is not None


def test_a_region_of_one_s_own_makes_no_column() -> None:
    def invent(score: SampleScore) -> SampleScore:
        best = RegionScores(psnr=90.0, ssim=1.0, pixels=400)
        return score.model_copy(update={"regions": {**score.regions, "zz <b>best</b>": best}})

    tables = tables_of(with_samples(made_entry("sly", 20.0), invent), made_entry("a", 31.0))
    assert [column.label for column in tables["regions_psnr"].columns] == ["boundary", "in focus", "out of focus"]


@pytest.mark.parametrize("count", [1, 2])
def test_few_scenes_give_means_without_intervals_and_say_so(count: int) -> None:
    scenes = SCENES[:count]
    tables = board_tables(board_of([made_entry("a", 30.0, rendering=made_rendering(scenes))], scenes))
    psnr = tables[0].rows[0].cells[0]
    assert (psnr.low, psnr.high) == (None, None)
    assert psnr.value is not None
    assert any(note.startswith("No intervals: ") for note in tables[0].notes)
    assert any(table.name == "scenes_psnr" for table in tables) == (count > 1)


def test_what_would_repeat_the_main_table_or_have_hundreds_of_columns_is_left_out() -> None:
    scenes = [f"pair_{index}" for index in range(MOST_SCENES + 1)]
    rendering = made_rendering(scenes, levels=1)
    tables = board_tables(board_of([made_entry("a", 30.0, rendering=rendering)], scenes, levels=1))
    assert [table.name for table in tables] == ["main", "regions_psnr"]


def test_corrupted_maps_have_a_table_for_each_kind() -> None:
    rendering = made_rendering()
    mixed = ("gaussian 2 px", "gaussian 4 px", "dilation 3 px")
    scenes = {name: scene.model_copy(update={"corruptions": mixed}) for name, scene in rendering.scenes.items()}
    rendering = rendering.model_copy(update={"scenes": scenes})
    (board,) = boards([made_entry("a", 30.0, protocol="blb-corrupted-v1", rendering=rendering)], {FILES: rendering})
    maps = [table for table in board_tables(board) if table.name.startswith("maps")]
    assert [(table.name, [column.label for column in table.columns]) for table in maps] == [
        ("maps_gaussian_psnr", ["2 px", "4 px"]),
        ("maps_dilation_psnr", ["3 px"]),
    ]
    values = [cell.value for table in maps for cell in table.rows[0].cells]
    assert values == [pytest.approx(values[0] - step) for step in (0.0, 0.5, 1.0)]


def test_a_region_left_out_where_others_have_it_leaves_no_average_of_it() -> None:
    whole, partial = made_entry("whole", 30.0), made_entry("partial", 31.0)
    first, *rest = partial.result.samples
    samples = (first.model_copy(update={"regions": {}}), *rest)
    partial = partial.model_copy(update={"result": partial.result.model_copy(update={"samples": samples})})
    regions = tables_of(whole, partial)["regions_psnr"]
    assert cells_of(regions, "partial")["boundary_psnr"] == Cell(None)
    assert cells_of(regions, "whole")["boundary_psnr"].place == 1


def test_seconds_that_were_not_taken_for_every_sample_have_no_mean() -> None:
    entry = made_entry("a", 30.0)
    first, *rest = entry.result.samples
    samples = (first.model_copy(update={"seconds": None}), *rest)
    entry = entry.model_copy(update={"result": entry.result.model_copy(update={"samples": samples})})
    assert cells_of(tables_of(entry)["main"], "a")["seconds"] == Cell(None)


def test_of_many_missing_scenes_three_are_named() -> None:
    scenes = [*SCENES, "garden", "harbour"]
    rendering = made_rendering(scenes)
    cut = made_entry("cut", 30.0, rendering=rendering, without=scenes[:5])
    (row,) = board_tables(board_of([cut], scenes))[0].rows
    assert row.note == "30 of 36 samples are missing (scenes meadow, portrait, street and 2 more)"
