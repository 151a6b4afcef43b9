"""The job file: all that another program is told about the images it is to render, and what it may tell in return."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bokeh_render.aperture import Aperture
from bokeh_render.schema import Record

JOB_VERSION: Literal[1] = 1
OUTPUT_SUFFIXES = (".npy", ".exr", ".png")
"""What a program may write, in the order of every message."""

Encoding = Literal["display", "light"]

_ABOUT = (
    "Render every sample and write its bokeh image, of the size of its input, to its output path with .npy, .png "
    "(8 or 16 bits) or .exr added. PNG is read as display values, EXR as light, NPY (floating-point, height x width x "
    "3, RGB) as output_encoding says; light = display value ** gamma. Disparity is larger where it is nearer; the "
    "signed blur radius of a pixel is blur_parameter * (disparity - focus_disparity), in pixels, positive in front of "
    "the focal plane, or the same with the three raw values, whose unit is 1/metre. The program may also write output "
    'path + .json, {"seconds": 0.12, "peak_gpu_memory_mb": 900}, to tell what this one image cost.'
)


class JobSample(Record):
    """One image to render.

    name: for messages only; image: file of the all-in-focus image, (H, W, 3); disparity: file of the map, (H, W),
    normalised to [0, 1]; disparity_raw: the same in 1/metre; blur_parameter, blur_parameter_raw: K in px per unit of
    the one or the other; focus_disparity, focus_disparity_raw: the disparity that is sharp; the raw three are null
    where nobody knows metres. aperture: see :class:`bokeh_render.aperture.Aperture`. output: where the result goes,
    without its suffix; output_encoding: what the numbers of an NPY file written there are taken for. All paths are
    absolute.
    """

    name: str
    image: str
    disparity: str
    disparity_raw: str | None
    blur_parameter: float
    blur_parameter_raw: float | None
    focus_disparity: float
    focus_disparity_raw: float | None
    aperture: Aperture
    output: str
    output_encoding: Encoding


class Job(Record):
    """What one start of a program has to do. gamma: light = display ** gamma; image_encoding: what the images hold."""

    job_version: Literal[1] = JOB_VERSION
    about: str = _ABOUT
    gamma: float
    image_encoding: Encoding
    samples: tuple[JobSample, ...]


class OutputNotes(Record):
    """What a program may tell about one image, in a JSON file beside it. seconds: wall-clock, without reading files."""

    seconds: float | None = Field(default=None, ge=0)
    peak_gpu_memory_mb: float | None = Field(default=None, ge=0)
