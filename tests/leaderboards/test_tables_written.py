from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from leaderboards.board_markdown import board_markdown
from leaderboards.board_tables import board_tables
from leaderboards.frame import to_frame
from leaderboards.markdown import escape, pipe_table
from leaderboards.table_csv import tables_csv
from leaderboards.table_files import write_tables
from leaderboards.table_markdown import table_markdown, tables_markdown
from leaderboards.tables import Column
from tests.leaderboards.made_entries import FILES, RECIPE, SCENES, made_entry, made_rendering
from tests.leaderboards.test_tables import board_of

ENTRIES = [made_entry("first", 32.0), made_entry("second", 31.0), made_entry("third", 30.0)]


def test_markdown_marks_best_and_second_and_shows_intervals() -> None:
    main = board_tables(board_of(ENTRIES))[0]
    first, second, third, floor = table_markdown(main).splitlines()[2:]
    assert "**32.35** [" in first
    assert "<u>31.35</u> [" in second
    assert " 30.35 [" in third
    assert [cell.strip() for cell in floor.split("|")[1:4]] == ["", "*noise floor of the ground truth*", "44.50"]


def test_a_document_says_what_its_numbers_are_of_and_each_note_once() -> None:
    text = tables_markdown(board_tables(board_of([*ENTRIES, made_entry("cut", 40.0, without=["street"])])))
    assert text.startswith("# made 1.0, protocol blb-v1\n")
    assert text.count("cut is not ranked: 6 of 24 samples are missing (scene street).") == 1
    assert f"24 samples of 4 scenes. Dataset files `{FILES[:12]}`" in text


def test_a_terminal_gets_few_tables_without_marks() -> None:
    text = board_markdown(board_of(ENTRIES))
    head = next(line for line in text.splitlines() if line.startswith("| rank"))
    columns = [cell.strip() for cell in head.strip("|").split("|")]
    assert columns == [
        "rank", "method", "PSNR (dB) ↑", "SSIM ↑", "LPIPS ↓", *(f"{scene}, PSNR" for scene in SCENES), "s/image",
    ]  # fmt: skip
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        "## All samples",
        *(f"## {label} by blur level" for label in ("PSNR (dB) ↑", "SSIM ↑", "LPIPS ↓")),
    ]
    assert "**" not in text
    assert "<u>" not in text
    five = [*SCENES, "garden"]
    entry = made_entry("a", 30.0, rendering=made_rendering(five))
    assert ", PSNR" not in board_markdown(board_of([entry], five))


def test_csv_gives_back_every_number_with_what_it_is_of() -> None:
    tables = board_tables(board_of(ENTRIES))
    lines = list(csv.DictReader(io.StringIO(tables_csv(tables))))
    assert len(lines) == sum(len(table.rows) * len(table.columns) for table in tables)
    found = {(line["table"], line["column"], line["method"]): line for line in lines}
    for table in tables:
        for row in table.rows:
            for index, (column, cell) in enumerate(zip(table.columns, row.cells, strict=True)):
                line = found[table.name, column.key, row.method]
                floor = None if table.noise_floor is None else table.noise_floor[index]
                told = [
                    None if line[key] == "" else float(line[key]) for key in ("value", "low", "high", "noise_floor")
                ]
                assert told == [cell.value, cell.low, cell.high, floor]
                assert line["place"] == ("" if cell.place is None else str(cell.place))
                assert (line["rank"], line["revision"]) == (str(row.rank), row.revision)
                assert (line["files_sha256"], line["recipe_sha256"]) == (FILES, RECIPE)


def test_pandas_gets_numbers_and_what_they_are_of() -> None:
    main = board_tables(board_of([*ENTRIES, made_entry("cut", 40.0, without=["street"])]))[0]
    frame = to_frame(main)
    assert list(frame.index) == ["first", "second", "third", "cut"]
    assert frame["psnr"].mean() == pytest.approx(31.35)
    assert frame["rank"].dropna().tolist() == [1, 2, 3]
    assert {"psnr_low", "psnr_high"} <= set(frame.columns)
    assert "seconds_low" not in frame.columns
    assert frame.attrs["files_sha256"] == FILES


def test_a_board_s_files_are_the_same_bytes_every_time(tmp_path: Path) -> None:
    first = write_tables(board_of(ENTRIES), tmp_path / "first")
    second = write_tables(board_of(list(reversed(ENTRIES))), tmp_path / "second")
    stem = f"blb-v1-made-1.0-{FILES[:12]}"
    assert [path.name for path in first] == [f"{stem}.md", f"{stem}.csv", f"{stem}.tex"]
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("blue_hour_street", "blue_hour_street"),
        ("_a_", r"\_a\_"),
        ("a|b *c* <d>", r"a\|b \*c\* \<d\>"),
        ("two\nlines", "two lines"),
    ],
)
def test_text_reads_the_same_in_markdown(text: str, expected: str) -> None:
    assert escape(text) == expected


def test_columns_stand_in_line() -> None:
    lines = pipe_table(["a", "name"], [["1", "x"], ["10", "longer"]], left=1).splitlines()
    assert lines == ["|   a | name   |", "| --: | ------ |", "|   1 | x      |", "|  10 | longer |"]


def test_numbers_have_their_column_s_digits_and_no_negative_zero() -> None:
    column = Column("difference", "difference", None, 2)
    assert [column.text(value) for value in (-0.001, 1.005, None)] == ["0.00", "1.00", "—"]
