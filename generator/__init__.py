"""Plan, render and lay out datasets of bokeh stacks.

    from generator import GenerateConfig, generate
    generate(GenerateConfig(name="mine", scenes=("window_table",), ...), Path("mine"))

Names are loaded when first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .config import GenerateConfig, load_config, load_preset
    from .generate import generate

__all__ = ["GenerateConfig", "generate", "load_config", "load_preset"]

_HOME = {
    "GenerateConfig": "config",
    "load_config": "config",
    "load_preset": "config",
    "generate": "generate",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
