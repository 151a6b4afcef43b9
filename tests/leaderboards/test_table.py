from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

from benchmark.results import (
    DatasetReference,
    MethodReference,
    ProtocolReference,
    Result,
    SampleScore,
    Scores,
    summarise,
)
from bokeh_render.errors import BadInputError
from leaderboards.table import leaderboard, to_csv, to_markdown


def result(method: str, psnr: float, *, lpips: float | None = 0.1, files: str = "f" * 64, focus: int = 2) -> Result:
    samples = tuple(
        SampleScore(
            scene=scene,
            blur=blur,
            focus=index,
            metrics=Scores(psnr=psnr - blur + index, ssim=0.9, lpips=lpips),
            seconds=0.5,
            prediction_sha256="0" * 64,
        )
        for scene in ("street", "table")
        for blur in range(2)
        for index in range(focus)
    )
    return Result(
        protocol=ProtocolReference(name="blb-v1", sha256="p" * 64),
        dataset=DatasetReference(
            name="d",
            version="1",
            recipe_sha256="r" * 64,
            files_sha256=files,
            noise_floor={"street": {0: 50.0, 1: 40.0}, "table": {0: 52.0, 1: 42.0}},
        ),
        method=MethodReference(name=method, revision="1", description=f"{method} <b>described</b>"),
        environment={"python": "3.11"},
        created=datetime(2026, 11, 23, tzinfo=UTC),
        unavailable={} if lpips is not None else {"lpips": "no weights"},
        samples=samples,
        summary=summarise(samples),
    )


def test_methods_are_ranked_by_psnr() -> None:
    board = leaderboard([result("b", 30.0), result("a", 35.0), result("c", 32.5)])
    assert [(row.rank, row.method) for row in board.tables[0].rows] == [(1, "a"), (2, "c"), (3, "b")]
    assert [table.blur for table in board.tables] == [None, 0, 1]
    assert board.tables[0].rows[0].scores.psnr == pytest.approx(35.0)  # 35.5 and 34.5 at the two levels
    assert board.tables[0].noise_floor == {None: 46.0, "street": 45.0, "table": 47.0}


def test_markdown_and_csv_say_the_same() -> None:
    board = leaderboard([result("a", 35.0), result("b", 30.0)])
    markdown = to_markdown(board)
    assert "| 1 | a | 35.00 | 0.9000 | 0.1000 | 35.00 | 35.00 | 0.50 |" in markdown
    rows = list(csv.DictReader(io.StringIO(to_csv(board))))
    assert len(rows) == 3 * 2 * 3
    overall = next(row for row in rows if (row["blur"], row["scene"], row["method"]) == ("all", "all", "a"))
    assert (overall["rank"], float(overall["psnr"]), overall["noise_floor_psnr"]) == ("1", 35.0, "46.000")


def test_a_metric_that_was_not_computed_reads_na_with_the_reason() -> None:
    board = leaderboard([result("a", 35.0, lpips=None)])
    assert "| n/a |" in to_markdown(board)
    assert "LPIPS is n/a: no weights." in to_markdown(board)
    assert list(csv.DictReader(io.StringIO(to_csv(board))))[0]["lpips"] == ""


@pytest.mark.parametrize(("other", "what"), [({"files": "e" * 64}, "dataset files"), ({"focus": 1}, "sample list")])
def test_results_that_do_not_compare_never_share_a_table(other: dict[str, object], what: str) -> None:
    with pytest.raises(BadInputError, match=f"differ in {what}"):
        leaderboard([result("a", 35.0), result("b", 30.0, **other)])  # type: ignore[arg-type]
