from __future__ import annotations

import numpy as np
import pytest

from bokeh_render.training_pairs import PairSettings, TrainingPair, draw_pair

from .made_pairs import MadePair, Taking, take

SCENES = PairSettings(height=192, width=288, blur_px=(5, 7), usual_gamma=1.0, night=0.0, most_layers=6)
INDICES = (3, 5, 6)


@pytest.fixture(scope="session")
def scenes() -> list[TrainingPair]:
    """Return three scenes traced through a lens, 288×192 px, K of 5 to 7 px or more."""
    return [draw_pair(SCENES, 31, index) for index in INDICES]


def photographed(scene: TrainingPair, seed: int, taking: Taking | None = None) -> MadePair:
    """Return what a hand-held camera makes of a scene."""
    return take(
        scene.display,
        scene.bokeh,
        scene.disparity,
        scene.blur_parameter,
        scene.focus_disparity,
        np.random.default_rng(seed),
        taking or Taking(),
    )


@pytest.fixture(scope="session")
def made(scenes: list[TrainingPair]) -> list[MadePair]:
    """Return the three scenes as photographed by hand."""
    return [photographed(scene, index) for scene, index in zip(scenes, INDICES, strict=True)]
