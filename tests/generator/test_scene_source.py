from __future__ import annotations

from pathlib import Path

import pytest

from bokeh_render.errors import BadInputError
from generator.config import GenerateConfig
from generator.scene_source import file_scene, is_file_name, parse_scene


@pytest.mark.parametrize(
    ("name", "scene"),
    [
        ("kitchen.blend", "kitchen"),
        ("My Küche (v2.1).blend", "My_K_che_v2_1"),
        ("..blend", "scene"),
        ("a@3.obj", "a_3"),
    ],
)
def test_the_id_is_a_plain_folder_name(tmp_path: Path, name: str, scene: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"BLENDER-v405")
    described = file_scene(path)
    assert described.id == scene
    assert parse_scene(described.id, (described,)).file == described


def test_the_recipe_knows_the_content_and_not_the_place(tmp_path: Path) -> None:
    configs = []
    for folder in ("here", "there"):
        (tmp_path / folder).mkdir()
        path = tmp_path / folder / "kitchen.blend"
        path.write_bytes(b"BLENDER-v405")
        config = {"name": "n", "scenes": ["kitchen"], "files": [file_scene(path)], "width": 96, "height": 64}
        config |= {"image_samples": 1, "bokeh_samples": 8, "blur_levels": [2.0], "focus_disparities": [0.5]}
        configs.append(GenerateConfig.model_validate(config))
    assert configs[0].sha256 == configs[1].sha256
    assert str(tmp_path) not in configs[0].model_dump_json()
    (tmp_path / "there" / "kitchen.blend").write_bytes(b"BLENDER-v405 changed")
    assert file_scene(tmp_path / "there" / "kitchen.blend").sha256 != configs[0].files[0].sha256


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.blend", None, r"none\.blend does not exist; expected a scene: \.blend, \.glb, \.gltf, \.obj"),
        ("model.fbx", b"Kaydara", r"has the suffix '\.fbx'; expected a scene: .*export it"),
        ("photo.blend", b"\xff\xd8\xff", r"photo\.blend is not a Blender file \(it begins with"),
        ("model.glb", b"BLENDER", r"model\.glb is not a glTF file"),
    ],
)
def test_what_is_no_scene_is_refused(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInputError, match=message):
        file_scene(tmp_path / name)
    with pytest.raises(BadInputError, match="is a folder; expected a scene"):
        file_scene(tmp_path)


def test_names_and_files_are_told_apart() -> None:
    assert is_file_name("kitchen.blend")
    assert is_file_name("./kitchen")
    assert not is_file_name("window_table@17")
