"""The inputs of the controls: synthetic, small, and with answers that are known.

Everything is built in normalised disparity, with min and max exactly 0 and 1 wherever the picture is not flat, so that
a method that normalises again changes nothing. Raw disparity has another range, so that mixing the two shows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage

from bokeh_render.aperture import Aperture
from bokeh_render.optics import DISPLAY_GAMMA, DisparityRange, display_from_light

from ..methods.interface import MethodInput

WIDTH, HEIGHT = 320, 240
RAW_RANGE = DisparityRange(0.15, 0.45)  # 1/m; its extent is far from 1, 1/2 and 2

RADII_PX = ((1.0, 2.0, 3.0, 4.0), (6.0, 8.0), (12.0, 16.0), (24.0, 32.0), (40.0,))
"""One picture per group; each radius once behind the focus (upper row) and once in front of it (lower row)."""

PLATEAU_LIGHT = 0.2  # of a blurred light's disc: bright in 8 bits, and not clipped if the disc is half as wide
BACKGROUND_DISPLAY = 5 / 255  # dark, and whole steps of both 8 and 16 bits
BACKGROUND_LIGHT = BACKGROUND_DISPLAY**DISPLAY_GAMMA

POLYGONS = {
    "hexagon": Aperture(blades=6, rotation_rad=math.radians(20.0)),
    "pentagon": Aperture(blades=5, rotation_rad=math.radians(12.0)),
}
"""The rotations tell upright, mirrored and turned apart; the pentagon also tells a half turn, the hexagon cannot."""
POLYGON_RADIUS_PX = 36.0
OTHER_GAMMA = 3.0

GREY_DISPLAY = 128 / 255
GREY_DEFOCUS_PX = (0.0, -4.0, -12.0, 4.0, 0.0, 12.0, -16.0, 16.0)
GREY_BORDER_PX = 20

PLANE_RADII_PX = (2.0, 4.0, 8.0, 16.0)
FOCUS_RADIUS_PX = 12.0
OCCLUSION_RADIUS_PX = 16.0
OCCLUSION_DISPLAY = (0.8, 0.2)  # of the near half plane and the far one in the upper strip; swapped in the lower


@dataclass(frozen=True)
class Light:
    """A point light: where (rows, columns), its signed defocus, its light above the background, and its own cell."""

    y: int
    x: int
    defocus_px: float
    light: float
    cell: tuple[slice, slice]


@dataclass(frozen=True)
class Sheet:
    """A dark picture with point lights, one in the middle of each cell; a cell has one defocus."""

    sample: MethodInput
    lights: tuple[Light, ...]


def control_input(
    name: str,
    display: ArrayLike,
    disparity: ArrayLike,
    blur_parameter: float,
    focus_disparity: float,
    *,
    aperture: Aperture | None = None,
    gamma: float = DISPLAY_GAMMA,
) -> MethodInput:
    """Return an input whose raw numbers follow from the normalised ones; arrays are read-only, as in a benchmark."""
    normalised = np.array(disparity, dtype=np.float32)
    picture = np.array(display, dtype=np.float32)
    raw = RAW_RANGE.denormalise(normalised)
    for array in (normalised, picture, raw):
        array.setflags(write=False)
    return MethodInput(
        display=picture,
        disparity=normalised,
        blur_parameter=blur_parameter,
        focus_disparity=focus_disparity,
        disparity_raw=raw,
        blur_parameter_raw=blur_parameter / RAW_RANGE.extent,
        focus_disparity_raw=RAW_RANGE.denormalise(focus_disparity),
        gamma=gamma,
        aperture=aperture or Aperture(),
        name=name,
    )


@cache
def light_sheet(group: int, gamma: float = DISPLAY_GAMMA) -> Sheet:
    """Return the lights of ``RADII_PX[group]``: behind the focus in the upper row, in front of it in the lower."""
    radii = RADII_PX[group]
    if len(radii) == 1:
        rows: list[list[float]] = [[-radii[0], radii[0]]]
    else:
        rows = [[-radius for radius in radii], list(radii)]
    name = f"lights {radii[0]:g} to {radii[-1]:g} px" + ("" if gamma == DISPLAY_GAMMA else f", gamma {gamma:g}")
    return _sheet(name, rows, Aperture(), gamma)


@cache
def polygon_sheet(name: str) -> Sheet:
    """Return two lights seen through one of POLYGONS: left behind the focus, right in front."""
    return _sheet(name, [[-POLYGON_RADIUS_PX, POLYGON_RADIUS_PX]], POLYGONS[name], DISPLAY_GAMMA)


def _sheet(name: str, rows: list[list[float]], aperture: Aperture, gamma: float) -> Sheet:
    height, width = HEIGHT // len(rows), WIDTH // len(rows[0])
    background = BACKGROUND_DISPLAY**gamma
    light = np.full((HEIGHT, WIDTH), background)
    defocus = np.zeros((HEIGHT, WIDTH))
    lights = []
    for row, radii in enumerate(rows):
        for column, radius in enumerate(radii):
            cell = (slice(row * height, (row + 1) * height), slice(column * width, (column + 1) * width))
            y, x = row * height + height // 2, column * width + width // 2
            emitted = PLATEAU_LIGHT * math.pi * radius**2 * aperture.area
            light[y, x] += emitted
            defocus[cell] = radius
            lights.append(Light(y, x, radius, emitted, cell))
    largest = float(np.abs(defocus).max())
    display = display_from_light(np.repeat(light[..., None], 3, axis=2), gamma)
    disparity = 0.5 + defocus / (2 * largest)
    return Sheet(
        control_input(name, display, disparity, 2 * largest, 0.5, aperture=aperture, gamma=gamma), tuple(lights)
    )


def texture(rng: np.random.Generator, height: int, width: int) -> NDArray[np.float64]:
    """Return a random colour texture (height, width, 3), display values 0.1 to 0.9, detail from 1.5 to 12 px."""
    picture = np.zeros((height, width, 3))
    for sigma in (0.7, 2.0, 6.0):
        octave = ndimage.gaussian_filter(rng.standard_normal((height, width, 4)), (sigma, sigma, 0), mode="wrap")
        octave /= octave.std()
        picture += octave[..., :1] + 0.7 * octave[..., 1:]
    picture -= picture.mean()
    return np.asarray(0.5 + 0.4 * np.tanh(0.6 * picture))


def _rng(*key: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([2026, *key])))


@cache
def plane_texture() -> NDArray[np.float64]:
    """Return the texture that both halves of :func:`two_planes` show, (HEIGHT, WIDTH // 2, 3)."""
    return texture(_rng(1), HEIGHT, WIDTH // 2)


@cache
def two_planes(name: str, blur_parameter: float, focus_disparity: float) -> MethodInput:
    """Return a textured picture whose left half is near (disparity 1) and whose right half is far (0)."""
    display = np.concatenate([plane_texture(), plane_texture()], axis=1)
    disparity = np.zeros((HEIGHT, WIDTH))
    disparity[:, : WIDTH // 2] = 1.0
    return control_input(name, display, disparity, blur_parameter, focus_disparity)


def plane(radius_px: float) -> MethodInput:
    """Return :func:`two_planes` with the focus in the middle: blur of one radius in front and behind."""
    return two_planes(f"planes {radius_px:g} px", 2 * radius_px, 0.5)


@cache
def grey_stairs() -> MethodInput:
    """Return an even grey over steps of disparity, one per entry of GREY_DEFOCUS_PX, from left to right."""
    defocus = np.repeat(GREY_DEFOCUS_PX, WIDTH // len(GREY_DEFOCUS_PX))
    lowest, highest = min(GREY_DEFOCUS_PX), max(GREY_DEFOCUS_PX)
    blur_parameter = highest - lowest
    disparity = np.broadcast_to((defocus - lowest) / blur_parameter, (HEIGHT // 2, WIDTH))
    display = np.full((HEIGHT // 2, WIDTH, 3), GREY_DISPLAY)
    return control_input("even grey", display, disparity, blur_parameter, -lowest / blur_parameter)


@cache
def half_planes(near_in_focus: bool) -> MethodInput:
    """Return a near half plane (left) before a far one, (128, 160); one of them sharp, the other blurred.

    The upper strip has a bright near plane before a dark far one, the lower strip the reverse.
    """
    near, far = OCCLUSION_DISPLAY
    display = np.empty((128, 160, 3))
    display[:64, :80], display[:64, 80:] = near, far
    display[64:, :80], display[64:, 80:] = far, near
    disparity = np.zeros((128, 160))
    disparity[:, :80] = 1.0
    name = "sharp edge before blur" if near_in_focus else "blurred edge before sharpness"
    return control_input(name, display, disparity, OCCLUSION_RADIUS_PX, 1.0 if near_in_focus else 0.0)


@cache
def hard_cases() -> dict[str, MethodInput]:
    """Return what breaks programs: odd sizes, extreme and no defocus, strong lights, blackness, and one case again."""
    odd = _rough("odd size 127×61", 61, 127, 20.0, 2)
    cases = [
        odd,
        _rough("odd size 64×200, lights", 200, 64, 12.0, 3, lights=30.0),
        _rough("defocus to 200 px", 64, 96, 400.0, 4),
    ]
    flat = control_input("flat disparity in focus", texture(_rng(5), 64, 96), np.zeros((64, 96)), 20.0, 0.0)
    black = control_input("black", np.zeros((64, 96, 3)), _hills(64, 96), 20.0, 0.4)
    cases += [flat, black, _rough("the same again", 61, 127, 20.0, 2)]
    return {case.name: case for case in cases}


def _rough(name: str, height: int, width: int, blur_parameter: float, key: int, *, lights: float = 0.0) -> MethodInput:
    display = texture(_rng(key), height, width)
    if lights:
        display[::40, ::24] = lights
    return control_input(name, display, _hills(height, width), blur_parameter, 0.5)


def _hills(height: int, width: int) -> NDArray[np.float64]:
    """Return a disparity map with slopes and one step, 0 to 1."""
    y, x = np.meshgrid(np.linspace(0, 1, height), np.linspace(0, 1, width), indexing="ij")
    hills = 0.6 * x + 0.2 * np.sin(5 * y) * np.cos(4 * x) + 0.4 * ((x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.06)
    return np.asarray((hills - hills.min()) / (hills.max() - hills.min()))
