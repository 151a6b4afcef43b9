"""What must not come into a store is told by one clear sentence, and what is right is let in without a word."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmark.methods.interface import MethodMetadata
from benchmark.protocols import load_protocol
from benchmark.results import SampleScore
from bokeh_render.errors import BadInputError
from leaderboards.entry import Entry, Verification
from leaderboards.entry_file import LARGEST_BYTES, entry_text, read_entry
from leaderboards.store import entry_path
from leaderboards.store_check import check_store
from tests.leaderboards.made_entries import made_entry, made_regions, made_rendering, made_result
from tests.leaderboards.made_store import NOW, problems, with_result, with_samples, write_store

GOOD = made_entry("good", 30.0)
OTHER = made_entry("other", 28.0, day=2)
FIRST = GOOD.result.samples[0].sample


def test_a_good_store_is_clean(tmp_path: Path) -> None:
    entries = [
        GOOD,
        OTHER,
        made_entry("other", 29.0, revision="2", day=3),
        made_entry("good", 25.0, protocol="blb-ldr-v1"),
    ]
    corrupted = made_entry("good", 26.0, protocol="blb-corrupted-v1")
    checked = check_store(write_store(tmp_path, [*entries, corrupted]), NOW)
    assert checked.findings == ()
    assert len(checked.files.entries) == 5


def metrics(score: SampleScore, **values: float | None) -> SampleScore:
    return score.model_copy(update={"metrics": score.metrics.model_copy(update=values)})


def one(**changes: Any) -> Entry:
    """Return the good entry with its first sample changed; psnr, ssim, lpips are its metrics."""
    scores = {name: changes.pop(name) for name in ("psnr", "ssim", "lpips") if name in changes}
    return with_samples(
        GOOD,
        lambda score: metrics(score, **scores).model_copy(update=changes) if score.sample == FIRST else score,
    )


def every(entry: Entry = GOOD, **changes: Any) -> Entry:
    scores = {name: changes.pop(name) for name in ("psnr", "ssim", "lpips") if name in changes}
    return with_samples(entry, lambda score: metrics(score, **scores).model_copy(update=changes))


def of_method(**changes: Any) -> Entry:
    return with_result(GOOD, method=GOOD.result.method.model_copy(update=changes))


def of_dataset(**changes: Any) -> Entry:
    return with_result(GOOD, dataset=GOOD.result.dataset.model_copy(update=changes))


def of_protocol(name: str) -> Entry:
    rule = load_protocol("blb-v1").model_copy(update={"name": name, "gamma": 2.0})
    told = {"name": name, "sha256": rule.sha256, "definition": rule.model_dump(mode="json")}
    return with_result(GOOD, protocol=GOOD.result.protocol.model_copy(update=told))


def verified(when: datetime) -> Entry:
    proof = Verification(proves="reproduced", created=when, largest_difference={}, environment={})
    return Entry(status="reproduced", verifications=(proof,), result=GOOD.result)


def copy_of(other: Entry, share: float = 1.0) -> Entry:
    """Return the good entry with, from the first on, another one's predictions."""
    theirs = [score.prediction_sha256 for score in other.result.samples]
    mine = [score.prediction_sha256 for score in GOOD.result.samples]
    taken = iter(theirs[: round(share * len(theirs))] + mine[round(share * len(theirs)) :])
    return with_samples(later(GOOD), lambda score: score.model_copy(update={"prediction_sha256": next(taken)}))


def later(entry: Entry) -> Entry:
    return with_result(entry, created=datetime(2026, 11, 30, tzinfo=UTC))


def first_of_scenes_at(psnr: float) -> Entry:
    regions = made_regions(psnr, 48 * 64)
    return with_samples(
        GOOD,
        lambda score: (
            metrics(score, psnr=psnr).model_copy(update={"regions": regions}) if score.scene == "meadow" else score
        ),
    )


