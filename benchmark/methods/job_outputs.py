"""What a program writes for the samples of a job: when an image is whole, what it holds, and when it was written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from bokeh_render.errors import BadInputError
from bokeh_render.imagefile import read_image
from bokeh_render.optics import Float32, display_from_light
from bokeh_render.schema import load_json

from .interface import MethodInput, Rendering
from .job import OUTPUT_SUFFIXES, Encoding, OutputNotes

_NOTES_SUFFIX = ".json"
_REFUSED_SUFFIXES = (".jpg", ".jpeg")

_State = tuple[tuple[str, int, int], ...]


class JobOutputs:
    """The outputs of one start of a program, which are taken one after the other and deleted.

    folder: where they will lie; samples: what they are made of, in order; npy_holds: what NPY files hold.
    """

    def __init__(self, folder: Path, samples: Sequence[MethodInput], npy_holds: Encoding) -> None:
        self._folder, self._samples, self._npy_holds = folder, samples, npy_holds
        self._started = 0.0
        self._written = [0.0] * len(samples)
        self._not_yet_whole: _State = ()

    def begin(self) -> None:
        """Make the folder and count seconds from now, by the clock that dates files."""
        self._folder.mkdir()
        self._started = self._folder.stat().st_ctime

    def stem(self, index: int) -> Path:
        """Return where the program shall write a sample's image, without its suffix."""
        return self._folder / f"{index:05d}"

    def take_if_whole(self, index: int) -> Rendering | None:
        """Return the rendering of a sample while the program still runs; None if it has to be waited for.

        An image is whole when another one of a later sample is there. One that cannot be read even so is looked at
        again when it has changed; only the end of the program shows that it is wrong.
        """
        if not (self._files(index) and any(self._files(later) for later in range(index + 1, len(self._samples)))):
            return None
        state = self._state(index)
        if state == self._not_yet_whole:
            return None
        try:
            return self._take(index)
        except (BadInputError, FileNotFoundError):  # half a file, or one that was renamed at this moment
            self._not_yet_whole = state
            return None

    def take_at_end(self, index: int, how_it_ended: str) -> Rendering:
        """Return the rendering of a sample after the program's end; its error says what is wrong, if anything is."""
        try:
            if not self._files(index):
                raise BadInputError(self._what_is_missing(index, how_it_ended))
            return self._take(index)
        except BadInputError as error:
            name = self._samples[index].name
            return Rendering(None, error=f"{name}: {error}" if name else str(error))

    def _files(self, index: int) -> list[Path]:
        return [path for suffix in OUTPUT_SUFFIXES if (path := self._beside(index, suffix)).is_file()]

    def _beside(self, index: int, suffix: str) -> Path:
        return self.stem(index).with_suffix(suffix)

    def _state(self, index: int) -> _State:
        files = [*self._files(index), self._beside(index, _NOTES_SUFFIX)]
        return tuple(
            (path.name, told.st_size, told.st_mtime_ns) for path in files if path.is_file() and (told := path.stat())
        )

    def _what_is_missing(self, index: int, how_it_ended: str) -> str:
        stem = self.stem(index).name
        refused = [suffix for suffix in _REFUSED_SUFFIXES if self._beside(index, suffix).is_file()]
        if refused:
            return f"the command wrote {stem}{refused[0]}, but JPEG changes the image; write PNG, NPY or EXR"
        return f"the command wrote none of {', '.join(stem + suffix for suffix in OUTPUT_SUFFIXES)}: {how_it_ended}"

    def _take(self, index: int) -> Rendering:
        files = self._files(index)
        if len(files) > 1:
            raise BadInputError(f"the command wrote {' and '.join(path.name for path in files)}; expected one of them")
        display = self._read(files[0], self._samples[index])
        told = self._beside(index, _NOTES_SUFFIX)
        notes = load_json(OutputNotes, told) if told.is_file() else OutputNotes()
        self._written[index] = files[0].stat().st_ctime
        seconds = self._seconds(index) if notes.seconds is None else notes.seconds
        for path in (files[0], told):  # what has been taken shall not fill the disk
            path.unlink(missing_ok=True)
        return Rendering(display, seconds=seconds, peak_gpu_memory_mb=notes.peak_gpu_memory_mb)

    def _read(self, file: Path, sample: MethodInput) -> Float32:
        image = read_image(file)
        if image.pixels.shape != sample.display.shape:
            (height, width), (rows, columns) = sample.display.shape[:2], image.pixels.shape[:2]
            raise BadInputError(
                f"the command wrote an image of {columns}×{rows}; expected {width}×{height} as its input"
            )
        if file.suffix == ".npy":
            return image.pixels if self._npy_holds == "display" else display_from_light(image.pixels, sample.gamma)
        return image.as_display(sample.gamma)

    def _seconds(self, index: int) -> float:
        """Return the time from the image that was written before this one, or from the start: they sum to the run.

        A file's time of change is that of its last writing or renaming, whatever date it claims to have.
        """
        for later in range(index + 1, len(self._samples)):
            for path in self._files(later):
                self._written[later] = path.stat().st_ctime
        own = self._written[index]
        before = [at for other, at in enumerate(self._written) if at > 0 and (at, other) < (own, index)]
        return max(own - max([self._started, *before]), 0.0)
