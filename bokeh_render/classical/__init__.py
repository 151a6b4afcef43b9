"""The classical scatter renderer: the exact formula, and the same thing fast on CPUs and graphics cards.

    profiles.py        what a disc of radius r weighs at each pixel, exactly
    reference.py       the formula as it stands, O(N r^2): the oracle of all others
    taps.py            the same weights as differences along rows, tabulated by radius
    cpu.py             O(N r) on any CPU; dilation.py the dilated defocus; adjoint.py the gradients
    torch_taps.py      O(N r) on any torch device; cuda.py on NVIDIA cards
    scattering.py      `scatter`, which chooses between them

Importing this package imports neither torch nor numba.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import load_on_use

if TYPE_CHECKING:
    from .reference import ScatterResult, render_classical, scatter_reference

__all__ = ["ScatterResult", "render_classical", "scatter_reference"]

__getattr__ = load_on_use(
    __name__,
    {"ScatterResult": "reference", "render_classical": "reference", "scatter_reference": "reference"},
)