TRUTH = GOOD.result.samples[0].truth_sha256
BAD: dict[str, tuple[Entry, str]] = {
    "a scene removed": (
        made_entry("good", 30.0, without=["street"]),
        "samples: 6 of 24 samples are missing: all of street; expected a score for each",
    ),
    "a focus setting removed": (
        with_samples(GOOD, lambda score: score if (score.scene, score.focus) != ("table", 1) else None),
        "samples: 2 of 24 samples are missing: table/bokeh_00_01, table/bokeh_01_01;",
    ),
    "samples that nobody demands": (
        made_entry("good", 30.0, rendering=made_rendering(focus=4)),
        "samples: 8 sample(s) too many: meadow/bokeh_00_03",
    ),
    "a scene that nobody demands": (
        made_entry("good", 30.0, rendering=made_rendering(["meadow", "portrait", "street", "table", "extra"])),
        "samples: 6 sample(s) too many: all of extra;",
    ),
    "unknown protocol": (of_protocol("mine"), "protocol: unknown protocol 'mine'; expected a published one, blb-v1, "),
    "changed protocol": (of_protocol("blb-v1"), "protocol: the hash of blb-v1 is "),
    "unknown rendering": (
        of_dataset(files_sha256="e" * 64),
        "rendering: unknown rendering eeeeeeeeeeee… of 'made' '1.0'; expected one that the store describes",
    ),
    "another recipe": (of_dataset(recipe_sha256="e" * 64), "rendering: the dataset's recipe_sha256 is 'eeee"),
    "another version": (of_dataset(version="2.0"), "rendering: the dataset's version is '2.0'; expected '1.0'"),
    "another noise floor": (
        of_dataset(noise_floor={"meadow": {0: 99.0}}),
        "rendering: the dataset's noise_floor is {'meadow': {0: 99.0}}; expected {'meadow': {0: 45.0,",
    ),
    "LPIPS missing": (
        made_entry("good", 30.0, lpips=False),
        "metrics: LPIPS is missing at 24 of 24 samples (no weights); expected every metric",
    ),
    "other LPIPS weights": (
        with_result(GOOD, environment={"lpips_backbone_sha256": "e" * 64}),
        "metrics: LPIPS was computed with the weights eeeeeeeeeeee…; expected the protocol's, 2b566cc3a4d6…",
    ),
    "truths not told": (every(truth_sha256=None), "metrics: 24 of 24 samples do not tell by truth_sha256"),
    "PSNR above the cap": (
        one(psnr=123.0),
        "impossible values: psnr of 1 sample(s) cannot be, first meadow/bokeh_00_00: 123",
    ),
    "negative PSNR": (one(psnr=-1.0), "impossible values: psnr of 1 sample(s)"),
    "SSIM above 1": (one(ssim=1.01), "first meadow/bokeh_00_00: 1.01; expected -1 to 1"),
    "negative LPIPS": (every(lpips=-0.1), "impossible values: lpips of 24 sample(s) cannot be"),
    "negative seconds": (one(seconds=-1.0), "impossible values: seconds of 1 sample(s)"),
    "a region's SSIM above 1": (
        one(
            regions=GOOD.result.samples[0].regions
            | {"out_of_focus": GOOD.result.samples[0].regions["out_of_focus"].model_copy(update={"ssim": 1.5})}
        ),
        "impossible values: out_of_focus_ssim of 1 sample(s)",
    ),
    "no hash": (one(prediction_sha256="none"), "impossible values: prediction_sha256 of 1 sample(s) cannot be"),
    "a sample equals its truth": (one(psnr=100.0), "a ground truth: 1 sample(s) have 100 dB, first meadow/bokeh_00_00"),
    "a truth's file handed in": (
        one(prediction_sha256=TRUTH),
        "a ground truth: 1 prediction(s), first meadow/bokeh_00_00, are files of ground truths",
    ),
    "better than the noise": (
        first_of_scenes_at(47.6),
        "above the noise floor: meadow scores 47.6 dB on average, and noise in its truth leaves a perfect prediction "
        "44.5 dB; expected at most 3 dB more",
    ),
    "SSIM of a truth": (
        one(ssim=1.0),
        "impossible values: SSIM of 1 sample(s) says that nothing differs from the truth, and PSNR says how much does, "
        "first meadow/bokeh_00_00: 30.0 dB",
    ),
    "LPIPS of a truth": (every(lpips=0.0), "impossible values: LPIPS of 24 sample(s) says that nothing differs"),
    "one file for all scenes": (
        every(prediction_sha256="e" * 64),
        "copied: 18 prediction(s), first portrait/bokeh_00_00, are by their sha256 the same file as one of another "
        "scene, meadow/bokeh_00_00;",
    ),
    "a reason for what is there": (
        with_result(GOOD, unavailable={"lpips": "<!-- /leaderboard -->"}),
        "metrics: 'lpips' is told to be unavailable and is there, or is no metric; expected reasons",
    ),
    "a reason for no metric": (with_result(GOOD, unavailable={"bonus": "x"}), "metrics: 'bonus' is told to be"),
    "the ground truth's name": (of_method(name="Truth"), "method: the method's name 'Truth' is what pages call the "),
    "the input's name": (of_method(name="input"), "method: the method's name 'input' is what pages call the input;"),
    "a hidden revision": (of_method(revision=".1"), "method: the method's revision '.1' begins with a dot"),
    "empty revision": (of_method(revision=""), "method: the method's revision is empty; expected one"),
    "empty description": (of_method(description=" "), "method: the method's description is empty; expected a line"),
    "an address that is a script": (
        of_method(metadata=MethodMetadata(code="javascript:alert(1)")),
        "method: metadata.code is 'javascript:alert(1)'; expected an address",
    ),
    "made in the future": (
        with_result(GOOD, created=datetime(2027, 1, 1, tzinfo=UTC)),
        "time: the result was made 2027-01-01 00:00 UTC, in the future; expected a time that has been",
    ),
    "verified before it was made": (verified(datetime(2026, 1, 1, tzinfo=UTC)), "time: a verification is older"),
    "another dataset's kind": (
        made_entry("good", 30.0, protocol="ebb400-v1"),
        "samples: made holds stacks and ebb400-v1 scores pairs; expected both of one kind",
    ),
    "other truths than the first entry's": (
        every(later(GOOD), truth_sha256="d" * 64),
        "other truths: 24 sample(s), first meadow/bokeh_00_00, were compared with other ground truths than in "
        "results/blb-v1/made@1.0/other/1.json",
    ),
    "another name's predictions": (copy_of(OTHER), "copied: 100% of the predictions of good 1 are those of other 1"),
    "a fifth of another name's predictions": (copy_of(OTHER, 0.2), "*copied: 21% of the predictions of good 1"),
    "a name that differs in case": (
        later(of_method(name="OTHER")),
        "name: the method's name 'OTHER' differs only in case from 'other', which is there",
    ),
}


