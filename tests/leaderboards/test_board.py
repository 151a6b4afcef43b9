from __future__ import annotations

import pytest
from pydantic import ValidationError

from leaderboards.board import boards
from leaderboards.entry import Entry, Verification
from tests.leaderboards.made_entries import FILES, made_entry, made_rendering


def test_a_board_ranks_the_newest_revision_of_each_method() -> None:
    entries = [
        made_entry("a", 30.0, revision="1", day=1),
        made_entry("a", 31.0, revision="2", day=2),
        made_entry("b", 35.0),
    ]
    (board,) = boards(entries, {FILES: made_rendering()})
    assert list(board.entries) == ["b", "a"]
    assert board.entries["a"].result.method.revision == "2"
    assert [entry.result.method.revision for entry in board.earlier] == ["1"]
    assert board.score("a", "psnr").mean == pytest.approx(board.entries["a"].result.summary.overall.psnr)
    assert board.noise_floor() == pytest.approx(44.5)


def test_where_a_scene_is_missing_every_mean_over_scenes_is_gone_and_the_other_scenes_stay() -> None:
    whole, cut = made_entry("whole", 30.0), made_entry("cut", 40.0, without=["street"])
    (board,) = boards([cut, whole], {FILES: made_rendering()})
    assert list(board.entries) == ["whole", "cut"]
    assert board.ranked == ("whole",)
    for metric in ("psnr", "ssim", "lpips", "boundary_psnr"):
        assert board.score("cut", metric) is None
        assert board.score("cut", metric, blur=1) is None
        assert board.score("cut", metric, scene="street") is None
        assert board.score("cut", metric, scene="table") is not None
    assert board.lacking("cut", scene="street") == 6


def test_without_a_rendering_the_results_together_tell_what_there_is() -> None:
    (board,) = boards([made_entry("cut", 40.0, without=["street"]), made_entry("whole", 30.0)], {})
    assert board.ranked == ("whole",)


def test_renderings_and_protocols_stand_apart() -> None:
    other = made_rendering(files="0" * 64)
    entries = [
        made_entry("a", 30.0),
        made_entry("a", 30.0, rendering=other),
        made_entry("a", 28.0, protocol="blb-corrupted-v1"),
    ]
    found = boards(entries, {FILES: made_rendering(), "0" * 64: other})
    assert [board.key for board in found] == [
        ("blb-corrupted-v1", FILES),
        ("blb-v1", "0" * 64),
        ("blb-v1", FILES),
    ]
    corrupted = found[0]
    assert corrupted.corruptions == {0: "gaussian 2 px", 1: "gaussian 4 px"}
    first, second = (corrupted.score("a", "psnr", corruption=index).mean for index in (0, 1))
    assert first - second == pytest.approx(0.5)


def test_a_status_has_to_be_earned() -> None:
    entry = made_entry("a", 30.0)
    with pytest.raises(ValidationError, match="the verifications earn 'self-reported'"):
        Entry(status="verified", result=entry.result)
    proof = Verification(proves="reproduced", created=entry.result.created, largest_difference={}, environment={})
    assert Entry(status="reproduced", verifications=(proof,), result=entry.result).status == "reproduced"
