"""From files to a rendered file: what ``bokehbench render`` does, as a function."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from pathlib import Path

from .errors import BadInputError
from .imagefile import Encoding, encoding_of, read_image, read_map, write_image
from .optics import (
    DISPLAY_GAMMA,
    Float32,
    check_blur_parameter,
    check_disparity,
    disparity_from_depth,
    disparity_range,
    light_from_display,
    signed_defocus,
)


@dataclass(frozen=True)
class RenderSettings:
    """How to render.

    blur_parameter: K, px of blur radius per unit of disparity; focus_disparity: in the same unit; gamma: light =
    display ** gamma; raw: the map's own unit counts (else it is min-max normalised to [0, 1]); depth: the map holds
    planar metres, of which the disparity is 1/z.
    """

    blur_parameter: float
    focus_disparity: float
    gamma: float = DISPLAY_GAMMA
    raw: bool = False
    depth: bool = False


def render_display(display: Float32, defocus: Float32, *, gamma: float = DISPLAY_GAMMA) -> Float32:
    """Render bokeh classically, NumPy in and out.

    display: (H, W, 3) display values, not clipped; defocus: (H, W), px, positive in front of the focal plane.
    Returns (H, W, 3) float32 display values. Raises BadInputError for sizes that do not fit, NaN or infinity.
    """
    import torch

    from .classical import render_classical

    if display.ndim != 3 or defocus.shape != display.shape[:2]:
        raise BadInputError(f"image is {display.shape} and disparity {defocus.shape}; expected equal height and width")
    colours = torch.from_numpy(display.transpose(2, 0, 1)[None].copy())
    blur = torch.from_numpy(defocus.astype("float32")[None, None].copy())
    with torch.no_grad():
        bokeh = render_classical(colours, blur, gamma=gamma).bokeh
    result: Float32 = bokeh[0].permute(1, 2, 0).contiguous().numpy()
    return result


def render_file(
    image: Path, disparity: Path, out: Path, settings: RenderSettings, *, bits: int = 8, threads: int = 0
) -> float:
    """Render one image file with one disparity (or depth) file into ``out``; return the seconds it took to render.

    Raises BadInputError, before anything is written, for files that cannot be read, sizes that differ, NaN in the
    disparity, or a K below 0.
    """
    import torch

    check_blur_parameter(settings.blur_parameter)
    if not math.isfinite(settings.focus_disparity):
        raise BadInputError(f"focus disparity is {settings.focus_disparity}; expected a finite number")
    encoding = encoding_of(out)
    source = read_image(image)
    values = read_map(disparity)
    if values.shape != source.pixels.shape[:2]:
        raise BadInputError(
            f"{disparity} is {values.shape[1]}×{values.shape[0]} but {image} is "
            f"{source.pixels.shape[1]}×{source.pixels.shape[0]}; expected equal sizes"
        )
    if settings.depth:
        values = disparity_from_depth(values)
    check_disparity(values, str(disparity))
    if not settings.raw:
        values = disparity_range(values).normalise(values)
    if threads:
        torch.set_num_threads(threads)
    started = time.perf_counter()
    defocus = signed_defocus(values, settings.blur_parameter, settings.focus_disparity)
    display = render_display(source.as_display(settings.gamma), defocus, gamma=settings.gamma)
    seconds = time.perf_counter() - started
    write_image(
        out,
        display if encoding is Encoding.DISPLAY else light_from_display(display, settings.gamma),
        bits=bits_for(out, bits),
    )
    return seconds


def bits_for(out: Path, png_bits: int) -> int:
    """Return the bit depth for a file of this name: as asked for PNG, 32 for EXR."""
    return 32 if out.suffix.lower() == ".exr" else png_bits
