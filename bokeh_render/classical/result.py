"""What scattering gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any


@dataclass(frozen=True, eq=False)
class ScatterResult:
    """The blurred image and what is known about it; NumPy arrays or torch tensors, as the image was.

    bokeh: as the image, in linear light; weight: one value per pixel, the sum of weights it received (about 1 with the
    profile ``area``, about 3 with ``bokehme``; less at the image's border); dilated_defocus: one value per pixel, the
    largest signed defocus, truncated to an integer, among the sources whose disc reaches it; found when it
    is first asked for.
    """

    bokeh: Any
    weight: Any
    dilate: Callable[[], Any]

    @cached_property
    def dilated_defocus(self) -> Any:
        """Largest signed defocus that reaches each pixel, px, truncated to an integer; no gradient."""
        return self.dilate()
