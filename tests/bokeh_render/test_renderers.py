from __future__ import annotations

import numpy as np
import pytest
import torch

from bokeh_render import Aperture, BadInputError, CatEye, scatter_reference
from bokeh_render.classical.profiles import Profile
from bokeh_render.classical.scattering import Backend
from bokeh_render.layered import render_layered
from bokeh_render.render import render_display as as_the_benchmark_imports_it
from bokeh_render.renderers import RENDERERS, render_display

DISPLAY = np.random.default_rng(0).random((12, 16, 3), dtype=np.float32)
DEFOCUS = np.tile(np.linspace(-3, 3, 16, dtype=np.float32), (12, 1))


@pytest.mark.parametrize("profile", ["area", "bokehme"])
def test_classical_is_the_reference(profile: Profile) -> None:
    light, blur = torch.from_numpy(DISPLAY.transpose(2, 0, 1)[None] ** 3), torch.from_numpy(DEFOCUS[None, None])
    expected = scatter_reference(light, blur, profile=profile).bokeh[0].permute(1, 2, 0).numpy() ** (1 / 3)
    found = render_display(DISPLAY, DEFOCUS, gamma=3.0, profile=profile)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=2e-3)
    assert as_the_benchmark_imports_it is render_display


def test_layered_is_layered() -> None:
    defocus = np.zeros((12, 16), dtype=np.float32)
    defocus[:, 8:] = -3.0
    expected = render_layered(DISPLAY**2.2, defocus, aperture=Aperture(blades=6)).bokeh ** (1 / 2.2)
    found = render_display(DISPLAY, defocus, renderer="layered", aperture=Aperture(blades=6))
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert np.abs(found - render_display(DISPLAY, defocus, aperture=Aperture(blades=6))).max() > 0.01
    with pytest.raises(BadInputError, match="layered renderer has no back end 'torch'"):
        render_display(DISPLAY, defocus, renderer="layered", backend="torch")
    with pytest.raises(BadInputError, match="layered renderer has no profile 'bokehme'"):
        render_display(DISPLAY, defocus, renderer="layered", profile="bokehme")
    with pytest.raises(BadInputError, match="knows no cat's eye"):
        render_display(DISPLAY, defocus, renderer="layered", aperture=CatEye())


@pytest.mark.parametrize("backend", ["cpu", "torch", "reference"])
def test_back_ends_agree(backend: Backend) -> None:
    found = render_display(DISPLAY, DEFOCUS, backend=backend)
    np.testing.assert_allclose(found, render_display(DISPLAY, DEFOCUS), atol=2e-3)


def test_the_graphics_card_is_used_or_missed_in_one_sentence() -> None:
    if torch.cuda.is_available():
        found = render_display(DISPLAY, DEFOCUS, backend="cuda")
        np.testing.assert_allclose(found, render_display(DISPLAY, DEFOCUS), atol=2e-3)
    else:
        with pytest.raises(BadInputError, match="cuda needs an NVIDIA card"):
            render_display(DISPLAY, DEFOCUS, backend="cuda")


def test_choices_that_do_not_exist_are_refused() -> None:
    assert RENDERERS == ("classical", "layered", "hybrid")
    with pytest.raises(BadInputError, match="unknown renderer 'magic'; expected one of classical, layered, hybrid"):
        render_display(DISPLAY, DEFOCUS, renderer="magic")
    for option, value in (("profile", "bokehme"), ("backend", "torch"), ("quality", "preview")):
        with pytest.raises(BadInputError, match=f"hybrid renderer has no .* {value!r}"):
            render_display(DISPLAY, DEFOCUS, renderer="hybrid", **{option: value})  # type: ignore[arg-type]
    for option in ("quality", "profile", "backend"):
        with pytest.raises(BadInputError, match="'best'; expected one of"):
            render_display(DISPLAY, DEFOCUS, **{option: "best"})  # type: ignore[arg-type]
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
