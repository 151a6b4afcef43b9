"""Render many files: all mistakes said before the first is rendered, finished ones kept, a failed one alone lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from .animation import ANIMATIONS, write_animation
from .errors import BadInputError, BokehbenchError
from .finished import FinishedFolder
from .optics import Float32, check_blur_parameter
from .outputs import Output, Writing
from .pairs import Pair, raise_problems
from .progress import ReportStep, Step, silent
from .render import Prepared, RenderSettings, bits_for, prepare, render_prepared, write_display
from .schema import sha256_of_file


class Written(NamedTuple):
    """A file that was made. blur_parameters, focus_disparities: one for each image in it, as resolved."""

    path: Path
    blur_parameters: tuple[float, ...]
    focus_disparities: tuple[float, ...]
    seconds: float
    already_there: bool = False

    def as_json(self) -> dict[str, Any]:
        """Return it as plain JSON values; numbers instead of lists for a single image."""
        blur, focus = list(self.blur_parameters), list(self.focus_disparities)
        single = len(blur) == 1
        return {
            "file": str(self.path),
            "blur_parameter": blur[0] if single else blur,
            "focus_disparity": focus[0] if single else focus,
            "seconds": round(self.seconds, 3),
            "already_there": self.already_there,
        }


class _Reader:
    """Reads and checks pairs; the last one is kept, as its next step comes next."""

    def __init__(self, settings: RenderSettings) -> None:
        self._settings = settings
        self._last: tuple[Pair, Prepared] | None = None

    def read(self, pair: Pair) -> Prepared:
        if self._last is None or self._last[0] != pair:
            self._last = None  # frees it before the next is read
            self._last = (pair, prepare(*pair, self._settings))
        return self._last[1]


class _Progress:
    """Counts images, of which an animation has several."""

    def __init__(self, report: ReportStep, total: int) -> None:
        self._report, self._total, self._done, self._name = report, total, 0, ""

    def begin(self, name: str) -> None:
        self._name = name
        self.advance(0)

    def advance(self, count: int = 1) -> None:
        self._done += count
        if self._done < self._total:  # the end is told when the last file is written
            self._report(Step("rendering", self._done, self._total, self._name))

    def end(self) -> None:
        self._report(Step("rendering", self._total, self._total))


def render_outputs(
    outputs: list[Output],
    settings: RenderSettings,
    writing: Writing,
    *,
    folder: Path | None = None,
    threads: int = 0,
    report: ReportStep = silent,
) -> list[Written]:
    """Render ``outputs`` and return what was written, in their order.

    folder: where they go if that is a folder; what it holds already, made with equal settings from equal inputs, is
    not made again. Raises BadInputError before anything is written for all that cannot be used, every file with its
    reason; BokehbenchError at the end for files that failed nevertheless, when the others are written.
    """
    for step in {step for output in outputs for step in output.steps}:
        check_blur_parameter(step.blur_parameter)
    kept = None if folder is None else FinishedFolder(folder, _settings_of_folder(outputs, settings, writing))
    if kept is not None:
        kept.check([output.path.name for output in outputs])
    settings.check()
    reader = _Reader(settings)
    hashes = _check(outputs, reader, kept, report)
    if kept is not None:
        kept.begin()

    written: list[Written] = []
    failures: list[str] = []
    progress = _Progress(report, sum(len(output.steps) for output in outputs))
    for output in outputs:
        progress.begin(output.path.name)
        done = kept and kept.entry(output.path.name, hashes[output.pair])
        if done:
            written.append(_as_noted(output, done))
            progress.advance(len(output.steps))
            continue
        try:
            result = _render(output, reader, settings, writing, threads, progress)
        except (BokehbenchError, MemoryError) as error:
            if len(outputs) == 1:
                raise
            failures.append(f"{output.path.name}: {str(error) or 'not enough memory'}")
            continue
        written.append(result)
        if kept is not None:
            kept.finish(output.path.name, hashes[output.pair], _notes(result))
    progress.end()
    if failures:
        lines = "\n  ".join(failures)
        raise BokehbenchError(
            f"{len(failures)} of {len(outputs)} files failed, the others are written; "
            f"the same command tries them again:\n  {lines}"
        )
    return written


def _check(
    outputs: list[Output], reader: _Reader, kept: FinishedFolder | None, report: ReportStep
) -> dict[Pair, dict[str, str]]:
    """Read every pair that is still needed, collect what is wrong, and return the hashes of the inputs."""
    pairs = list(dict.fromkeys(output.pair for output in outputs))
    hashes: dict[Pair, dict[str, str]] = {}
    problems: list[str] = []
    for index, pair in enumerate(pairs):
        report(Step("checking", index, len(pairs), pair.image.name))
        mine = [output for output in outputs if output.pair == pair]
        try:
            if kept is not None and all(path.is_file() for path in pair):
                hashes[pair] = {role: sha256_of_file(path) for role, path in pair._asdict().items()}
                if all(kept.entry(output.path.name, hashes[pair]) for output in mine):
                    continue
            prepared = reader.read(pair)
            for step in {step for output in mine for step in output.steps}:
                prepared.focus_disparity(step.focus)
        except BadInputError as error:
            if len(pairs) == 1:
                raise
            problems.append(str(error))
        except OSError as error:
            problems.append(f"{error.filename or pair.image} cannot be opened: {error.strerror or error}")
    report(Step("checking", len(pairs), len(pairs)))
    raise_problems(problems, pairs[0].image.parent)
    return hashes


def _render(
    output: Output, reader: _Reader, settings: RenderSettings, writing: Writing, threads: int, progress: _Progress
) -> Written:
    started = time.perf_counter()
    prepared = reader.read(output.pair)
    focus = tuple(prepared.focus_disparity(step.focus) for step in output.steps)

    def images() -> Iterator[Float32]:
        for step, disparity in zip(output.steps, focus, strict=True):
            yield render_prepared(prepared, step.blur_parameter, disparity, settings, threads=threads)
            progress.advance()

    suffix = output.path.suffix.lower()
    if suffix in ANIMATIONS:
        write_animation(
            output.path,
            images(),
            frames_per_second=writing.frames_per_second,
            back_and_forth=writing.back_and_forth,
        )
    else:
        write_display(output.path, next(images()), gamma=settings.gamma, bits=bits_for(suffix, writing.bits))
    blur = tuple(step.blur_parameter for step in output.steps)
    return Written(output.path, blur, focus, time.perf_counter() - started)


def _settings_of_folder(outputs: list[Output], settings: RenderSettings, writing: Writing) -> dict[str, Any]:
    """Return what must be equal for files of one folder: not the inputs, which each file has its own of."""
    suffix = outputs[0].path.suffix
    animated = suffix in ANIMATIONS
    steps = list(dict.fromkeys(step for output in outputs for step in output.steps))
    return {
        "blur_parameters": [step.blur_parameter for step in steps],
        "focus": [step.focus if isinstance(step.focus, float | int) else f"at {step.focus}" for step in steps],
        "format": suffix[1:],
        "bits": 8 if animated else bits_for(suffix, writing.bits),
        **({"fps": writing.frames_per_second, "back_and_forth": writing.back_and_forth} if animated else {}),
        **settings.as_json(),
    }


def _notes(written: Written) -> dict[str, Any]:
    return {
        "blur_parameters": list(written.blur_parameters),
        "focus_disparities": list(written.focus_disparities),
        "seconds": round(written.seconds, 3),
    }


def _as_noted(output: Output, entry: dict[str, Any]) -> Written:
    return Written(
        output.path,
        tuple(entry["blur_parameters"]),
        tuple(entry["focus_disparities"]),
        entry["seconds"],
        already_there=True,
    )
