"""One image with its disparity, and any number of bokeh images from it: what ``bokehbench render`` does to a file."""

from __future__ import annotations

import dataclasses
import math
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .aperture import Aperture
from .aperture_shapes import Shape
from .classical.profiles import DEFAULT_PROFILE
from .errors import BadInputError
from .highlights import HighlightRecovery, recover_highlights
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
from .renderers import render_display

__all__ = ["Pixel", "Prepared", "RenderSettings", "prepare", "render_display", "render_file", "render_prepared"]

_AROUND_FOCUS_PIXEL = 2
_BITS = {".png": (8, 16), ".jpg": (8,), ".jpeg": (8,), ".exr": (32, 16), ".npy": (32,), ".pfm": (32,)}


class Pixel(NamedTuple):
    """A place in the image: px from its left and from its top, from 0."""

    x: int
    y: int


Focus = float | Pixel
"""A disparity, in the unit of K, or the pixel whose disparity is to be sharp."""


@dataclasses.dataclass(frozen=True)
class RenderSettings:
    """How to render; the same for every image and every step of a sweep.

    gamma: light = display ** gamma; raw: the map's own unit counts (else it is min-max normalised to [0, 1]); depth:
    the map holds planar metres, of which the disparity is 1/z; renderer: one of RENDERERS; aperture: the opening;
    profile, quality, backend: as :func:`bokeh_render.scatter` knows them; highlights: None leaves clipped lights alone.
    """

    gamma: float = DISPLAY_GAMMA
    raw: bool = False
    depth: bool = False
    renderer: str = "classical"
    aperture: Shape = dataclasses.field(default_factory=Aperture)
    profile: str = DEFAULT_PROFILE
    quality: str = "high"
    backend: str = "auto"
    highlights: HighlightRecovery | None = None

    def check(self) -> None:
        """Refuse, by rendering a few pixels, what the renderer cannot do; raises BadInputError."""
        few = np.zeros((4, 4, 3), dtype=np.float32)
        self.render(few, np.ones((4, 4), dtype=np.float32))

    def _choices(self) -> dict[str, Any]:
        """Return what :func:`render_display` is told."""
        names = ("renderer", "aperture", "profile", "gamma", "quality", "backend")
        return {name: getattr(self, name) for name in names}

    def render(self, display: Float32, defocus: Float32, *, threads: int = 0) -> Float32:
        """Call :func:`render_display` with these settings; highlights are not its business."""
        return render_display(display, defocus, threads=threads, **self._choices())

    def as_json(self) -> dict[str, Any]:
        """Return the settings as plain JSON values."""
        return {
            **{field.name: getattr(self, field.name) for field in dataclasses.fields(self)},
            "aperture": self.aperture.model_dump(mode="json"),
            "highlights": self.highlights and self.highlights.model_dump(mode="json"),
        }


