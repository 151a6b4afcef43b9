"""Predictions as somebody hands them in: opened safely, named freely by strangers, honest ones never refused."""

from __future__ import annotations

import json
import re
import shutil
import stat
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter
from typer.testing import CliRunner

import benchmark.submissions.submission as submission_module
from benchmark.dataset import Dataset, open_dataset
from benchmark.methods import included_method
from benchmark.methods.interface import MethodInput
from benchmark.predictions import prediction_path
from benchmark.predictions_cli import predictions_validate_command
from benchmark.protocols import Protocol, load_protocol
from benchmark.results import MethodReference
from benchmark.run import score_folder
from benchmark.samples import Sample
from benchmark.submissions.checks import Checked, check_submission
from benchmark.submissions.likeness import Reordering, best_order, points, psnr_table, thumbnail
from benchmark.submissions.names import match_names
from benchmark.submissions.problems import CHECKS, Kind, Severity, shown
from benchmark.submissions.slips import SHIFTS, TONES, Curve, Exposure, Shift
from benchmark.submissions.submission import Submission, open_submission, room_for
from benchmark.submissions.submission_likeness import SubmissionLikeness
from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_image, write_image
from bokeh_render.optics import Float32, light_from_display
from tests.benchmark.test_dataset import pairs

PROTOCOL = load_protocol("blb-v1")
Method = Callable[[MethodInput], NDArray[Any]]


@pytest.fixture(scope="module")
def dataset(tiny_dataset_once: Path) -> Dataset:
    return open_dataset(tiny_dataset_once)


@pytest.fixture(scope="module")
def honest(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return predictions of ours, 16-bit PNG; nobody may change them."""
    return predictions(tmp_path_factory.mktemp("honest"), dataset, included_method("classical").render)


def predictions(folder: Path, dataset: Dataset, method: Method, protocol: Protocol = PROTOCOL) -> Path:
    for sample in dataset.samples(protocol):
        display = method(dataset.method_input(sample, protocol).with_own_arrays())
        write_image(prediction_path(folder, sample), display)
    return folder


def check(folder: Path, dataset: Dataset, protocol: Protocol = PROTOCOL, **options: Any) -> Checked:
    with open_submission(folder, dataset, protocol) as submission:
        return check_submission(submission, dataset, protocol, **options)


def packed(archive: Path, folder: Path, prefix: str = "") -> Path:
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as opened:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                opened.write(path, prefix + path.relative_to(folder).as_posix())
    return archive


# Opening


@pytest.mark.parametrize("prefix", ["", "mine/", "my predictions (2)/"])
def test_a_zip_is_read_as_the_folder_in_it(honest: Path, dataset: Dataset, tmp_path: Path, prefix: str) -> None:
    with open_submission(honest) as folder, open_submission(packed(tmp_path / "p.zip", honest, prefix)) as archive:
        assert list(archive.files) == list(folder.files)
        assert all(archive.files[name].read_bytes() == path.read_bytes() for name, path in folder.files.items())
        unpacked = archive.files[PurePosixPath("window_table/bokeh_00_00.png")].parent
        assert check_submission(archive, dataset, PROTOCOL).problems == ()
    assert not unpacked.exists()
    assert honest.is_dir()


def test_a_folder_around_a_folder_is_taken_off(honest: Path, dataset: Dataset, tmp_path: Path) -> None:
    shutil.copytree(honest, tmp_path / "outer" / "inner")
    assert check(tmp_path / "outer", dataset).problems == ()


@pytest.mark.parametrize("below", ["bokeh_00_00.png", "corrupted_00/bokeh_00_00.png"])
def test_the_only_scene_is_not_taken_for_a_folder_around_it(tmp_path: Path, below: str) -> None:
    path = tmp_path / "mine" / "277" / below
    path.parent.mkdir(parents=True)
    path.touch()
    with open_submission(tmp_path / "mine") as submission:
        assert list(submission.files) == [PurePosixPath("277") / below]


def test_what_systems_leave_behind_is_not_looked_at(honest: Path, dataset: Dataset, tmp_path: Path) -> None:
    mine = Path(shutil.copytree(honest, tmp_path / "mine"))
    for name in (".DS_Store", "window_table/Thumbs.db", "__MACOSX/window_table/._bokeh_00_00.png", ".git/config"):
        (mine / name).parent.mkdir(parents=True, exist_ok=True)
        (mine / name).write_bytes(b"\0")
    assert check(mine, dataset).problems == ()
    assert check(packed(tmp_path / "mine.zip", mine), dataset).problems == ()


def test_what_the_author_says_is_kept(honest: Path, dataset: Dataset, tmp_path: Path) -> None:
    mine = Path(shutil.copytree(honest, tmp_path / "mine"))
    told = {
        "method": "mine",
        "revision": "3",
        "description": "a network",
        "metadata": {"licence": "MIT", "training_data": []},
        "protocol": "blb-v1",
        "dataset_files_sha256": dataset.files_sha256,
        "seconds": {"window_table/bokeh_01_00": 0.25},
    }
    (mine / "submission.json").write_text(json.dumps(told), encoding="utf-8-sig")
    with open_submission(packed(tmp_path / "mine.zip", mine, "mine/"), dataset, PROTOCOL) as submission:
        assert submission.record is not None
        assert (submission.record.method, submission.record.metadata.licence) == ("mine", "MIT")
        checked = check_submission(submission, dataset, PROTOCOL)
    assert checked.problems == ()
    assert checked.seconds == {Sample("window_table", 1, 0): 0.25}


def entry(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    return info


def with_entries(*entries: zipfile.ZipInfo) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for one in entries:
                archive.writestr(one, b"../../../../etc/passwd")

    return write


def encrypted(path: Path) -> None:
    with_entries(entry("a/bokeh_00_00.png"))(path)
    content = bytearray(path.read_bytes())
    content[6] |= 1  # in the file's own header
    content[content.index(b"PK\1\2") + 8] |= 1  # and in the directory
    path.write_bytes(content)


def bit_flipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("a/bokeh_00_00.png", b"abcdefgh" * 100)
    content = bytearray(path.read_bytes())
    content[100] ^= 0xFF
    path.write_bytes(content)


def bomb(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/bokeh_00_00.npy", b"\0" * (80 << 20))


def lying(path: Path) -> None:
    """Say that an entry is small, though it is not."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/bokeh_00_00.npy", b"\0" * (1 << 20))
    content = path.read_bytes()
    path.write_bytes(content.replace((1 << 20).to_bytes(4, "little"), (16).to_bytes(4, "little")))


