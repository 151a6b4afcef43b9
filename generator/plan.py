"""From a config and a scene's disparity range to the shots that make its stack: which lens, which focus, which seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bokeh_render.optics import DEPTH_OF_NOTHING_M, DisparityRange, focal_length_px, fstop_for

from .blender_process import Lens
from .config import GenerateConfig
from .lightfield import LightFieldPlan, plan_light_field
from .stack import IMAGE_FILE, SECOND_SEED_FOLDER, Camera, Role, bokeh_file, focus_disparity


@dataclass(frozen=True)
class PlannedShot:
    """One image of a stack. file: its path in the scene's folder; lens: None for the all-in-focus image."""

    file: str
    role: Role
    samples: int
    seed: int
    lens: Lens | None = None
    blur: int | None = None
    focus: int | None = None


@dataclass(frozen=True)
class StackOptics:
    """The grid of one stack in raw units: K in px per 1/metre, f-stops, focus distances in metres (65504 = far)."""

    blur_parameters: tuple[float, ...]
    f_stops: tuple[float, ...]
    focus_distances: tuple[float, ...]


def stack_optics(config: GenerateConfig, camera: Camera, disparities: DisparityRange) -> StackOptics:
    """Return the lens settings whose blur, in normalised disparity, is what the config asks for."""
    raw = tuple(level / (disparities.extent or 1.0) for level in config.blur_levels)
    focus = [disparities.denormalise(disparity) for disparity in config.focus_disparities]
    return StackOptics(
        blur_parameters=raw,
        f_stops=tuple(fstop_for(k, camera.lens_mm, camera.sensor_width_mm, config.width) for k in raw),
        focus_distances=tuple(DEPTH_OF_NOTHING_M if d * DEPTH_OF_NOTHING_M <= 1.0 else 1.0 / d for d in focus),
    )


def plan_stack(config: GenerateConfig, scene: str, optics: StackOptics) -> list[PlannedShot]:
    """Return every image of a scene's stack that Cycles renders whole, in the order in which to render them."""
    shots = [PlannedShot(IMAGE_FILE, "image", config.image_samples, render_seed(config.seed, scene, IMAGE_FILE))]
    if config.engine == "lightfield":
        return shots
    second: list[PlannedShot] = []
    for blur, fstop in enumerate(optics.f_stops):
        for focus, distance in enumerate(optics.focus_distances):
            lens = Lens(fstop=fstop, focus_distance_m=distance, **config.aperture.model_dump())
            for role, folder in (("bokeh", ""), ("bokeh_seed2", f"{SECOND_SEED_FOLDER}/")):
                if role == "bokeh_seed2" and focus not in config.noise_floor.focus:
                    continue
                file = folder + bokeh_file(blur, focus)
                seed = render_seed(config.seed, scene, file)
                shot = PlannedShot(file, role, config.bokeh_samples, seed, lens, blur, focus)  # type: ignore[arg-type]
                (shots if role == "bokeh" else second).append(shot)
    return shots + second


def plan_views(config: GenerateConfig, scene: str, optics: StackOptics, camera: Camera) -> LightFieldPlan:
    """Return the light field from which the bokeh images of a scene's stack are made (engine ``lightfield``)."""
    return plan_light_field(
        blur_levels=config.blur_levels,
        blur_parameters=optics.blur_parameters,
        focus_disparities=[focus_disparity(distance) for distance in optics.focus_distances],
        aperture=config.aperture,
        views=config.bokeh_samples,
        focal_length_px=focal_length_px(camera.lens_mm, camera.sensor_width_mm, config.width),
        shape=(config.height, config.width),
        seed=render_seed(config.seed, scene, "views"),
    )


def render_seed(seed: int, scene: str, file: str) -> int:
    """Return Cycles' seed for one image or view: its own for each, the same at every run."""
    state = np.random.SeedSequence([seed, *f"{scene}/{file}".encode()]).generate_state(1)
    return int(state[0]) & 0x7FFFFFFF
