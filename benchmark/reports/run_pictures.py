"""The pictures of a run: plots of its scores, and sheets that show where the predictions err."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bokeh_render.progress import ReportStep, Step, silent

from ..dataset import Dataset
from ..predictions import prediction_path, read_prediction
from ..protocols import Protocol
from ..results import Result
from ..samples import Sample
from ..store import Store
from .error_maps import error_sheet, sheet_samples
from .plots import plot_all

_WORST = 2


def draw_run(
    results: Sequence[Result], dataset: Dataset, protocol: Protocol, out: Path, report: ReportStep = silent
) -> Path:
    """Draw the results of a run below ``out/plots`` and return the folder.

    The sheets show two samples, of different scenes, that the best method is worst at, and its median; they need the
    predictions below ``out/predictions``, so predictions made elsewhere have plots only.
    """
    folder = Store.of(out, results[0]).plots
    plot_all(results, folder)
    drawable = [one for one in results if Store.of(out, one).predictions(one.method).is_dir()]
    if not drawable:
        return folder
    best = max(drawable, key=lambda result: result.summary.overall.psnr)
    shown = sheet_samples([best], _WORST)
    for done, sample in enumerate(shown):
        report(Step("draw error maps", done, len(shown), str(sample)))
        _draw_sheet(drawable, sample, dataset, protocol, out, folder)
    report(Step("draw error maps", len(shown), len(shown)))
    return folder


def _draw_sheet(
    results: Sequence[Result], sample: Sample, dataset: Dataset, protocol: Protocol, out: Path, folder: Path
) -> None:
    shape = dataset.truth(sample.truth).pixels.shape
    ranked = sorted(results, key=lambda result: -result.summary.overall.psnr)
    predictions = {}
    for result in ranked:
        place = Store.of(out, result).predictions(result.method)
        predictions[result.method.name] = read_prediction(prediction_path(place, sample), shape, protocol)
    error_sheet(dataset, protocol, sample, predictions, folder / f"errors_{str(sample).replace('/', '_')}.png")
