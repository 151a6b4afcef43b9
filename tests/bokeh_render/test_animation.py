from __future__ import annotations

import importlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from bokeh_render import animation
from bokeh_render.animation import check_animation, write_animation
from bokeh_render.errors import BadInputError, BokehbenchError

SHADES = (0.1, 0.4, 0.7, 0.95)
FRAMES = [np.full((15, 21, 3), shade, dtype=np.float32) for shade in SHADES]


def ffmpeg() -> str | None:
    try:
        return str(importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe())
    except ImportError:
        return shutil.which("ffmpeg")


needs_ffmpeg = pytest.mark.skipif(ffmpeg() is None, reason="ffmpeg is not installed: pip install 'bokehbench[video]'")


def shades_of(path: Path) -> tuple[list[float], list[float]]:
    """Return the mean of each frame of a WebP or GIF, and how long it is shown, in milliseconds."""
    means, durations = [], []
    with PillowImage.open(path) as moving:
        for number in range(getattr(moving, "n_frames", 1)):
            moving.seek(number)
            moving.load()
            means.append(float(np.asarray(moving.convert("RGB")).mean() / 255))
            durations.append(moving.info["duration"])
        assert moving.info.get("loop") == 0
    return means, durations


@pytest.mark.parametrize("suffix", [".webp", ".gif"])
def test_frames_come_in_order(tmp_path: Path, suffix: str) -> None:
    write_animation(tmp_path / f"a{suffix}", iter(FRAMES), frames_per_second=10)
    means, durations = shades_of(tmp_path / f"a{suffix}")
    np.testing.assert_allclose(means, SHADES, atol=0.01)
    assert durations == [100] * 4
    write_animation(tmp_path / f"b{suffix}", iter(FRAMES), frames_per_second=20, back_and_forth=True)
    means, _ = shades_of(tmp_path / f"b{suffix}")
    np.testing.assert_allclose(means, [0.1, 0.4, 0.7, 0.95, 0.7, 0.4], atol=0.01)


def test_values_are_clipped(tmp_path: Path) -> None:
    write_animation(tmp_path / "a.webp", [np.full((4, 4, 3), 40.0), np.full((4, 4, 3), 0.0)])
    np.testing.assert_allclose(shades_of(tmp_path / "a.webp")[0], [1, 0], atol=0.01)


@needs_ffmpeg
def test_mp4_has_all_frames_in_their_colours(tmp_path: Path) -> None:
    red = np.zeros((15, 21, 3), dtype=np.float32)
    red[..., 0] = 0.8
    path = tmp_path / "a.mp4"
    write_animation(path, [*FRAMES, red], frames_per_second=10)
    command: list[Any] = [ffmpeg(), "-hide_banner", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    ended = subprocess.run(command, capture_output=True, check=True)
    assert b"bt709/bt709/iec61966-2-1" in ended.stderr
    frames = np.frombuffer(ended.stdout, dtype=np.uint8).reshape(-1, 16, 22, 3) / 255
    assert len(frames) == 5
    np.testing.assert_allclose(frames[:4].mean(axis=(1, 2, 3)), SHADES, atol=0.015)
    np.testing.assert_allclose(frames[4].mean(axis=(0, 1)), [0.8, 0, 0], atol=0.03)
    assert [child.name for child in tmp_path.iterdir()] == ["a.mp4"]


@needs_ffmpeg
def test_frames_that_stop_leave_no_video(tmp_path: Path) -> None:
    def frames() -> Any:
        yield FRAMES[0]
        raise BadInputError("no more")

    with pytest.raises(BadInputError, match="no more"):
        write_animation(tmp_path / "a.mp4", frames())
    assert list(tmp_path.iterdir()) == []


def test_an_encoder_that_fails_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failing = tmp_path / "ffmpeg"
    failing.write_text("#!/bin/sh\necho 'no such encoder' >&2\nexit 1\n")
    failing.chmod(0o755)
    monkeypatch.setattr(animation, "find_ffmpeg", lambda: str(failing))
    with pytest.raises(BokehbenchError, match="ffmpeg could not write the video: no such encoder"):
        write_animation(tmp_path / "out" / "a.mp4", [np.zeros((400, 400, 3))] * 3)
    assert list((tmp_path / "out").iterdir()) == []


def test_without_ffmpeg_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BadInputError, match=r"pip install 'bokehbench\[video\]'"):
        check_animation(".mp4", 12)


def test_what_cannot_be_written_is_refused() -> None:
    for suffix, fps in ((".mov", 12.0), (".webp", 0.0), (".webp", -3.0), (".gif", 1000.0), (".webp", float("nan"))):
        with pytest.raises(BadInputError):
            check_animation(suffix, fps)
