"""What ``bokehbench render`` does with sweeps, folders and animations, and what it says to mistakes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from bokeh_render import batch
from bokeh_render.errors import BokehbenchError
from bokeh_render.imagefile import read_image, write_image
from tests.conftest import Ended
from tests.test_command import refused

Command = Callable[..., Ended]
HEIGHT, WIDTH = 10, 16


def make_pair(images: Path, maps: Path, stem: str, seed: int, *, width: int = WIDTH) -> None:
    write_image(images / f"{stem}.png", np.random.default_rng(seed).random((HEIGHT, width, 3)), bits=8)
    ramp = np.tile(np.linspace(0, 1, width, dtype=np.float32), (HEIGHT, 1))
    write_image(maps / f"{stem}.png", ramp, bits=16)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Path, Path]:
    make_pair(tmp_path / "images", tmp_path / "maps", "photo", 0)
    return tmp_path / "images" / "photo.png", tmp_path / "maps" / "photo.png"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    for seed, stem in enumerate(("alps", "bridge", "cat")):
        make_pair(tmp_path / "many", tmp_path / "manymaps", stem, seed)
    return tmp_path / "many", tmp_path / "manymaps"


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_sweep_makes_numbered_files(command: Command, pair: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = command("render", *pair, "-K", "0:4:3", "--focus", 1, "-o", out)
    assert (ended.code, ended.out.startswith(f"{out}: 3 files (")) == (0, True), ended.err
    assert sorted(path.name for path in out.glob("*.png")) == ["photo_00.png", "photo_01.png", "photo_02.png"]
    sharp, middle, soft = (read_image(path).pixels for path in sorted(out.glob("*.png")))
    original = read_image(pair[0]).pixels
    assert np.abs(sharp - original).mean() < np.abs(middle - original).mean() < np.abs(soft - original).mean()


def test_two_sweeps_run_side_by_side(command: Command, pair: tuple[Path, Path], tmp_path: Path) -> None:
    ended = command("render", *pair, "-K", "1:3:3", "--focus", "0:1:3", "-o", tmp_path / "out", "--json")
    written = json.loads(ended.out)["written"]
    assert [(file["blur_parameter"], file["focus_disparity"]) for file in written] == [(1, 0), (2, 0.5), (3, 1)]
    refused(command("render", *pair, "-K", "1:3:3", "--focus", "0:1:4", "-o", tmp_path / "out2"), "the same count")


def test_a_sweep_becomes_an_animation(command: Command, pair: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "out.webp"
    ended = command("render", *pair, "-K", "0:4:5", "--focus", 1, "--back-and-forth", "--fps", 20, "-o", out)
    assert (ended.code, "5 images" in ended.out) == (0, True), ended.err
    with PillowImage.open(out) as moving:
        assert (moving.n_frames, moving.size) == (8, (WIDTH, HEIGHT))
        moving.seek(1)
        moving.load()
        assert moving.info["duration"] == 50


def test_focus_at_a_pixel(command: Command, pair: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    ended = command("render", *pair, "-K", 6, "--focus-at", "15,5", "-o", out, "--json")
    told = json.loads(ended.out)
    assert told["written"][0]["focus_disparity"] == pytest.approx(14 / 15, abs=0.08)
    assert told["settings"]["renderer"] == "classical"
    changed = np.abs(read_image(out).pixels - read_image(pair[0]).pixels).mean(axis=(0, 2))
    assert changed[-1] < changed[:6].min()
    for wrong in ("16,5", "0,10", "-1,3"):
        refused(command("render", *pair, "--focus-at", wrong, "-o", out), f"pixel {wrong} lies outside", "16×10")
    for wrong in ("3", "3;4", "a,b", "1.5,2", "1,2,3", ""):
        refused(command("render", *pair, "--focus-at", wrong, "-o", out), "two whole numbers X,Y")
    refused(command("render", *pair, "--focus-at", "3,4", "--focus", 0.2, "-o", out), "both given; expected one")


def test_folders_are_rendered_by_stem(command: Command, folders: tuple[Path, Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = command("render", *folders, "-K", 3, "--format", "jpg", "-o", out)
    assert (ended.code, "3 files" in ended.out) == (0, True), ended.err
    assert sorted(path.name for path in out.glob("*.jpg")) == ["alps.jpg", "bridge.jpg", "cat.jpg"]
    animated = tmp_path / "animated"
    assert command("render", *folders, "-K", "0:3:2", "--format", "webp", "-o", animated).code == 0
    assert len(list(animated.glob("*.webp"))) == 3


def test_all_that_is_wrong_with_folders_is_said_before_anything_is_rendered(
    command: Command, folders: tuple[Path, Path], tmp_path: Path
) -> None:
    images, maps = folders
    out = tmp_path / "out"
    (images / "alps.png").write_bytes((images / "alps.png").read_bytes()[:60])
    make_pair(tmp_path / "wide", maps, "cat", 5, width=20)
    refused(
        command("render", images, maps, "-o", out),
        "2 problem(s), nothing was written",
        "alps.png cannot be read as PNG",
        "cat.png is 20×10",
    )
    (images / "extra.png").touch()
    (images / "dune.tif").touch()
    refused(command("render", images, maps, "-o", out), "2 problem(s)", "missing: ", "extra.*", "unreadable: ")
    assert not out.exists()


def test_a_file_that_may_not_be_opened_is_named(
    command: Command, folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really = batch.sha256_of_file

    def forbidden(path: Path) -> str:
        if path.name == "cat.png":
            raise PermissionError(13, "Permission denied", str(path))
        return really(path)

    monkeypatch.setattr(batch, "sha256_of_file", forbidden)
    ended = command("render", *folders, "-o", tmp_path / "out")
    refused(ended, "1 problem(s)", "cat.png cannot be opened: Permission denied")


def test_a_finished_file_is_not_rendered_again(
    command: Command, folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    arguments = ("render", *folders, "-K", 3, "-o", out)
    rendered: list[float] = []
    really = batch.render_prepared

    def stopping(*given: Any, **named: Any) -> Any:
        if len(rendered) == 2:
            raise KeyboardInterrupt
        rendered.append(given[1])
        return really(*given, **named)

    monkeypatch.setattr(batch, "render_prepared", stopping)
    assert command(*arguments).code == 130
    assert sorted(path.name for path in out.glob("*.png")) == ["alps.png", "bridge.png"]
    monkeypatch.setattr(batch, "render_prepared", really)
    before = content(out)
    ended = command(*arguments)
    assert "3 files, 2 of them there already" in ended.out
    assert {name: data for name, data in content(out).items() if name in before and name.endswith("png")} == {
        name: data for name, data in before.items() if name.endswith("png")
    }
    whole = content(out)

    refused(command("render", *folders, "-K", 4, "-o", out), "made with other settings", "blur_parameters")
    refused(command("render", *folders, "-K", 3, "--focus-at", "1,1", "-o", out), "made with other settings", "focus")
    refused(command("render", *folders, "-K", 3, "--gamma", 4, "-o", out), "gamma: 2.2 there, 4.0 now")
    refused(command("render", *folders, "-K", 3, "--aperture", "hexagon:15", "-o", out), "aperture")
    assert content(out) == whole

    make_pair(*folders, "bridge", 77)
    (out / "cat.png").unlink()
    told = json.loads(command(*arguments, "--json").out)["written"]
    assert [file["already_there"] for file in told] == [True, False, False]
    changed = content(out)
    assert changed["cat.png"] == whole["cat.png"]
    assert changed["bridge.png"] != whole["bridge.png"]


def test_one_bad_file_does_not_lose_the_others(
    command: Command, folders: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    really, count = batch.render_prepared, iter(range(9))

    def failing(*given: Any, **named: Any) -> Any:
        if next(count) == 1:
            raise BokehbenchError("the graphics card is out of memory")
        return really(*given, **named)

    monkeypatch.setattr(batch, "render_prepared", failing)
    ended = command("render", *folders, "-K", 2, "-o", out)
    assert ended.code == 1
    assert "1 of 3 files failed" in ended.err
    assert "bridge.png: the graphics card is out of memory" in ended.err
    assert sorted(path.name for path in out.glob("*.png")) == ["alps.png", "cat.png"]
    assert "2 of them there already" in command("render", *folders, "-K", 2, "-o", out).out


def test_a_turned_photograph_is_laid_as_its_map(command: Command, tmp_path: Path) -> None:
    exif = PillowImage.Exif()
    exif[0x0112] = 6
    PillowImage.new("RGB", (WIDTH, HEIGHT), "red").save(tmp_path / "a.jpg", exif=exif)
    write_image(tmp_path / "upright.png", np.zeros((WIDTH, HEIGHT)), bits=16)
    assert command("render", tmp_path / "a.jpg", tmp_path / "upright.png", "-K", 1, "-o", tmp_path / "o.png").code == 0
    assert read_image(tmp_path / "o.png").pixels.shape == (WIDTH, HEIGHT, 3)


def test_highlights_brighten_what_is_blurred(command: Command, pair: tuple[Path, Path], tmp_path: Path) -> None:
    white = np.zeros((HEIGHT, WIDTH, 3))
    white[3:6, 2:5] = 1.0
    write_image(pair[0], white)
    mean = {}
    for name, options in (("plain", []), ("lit", ["--highlights"]), ("more", ["--highlight-gain", 1.5])):
        out = tmp_path / f"{name}.npy"
        assert command("render", *pair, "-K", 4, "--focus", 1, *options, "-o", out).code == 0
        mean[name] = float(np.load(out).mean())
    assert 1.5 < mean["lit"] / mean["plain"] < 2.2
    assert mean["more"] > 2 * mean["lit"]
    refused(command("render", *pair, "--highlight-gain", -1, "-o", tmp_path / "o.png"), "--highlights: gain", "-1")
    refused(command("render", *pair, "--highlight-threshold", 1.5, "-o", tmp_path / "o.png"), "threshold", "1.5")


def test_bad_input_is_one_sentence_and_nothing_is_written(
    command: Command, pair: tuple[Path, Path], tmp_path: Path
) -> None:
    out = tmp_path / "out.png"
    for options, words in (
        (["-K", "nan"], ["-K is nan"]),
        (["-K", "inf"], ["-K is inf"]),
        (["-K", "-1:2:3"], ["K is -1.0", "expected 0 or more"]),
        (["-K", "ten"], ["-K is 'ten'", "start:stop:count"]),
        (["-K", "0:9:1"], ["-K is '0:9:1'", "a count from 2"]),
        (["--focus", "0:1:9"], ["out.png has the name of a file", "a folder for its 9 images"]),
        (["--focus", "90"], ["--focus is 90", "0 (farthest) … 1 (nearest)", "--raw"]),
        (["-K", "1e39"], ["defocus holds NaN or infinite"]),
        (["--gamma", "-2.2"], ["--gamma is -2.2"]),
        (["--gamma", "nan"], ["--gamma is nan"]),
        (["--renderer", "magic"], ["unknown renderer 'magic'", "classical, layered, hybrid"]),
        (["--renderer", "hybrid", "--profile", "bokehme"], ["hybrid renderer has no profile 'bokehme'"]),
        (["--aperture", "trapdoor"], ["unknown aperture 'trapdoor'"]),
        (["--quality", "best"], ["unknown quality 'best'"]),
        (["--backend", "abacus"], ["unknown back end 'abacus'"]),
        (["--profile", "soft"], ["'soft'", "area"]),
        (["--renderer", "layered", "--aperture", "cat-eye"], ["knows no cat's eye"]),
        (["--raw"], ["--raw needs -K and --focus"]),
        (["--bits", "16", "-o", tmp_path / "out.jpg"], ["JPG has 8 bits"]),
        (["-o", tmp_path / "out.webp"], ["needs a sweep"]),
        (["-o", tmp_path / "maps"], ["is a folder; expected a file"]),
        (["-o", pair[0]], ["is one of the inputs"]),
        (["--format", "jpg"], ["--format jpg is for files in a folder"]),
        (["-K", "0:1:3", "-o", pair[0] / "x"], ["photo.png"]),
    ):
        before = sorted(tmp_path.rglob("*"))
        ended = command("render", *pair, "-o", out, *options)
        refused(ended, *words)
        assert ended.err.count("\n") == 1, ended.err
        assert sorted(tmp_path.rglob("*")) == before, options
    refused(command("render", pair[0].parent, pair[1], "-o", tmp_path / "o"), "expected two files or two folders")
    refused(command("render", pair[0].parent, pair[1].parent, "-o", out), "out.png has the name of a file", "--format")


def test_help_is_short_and_shows_examples(command: Command) -> None:
    text = command("render", "--help").out
    assert "bokehbench render photo.jpg disparity.png" in text
    assert len(text.splitlines()) < 60
