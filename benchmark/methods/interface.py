"""What a method is: the information every one gets, and what it has to return.

A method is any object with ``name``, ``revision``, ``description`` and ``render``. It may also have ``metadata``
(:class:`MethodMetadata`), and ``render_batch`` if starting it is dear (:class:`BatchMethod`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import metadata
from typing import Literal, Protocol, runtime_checkable

from bokeh_render.aperture import Aperture
from bokeh_render.errors import BadInputError
from bokeh_render.optics import Float32, light_from_display, signed_defocus
from bokeh_render.schema import Record

NAME_PATTERN = r"^[A-Za-z0-9_+-][A-Za-z0-9._+-]{0,79}$"
REVISION_PATTERN = r"^[A-Za-z0-9._+-]{1,80}$"
"""What a method and its revision may be called: both become parts of the names of files and folders."""


@dataclass(frozen=True)
class MethodInput:
    """All that any method is told about one sample.

    display: (H, W, 3), all-in-focus, display values, not clipped above unless the protocol says so; disparity,
    disparity_raw: (H, W), normalised to [0, 1] and in 1/metre, larger = nearer; blur_parameter, blur_parameter_raw: K
    in px per unit of the one or the other; focus_disparity, focus_disparity_raw: likewise; gamma: light =
    display ** gamma; aperture: the opening of the lens. The three raw ones are None where nobody knows metres
    (photographs). name: which sample of which scene, for messages and file names; no method may act on it.
    """

    display: Float32
    disparity: Float32
    blur_parameter: float
    focus_disparity: float
    disparity_raw: Float32 | None
    blur_parameter_raw: float | None
    focus_disparity_raw: float | None
    gamma: float
    aperture: Aperture
    name: str = ""

    @cached_property
    def light(self) -> Float32:
        """The same image in linear light."""
        return light_from_display(self.display, self.gamma)

    @property
    def defocus(self) -> Float32:
        """Signed blur radius, (H, W), px; positive in front of the focal plane."""
        return signed_defocus(self.disparity, self.blur_parameter, self.focus_disparity)

    def with_own_arrays(self) -> MethodInput:
        """Return the same with copies of its arrays; those that a data set hands out are shared and read-only."""
        raw = None if self.disparity_raw is None else self.disparity_raw.copy()
        return replace(self, display=self.display.copy(), disparity=self.disparity.copy(), disparity_raw=raw)


class MethodMetadata(Record):
    """What a reader of a table may want to know about a method; all of it optional, all of it kept in the result.

    paper, code: addresses; licence: of the code; weights_sha256: of the file of weights, if there is one;
    training_data: what it was trained on, one entry a data set; an empty tuple says "not trained", None "not told".
    """

    paper: str | None = None
    code: str | None = None
    licence: str | None = None
    weights_sha256: str | None = None
    training_data: tuple[str, ...] | None = None


class Method(Protocol):
    """Anything that turns a :class:`MethodInput` into a bokeh image."""

    name: str
    revision: str
    description: str

    def render(self, sample: MethodInput) -> Float32:
        """Return the bokeh image, (H, W, 3) float32, display values; values above 1 are clipped when scored."""


@dataclass(frozen=True)
class Rendering:
    """One image of a batch and what it cost. display: as :meth:`Method.render` returns it; None for what failed.

    error: why it failed, one sentence; seconds: wall-clock time, GPU included; peak_memory_mb, peak_gpu_memory_mb: the
    most that the method held while it worked, None where nobody measured.
    """

    display: Float32 | None
    error: str | None = None
    seconds: float | None = None
    peak_memory_mb: float | None = None
    peak_gpu_memory_mb: float | None = None


@runtime_checkable
class BatchMethod(Protocol):
    """A method that is started once for many samples: another program, or a process that loads a large network."""

    name: str
    revision: str
    description: str

    def render_batch(self, samples: Sequence[MethodInput]) -> Iterator[Rendering]:
        """Yield one :class:`Rendering` for each sample, in order. A sample that failed must not end the others."""


def check_name_and_revision(name: str, revision: str) -> None:
    """Refuse a name or a revision that cannot be part of a file name; raises BadInputError."""
    check_file_name_part("name", name)
    check_file_name_part("revision", revision)


def check_file_name_part(what: Literal["name", "revision"], text: str) -> None:
    """Refuse a method's name, or its revision, that cannot be part of a file name; raises BadInputError."""
    if not re.fullmatch(NAME_PATTERN if what == "name" else REVISION_PATTERN, text):
        first = ", the first of them no dot" if what == "name" else ""
        raise BadInputError(
            f"{what} {text!r} cannot be part of a file name; expected letters, digits, . _ + and - (1 to 80{first})"
        )


def metadata_of(method: Method | BatchMethod) -> MethodMetadata:
    """Return what a method says about itself beyond its name; empty when it says nothing."""
    told = getattr(method, "metadata", None)
    return told if isinstance(told, MethodMetadata) else MethodMetadata()


def package_revision() -> str:
    """Return the revision of the included methods: the package's version."""
    return metadata.version("bokehbench")
