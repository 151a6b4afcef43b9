"""Plan, render and lay out datasets of bokeh stacks.

    from generator import GenerateConfig, generate
    generate(GenerateConfig(name="mine", scenes=("window_table",), ...), Path("mine"))

Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bokeh_render.lazy import load_on_use

if TYPE_CHECKING:
    from .archive import export_dataset, import_dataset
    from .blender_choice import choose_blender
    from .build import generate
    from .config import GenerateConfig, load_config, load_preset
    from .dataset_page import write_dataset_page
    from .scene_source import file_scene
    from .validation import validate

__all__ = [
    "GenerateConfig",
    "choose_blender",
    "export_dataset",
    "file_scene",
    "generate",
    "import_dataset",
    "load_config",
    "load_preset",
    "validate",
    "write_dataset_page",
]

__getattr__ = load_on_use(
    __name__,
    {
        "choose_blender": "blender_choice",
        "file_scene": "scene_source",
        "GenerateConfig": "config",
        "load_config": "config",
        "load_preset": "config",
        "generate": "build",
        "export_dataset": "archive",
        "import_dataset": "archive",
        "validate": "validation",
        "write_dataset_page": "dataset_page",
    },
)
