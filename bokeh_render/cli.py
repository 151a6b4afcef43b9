"""``bokehbench render``: the command-line face of this package."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .classical.profiles import DEFAULT_PROFILE
from .doctor import Check, check_package
from .errors import BadInputError
from .optics import check_blur_parameter

if TYPE_CHECKING:
    from .batch import Written
    from .highlights import HighlightRecovery
    from .outputs import Step
    from .render import Pixel, RenderSettings

_BLUR, _FOCUS = "20", "0.5"


def render_command(
    image: Annotated[
        Path,
        typer.Argument(help="All-in-focus image, or a folder. JPEG and PNG are display values; EXR, NPY, PFM light."),
    ],
    disparity: Annotated[
        Path, typer.Argument(help="Its disparity, larger = nearer, in any of these formats; for a folder, a folder.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Image, animation (.webp, .gif, .mp4) or folder to write.")],
    blur: Annotated[
        str | None,
        typer.Option("-K", "--blur", metavar="PX", help="Blur radius in px per unit of disparity.  [default: 20]"),
    ] = None,
    focus: Annotated[
        str | None, typer.Option(metavar="D", help="The disparity that stays sharp.  [default: 0.5]")
    ] = None,
    focus_at: Annotated[
        str | None, typer.Option(metavar="X,Y", help="Focus on what is at this pixel, counted from the top left.")
    ] = None,
    raw: Annotated[
        bool, typer.Option("--raw", help="Use the disparity's own unit; otherwise it is scaled to 0 … 1.")
    ] = False,
    depth: Annotated[bool, typer.Option("--depth", help="The map holds depth in metres, not disparity.")] = False,
    aperture: Annotated[
        str,
        typer.Option(
            metavar="SHAPE", help="disc, hexagon:15, ellipse:1.5, ring:0.4, cat-eye, star, heart, or a mask file."
        ),
    ] = "disc",
    renderer: Annotated[
        str,
        typer.Option(metavar="NAME", help="classical (scatter), layered (heeds occlusion) or hybrid (a network too)."),
    ] = "classical",
    gamma: Annotated[float, typer.Option(metavar="G", help="light = display value ** gamma.")] = 2.2,
    highlights: Annotated[
        bool, typer.Option("--highlights", help="Brighten clipped lights where they blur, as BokehMe's demo does.")
    ] = False,
    highlight_gain: Annotated[
        float | None, typer.Option(metavar="G", help="By what share lights grow; implies --highlights.  [default: 0.4]")
    ] = None,
    highlight_threshold: Annotated[
        float | None, typer.Option(metavar="V", help="Display value above which lights grow.  [default: 0.863]")
    ] = None,
    form: Annotated[
        str | None, typer.Option("--format", metavar="SUFFIX", help="Kind of the files in a folder.  [default: png]")
    ] = None,
    bits: Annotated[
        int | None, typer.Option(metavar="N", help="8 or 16 for PNG, 16 or 32 for EXR.  [default: 8; EXR 32]")
    ] = None,
    fps: Annotated[float, typer.Option(metavar="N", help="Images per second of an animation.")] = 12.0,
    back_and_forth: Annotated[
        bool, typer.Option("--back-and-forth", help="Play the sweep backwards after its end.")
    ] = False,
    profile: Annotated[
        str, typer.Option(metavar="NAME", help="area (exact discs) or bokehme (soft discs, as its own code).")
    ] = DEFAULT_PROFILE,
    quality: Annotated[
        str, typer.Option(metavar="NAME", help="high, or preview: float32 sums, rougher edges.")
    ] = "high",
    backend: Annotated[
        str, typer.Option(metavar="NAME", help="auto (the CPU), cpu, cuda, torch or reference.")
    ] = "auto",
    threads: Annotated[int, typer.Option(metavar="N", min=0, help="CPU threads, 0 = all.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written, and how, as JSON.")] = False,
) -> None:
    """Render bokeh from an image and its disparity.

    K or focus may sweep, as start:stop:count: -K 0:40:9 makes nine images, in a folder or as an animation. Two
    sweeps run side by side. Two folders are matched by file stem. A stopped run goes on with the same command.

    \b
    bokehbench render photo.jpg disparity.png -K 30 --focus-at 410,230 -o out.png
    bokehbench render photo.jpg disparity.png -K 30 --focus 0:1:24 --back-and-forth -o pull.mp4
    bokehbench render photos maps -K 30 --aperture hexagon:15 --format jpg -o rendered
    """  # noqa: D301  (the backslash keeps click from joining the lines)
    from rich.console import Console

    from .aperture_text import parse_aperture
    from .batch import render_outputs
    from .outputs import Writing, outputs_of
    from .pairs import pairs_of
    from .progress import progress_bars
    from .render import RenderSettings

    started = time.perf_counter()
    settings = RenderSettings(
        gamma=gamma,
        raw=raw,
        depth=depth,
        renderer=renderer,
        aperture=parse_aperture(aperture),
        profile=profile,
        quality=quality,
        backend=backend,
        highlights=_highlights(highlights, highlight_gain, highlight_threshold),
    )
    steps = _steps(blur, focus, focus_at, raw=raw)
    writing = Writing(bits, form, fps, back_and_forth)
    folders = image.is_dir() or disparity.is_dir()
    outputs = outputs_of(pairs_of(image, disparity), steps, out, folders=folders, writing=writing)
    folder = out if outputs[0].path != out else None
    with progress_bars(Console(stderr=True)) as report:
        written = render_outputs(outputs, settings, writing, folder=folder, threads=threads, report=report)
    _tell(written, out, settings, aperture, time.perf_counter() - started, as_json=as_json)


def _steps(blur: str | None, focus: str | None, focus_at: str | None, *, raw: bool) -> list[Step]:
    """Return K and focus of every image of the sweep, or of the one image."""
    from .outputs import Step
    from .sweep import parse_sweep, walk_together

    if focus is not None and focus_at is not None:
        raise BadInputError(f"--focus {focus} and --focus-at {focus_at} are both given; expected one of them")
    if raw and (blur is None or (focus is None and focus_at is None)):
        raise BadInputError("--raw needs -K and --focus (or --focus-at), as their unit is the map's own")
    radii = parse_sweep(blur or _BLUR, "-K")
    for value in radii:
        check_blur_parameter(value)
    if focus_at is not None:
        pixel = _pixel(focus_at)
        return [Step(value, pixel) for value in radii]
    disparities = parse_sweep(focus or _FOCUS, "--focus")
    if not raw and not all(0 <= value <= 1 for value in disparities):
        raise BadInputError(
            f"--focus is {focus}, but the disparity is scaled to 0 (farthest) … 1 (nearest); "
            "expected a value there, or --raw for the map's own unit"
        )
    return [Step(*both) for both in walk_together(radii, disparities)]


def _pixel(text: str) -> Pixel:
    from .render import Pixel

    numbers = re.fullmatch(r"\s*(-?\d{1,9})\s*,\s*(-?\d{1,9})\s*", text, re.ASCII)
    if numbers is None:
        raise BadInputError(f"--focus-at is {text!r}; expected a pixel, two whole numbers X,Y such as 410,230")
    return Pixel(int(numbers[1]), int(numbers[2]))


def _highlights(wanted: bool, gain: float | None, threshold: float | None) -> HighlightRecovery | None:
    from .highlights import HighlightRecovery
    from .schema import parse

    given = {name: value for name, value in (("gain", gain), ("threshold", threshold)) if value is not None}
    return parse(HighlightRecovery, given, "--highlights") if wanted or given else None


def _tell(
    written: list[Written], out: Path, settings: RenderSettings, aperture: str, seconds: float, *, as_json: bool
) -> None:
    if as_json:
        resolved = {**settings.as_json(), "aperture": aperture}
        files = [file.as_json() for file in written]
        typer.echo(json.dumps({"written": files, "settings": resolved, "seconds": round(seconds, 3)}, indent=2))
        return
    if len(written) == 1 and written[0].path == out:
        single = written[0]
        count = len(single.blur_parameters)
        what = f"{count} images" if count > 1 else f"K {_short(single.blur_parameters)}"
        focus = f"focus {_short(sorted({min(single.focus_disparities), max(single.focus_disparities)}))}"
        typer.echo(f"{out}: {what}, {focus} ({single.seconds:.1f} s)")
        return
    kept = sum(file.already_there for file in written)
    there = f", {kept} of them there already" if kept else ""
    typer.echo(f"{out}: {len(written)} files{there} ({seconds:.1f} s)")


def _short(values: Sequence[float]) -> str:
    return " to ".join(f"{value:.4g}" for value in values)


def doctor_checks() -> list[Check]:
    """Return what this package needs: torch, a GPU if there is one, and the readers of image files."""
    import torch

    from .animation import find_ffmpeg
    from .classical.cpu import thread_count
    from .classical.cuda import unusable_because

    packages = [
        check_package(name, f"pip install {name}") for name in ("numpy", "numba", "openexr", "imagecodecs", "pillow")
    ]
    scatter = f"cpu for NumPy and CPU tensors ({thread_count(0)} threads)"
    if torch.cuda.is_available():
        gpu = Check("CUDA GPU", "ok", torch.cuda.get_device_name(0))
        reason = unusable_because(torch.device("cuda"))
        scatter += ", cuda for tensors on the card" if reason is None else f", torch for tensors on the card ({reason})"
    else:
        gpu = Check("CUDA GPU", "optional", "none seen by torch; everything runs on the CPU")
    try:
        video = Check("ffmpeg", "ok", find_ffmpeg())
    except BadInputError:
        video = Check("ffmpeg", "optional", "not installed", "pip install 'bokehbench[video]'  (for MP4 animations)")
    threads = Check("torch", "ok", f"{torch.__version__}, {torch.get_num_threads()} threads")
    return [threads, gpu, Check("scatter", "ok", scatter), *packages, video]
