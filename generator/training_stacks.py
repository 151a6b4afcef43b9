"""Rendered stacks as training pairs: a crop of a scene's image, its disparity and one of its bokeh images.

The pairs are those of ``bokeh_render.training_pairs``, so stacks and drawn scenes mix (``Mixture``). Test scenes are
refused: a network must not be trained on what it is scored on.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from numpy.random import PCG64, Generator, SeedSequence
from pydantic import Field

from blender_scenes.catalogue import SCENES
from bokeh_render.aperture import Aperture
from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_image, read_map
from bokeh_render.optics import DISPLAY_GAMMA, Float32, display_from_light
from bokeh_render.schema import Record, load_json
from bokeh_render.training_pairs import ImperfectSettings, TrainingPair, imperfect

from .stack import DATASET_FILE, DISPARITY_AA_FILE, INFO_FILE, Stack, StackInfo, bokeh_file, bokeh_name, read_stack

_SCENES_IN_MEMORY = 16
Probability = Annotated[float, Field(ge=0.0, le=1.0)]


class StackPairSettings(Record):
    """How pairs are cut from stacks.

    height, width: px of the crop; a scene that is smaller is refused. exposure: range of a factor on all light.
    usual_gamma: probability of gamma 2.2, else even in gamma_range (scattering happens in light, so every gamma is as
    true). mixed_disparity: probability of the antialiased disparity, where the dataset has it. largest_blur_px: blur
    levels that reach further in some focus setting are left out, so that a crop's rim does not matter.
    """

    height: Annotated[int, Field(ge=16)] = 256
    width: Annotated[int, Field(ge=16)] = 256
    exposure: tuple[float, float] = (0.6, 1.6)
    usual_gamma: Probability = 0.5
    gamma_range: tuple[float, float] = (1.0, 5.0)
    mixed_disparity: Probability = 0.25
    largest_blur_px: Annotated[float, Field(gt=0.0)] = 16.0
    imperfect: ImperfectSettings = ImperfectSettings()


class StackPairs:
    """The samples of a dataset of stacks; an instance is a draw: ``pairs(seed, index)`` is a random crop of one.

    dataset: a finished dataset; exclude: families held out. Raises BadInputError for an unknown family, for a test
    scene that is not excluded, for an opening that is no disc, and when nothing is left.
    """

    def __init__(self, dataset: Path, settings: StackPairSettings | None = None, exclude: Collection[str] = ()) -> None:
        self.settings = settings = settings or StackPairSettings()
        known = {entry.family for entry in SCENES.values()}
        if not known.issuperset(exclude):
            raise BadInputError(f"exclude names {sorted(set(exclude) - known)}; expected families: {sorted(known)}")
        self.folders = [folder for folder in _scene_folders(dataset) if _family(folder.name) not in exclude]
        tests = [folder.name for folder in self.folders if folder.name in SCENES]
        if tests:
            raise BadInputError(
                f"{dataset} holds the test scenes {', '.join(tests)}; expected training scenes (name@seed): networks "
                "are scored on test scenes; exclude them, or generate a dataset with --count"
            )
        self.samples = [sample for folder in self.folders for sample in _samples(folder, settings.largest_blur_px)]
        if not self.samples:
            raise BadInputError(
                f"{dataset} has no sample with at most {settings.largest_blur_px} px of blur outside the excluded "
                "families; generate lower blur levels, or raise largest_blur_px"
            )

    def __call__(self, seed: int, index: int) -> TrainingPair:
        """Return the pair ``index`` of the stream ``seed``: a random crop, perhaps mirrored, of a random sample."""
        rng, settings = Generator(PCG64(SeedSequence([seed, index]))), self.settings
        folder, blur, focus = self.samples[rng.integers(len(self.samples))]
        stack = _stack(folder)
        crop = _crop(rng, stack.light.shape[:2], (settings.height, settings.width), folder)
        mixed = folder / DISPARITY_AA_FILE
        raw = stack.disparity
        if rng.uniform() < settings.mixed_disparity and mixed.exists():
            raw = read_map(mixed)
        disparity = stack.range.normalise(raw).clip(0.0, 1.0)
        bokeh = read_image(folder / bokeh_file(blur, focus)).pixels
        wrong = imperfect(rng, disparity, settings.imperfect)
        drawn = float(rng.uniform(*settings.gamma_range))
        gamma = DISPLAY_GAMMA if rng.uniform() < settings.usual_gamma else drawn
        exposure = rng.uniform(*settings.exposure)
        turn = -1 if rng.uniform() < 0.5 else 1
        return TrainingPair(
            display=_cut(display_from_light(stack.light * exposure, gamma), crop, turn),
            disparity=_cut(disparity, crop, turn),
            imperfect=_cut(wrong, crop, turn),
            bokeh=_cut(display_from_light(bokeh * exposure, gamma), crop, turn),
            blur_parameter=float(stack.info.blur_parameters[blur] * stack.range.extent),
            focus_disparity=float(stack.range.normalise(stack.info.focus_disparities[focus])),
            gamma=gamma,
            name=f"{folder.name}/{bokeh_name(blur, focus)}",
        )


def _scene_folders(dataset: Path) -> Sequence[Path]:
    if not (dataset / DATASET_FILE).exists():
        raise BadInputError(f"{dataset} has no {DATASET_FILE}; expected a finished dataset of bokehbench generate")
    return sorted(path.parent for path in (dataset / "scenes").glob(f"*/{INFO_FILE}"))


def _family(scene: str) -> str:
    entry = SCENES.get(scene.split("@", maxsplit=1)[0])
    return entry.family if entry else scene


def _samples(folder: Path, largest_blur_px: float) -> list[tuple[Path, int, int]]:
    """Return (folder, blur, focus) of the samples whose blur nowhere passes a radius."""
    info = load_json(StackInfo, folder / INFO_FILE)
    if info.aperture != Aperture():
        raise BadInputError(
            f"{folder} was rendered with the opening {info.aperture.model_dump(mode='json')}; expected a disc, as the "
            "networks and the classical render that they start from know no other: generate with the usual aperture"
        )
    extent = _stack(folder).range.extent
    return [
        (folder, blur, focus)
        for blur, blur_parameter in enumerate(info.blur_parameters)
        if blur_parameter * extent <= largest_blur_px
        for focus in range(len(info.focus_distances))
    ]


@lru_cache(maxsize=_SCENES_IN_MEMORY)
def _stack(folder: Path) -> Stack:
    return read_stack(folder)


def _crop(rng: Generator, whole: tuple[int, ...], part: tuple[int, int], folder: Path) -> tuple[slice, slice]:
    if whole[0] < part[0] or whole[1] < part[1]:
        raise BadInputError(
            f"{folder} is {whole[1]}×{whole[0]}, smaller than a crop of {part[1]}×{part[0]}; ask for smaller crops"
        )
    top, left = (int(rng.integers(most - size + 1)) for most, size in zip(whole, part, strict=True))
    return slice(top, top + part[0]), slice(left, left + part[1])


def _cut(values: Float32, crop: tuple[slice, slice], turn: int) -> Float32:
    cut = values[crop][:, ::turn]
    return cut.astype("float32", order="C")
