"""Moving pictures of a sweep: animated WebP and GIF by Pillow, MP4 (H.264) by ffmpeg."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .atomic import atomic_path
from .errors import BadInputError, BokehbenchError
from .imagefile import quantise
from .optics import Float32

ANIMATIONS = (".webp", ".gif", ".mp4")
MOST_FRAMES_PER_SECOND = 120.0
_WEBP_QUALITY = 90
_H264_QUALITY = 16  # x264's crf: 18 is called visually lossless, lower is better
_MOST_WEBP_PX = 16383


def check_animation(suffix: str, frames_per_second: float) -> None:
    """Refuse, before any frame is rendered, an animation that could not be written; raises BadInputError."""
    if suffix.lower() not in ANIMATIONS:
        raise BadInputError(f"an animation with the suffix {suffix} was asked for; expected {', '.join(ANIMATIONS)}")
    if not 0 < frames_per_second <= MOST_FRAMES_PER_SECOND:
        raise BadInputError(f"--fps is {frames_per_second:g}; expected above 0 and at most {MOST_FRAMES_PER_SECOND:g}")
    if suffix.lower() == ".mp4":
        find_ffmpeg()


def write_animation(
    path: Path, frames: Iterable[Float32], *, frames_per_second: float = 12.0, back_and_forth: bool = False
) -> None:
    """Write display values as an endless animation (WebP, GIF) or a video (MP4), atomically.

    frames: (H, W, 3) display values each, clipped to [0, 1], of one size, at least one; they are taken one by one and
    kept as 8 bits. back_and_forth: after the last frame the others follow in reverse, so that a loop has no jump.
    GIF has 256 colours and hundredths of seconds; MP4 gets even sides by a repeated last row or column.
    Raises BadInputError as :func:`check_animation` does, BokehbenchError when ffmpeg fails.
    """
    check_animation(path.suffix, frames_per_second)
    eight_bit = (quantise(frame, 8) for frame in frames)
    with atomic_path(path) as temporary:
        if path.suffix.lower() == ".mp4":
            _write_mp4(temporary, eight_bit, frames_per_second, back_and_forth)
        else:
            _write_loop(temporary, list(_ordered(eight_bit, back_and_forth)), frames_per_second)


def _ordered(frames: Iterable[NDArray[Any]], back_and_forth: bool) -> Iterator[NDArray[Any]]:
    """Yield the frames, and then, if asked for, those between last and first on the way back."""
    if not back_and_forth:
        yield from frames
        return
    seen = []
    for frame in frames:
        seen.append(frame)
        yield frame
    yield from seen[-2:0:-1]


def _write_loop(path: Path, frames: list[NDArray[Any]], frames_per_second: float) -> None:
    from PIL import Image as PillowImage

    if path.suffix.lower() == ".webp" and max(frames[0].shape[:2]) > _MOST_WEBP_PX:
        raise BadInputError(
            f"the frames have {frames[0].shape[1]}×{frames[0].shape[0]} px; WebP ends at {_MOST_WEBP_PX}"
        )
    pictures = [PillowImage.fromarray(frame) for frame in frames]
    options: dict[str, Any] = {"format": "WEBP", "quality": _WEBP_QUALITY, "method": 4}
    if path.suffix.lower() == ".gif":
        options = {"format": "GIF", "optimize": False}
    pictures[0].save(
        path,
        save_all=True,
        append_images=pictures[1:],
        duration=round(1000 / frames_per_second),
        loop=0,
        **options,
    )


def _write_mp4(path: Path, frames: Iterable[NDArray[Any]], frames_per_second: float, back_and_forth: bool) -> None:
    frames = iter(_ordered(frames, back_and_forth))
    first = next(frames)
    height, width = (side + side % 2 for side in first.shape[:2])
    command = [find_ffmpeg(), "-hide_banner", "-loglevel", "error", "-y"]
    command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}", "-r", f"{frames_per_second:g}"]
    to_video = "scale=out_color_matrix=bt709:out_range=tv,format=yuv420p"
    labels = "setparams=colorspace=bt709:color_primaries=bt709:color_trc=iec61966-2-1"
    command += ["-i", "-", "-an", "-vf", f"{to_video},{labels}"]
    command += ["-c:v", "libx264", "-crf", str(_H264_QUALITY), "-preset", "medium", "-movflags", "+faststart"]
    command += [str(path)]
    with tempfile.TemporaryFile() as complaints:  # a pipe could fill up and stop ffmpeg while we write to it
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=complaints, stderr=complaints) as encoder:
            assert encoder.stdin is not None
            try:
                for frame in chain([first], frames):
                    padding = ((0, height - frame.shape[0]), (0, width - frame.shape[1]), (0, 0))
                    encoder.stdin.write(np.ascontiguousarray(np.pad(frame, padding, mode="edge")).tobytes())
                encoder.stdin.close()
            except BrokenPipeError:  # it ended early; its complaint is read below
                pass
            except BaseException:
                encoder.kill()
                raise
        complaints.seek(0)
        text = " ".join(complaints.read().decode("utf-8", "replace").split())
    if encoder.returncode != 0:
        raise BokehbenchError(f"ffmpeg could not write the video: {text or f'it ended with {encoder.returncode}'}")


def find_ffmpeg() -> str:
    """Return the place of ffmpeg: that of the extra `video`, or one on the PATH; raises BadInputError for none."""
    try:
        return str(importlib.import_module("imageio_ffmpeg").get_ffmpeg_exe())
    except (ImportError, RuntimeError):
        found = shutil.which("ffmpeg")
    if found is None:
        raise BadInputError(
            "MP4 needs ffmpeg, which is not installed; run  pip install 'bokehbench[video]'  or write .webp"
        )
    return found
