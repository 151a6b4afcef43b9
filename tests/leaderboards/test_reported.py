from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from bokeh_render.errors import BadInputError
from leaderboards.reported import REPORTED_LABEL, ReportedRow, ReportedTable, read_reported
from leaderboards.reported_text import reported_latex, reported_markdown
from leaderboards.tables import Row
from tests.leaderboards.test_latex import assert_well_formed

PACKAGE = Path(__file__).parents[2] / "leaderboards"
RANKED = {"board", "board_tables", "board_markdown", "readme_table", "tables", "frame"}
RANKED |= {path.stem for path in PACKAGE.glob("table_*.py")}
REPORTED = {"reported", "reported_text"}


def imported(module: str) -> Iterator[str]:
    for node in ast.walk(ast.parse((PACKAGE / f"{module}.py").read_text())):
        if isinstance(node, ast.ImportFrom):
            yield (node.module or "").rpartition(".")[2]
            yield from (alias.name for alias in node.names)


def test_what_ranks_knows_nothing_of_numbers_from_papers_and_the_other_way_round() -> None:
    for module in RANKED:
        assert not REPORTED & set(imported(module)), module
    for module in REPORTED:
        assert not RANKED & set(imported(module)), module


def test_a_number_from_a_paper_has_no_rank_place_or_status() -> None:
    assert not {"rank", "place", "status", "cells"} & (set(ReportedRow.model_fields) | set(ReportedTable.model_fields))
    assert not issubclass(ReportedRow, Row)


def test_every_table_that_we_keep_is_whole_and_says_that_it_is_not_ours() -> None:
    tables = read_reported(PACKAGE)
    assert "bokehdiff-blb-level-5" in tables
    markdown, latex = reported_markdown(tables), reported_latex(tables)
    assert markdown.count(REPORTED_LABEL.capitalize()) == len(tables)
    assert latex.count(rf"\caption{{{REPORTED_LABEL.capitalize()}.") == latex.count(r"\begin{table}") == len(tables)
    assert_well_formed(latex)
    for mark in ("**", "<u>", r"\mathbf", r"\underline", "| rank"):
        assert mark not in markdown + latex
    level = next(part for part in markdown.split("\n## ") if "BLB" in part.splitlines()[0])
    assert "| BokehMe   |  0.1404 |" in level
    assert "0.9238" in level  # what users of the released code got


def test_a_metric_that_a_paper_leaves_out_is_a_dash() -> None:
    (line,) = [line for line in reported_markdown(read_reported(PACKAGE)).splitlines() if "| Bokehlicious" in line]
    assert line.rstrip("| ").endswith("—")


def test_a_store_without_numbers_from_papers_is_one(tmp_path: Path) -> None:
    assert read_reported(tmp_path) == {}


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (
            {"rows": [{"method": "a", "values": {"psnr": 1.0}}]},
            "a has a number for psnr; expected keys of metrics: lpips",
        ),
        ({"rows": [{"method": "a", "values": {"lpips": 1.0}}] * 2}, "a method has several rows"),
        ({"source": {"paper": "P", "venue": None, "year": 2025}}, "neither arxiv nor doi is given"),
        ({"caveats": []}, "caveats"),
        ({"rank": 1}, "unknown key 'rank'"),
    ],
)
def test_a_bad_file_is_refused_in_a_sentence(change: dict[str, object], what: str, tmp_path: Path) -> None:
    good = yaml.safe_load((PACKAGE / "reported" / "bokehdiff-blb-level-5.yaml").read_text())
    (tmp_path / "reported").mkdir()
    (tmp_path / "reported" / "bad.yaml").write_text(yaml.safe_dump(good | change))
    with pytest.raises(BadInputError, match="bad.yaml") as refused:
        read_reported(tmp_path)
    assert what in str(refused.value)
