"""``bokehbench leaderboard build``: what it is given, and which predictions it takes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmark.predictions import prediction_path
from benchmark.results import Result, SampleScore
from benchmark.scored_pictures import ScoredPictures
from benchmark.store import Store
from bokeh_render.errors import BadInputError
from tests.conftest import Ended
from tests.leaderboards.made_entries import FILES, made_entry
from tests.leaderboards.made_store import with_samples, write_store


def test_runs_that_would_show_nothing_are_refused(command: Callable[..., Ended], tmp_path: Path) -> None:
    store, out = write_store(tmp_path / "store", [made_entry("a", 30.0)]), tmp_path / "site"
    ended = command("leaderboard", "build", store, "--run", store, "-o", out)
    assert (ended.code, "add --dataset" in ended.err) == (2, True)
    ended = command("leaderboard", "build", store, "--run", tmp_path / "none", "--dataset", tmp_path, "-o", out)
    assert (ended.code, "none is no folder; expected one that was given to evaluate" in ended.err) == (2, True)
    assert not out.exists()


def scored(score: SampleScore) -> SampleScore:
    """Return a score of a prediction that holds the sample's name."""
    return score.model_copy(update={"prediction_sha256": hashlib.sha256(str(score.sample).encode()).hexdigest()})


def write_predictions(run: Path, result: Result) -> Path:
    folder = Store.of(run, result).predictions(result.method)
    for score in result.samples:
        path = prediction_path(folder, score.sample)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(score.sample), encoding="utf-8")
    return path


def test_predictions_are_the_very_files_that_were_scored(tmp_path: Path) -> None:
    result = with_samples(made_entry("a", 30.0), scored).result
    stale, good = tmp_path / "stale", tmp_path / "good"
    dataset: Any = SimpleNamespace(files_sha256=FILES)
    last = write_predictions(stale, result)
    last.write_text("another", encoding="utf-8")
    with pytest.raises(BadInputError, match=f"{last.name} is not the file that was scored"):
        ScoredPictures(dataset, [stale]).has_predictions(result)
    write_predictions(good, result)
    assert ScoredPictures(dataset, [stale, good]).has_predictions(result), "the first run that holds them all"
    assert not ScoredPictures(dataset, [tmp_path / "none"]).has_predictions(result)
