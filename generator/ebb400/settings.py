"""What a pair is prepared with: all that decides its files, besides the photographs and the disparity."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bokeh_render.schema import Record

from .blur_doubts import BlurLimits
from .registration import RegistrationLimits

VERSION = 2
"""Raise it when the same settings give other files, so that old ones are not taken for finished."""


class PairSettings(Record):
    """How a pair is aligned, matched and measured.

    align: ``similarity``, or ``none`` for pairs that are aligned already; photometric: whether the wide photograph is
    given the shallow one's gains, or these are only recorded; registration, blur: see there; search_px: longer side at
    which K is searched; overlap: least share of the picture that both show; residual: largest median shift left after
    alignment, as a share of the longer side (1 px at 1024); clear: whether a pair whose K is doubtful stays out of the
    set.
    """

    align: Literal["similarity", "none"] = "similarity"
    photometric: Literal["apply", "record"] = "apply"
    registration: RegistrationLimits = RegistrationLimits()
    blur: BlurLimits = BlurLimits()
    search_px: Annotated[int, Field(ge=128)] = 768
    overlap: Annotated[float, Field(gt=0.0, le=1.0)] = 0.85
    residual: Annotated[float, Field(gt=0.0)] = 1.0 / 1024
    clear: bool = True


DEFAULT_SETTINGS = PairSettings()
