"""What a user types: results where they are expected, and every mistake answered by one sentence and exit code 2."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from bokeh_render.imagefile import read_image, write_image
from bokeh_render.optics import light_from_display
from tests.benchmark.test_dataset import original_layout
from tests.conftest import TINY, Ended

Command = Callable[..., Ended]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    write_image(path, np.random.default_rng(0).random((40, 60, 3)), bits=8)
    return path


@pytest.fixture
def disparity(tmp_path: Path) -> Path:
    path = tmp_path / "disparity.png"
    write_image(path, np.tile(np.linspace(0, 1, 60, dtype=np.float32), (40, 1)), bits=16)
    return path


def refused(ended: Ended, *words: str) -> None:
    """Check for exit code 2 and one sentence, without traceback, that holds the words."""
    assert ended.code == 2, ended
    assert "Traceback" not in ended.err
    assert ended.err.startswith("bokehbench: ")
    for word in words:
        assert word in ended.err


def test_render_writes_what_the_suffix_says(command: Command, photo: Path, disparity: Path, tmp_path: Path) -> None:
    for suffix in (".png", ".jpg", ".exr", ".npy"):
        out = tmp_path / f"out{suffix}"
        ended = command("render", photo, disparity, "-K", 6, "--focus", 1.0, "-o", out)
        assert ended.code == 0, ended.err
        assert str(out) in ended.out
        assert read_image(out).pixels.shape == (40, 60, 3)
    png, exr = read_image(tmp_path / "out.png").pixels, read_image(tmp_path / "out.exr").pixels
    np.testing.assert_allclose(exr ** (1 / 2.2), png, atol=0.5 / 255 + 1e-4)
    sharp = read_image(photo).pixels
    assert np.abs(png - sharp)[:, -3:].mean() < 0.3 * np.abs(png - sharp)[:, :10].mean()


def test_render_with_no_blur_returns_the_image(command: Command, photo: Path, disparity: Path, tmp_path: Path) -> None:
    assert command("render", photo, disparity, "-K", 0, "-o", tmp_path / "out.png").code == 0
    # in BokehMe's formula a sharp pixel gives its neighbours 1 - tanh(4) of what it gives itself, in light
    leaked = light_from_display(read_image(tmp_path / "out.png").pixels) - light_from_display(read_image(photo).pixels)
    assert np.abs(leaked).max() < 0.006


def test_render_takes_depth_in_metres(command: Command, photo: Path, tmp_path: Path) -> None:
    depth = np.tile(np.linspace(1, 4, 60, dtype=np.float32), (40, 1))
    write_image(tmp_path / "depth.exr", depth, bits=32)
    np.save(tmp_path / "raw.npy", 1 / depth)
    common = ["-K", 8, "--focus", 0.5, "--raw"]
    assert command("render", photo, tmp_path / "depth.exr", "--depth", *common, "-o", tmp_path / "a.npy").code == 0
    assert command("render", photo, tmp_path / "raw.npy", *common, "-o", tmp_path / "b.npy").code == 0
    np.testing.assert_allclose(np.load(tmp_path / "a.npy"), np.load(tmp_path / "b.npy"), atol=1e-5)


def test_render_refuses_bad_input(command: Command, photo: Path, disparity: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.png"
    nan = np.zeros((40, 60), dtype=np.float32)
    nan[3, 7] = np.nan
    np.save(tmp_path / "nan.npy", nan)
    write_image(tmp_path / "small.png", np.zeros((20, 30)), bits=16)
    write_image(tmp_path / "whole.exr", np.random.default_rng(0).random((40, 60, 3)))
    torn = tmp_path / "torn.exr"
    torn.write_bytes((tmp_path / "whole.exr").read_bytes()[:5000])
    refused(command("render", photo, disparity, "-K", -3, "-o", out), "K is -3.0", "expected 0 or more")
    refused(command("render", photo, tmp_path / "nan.npy", "-o", out), "NaN", "x=7, y=3")
    refused(command("render", photo, tmp_path / "small.png", "-o", out), "30×20", "60×40", "equal sizes")
    refused(command("render", torn, disparity, "-o", out), "torn.exr", "truncated")
    refused(command("render", tmp_path / "none.png", disparity, "-o", out), "does not exist")
    refused(command("render", photo, disparity, "-o", tmp_path / "out.bmp"), ".bmp", "expected one of")
    refused(command("render", photo, disparity, "--gamma", 0, "-o", out), "--gamma is 0.0")
    refused(command("render", photo, disparity, "--focus", "nan", "-o", out), "--focus is nan", "finite number")
    refused(command("render", photo, disparity, "--bits", 12, "-o", out), "--bits is 12", "8 or 16")
    assert not out.exists()


def test_a_place_that_cannot_be_written_is_one_sentence_too(command: Command, photo: Path, disparity: Path) -> None:
    ended = command("render", photo, disparity, "-o", "/proc/nowhere/out.png")
    assert ended.code == 1
    assert ended.err.startswith("bokehbench: ")
    assert "/proc/nowhere" in ended.err


def test_generate_refuses_bad_input(command: Command, tmp_path: Path) -> None:
    out = tmp_path / "out"
    misspelt = tmp_path / "misspelt.yaml"
    misspelt.write_text(yaml.safe_dump({**TINY.model_dump(mode="json"), "bokeh_sampels": 4}))
    refused(command("generate", "--preset", "demo", "--scene", "atlantis", "-o", out), "unknown scene 'atlantis'")
    refused(command("generate", "--config", misspelt, "-o", out), "unknown key 'bokeh_sampels'", "misspelt.yaml")
    refused(command("generate", "--preset", "nemo", "-o", out), "unknown preset 'nemo'")
    refused(command("generate", "-o", out), "either --config FILE or --preset NAME")
    refused(command("generate", "--preset", "demo", "--width", 4, "-o", out), "options: width")
    assert not out.exists()
    (tmp_path / "file").write_text("")
    refused(command("generate", "--preset", "demo", "-o", tmp_path / "file"), "is a file; expected a folder")


def test_generate_dry_run_writes_nothing(command: Command, tmp_path: Path) -> None:
    ended = command("generate", "--preset", "demo", "--dry-run", "-o", tmp_path / "out")
    assert (ended.code, list(tmp_path.iterdir())) == (0, [])
    assert "14 images" in ended.out
    plan = json.loads(command("generate", "--preset", "demo", "--dry-run", "--json", "-o", tmp_path / "out").out)
    assert plan["images"] == 14
    half = command("generate", "--preset", "demo", "--width", 192, "--dry-run", "--json", "-o", tmp_path / "out")
    assert json.loads(half.out)["config"]["blur_levels"] == [level / 2 for level in plan["config"]["blur_levels"]]


def test_evaluate_and_leaderboard(command: Command, tiny_dataset_once: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    ended = command("evaluate", "identity", "classical", "--dataset", tiny_dataset_once, "-o", run, "--plots")
    assert ended.code == 0, ended.err
    assert "| classical" in ended.out
    assert "No interval: 2 scenes only" in ended.out
    assert {"levels.png", "scenes.png", "regions.png", "time.png"} < {path.name for path in run.glob("plots/*/*/*")}
    assert list(run.glob("plots/*/*/errors_*.png"))
    site = tmp_path / "site"
    ended = command("leaderboard", "build", run, "--dataset", tiny_dataset_once, "-o", site)
    assert ended.code == 0, ended.err
    assert ended.out.strip() == str(site / "index.html")
    assert "classical" in (site / "index.html").read_text()
    assert len(list(site.glob("pictures/*/*/classical@*/*_error.avif"))) == 2 * 2 * 2
    assert "| 1 | classical" in " ".join((site / "leaderboard.md").read_text().split())
    assert (
        command("evaluate", "identity", "--protocol", "blb-ldr-v1", "--dataset", tiny_dataset_once, "-o", run).code == 0
    )
    assert command("leaderboard", "build", run, "-o", site, "--protocol", "blb-ldr-v1").code == 0
    assert [page.name.startswith("blb-ldr-v1") for page in (site / "boards").iterdir()] == [True]
    refused(
        command("leaderboard", "build", run, "-o", site, "--protocol", "blb-v9"), "expected one of blb-ldr-v1, blb-v1"
    )
    next(run.glob("predictions/blb-v1/*/classical@*/*/*.png")).write_bytes(b"")
    refused(
        command("leaderboard", "build", run, "--dataset", tiny_dataset_once, "-o", site),
        "is not the file that was scored",
    )


def test_a_folder_or_zip_of_predictions_is_scored_like_a_method(
    command: Command, tiny_dataset_once: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    assert command("evaluate", "gaussian", "--dataset", tiny_dataset_once, "-o", run).code == 0
    (folder,) = run.glob("predictions/*/*/gaussian@*")
    (result,) = run.glob("results/*/*/gaussian@*.json")
    expected = json.loads(result.read_text())["summary"]["overall"]
    for mine in (folder, Path(shutil.make_archive(str(tmp_path / "mine"), "zip", folder))):
        name = f"copycat-{mine.suffix.strip('.') or 'folder'}"
        options = ("--dataset", tiny_dataset_once, "-o", run, "--revision", "3", "--json")
        assert command("predictions", "validate", mine, "--dataset", tiny_dataset_once).code == 0
        ended = command("evaluate", name, "--predictions", mine, *options)
        assert ended.code == 0, ended.err
        (told,) = json.loads(ended.out)
        assert told["summary"]["overall"] == expected
        assert (told["method"]["revision"], told["method"]["entered_as"]) == ("3", "predictions")


def test_the_original_download_is_scored_without_conversion(command: Command, tmp_path: Path) -> None:
    root = original_layout(tmp_path / "BLB", "data")
    ended = command("evaluate", "classical", "identity", "--dataset", root, "-o", tmp_path / "run", "--json")
    assert ended.code == 0, ended.err
    first, second = json.loads(ended.out)
    assert first["dataset"]["recipe_sha256"] is None
    assert [len(result["samples"]) for result in (first, second)] == [4, 4]
    assert second["summary"]["overall"]["psnr"] > 90  # the fixture's truth is its even image


def test_one_failing_method_leaves_the_others_their_results(
    command: Command, tiny_dataset_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("unlucky_method.py").write_text("def unlucky(sample):\n    raise RuntimeError('out of luck')\n")
    ended = command("evaluate", "unlucky_method:unlucky", "identity", "--dataset", tiny_dataset_once, "-o", "run")
    assert ended.code == 1
    assert "| identity" in ended.out
    assert "method unlucky failed at 8 of 8 samples" in ended.err
    assert "RuntimeError: out of luck (unlucky_method.py, line 2)" in ended.err
    assert [path.name.split("@")[0] for path in Path("run").glob("results/*/*/*")] == ["identity"]


def test_evaluate_refuses_bad_input(command: Command, tiny_dataset: Path, tmp_path: Path) -> None:
    out, mine = tmp_path / "out", tmp_path / "mine"
    (tmp_path / "empty").mkdir()
    refused(command("evaluate", "magic", "--dataset", tiny_dataset, "-o", out), "unknown method 'magic'")
    refused(
        command("evaluate", "identity", "--protocol", "blb", "--dataset", tiny_dataset, "-o", out),
        "unknown protocol 'blb'",
    )
    refused(command("evaluate", "identity", "--dataset", tmp_path / "empty", "-o", out), "is no dataset")
    refused(
        command("evaluate", "identity", "--predictions", mine, "--dataset", tiny_dataset, "-o", out), "another name"
    )
    refused(
        command("evaluate", "../x", "--predictions", mine, "--dataset", tiny_dataset, "-o", out),
        "cannot be part of a file",
    )
    refused(
        command("evaluate", "mine", "--predictions", mine, "--dataset", tiny_dataset, "-o", out),
        "does not exist; expected a folder or a .zip",
    )
    for scene in TINY.scenes:
        for blur in range(2):
            for focus in range(2):
                write_image(mine / scene / f"bokeh_{blur:02d}_{focus:02d}.png", np.zeros((64, 96, 3)))
    write_image(mine / "window_table" / "bokeh_01_01.png", np.zeros((10, 10, 3)))
    refused(
        command("evaluate", "mine", "--predictions", mine, "--dataset", tiny_dataset, "-o", out),
        "8 problem(s)",
        "10×10; expected 96×64",
        "is all black",
    )
    truth = tiny_dataset / "scenes" / "window_table" / "bokeh_00_00.exr"
    truth.write_bytes(truth.read_bytes()[:-500])
    refused(
        command("evaluate", "gaussian", "--dataset", tiny_dataset, "-o", out), "sha256 differs", "generate or download"
    )
    refused(command("leaderboard", "build", tmp_path / "empty", "-o", out), "holds no results")
    assert not (out / "results").exists()


def test_doctor_says_what_is_there_and_what_is_not(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BOKEHBENCH_LPIPS_WEIGHTS", raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    ended = command("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(ended.out)}
    assert ended.code == 0
    assert checks["Blender"]["state"] == "ok"
    assert checks["LPIPS weights"]["state"] == "optional"
    assert "--download-lpips" in checks["LPIPS weights"]["remedy"]
    monkeypatch.setenv("BOKEHBENCH_LPIPS_WEIGHTS", str(tmp_path / "gone.pth"))
    ended = command("doctor")
    assert ended.code == 1
    assert "MISSING   LPIPS weights" in ended.out


def test_lists(command: Command) -> None:
    assert "window_table" in command("scenes", "list").out
    assert "blb-v1" in command("protocol", "list").out
    assert "light ** (1 / 2.2)" in command("protocol", "show", "blb-v1").out
    assert json.loads(command("protocol", "show", "blb-v1", "--json").out)["gamma"] == 2.2
    refused(command("protocol", "show", "blb"), "unknown protocol")


def test_help_and_wrong_options(command: Command) -> None:
    assert "Render two scenes" in command("demo", "--help").out
    ended = command("render", "--nonsense")
    assert ended.code == 2
    assert "No such option" in ended.err


def test_the_command_starts_without_heavy_packages() -> None:
    code = "import bokehbench, sys; print({'torch', 'pandas', 'numba', 'matplotlib', 'bpy'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize(("code", "told"), [(143, True), (130, True), (2, False)])
def test_what_a_signal_ends_can_go_on(command: Command, monkeypatch: pytest.MonkeyPatch, code: int, told: bool) -> None:
    def end() -> None:
        raise SystemExit(code)

    monkeypatch.setattr("bokehbench.app", end)
    ended = command("evaluate")
    assert ended.code == code
    assert ("stopped; the same command goes on from here" in ended.err) == told
