"""A light field being rendered: which views are left, what each adds, which images are done, where a kill resumes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bokeh_render.imagefile import write_image
from bokeh_render.journal import append_to_journal, read_journal

from .blender_process import Shot
from .image_shots import read_light
from .lightfield import LightFieldPlan, LightFieldSums
from .noise_floor import noise_psnr
from .stack import bokeh_file

_SAVE_EVERY_SECONDS = 300.0
_PREFIX = "view_"


class LightFieldRun:
    """Renders the bokeh images of one stack view by view.

    folder: where the images go; work: where sums and noise figures are kept between runs.
    """

    def __init__(
        self,
        plan: LightFieldPlan,
        folder: Path,
        work: Path,
        *,
        noise_focus: Sequence[int],
        seed_of: Callable[[str], int],
    ) -> None:
        self._plan, self._folder, self._work, self._seed_of = plan, folder, work, seed_of
        self._sums = LightFieldSums(plan, noise_focus)
        self._saved_at = time.monotonic()
        if self._is_finished():
            self._sums.added = len(plan.views)
        else:
            self._sums.load(self._state)

    @property
    def _state(self) -> Path:
        return self._work / "light_field.npz"

    @property
    def _noise(self) -> Path:
        return self._work / "noise.jsonl"

    def _is_finished(self) -> bool:
        levels, focuses = len(self._plan.blur_parameters), len(self._plan.focus_disparities)
        return all((self._folder / bokeh_file(j, f)).is_file() for j in range(levels) for f in range(focuses)) and (
            not self._sums.noise_focus or levels - 1 in self.noise_psnrs()
        )

    @property
    def total(self) -> int:
        """How many views there are."""
        return len(self._plan.views)

    @property
    def done(self) -> int:
        """How many of them are added up."""
        return self._sums.added

    def shots(self, raw: Path) -> list[Shot]:
        """Return the views that are left, in order. raw: folder for the worker's files."""
        return [
            Shot(
                id=f"{_PREFIX}{number:05d}",
                path=(raw / f"{_PREFIX}{number:05d}.exr").resolve(),
                samples=1,
                seed=self._seed_of(f"{_PREFIX}{number}"),
                view=self._plan.pinhole(view),
            )
            for number, view in enumerate(self._plan.views)
            if number >= self._sums.added
        ]

    def accept(self, shot: Shot) -> None:
        """Add a rendered view; write a blur level's images when its last view is in. Views come in order."""
        self._sums.add(read_light(shot))
        level = self._sums.finished_level
        if level is not None:
            self._write_level(level)
        if level is not None or time.monotonic() - self._saved_at > _SAVE_EVERY_SECONDS:
            self._sums.save(self._state)
            self._saved_at = time.monotonic()

    def _write_level(self, level: int) -> None:
        for focus in self._sums.noise_focus:
            psnr = noise_psnr(*self._sums.halves(focus), "half_views")
            append_to_journal(self._noise, {"blur": level, "focus": focus, "psnr": psnr})
        for focus in range(len(self._plan.focus_disparities)):
            write_image(self._folder / bokeh_file(level, focus), self._sums.image(focus), bits=16)

    def noise_psnrs(self) -> dict[int, dict[int, float]]:
        """Return the noise floors measured so far, dB by blur and focus index."""
        found: dict[int, dict[int, float]] = {}
        for entry in read_journal(self._noise):
            found.setdefault(entry["blur"], {})[entry["focus"]] = entry["psnr"]
        return found