class Prepared(NamedTuple):
    """An image and its disparity, read and checked.

    display: (H, W, 3) display values; disparity: (H, W), in the unit of K; normalised: (H, W), the same in [0, 1];
    extent: how much raw disparity the normalised unit spans; minimum: raw disparity at normalised 0.
    """

    display: Float32
    disparity: Float32
    normalised: Float32
    minimum: float
    extent: float

    def focus_disparity(self, focus: Focus) -> float:
        """Return the disparity to focus on; for a pixel, one that is found there: the median of 5 × 5 pixels.

        Raises BadInputError for a pixel outside the image and for a disparity that is not finite.
        """
        if not isinstance(focus, Pixel):
            if not math.isfinite(focus):
                raise BadInputError(f"focus disparity is {focus}; expected a finite number")
            return focus
        height, width = self.disparity.shape
        if not (0 <= focus.x < width and 0 <= focus.y < height):
            raise BadInputError(
                f"the focus pixel {focus.x},{focus.y} lies outside the image of {width}×{height}; "
                f"expected x from 0 to {width - 1} and y from 0 to {height - 1}"
            )
        near = _AROUND_FOCUS_PIXEL
        rows = slice(max(0, focus.y - near), focus.y + near + 1)
        columns = slice(max(0, focus.x - near), focus.x + near + 1)
        around = np.sort(self.disparity[rows, columns], axis=None)
        return float(around[(around.size - 1) // 2])  # one of the values: between two surfaces there is nothing


def prepare(image: Path, disparity: Path, settings: RenderSettings) -> Prepared:
    """Read one image and its disparity (or depth).

    Raises BadInputError for files that cannot be read, sizes that differ, NaN in the disparity, depth of 0 or less.
    """
    values = read_map(disparity)
    source = read_image(image, size_of_map=(values.shape[0], values.shape[1]))
    if values.shape != source.pixels.shape[:2]:
        raise BadInputError(
            f"{disparity} is {values.shape[1]}×{values.shape[0]} but {image} is "
            f"{source.pixels.shape[1]}×{source.pixels.shape[0]}; expected equal sizes"
        )
    if settings.depth:
        try:
            values = disparity_from_depth(values)
        except BadInputError as error:
            raise BadInputError(f"{disparity}: {error}") from None
    check_disparity(values, str(disparity))
    found = disparity_range(values)
    normalised = found.normalise(values)
    return Prepared(
        display=source.as_display(settings.gamma),
        disparity=values if settings.raw else normalised,
        normalised=normalised,
        minimum=found.minimum if settings.raw else 0.0,
        extent=(found.extent or 1.0) if settings.raw else 1.0,
    )


def render_prepared(
    pair: Prepared, blur_parameter: float, focus_disparity: float, settings: RenderSettings, *, threads: int = 0
) -> Float32:
    """Render one bokeh image, (H, W, 3) float32 display values, not clipped.

    blur_parameter: K, px of blur radius per unit of the disparity; focus_disparity: in the same unit.
    Raises BadInputError for a negative or non-finite K, and choices that the renderer does not know.
    """
    check_blur_parameter(blur_parameter)
    display = pair.display
    if settings.highlights is not None:
        focus_normalised = (focus_disparity - pair.minimum) / pair.extent
        display = recover_highlights(display, pair.normalised, focus_normalised, settings.highlights)
    return settings.render(display, signed_defocus(pair.disparity, blur_parameter, focus_disparity), threads=threads)


def render_file(
    image: Path,
    disparity: Path,
    out: Path,
    settings: RenderSettings | None = None,
    *,
    blur_parameter: float,
    focus: Focus,
    bits: int | None = None,
    threads: int = 0,
) -> float:
    """Render one image file with one disparity (or depth) file into ``out``; return the seconds it took to render.

    blur_parameter, focus: as :func:`render_prepared` and :data:`Focus` say; bits: None = what the suffix usually has
    (PNG and JPEG 8, the others 32). Raises BadInputError, before anything is written, for all that cannot be used.
    """
    settings = settings or RenderSettings()
    check_blur_parameter(blur_parameter)
    settings.check()
    bits = bits_for(out.suffix, bits)
    pair = prepare(image, disparity, settings)
    focus_disparity = pair.focus_disparity(focus)
    started = time.perf_counter()
    display = render_prepared(pair, blur_parameter, focus_disparity, settings, threads=threads)
    seconds = time.perf_counter() - started
    write_display(out, display, gamma=settings.gamma, bits=bits)
    return seconds


def write_display(out: Path, display: Float32, *, gamma: float, bits: int) -> None:
    """Write display values, (H, W, 3), to a file that holds display values or light, as its suffix says."""
    as_light = encoding_of(out) is Encoding.LIGHT
    write_image(out, light_from_display(display, gamma) if as_light else display, bits=bits)


def bits_for(suffix: str, bits: int | None) -> int:
    """Return the bit depth of a file with this suffix; None asks for the usual one.

    Raises BadInputError for an unknown suffix or a depth that such files do not have.
    """
    encoding_of(Path(f"image{suffix}"))
    possible = _BITS[suffix.lower()]
    if bits is not None and bits not in possible:
        kind = suffix[1:].upper()
        others = {8: "8: PNG, JPEG", 16: "16: PNG, EXR", 32: "32: EXR, NPY, PFM"}
        raise BadInputError(
            f"--bits is {bits}, but {kind} has {' or '.join(map(str, sorted(possible)))} bits"
            + (f" (files with {others[bits]})" if bits in others else "")
        )
    return bits or possible[0]
