"""A thousand different scenes in one line: how many, from which seed on, of which families."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from blender_scenes.catalogue import SCENES
from bokeh_render.errors import BadInputError
from bokeh_render.schema import Record

from .scene_source import TEST_SEED


class TrainingPlan(Record):
    """Training scenes to draw.

    count: how many in all; first_seed: of each family, counted up from there; exclude: families held out, so that a
    method can be tested on kinds of scenes it has never seen.
    """

    count: Annotated[int, Field(ge=1, le=1_000_000)]
    first_seed: Annotated[int, Field(gt=TEST_SEED)] = 1
    exclude: tuple[str, ...] = ()

    @field_validator("exclude")
    @classmethod
    def _families_exist(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        known = sorted({entry.family for entry in SCENES.values()})
        for name in names:
            if name not in known:
                raise BadInputError(f"unknown family {name!r}; expected one of {', '.join(known)}")
        if set(names) == set(known):
            raise BadInputError("all families are excluded; expected at least one to draw from")
        return names


def training_scenes(plan: TrainingPlan) -> tuple[str, ...]:
    """Return ``name@seed`` for every scene of a plan, the families in turn."""
    names = [entry.name for entry in SCENES.values() if entry.family not in plan.exclude]
    return tuple(f"{names[index % len(names)]}@{plan.first_seed + index // len(names)}" for index in range(plan.count))