def torn(path: Path) -> None:
    bomb(path)
    path.write_bytes(path.read_bytes()[:-40])


UNSAFE: dict[str, tuple[Callable[[Path], None], str]] = {
    "absolute": (with_entries(entry("/tmp/bokeh_00_00.png")), "'/tmp/bokeh_00_00.png' is an absolute path"),
    "drive": (with_entries(entry("C:\\x\\bokeh_00_00.png")), "is an absolute path"),
    "parent": (with_entries(entry("a/../../bokeh_00_00.png")), r"leaves the archive by \.\."),
    "parent, Windows": (with_entries(entry("..\\bokeh_00_00.png")), r"leaves the archive by \.\."),
    "link": (with_entries(entry("a/bokeh_00_00.png", stat.S_IFLNK | 0o777)), "is a link"),
    "encrypted": (encrypted, "is encrypted"),
    "no name": (with_entries(entry(".")), "is no name"),
    "flipped bit": (bit_flipped, "is a damaged zip .*pack or download it again"),
    "bomb": (bomb, "would unpack to 84 MB; predictions for this dataset need at most 70 MB"),
    "lie": (lying, "is a damaged zip|cannot be unpacked"),
    "torn": (torn, "is neither a folder nor a whole zip"),
    "tar": (lambda path: path.write_bytes(b"\x1f\x8b\x08rest") and None, "is neither a folder nor a whole zip"),
}


@pytest.mark.parametrize("how", UNSAFE)
def test_an_unsafe_archive_is_refused(dataset: Dataset, tmp_path: Path, how: str) -> None:
    write, sentence = UNSAFE[how]
    write(tmp_path / "mine.zip")
    before = sorted(tmp_path.parent.rglob("*"))
    with pytest.raises(BadInputError, match=sentence) as refused:
        check(tmp_path / "mine.zip", dataset)
    assert str(tmp_path / "mine.zip") in str(refused.value)
    assert sorted(tmp_path.parent.rglob("*")) == before


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_with_one_name_twice_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    with_entries(entry("a/bokeh_00_00.png"), entry("a//bokeh_00_00.png"))(tmp_path / "mine.zip")
    with pytest.raises(BadInputError, match=r"1 problem\(s\): 'a/bokeh_00_00.png' is in it 2 times\. Expected"):
        check(tmp_path / "mine.zip", dataset)


