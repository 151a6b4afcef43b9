from __future__ import annotations

import numpy as np
import pytest
import torch

from bokeh_render import BadInputError, scatter_reference
from bokeh_render.render import render_display as as_the_benchmark_imports_it
from bokeh_render.renderers import RENDERERS, render_display

DISPLAY = np.random.default_rng(0).random((12, 16, 3), dtype=np.float32)
DEFOCUS = np.tile(np.linspace(-3, 3, 16, dtype=np.float32), (12, 1))


def test_classical_is_the_reference() -> None:
    light, blur = torch.from_numpy(DISPLAY.transpose(2, 0, 1)[None] ** 3), torch.from_numpy(DEFOCUS[None, None])
    expected = scatter_reference(light, blur).bokeh[0].permute(1, 2, 0).numpy() ** (1 / 3)
    found = render_display(DISPLAY, DEFOCUS, gamma=3.0)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=2e-4)
    assert as_the_benchmark_imports_it is render_display


def test_choices_that_do_not_exist_are_refused() -> None:
    assert RENDERERS == ("classical", "layered", "hybrid")
    with pytest.raises(BadInputError, match="unknown renderer 'magic'; expected one of classical, layered, hybrid"):
        render_display(DISPLAY, DEFOCUS, renderer="magic")
    with pytest.raises(BadInputError, match="'hybrid' does not exist yet"):
        render_display(DISPLAY, DEFOCUS, renderer="hybrid")
    with pytest.raises(BadInputError, match="unknown quality 'best'"):
        render_display(DISPLAY, DEFOCUS, quality="best")
    for gamma in (0.0, -2.2, float("nan"), float("inf")):
        with pytest.raises(BadInputError, match="gamma is"):
            render_display(DISPLAY, DEFOCUS, gamma=gamma)


def test_arrays_that_do_not_fit_are_refused() -> None:
    wrong = DEFOCUS.copy()
    wrong[2, 3] = np.nan
    for display, defocus in ((DISPLAY, DEFOCUS.T), (DISPLAY[..., 0], DEFOCUS), (DISPLAY[:0], DEFOCUS[:0])):
        with pytest.raises(BadInputError, match="expected equal height and width"):
            render_display(display, defocus)
    with pytest.raises(BadInputError, match="defocus holds NaN"):
        render_display(DISPLAY, wrong)
