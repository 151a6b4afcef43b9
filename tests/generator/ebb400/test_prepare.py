from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from benchmark.dataset import open_dataset
from benchmark.protocols import load_protocol
from bokeh_render.errors import BadInputError, BokehbenchError
from bokeh_render.imagefile import read_image, write_image
from bokeh_render.schema import load_json
from bokehbench import app
from generator.ebb400.disparity_folder import DisparityFolder
from generator.ebb400.info import OriginalPairInfo, PreparedPairInfo
from generator.ebb400.layout import scene_name
from generator.ebb400.pair_work import PairWork
from generator.ebb400.prepare import Prepared, prepare
from generator.ebb400.selection import Draw, IdList, rank
from generator.ebb400.settings import PairSettings
from generator.ebb400.source import EbbSource, open_ebb

from .made_pairs import MadePair

IDS = (3, 17, 4401)
BROKEN = {20: "truncated", 21: "no partner", 22: "grey", 23: "cmyk", 24: "size", 25: "no map", 26: "flipped map"}


@pytest.fixture(scope="module")
def ebb(tmp_path_factory: pytest.TempPathFactory, made: list[MadePair]) -> Path:
    """Return a folder like EBB! with three good pairs and seven broken ones, and maps beside it."""
    root = tmp_path_factory.mktemp("photographs")
    for identifier, pair in zip((*IDS, *BROKEN), (*made, *[made[1]] * len(BROKEN)), strict=True):
        for folder, picture in (("original", pair.wide), ("bokeh", pair.shallow)):
            (root / "ebb" / folder).mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.rint(255 * picture).astype(np.uint8)).save(
                root / "ebb" / folder / f"{identifier}.jpg", quality=96
            )
        write_image(root / "maps" / f"{identifier}.png", pair.disparity, bits=16)
    shallow = root / "ebb" / "bokeh"
    (shallow / "20.jpg").write_bytes((shallow / "20.jpg").read_bytes()[:3000])
    (shallow / "21.jpg").unlink()
    Image.open(shallow / "22.jpg").convert("L").save(shallow / "22.jpg")
    Image.open(shallow / "23.jpg").convert("CMYK").save(shallow / "23.jpg")
    Image.open(shallow / "24.jpg").crop((0, 0, 200, 100)).save(shallow / "24.jpg")
    (root / "maps" / "25.png").unlink()
    write_image(root / "maps" / "26.png", made[1].disparity[::-1, ::-1], bits=16)
    return root


@pytest.fixture(scope="module")
def set_of_three(ebb: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Prepared]:
    out = tmp_path_factory.mktemp("sets") / "three"
    maps = DisparityFolder(ebb / "maps", "disparity")
    settings = PairSettings(clear=False)
    return out, prepare(open_ebb(ebb / "ebb"), Draw(count=3), maps, out, settings=settings, jobs=1)


def test_broken_pairs_cost_only_themselves(set_of_three: tuple[Path, Prepared]) -> None:
    out, prepared = set_of_three
    assert prepared.record.name == "ebb3-seed0"
    ready = [outcome.id for outcome in prepared.outcomes if outcome.state == "ready"]
    assert set(IDS) >= set(ready)
    assert len(ready) == 3
    refused = {outcome.id: (outcome.step, outcome.reason or "") for outcome in prepared.outcomes if outcome.step}
    expected = {
        20: ("read", "bokeh/20.jpg cannot be decoded as JPEG"),
        21: ("read", "original/21.jpg has no partner in bokeh/"),
        22: ("read", "bokeh/22.jpg is grey; expected a photograph in colours"),
        23: ("read", "bokeh/23.jpg is a CMYK JPEG"),
        24: ("read", "expected two photographs of one size"),
        25: ("disparity", "25"),
        26: ("disparity", "26.png lies on the photograph when"),
    }
    # only ids that came before the third good one in rank were tried
    tried = {outcome.id for outcome in prepared.outcomes}
    order = rank([*IDS, *BROKEN], 0)
    assert tried == set(order[: len(tried)])
    assert refused.keys() == tried - set(ready)
    for identifier, (step, reason) in refused.items():
        assert step == expected[identifier][0]
        assert expected[identifier][1] in reason
    report = json.loads((out / "report.json").read_text())
    assert {entry["id"]: entry["reason"] for entry in report["refused"]} == {i: r for i, (_, r) in refused.items()}


