"""Plan, render and lay out datasets of bokeh stacks.

    from generator import GenerateConfig, generate
    generate(GenerateConfig(name="mine", scenes=("window_table",), ...), Path("mine"))

Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bokeh_render.lazy import load_on_use

if TYPE_CHECKING:
    from .blender_choice import choose_blender
    from .build import generate
    from .config import GenerateConfig, load_config, load_preset
    from .scene_source import file_scene

__all__ = ["GenerateConfig", "choose_blender", "file_scene", "generate", "load_config", "load_preset"]

__getattr__ = load_on_use(
    __name__,
    {
        "GenerateConfig": "config",
        "load_config": "config",
        "load_preset": "config",
        "generate": "build",
        "choose_blender": "blender_choice",
        "file_scene": "scene_source",
    },
)
