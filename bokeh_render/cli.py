"""``bokehbench render``: the command-line face of this package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .doctor import Check, check_package
from .errors import BadInputError


def render_command(
    image: Annotated[Path, typer.Argument(help="All-in-focus image. JPEG/PNG are display values, EXR/NPY/PFM light.")],
    disparity: Annotated[Path, typer.Argument(help="Disparity, larger = nearer: PNG (8/16 bit), EXR, NPY or PFM.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Image to write; the suffix decides as for the input.")],
    blur: Annotated[float, typer.Option("-K", "--blur", help="Blur radius in px per unit of disparity.")] = 20.0,
    focus: Annotated[float, typer.Option(help="The disparity that stays sharp.")] = 0.5,
    gamma: Annotated[float, typer.Option(help="light = display value ** gamma.")] = 2.2,
    raw: Annotated[bool, typer.Option("--raw", help="Use disparity as it stands, not scaled to [0, 1].")] = False,
    depth: Annotated[
        bool, typer.Option("--depth", help="The map holds planar depth in metres, not disparity.")
    ] = False,
    bits: Annotated[int, typer.Option(help="Bits of a PNG to write: 8 or 16.")] = 8,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0 = as torch sees fit.")] = 0,
) -> None:
    """Render shallow depth of field from one image and its disparity (classical scatter renderer)."""
    from .render import RenderSettings, render_file

    if not (0 < gamma < float("inf")):
        raise BadInputError(f"--gamma is {gamma}; expected a positive number such as 2.2")
    settings = RenderSettings(blur_parameter=blur, focus_disparity=focus, gamma=gamma, raw=raw, depth=depth)
    seconds = render_file(image, disparity, out, settings, bits=bits, threads=threads)
    typer.echo(f"{out} ({seconds:.1f} s)")


def doctor_checks() -> list[Check]:
    """Return what this package needs: torch, a GPU if there is one, and the readers of image files."""
    import torch

    packages = [check_package(name, f"pip install {name}") for name in ("numpy", "openexr", "imagecodecs", "pillow")]
    if torch.cuda.is_available():
        gpu = Check("CUDA GPU", "ok", torch.cuda.get_device_name(0))
    else:
        gpu = Check("CUDA GPU", "optional", "none seen by torch; everything runs on the CPU")
    threads = Check("torch", "ok", f"{torch.__version__}, {torch.get_num_threads()} threads")
    return [threads, gpu, *packages]
