"""Run a method over a dataset and score it; one scoring path for methods and for folders of predictions."""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import numpy as np

from bokeh_render.atomic import write_json
from bokeh_render.errors import BadInputError, BokehbenchError
from bokeh_render.imagefile import write_image
from bokeh_render.journal import append_to_journal, read_journal
from bokeh_render.progress import ReportStep, Step, silent
from bokeh_render.schema import Record, load_json, sha256_of_file

from .dataset import Dataset
from .methods.interface import Method
from .metrics.lpips import WEIGHTS_VARIABLE, Lpips, load_lpips
from .metrics.psnr import psnr
from .metrics.ssim import ssim
from .predictions import match_predictions, prediction_path, read_prediction, refuse
from .protocols import Protocol
from .results import (
    DatasetReference,
    MethodReference,
    ProtocolReference,
    Result,
    SampleScore,
    Scores,
    load_result,
    summarise,
    write_result,
)
from .samples import Sample

RUN_FILE = ".run.json"
TIMES_FILE = ".times.jsonl"
_PREDICTION_BITS = 16


class _RunKey(Record):
    """What a folder of predictions was made with; predictions of another run must not be mixed into it."""

    method: str
    revision: str
    protocol: str
    files_sha256: str


def evaluate(
    method: Method,
    dataset: Dataset,
    protocol: Protocol,
    out: Path,
    *,
    lpips_weights: Path | None = None,
    report: ReportStep = silent,
) -> Result:
    """Let a method predict every sample, score the predictions, and write ``out/results/<method>.json``.

    Predictions are kept as 16-bit PNG in ``out/predictions/<method>/``; a killed run goes on where it stopped.
    Raises BadInputError when ``out`` holds another run of a method of this name, BokehbenchError when the method
    fails or returns something that is no image.
    """
    lpips = load_lpips(protocol.lpips.backbone_sha256 or "", lpips_weights)
    folder = out / "predictions" / method.name
    seconds = predict(method, dataset, protocol, folder, report=report)
    reference = MethodReference(name=method.name, revision=method.revision, description=method.description)
    return _score_into(out, reference, folder, dataset, protocol, lpips, seconds, report)


def score_folder(
    folder: Path,
    reference: MethodReference,
    dataset: Dataset,
    protocol: Protocol,
    out: Path,
    *,
    lpips_weights: Path | None = None,
    report: ReportStep = silent,
) -> Result:
    """Score predictions that somebody made elsewhere, and write ``out/results/<name>.json``.

    folder: ``<scene>/bokeh_KK_FF.png`` (display values) or ``.exr``, ``.npy`` (light). Raises BadInputError that
    lists whatever is missing, extra, doubled, unreadable or of the wrong size; nothing is written then.
    """
    lpips = load_lpips(protocol.lpips.backbone_sha256 or "", lpips_weights)
    return _score_into(out, reference, folder, dataset, protocol, lpips, {}, report)


def predict(
    method: Method, dataset: Dataset, protocol: Protocol, folder: Path, *, report: ReportStep = silent
) -> dict[Sample, float]:
    """Write the predictions that are missing in ``folder`` and return the seconds each sample took."""
    key = _RunKey(
        method=method.name, revision=method.revision, protocol=protocol.name, files_sha256=dataset.files_sha256
    )
    _claim(folder, key)
    times = folder / TIMES_FILE
    seconds = {
        Sample(scene, blur, focus, corruption): spent for scene, blur, focus, corruption, spent in read_journal(times)
    }
    task = f"{method.name}: render"
    for done, sample in enumerate(dataset.samples(protocol)):
        report(Step(task, done, len(dataset.samples(protocol)), f"{sample.scene} {sample.name}"))
        path = prediction_path(folder, sample)
        if sample in seconds and path.is_file():
            continue
        given = dataset.method_input(sample, protocol)
        started = time.perf_counter()
        display = method.render(given)
        elapsed = time.perf_counter() - started
        if display.shape != given.display.shape or not np.isfinite(display).all():
            raise BokehbenchError(
                f"method {method.name} returned an array of shape {display.shape} for {sample.scene} {sample.name}, "
                f"or NaN; expected finite values of shape {given.display.shape}"
            )
        write_image(path, display, bits=_PREDICTION_BITS)
        seconds[sample] = elapsed
        append_to_journal(times, [*sample, elapsed])
    report(Step(task, len(dataset.samples(protocol)), len(dataset.samples(protocol))))
    return seconds