def test_each_kind_of_damage_has_its_sentence(ebb: Path, tmp_path: Path) -> None:
    maps = DisparityFolder(ebb / "maps", "disparity")
    with pytest.raises(BokehbenchError, match=r"0 of 7 pairs could be prepared, then there were no more ids"):
        prepare(open_ebb(ebb / "ebb"), IdList(ids=tuple(BROKEN)), maps, tmp_path / "none", jobs=1)
    report = json.loads((tmp_path / "none" / "report.json").read_text())
    assert [entry["id"] for entry in report["refused"]] == list(BROKEN)
    assert report["refused_by_step"] == {"disparity": 2, "read": 5}


def test_a_doubtful_pair_stays_out_or_is_kept(ebb: Path, tmp_path: Path, made: list[MadePair]) -> None:
    sharp = np.clip(made[0].wide + np.random.default_rng(1).normal(0, 0.01, made[0].wide.shape), 0, 1)
    for folder, picture in (("original", made[0].wide), ("bokeh", sharp)):
        path = tmp_path / "sharp" / folder / "3.png"
        write_image(path, picture, bits=8)
    source, maps = open_ebb(tmp_path / "sharp"), DisparityFolder(ebb / "maps", "disparity")
    with pytest.raises(BokehbenchError, match="0 of 1 pairs could be prepared"):
        prepare(source, Draw(count=1), maps, tmp_path / "refused", jobs=1)
    (refused,) = json.loads((tmp_path / "refused" / "report.json").read_text())["refused"]
    assert (refused["id"], refused["step"]) == (3, "blur")
    assert (tmp_path / "refused" / "previews" / "0003.jpg").is_file()
    kept = prepare(source, Draw(count=1), maps, tmp_path / "kept", settings=PairSettings(clear=False), jobs=1)
    assert "hardly more like" in kept.outcomes[0].doubts[0]


def test_the_benchmark_reads_the_set_and_the_untouched_photographs(
    set_of_three: tuple[Path, Prepared], ebb: Path
) -> None:
    out, prepared = set_of_three
    protocol = load_protocol("ebb400-v1")
    aligned, original = open_dataset(out), open_dataset(out / "original")
    assert (aligned.name, original.name) == ("ebb3-seed0", "ebb3-seed0-original")
    assert aligned.recipe_sha256 == original.recipe_sha256
    assert [str(sample) for sample in aligned.samples(protocol)] == [str(s) for s in original.samples(protocol)]
    for sample in aligned.samples(protocol):
        info = load_json(PreparedPairInfo, aligned.scenes[sample.scene].folder / "info.json")
        given = aligned.method_input(sample, protocol)
        assert given.blur_parameter == info.blur_parameter_normalised
        assert given.display.shape == aligned.truth_display(sample.truth, protocol).shape
        untouched = original.method_input(sample, protocol)
        stored = read_image(ebb / "ebb" / "original" / f"{info.id}.jpg").pixels
        np.testing.assert_array_equal(untouched.display, stored)
        copy = next(original.scenes[sample.scene].folder.glob("image.*"))
        assert copy.read_bytes() == (ebb / "ebb" / "original" / f"{info.id}.jpg").read_bytes()
        told = load_json(OriginalPairInfo, original.scenes[sample.scene].folder / "info.json")
        assert info.scores.psnr > told.scores.psnr + 1.0  # aligned is better: the render shows it
    assert prepared.record.config["ids"] == sorted(o.id for o in prepared.outcomes if o.state == "ready")


