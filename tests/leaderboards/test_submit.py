"""``bokehbench submit``: all checks first, then all of the results or none of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

import leaderboards.cli
from benchmark.dataset import open_dataset
from benchmark.describing import describe_rendering
from benchmark.rendering import Rendering
from benchmark.results import Result, SampleScore
from bokeh_render.atomic import write_json
from bokeh_render.errors import BadInputError
from leaderboards.entry import Entry, Verification
from leaderboards.entry_file import LARGEST_BYTES, read_entry, write_entry
from leaderboards.standing import revision_change
from leaderboards.store import entry_path, read_store, rendering_path
from leaderboards.store_check import check_store
from leaderboards.submit import Submission, submit
from tests.conftest import Ended
from tests.leaderboards.made_entries import made_entry, made_regions, made_rendering, made_result
from tests.leaderboards.made_store import NOW, with_result, with_samples

RENDERING = made_rendering()


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = tmp_path / "store"
    folder.mkdir()
    return folder


@pytest.fixture
def enter(tmp_path: Path, store: Path) -> Callable[..., Submission]:
    """Return a function that writes results as evaluate does and submits them."""

    def run(results: Sequence[Result], rendering: Rendering | None = None, names: Sequence[str] = ()) -> Submission:
        paths = []
        for index, result in enumerate(results):
            path = tmp_path / "run" / (names[index] if names else f"{index}.json")
            write_json(path, result.model_dump(mode="json"))
            paths.append(path)
        return submit(paths, store, NOW, rendering)

    return run


def files(store: Path) -> list[str]:
    return sorted(path.relative_to(store).as_posix() for path in store.rglob("*") if path.is_file())


def test_results_become_entries_that_the_check_finds_clean(store: Path, enter: Callable[..., Submission]) -> None:
    good, better = made_result("good", 30.0), made_result("better", 31.0)
    submission = enter([good, better], RENDERING)
    assert files(store) == [
        f"datasets/made@1.0/{RENDERING.files_sha256[:12]}.json",
        "results/blb-v1/made@1.0/better/1.json",
        "results/blb-v1/made@1.0/good/1.json",
    ]
    assert [entry.standing for entry in submission.entries] == [
        (f"rank 2 of 2 on blb-v1, made 1.0 ({RENDERING.files_sha256[:12]})",),
        (f"rank 1 of 2 on blb-v1, made 1.0 ({RENDERING.files_sha256[:12]})",),
    ]
    assert all(entry.is_new for entry in submission.entries)
    content = read_store(store)
    assert {entry.method: entry.result for entry in content.entries} == {"good": good, "better": better}
    assert content.renderings == {RENDERING.files_sha256: RENDERING}
    assert check_store(store, NOW).findings == ()


def test_a_second_time_it_is_there_already(store: Path, enter: Callable[..., Submission]) -> None:
    enter([made_result("good", 30.0)], RENDERING)
    path = store / "results/blb-v1/made@1.0/good/1.json"
    before = path.stat()
    (again,) = enter([made_result("good", 30.0)]).entries
    assert not again.is_new
    assert path.stat().st_mtime_ns == before.st_mtime_ns
    proof = Verification(proves="reproduced", created=NOW, largest_difference={}, environment={})
    write_entry(path, Entry(status="reproduced", verifications=(proof,), result=made_result("good", 30.0)))
    enter([made_result("good", 30.0)])
    assert read_entry(path).status == "reproduced"


def test_one_bad_result_of_two_and_nothing_is_written(store: Path, enter: Callable[..., Submission]) -> None:
    bad = made_result("cut", 30.0, without=["street"], lpips=False)
    with pytest.raises(BadInputError) as told:
        enter([made_result("good", 30.0), bad], RENDERING, ["good.json", "bad.json"])
    assert files(store) == []
    text = str(told.value)
    assert text.startswith("nothing was entered; 2 error(s) were found:\n")
    assert "bad.json\n  error, metrics: LPIPS is missing" in text
    assert "error, samples: 6 of 24 samples are missing: all of street" in text
    assert "good.json" not in text


def test_an_entry_never_changes(store: Path, enter: Callable[..., Submission]) -> None:
    enter([made_result("good", 30.0)], RENDERING)
    before = (store / "results/blb-v1/made@1.0/good/1.json").read_bytes()
    with pytest.raises(
        BadInputError, match="doubled: good 1 is in the store already, with other numbers; expected one"
    ):
        enter([made_result("good", 31.0)])
    other = made_rendering(files="a" * 64)
    with pytest.raises(BadInputError, match=r"is in the store already, on another rendering \(.*…\) of made"):
        enter([made_result("good", 30.0, rendering=other)], other)
    assert (store / "results/blb-v1/made@1.0/good/1.json").read_bytes() == before
    assert len(files(store)) == 2


def test_two_results_for_one_place_are_refused(store: Path, enter: Callable[..., Submission]) -> None:
    with pytest.raises(BadInputError, match=r"good 1 is in .*0\.json already, with other numbers"):
        enter([made_result("good", 30.0), made_result("good", 31.0)], RENDERING)
    assert files(store) == []


def test_the_first_of_a_rendering_needs_the_dataset(store: Path, enter: Callable[..., Submission]) -> None:
    with pytest.raises(BadInputError, match="unknown rendering .* let bokehbench submit describe it, by --dataset"):
        enter([made_result("good", 30.0)])
    enter([made_result("good", 30.0)], RENDERING)
    (notice,) = enter([made_result("later", 29.0)], made_rendering(files="b" * 64)).notices
    assert notice.sentence.startswith("nothing that was handed in is of this rendering, bbbbbbbbbbbb…; expected")
    assert len(list((store / "datasets").rglob("*.json"))) == 1
    with pytest.raises(BadInputError, match=r"--dataset\n  error, rendering: the store describes the rendering"):
        enter([made_result("third", 29.0)], made_rendering(levels=3))


def test_what_others_verified_does_not_count_here(tmp_path: Path, store: Path) -> None:
    proof = Verification(proves="verified", created=NOW, largest_difference={}, environment={})
    entry = Entry(status="verified", verifications=(proof,), result=made_result("good", 30.0))
    write_entry(tmp_path / "theirs.json", entry)
    submit([tmp_path / "theirs.json"], store, NOW, RENDERING)
    assert read_entry(entry_path(store, entry.result)).status == "self-reported"


def test_a_new_revision_is_told_apart_from_the_one_before(enter: Callable[..., Submission]) -> None:
    old = made_entry("good", 30.0)
    first = old.result.samples[0].sample

    def moved(score: SampleScore) -> SampleScore:
        psnr = score.metrics.psnr + (0.24 if score.sample == first else 0.0005)
        changes = {
            "metrics": score.metrics.model_copy(update={"psnr": psnr}),
            "regions": made_regions(psnr, 48 * 64),
            "prediction_sha256": score.prediction_sha256[::-1],
        }
        return score.model_copy(update=changes)

    new = with_samples(old, moved)
    method = new.result.method.model_copy(update={"revision": "2"})
    new = with_result(new, method=method, created=datetime(2026, 11, 20, tzinfo=UTC))
    enter([old.result], RENDERING)
    (entry,) = enter([new.result]).entries
    assert entry.standing[1:] == (
        "against revision 1: PSNR +0.01 dB, SSIM +0.0000, LPIPS +0.0000; 1 of 24 samples moved by more than 0.001",
    )
    late = with_result(made_entry("good", 32.0, revision="0"), created=datetime(2026, 10, 1, tzinfo=UTC))
    (entry,) = enter([late.result]).entries
    assert entry.standing[0].startswith("not ranked on blb-v1, made 1.0")
    assert entry.standing[0].endswith("revision 2 is newer")


def test_means_over_other_samples_are_not_compared() -> None:
    change = revision_change(made_result("good", 30.0, revision="2"), made_result("good", 30.0, without=["street"]))
    assert change.means == {}
    assert str(change) == (
        "against revision 1: no means, as the samples are not the same; 0 of 18 samples moved by more than 0.001"
    )


def test_the_same_digits_are_the_same_rank(enter: Callable[..., Submission]) -> None:
    told = enter([made_result(name, psnr) for name, psnr in (("a", 32.001), ("b", 32.0), ("c", 30.0))], RENDERING)
    assert [entry.standing[0].partition(" on ")[0] for entry in told.entries] == [
        "rank 1 of 3",
        "rank 1 of 3",
        "rank 3 of 3",
    ]


def merge_marker(path: Path) -> None:
    path.write_text("<<<<<<< HEAD\n" + path.read_text())


def other_schema(path: Path) -> None:
    path.write_text(path.read_text().replace('"schema_version": 1', '"schema_version": 9'))


def dead_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def grown(path: Path) -> None:
    path.write_text(path.read_text() + " " * LARGEST_BYTES)


def linked_folder(path: Path) -> None:
    moved = path.parent.rename(path.parents[4] / "elsewhere")
    path.parent.symlink_to(moved)


@pytest.mark.parametrize("spoil", [merge_marker, other_schema, dead_link, grown, linked_folder])
def test_what_cannot_be_read_is_not_written_over(
    store: Path, enter: Callable[..., Submission], spoil: Callable[[Path], None]
) -> None:
    enter([made_result("good", 30.0)], RENDERING)
    path = store / "results/blb-v1/made@1.0/good/1.json"
    spoil(path)
    before = path.read_bytes() if path.exists() else None
    with pytest.raises(
        BadInputError, match=r"place: results/blb-v1/made@1\.0/good.* is in the store already, and is a"
    ):
        enter([made_result("good", 20.0)])
    assert (path.read_bytes() if path.exists() else None) == before


def test_a_rendering_that_cannot_be_read_is_not_written_over(store: Path, enter: Callable[..., Submission]) -> None:
    path = rendering_path(store, RENDERING)
    write_json(path, {"name": "made"})
    with pytest.raises(
        BadInputError, match=r"--dataset\n  error, place: datasets/made@1\.0/.* is in the store already"
    ):
        enter([made_result("good", 30.0)], RENDERING)
    assert files(store) == [path.relative_to(store).as_posix()]


def test_copies_are_found_whatever_their_date_says(enter: Callable[..., Submission]) -> None:
    enter([made_result("good", 30.0, day=9)], RENDERING)
    mine = made_result("mine", 30.0, day=1)
    theirs = made_result("good", 30.0)
    samples = [
        score.model_copy(update={"prediction_sha256": other.prediction_sha256})
        for score, other in zip(mine.samples, theirs.samples, strict=True)
    ]
    with pytest.raises(BadInputError, match="copied: 100% of the predictions of mine 1 are those of good 1"):
        enter([mine.model_copy(update={"samples": tuple(samples)})])


def test_files_that_are_no_results_are_all_named(tmp_path: Path, store: Path) -> None:
    (tmp_path / "cut.json").write_text("{")
    with pytest.raises(BadInputError) as told:
        submit([tmp_path / "none.json", tmp_path / "cut.json", tmp_path], store, NOW)
    assert "3 error(s)" in str(told.value)
    for words in ("does not exist; expected a result file", "is not valid JSON", "is a folder; name the result files"):
        assert words in str(told.value)


def test_the_command_enters_results_of_a_real_dataset(
    command: Callable[..., Ended], tiny_dataset_once: Path, tmp_path: Path, store: Path
) -> None:
    rendering = describe_rendering(open_dataset(tiny_dataset_once))
    good = made_result("good", 20.0, rendering=rendering)
    write_json(tmp_path / "good.json", good.model_dump(mode="json"))
    ended = command("submit", tmp_path / "good.json", "--store", store)
    assert ended.code == 2
    assert ended.err.startswith("bokehbench: nothing was entered; 1 error(s)")
    ended = command("submit", tmp_path / "good.json", "--store", store, "--dataset", tiny_dataset_once)
    assert ended.code == 0, ended.err
    path = store / "results/blb-v1/tiny@1.0/good/1.json"
    assert ended.out.splitlines()[0] == str(path)
    assert "rank 1 of 1 on blb-v1, tiny 1.0" in ended.out
    assert read_entry(path).result == good
    assert (store / rendering_path(Path(), rendering)).is_file()
    ended = command("submit", tmp_path / "good.json", "--store", store)
    assert (ended.code, ended.out.splitlines()[0]) == (0, f"{path} (is there already)")
    assert command("leaderboard", "check", "--store", store).code == 0


def test_from_a_wheel_the_store_has_to_be_named(
    command: Callable[..., Ended], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (leaderboards.cli.store_or_own(None) / "entry.py").is_file()
    monkeypatch.setattr(leaderboards.cli, "__file__", str(tmp_path / "site-packages" / "leaderboards" / "cli.py"))
    ended = command("submit", tmp_path / "good.json")
    assert ended.code == 2
    assert "lies in no checkout, so there is no store of its own; name yours by --store" in ended.err
    ended = command("submit", tmp_path / "good.json", "--store", tmp_path / "none")
    assert "none is no folder; expected a store: make the folder first" in ended.err
