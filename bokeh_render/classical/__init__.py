"""The classical scatter renderer: the exact formula, and the same thing fast on CPUs and graphics cards.

    scattering.py     `scatter`, which chooses the back end; tensors.py the same for torch, with gradients
    profiles.py       the two ways in which a source's light may be shared out; exact_weights.py the shares, exactly
    reference.py      the formula as it stands, O(N r^2): the oracle of all others
    taps.py           the same weights as differences along rows, tabulated by radius; tap_rows.py how they are found
    cpu.py            O(N r) on any CPU; adjoint.py its gradients; kernels.py the compiled loops of both
    torch_taps.py     O(N r) on any torch device; cuda.py on NVIDIA cards
    cat_eye.py        the opening that differs from pixel to pixel; dilation.py the dilated defocus

Importing this package imports neither torch nor numba.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import load_on_use

if TYPE_CHECKING:
    from .module import Scatter
    from .reference import scatter_reference
    from .result import ScatterResult
    from .scattering import scatter

__all__ = ["Scatter", "ScatterResult", "scatter", "scatter_reference"]

__getattr__ = load_on_use(
    __name__,
    {
        "Scatter": "module",
        "ScatterResult": "result",
        "scatter": "scattering",
        "scatter_reference": "reference",
    },
)
