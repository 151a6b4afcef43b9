"""What the page of pictures needs to know of a board's samples: settings, scores, and where each picture lies."""

from __future__ import annotations

from typing import Any

from benchmark.results import SampleScore
from benchmark.samples import Sample

from .arrangement import ShownBoard
from .picture_places import ERROR, FULL, SMALL, PicturePlaces
from .wording import scene_label

_DIGITS = {"psnr": 3, "ssim": 5, "lpips": 5}


def sample_data(shown: ShownBoard) -> dict[str, Any]:
    """Return the data of a board with pictures.

    scenes: their blur levels and focus settings as ``[index, K]`` and ``[index, disparity]``, both normalised. methods:
    their scores by scene, blur level, focus setting, each ``[psnr, ssim, lpips]``, None where there is none.
    """
    places = PicturePlaces.of(shown)
    settings = {scene: _settings(shown, scene) for scene in shown.board.scenes}
    return {
        "title": shown.title,
        "top": places.top,
        "suffixes": {"full": FULL, "small": SMALL, "error": ERROR},
        "scenes": [
            {
                "name": scene,
                "label": scene_label(scene),
                "folder": places.scenes[scene],
                "size": list(reversed(shown.board.rendering.scenes[scene].size_px)),
                "levels": levels,
                "focus": focus,
            }
            for scene, (levels, focus) in settings.items()
        ],
        "methods": [
            {"name": name, "folder": places.methods.get(name), "scores": _scores(shown, name, settings)}
            for name in shown.board.entries
        ],
    }


Settings = tuple[list[list[float]], list[list[float]]]


def _settings(shown: ShownBoard, scene: str) -> Settings:
    told = shown.board.rendering.scenes[scene]
    own = shown.board.samples(scene=scene)
    levels = sorted({sample.blur for sample in own})
    focus = sorted({sample.focus for sample in own})
    return (
        [[blur, round(told.blur_parameters[blur], 4)] for blur in levels],
        [[index, round(told.focus_disparities[index], 6)] for index in focus],
    )


def _scores(
    shown: ShownBoard, method: str, settings: dict[str, Settings]
) -> list[list[list[list[float | None] | None]]]:
    scores = {score.sample: score for score in shown.board.entries[method].result.samples}
    return [
        [[_score(scores.get(Sample(scene, int(blur), int(index)))) for index, _ in focus] for blur, _ in levels]
        for scene, (levels, focus) in settings.items()
    ]


def _score(score: SampleScore | None) -> list[float | None] | None:
    if score is None:
        return None
    values = score.metrics.model_dump()
    return [None if values[metric] is None else round(values[metric], digits) for metric, digits in _DIGITS.items()]
