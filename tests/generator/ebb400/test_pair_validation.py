"""Every damage done to a set of pairs is found and named; pairs of others get the checks that apply to them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_image, read_map, write_image
from bokeh_render.progress import Step
from generator.finding import Finding
from generator.validation import validate
from tests.benchmark.test_dataset import pairs
from tests.conftest import Ended
from tests.generator.test_validation import failures, relist

from .written_set import DOUBTFUL, FOCUS, READY, K, write_set

SCENES = [f"{identifier:04d}" for identifier in sorted((*READY, DOUBTFUL))]
SCENE, DOUBTFUL_SCENE = SCENES[0], f"{DOUBTFUL:04d}"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root, _ = write_set(tmp_path_factory.mktemp("written"))
    shutil.rmtree(root / ".work", ignore_errors=True)
    return root


@pytest.fixture
def prepared_set(written: Path, tmp_path: Path) -> Path:
    """Return a copy that the test may damage."""
    return Path(shutil.copytree(written, tmp_path / "set"))


def found(findings: list[Finding], check: str, scene: str = SCENE) -> tuple[str, str]:
    """Return the state and text of one row."""
    (row,) = [finding for finding in findings if (finding.check, finding.scene) == (check, scene)]
    return row.state, row.text


def change_info(root: Path, change: Callable[[dict[str, Any]], None]) -> None:
    path = root / "scenes" / SCENE / "info.json"
    info = json.loads(path.read_text())
    change(info)
    path.write_text(json.dumps(info))


def change_record(root: Path, change: Callable[[dict[str, Any]], None]) -> None:
    record = json.loads((root / "dataset.json").read_text())
    change(record)
    (root / "dataset.json").write_text(json.dumps(record))


def rewrite(root: Path, file: str, change: Callable[[Any], Any]) -> None:
    path = root / "scenes" / SCENE / file
    if file == "disparity.exr":
        write_image(path, change(read_map(path)), bits=32)
    else:
        write_image(path, change(read_image(path).pixels), bits=8)
    relist(root)


def test_an_unharmed_set_passes_every_check(written: Path) -> None:
    steps: list[Step] = []
    findings = validate(written, report=steps.append)
    assert failures(findings) == {}
    assert {(f.scene, f.check) for f in findings if f.state == "warning"} <= {
        (DOUBTFUL_SCENE, "info"),
        *((scene, "alignment") for scene in SCENES),
    }
    assert {finding.check for finding in findings if not finding.scene} == {
        "manifest", "scenes", "strays", "untouched", "near and far",
    }  # fmt: skip
    for scene in SCENES:
        assert {finding.check for finding in findings if finding.scene == scene} == {
            "files", "pair", "info", "values", "sizes", "disparity", "K, focus", "alignment", "blur", "render",
        }  # fmt: skip
    assert "K is not clear" in found(findings, "info", DOUBTFUL_SCENE)[1]
    assert [step.done for step in steps] == list(range(len(SCENES) + 1)), "one bar for all pairs"
    quick = validate(written, quick=True)
    assert failures(quick) == {}
    assert found(quick, "blur, render")[0] == "not checked"


def test_the_untouched_photographs_pass_as_a_dataset_of_their_own(prepared_set: Path) -> None:
    root = prepared_set / "original"
    findings = validate(root)
    assert failures(findings) == {}
    assert found(findings, "info") == ("ok", "of original/1.jpg and bokeh/1.jpg")
    photograph = root / "scenes" / SCENE / "image.jpg"
    write_image(photograph, read_image(photograph).pixels * 0.9)
    relist(root)
    assert "image.jpg is not original/1.jpg, by its sha256" in failures(validate(root))["info"]


def test_pairs_of_anybody_pass(tmp_path: Path) -> None:
    findings = validate(pairs(tmp_path / "ebb"))
    assert failures(findings) == {}
    assert found(findings, "scenes", "")[0] == "not checked"
    assert found(findings, "K, focus", "0012")[0] == "warning"


def test_pages_previews_and_reports_are_no_strays(prepared_set: Path, command: Callable[..., Ended]) -> None:
    for root in (prepared_set, prepared_set / "original"):
        assert command("dataset", "page", root).code == 0
        assert command("dataset", "validate", root).code == 0


@pytest.mark.parametrize(
    "stray", ["scenes/0001/own.png", "original/scenes/0001/own.exr", "original/own.json", "scenes/0099/x.txt", "a.npy"]
)
def test_a_stray_file(prepared_set: Path, stray: str) -> None:
    (prepared_set / stray).parent.mkdir(exist_ok=True)
    (prepared_set / stray).write_bytes(b"x")
    assert stray in failures(validate(prepared_set, quick=True))["strays"]


def test_what_a_killed_run_left(prepared_set: Path) -> None:
    (prepared_set / ".work" / "outcomes").mkdir(parents=True)
    (prepared_set / ".work" / "outcomes" / "0001.json").write_text("{}")
    assert found(validate(prepared_set, quick=True), "strays", "") == (
        "warning",
        ".work is left of an unfinished run; delete it",
    )


def test_files_that_are_not_those_listed(prepared_set: Path) -> None:
    folder = prepared_set / "scenes" / SCENE
    content = bytearray((folder / "image.png").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "image.png").write_bytes(content)
    (folder / "disparity.exr").unlink()
    problems = failures(validate(prepared_set))
    assert "image.png has another sha256" in problems["files"]
    assert "disparity.exr is missing" in problems["files"]
    assert "disparity.exr is missing" in problems["values"]


def test_a_truncated_photograph(prepared_set: Path) -> None:
    path = prepared_set / "scenes" / SCENE / "bokeh_00_00.png"
    path.write_bytes(path.read_bytes()[:-200])
    relist(prepared_set)
    findings = validate(prepared_set)
    assert "bokeh_00_00.png" in failures(findings)["values"]
    assert found(findings, "blur, render")[0] == "not checked"
    assert failures(validate(prepared_set, quick=True)) == {}


def test_scenes_that_are_not_those_of_the_config(prepared_set: Path) -> None:
    change_record(prepared_set, lambda record: record["config"].update(ids=[1, 3, 7]))
    assert failures(validate(prepared_set, quick=True))["scenes"].startswith("0007 is missing, 0012 is too many")


def test_a_pair_that_is_not_whole(prepared_set: Path) -> None:
    (prepared_set / "scenes" / SCENE / "bokeh_00_00.png").unlink()
    relist(prepared_set)
    assert failures(validate(prepared_set, quick=True)) == {
        "pair": "0 files of the role bokeh; expected one image, disparity, bokeh_00_00 and info",
        "values": f"{prepared_set / 'scenes' / SCENE} holds no bokeh_00_00; expected one picture "
        "(.png, .jpg, .jpeg, .exr, .npy, .pfm)",
    }


def test_untouched_photographs_of_another_set(prepared_set: Path) -> None:
    original = prepared_set / "original"
    change_record(original, lambda record: record.update(recipe_sha256="0" * 64))
    assert "of another set" in failures(validate(prepared_set, quick=True))["untouched"]
    (original / "manifest.jsonl").unlink()
    assert "no manifest.jsonl" in failures(validate(prepared_set, quick=True))["untouched"]
    shutil.rmtree(original)
    assert "untouched" not in {finding.check for finding in validate(prepared_set, quick=True)}, (
        "an imported set has none"
    )


def test_untouched_photographs_of_fewer_pairs(prepared_set: Path) -> None:
    shutil.rmtree(prepared_set / "original" / "scenes" / SCENE)
    relist(prepared_set / "original")
    assert "has 2 scenes; expected the 3" in failures(validate(prepared_set, quick=True))["untouched"]


@pytest.mark.parametrize(
    ("change", "check", "state", "words"),
    [
        (lambda i: i.update(scene="0002"), "info", "failed", "it is of scene 0002"),
        (lambda i: i.update(id=2), "info", "failed", "id 2; expected the info of this pair"),
        (lambda i: i.update(width=10), "sizes", "failed", "expected 10×96"),
        (lambda i: i.update(focus_disparity_normalised=1.5), "info", "failed", "less than or equal to 1"),
        (lambda i: i.update(blur_parameter_normalised=-1), "info", "failed", "greater than or equal to 0"),
        (lambda i: i.update(blur_parameter_normalised=0.1), "K, focus", "warning", "nothing is blurred"),
        (lambda i: i.update(blur_parameter_normalised=40), "K, focus", "warning", "expected 15 px at most"),
        (lambda i: i.update(blur_parameter_normalised=400), "K, focus", "failed", "another unit or size"),
        (lambda i: i.update(blur_parameter_normalised=1.7 * K), "render", "failed", "are not those it was made of"),
        (lambda i: i.update(focus_disparity_normalised=0.2), "render", "failed", "are not those it was made of"),
        (lambda i: i["scores"].update(psnr=i["scores"]["psnr"] - 0.5), "render", "warning", "may have changed since"),
        (lambda i: i.update(surprise=1), "info", "failed", "unknown key 'surprise'"),
        (lambda i: i.pop("blur"), "info", "failed", "the key 'blur' is missing"),
    ],
)
def test_wrong_numbers(
    prepared_set: Path, change: Callable[[dict[str, Any]], None], check: str, state: str, words: str
) -> None:
    change_info(prepared_set, change)
    relist(prepared_set)
    at, text = found(validate(prepared_set), check)
    assert at == state, text
    assert words in text


def test_a_broken_info(prepared_set: Path) -> None:
    for content in ("no json", "[" * 100_000, "[]", "{}"):
        (prepared_set / "scenes" / SCENE / "info.json").write_text(content)
        assert "info.json" in found(validate(prepared_set, quick=True), "info")[1]


@pytest.mark.parametrize(
    ("change", "state", "words"),
    [
        (lambda d: d * 2, "failed", "goes from 0 to 2; expected normalised disparity"),
        (lambda d: d - 0.5, "failed", "expected normalised disparity"),
        (lambda d: d * 0 + 0.5, "failed", "the same nearly everywhere"),
        (lambda d: np.where(d > 0.5, np.nan, d), "failed", "NaN"),
        (lambda d: 0.3 + 0.5 * d, "warning", "goes from 0.3 to 0.8; expected 0 (far) and 1 (near)"),
        (lambda d: 0.05 + 0.93 * d, "ok", "normalised"),
    ],
)
def test_a_disparity_that_is_not_normalised(
    prepared_set: Path, change: Callable[[Any], Any], state: str, words: str
) -> None:
    rewrite(prepared_set, "disparity.exr", change)
    at, text = found(validate(prepared_set, quick=True), "disparity")
    assert at == state, text
    assert words in text


def test_a_disparity_of_another_size(prepared_set: Path) -> None:
    rewrite(prepared_set, "disparity.exr", lambda disparity: disparity[:-2])
    assert failures(validate(prepared_set, quick=True)) == {"sizes": "disparity.exr is 128×94; expected 128×96"}


def test_a_disparity_that_lies_elsewhere(prepared_set: Path) -> None:
    rewrite(prepared_set, "disparity.exr", lambda disparity: np.roll(disparity, (4, 3), (0, 1)))
    state, text = found(validate(prepared_set, quick=True), "alignment")
    assert state == "warning", "a network's map may lie so"
    assert "when moved by -3 px in x and -4 px in y" in text


def test_a_pair_without_blur(prepared_set: Path) -> None:
    folder = prepared_set / "scenes" / SCENE
    shutil.copy(folder / "image.png", folder / "bokeh_00_00.png")
    relist(prepared_set)
    assert "are the same" in failures(validate(prepared_set))["blur"]


def test_a_pair_whose_photographs_are_exchanged(prepared_set: Path) -> None:
    folder = prepared_set / "scenes" / SCENE
    (folder / "image.png").rename(folder / "other.png")
    (folder / "bokeh_00_00.png").rename(folder / "image.png")
    (folder / "other.png").rename(folder / "bokeh_00_00.png")
    relist(prepared_set)
    problems = failures(validate(prepared_set))
    assert "are the two exchanged?" in problems["blur"]
    assert "are not those it was made of" in problems["render"]


def test_near_and_far_exchanged_in_most_pairs(prepared_set: Path) -> None:
    for scene in SCENES[:2]:
        path = prepared_set / "scenes" / scene / "info.json"
        info = json.loads(path.read_text())
        info["blur"]["nearer"] = 0.8
        path.write_text(json.dumps(info))
    state, text = found(validate(prepared_set, quick=True), "near and far", "")
    assert state == "warning"
    assert text.startswith("In 2 of 3 pairs")


def test_the_command_leaves_rows_out_where_there_are_many(
    prepared_set: Path, command: Callable[..., Ended], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = command("dataset", "validate", prepared_set)
    assert whole.code == 0
    assert "left out" not in whole.out
    monkeypatch.setattr("generator.dataset_cli._MOST_ROWS", 10)
    change_info(prepared_set, lambda info: info.update(scene="0002"))
    short = command("dataset", "validate", prepared_set)
    assert short.code == 1
    assert "rows that are ok are left out" in short.out
    assert "it is of scene 0002" in short.out
    assert "same pairs" in short.out, "what concerns the whole set stays"
    assert len(short.out.splitlines()) < len(whole.out.splitlines()) - 15
    rows = json.loads(command("dataset", "validate", prepared_set, "--json").out)["findings"]
    assert len(rows) > 30


def test_a_set_that_is_not_finished_is_no_dataset(tmp_path: Path) -> None:
    (tmp_path / "set" / ".work").mkdir(parents=True)
    with pytest.raises(BadInputError, match="is not finished"):
        validate(tmp_path / "set")


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_wild_numbers_are_findings_and_never_a_traceback(prepared_set: Path, data: st.DataObject) -> None:
    path = prepared_set / "scenes" / SCENE / "info.json"
    whole = path.read_text()
    info = json.loads(whole)
    part = info if data.draw(st.booleans()) else info[data.draw(st.sampled_from(["scores", "blur", "wide"]))]
    number = st.one_of(
        st.floats(allow_nan=False, allow_infinity=False), st.integers(-3, 3), st.none(), st.text(max_size=2)
    )
    part[data.draw(st.sampled_from(sorted(part)))] = data.draw(st.one_of(number, st.lists(number, max_size=3)))
    path.write_text(json.dumps(info))
    try:
        findings = validate(prepared_set, quick=data.draw(st.booleans()))
    finally:
        path.write_text(whole)
    assert all("\n" not in finding.text for finding in findings)


def test_focus_is_where_the_made_pairs_have_it(written: Path) -> None:
    assert f"focus at {FOCUS:.2f}" in found(validate(written, quick=True), "K, focus")[1]
