"""Why a pair cannot be used: one sentence, which stands in the report; it costs that pair alone."""

from __future__ import annotations

from bokeh_render.errors import BokehbenchError


class PairRefusedError(BokehbenchError):
    """A pair of photographs that is beyond a stated limit.

    step: ``read``, ``disparity``, ``align``, ``blur``, or ``unexpected``: a mistake of this program.
    """

    def __init__(self, step: str, reason: str) -> None:
        super().__init__(reason)
        self.step = step