@pytest.mark.parametrize("bad", BAD)
def test_a_bad_entry_is_told_by_one_sentence(tmp_path: Path, bad: str) -> None:
    entry, words = BAD[bad]
    found = problems(write_store(tmp_path, [OTHER, entry]))
    assert [told for told in found if words in told], found
    assert len(found) <= 2, found  # what else follows from it
    assert all("\n" not in told and "; expected" in told and told.count(": ") >= 2 for told in found)


def test_a_tenth_of_anothers_predictions_is_not_worth_a_word(tmp_path: Path) -> None:
    assert problems(write_store(tmp_path, [OTHER, copy_of(OTHER, 0.1)])) == []


def test_the_same_predictions_under_two_revisions_are_a_notice(tmp_path: Path) -> None:
    again = later(of_method(revision="2"))
    assert [told[:8] for told in problems(write_store(tmp_path, [GOOD, again]))] == ["*copied:"]


def edited(change: Callable[[dict[str, Any]], None]) -> Callable[[str], str]:
    def edit(text: str) -> str:
        content = json.loads(text)
        change(content)
        return json.dumps(content)

    return edit


FILES: dict[str, tuple[Callable[[str], str], str]] = {
    "a key nobody knows": (
        edited(lambda content: content["result"].update(bonus=1)),
        "content: unknown key 'result.bonus'; expected one of",
    ),
    "a key twice": (
        lambda text: text.replace('"status":', '"status": "verified",\n  "status":'),
        "content: the key 'status' is there twice; expected each once",
    ),
    "a result, not an entry": (edited(lambda content: content.update(content.pop("result"))), "content: "),
    "cut": (lambda text: text[:500], "content: is not valid JSON"),
    "nested": (lambda text: "[" * 200_000, "content: is not valid JSON: nested too deeply"),
    "status not earned": (
        edited(lambda content: content.update(status="verified")),
        "content: the status is 'verified' and the verifications earn 'self-reported'; it was edited",
    ),
    "a mean that does not follow": (
        edited(lambda content: content["result"]["summary"]["overall"].update(psnr=60.0)),
        "content: result: the summary does not follow from the samples",
    ),
    "one sample removed": (
        edited(lambda content: content["result"]["samples"].pop()),
        "content: result: the samples of table are no whole grid, each once; the file was edited or cut",
    ),
    "not a number": (lambda text: text.replace('"psnr":30.0,', '"psnr":NaN,'), "finite number"),
    "a blur level that no stack has": (
        lambda text: text.replace('"blur":1,', '"blur":1000000000000,', 1),
        "content: result.samples.3.blur: Input should be less than or equal to 999",
    ),
    "a negative focus setting": (
        lambda text: text.replace('"focus":1,', '"focus":-1,', 1),
        "content: result.samples.1.focus: Input should be greater than or equal to 0",
    ),
    "too large": (
        lambda text: text + " " * LARGEST_BYTES,
        "too large: 4.0 MB; expected at most 4 MB",
    ),
}


