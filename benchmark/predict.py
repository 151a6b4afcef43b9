"""Let a method predict every sample: whole files only, what each cost, what failed; goes on after a kill."""

from __future__ import annotations

import multiprocessing
import os
import pickle
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from typing import NamedTuple

from bokeh_render.atomic import write_json
from bokeh_render.errors import BadInputError, BokehbenchError
from bokeh_render.imagefile import write_image
from bokeh_render.journal import append_to_journal, read_journal
from bokeh_render.progress import ReportStep, Step, silent
from bokeh_render.schema import Record, load_json

from .dataset import Dataset
from .methods.interface import BatchMethod, Method, Rendering
from .methods.measuring import renderings
from .methods.source import source_sha256
from .methods.stopping import Interruptible, process_dies_with_parent
from .predictions import prediction_path
from .protocols import Protocol
from .samples import Sample

RUN_FILE = ".run.json"
COSTS_FILE = ".costs.jsonl"
FAILURES_FILE = "failures.json"
_BITS = 16
_MOST_IN_BATCH = 50  # a scene of BLB; a batch's inputs lie in memory and, for commands, on disk together
_MOST_SCENES = 8  # of photographs, each of which is a scene
_MOST_IN_CHUNK = 10  # so that processes end together, and progress shows
_SHOWN_ERRORS = 3
AnyMethod = Method | BatchMethod
_Rendered = Generator[tuple[Sample, str | None], None, None]
"""Each sample with what went wrong; None: its file is written."""


class Cost(NamedTuple):
    """What one prediction took; None where nobody measured."""

    seconds: float | None = None
    peak_memory_mb: float | None = None
    peak_gpu_memory_mb: float | None = None


@dataclass(frozen=True)
class Predicted:
    """A method's predictions. failures: one sentence for each sample that it could not make."""

    files: dict[Sample, Path]
    costs: dict[Sample, Cost]
    failures: dict[Sample, str]


class _RunKey(Record):
    """What a folder of predictions was made with; predictions of another run must not be mixed into it."""

    method: str
    revision: str
    protocol: str
    protocol_sha256: str
    files_sha256: str
    source_sha256: str | None


def predict(
    method: AnyMethod,
    dataset: Dataset,
    protocol: Protocol,
    folder: Path,
    *,
    jobs: int = 1,
    report: ReportStep = silent,
) -> Predicted:
    """Write the predictions that are missing in ``folder`` as 16-bit PNG, ``jobs`` processes side by side.

    A sample that fails does not stop the others; all failures are written to ``failures.json`` and tried again by the
    next run. Raises BadInputError when the folder holds another run, or the method cannot be copied to processes.
    """
    samples = dataset.samples(protocol)
    _claim(folder, method, dataset, protocol)
    costs = _known_costs(folder)
    files = {sample: prediction_path(folder, sample) for sample in samples}
    missing = [sample for sample in samples if sample not in costs or not files[sample].is_file()]
    task, done = f"{method.name}: render", len(samples) - len(missing)
    failures: dict[Sample, str] = {}
    report(Step(task, done, len(samples)))
    work = _Work(method, dataset, protocol, folder)
    rendered = work.render(missing, warm_up=True) if jobs <= 1 else _render_in_processes(work, missing, jobs)
    with closing(rendered):  # whatever ends us, also while we report, ends what renders, at once
        for sample, error in rendered:
            if error is not None:
                failures[sample] = error
            done += 1
            report(Step(task, done, len(samples), str(sample)))
    _write_failures(folder, failures)
    return Predicted(files, _known_costs(folder), failures)


def failures_in_words(failures: Mapping[Sample, str], count: int) -> str:
    """Return what went wrong as one line, each error once, the commonest first.

    failures: the error of each sample that failed, as :class:`Predicted` holds them; count: of all samples.
    """
    places: dict[str, list[Sample]] = {}
    for sample, error in failures.items():
        places.setdefault(error, []).append(sample)
    told = []
    for error, samples in sorted(places.items(), key=lambda item: -len(item[1])):
        where = f"{len(samples)} of {count} samples, first {samples[0]}" if len(samples) > 1 else str(samples[0])
        told.append(f"{error} (at {where})")
    more = len(told) - _SHOWN_ERRORS
    if more > 0:
        told[_SHOWN_ERRORS:] = [f"and {more} more error{'s' if more > 1 else ''}"]
    return "; ".join(told)


