"""Pictures of a rendering and of what was scored on it: the values that were scored, and no other files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmark.dataset import open_dataset
from benchmark.methods import included_method
from benchmark.predictions import prediction_path
from benchmark.protocols import load_protocol
from benchmark.results import Result
from benchmark.run import evaluate
from benchmark.scored_pictures import ScoredPictures
from benchmark.store import Store
from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_image

from .test_dataset import original_layout

RULE = load_protocol("blb-v1")
GREY = 0.5 ** (1 / RULE.gamma)
"""What the made dataset shows everywhere, as display value."""


@pytest.fixture
def scored(tmp_path: Path) -> tuple[ScoredPictures, Result, Path]:
    """Return the pictures of a run of ``identity``, its result and the folder of its predictions."""
    dataset, run = open_dataset(original_layout(tmp_path / "BLB")), tmp_path / "run"
    result = evaluate(included_method("identity"), dataset, RULE, run)
    return ScoredPictures(dataset, [tmp_path / "none", run]), result, Store.of(run, result).predictions(result.method)


def test_pictures_are_display_values_of_one_size(scored: tuple[ScoredPictures, Result, Path]) -> None:
    pictures, result, folder = scored
    sample = result.samples[0].sample
    assert pictures.files_sha256 == result.dataset.files_sha256
    assert pictures.has_predictions(result)
    for shown in (
        pictures.image(sample.scene, RULE),
        pictures.truth(sample, RULE),
        pictures.prediction(sample, result, RULE),
    ):
        assert shown.shape == (32, 48, 3)
        np.testing.assert_allclose(shown, GREY, atol=1e-3)
    disparity = pictures.disparity(sample.scene)
    assert disparity.shape == (32, 48, 3)
    assert (disparity[:, :24] == 1).all()
    assert (disparity[:, 24:] == 0).all(), "nothing is as far as can be"
    file = read_image(prediction_path(folder, sample)).pixels
    np.testing.assert_array_equal(pictures.prediction(sample, result, RULE), file)


def test_only_the_files_that_were_scored_are_shown(scored: tuple[ScoredPictures, Result, Path]) -> None:
    pictures, result, folder = scored
    path = prediction_path(folder, result.samples[-1].sample)
    path.unlink()
    with pytest.raises(BadInputError, match=f"{path.name} is not the file that was scored"):
        pictures.has_predictions(result)
    folder.rename(folder.with_name("elsewhere"))
    assert not pictures.has_predictions(result)
