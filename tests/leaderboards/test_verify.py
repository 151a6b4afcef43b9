"""``bokehbench leaderboard verify``: an entry is believed when scoring again gives its numbers."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmark.metrics.lpips import WEIGHTS_VARIABLE
from benchmark.results import MethodReference, RegionScores, SampleScore
from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_image, write_image
from leaderboards.entry import Entry
from leaderboards.entry_file import read_entry, write_entry
from leaderboards.store import entry_path
from leaderboards.verify import add_verification, check_same_dataset, check_same_method, compare, find_entry, load_entry
from tests.conftest import Ended
from tests.leaderboards.made_entries import made_entry
from tests.leaderboards.made_store import NOW, with_result, with_samples

ENTRY = made_entry("good", 30.0)
FIRST = ENTRY.result.samples[0].sample

needs_weights = pytest.mark.skipif(
    not os.environ.get(WEIGHTS_VARIABLE), reason=f"entries have LPIPS, whose weights {WEIGHTS_VARIABLE} does not name"
)


def moved(**by: float) -> Entry:
    """Return the entry with its first sample's metrics moved."""

    def change(score: SampleScore) -> SampleScore:
        if score.sample != FIRST:
            return score
        values = {name: getattr(score.metrics, name) + amount for name, amount in by.items()}
        return score.model_copy(update={"metrics": score.metrics.model_copy(update=values)})

    return with_samples(ENTRY, change)


def test_predictions_have_to_be_the_same_files_with_the_same_numbers() -> None:
    same = compare(ENTRY, moved(psnr=5e-7).result, "reproduced")
    assert same.agrees
    assert same.largest["psnr"] == pytest.approx(5e-7, rel=1e-3)
    other = compare(ENTRY, moved(psnr=0.01).result, "reproduced")
    assert not other.agrees
    (difference,) = other.too_large
    assert (difference.sample, difference.name, difference.allowed) == (FIRST, "psnr", 1e-6)
    files = compare(ENTRY, made_entry("good", 30.0, revision="2").result, "reproduced")
    assert not files.agrees
    assert len(files.other_files) == len(ENTRY.result.samples)
    assert files.too_large == ()


def test_a_method_that_is_run_again_may_differ_a_little() -> None:
    assert compare(ENTRY, moved(psnr=0.019, ssim=4e-4, lpips=9e-4).result, "verified").agrees
    found = compare(ENTRY, moved(psnr=0.021, ssim=6e-4, lpips=11e-4).result, "verified")
    assert [one.name for one in found.too_large] == ["ssim", "lpips", "psnr"]  # as multiples of what is allowed
    assert not found.agrees


def test_regions_and_truths_count_too() -> None:
    boundary = {"boundary": RegionScores(psnr=1.0, ssim=None, pixels=9)}
    regions = with_samples(ENTRY, lambda score: score.model_copy(update={"regions": score.regions | boundary}))
    names = {one.name for one in compare(ENTRY, regions.result, "verified").too_large}
    assert names == {"boundary_psnr", "boundary_ssim"}
    truths = with_samples(ENTRY, lambda score: score.model_copy(update={"truth_sha256": "0" * 64}))
    assert not compare(ENTRY, truths.result, "verified").agrees


def test_what_cannot_be_compared_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="LPIPS cannot be compared: no weights"):
        compare(ENTRY, made_entry("good", 30.0, lpips=False).result, "reproduced")
    with pytest.raises(BadInputError, match="the entry has 24 samples and 18 were scored here"):
        compare(ENTRY, made_entry("good", 30.0, without=["table"]).result, "reproduced")
    with pytest.raises(BadInputError, match="the dataset is the rendering aaaaaaaaaaaa… and the entry is of "):
        check_same_dataset(ENTRY, "a" * 64)
    told = ENTRY.result.method
    with pytest.raises(BadInputError, match="the method is good 2 and the entry is of good 1; expected that name"):
        check_same_method(ENTRY, told.model_copy(update={"revision": "2"}))
    pinned = with_result(ENTRY, method=told.model_copy(update={"source_sha256": "a" * 64}))
    with pytest.raises(BadInputError, match="the code of good 1 is not the entry's, by its sha256"):
        check_same_method(pinned, MethodReference(name="good", revision="1", description="edited"))


