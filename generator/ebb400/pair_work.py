"""The work on one id: read, prepare, write its files; or say why not. What is done stays done."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from bokeh_render.atomic import write_json
from bokeh_render.errors import BadInputError
from bokeh_render.schema import Record, load_json, sha256_of_json

from ..stack import PREVIEW_FOLDER, WORK_FOLDER
from .disparity_source import DisparityFound, DisparitySource
from .layout import scene_folders, scene_name
from .pair import prepare_pair
from .pair_files import write_pair
from .photographs import Photographs, read_photographs
from .refusal import PairRefusedError
from .settings import VERSION, PairSettings
from .source import EbbSource, PhotographFiles
from .strip import Strip, strip_of, write_strip


class Outcome(Record):
    """What became of an id. key: hash of all that decided it; step, reason: of a refusal, else None.

    doubts: of a pair that was prepared all the same.
    """

    id: int
    key: str
    state: Literal["ready", "refused"]
    step: str | None = None
    reason: str | None = None
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class PairWork:
    """All that the work on any id of a set needs; picklable. out: the dataset's folder; threads: of the renderer."""

    source: EbbSource
    disparity: DisparitySource
    settings: PairSettings
    out: Path
    threads: int = 1

    def outcome_file(self, identifier: int) -> Path:
        """Return where an id's outcome is kept between runs."""
        return self.out / WORK_FOLDER / "outcomes" / f"{scene_name(identifier)}.json"

    def finished(self, identifier: int) -> Outcome | None:
        """Return what became of an id in an earlier run; None when its photographs, its map or this code
        has changed since, and after a mistake of ours, which is tried again.
        """
        path = self.outcome_file(identifier)
        if not path.is_file():
            return None
        found = load_json(Outcome, path)
        return found if found.key == self.key(identifier) and found.step != "unexpected" else None

    def run(self, identifier: int) -> Outcome:
        """Prepare an id's pair, or find out why it cannot be used; either is written down last."""
        key = self.key(identifier)
        self.forget(identifier)
        try:
            doubts = self._prepare(identifier)
        except PairRefusedError as error:
            outcome = Outcome(id=identifier, key=key, state="refused", step=error.step, reason=str(error))
        except (OSError, MemoryError):  # of the machine, not of the pair: the run ends and can be taken up again
            raise
        except Exception as error:  # noqa: BLE001  (no mistake of ours may cost the other pairs)
            told = f"{type(error).__name__}: {' '.join(str(error).split())}"
            reason = f"a mistake of bokehbench itself, please report it ({told})"
            outcome = Outcome(id=identifier, key=key, state="refused", step="unexpected", reason=reason)
        else:
            outcome = Outcome(id=identifier, key=key, state="ready", doubts=doubts)
        write_json(self.outcome_file(identifier), outcome.model_dump(mode="json"))
        return outcome

    def key(self, identifier: int) -> str:
        """Return the hash of all that decides an id's outcome: settings, photographs, map."""
        return sha256_of_json(
            {
                "version": VERSION,
                "settings": self.settings.model_dump(mode="json"),
                "photographs": self.source.fingerprint(identifier),
                "disparity": self._map_key(identifier),
            }
        )

    def _map_key(self, identifier: int) -> Any:
        try:
            return self.disparity.key_of(identifier)
        except OSError as error:  # gone or unreadable: find says so, in its own words
            return f"unreadable: {error.strerror}"

    def forget(self, identifier: int) -> None:
        """Delete what there is of an id: first its outcome, so that a kill in between leaves no false one."""
        self.outcome_file(identifier).unlink(missing_ok=True)
        for folder in scene_folders(self.out, identifier):
            shutil.rmtree(folder, ignore_errors=True)
        self._preview(identifier).unlink(missing_ok=True)

    def _preview(self, identifier: int) -> Path:
        return self.out / PREVIEW_FOLDER / f"{scene_name(identifier)}.jpg"

    def _prepare(self, identifier: int) -> tuple[str, ...]:
        """Write a pair's files and return the doubts."""
        scene = scene_name(identifier)
        read = self.out / WORK_FOLDER / "read" / scene
        preview = self._preview(identifier)
        try:
            files, photographs = self._read(identifier, read)
            found = self._map_of(identifier, photographs)
            wide, shallow, disparity = photographs.wide, photographs.shallow, found.disparity
            try:
                pair = prepare_pair(wide, shallow, disparity, self.settings, threads=self.threads)
            except PairRefusedError as error:
                write_strip(preview, Strip(f"{scene}, refused: {error}", wide, shallow, disparity))
                raise
            write_strip(preview, strip_of(scene, pair))
            if self.settings.clear and pair.blur.doubts:
                raise PairRefusedError("blur", pair.blur.doubts[0])
            write_pair(self.out, identifier, files, photographs, found, pair, self.settings, threads=self.threads)
            return pair.blur.doubts
        finally:
            shutil.rmtree(read, ignore_errors=True)

    def _read(self, identifier: int, folder: Path) -> tuple[PhotographFiles, Photographs]:
        try:
            files = self.source.extract(identifier, folder)
            return files, read_photographs(files)
        except BadInputError as error:
            raise PairRefusedError("read", str(error)) from None

    def _map_of(self, identifier: int, photographs: Photographs) -> DisparityFound:
        try:
            return self.disparity.find(identifier, photographs.wide, photographs.stored_size, photographs.orientation)
        except BadInputError as error:
            raise PairRefusedError("disparity", str(error)) from None
        except OSError as error:
            raise PairRefusedError("disparity", f"the map cannot be read ({error.strerror})") from None
