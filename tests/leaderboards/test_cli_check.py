"""``bokehbench leaderboard check``: what the tests of a repository of results run."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from leaderboards.entry import Entry, Verification
from leaderboards.entry_file import write_entry
from leaderboards.store import entry_path, rendering_path
from tests.conftest import Ended
from tests.leaderboards.made_entries import made_entry, made_rendering
from tests.leaderboards.made_store import problems, with_samples, write_store

A, B = made_entry("a", 30.0), made_entry("b", 31.0, day=2)


def proved(entry: Entry, *days: int) -> Entry:
    """Return the entry, reproduced at these days."""
    proofs = [
        Verification(
            proves="reproduced", created=datetime(2026, 11, day, tzinfo=UTC), largest_difference={}, environment={}
        )
        for day in days
    ]
    return Entry(status="reproduced" if proofs else "self-reported", verifications=tuple(proofs), result=entry.result)


@pytest.fixture
def stores(tmp_path: Path) -> tuple[Path, Path]:
    """Return a store and the older copy of it."""
    new = write_store(tmp_path / "new", [A, proved(B, 5)])
    return new, Path(shutil.copytree(new, tmp_path / "old"))


def test_a_clean_store_ends_with_0(command: Callable[..., Ended], stores: tuple[Path, Path]) -> None:
    new, old = stores
    ended = command("leaderboard", "check", "--store", new, "--against", old)
    assert ended.code == 0, ended
    assert ended.out == f"{new}: entries: 2, renderings: 1, errors: 0, notices: 0\n"


def test_all_that_is_wrong_is_told_by_file(command: Callable[..., Ended], stores: tuple[Path, Path]) -> None:
    new, _ = stores
    write_store(new, [made_entry("c", 30.0, without=["table"], lpips=False), made_entry("d", 30.0, lpips=False)])
    ended = command("leaderboard", "check", "--store", new)
    assert ended.code == 2
    lines = ended.out.splitlines()
    assert lines[0] == "results/blb-v1/made@1.0/c/1.json"
    assert [line.partition(":")[0] for line in lines[1:3]] == ["  error, metrics", "  error, samples"]
    assert lines[3] == "results/blb-v1/made@1.0/d/1.json"
    assert lines[-1].endswith("entries: 4, renderings: 1, errors: 3, notices: 0")
    told = json.loads(command("leaderboard", "check", "--store", new, "--json").out)
    assert (told["entries"], told["errors"], told["notices"]) == (4, 3, 0)
    assert told["findings"][0] == {
        "kind": "metrics",
        "file": "results/blb-v1/made@1.0/c/1.json",
        "sentence": told["findings"][0]["sentence"],
        "severity": "error",
    }


def test_new_entries_are_told_with_their_rank_and_changes(
    command: Callable[..., Ended], stores: tuple[Path, Path]
) -> None:
    new, old = stores
    write_store(new, [made_entry("a", 32.0, revision="2", day=3)])
    ended = command("leaderboard", "check", "--store", new, "--against", old)
    assert ended.code == 0
    assert "results/blb-v1/made@1.0/a/2.json is new\n  rank 1 of 2 on blb-v1" in ended.out
    assert "against revision 1: PSNR +2.00 dB, SSIM +0.0200, LPIPS -0.00" in ended.out
    assert "24 of 24 samples moved by more than 0.001" in ended.out
    told = json.loads(command("leaderboard", "check", "--store", new, "--against", old, "--json").out)
    assert [one["file"] for one in told["new"]] == ["results/blb-v1/made@1.0/a/2.json"]


def rewritten(entry: Entry) -> Callable[[Path], None]:
    return lambda store: write_entry(entry_path(store, entry.result), entry)


def without(path: Path) -> Callable[[Path], None]:
    return lambda store: (store / path).unlink()


def with_other_rendering(store: Path) -> None:
    changed = made_rendering(levels=3)
    write_store(store, [], [changed])


BETTER = with_samples(A, lambda score: score.model_copy(update={"seconds": 0.1}))
CHANGES: dict[str, tuple[Callable[[Path], None], str]] = {
    "entry removed": (without(entry_path(Path(), A.result)), "removed: the entry a 1 was removed; expected that"),
    "entry changed": (rewritten(BETTER), "changed: the result was changed; expected it as it was: put it back"),
    "rendering removed": (
        without(rendering_path(Path(), made_rendering())),
        "removed: the rendering of made 1.0 was removed",
    ),
    "rendering changed": (with_other_rendering, "changed: what the rendering consists of was changed"),
    "verification removed": (rewritten(proved(B)), "changed: verifications were changed or removed"),
    "verification changed": (rewritten(proved(B, 6)), "changed: verifications were changed or removed"),
    "verification added": (rewritten(proved(B, 5, 6)), "*status: the status was reproduced and is reproduced"),
    "new and verified already": (
        rewritten(proved(made_entry("c", 29.0), 5)),
        "*status: the entry is new and reproduced already",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changed_since_an_older_copy_is_told(stores: tuple[Path, Path], change: str) -> None:
    new, old = stores
    make, words = CHANGES[change]
    make(new)
    found = problems(new, old)
    assert any(told.startswith(words) for told in found), found


def test_a_new_rendering_is_a_notice(stores: tuple[Path, Path]) -> None:
    new, old = stores
    own = made_rendering(["meadow"], files="a" * 64)
    own = own.model_copy(update={"name": "mine"})
    write_store(new, [made_entry("a", 40.0, rendering=own)], [own])
    (told,) = problems(new, old)
    assert told.startswith("*rendering: the rendering is new, and it alone says what its entries must have; expected")
    assert problems(new) == []


def test_a_broken_entry_may_be_mended(stores: tuple[Path, Path]) -> None:
    new, old = stores
    entry_path(old, A.result).write_text("{")
    assert problems(new, old) == []


def test_an_older_copy_that_is_not_there_is_told(command: Callable[..., Ended], stores: tuple[Path, Path]) -> None:
    (stores[1] / "empty").mkdir()
    for older in (stores[0] / "none", stores[1] / "empty"):
        ended = command("leaderboard", "check", "--store", stores[0], "--against", older)
        assert ended.code == 2
        assert f"{older} holds no results/**.json; expected an older copy of the store" in ended.err
        assert "or leave that out as long as the store is new" in ended.err
    ended = command("leaderboard", "check", "--store", stores[0] / "none")
    assert ended.code == 2
    assert "expected a store: name its folder by --store" in ended.err
