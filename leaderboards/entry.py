"""An entry: a result that was admitted to a leaderboard, and what was done to check it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, model_validator

from benchmark.results import Result
from bokeh_render.schema import Record

Status = Literal["self-reported", "reproduced", "verified"]
STATUSES: dict[Status, str] = {
    "self-reported": "scored by those who handed it in",
    "reproduced": "its predictions were scored again here, with the same numbers",
    "verified": "the method was run again here from pinned code, with the same numbers",
}
"""What an entry can be, the least checked first, in words."""


class Verification(Record):
    """One time that an entry was checked. proves: the status that it earns; created: when, UTC.

    largest_difference: by metric, over all samples, between what the entry says and what was found; method_revision:
    of the code that was run again, if that was done.
    """

    proves: Literal["reproduced", "verified"]
    created: AwareDatetime
    largest_difference: dict[str, Annotated[float, Field(ge=0)]]
    environment: dict[str, str]
    method_revision: str | None = None


class Entry(Record):
    """One file of a store. status: the most that any verification earned."""

    schema_version: Literal[1] = 1
    status: Status = "self-reported"
    verifications: tuple[Verification, ...] = ()
    result: Result

    @model_validator(mode="after")
    def _status_was_earned(self) -> Entry:
        order = list(STATUSES)
        earned = max((one.proves for one in self.verifications), key=order.index, default=order[0])
        if earned != self.status:
            raise ValueError(f"the status is {self.status!r} and the verifications earn {earned!r}; it was edited")
        return self

    @property
    def method(self) -> str:
        """The method's name."""
        return self.result.method.name