def test_entries_are_found_by_file_and_by_name(tmp_path: Path) -> None:
    path = entry_path(tmp_path, ENTRY.result)
    write_entry(path, ENTRY)
    for text in (
        str(path),
        "blb-v1/made@1.0/good/1",
        "blb-v1/made@1.0/good/1.json",
        "results/blb-v1/made@1.0/good/1.json",
    ):
        assert find_entry(text, tmp_path) == path
    with pytest.raises(
        BadInputError, match="there is no entry good, nor in the store .*; expected its file, or <protocol>"
    ):
        find_entry("good", tmp_path)
    other = with_result(ENTRY, protocol=ENTRY.result.protocol.model_copy(update={"name": "mine.yaml"}))
    (tmp_path / "other.json").write_text(other.model_dump_json())
    with pytest.raises(BadInputError, match=r"is of the protocol 'mine.yaml'; expected a published one, blb-v1, "):
        load_entry(tmp_path / "other.json")
    (tmp_path / "result.json").write_text(ENTRY.result.model_dump_json())
    with pytest.raises(
        BadInputError, match="is no entry of a store; .* enter the result first, with bokehbench submit"
    ):
        load_entry(tmp_path / "result.json")


def test_verifications_are_appended_and_the_most_counts(tmp_path: Path) -> None:
    path = entry_path(tmp_path, ENTRY.result)
    write_entry(path, ENTRY)
    add_verification(path, compare(ENTRY, ENTRY.result, "verified"), ENTRY.result, NOW)
    add_verification(path, compare(ENTRY, ENTRY.result, "reproduced"), ENTRY.result, NOW)
    entry = read_entry(path)
    assert entry.result == ENTRY.result
    assert [one.proves for one in entry.verifications] == ["verified", "reproduced"]
    assert [one.method_revision for one in entry.verifications] == ["1", None]
    assert entry.status == "verified"
    assert entry.verifications[0].largest_difference == {"psnr": 0.0, "ssim": 0.0, "lpips": 0.0}


@needs_weights
def test_evaluate_submit_check_verify(
    command: Callable[..., Ended], tiny_dataset_once: Path, tmp_path: Path, one_torch_thread: None
) -> None:
    dataset, run, store = tiny_dataset_once, tmp_path / "run", tmp_path / "store"
    store.mkdir()
    assert command("evaluate", "identity", "--dataset", dataset, "-o", run, "--threads", 1).code == 0
    (result,) = (run / "results").rglob("*.json")
    assert command("submit", result, "--store", store, "--dataset", dataset).code == 0
    assert command("leaderboard", "check", "--store", store).code == 0
    (path,) = (store / "results").rglob("*.json")
    (predictions,) = (run / "predictions").glob("*/*/identity@*")
    verify = ("leaderboard", "verify", path, "--dataset", dataset, "--threads", 1)

    ended = command(*verify, "--predictions", predictions)
    assert ended.code == 0, ended
    assert "8 samples agree, largest differences psnr 0, ssim 0, lpips 0\nits status is reproduced" in ended.out
    name = path.relative_to(store / "results").with_suffix("")
    ended = command("leaderboard", "verify", name, *verify[3:], "--store", store, "--method", "identity")
    assert ended.code == 0, ended
    assert [one.proves for one in read_entry(path).verifications] == ["reproduced", "verified"]
    assert read_entry(path).verifications[1].environment["threads"] == "1"
    assert command("leaderboard", "check", "--store", store).code == 0

    before = path.read_bytes()
    tampered = Path(shutil.copytree(predictions, tmp_path / "tampered"))
    image = tampered / "window_table" / "bokeh_01_00.png"
    write_image(image, np.clip(read_image(image).pixels * 0.98, 0, 1), bits=16)
    ended = command(*verify, "--predictions", tampered)
    assert ended.code == 1
    assert "does not say what was found here: 1 prediction(s) are other files, " in ended.err
    assert "| window_table/bokeh_01_00" in ended.out.splitlines()[2]
    ended = command(*verify, "--method", "gaussian")
    assert ended.code == 2
    assert "the method is gaussian" in ended.err
    ended = command(*verify)
    assert ended.code == 2
    assert "expected --predictions or --method, one of them" in ended.err
    assert path.read_bytes() == before
