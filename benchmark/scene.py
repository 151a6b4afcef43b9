"""What is given of one scene, the same for stacks and for pairs of photographs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bokeh_render.aperture import Aperture
from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import Encoding, Image, read_image, read_map
from bokeh_render.optics import DisparityRange, Float32
from bokeh_render.schema import load_json
from generator.stack import DISPARITY_FILE, INFO_FILE, Corruption, PairInfo, Stack, read_stack


@dataclass(frozen=True)
class Scene:
    """One scene.

    image: (H, W, 3), all in focus; disparity: (H, W), normalised to [0, 1]; blur_parameters: K, px per unit of it, one
    per blur level; focus_disparities: normalised, one per focus setting; stack: where metres are known, the same in
    1/metre; noise_floor: PSNR bound of the truth in dB by blur level, where measured.
    """

    image: Image
    disparity: Float32
    blur_parameters: tuple[float, ...]
    focus_disparities: tuple[float, ...]
    aperture: Aperture
    corruptions: tuple[Corruption, ...]
    stack: Stack | None

    @property
    def range(self) -> DisparityRange | None:
        """Range of the raw disparity, 1/metre, where metres are known."""
        return None if self.stack is None else self.stack.range

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in px."""
        return self.disparity.shape[0], self.disparity.shape[1]


def read_stack_scene(folder: Path) -> Scene:
    """Read a scene of a stack dataset. Raises BadInputError when a file is missing, broken or of another size."""
    stack = read_stack(folder)
    return Scene(
        image=Image(stack.light, Encoding.LIGHT),
        disparity=stack.range.normalise(stack.disparity),
        blur_parameters=tuple(k * stack.range.extent for k in stack.info.blur_parameters),
        focus_disparities=tuple(stack.range.normalise(focus) for focus in stack.info.focus_disparities),
        aperture=stack.info.aperture,
        corruptions=stack.info.corruptions,
        stack=stack,
    )


def read_pair_scene(folder: Path, image_file: str) -> Scene:
    """Read a pair's photograph, disparity and settings. Raises BadInputError as :func:`read_stack_scene`."""
    image = read_image(folder / image_file)
    disparity = read_map(folder / DISPARITY_FILE)
    if disparity.shape != image.pixels.shape[:2]:
        raise BadInputError(
            f"{folder / DISPARITY_FILE} is {disparity.shape[1]}×{disparity.shape[0]} but {image_file} is "
            f"{image.pixels.shape[1]}×{image.pixels.shape[0]}; expected equal sizes"
        )
    if not (np.isfinite(disparity).all() and disparity.min() >= 0 and disparity.max() <= 1):
        raise BadInputError(f"{folder / DISPARITY_FILE} leaves 0 … 1; expected normalised disparity, near = 1")
    info = load_json(PairInfo, folder / INFO_FILE)
    return Scene(
        image=image,
        disparity=disparity,
        blur_parameters=(info.blur_parameter_normalised,),
        focus_disparities=(info.focus_disparity_normalised,),
        aperture=Aperture(),
        corruptions=(),
        stack=None,
    )
