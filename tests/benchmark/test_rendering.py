"""What a rendering tells of a dataset has to be something that a protocol can be asked of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from benchmark.protocols import PROTOCOLS
from benchmark.rendering import MOST_SAMPLES, Rendering
from bokeh_render.errors import BadInputError
from bokeh_render.schema import parse


def content() -> dict[str, Any]:
    scene = {"size_px": [48, 64], "blur_parameters": [4.0, 8.0], "focus_disparities": [0.0, 1.0], "corruptions": ["a"]}
    return {
        "name": "made",
        "version": "1.0",
        "takes": "stacks",
        "recipe_sha256": None,
        "files_sha256": "f" * 64,
        "scenes": {"first": scene, "second": dict(scene)},
    }


def test_samples_follow_from_what_it_tells() -> None:
    rendering = parse(Rendering, content(), "made")
    assert len(rendering.samples(PROTOCOLS["blb-v1"])) == len(rendering.truths) == 8
    assert len(rendering.samples(PROTOCOLS["blb-corrupted-v1"])) == 8


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda c: c["scenes"]["first"].update(corruptions=[]), "second has other corrupted maps than first; expected"),
        (lambda c: c["scenes"]["first"].update(blur_parameters=[]), "scenes.first.blur_parameters: "),
        (lambda c: c["scenes"]["first"].update(focus_disparities=[]), "scenes.first.focus_disparities: "),
        (
            lambda c: c["scenes"]["first"].update(blur_parameters=[1.0] * 3000, focus_disparities=[0.0] * 3000),
            f"there are 9000004 samples; expected at most {MOST_SAMPLES}: split the dataset",
        ),
        (lambda c: c.update(scenes={}), "scenes: "),
    ],
)
def test_what_cannot_be_asked_of_is_refused(change: Callable[[dict[str, Any]], None], words: str) -> None:
    told = content()
    change(told)
    with pytest.raises(BadInputError) as refused:
        parse(Rendering, told, "made")
    assert words in str(refused.value)
