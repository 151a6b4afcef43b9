"""The site's pictures: of each sample the truth, every method's prediction, and where it errs. A killed run goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import matplotlib as mpl
import numpy as np

from benchmark.reports.error_maps import ERROR_SCALE, error_map
from bokeh_render.journal import append_to_journal, read_journal
from bokeh_render.optics import Float32
from bokeh_render.progress import ReportStep, Step, silent
from bokeh_render.schema import sha256_of_json

from . import picture_files
from .arrangement import ShownBoard
from .folder import SiteFolder
from .picture_places import DISPARITY, ERROR, ERROR_SCALE_FILE, FULL, IMAGE, SMALL, PicturePlaces
from .picture_source import PictureSource
from .places import PICTURES

JOURNAL = f"{PICTURES}/finished.jsonl"
_COLOURS = "inferno"


@dataclass(frozen=True)
class _Piece:
    """A picture in all its files, whose names begin with ``place``. key: of all that decides its bytes.

    draw: makes the files' contents by suffix, given the truth of the sample.
    """

    place: str
    key: str
    suffixes: tuple[str, ...]
    draw: Callable[[Float32 | None], dict[str, bytes]]


@dataclass(frozen=True)
class _Group:
    """Pictures that share a truth. truth: reads it; None for what is given of a scene."""

    pieces: tuple[_Piece, ...]
    truth: Callable[[], Float32] | None = None


class Pictures:
    """All pictures of a site. threads: how many are drawn side by side."""

    def __init__(
        self, folder: SiteFolder, source: PictureSource, *, threads: int = 1, report: ReportStep = silent
    ) -> None:
        self._folder, self._source, self._threads, self._report = folder, source, threads, report
        self._journal = folder.root / JOURNAL
        self._finished: dict[str, str] = {
            entry["place"]: entry["key"]
            for entry in read_journal(self._journal)
            if isinstance(entry, dict) and entry.keys() == {"place", "key"}
        }
        self._current: dict[str, str] = {}
        folder.remember(place + suffix for place in self._finished for suffix in (FULL, SMALL, ERROR))

    def draw(self, shown: ShownBoard) -> None:
        """Draw what is missing of a board's pictures; what is there with the same key is kept."""
        picture_files.check_formats()
        groups = [*self._given(shown), *self._samples(shown)]
        self._current |= {piece.place: piece.key for group in groups for piece in group.pieces}
        missing = [rest for group in groups if (rest := self._unfinished(group)).pieces]
        self._journal.parent.mkdir(parents=True, exist_ok=True)
        task = f"pictures, {shown.board.protocol.name}"
        with ThreadPoolExecutor(self._threads) as pool:
            try:
                for done, group in enumerate(pool.map(self._draw, missing), start=1):
                    for piece in group.pieces:
                        append_to_journal(self._journal, {"place": piece.place, "key": piece.key})
                    self._report(Step(task, done, len(missing)))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def finish(self) -> None:
        """Leave a journal of what is there, in order, so that it too is the same for the same results."""
        lines = [json.dumps({"place": place, "key": key}) + "\n" for place, key in sorted(self._current.items())]
        self._folder.write(JOURNAL, "".join(lines))
        self._folder.write(ERROR_SCALE_FILE, _error_scale())

    def _unfinished(self, group: _Group) -> _Group:
        left = []
        for piece in group.pieces:
            names = [piece.place + suffix for suffix in piece.suffixes]
            whole = all((self._folder.root / name).is_file() for name in names)
            if whole and self._finished.get(piece.place) == piece.key:
                for name in names:
                    self._folder.keep(name)
            else:
                left.append(piece)
        return _Group(tuple(left), group.truth)

    def _draw(self, group: _Group) -> _Group:
        truth = None if group.truth is None else group.truth()
        for piece in group.pieces:
            for suffix, content in piece.draw(truth).items():
                self._folder.write(piece.place + suffix, content)
        return group

    def _given(self, shown: ShownBoard) -> Iterator[_Group]:
        places, rule = PicturePlaces.of(shown), shown.board.protocol
        for scene in shown.board.scenes:
            for what, read in (
                (IMAGE, partial(self._source.image, scene, rule)),
                (DISPARITY, partial(self._source.disparity, scene)),
            ):
                place, key = places.given(scene, what), self._key(shown, what, scene)
                yield _Group((_Piece(place, key, (FULL, SMALL), partial(_plain, read=read)),))

    def _samples(self, shown: ShownBoard) -> Iterator[_Group]:
        """Yield the pictures of each sample: its truth, then the predictions of the methods that have it."""
        places, rule = PicturePlaces.of(shown), shown.board.protocol
        results = {name: shown.board.entries[name].result for name in shown.pictured or ()}
        hashes = {
            name: {score.sample: score.prediction_sha256 for score in result.samples}
            for name, result in results.items()
        }
        for sample in shown.board.rendering.samples(rule):
            pieces = [_Piece(places.truth(sample), self._key(shown, "truth", str(sample)), (FULL, SMALL), _truth)]
            for name, result in results.items():
                if sample in hashes[name]:
                    read = partial(self._source.prediction, sample, result, rule)
                    key = self._key(shown, hashes[name][sample], str(sample))
                    place = places.prediction(sample, name)
                    pieces.append(_Piece(place, key, (FULL, SMALL, ERROR), partial(_prediction, read=read)))
            yield _Group(tuple(pieces), partial(self._source.truth, sample, rule))

    def _key(self, shown: ShownBoard, what: str, of: str) -> str:
        """Return a key. what: the kind of picture, or the hash of a prediction; of: the scene, or the sample."""
        rule = [shown.board.protocol.gamma, shown.board.protocol.clip_input, _COLOURS, ERROR_SCALE]
        return sha256_of_json([picture_files.SETTINGS, rule, shown.board.rendering.files_sha256, of, what])


def _plain(truth: Float32 | None, read: Callable[[], Float32]) -> dict[str, bytes]:
    del truth
    return _files(read())


def _truth(truth: Float32 | None) -> dict[str, bytes]:
    assert truth is not None
    return _files(truth)


def _prediction(truth: Float32 | None, read: Callable[[], Float32]) -> dict[str, bytes]:
    assert truth is not None
    pixels = read()
    return {**_files(pixels), ERROR: picture_files.errors(_heat(error_map(pixels, truth) / ERROR_SCALE))}


def _files(pixels: Float32) -> dict[str, bytes]:
    return {FULL: picture_files.full(pixels), SMALL: picture_files.thumbnail(pixels)}


def _heat(values: Float32) -> Float32:
    """Colour values, of which 1 and more are the brightest."""
    coloured = mpl.colormaps[_COLOURS](np.clip(values, 0.0, 1.0))
    return np.ascontiguousarray(coloured[..., :3], dtype=np.float32)


def _error_scale() -> bytes:
    """Return the legend of error maps: all colours, the least error at the left."""
    return picture_files.thumbnail(_heat(np.tile(np.linspace(0.0, 1.0, 240, dtype=np.float32), (12, 1))))
