from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from leaderboards.board_tables import board_tables
from leaderboards.latex import Grid, escape, table_environment
from leaderboards.table_latex import table_latex, tables_latex
from tests.leaderboards.made_entries import FILES, SCENES, made_entry, made_rendering
from tests.leaderboards.test_tables import board_of

ENTRIES = [made_entry("first_", 32.0), made_entry("second", 31.0), made_entry("cut", 30.0, without=["street"])]


def assert_well_formed(text: str) -> None:
    """Braces and environments close, and every line of a tabular has as many cells as its layout."""
    bare = re.sub(r"\\[{}%&_#$]", "", text)
    assert bare.count("{") == bare.count("}")
    assert re.findall(r"\\begin\{(\w+)\}", text).count("table") == text.count(r"\end{table}")
    for layout, body in re.findall(r"\\begin\{tabular\}\{(\w+)\}(.*?)\\end\{tabular\}", bare, re.DOTALL):
        lines = [line for line in body.splitlines() if line.endswith(r"\\")]
        assert lines
        assert {line.count("&") for line in lines} == {len(layout) - 1}
        assert [rule for rule in (r"\toprule", r"\midrule", r"\bottomrule") if rule not in body] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("blue_hour 100 % A&B #1", r"blue\_hour 100 \% A\&B \#1"),
        (r"a\b {c} $d$ e^f ~g", r"a\textbackslash{}b \{c\} \$d\$ e\textasciicircum{}f \textasciitilde{}g"),
        ("SSIM ↑ 3×3 — ±1", r"SSIM $\uparrow$ 3$\times$3 --- $\pm$1"),
    ],
)
def test_text_reads_the_same_in_latex(text: str, expected: str) -> None:
    assert escape(text) == expected


def test_best_is_bold_second_underlined_and_intervals_are_as_they_are() -> None:
    main = board_tables(board_of(ENTRIES))[0]
    text = table_latex(main)
    best = main.rows[0].cells[0]
    assert best.value is not None
    assert best.low is not None
    assert best.high is not None
    assert f"$\\mathbf{{32.35}}^{{+{best.high - best.value:.1f}}}_{{-{best.value - best.low:.1f}}}$" in text
    assert r"1 & first\_ & " in text
    assert r"$\underline{31.35}^{+" in text
    assert r"& \emph{noise floor} & $44.50$ &  &  &  &  \\" in text


def test_caption_and_label_say_what_the_numbers_are_of() -> None:
    main = board_tables(board_of(ENTRIES))[0]
    text = table_latex(main)
    caption = next(line for line in text.splitlines() if r"\caption" in line)
    for told in ("protocol blb-v1", main.origin.protocol_sha256[:12], "dataset made 1.0", FILES[:12]):
        assert told in caption
    assert rf"\label{{tab:blb-v1-made-1.0-{FILES[:12]}-main}}" in text
    assert "cut is not ranked: 6 of 24 samples are missing (scene street)." in text


def test_every_table_is_well_formed_also_where_it_goes_on_below() -> None:
    scenes = [*SCENES, *(f"scene_{index}" for index in range(9))]
    board = board_of([made_entry("a", 30.0, rendering=made_rendering(scenes))], scenes)
    tables = [*board_tables(board), *board_tables(board_of(ENTRIES))]
    assert_well_formed(tables_latex(tables))
    (by_scene,) = [table for table in board_tables(board) if table.name == "scenes_psnr"]
    text = table_latex(by_scene)
    assert text.count(r"\begin{tabular}") == 2
    assert text.count(r"\rotatebox{90}{scene\_") == 9


def test_labels_hold_only_what_labels_can() -> None:
    text = table_environment(Grid(1, ["method", "PSNR"], [["a", "1"]]), "Caption.", "my set_1 & more", [])
    assert r"\label{tab:my-set-1-more}" in text


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles(tmp_path: Path) -> None:
    (tmp_path / "tables.tex").write_text(tables_latex(board_tables(board_of(ENTRIES))), encoding="utf-8")
    (tmp_path / "main.tex").write_text(
        "\\documentclass{article}\\usepackage{booktabs,graphicx}\\begin{document}\\input{tables}\\end{document}"
    )
    ran = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "main"], cwd=tmp_path, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stdout[-2000:]
