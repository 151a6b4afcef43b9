"""What to generate: a frozen config, read from YAML or a preset that ships with the package."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationInfo, field_validator, model_validator

from bokeh_render.aperture import Aperture
from bokeh_render.errors import BadInputError
from bokeh_render.schema import Record, load_yaml, sha256_of_json

from .corruption import CorruptionPlan
from .lens_views import share_views
from .scene_source import FileScene, SceneSource, parse_scene
from .stack import Engine
from .training import TrainingPlan, training_scenes

UnitInterval = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]


class NoiseFloorPlan(Record):
    """At which focus indices to measure the ground truth's noise, at every blur level.

    ``path`` renders those images a second time, with other random numbers; ``lightfield`` compares its views' halves.
    """

    focus: tuple[int, ...] = ()


class GenerateConfig(Record):
    """One dataset to make.

    scenes: test scenes (``window_table``), training scenes (``window_table@17``) and ids of ``files``, or in their
    place training: how many training scenes to draw, of which scenes is then made; files: scenes of one's own, see
    :func:`generator.scene_source.file_scene`; width, height: px;
    engine: how bokeh images are made, see ``generator.stack.Engine``; image_samples: of the all-in-focus image, per
    pixel; bokeh_samples: with ``path`` per pixel of every bokeh image, with ``lightfield`` per pixel of the whole stack
    (one a lens view, so the number of views);
    blur_levels: K in px of blur radius at ``width`` per unit of normalised disparity, ascending;
    focus_disparities: normalised, 0 = farthest, 1 = nearest; seed: of everything random, 0 is as good as any.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    version: str = "1.0"
    files: tuple[FileScene, ...] = ()
    scenes: Annotated[tuple[str, ...], Field(min_length=1)]
    training: TrainingPlan | None = None
    width: Annotated[int, Field(ge=16, le=8192)]
    height: Annotated[int, Field(ge=16, le=8192)]
    image_samples: Annotated[int, Field(ge=1)]
    bokeh_samples: Annotated[int, Field(ge=1)]
    blur_levels: Annotated[tuple[Positive, ...], Field(min_length=1, max_length=99)]
    focus_disparities: Annotated[tuple[UnitInterval, ...], Field(min_length=1, max_length=99)]
    engine: Engine = "lightfield"
    aperture: Aperture = Aperture()
    corruptions: CorruptionPlan = CorruptionPlan()
    seed: Annotated[int, Field(ge=0)] = 0
    noise_floor: NoiseFloorPlan = NoiseFloorPlan()

    @model_validator(mode="before")
    @classmethod
    def _draw_training_scenes(cls, content: Any) -> Any:
        if not isinstance(content, dict) or content.get("training") is None:
            return content
        drawn = training_scenes(TrainingPlan.model_validate(content["training"]))
        if tuple(content.get("scenes", drawn)) != drawn:
            raise ValueError("scenes and training are both given and differ; expected one of them")
        return {**content, "scenes": drawn}

    @field_validator("scenes")
    @classmethod
    def _scenes_exist(cls, names: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        check_scene_names(names, info.data.get("files", ()))
        return names

    @model_validator(mode="after")
    def _noise_floor_is_in_grid(self) -> GenerateConfig:
        outside = [index for index in self.noise_floor.focus if not 0 <= index < len(self.focus_disparities)]
        if outside:
            raise ValueError(f"noise_floor.focus {outside} lies outside 0…{len(self.focus_disparities) - 1}")
        return self

    @model_validator(mode="after")
    def _levels_can_share_views(self) -> GenerateConfig:
        if list(self.blur_levels) != sorted(set(self.blur_levels)):
            raise ValueError(f"blur_levels {list(self.blur_levels)} do not ascend; expected each larger than the last")
        if self.engine == "lightfield":
            try:
                share_views(self.blur_levels, self.aperture, self.bokeh_samples)
            except BadInputError as error:
                raise ValueError(str(error)) from None
        return self

    def source(self, scene: str) -> SceneSource:
        """Return what one of ``scenes`` is made from."""
        return parse_scene(scene, self.files)

    @property
    def sha256(self) -> str:
        """Hash of the resolved config."""
        return sha256_of_json(self.model_dump(mode="json"))


def check_scene_names(names: tuple[str, ...], files: tuple[FileScene, ...] = ()) -> None:
    """Refuse unknown or repeated scenes; raises BadInputError that lists the known ones."""
    for name in names:
        parse_scene(name, files)
    if len(set(names)) != len(names):
        raise BadInputError(f"a scene is named twice in {', '.join(names)}; expected each once")


def load_config(path: Path) -> GenerateConfig:
    """Read a config from YAML; raises BadInputError that names the key that is wrong."""
    return load_yaml(GenerateConfig, path)


def preset_names() -> list[str]:
    """Return the names of the presets that ship with the package."""
    folder = resources.files("generator") / "presets"
    return sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml"))


def load_preset(name: str) -> GenerateConfig:
    """Return a preset by name; raises BadInputError that lists the known ones."""
    if name not in preset_names():
        raise BadInputError(f"unknown preset {name!r}; expected one of {', '.join(preset_names())}")
    with resources.as_file(resources.files("generator") / "presets" / f"{name}.yaml") as path:
        return load_config(path)
