"""A small picture of a scene, to look at before rendering a stack of it."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from bokeh_render.imagefile import write_image
from bokeh_render.optics import display_from_light

from .blender_process import Job, Shot, ignore, run_job
from .image_shots import read_light
from .scene_source import SceneSource


def render_preview(source: SceneSource, out: Path, *, width: int, samples: int, threads: int) -> None:
    """Render a scene all in focus, 3:2, and write it as display values. out: PNG or JPEG."""
    with tempfile.TemporaryDirectory() as folder:
        shot = Shot(id="preview", path=Path(folder) / "preview.exr", samples=samples, seed=1)
        job = Job(
            scene=source.name,
            seed=source.seed,
            parameters={"free": True} if source.free else {},
            width=width,
            height=round(width * 2 / 3),
            threads=threads,
            shots=(shot,),
        )
        run_job(job, Path(folder) / "job", ignore)
        light = np.moveaxis(read_light(shot), 0, 2)
    write_image(out, np.clip(display_from_light(light), 0.0, 1.0))
