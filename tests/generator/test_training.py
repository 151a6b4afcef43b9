"""Training scenes: which are drawn, which are refused by name, and that a refused draw is drawn again and told of."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from blender_scenes.catalogue import SCENES
from bokeh_render.errors import BadInputError
from bokeh_render.journal import read_journal
from bokeh_render.schema import load_json
from generator import scene_unit
from generator.build import generate
from generator.config import GenerateConfig, load_preset
from generator.scene_source import parse_scene
from generator.stack import RenderedStackInfo
from generator.training import TrainingPlan, training_scenes

DRAWN = GenerateConfig(
    name="drawn",
    scenes=("glass_and_metal@3",),
    width=48,
    height=32,
    image_samples=1,
    bokeh_samples=8,
    blur_levels=(1.0,),
    focus_disparities=(0.5,),
)


def test_a_thousand_different_scenes_are_one_preset() -> None:
    scenes = load_preset("train").scenes
    assert len(scenes) == len(set(scenes)) == 1000
    assert all(parse_scene(scene).free for scene in scenes)


def test_held_out_families_are_not_drawn_and_seeds_count_up() -> None:
    plan = TrainingPlan(count=20, first_seed=7, exclude=("street", "chess"))
    drawn = [parse_scene(scene) for scene in training_scenes(plan)]
    assert {source.name for source in drawn} == set(SCENES) - {"blue_hour_street", "chessboard"}
    assert {source.seed for source in drawn} == {7, 8, 9}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("window_table@0", "seed 0 is the test scene's"),
        ("window_table@-1", "expected window_table@SEED"),
        ("window_table@", "expected window_table@SEED"),
        ("window_table@1.5", "expected window_table@SEED"),
        ("atlantis@3", "unknown scene 'atlantis'"),
    ],
)
def test_what_is_no_training_scene(text: str, message: str) -> None:
    with pytest.raises(BadInputError, match=message):
        parse_scene(text)


def test_a_plan_that_draws_nothing_or_test_seeds_is_refused() -> None:
    everything = tuple({entry.family for entry in SCENES.values()})
    for plan in ({"exclude": everything}, {"exclude": ("mars",)}, {"first_seed": 0}, {"count": 0}):
        with pytest.raises(ValidationError):
            TrainingPlan.model_validate({"count": 5, **plan})


def test_a_refused_draw_is_drawn_again_and_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    verdicts = iter([["too dull"], ["too dark", "too near"], []])
    monkeypatch.setattr(scene_unit, "reasons_to_refuse", lambda depth: next(verdicts))
    journals: list[object] = []
    finish = scene_unit.write_json

    def keep_journal(path: Path, content: object) -> None:
        if path.name == "info.json":
            journals.extend(read_journal(tmp_path / "out" / ".work" / "glass_and_metal@3" / "refused.jsonl"))
        finish(path, content)

    monkeypatch.setattr(scene_unit, "write_json", keep_journal)
    generate(DRAWN, tmp_path / "out", threads=2)
    info = load_json(RenderedStackInfo, tmp_path / "out" / "scenes" / "glass_and_metal@3" / "info.json")
    assert info.refusals == ("too dull", "too dark; too near")
    assert info.seed == 3
    assert journals == [
        {"attempt": 0, "reasons": ["too dull"]},
        {"attempt": 1, "reasons": ["too dark", "too near"]},
    ]


def test_a_family_that_never_fits_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scene_unit, "reasons_to_refuse", lambda depth: ["always wrong"])
    monkeypatch.setattr(scene_unit, "MAX_ATTEMPTS", 2)
    with pytest.raises(Exception, match="none of 2 draws was accepted, the last for: always wrong"):
        generate(DRAWN, tmp_path / "out", threads=2)
