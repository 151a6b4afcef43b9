"""One rendering of a dataset, told in a page: which scenes, levels and settings there are, without the files.

A leaderboard keeps it beside the results, so that what a protocol demands is known from the dataset and never from what
somebody happened to hand in.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from bokeh_render.schema import Record
from generator.stack import SampleKey

from .protocols import Protocol
from .samples import Sample, demanded

MOST_SAMPLES = 1_000_000
"""Of one rendering. An entry of so many would have some 70 MB, and the full BLB under corrupted maps has 7500."""


class RenderedScene(Record):
    """One scene. size_px: height, width; blur_parameters: K, px per unit of normalised disparity, by blur level.

    focus_disparities: normalised, by focus setting; noise_floor: PSNR bound of the truth in dB by blur level, where it
    was measured; corruptions: what each corrupted disparity map is.
    """

    size_px: tuple[Annotated[int, Field(ge=1)], Annotated[int, Field(ge=1)]]
    blur_parameters: Annotated[tuple[float, ...], Field(min_length=1)]
    focus_disparities: Annotated[tuple[float, ...], Field(min_length=1)]
    noise_floor: dict[int, float] = Field(default_factory=dict)
    corruptions: tuple[str, ...] = ()


class Rendering(Record):
    """Name, version and hashes of a dataset, and its scenes by name. takes: ``stacks`` or ``pairs``.

    All scenes have the same corrupted maps, or none has any: a map's index means the same in each.
    """

    schema_version: Literal[1] = 1
    name: str
    version: str
    takes: Literal["stacks", "pairs"]
    recipe_sha256: str | None
    files_sha256: str
    scenes: Annotated[dict[str, RenderedScene], Field(min_length=1)]

    @model_validator(mode="after")
    def _maps_are_the_same_in_every_scene(self) -> Rendering:
        first_name, first = next(iter(self.scenes.items()))
        for name, scene in self.scenes.items():
            if scene.corruptions != first.corruptions:
                raise ValueError(
                    f"{name} has other corrupted maps than {first_name}; expected the same in every scene: generate "
                    "the dataset with one list of them"
                )
        return self

    @model_validator(mode="after")
    def _samples_can_be_listed(self) -> Rendering:
        count = sum(
            len(scene.blur_parameters) * len(scene.focus_disparities) * max(1, len(scene.corruptions))
            for scene in self.scenes.values()
        )
        if count > MOST_SAMPLES:
            raise ValueError(f"there are {count} samples; expected at most {MOST_SAMPLES}: split the dataset")
        return self

    @property
    def truths(self) -> tuple[SampleKey, ...]:
        """Every ground truth, in order."""
        return tuple(
            SampleKey(name, blur, focus)
            for name, scene in self.scenes.items()
            for blur in range(len(scene.blur_parameters))
            for focus in range(len(scene.focus_disparities))
        )

    def samples(self, protocol: Protocol) -> tuple[Sample, ...]:
        """Return every prediction that a protocol demands."""
        return demanded(protocol, self.truths, lambda scene: len(self.scenes[scene].corruptions))