def _claim(folder: Path, key: _RunKey) -> None:
    path = folder / RUN_FILE
    if path.is_file():
        if load_json(_RunKey, path) != key:
            raise BadInputError(
                f"{folder} holds predictions of another revision, protocol or dataset; "
                "delete it or choose another --out"
            )
        return
    if folder.exists() and any(folder.iterdir()):
        raise BadInputError(f"{folder} holds files that this run did not make; delete it or choose another --out")
    write_json(path, key.model_dump())


def _score_into(
    out: Path,
    reference: MethodReference,
    folder: Path,
    dataset: Dataset,
    protocol: Protocol,
    lpips: Lpips | None,
    seconds: dict[Sample, float],
    report: ReportStep,
) -> Result:
    target = out / "results" / f"{reference.name}.json"
    dataset_reference = DatasetReference(
        name=dataset.name,
        version=dataset.version,
        recipe_sha256=dataset.recipe_sha256,
        files_sha256=dataset.files_sha256,
        noise_floor={scene: floor for scene in dataset.scenes if (floor := dataset.noise_floor(scene))},
    )
    protocol_reference = ProtocolReference(name=protocol.name, sha256=protocol.sha256)
    if target.is_file():
        old = load_result(target)
        if (old.method, old.protocol, old.dataset) != (reference, protocol_reference, dataset_reference):
            raise BadInputError(f"{target} holds another result; delete it or choose another --out")
    samples = score(folder, dataset, protocol, lpips, seconds, report=report, task=f"{reference.name}: score")
    unavailable = {}
    if lpips is None:
        unavailable["lpips"] = (
            f"no AlexNet weights on this machine; name a file by --lpips-weights or {WEIGHTS_VARIABLE}, "
            "or fetch them with bokehbench doctor --download-lpips"
        )
    result = Result(
        protocol=protocol_reference,
        dataset=dataset_reference,
        method=reference,
        environment=_environment(),
        created=datetime.now(UTC),
        unavailable=unavailable,
        samples=tuple(samples),
        summary=summarise(samples),
    )
    write_result(target, result)
    return result


def score(
    folder: Path,
    dataset: Dataset,
    protocol: Protocol,
    lpips: Lpips | None,
    seconds: dict[Sample, float],
    *,
    report: ReportStep = silent,
    task: str = "score",
) -> list[SampleScore]:
    """Score a folder of predictions, sample by sample as the dataset lists them; all problems are raised together."""
    files = match_predictions(folder, dataset.samples(protocol), protocol)
    problems: list[str] = []
    scores: list[SampleScore] = []
    for done, key in enumerate(dataset.samples(protocol)):
        report(Step(task, done, len(dataset.samples(protocol)), f"{key.scene} {key.name}"))
        truth = dataset.truth_display(key.truth, protocol)
        try:
            prediction = read_prediction(files[key], truth.shape, protocol)
        except BadInputError as error:
            problems.append(str(error))
            continue
        if problems:
            continue  # nothing will be written; only look for what else is wrong
        metrics = Scores(
            psnr=psnr(prediction, truth, cap_db=protocol.psnr_cap_db),
            ssim=ssim(prediction, truth, protocol.ssim),
            lpips=None if lpips is None else lpips.distance(prediction, truth),
        )
        scores.append(
            SampleScore(
                scene=key.scene,
                blur=key.blur,
                focus=key.focus,
                metrics=metrics,
                seconds=seconds.get(key),
                prediction_sha256=sha256_of_file(files[key]),
            )
        )
    refuse(folder, problems)
    report(Step(task, len(dataset.samples(protocol)), len(dataset.samples(protocol))))
    return scores


def _environment() -> dict[str, str]:
    packages: Sequence[str] = (
        "bokehbench",
        "numpy",
        "torch",
        "scikit-image",
        "scipy",
        "lpips",
        "imagecodecs",
        "openexr",
    )
    versions = {package: metadata.version(package) for package in packages}
    return {"python": platform.python_version(), "machine": f"{platform.system()} {platform.machine()}", **versions}
