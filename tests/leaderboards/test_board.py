from __future__ import annotations

import pytest
from pydantic import ValidationError

from benchmark.protocols import ALEX_SHA256, LpipsSettings, Protocol
from benchmark.results import ProtocolReference, RegionScores, SampleScore
from bokeh_render.errors import BadInputError
from leaderboards.board import Board, boards
from leaderboards.entry import Entry, Verification
from tests.leaderboards.made_entries import FILES, made_entry, made_rendering
from tests.leaderboards.made_store import with_result, with_samples


def board_of(*entries: Entry) -> Board:
    (board,) = boards(entries, {FILES: made_rendering()})
    return board


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


def test_ranks_are_shared_where_the_shown_digits_are_the_same() -> None:
    board = board_of(
        *(made_entry(name, psnr) for name, psnr in [("a", 30.0), ("b", 32.001), ("c", 32.0)]),
        made_entry("cut", 40.0, without=["street"]),
    )
    assert board.ranks == {"b": 1, "c": 1, "a": 3}


def test_an_earlier_revision_has_a_mean_by_the_same_rule() -> None:
    board = board_of(
        made_entry("a", 30.0, revision="1", without=["street"]),
        made_entry("a", 31.0, revision="2", day=2),
        made_entry("a", 32.0, revision="3", day=3),
    )
    newer, oldest = board.earlier
    assert board.score_of(newer, "psnr").mean == pytest.approx(newer.result.summary.overall.psnr)
    assert board.score_of(oldest, "psnr") is None


def without_boundary(score: SampleScore) -> SampleScore:
    """Return a score as it is where no depth edge is near: at focus setting 2."""
    kept = {name: region for name, region in score.regions.items() if name != "boundary" or score.focus < 2}
    return score.model_copy(update={"regions": kept})


def with_invented(score: SampleScore) -> SampleScore:
    """Return a score with a boundary everywhere, and with a region of its own; both are splendid."""
    best = RegionScores(psnr=90.0, ssim=1.0, pixels=400)
    invented = {"zz <b>best</b>": best, **({"boundary": best} if score.focus == 2 else {})}
    return score.model_copy(update={"regions": {**score.regions, **invented}})


def test_a_later_entry_can_neither_add_a_region_nor_take_others_numbers_away() -> None:
    honest = with_samples(made_entry("honest", 30.0), without_boundary)
    sly = with_samples(with_samples(made_entry("sly", 20.0, day=2), without_boundary), with_invented)
    alone, together = board_of(honest), board_of(honest, sly)
    assert together.regions == ("boundary", "in_focus", "out_of_focus")
    for region in together.regions:
        metric = f"{region}_psnr"
        assert together.score("honest", metric) == alone.score("honest", metric) is not None
        assert together.score("sly", metric).mean == pytest.approx(alone.score("honest", metric).mean - 10)
    assert together.score("sly", "zz <b>best</b>_psnr") is None


def test_a_region_that_was_left_out_leaves_no_mean_not_even_in_the_oldest_entry() -> None:
    def nothing_told(score: SampleScore) -> SampleScore:
        return score.model_copy(update={"regions": {}}) if score.scene == "street" else score

    board = board_of(with_samples(made_entry("oldest", 30.0), nothing_told), made_entry("whole", 31.0, day=2))
    assert board.score("oldest", "boundary_psnr") is None
    assert board.score("oldest", "boundary_psnr", scene="table") is not None
    assert board.score("whole", "boundary_psnr") is not None


def test_a_region_that_a_scene_never_has_is_no_number_of_it() -> None:
    def no_boundary(score: SampleScore) -> SampleScore:
        kept = {name: region for name, region in score.regions.items() if name != "boundary"}
        return score.model_copy(update={"regions": kept}) if score.scene == "street" else score

    board = board_of(with_samples(made_entry("a", 30.0), no_boundary))
    assert board.score("a", "boundary_psnr", scene="street") is None
    assert board.score("a", "boundary_psnr") is not None


def unpinned(entry: Entry, weights: str) -> Entry:
    rule = Protocol(name="mine", lpips=LpipsSettings(net="vgg", backbone_sha256=None))
    told = ProtocolReference(name=rule.name, sha256=rule.sha256, definition=rule.model_dump(mode="json"))
    return with_result(entry, protocol=told, environment={"lpips_backbone_sha256": weights})


def test_lpips_of_other_weights_shares_no_column() -> None:
    board = board_of(
        unpinned(made_entry("z", 30.0), "a" * 64),
        unpinned(made_entry("same", 31.0, day=2), "a" * 64),
        unpinned(made_entry("other", 32.0, day=2), "b" * 64),
    )
    assert board.no_lpips == {"other": "it was computed with other weights"}
    assert [board.score(name, "lpips") is None for name in ("z", "same", "other")] == [False, False, True]
    assert board.score("other", "psnr") is not None
    pinned = board_of(with_result(made_entry("a", 30.0), environment={"lpips_backbone_sha256": "b" * 64}))
    assert pinned.score("a", "lpips") is None
    assert (
        board_of(with_result(made_entry("a", 30.0), environment={"lpips_backbone_sha256": ALEX_SHA256})).no_lpips == {}
    )


@pytest.mark.parametrize(
    "told",
    [
        ProtocolReference(name="blb-v1", sha256="0" * 64),
        ProtocolReference(name="/etc/mine.yaml", sha256="0" * 64),
        ProtocolReference(
            name="blb-v1",
            sha256=Protocol(name="blb-v1", gamma=2.0).sha256,
            definition=Protocol(name="blb-v1", gamma=2.0).model_dump(mode="json"),
        ),
    ],
    ids=["another hash", "a path", "another definition"],
)
def test_a_protocol_that_is_not_what_it_says_is_refused(told: ProtocolReference) -> None:
    with pytest.raises(BadInputError, match=r"the result of a is under .* expected one of blb-v1, "):
        board_of(with_result(made_entry("a", 30.0), protocol=told))