@pytest.mark.parametrize("bad", FILES)
def test_a_file_that_was_edited_is_told(tmp_path: Path, bad: str) -> None:
    edit, words = FILES[bad]
    path = entry_path(write_store(tmp_path, [OTHER, GOOD]), GOOD.result)
    path.write_text(edit(path.read_text()))
    (found,) = problems(tmp_path)
    assert words in found


def test_files_that_have_no_place_are_told(tmp_path: Path) -> None:
    write_store(tmp_path, [GOOD])
    good = entry_path(tmp_path, GOOD.result)
    wrong = good.with_name("2.json")
    wrong.write_text(good.read_text())
    (tmp_path / "results" / "notes.txt").write_text("mine")
    (good.parent / ".partial-x.json").write_text("{}")
    (tmp_path / "datasets" / "link.json").symlink_to(good)
    (tmp_path / "README.md").write_text("what else a repository holds is its own")
    found = {one.file: one for one in check_store(tmp_path, NOW).findings if one.kind == "place"}
    assert sorted(found) == [
        "datasets/link.json",
        "results/blb-v1/made@1.0/good/.partial-x.json",
        "results/blb-v1/made@1.0/good/2.json",
        "results/notes.txt",
    ]
    assert found["results/blb-v1/made@1.0/good/2.json"].sentence.startswith(
        "what it holds belongs at results/blb-v1/made@1.0/good/1.json; expected it there"
    )
    assert any(told.startswith("doubled: good 1 is entered by") for told in problems(tmp_path))


def test_names_that_lead_out_of_the_store_do_not(tmp_path: Path) -> None:
    write_store(tmp_path, [GOOD])
    good = entry_path(tmp_path, GOOD.result)
    good.write_text(entry_text(of_dataset(name="/etc/../..")))
    assert any(told.startswith("place: what it holds belongs at /etc/") for told in problems(tmp_path))


def test_renderings_are_checked_too(tmp_path: Path) -> None:
    spaced = made_rendering(files="a" * 64).model_copy(update={"name": "my data"})
    write_store(tmp_path, [GOOD], [made_rendering(), spaced])
    assert [told.partition(";")[0] for told in problems(tmp_path)] == [
        "name: the dataset's name 'my data' cannot be part of a folder's name",
        "*rendering: no entry is of this rendering",
    ]


@pytest.mark.parametrize("text", ["key: " + "1" * 5000, "[" * 20_000])
def test_a_table_from_papers_that_nothing_reads_is_told(tmp_path: Path, text: str) -> None:
    path = write_store(tmp_path, [GOOD]) / "reported" / "paper.yaml"
    path.parent.mkdir()
    path.write_text(text)
    assert problems(tmp_path) == ["content: this cannot be read; expected plain YAML: write it anew"]


def test_a_folder_without_entries_is_no_clean_store(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"holds no results/\*\*.json; expected a store"):
        check_store(tmp_path, NOW)


def test_an_entry_is_small_on_disk_and_reads_back_the_same(tmp_path: Path) -> None:
    text = entry_text(GOOD)
    assert sum('"scene":' in line for line in text.splitlines()) == len(GOOD.result.samples)
    (tmp_path / "a.json").write_text(text)
    assert read_entry(tmp_path / "a.json") == GOOD
    scenes = [f"scene_{index:02d}_{hashlib.sha256(b'').hexdigest()[:8]}" for index in range(10)]
    large = made_result("m", 20.0, protocol="blb-corrupted-v1", rendering=made_rendering(scenes, levels=5, maps=15))
    assert len(large.samples) == 2250
    assert len(entry_text(Entry(result=large))) < LARGEST_BYTES / 2
