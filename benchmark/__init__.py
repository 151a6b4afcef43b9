"""Score any bokeh method under one exact protocol.

    from benchmark import evaluate, included_method, load_protocol, open_dataset
    result = evaluate(included_method("classical"), open_dataset(Path("mine")), load_protocol("blb-v1"), Path("out"))

Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bokeh_render.lazy import load_on_use

if TYPE_CHECKING:
    from .dataset import open_dataset
    from .methods import included_method
    from .protocols import load_protocol
    from .results import Result, load_result, to_dataframe
    from .run import evaluate, score_folder

__all__ = [
    "Result",
    "evaluate",
    "included_method",
    "load_protocol",
    "load_result",
    "open_dataset",
    "score_folder",
    "to_dataframe",
]

__getattr__ = load_on_use(
    __name__,
    {
        "open_dataset": "dataset",
        "included_method": "methods",
        "load_protocol": "protocols",
        "Result": "results",
        "load_result": "results",
        "to_dataframe": "results",
        "evaluate": "run",
        "score_folder": "run",
    },
)