def test_too_many_files_are_refused(
    honest: Path, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submission_module, "_SLACK_ENTRIES", -30)
    with pytest.raises(BadInputError, match="holds 8 files; expected at most 2: pack predictions only"):
        check(packed(tmp_path / "mine.zip", honest), dataset)


def test_there_is_room_for_what_the_dataset_needs(dataset: Dataset) -> None:
    needed = 8 * 96 * 64 * 3 * 8  # float64
    assert needed < room_for(dataset, PROTOCOL)[0] < 1e8


def test_what_is_not_there_is_said(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"does not exist; expected a folder or a \.zip"):
        check(tmp_path / "none", dataset)


# Strange names

NAMES = st.one_of(
    st.sampled_from(
        ["window_table", "Window-Table", "bokeh_00_00.png", "bokeh_0_1.PNG", "corrupted_00", "bokeh_٠٠_٠١.png", "…"]
    ),
    st.text(min_size=1, max_size=24),
    st.text("bokeh_0123.pngexrcorutd -", min_size=1, max_size=24),
)
PATHS = st.lists(NAMES, min_size=1, max_size=4).map("/".join)
SAMPLES = tuple(Sample("window_table", blur, focus) for blur in (0, 1) for focus in (0, 1))


@given(st.sets(PATHS.map(PurePosixPath).filter(lambda name: name.parts and not name.is_absolute()), max_size=12))
def test_every_name_is_either_a_samples_or_told(names: set[PurePosixPath]) -> None:
    matched, problems = match_names(names, SAMPLES, PROTOCOL)
    text = "\n".join(one.sentence for one in problems)
    assert text.isprintable() or "\n" in text
    for name in names - set(matched.values()):
        assert shown(name) in text
    told = {one.sample for one in problems}
    assert all(sample in matched or str(sample) in told for sample in SAMPLES)
    for sample, name in matched.items():
        assert name.with_suffix("") == PurePosixPath(str(sample))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PATHS, max_size=8, unique=True))
def test_no_name_in_a_zip_reaches_outside(tmp_path: Path, names: list[str]) -> None:
    place = tmp_path / "zips"
    place.mkdir(exist_ok=True)
    try:
        with zipfile.ZipFile(place / "wild.zip", "w") as archive:
            for name in names:
                archive.writestr(entry(name), b"x")
    except (UserWarning, UnicodeEncodeError):  # no program would write such a zip
        return
    with suppress(BadInputError), open_submission(place / "wild.zip") as submission:
        assert len({path.parent for path in submission.files.values()}) <= 1
        assert all(re.fullmatch(r"\d{6}\.(png|exr|npy|not-unpacked)", p.name) for p in submission.files.values())
    assert [path.name for path in place.iterdir()] == ["wild.zip"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.lists(PATHS.filter(lambda name: "\0" not in name and ".." not in name), max_size=6))
def test_any_folder_is_opened_and_left_as_it_is(tmp_path: Path, names: list[str]) -> None:
    root = tmp_path / "wild"
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    for name in names:
        try:
            (root / name.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
            (root / name.lstrip("/")).write_bytes(b"")
        except (OSError, UnicodeEncodeError):  # a file where a folder has to be, or no name for this disk
            continue
    before = snapshot(root)
    with open_submission(root) as submission:
        matched, _ = match_names(submission.files, SAMPLES, PROTOCOL)
        assert set(matched.values()) <= set(submission.files)
        assert all(path.exists() for path in submission.files.values())
    assert snapshot(root) == before


def snapshot(root: Path) -> dict[Path, tuple[int, int]]:
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in [root, *root.rglob("*")]}


