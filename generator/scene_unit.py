"""The work on one scene: survey its depth, plan the stack's lenses, render what is missing, describe the result.

State between runs lies in ``<dataset>/.work/<scene>/``: ``survey.json`` (what Blender said about camera and geometry),
``shots.jsonl`` (seconds of every finished image), logs. Raw renders live there too and are deleted as they are read.
A finished image is a whole file in ``scenes/<scene>/``; ``info.json`` is written last and marks the stack as done.
"""

from __future__ import annotations

import errno
import logging
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Event
from typing import Protocol

import numpy as np

from bokeh_render.atomic import remove_leftovers, write_json
from bokeh_render.errors import BadInputError, BokehbenchError
from bokeh_render.folder_lock import locked
from bokeh_render.imagefile import read_exr_channels, read_map, write_image
from bokeh_render.journal import append_to_journal, read_journal
from bokeh_render.optics import DEPTH_OF_NOTHING_M, DisparityRange, disparity_from_depth, disparity_range
from bokeh_render.progress import ReportStep, Step
from bokeh_render.schema import Record, load_json

from .acceptance import MAX_ATTEMPTS, reasons_to_refuse
from .blender_choice import BUILT_IN, Blender
from .blender_process import TIMEOUT_SECONDS, Job, JobFile, OnEvent, Ready, Shot, ShotDone, run_job
from .config import GenerateConfig
from .corruption import corrupt, planned_corruptions
from .estimate import is_disk_full
from .execution import Needs
from .image_shots import ImageShots, channel, read_light
from .lightfield_run import LightFieldRun
from .noise_floor import noise_floors, second_seed_psnrs
from .plan import StackOptics, plan_stack, plan_views, render_seed, stack_optics
from .scene_source import FileScene
from .stack import (
    DEPTH_FILE,
    DISPARITY_AA_FILE,
    INFO_FILE,
    WORK_FOLDER,
    Camera,
    Corruption,
    NoiseFloor,
    RenderedStackInfo,
)

_LOG = logging.getLogger("bokehbench")
_MEMORY_MB = 700


class ShotGroup(Protocol):
    """Renders that belong together: what is left of them, and what to do with each as it comes in."""

    @property
    def total(self) -> int:
        """How many renders there are in all."""

    @property
    def done(self) -> int:
        """How many of them are in."""

    def shots(self, raw: Path) -> list[Shot]:
        """Return what is left to render, in order. raw: folder for the worker's files."""

    def accept(self, shot: Shot) -> None:
        """Take a finished render; its file is deleted afterwards."""


