"""What a dataset's scene is made from: a named test scene, or a training scene ``name@seed`` of the same family."""

from __future__ import annotations

import re
from dataclasses import dataclass

from blender_scenes.catalogue import SCENES
from bokeh_render.errors import BadInputError

TEST_SEED = 0
"""The seed with which every test scene is built; refused for training."""


@dataclass(frozen=True)
class SceneSource:
    """One scene to build. id: its folder's name in a dataset; name: in the catalogue; seed: of its random numbers;
    free: drawn from its family (training) instead of as composed (test).
    """

    id: str
    name: str
    seed: int
    free: bool


def parse_scene(text: str) -> SceneSource:
    """Read ``window_table`` or ``window_table@17``; raises BadInputError that says what is known or allowed."""
    name, at, seed = text.partition("@")
    if name not in SCENES:
        raise BadInputError(f"unknown scene {name!r}; expected one of {', '.join(SCENES)}")
    if not at:
        return SceneSource(text, name, TEST_SEED, free=False)
    if not re.fullmatch(r"0|[1-9][0-9]{0,8}", seed):
        raise BadInputError(f"{text!r} is not a scene; expected {name}@SEED with a whole number as seed")
    if int(seed) == TEST_SEED:
        raise BadInputError(f"{text!r}: seed {TEST_SEED} is the test scene's; choose another, from 1 on")
    return SceneSource(text, name, int(seed), free=True)
