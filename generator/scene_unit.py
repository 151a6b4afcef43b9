"""The work on one scene: survey its depth, plan the stack's lenses, render what is missing, describe the result.

State between runs lies in ``<dataset>/.work/<scene>/``: ``survey.json`` (what Blender said about camera and geometry),
``shots.jsonl`` (seconds of every finished image), logs. Raw renders live there too and are deleted as they are read.
A finished image is a whole file in ``scenes/<scene>/``; ``info.json`` is written last and marks the stack as done.
"""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from threading import Event

import numpy as np

from bokeh_render.atomic import write_json
from bokeh_render.errors import BadInputError, BokehbenchError
from bokeh_render.imagefile import read_exr_channels, read_image, read_map, write_image
from bokeh_render.journal import append_to_journal, read_journal
from bokeh_render.optics import (
    DEPTH_OF_NOTHING_M,
    DisparityRange,
    Float32,
    disparity_from_depth,
    disparity_range,
    display_from_light,
)
from bokeh_render.progress import ReportStep, Step
from bokeh_render.schema import Record, load_json

from .blender_choice import BUILT_IN, Blender
from .blender_process import Job, JobFile, Ready, Shot, ShotDone, run_job
from .config import GenerateConfig
from .execution import Needs
from .plan import PlannedShot, StackOptics, plan_stack, stack_optics
from .scene_source import FileScene
from .stack import (
    DEPTH_FILE,
    INFO_FILE,
    SECOND_SEED_FOLDER,
    WORK_FOLDER,
    Camera,
    NoiseFloor,
    RenderedStackInfo,
    bokeh_file,
)

_LOG = logging.getLogger("bokehbench")
_MEMORY_MB = 700
_NOISE_OF_ONE_RENDER_DB = 10 * np.log10(2.0)  # two renders differ by the noise of both


