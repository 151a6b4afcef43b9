"""Methods that are programs of their own: a description file names a command that is started with a job file."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from bokeh_render.atomic import write_json
from bokeh_render.errors import BadInputError
from bokeh_render.schema import Record, load_yaml

from .child_process import Program, last_words, running
from .interface import MethodInput, MethodMetadata, Rendering, check_file_name_part
from .job import Encoding, Job, JobSample
from .job_inputs import ImageFormat, JobInputs
from .job_outputs import JobOutputs

METHOD_FILE = "method.yaml"

_PLACEHOLDER = re.compile(r"\{(\w*)\}")


class CommandDescription(Record):
    """What ``method.yaml`` says.

    command: the program and its arguments; ``{job}`` becomes the job file, ``{folder}`` the folder that method.yaml
    stands in. per: whether it is started once for each ``sample`` or once for a ``batch`` of them. input: what the
    image files hold; image_format: how images and maps are written (png16 clips to [0, 1] and rounds: under blb-v1,
    whose highlights exceed 1, it takes away what makes bokeh discs); output: what the numbers of an NPY file that the
    program writes are taken for (EXR is light, PNG is display values). environment: variables added to ours; timeout_s:
    seconds allowed for each sample of a start; workdir: where the command runs. ``{folder}`` may stand in workdir and
    in the variables as well.
    """

    name: str
    revision: str
    description: Annotated[str, Field(min_length=1)]
    metadata: MethodMetadata = MethodMetadata()
    command: Annotated[tuple[str, ...], Field(min_length=1)]
    per: Literal["sample", "batch"] = "batch"
    input: Encoding = "display"
    image_format: ImageFormat = "npy"
    output: Encoding = "light"
    environment: dict[str, str] = Field(default_factory=dict)
    timeout_s: Annotated[float, Field(gt=0)] = 600.0
    workdir: str = "{folder}"

    @field_validator("name", "revision")
    @classmethod
    def _fits_a_file_name(cls, text: str, field: ValidationInfo) -> str:
        check_file_name_part("name" if field.field_name == "name" else "revision", text)
        return text

    @field_validator("command")
    @classmethod
    def _command_names_the_job(cls, command: tuple[str, ...]) -> tuple[str, ...]:
        _refuse_unknown(command, ("job", "folder"))
        if not any("{job}" in part for part in command):
            raise ValueError("no part of it is {job}; expected the place where the job file is named")
        return command

    @field_validator("workdir", "environment")
    @classmethod
    def _only_folder(cls, value: str | dict[str, str]) -> str | dict[str, str]:
        _refuse_unknown([value] if isinstance(value, str) else list(value.values()), ("folder",))
        return value

    @model_validator(mode="after")
    def _png_holds_display_values(self) -> CommandDescription:
        if self.input == "light" and self.image_format == "png16":
            raise ValueError("image_format png16 holds display values only; for input: light choose exr or npy")
        return self


def _refuse_unknown(texts: Sequence[str], known: Sequence[str]) -> None:
    for text in texts:
        for name in _PLACEHOLDER.findall(text):
            if name not in known:
                raise ValueError(
                    f"unknown placeholder {{{name}}} in {text!r}; expected "
                    + " or ".join(f"{{{word}}}" for word in known)
                )


class CommandMethod:
    """A :class:`benchmark.methods.interface.BatchMethod` that starts another program.

    description, folder: the content of a ``method.yaml`` and the folder it stands in; log: a file that everything the
    program says is added to (None: only the last words, in the messages about what failed).
    """

    def __init__(self, description: CommandDescription, folder: Path, *, log: Path | None = None) -> None:
        self.name = description.name
        self.revision = description.revision
        self.description = description.description
        self.metadata = description.metadata
        self.log = log
        self._told = description
        self.folder = folder.resolve()

    def render_batch(self, samples: Sequence[MethodInput]) -> Iterator[Rendering]:
        """Yield one :class:`Rendering` for each sample, in order; those that failed say why.

        An image is yielded, and its file deleted, as soon as that of a later sample is there, while the program goes
        on. Closing the iterator ends the program and all that it started.

        Raises BadInputError when the program cannot be started at all.
        """
        if self._told.per == "sample":
            starts = [[sample] for sample in samples]
        else:
            starts = [list(group) for _, group in groupby(samples, key=lambda sample: sample.gamma)]
        for start in starts:
            yield from self._run(start)

    def _run(self, samples: Sequence[MethodInput]) -> Iterator[Rendering]:
        with tempfile.TemporaryDirectory(prefix="bokehbench-job-") as name:
            folder = Path(name)
            log = folder / "log.txt"
            outputs = JobOutputs(folder / "outputs", samples, self._told.output)
            job = self._write_job(samples, folder, outputs)
            outputs.begin()
            try:
                with running(
                    [self._filled(part, folder / "job.json") for part in self._told.command],
                    folder=Path(self._filled(self._told.workdir)),
                    environment=self._environment(),
                    log=log,
                    timeout_s=self._told.timeout_s * len(samples),
                ) as program:
                    for index in range(len(samples)):
                        yield _next_rendering(index, outputs, program, log)
            finally:
                self._keep_log(log, job)

    def _write_job(self, samples: Sequence[MethodInput], folder: Path, outputs: JobOutputs) -> Job:
        inputs = JobInputs(folder / "inputs", self._told.input, self._told.image_format)
        told = [
            JobSample(
                name=sample.name,
                image=inputs.image(sample),
                disparity=inputs.disparity(sample.disparity),
                disparity_raw=None if sample.disparity_raw is None else inputs.disparity_raw(sample.disparity_raw),
                blur_parameter=sample.blur_parameter,
                blur_parameter_raw=sample.blur_parameter_raw,
                focus_disparity=sample.focus_disparity,
                focus_disparity_raw=sample.focus_disparity_raw,
                aperture=sample.aperture,
                output=str(outputs.stem(index)),
                output_encoding=self._told.output,
            )
            for index, sample in enumerate(samples)
        ]
        job = Job(gamma=samples[0].gamma, image_encoding=self._told.input, samples=tuple(told))
        write_json(folder / "job.json", job.model_dump(mode="json"))
        return job

    def _filled(self, text: str, job: Path | None = None) -> str:
        words = {"folder": str(self.folder), "job": str(job)}
        return _PLACEHOLDER.sub(lambda match: words[match[1]], text)

    def _environment(self) -> Mapping[str, str]:
        return {**os.environ, **{key: self._filled(value) for key, value in self._told.environment.items()}}

    def _keep_log(self, log: Path, job: Job) -> None:
        if self.log is None or not log.is_file():
            return
        self.log.parent.mkdir(parents=True, exist_ok=True)
        names = [sample.name or "?" for sample in job.samples]
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        with self.log.open("ab") as kept, log.open("rb") as said:
            kept.write(f"--- {self.name} {self.revision}: {names[0]}{more}\n".encode())
            while block := said.read(1 << 20):
                kept.write(block)


def _next_rendering(index: int, outputs: JobOutputs, program: Program, log: Path) -> Rendering:
    """Wait until a sample's image is whole, or the program has ended."""
    while True:
        ended = program.poll()  # first: what is there after the end is whole
        if ended is not None:
            rendering = outputs.take_at_end(index, f"{ended.how}; its last words: {last_words(log)}")
            return replace(rendering, peak_memory_mb=ended.peak_memory_mb)
        taken = outputs.take_if_whole(index)
        if taken is not None:
            return replace(taken, peak_memory_mb=program.peak_memory_mb())
        program.pause()


def load_command_method(path: Path, *, log: Path | None = None) -> CommandMethod:
    """Return the method of a ``method.yaml``, or of a folder that holds one; raises BadInputError.

    log: a file that everything the program says is added to.
    """
    file = path / METHOD_FILE if path.is_dir() else path
    if not file.is_file():
        what = f"holds no {METHOD_FILE}" if path.is_dir() else "does not exist"
        raise BadInputError(f"{path} {what}; expected a {METHOD_FILE}, or a folder that holds one")
    return CommandMethod(load_yaml(CommandDescription, file), file.parent, log=log)