def test_linked_folders_are_told_once_each(honest: Path, dataset: Dataset, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    for scene in ("blue_hour_street", "window_table"):
        (mine / scene).symlink_to(honest / scene)
    checked = check(mine, dataset)
    assert [(one.kind, one.sentence) for one in checked.errors] == [
        (Kind.EXTRA, f"{scene} is a link; links are not followed: put the files themselves there")
        for scene in ("blue_hour_street", "window_table")
    ]
    (mine / "window_table").unlink()
    shutil.copytree(honest / "window_table", mine / "window_table")
    (mine / "window_table" / "bokeh_00_00.png").unlink()
    (mine / "more").symlink_to(honest)
    found = [(one.kind, one.sentence.split(" ")[0]) for one in check(mine, dataset).errors]
    assert found == [
        (Kind.MISSING, "window_table/bokeh_00_00.png"),
        (Kind.EXTRA, "blue_hour_street"),
        (Kind.EXTRA, "more"),
    ]


def test_linked_files_are_read(honest: Path, dataset: Dataset, tmp_path: Path) -> None:
    mine = Path(shutil.copytree(honest, tmp_path / "mine"))
    (mine / "window_table/bokeh_00_00.png").unlink()
    (mine / "window_table/bokeh_00_00.png").symlink_to(honest / "window_table/bokeh_00_00.png")
    assert check(mine, dataset).problems == ()


@pytest.mark.parametrize("below", ["", "mine/"])
def test_notes_for_people_refuse_no_submission(honest: Path, dataset: Dataset, tmp_path: Path, below: str) -> None:
    outer = tmp_path / "outer"
    shutil.copytree(honest, outer / below)
    for name in ("README", "Readme.rst", "README.md", "LICENSE", "licence.html", "readme.png", "notes.txt", "PAPER.MD"):
        (outer / name).write_text("hello")
        (outer / below / name).write_text("hello")
    assert check(outer, dataset).problems == ()
    assert check(packed(tmp_path / "mine.zip", outer), dataset).problems == ()


# Honest predictions, good and bad


def with_input(**changes: Callable[[MethodInput], Any]) -> Method:
    """Return the scatter renderer, told something wrong."""
    render = included_method("classical").render
    return lambda sample: render(replace(sample, **{key: value(sample) for key, value in changes.items()}))


def shaded(change: Callable[[Float32], NDArray[Any]]) -> Method:
    render = included_method("classical").render
    return lambda sample: change(render(sample))


def noise(amount: float) -> Method:
    rng = np.random.default_rng(0)
    return shaded(lambda display: display + rng.normal(0, amount, display.shape))


def random_values(sample: MethodInput) -> NDArray[Any]:
    seed = round(1e6 * float(np.abs(sample.defocus).mean()))
    return np.random.default_rng(seed).random(sample.display.shape)


HONEST: dict[str, Method] = {
    "gaussian": included_method("gaussian").render,
    "classical": included_method("classical").render,
    "layered": included_method("layered").render,
    "twice the blur": with_input(blur_parameter=lambda s: 2 * s.blur_parameter),
    "eight times the blur": with_input(blur_parameter=lambda s: 8 * s.blur_parameter),
    "half the blur": with_input(blur_parameter=lambda s: 0.5 * s.blur_parameter),
    "wrong focus": with_input(focus_disparity=lambda s: s.focus_disparity + 0.2),
    "wrong disparity": with_input(disparity=lambda s: np.sqrt(s.disparity)),
    "coarse disparity": with_input(disparity=lambda s: np.round(3 * s.disparity) / 3),
    "no scene at all": lambda s: gaussian_filter(s.display, (20 + s.blur_parameter + s.focus_disparity,) * 2 + (0,)),
    "dark": shaded(lambda display: 0.5 * display),
    "bright": shaded(lambda display: 1.5 * display),
    "flat": shaded(lambda display: 0.5 + 0.3 * (np.clip(display, 0, 1) - 0.5)),
    "harsh": shaded(lambda display: 1.6 * display - 0.3),
    "curved": shaded(lambda display: np.clip(display, 0, 1) ** 1.3),
    "grey": shaded(lambda display: np.repeat(display.mean(axis=2, keepdims=True), 3, axis=2)),
    "blue": shaded(lambda display: display * [0.5, 0.8, 1.3]),
    "noisy": noise(0.1),
    "random": random_values,
}


@pytest.mark.parametrize("name", HONEST)
def test_what_a_method_drew_itself_is_never_refused_however_bad_it_is(
    dataset: Dataset, tmp_path: Path, name: str
) -> None:
    checked = check(predictions(tmp_path, dataset, HONEST[name]), dataset)
    assert checked.errors == (), "\n".join(one.sentence for one in checked.errors)
    assert checked.compared == 8
    exposed = {"dark", "bright", "flat", "curved", "random"}
    assert {one.kind for one in checked.problems} == ({Kind.TONE} if name in exposed else set())


@pytest.fixture(scope="module")
def clear(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Return a stack of 3 × 3 images with hardly any noise: a textured slope, scattered by our own renderer."""
    root, rng = tmp_path_factory.mktemp("clear"), np.random.default_rng(3)
    scene = root / "slope"
    write_image(scene / "image.exr", gaussian_filter(rng.random((64, 96, 3)), (0.7, 0.7, 0)), bits=32)
    depth = 1.0 / np.linspace(0.1, 1.0, 96)
    write_image(scene / "depth.exr", np.tile(depth, (64, 1)), bits=32)
    info = {"blur_parameters": [2.0, 4.0, 6.0], "focus_distances": [10.0, 2.0, 1.0]}
    (scene / "info.json").write_text(json.dumps(info))
    for blur in range(3):
        for focus in range(3):
            shutil.copy(scene / "image.exr", scene / f"bokeh_{blur:02d}_{focus:02d}.exr")
    render, empty = included_method("classical").render, open_dataset(root)
    for sample in empty.samples(PROTOCOL):
        display = render(empty.method_input(sample, PROTOCOL)) + rng.normal(0, 0.003, (64, 96, 3))
        write_image(scene / f"{sample.name}.exr", light_from_display(display), bits=32)
    return open_dataset(root)


ORDERS = {
    "shuffled": (5, 3, 7, 0, 8, 1, 2, 4, 6),
    "moved by one focus setting": (1, 2, 0, 4, 5, 3, 7, 8, 6),
    "moved by one blur level": (3, 4, 5, 6, 7, 8, 0, 1, 2),
}


@pytest.mark.parametrize("how", ORDERS)
def test_any_other_order_of_the_samples_is_found(clear: Dataset, tmp_path: Path, how: str) -> None:
    method = with_input(blur_parameter=lambda sample: 1.1 * sample.blur_parameter)
    folder = predictions(tmp_path, clear, method)
    samples = clear.samples(PROTOCOL)
    assert check(folder, clear).problems == ()
    files = [prediction_path(folder, sample).read_bytes() for sample in samples]
    for sample, source in zip(samples, ORDERS[how], strict=True):
        prediction_path(folder, sample).write_bytes(files[source])
    (problem,) = check(folder, clear).errors
    assert problem.kind is Kind.ORDER
    assert "of the predictions are nearer to another sample's truth" in problem.sentence


@pytest.mark.parametrize("factor", [0.25, 0.5, 2.0, 4.0, 16.0])
def test_too_much_or_too_little_blur_is_no_other_order(clear: Dataset, tmp_path: Path, factor: float) -> None:
    method = with_input(blur_parameter=lambda sample: factor * sample.blur_parameter)
    assert check(predictions(tmp_path, clear, method), clear).problems == ()


@pytest.mark.parametrize("shift", [-0.4, -0.2, 0.2, 0.4])
def test_wrong_focus_is_no_other_order(clear: Dataset, tmp_path: Path, shift: float) -> None:
    method = with_input(focus_disparity=lambda sample: sample.focus_disparity + shift)
    assert check(predictions(tmp_path, clear, method), clear).problems == ()


@pytest.mark.parametrize(("nearest", "found"), [(4.5, 1), (9.0, 0)])
def test_another_order_must_explain_most_of_what_other_truths_gain(nearest: float, found: int) -> None:
    together = SubmissionLikeness(20)
    all_moved = np.ones(20, dtype=bool)
    together._orders.append(Reordering({}, {}, np.full(20, 4.0), all_moved, np.full(20, nearest)))
    assert len(list(together._samples_exchanged())) == found


def test_disparity_turned_round_is_found(clear: Dataset, tmp_path: Path) -> None:
    folder = predictions(tmp_path, clear, with_input(disparity=lambda sample: 1 - sample.disparity))
    (problem,) = check(folder, clear).errors
    assert "or the disparity was turned round (near must be large)" in problem.sentence


def test_identity_is_taken_in_where_it_is_allowed(dataset: Dataset, tmp_path: Path) -> None:
    folder = predictions(tmp_path, dataset, included_method("identity").render)
    assert {one.kind for one in check(folder, dataset).errors} == {Kind.INPUT}
    assert check(folder, dataset, allow_identity=True).problems == ()


def test_one_image_for_every_setting_is_a_copy(dataset: Dataset, tmp_path: Path) -> None:
    folder = predictions(tmp_path, dataset, lambda sample: gaussian_filter(sample.display, (2, 2, 0)))
    copies = [one for one in check(folder, dataset).errors if one.kind is Kind.COPIED]
    assert len(copies) == 6


@pytest.mark.parametrize("suffix", [".exr", ".npy"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_light_in_any_precision_is_taken_in(
    honest: Path, dataset: Dataset, tmp_path: Path, suffix: str, dtype: type
) -> None:
    for sample in dataset.samples(PROTOCOL):
        light = light_from_display(read_image(prediction_path(honest, sample)).pixels)
        path = prediction_path(tmp_path, sample, suffix)
        path.parent.mkdir(exist_ok=True)
        if suffix == ".npy":
            np.save(path, np.asfortranarray(light.astype(dtype)))
        else:
            write_image(path, light, bits=16 if dtype is np.float16 else 32)
    assert check(tmp_path, dataset).problems == ()


def test_maps_have_predictions_of_their_own(dataset: Dataset, tmp_path: Path) -> None:
    protocol = load_protocol("blb-corrupted-v1")
    folder = predictions(tmp_path, dataset, included_method("classical").render, protocol)
    checked = check(folder, dataset, protocol)
    assert checked.problems == ()
    assert checked.compared == len(dataset.samples(protocol)) == 8 * 15
    shutil.copy(folder / "window_table/corrupted_03/bokeh_00_00.png", folder / "window_table/bokeh_00_00.png")
    (problem,) = check(folder, dataset, protocol).errors
    assert "the protocol gives corrupted maps: corrupted_MM/" in problem.sentence


def test_pairs_of_photographs_are_checked(tmp_path: Path) -> None:
    dataset, protocol = open_dataset(pairs(tmp_path / "ebb")), load_protocol("ebb400-v1")
    folder = predictions(tmp_path / "mine", dataset, lambda s: gaussian_filter(s.display, (1, 1, 0)), protocol)
    assert check(folder, dataset, protocol).errors == ()
    with pytest.raises(BadInputError, match="is a dataset of pairs, and blb-v1 scores stacks"):
        check(folder, dataset)


# Notices


def test_eight_bits_are_noticed_once(honest: Path, dataset: Dataset, tmp_path: Path) -> None:
    for sample in dataset.samples(PROTOCOL):
        write_image(prediction_path(tmp_path, sample), read_image(prediction_path(honest, sample)).pixels, bits=8)
    checked = check(tmp_path, dataset)
    assert checked.errors == ()
    (notice,) = checked.notices
    assert notice.startswith("8 of 8 predictions are stored with 8 bits, which bounds them at 58.9 dB")


def test_better_than_noise_allows_is_noticed(dataset: Dataset, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    truth = {str(sample): dataset.truth_display(sample.truth, PROTOCOL) for sample in dataset.samples(PROTOCOL)}
    folder = predictions(tmp_path, dataset, lambda s: truth[s.name] + rng.normal(0, 0.01, s.display.shape))
    checked = check(folder, dataset)
    assert checked.errors == ()
    assert len(checked.notices) == 4
    assert all(re.search(r"scores (39|40|41)\.\d dB, though noise in the truth leaves", n) for n in checked.notices)


def srgb(light: NDArray[Any]) -> NDArray[Any]:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)


SLIPS: dict[str, tuple[Callable[[Float32], NDArray[Any]], Kind, str]] = {
    "sRGB": (lambda d: srgb(d**2.2), Kind.TONE, r"sRGB curve was used; expected light \*\* \(1 / 2.2\)"),
    "too dark": (lambda d: d * 0.5 ** (1 / 2.2), Kind.TONE, "too dark, by about 1 EV; .*multiply light by 2 if"),
    "too bright": (lambda d: d * 1.4 ** (1 / 2.2), Kind.TONE, "too bright, by about 0.5 EV"),
    "right": (lambda d: np.roll(d, 1, axis=1), Kind.SHIFTED, "shifted by 1 px to the right; expected"),
    "left and down": (lambda d: np.roll(d, (2, -1), axis=(0, 1)), Kind.SHIFTED, "1 px to the left and 2 px down;"),
}


@pytest.mark.parametrize("how", SLIPS)
def test_a_slip_that_all_share_is_noticed_and_refuses_nothing(clear: Dataset, tmp_path: Path, how: str) -> None:
    slip, kind, sentence = SLIPS[how]
    (notice,) = check(predictions(tmp_path, clear, shaded(slip)), clear).problems
    assert (notice.kind, notice.severity) == (kind, Severity.NOTICE)
    assert re.search(sentence, notice.sentence), notice.sentence
    assert "100% of them" in notice.sentence


def test_a_slip_of_few_is_not_one_of_all(clear: Dataset, tmp_path: Path) -> None:
    folder = predictions(tmp_path, clear, shaded(lambda d: d))
    path = prediction_path(folder, Sample("slope", 1, 1))
    write_image(path, 0.5 * read_image(path).pixels)
    assert check(folder, clear).problems == ()


@pytest.mark.parametrize("slip", [*TONES, *SHIFTS], ids=str)
def test_undoing_a_slip_gives_back_what_was_meant(slip: Curve | Exposure | Shift) -> None:
    meant = np.random.default_rng(4).uniform(0.1, 0.9, (20, 30, 3)).astype(np.float32)
    if isinstance(slip, Shift):
        moved = np.roll(meant, (slip.down, slip.right), axis=(0, 1))
        inner = slip.undone(moved, 1).reshape(meant.shape)[2:-2, 2:-2]
        np.testing.assert_array_equal(inner, meant[2:-2, 2:-2])
        return
    if isinstance(slip, Exposure):
        made = (meant**2.2 * 2.0**slip.ev) ** (1 / 2.2)
    else:
        made = srgb(meant**2.2) if slip.encoded else ((meant + 0.055) / 1.055) ** (2.4 / 2.2)
    np.testing.assert_allclose(slip.undone(made.astype(np.float32), 2.2), meant, rtol=1e-4)


# What the checks are made of


def test_an_exact_sample_of_points_and_means(dataset: Dataset) -> None:
    image = dataset.truth_display(dataset.truths[0], PROTOCOL)
    assert points(image).shape == (64 * 96, 3)
    assert points(np.zeros((1280, 1920, 3), dtype=np.float32)).shape[0] < 4000
    by_hand = image.reshape(4, 16, 6, 16, 3)[:, :, ::2].mean(axis=(1, 3))
    coarse = thumbnail(image)
    assert coarse.shape == (12, 18, 3)
    np.testing.assert_allclose(coarse.mean(axis=(0, 1)), image.mean(axis=(0, 1)), atol=2e-2)
    assert by_hand.shape == (4, 3, 3)


def test_the_table_of_psnr_is_what_the_formula_says() -> None:
    rng = np.random.default_rng(2)
    one, other = rng.random((2, 3, 40, 3)).astype(np.float32)
    table = psnr_table(one, other)
    by_hand = [[-10 * np.log10(np.mean((a.astype(float) - b) ** 2)) for b in other] for a in one]
    np.testing.assert_allclose(table, by_hand, rtol=1e-9)
    assert psnr_table(one, one).diagonal() == pytest.approx(60.0)
    assert list(best_order(psnr_table(one, one[[2, 0, 1]]))) == [1, 2, 0]


def test_every_kind_is_shown_by_one_check() -> None:
    assert sorted(kind for kinds in CHECKS.values() for kind in kinds) == sorted(Kind)


def test_names_are_printable_and_short() -> None:
    assert shown(PurePosixPath("a\x1b[31m\udcff\n/b")) == "a?[31m??/b"
    assert len(shown("x" * 5000)) == 161


# The command, and scoring


@pytest.fixture
def validate() -> Callable[..., Any]:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.command()(predictions_validate_command)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_the_command_says_what_it_found_and_writes_nothing(
    honest: Path, dataset: Dataset, tmp_path: Path, validate: Callable[..., Any]
) -> None:
    mine = Path(shutil.copytree(honest, tmp_path / "mine"))
    before = snapshot(tmp_path), snapshot(dataset.root)
    ended = validate(mine, "--dataset", dataset.root)
    assert ended.exit_code == 0
    assert "8 of 8 samples have a file, 8 were compared" in ended.output
    prediction_path(mine, Sample("window_table", 0, 0)).write_bytes(b"")
    before = snapshot(tmp_path), snapshot(dataset.root)
    ended = validate(mine, "--dataset", dataset.root)
    assert ended.exit_code == 2
    assert re.search(r"files +1 +0", ended.output)
    assert "window_table/bokeh_00_00.png is empty" in ended.output
    assert "1 error(s), 0 notice(s): they cannot be scored as they are" in ended.output
    assert (snapshot(tmp_path), snapshot(dataset.root)) == before


def test_the_command_for_programs(honest: Path, dataset: Dataset, tmp_path: Path, validate: Callable[..., Any]) -> None:
    identity = predictions(tmp_path / "same", dataset, included_method("identity").render)
    ended = validate(packed(tmp_path / "same.zip", identity), "--dataset", dataset.root, "--json")
    found = json.loads(ended.output)
    assert ended.exit_code == 2
    assert (found["samples"], found["files"], found["compared"]) == (8, 8, 8)
    assert found["errors"] == len(found["problems"])
    assert {one["kind"] for one in found["problems"]} == {"the input itself"}
    assert found["problems"][0]["severity"] == Severity.ERROR
    assert found["problems"][0]["sample"].startswith("blue_hour_street/bokeh_")
    assert validate(identity, "--dataset", dataset.root, "--allow-identity").exit_code == 0
    with pytest.raises(BadInputError, match="unknown protocol 'blb'"):
        raise validate(honest, "--dataset", dataset.root, "--protocol", "blb").exception


def test_what_is_refused_changes_no_result(
    honest: Path, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BOKEHBENCH_LPIPS_WEIGHTS", raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "none"))
    reference = MethodReference(name="mine", revision="1", description="a test")
    first = score_folder(packed(tmp_path / "mine.zip", honest), reference, dataset, PROTOCOL, tmp_path / "out")
    results = snapshot(tmp_path / "out")
    mine = Path(shutil.copytree(honest, tmp_path / "mine"))
    prediction_path(mine, Sample("window_table", 1, 1)).unlink()
    with pytest.raises(BadInputError, match="cannot be scored, 1 problem"):
        score_folder(mine, reference, dataset, PROTOCOL, tmp_path / "out")
    with pytest.raises(BadInputError, match="cannot be scored, 1 problem"):
        score_folder(mine, reference, dataset, PROTOCOL, tmp_path / "new")
    assert snapshot(tmp_path / "out") == results
    assert not (tmp_path / "new").exists()
    assert score_folder(honest, reference, dataset, PROTOCOL, tmp_path / "again").summary == first.summary


def test_threads_change_nothing(honest: Path, dataset: Dataset, tmp_path: Path) -> None:
    mine = Path(shutil.copytree(honest, tmp_path / "mine"))
    for blur in (0, 1):
        write_image(prediction_path(mine, Sample("window_table", blur, 0)), np.zeros((64, 96, 3)))
    assert check(mine, dataset, threads=1).problems == check(mine, dataset, threads=4).problems
    submission = Submission("mine", {})
    assert len(check_submission(submission, dataset, PROTOCOL).errors) == 8


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"revision": "my rev 2"}, "revision 'my rev 2' cannot be part of a file name"),
        ({"method": "theirs"}, "are of 'theirs', and they are to be scored as 'mine'"),
    ],
)
def test_what_an_author_says_must_fit(
    honest: Path, dataset: Dataset, tmp_path: Path, record: dict[str, str], message: str
) -> None:
    mine = Path(shutil.copytree(honest, tmp_path / "mine"))
    (mine / "submission.json").write_text(json.dumps(record))
    with pytest.raises(BadInputError, match=message):
        score_folder(mine, MethodReference(name="mine", revision="", description=""), dataset, PROTOCOL, tmp_path)


def test_what_an_author_says_is_kept(honest: Path, dataset: Dataset, tmp_path: Path) -> None:
    mine = Path(shutil.copytree(honest, tmp_path / "mine"))
    names = [str(sample) for sample in dataset.samples(PROTOCOL)]
    told = {"method": "mine", "revision": "2.1", "description": "ours", "metadata": {"licence": "MIT"}}
    (mine / "submission.json").write_text(json.dumps(told | {"seconds": dict.fromkeys(names, 0.25)}))
    reference = MethodReference(name="mine", revision="", description="")
    result = score_folder(mine, reference, dataset, PROTOCOL, tmp_path / "run")
    assert (result.method.revision, result.method.description, result.method.metadata.licence) == ("2.1", "ours", "MIT")
    assert result.summary.seconds_per_image == 0.25