@dataclass(frozen=True)
class _Work:
    """All that a process needs to render samples."""

    method: AnyMethod
    dataset: Dataset
    protocol: Protocol
    folder: Path

    def render(self, samples: Iterable[Sample], *, warm_up: bool) -> _Rendered:
        """Render, write and note each sample; yield it with what went wrong, if anything did.

        warm_up: whether the first sample is the method's first in this process; see ``measuring.renderings``.
        """
        for number, batch in enumerate(_batches(samples)):
            given = (self.dataset.method_input(sample, self.protocol) for sample in batch)
            if not isinstance(self.method, BatchMethod):  # it runs in this process and may change what it is given
                given = (one.with_own_arrays() for one in given)
            with closing(renderings(self.method, given, warm_up=warm_up and number == 0)) as found:
                for sample, rendering in zip(batch, found, strict=True):
                    yield sample, self._keep(sample, rendering)

    def _keep(self, sample: Sample, rendering: Rendering) -> str | None:
        if rendering.display is None:
            return rendering.error or "no image and no reason"
        write_image(prediction_path(self.folder, sample), rendering.display, bits=_BITS)
        cost = Cost(rendering.seconds, rendering.peak_memory_mb, rendering.peak_gpu_memory_mb)
        append_to_journal(self.folder / COSTS_FILE, {"sample": sample, "cost": cost})
        return None


_work: _Work | None = None
"""Set once in each process of the pool, so that a method with large weights travels once."""
_interruptible: Interruptible | None = None
_warm = False
"""Whether this process of the pool has rendered before."""


def _begin(pickled: bytes, next_share: Synchronized[int], cores: Sequence[Sequence[int]]) -> None:
    """Start a process of the pool: take the method and, where the system lets us, a share of the cores."""
    global _work, _interruptible
    _interruptible = Interruptible()
    process_dies_with_parent()
    with next_share.get_lock():
        share = cores[next_share.value % len(cores)]
        next_share.value += 1
    if share:
        os.sched_setaffinity(0, share)
    _work = pickle.loads(pickled)  # noqa: S301  (made by ourselves, a moment ago)


def _render_here(samples: Sequence[Sample]) -> list[tuple[Sample, str | None]]:
    global _warm
    assert _work is not None
    assert _interruptible is not None
    warm_up, _warm = not _warm, True
    with _interruptible.work(), closing(_work.render(samples, warm_up=warm_up)) as rendered:
        return list(rendered)


def _render_in_processes(work: _Work, samples: Sequence[Sample], jobs: int) -> _Rendered:
    try:
        pickled = pickle.dumps(work)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise BadInputError(
            f"method {work.method.name} cannot be copied to other processes ({error}); use --jobs 1"
        ) from None
    chunks = list(_batches(samples, _MOST_IN_BATCH if isinstance(work.method, BatchMethod) else _MOST_IN_CHUNK))
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    given = (pickled, context.Value("i", 0), _shares(jobs))
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=given) as pool:
        futures = [pool.submit(_render_here, chunk) for chunk in chunks]
        try:
            for future in as_completed(futures):
                yield from future.result()
        except BrokenProcessPool:
            raise BokehbenchError(
                f"a process of method {work.method.name} died (out of memory?); what it finished is kept, the same "
                "command goes on; try fewer --jobs"
            ) from None
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()  # a signal to us alone has not reached them, and a chunk takes long
            raise


def _batches(samples: Iterable[Sample], most: int = _MOST_IN_BATCH) -> Iterator[list[Sample]]:
    """Yield the samples in pieces that are no longer than ``most`` and take their inputs from few scenes."""
    batch: list[Sample] = []
    scenes: set[str] = set()
    for sample in samples:
        if len(batch) == most or len(scenes | {sample.scene}) > _MOST_SCENES:
            yield batch
            batch, scenes = [], set()
        batch.append(sample)
        scenes.add(sample.scene)
    if batch:
        yield batch


def _shares(jobs: int) -> list[list[int]]:
    """Return the cores of each process, so that they do not fight; empty lists where the system cannot pin."""
    if not hasattr(os, "sched_getaffinity"):
        return [[]]
    cores = sorted(os.sched_getaffinity(0))
    each = max(1, len(cores) // jobs)
    return [cores[i * each : (i + 1) * each] or cores for i in range(jobs)]


def _known_costs(folder: Path) -> dict[Sample, Cost]:
    entries = read_journal(folder / COSTS_FILE)
    return {Sample(*entry["sample"]): Cost(*entry["cost"]) for entry in entries}


def _write_failures(folder: Path, failures: dict[Sample, str]) -> None:
    path = folder / FAILURES_FILE
    if failures:
        write_json(path, {str(sample): error for sample, error in failures.items()})
    else:
        path.unlink(missing_ok=True)


def _claim(folder: Path, method: AnyMethod, dataset: Dataset, protocol: Protocol) -> None:
    key = _RunKey(
        method=method.name,
        revision=method.revision,
        protocol=protocol.name,
        protocol_sha256=protocol.sha256,
        files_sha256=dataset.files_sha256,
        source_sha256=source_sha256(method),
    )
    path = folder / RUN_FILE
    if path.is_file():
        then = load_json(_RunKey, path).model_dump()
        differs = [what for what, value in key.model_dump().items() if value != then[what]]
        if differs:
            raise BadInputError(
                f"{folder} holds predictions that differ in {', '.join(differs)}; give the method another revision, "
                "choose another --out, or delete the folder"
            )
        return
    if folder.exists() and any(folder.iterdir()):
        raise BadInputError(f"{folder} holds files that this run did not make; delete it or choose another --out")
    write_json(path, key.model_dump())
