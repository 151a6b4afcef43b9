"""``bokehbench generate`` and ``bokehbench scenes``: the command-line face of this package."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from blender_scenes.catalogue import SCENES
from bokeh_render.doctor import Check
from bokeh_render.errors import BadInputError, BokehbenchError
from bokeh_render.progress import progress_bars
from bokeh_render.schema import parse

Jobs = Annotated[int, typer.Option("--jobs", min=0, help="Scenes rendered at a time, a process each; 0 = one a core.")]
Threads = Annotated[int, typer.Option("--threads", min=0, help="CPU threads per process; 0 = share the cores.")]


BlenderOption = Annotated[
    Path | None, typer.Option("--blender", envvar="BOKEHBENCH_BLENDER", help="A blender executable, 3.4 or later.")
]
BlenderPython = Annotated[
    Path | None,
    typer.Option(
        "--blender-python", envvar="BOKEHBENCH_BLENDER_PYTHON", help="A Python that has another bpy, such as 5.0."
    ),
]
Device = Annotated[str, typer.Option("--device", help="What Cycles computes on: cpu, cuda, optix, hip, metal, oneapi.")]


def share_cores(jobs: int, threads: int, pieces: int) -> tuple[int, int]:
    """Return (jobs, threads) with zeros resolved: as many processes as pieces and cores allow, cores shared evenly.

    Never fewer than two threads a process: with one, Blender's main thread waits for it in a busy loop, which took a
    third of the neighbour's core when measured (Blender 4.5, two cores).
    """
    cores = os.cpu_count() or 1
    jobs = jobs or max(1, min(cores, pieces))
    return jobs, threads or max(2, cores // jobs)


def generate_command(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the dataset; made when missing.")],
    config: Annotated[Path | None, typer.Option(help="YAML file with the whole config.")] = None,
    preset: Annotated[str | None, typer.Option(help="A config that ships with the package, e.g. demo.")] = None,
    scene: Annotated[
        list[str] | None,
        typer.Option(help="Only this scene, or one of yours: a .blend, .glb, .gltf or .obj file; repeat for more."),
    ] = None,
    camera: Annotated[str | None, typer.Option(help="Camera of your file, if not its active one.")] = None,
    frame: Annotated[int | None, typer.Option(help="Frame of your file, if it is animated.")] = None,
    auto_camera: Annotated[
        bool, typer.Option("--auto-camera", help="Place a camera, and lights, where your file has none.")
    ] = False,
    width: Annotated[int | None, typer.Option(min=1, help="Image width in px (K scales along).")] = None,
    height: Annotated[int | None, typer.Option(min=1, help="Image height in px; keeps the shape if left out.")] = None,
    samples: Annotated[int | None, typer.Option(min=1, help="Samples per pixel, of every image.")] = None,
    jobs: Jobs = 0,
    threads: Threads = 0,
    blender: BlenderOption = None,
    blender_python: BlenderPython = None,
    device: Device = "cpu",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be made, and stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the record (or plan) as JSON.")] = False,
) -> None:
    """Render a dataset of bokeh stacks with Blender. Killed? The same command goes on where it stopped."""
    from .blender_choice import choose_blender
    from .build import generate
    from .config import GenerateConfig, load_config, load_preset

    if (config is None) == (preset is None):
        raise BadInputError("expected either --config FILE or --preset NAME (such as --preset demo)")
    resolved = load_config(config) if config is not None else load_preset(preset or "")
    changes = _scenes_named(scene or [], resolved.name, camera, frame, auto_camera)
    if samples:
        changes |= {"image_samples": samples, "bokeh_samples": samples}
    if width:
        factor = width / resolved.width
        changes |= {"width": width, "height": round(resolved.height * factor)}
        changes |= {"blur_levels": tuple(level * factor for level in resolved.blur_levels)}
    if height:
        changes |= {"height": height}
    if changes:
        resolved = parse(GenerateConfig, {**dict(resolved), **changes}, "options")
    if dry_run:
        _print_plan(resolved.model_dump(mode="json"), as_json)
        return
    chosen = choose_blender(blender, blender_python, device)
    jobs, threads = share_cores(jobs, threads, len(resolved.scenes))
    with progress_bars(Console(stderr=True)) as report:
        record = generate(resolved, out, jobs=jobs, threads=threads, blender=chosen, report=report)
    if as_json:
        typer.echo(record.model_dump_json(indent=2))
    else:
        typer.echo(f"{out}: {', '.join(resolved.scenes)}; files {record.files_sha256[:12]}")


def _scenes_named(
    scenes: list[str], name: str, camera: str | None, frame: int | None, auto_camera: bool
) -> dict[str, Any]:
    """Return what ``--scene`` changes in a config called ``name``: files become its files, known by their ids."""
    from .scene_source import file_scene, is_file_name

    files = {
        scene: file_scene(Path(scene), camera=camera, frame=frame, auto_camera=auto_camera)
        for scene in scenes
        if is_file_name(scene)
    }
    if not files and (camera is not None or frame is not None or auto_camera):
        raise BadInputError(
            "--camera, --frame and --auto-camera are for your own scene; expected --scene FILE with them"
        )
    if not scenes:
        return {}
    ids = tuple(files[scene].id if scene in files else scene for scene in scenes)
    changes: dict[str, Any] = {"scenes": ids, "files": tuple(files.values())}
    if files:
        changes["name"] = f"{name}-{'-'.join(file.id for file in files.values())}"[:80]
    return changes


def _print_plan(config: dict[str, Any], as_json: bool) -> None:
    levels, focus = len(config["blur_levels"]), len(config["focus_disparities"])
    second = levels * len(config["noise_floor"]["focus"])
    images = len(config["scenes"]) * (1 + levels * focus + second)
    rays = config["width"] * config["height"] * config["bokeh_samples"] * images
    if as_json:
        typer.echo(json.dumps({"config": config, "images": images, "pixel_samples": rays}, indent=2))
        return
    typer.echo(
        f"{config['name']} {config['version']}: {config['width']}×{config['height']}, {', '.join(config['scenes'])}"
    )
    typer.echo(f"{levels} blur levels × {focus} focus settings; {images} images, {rays / 1e6:.0f} million camera rays")


def scenes_list_command(as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False) -> None:
    """List the scripted scenes and what each is there to test."""
    if as_json:
        typer.echo(json.dumps([vars(entry) for entry in SCENES.values()], indent=2))
        return
    table = Table("scene", "what it is", "what it tests")
    for entry in SCENES.values():
        table.add_row(entry.name, entry.title, entry.tests)
    Console().print(table)


def doctor_checks() -> list[Check]:
    """Return what generating needs: this Python, and a Blender that starts and builds a scene."""
    import tempfile

    from .blender_process import Job, Ready, ShotDone, run_job

    version = sys.version.split()[0]
    python = Check("Python", "ok", version)
    if sys.version_info[:2] != (3, 11):
        python = Check("Python", "missing", version, "Blender's module needs Python 3.11")
    seen: list[Ready] = []

    def note(event: Ready | ShotDone) -> None:
        if isinstance(event, Ready):
            seen.append(event)

    try:
        with tempfile.TemporaryDirectory() as folder:
            run_job(Job(scene="calibration", seed=0, width=16, height=16, threads=1, shots=()), Path(folder), note)
    except BokehbenchError as error:
        return [python, Check("Blender", "missing", str(error), "bokehbench cannot generate without it; see above")]
    return [python, Check("Blender", "ok", f"{seen[0].blender}, starts and builds a scene")]