def test_a_finished_set_is_not_made_again_and_another_choice_is_refused(
    set_of_three: tuple[Path, Prepared], ebb: Path
) -> None:
    out, prepared = set_of_three
    maps = DisparityFolder(ebb / "maps", "disparity")
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()}
    again = prepare(open_ebb(ebb / "ebb"), Draw(count=3), maps, out, settings=PairSettings(clear=False))
    assert again.record == prepared.record
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*") if path.is_file()} == before
    with pytest.raises(BadInputError, match="holds a set made in another way"):
        prepare(open_ebb(ebb / "ebb"), Draw(count=2), maps, out)


def test_a_finished_set_of_other_maps_is_not_taken_for_this_one(
    set_of_three: tuple[Path, Prepared], ebb: Path, tmp_path: Path
) -> None:
    out, prepared = set_of_three
    shutil.copytree(ebb / "maps", tmp_path / "maps")
    one = prepared.record.config["ids"][0]
    write_image(tmp_path / "maps" / f"{one}.png", np.linspace(0, 1, 64 * 64).reshape(64, 64), bits=16)
    maps = DisparityFolder(tmp_path / "maps", "disparity")
    with pytest.raises(BadInputError, match=rf"maps of 1 id\(s\) have changed since, first {one}; delete it"):
        prepare(open_ebb(ebb / "ebb"), Draw(count=3), maps, out, settings=PairSettings(clear=False))