class Survey(Record):
    """What the first, depth-only run said about a scene. attempt: which draw of its seed was accepted, 0 the first."""

    camera: Camera
    geometry_sha256: str
    blender: str
    enclosed_by: str | None
    attempt: int
    refusals: tuple[str, ...]
    device: str = "cpu"
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class SceneUnit:
    """One stack of a dataset, as a unit of work.

    dataset: the dataset's folder; threads: for Cycles; timeout_seconds: how long Blender may be silent;
    blender: which one.
    """

    config: GenerateConfig
    scene: str
    dataset: Path
    threads: int
    timeout_seconds: float = TIMEOUT_SECONDS
    blender: Blender = BUILT_IN

    @property
    def name(self) -> str:
        """The scene's name."""
        return self.scene

    @property
    def needs(self) -> Needs:
        """CPU threads and memory of one Blender process."""
        return Needs(self.threads, _MEMORY_MB)

    @property
    def folder(self) -> Path:
        """Where the stack's files go."""
        return self.dataset / "scenes" / self.scene

    @property
    def work(self) -> Path:
        """Where state between runs lies."""
        return self.dataset / WORK_FOLDER / self.scene

    def is_done(self) -> bool:
        """Return whether the stack is complete."""
        return (self.folder / INFO_FILE).is_file()

    def run(self, report: ReportStep, cancelled: Event) -> None:
        """Render what is missing and write ``info.json``; see :class:`generator.execution.Unit`."""
        with locked(self.work / "lock", self.dataset):
            try:
                self._make(report, cancelled)
            except BokehbenchError as error:
                if not cancelled.is_set() and is_disk_full(error, self.dataset):
                    raise OSError(errno.ENOSPC, "the disk is full", str(self.folder)) from error
                raise

    def _make(self, report: ReportStep, cancelled: Event) -> None:
        remove_leftovers(self.folder)
        shutil.rmtree(self.work / "raw", ignore_errors=True)
        survey = self._survey(cancelled)
        disparity = disparity_from_depth(read_map(self.folder / DEPTH_FILE))
        disparities = disparity_range(disparity)
        optics = stack_optics(self.config, survey.camera, disparities)
        corruptions = planned_corruptions(self.config.corruptions, self.config.width)
        for corruption in corruptions:
            if not (self.folder / corruption.file).is_file():
                corrupted = corrupt(disparities.normalise(disparity), corruption)
                write_image(self.folder / corruption.file, corrupted, bits=32)
        images = ImageShots(plan_stack(self.config, self.scene, optics), self.folder)
        light_field = self._light_field(survey, optics) if self.config.engine == "lightfield" else None
        self._render([images, light_field] if light_field else [images], survey, report, cancelled)
        if light_field:
            floors = noise_floors(light_field.noise_psnrs(), "half_views")
        else:
            floors = noise_floors(self._second_seed_psnrs(), "second_seed")
        info = self._describe(survey, optics, disparities, corruptions, floors)
        write_json(self.folder / INFO_FILE, info.model_dump(mode="json"))

    def _light_field(self, survey: Survey, optics: StackOptics) -> LightFieldRun:
        return LightFieldRun(
            plan_views(self.config, self.scene, optics, survey.camera),
            self.folder,
            self.work,
            noise_focus=self.config.noise_floor.focus,
            seed_of=partial(render_seed, self.config.seed, self.scene),
        )

    def _job(self, shots: tuple[Shot, ...], attempt: int) -> Job:
        source = self.config.source(self.scene)
        return Job(
            file=_job_file(source.file) if source.file is not None else None,
            scene=source.name,
            seed=source.seed,
            attempt=attempt,
            parameters={"free": True} if source.free else {},
            width=self.config.width,
            height=self.config.height,
            threads=self.threads,
            shots=shots,
        )

    def _run_job(self, job: Job, name: str, on_event: OnEvent, cancelled: Event) -> None:
        run_job(
            job,
            self.work / name,
            on_event,
            blender=self.blender,
            cancelled=cancelled,
            timeout_seconds=self.timeout_seconds,
        )

    def _survey(self, cancelled: Event) -> Survey:
        """Render the depth (the same to the bit in every process), from which the lenses follow."""
        survey_path = self.work / "survey.json"
        if survey_path.is_file() and (self.folder / DEPTH_FILE).is_file():
            return load_json(Survey, survey_path)
        refusals: list[str] = []
        while True:
            survey = self._draw(len(refusals), tuple(refusals), cancelled)
            reasons = self._reasons_to_refuse(survey)
            if not reasons:
                break
            refusals.append("; ".join(reasons))
            append_to_journal(self.work / "refused.jsonl", {"attempt": survey.attempt, "reasons": reasons})
            if len(refusals) == MAX_ATTEMPTS:
                raise BokehbenchError(f"none of {MAX_ATTEMPTS} draws was accepted, the last for: {refusals[-1]}")
        write_json(survey_path, survey.model_dump(mode="json"))
        return survey

    def _reasons_to_refuse(self, survey: Survey) -> list[str]:
        """Judge a training scene; test scenes are as they were composed."""
        if not self.config.source(self.scene).free:
            return []
        inside = [f"the camera is inside {survey.enclosed_by}"] if survey.enclosed_by else []
        return inside + reasons_to_refuse(read_map(self.folder / DEPTH_FILE))

    def _draw(self, attempt: int, refusals: tuple[str, ...], cancelled: Event) -> Survey:
        """Build the scene once and write its depth and smooth disparity."""
        raw = self.work / "raw"
        raw.mkdir(parents=True, exist_ok=True)
        depth = Shot(id=DEPTH_FILE, path=(raw / DEPTH_FILE).resolve(), samples=1, seed=0)
        smooth = Shot(
            id=DISPARITY_AA_FILE,
            path=(raw / DISPARITY_AA_FILE).resolve(),
            samples=self.config.image_samples,
            seed=0,
            disparity=True,
        )
        built: list[Ready] = []

        def note(event: Ready | ShotDone) -> None:
            if isinstance(event, Ready):
                built.append(event)

        self._run_job(self._job((depth, smooth), attempt), "survey", note, cancelled)
        write_image(self.folder / DISPARITY_AA_FILE, read_light(smooth)[0], bits=32)
        nearest = np.minimum(channel(read_exr_channels(depth.path), "Depth"), DEPTH_OF_NOTHING_M)
        if (nearest >= DEPTH_OF_NOTHING_M).all():
            raise BadInputError(
                f"the camera of {self.scene} sees nothing but background; expected something in its view"
            )
        write_image(self.folder / DEPTH_FILE, nearest, bits=32)
        shutil.rmtree(raw)
        (ready,) = built
        for notice in ready.notices:
            _LOG.warning("%s", notice)
        return Survey(
            camera=Camera.model_validate(ready.camera),
            geometry_sha256=ready.geometry_sha256,
            blender=ready.blender,
            enclosed_by=ready.enclosed_by,
            attempt=attempt,
            refusals=refusals,
            device=self.blender.device,
            notices=ready.notices,
        )

    def _second_seed_psnrs(self) -> dict[int, dict[int, float]]:
        focus = self.config.noise_floor.focus
        return {blur: second_seed_psnrs(self.folder, blur, focus) for blur in range(len(self.config.blur_levels))}

    def _render(self, groups: Sequence[ShotGroup], survey: Survey, report: ReportStep, cancelled: Event) -> None:
        """Render what the groups still lack, all in one process; hand over each render as soon as it is written."""
        raw = self.work / "raw"
        owners = {shot.id: (shot, group) for group in groups for shot in group.shots(raw)}
        total = sum(group.total for group in groups)
        report(Step(self.scene, total - len(owners), total, next(iter(owners), "")))
        if not owners:
            return
        raw.mkdir(parents=True, exist_ok=True)

        def accept(event: Ready | ShotDone) -> None:
            if isinstance(event, Ready):
                self._check_unchanged(survey, event)
                return
            shot, group = owners[event.id]
            group.accept(shot)
            shot.path.unlink()
            append_to_journal(self.work / "shots.jsonl", {"shot": event.id, "seconds": event.seconds})
            report(Step(self.scene, sum(group.done for group in groups), total, event.id))

        shots = tuple(shot for shot, _ in owners.values())
        self._run_job(self._job(shots, survey.attempt), "render", accept, cancelled)

    def _check_unchanged(self, survey: Survey, event: Ready) -> None:
        now = (event.geometry_sha256, event.blender, self.blender.device)
        if now != (survey.geometry_sha256, survey.blender, survey.device):
            raise BokehbenchError(
                f"scene {self.scene} is no longer what it was when this dataset was begun (geometry, textures, "
                f"Blender's version or the device changed); delete {self.dataset} or generate into another folder"
            )

    def _describe(
        self,
        survey: Survey,
        optics: StackOptics,
        disparities: DisparityRange,
        corruptions: tuple[Corruption, ...],
        floors: tuple[NoiseFloor, ...],
    ) -> RenderedStackInfo:
        config = self.config
        return RenderedStackInfo(
            blur_parameters=optics.blur_parameters,
            focus_distances=optics.focus_distances,
            f_stops=optics.f_stops,
            focal_length=survey.camera.lens_mm,
            scene=self.scene,
            seed=self.config.source(self.scene).seed,
            width=config.width,
            height=config.height,
            image_samples=config.image_samples,
            bokeh_samples=config.bokeh_samples,
            engine=config.engine,
            aperture=config.aperture,
            corruptions=corruptions,
            refusals=survey.refusals,
            camera=survey.camera,
            blur_parameters_normalised=config.blur_levels,
            focus_disparities_normalised=config.focus_disparities,
            disparity_min=disparities.minimum,
            disparity_max=disparities.maximum,
            noise_floor=floors,
            geometry_sha256=survey.geometry_sha256,
            blender=survey.blender,
            device=survey.device,
            notices=survey.notices,
            render_seconds=round(sum(shot["seconds"] for shot in read_journal(self.work / "shots.jsonl")), 1),
        )


def _job_file(file: FileScene) -> JobFile:
    if file.path is None:
        raise BadInputError(f"it is not known where {file.file} lies; name it with --scene PATH")
    return JobFile(path=file.path, **file.model_dump(include={"sha256", "camera", "frame", "auto_camera"}))
