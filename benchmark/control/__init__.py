"""Control tests: they tell an author what is wrong with a method before any table does.

    from benchmark.control import format_report, run_controls
    print(format_report(run_controls(method, Path("out"))))

Names are loaded when first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bokeh_render.lazy import load_on_use

if TYPE_CHECKING:
    from .record import ControlReport, ControlResult
    from .report import format_report, run_controls

__all__ = ["ControlReport", "ControlResult", "format_report", "run_controls"]

__getattr__ = load_on_use(
    __name__,
    {"ControlReport": "record", "ControlResult": "record", "format_report": "report", "run_controls": "report"},
)