def test_a_mistake_of_ours_costs_one_pair_and_a_full_disk_ends_the_run(
    ebb: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors: list[Exception] = [ArithmeticError("a\nsum"), OSError(28, "No space left on device")]

    def fails(*arguments: object, **options: object) -> None:
        raise errors.pop(0)

    monkeypatch.setattr("generator.ebb400.pair_work.prepare_pair", fails)
    maps = DisparityFolder(ebb / "maps", "disparity")
    work = PairWork(open_ebb(ebb / "ebb"), maps, PairSettings(), tmp_path)
    outcome = work.run(3)
    assert (outcome.state, outcome.step) == ("refused", "unexpected")
    assert outcome.reason == "a mistake of bokehbench itself, please report it (ArithmeticError: a sum)"
    assert work.outcome_file(3).is_file()
    assert work.finished(3) is None  # tried again, once it is mended
    with pytest.raises(OSError, match="No space left"):
        work.run(17)
    assert work.finished(17) is None


def test_a_mended_photograph_is_looked_at_again(ebb: Path, tmp_path: Path) -> None:
    shutil.copytree(ebb, tmp_path / "copy")
    shallow = tmp_path / "copy" / "ebb" / "bokeh" / "3.jpg"
    whole = shallow.read_bytes()
    shallow.write_bytes(whole[:3000])
    maps, choice, out = DisparityFolder(tmp_path / "copy" / "maps", "disparity"), IdList(ids=(3,)), tmp_path / "set"
    settings = PairSettings(clear=False)
    with pytest.raises(BokehbenchError, match="0 of 1 pairs"):
        prepare(open_ebb(tmp_path / "copy" / "ebb"), choice, maps, out, settings=settings, jobs=1)
    shallow.write_bytes(whole)
    made = prepare(open_ebb(tmp_path / "copy" / "ebb"), choice, maps, out, settings=settings, jobs=1)
    assert made.outcomes[0].state == "ready"


def test_what_is_no_longer_chosen_does_not_stay(ebb: Path, tmp_path: Path) -> None:
    """An id whose map was missing was replaced; the run was killed, the map put there, and the run taken up again."""
    shutil.copytree(ebb, tmp_path / "copy")
    first, second = rank(IDS, 0)[:2]
    maps, source = tmp_path / "copy" / "maps", open_ebb(tmp_path / "copy" / "ebb")
    missing = (maps / f"{first}.png").read_bytes()
    (maps / f"{first}.png").unlink()
    out, settings = tmp_path / "set", PairSettings(clear=False)
    with patch("generator.ebb400.prepare._finish", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        _one_of(source, maps, out, settings)
    assert (out / "scenes" / scene_name(second)).is_dir()
    (maps / f"{first}.png").write_bytes(missing)
    made = _one_of(source, maps, out, settings)
    assert made.record.config["ids"] == [first]
    assert [path.name for path in (out / "scenes").iterdir()] == [scene_name(first)]


def _one_of(source: EbbSource, maps: Path, out: Path, settings: PairSettings) -> Prepared:
    with patch.object(Draw, "order", lambda *_: rank(IDS, 0)):
        return prepare(source, Draw(count=1), DisparityFolder(maps, "disparity"), out, settings=settings, jobs=1)


def test_without_opencv_the_extra_is_named(ebb: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(BadInputError, match=r"OpenCV is not installed.*bokehbench\[ebb\]"):
        prepare(open_ebb(ebb / "ebb"), Draw(count=1), DisparityFolder(ebb / "maps", "disparity"), tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_a_stranger_s_folder_is_left_alone(ebb: Path, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(BadInputError, match=r"is not empty \(it holds 'thesis.tex'\)"):
        prepare(open_ebb(ebb / "ebb"), Draw(count=1), DisparityFolder(ebb / "maps", "disparity"), tmp_path)


def command(ebb: Path, out: Path, *more: str) -> list[str]:
    return ["prepare-ebb400", "--ebb", f"{ebb}/ebb", "--disparity", f"{ebb}/maps", "-o", f"{out}", *more]


def test_killed_and_taken_up_again(ebb: Path, tmp_path: Path, set_of_three: tuple[Path, Prepared]) -> None:
    """Killed after the first pair; the rerun keeps its files, and the set is the same to the bit."""
    out = tmp_path / "set"
    options = command(ebb, out, "--count", "3", "--doubtful", "keep", "--jobs", "2")
    child = subprocess.Popen([sys.executable, "-m", "bokehbench", *options], start_new_session=True)
    outcomes = out / ".work" / "outcomes"
    deadline = time.monotonic() + 180
    while not list(out.glob("scenes/*/info.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    finished = [
        out / "scenes" / path.stem / "info.json" for path in outcomes.glob("*.json") if '"ready"' in path.read_text()
    ]
    assert finished
    kept = {path: path.stat().st_mtime_ns for path in finished}
    result = CliRunner().invoke(app, options)
    assert result.exit_code == 0, result.output
    assert {path: path.stat().st_mtime_ns for path in finished} == kept
    manifests = [(folder / "manifest.jsonl").read_text() for folder in (out, set_of_three[0])]
    assert manifests[0] == manifests[1]


def test_the_command_tells_what_it_made(ebb: Path, tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_text("17\n25\n")
    options = command(ebb, tmp_path / "set", "--ids", str(tmp_path / "ids.txt"), "--jobs", "1")
    result = CliRunner().invoke(app, options)
    assert result.exit_code == 0, result.output
    assert "-1of2, 1 of 2 pairs from ebb (original/, bokeh/)" in result.output
    assert "refused 0025 (disparity): " in result.output
    assert "classical renderer at the K found: " in result.output
    record = json.loads((tmp_path / "set" / "dataset.json").read_text())
    assert record["name"].endswith("-1of2")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "expected one of --disparity FOLDER, --depth FOLDER and --depth-model NAME"),
        (("--disparity", "maps", "--depth", "maps"), "expected one of --disparity FOLDER"),
        (("--disparity", "maps", "--split", "test"), "--split is 'test'; expected one of all, train, val294"),
        (("--disparity", "maps", "--authors-set", "--whole-split"), "expected one of --ids, --whole-split"),
        (("--disparity", "maps", "--doubtful", "maybe"), "--doubtful is 'maybe'; expected one of auto, refuse, keep"),
        (("--disparity", "maps", "--align", "affine"), "align"),
        (("--disparity", "nowhere"), "nowhere does not exist"),
        (("--disparity", "maps"), "the source has 9 complete pairs; expected 400 to draw"),
        (("--disparity", "maps", "--authors-set"), "expected the authors' EBB400 to have 400"),
    ],
)
def test_bad_options_are_one_sentence(
    ebb: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(ebb)
    result = CliRunner().invoke(app, ["prepare-ebb400", "--ebb", "ebb", "-o", str(tmp_path / "set"), *options])
    assert isinstance(result.exception, BadInputError)
    assert message in str(result.exception)
    assert not (tmp_path / "set").exists()