class Survey(Record):
    """What the first, depth-only run said about a scene."""

    camera: Camera
    geometry_sha256: str
    blender: str
    device: str = "cpu"
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class SceneUnit:
    """One stack of a dataset, as a unit of work. dataset: the dataset's folder; threads: for Cycles; blender: which."""

    config: GenerateConfig
    scene: str
    dataset: Path
    threads: int
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
        shutil.rmtree(self.work / "raw", ignore_errors=True)
        survey = self._survey(cancelled)
        disparities = disparity_range(disparity_from_depth(read_map(self.folder / DEPTH_FILE)))
        optics = stack_optics(self.config, survey.camera, disparities)
        plan = plan_stack(self.config, self.scene, optics)
        self._render(plan, survey, report, cancelled)
        info = self._describe(survey, optics, disparities)
        write_json(self.folder / INFO_FILE, info.model_dump(mode="json"))

    def _job(self, shots: tuple[Shot, ...]) -> Job:
        source = self.config.source(self.scene)
        return Job(
            file=_job_file(source.file) if source.file is not None else None,
            scene=source.name,
            seed=source.seed,
            parameters={"free": True} if source.free else {},
            width=self.config.width,
            height=self.config.height,
            threads=self.threads,
            shots=shots,
        )

    def _survey(self, cancelled: Event) -> Survey:
        """Render the depth (the same to the bit in every process), from which the lenses follow."""
        survey_path, depth_path = self.work / "survey.json", self.folder / DEPTH_FILE
        if survey_path.is_file() and depth_path.is_file():
            return load_json(Survey, survey_path)
        raw = self.work / "raw" / DEPTH_FILE
        raw.parent.mkdir(parents=True, exist_ok=True)
        surveys: list[Survey] = []

        def note(event: Ready | ShotDone) -> None:
            if isinstance(event, Ready):
                camera = Camera.model_validate(event.camera)
                facts = event.model_dump(exclude={"camera"})
                surveys.append(Survey(camera=camera, device=self.blender.device, **facts))

        job = self._job((Shot(id=DEPTH_FILE, path=raw.resolve(), samples=1, seed=0),))
        run_job(job, self.work / "survey", note, blender=self.blender, cancelled=cancelled)
        for notice in surveys[0].notices:
            _LOG.warning("%s", notice)
        depth = np.minimum(_single(read_exr_channels(raw), "Depth"), DEPTH_OF_NOTHING_M)
        if (depth >= DEPTH_OF_NOTHING_M).all():
            raise BadInputError(
                f"the camera of {self.scene} sees nothing but background; expected something in its view"
            )
        write_image(depth_path, depth, bits=32)
        raw.unlink()
        write_json(survey_path, surveys[0].model_dump(mode="json"))
        return surveys[0]

    def _render(self, plan: list[PlannedShot], survey: Survey, report: ReportStep, cancelled: Event) -> None:
        """Render the images that are not there yet, all in one process; convert each as soon as it is written."""
        missing = {shot.file: shot for shot in plan if not (self.folder / shot.file).is_file()}
        report(Step(self.scene, len(plan) - len(missing), len(plan), next(iter(missing), "")))
        if not missing:
            return
        raw = self.work / "raw"
        shots = tuple(
            Shot(
                id=shot.file,
                path=(raw / shot.file.replace("/", "_")).resolve(),
                samples=shot.samples,
                seed=shot.seed,
                lens=shot.lens,
            )
            for shot in missing.values()
        )
        raw.mkdir(parents=True, exist_ok=True)
        left = dict(missing)

        def accept(event: Ready | ShotDone) -> None:
            if isinstance(event, Ready):
                self._check_unchanged(survey, event)
                return
            path = raw / event.id.replace("/", "_")
            self._accept_image(path, left.pop(event.id), event.seconds)
            report(Step(self.scene, len(plan) - len(left), len(plan), next(iter(left), "")))

        run_job(self._job(shots), self.work / "render", accept, blender=self.blender, cancelled=cancelled)

    def _check_unchanged(self, survey: Survey, event: Ready) -> None:
        now = (event.geometry_sha256, event.blender, self.blender.device)
        if now != (survey.geometry_sha256, survey.blender, survey.device):
            raise BokehbenchError(
                f"scene {self.scene} is no longer what it was when this dataset was begun (geometry, textures, "
                f"Blender's version or the device changed); delete {self.dataset} or generate into another folder"
            )

    def _accept_image(self, raw: Path, shot: PlannedShot, seconds: float) -> None:
        light = np.stack([_single(read_exr_channels(raw), f"Combined.{letter}") for letter in "RGB"], axis=2)
        if not np.isfinite(light).all():
            raise BokehbenchError(f"scene {self.scene}: {shot.file} came out with NaN or infinite colours")
        write_image(self.folder / shot.file, light, bits=16)
        raw.unlink()
        append_to_journal(self.work / "shots.jsonl", {"file": shot.file, "seconds": seconds})

    def _describe(self, survey: Survey, optics: StackOptics, disparities: DisparityRange) -> RenderedStackInfo:
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
            aperture=config.aperture,
            camera=survey.camera,
            blur_parameters_normalised=config.blur_levels,
            focus_disparities_normalised=config.focus_disparities,
            disparity_min=disparities.minimum,
            disparity_max=disparities.maximum,
            noise_floor=measure_noise_floor(self.folder, config),
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


def _single(channels: dict[str, Float32], ending: str) -> Float32:
    """Return the one channel of a raw render whose name holds ``ending`` (``Depth``, ``Combined.R``)."""
    return next(values for name, values in channels.items() if ending in name)


def measure_noise_floor(folder: Path, config: GenerateConfig) -> tuple[NoiseFloor, ...]:
    """Compare the two seeds of a stack, per blur level, in clipped display values.

    folder: the scene's; both renders must be there. Returns one entry per blur level that was rendered twice.
    """
    floors = []
    for blur in range(len(config.blur_levels)):
        psnrs = []
        for focus in config.noise_floor.focus:
            first, second = (
                np.clip(display_from_light(read_image(folder / sub / bokeh_file(blur, focus)).pixels), 0.0, 1.0)
                for sub in ("", SECOND_SEED_FOLDER)
            )
            error = float(np.mean((first.astype(np.float64) - second) ** 2))
            psnrs.append(-10 * np.log10(max(error, 1e-12)) + _NOISE_OF_ONE_RENDER_DB)
        if psnrs:
            floor = NoiseFloor(blur=blur, psnr=round(float(np.mean(psnrs)), 3), measured_focus=config.noise_floor.focus)
            floors.append(floor)
    return tuple(floors)
