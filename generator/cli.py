"""``bokehbench generate`` and ``bokehbench scenes``: the command-line face of this package."""

from __future__ import annotations

import json
import os
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from blender_scenes.catalogue import SCENES
from bokeh_render.doctor import Check
from bokeh_render.errors import BadInputError, BokehbenchError
from bokeh_render.progress import progress_bars
from bokeh_render.schema import parse

if TYPE_CHECKING:
    from .build import Shard
    from .config import GenerateConfig

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
    count: Annotated[int | None, typer.Option(min=1, help="Draw so many training scenes instead.")] = None,
    first_seed: Annotated[int | None, typer.Option(min=1, help="First seed of the training scenes.")] = None,
    exclude_family: Annotated[list[str] | None, typer.Option(help="Draw none of this family; repeat.")] = None,
    width: Annotated[int | None, typer.Option(min=1, help="Image width in px (K scales along).")] = None,
    height: Annotated[int | None, typer.Option(min=1, help="Image height in px; keeps the shape if left out.")] = None,
    samples: Annotated[int | None, typer.Option(min=1, help="Samples per pixel, of every image.")] = None,
    jobs: Jobs = 0,
    threads: Threads = 0,
    retries: Annotated[int, typer.Option(min=0, help="Tries again for a scene whose Blender crashed.")] = 1,
    timeout: Annotated[float, typer.Option(min=0.01, help="Minutes Blender may be silent before it is ended.")] = 60.0,
    shard: Annotated[str | None, typer.Option(help="I/N: only every N-th scene from the I-th, for array jobs.")] = None,
    blender: BlenderOption = None,
    blender_python: BlenderPython = None,
    device: Device = "cpu",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be made, and stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the record (or plan) as JSON.")] = False,
) -> None:
    """Render a dataset of bokeh stacks with Blender. Killed? The same command goes on where it stopped."""
    from .blender_choice import choose_blender
    from .build import generate, generate_shard
    from .config import GenerateConfig, load_config, load_preset

    if (config is None) == (preset is None):
        raise BadInputError("expected either --config FILE or --preset NAME (such as --preset demo)")
    resolved = load_config(config) if config is not None else load_preset(preset or "")
    changes = _scenes_named(scene or [], resolved.name, camera, frame, auto_camera)
    changes |= _scenes_drawn(resolved, bool(scene), count, first_seed, exclude_family)
    if samples:
        changes |= {"image_samples": samples, "bokeh_samples": samples}
    if width:
        factor = width / resolved.width
        changes |= {"width": width, "height": round(resolved.height * factor)}
        changes |= {"blur_levels": tuple(level * factor for level in resolved.blur_levels)}
    if height:
        changes |= {"height": height}
    if changes:
        kept = {key: value for key, value in dict(resolved).items() if key != "scenes" or not changes.get("training")}
        resolved = parse(GenerateConfig, {**kept, **changes}, "options")
    if dry_run:
        _print_plan(resolved, as_json)
        return
    chosen = choose_blender(blender, blender_python, device)
    share = parse_shard(shard) if shard is not None else None
    jobs, threads = share_cores(jobs, threads, len(resolved.scenes))
    with progress_bars(Console(stderr=True)) as report:
        run = partial(
            generate if share is None else partial(generate_shard, shard=share),
            jobs=jobs,
            threads=threads,
            retries=retries,
            timeout_seconds=60.0 * timeout,
            blender=chosen,
            report=report,
        )
        record = run(resolved, out)
    if record is None:
        typer.echo(f"{out}: share {shard} is finished; the manifest is written when all shares are")
    elif as_json:
        typer.echo(record.model_dump_json(indent=2))
    else:
        typer.echo(f"{out}: {_listed(resolved.scenes)}; files {record.files_sha256[:12]}")


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
    changes: dict[str, Any] = {"scenes": ids, "files": tuple(files.values()), "training": None}
    if files:
        changes["name"] = f"{name}-{'-'.join(file.id for file in files.values())}"[:80]
    return changes


def _scenes_drawn(
    config: GenerateConfig, named: bool, count: int | None, first_seed: int | None, exclude: list[str] | None
) -> dict[str, Any]:
    """Return what the options change about which training scenes are drawn. named: whether ``--scene`` was given."""
    drawn = {"count": count, "first_seed": first_seed, "exclude": tuple(exclude) if exclude else None}
    drawn = {key: value for key, value in drawn.items() if value is not None}
    if not drawn:
        return {}
    if named:
        raise BadInputError("--scene names scenes, --count and its like draw them; expected one or the other")
    plan = config.training.model_dump() if config.training else {}
    if "count" not in {**plan, **drawn}:
        raise BadInputError("--first-seed and --exclude-family need --count, the number of training scenes to draw")
    return {"training": {**plan, **drawn}}


def _listed(scenes: tuple[str, ...], most: int = 10) -> str:
    return ", ".join(scenes[:most]) + (f" and {len(scenes) - most} more" if len(scenes) > most else "")


def parse_shard(text: str) -> Shard:
    """Read ``I/N``; raises BadInputError unless 1 <= I <= N."""
    from .build import Shard

    number, slash, total = text.partition("/")
    if not (slash and number.isdecimal() and total.isdecimal() and 1 <= int(number) <= int(total)):
        raise BadInputError(f"--shard {text!r} is not a share; expected I/N with 1 <= I <= N, such as 2/8")
    return Shard(int(number), int(total))


def _print_plan(config: GenerateConfig, as_json: bool) -> None:
    from .estimate import estimate

    cost = estimate(config, threads=os.cpu_count() or 1)
    if as_json:
        typer.echo(json.dumps({"config": config.model_dump(mode="json"), **cost._asdict()}, indent=2))
        return
    how = f"{config.bokeh_samples} lens views" if config.engine == "lightfield" else "one render an image"
    typer.echo(f"{config.name} {config.version}: {config.width}×{config.height}, {_listed(config.scenes)}")
    typer.echo(
        f"{len(config.blur_levels)} blur levels × {len(config.focus_disparities)} focus settings ({how}); "
        f"{cost.images} images, {cost.camera_samples / 1e6:.0f} million camera samples"
    )
    typer.echo(f"about {_duration(cost.seconds)} on this machine, at most {cost.output_bytes / 1e6:.0f} MB")


def _duration(seconds: float) -> str:
    if seconds < 5400:
        return f"{max(1, round(seconds / 60))} minutes"
    return f"{seconds / 3600:.1f} hours" if seconds < 172800 else f"{seconds / 86400:.0f} days"


def scenes_list_command(as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False) -> None:
    """List the scripted scenes and what each is there to test."""
    if as_json:
        typer.echo(json.dumps([vars(entry) for entry in SCENES.values()], indent=2))
        return
    table = Table("scene", "family", "what it is", "what it tests")
    for entry in SCENES.values():
        table.add_row(entry.name, entry.family, entry.title, entry.tests)
    Console().print(table)


def scenes_show_command(
    scene: Annotated[str, typer.Argument(help="A test scene, or name@seed for a training scene.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Also render a small picture of it (PNG, JPEG).")
    ] = None,
    width: Annotated[int, typer.Option(min=16, max=4096, help="Width of the picture, px.")] = 480,
    samples: Annotated[int, typer.Option(min=1, help="Samples per pixel.")] = 48,
    threads: Threads = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Show what a scene is and tests, how to draw others of its family, and how it looks."""
    from .scene_source import TEST_SEED, parse_scene

    source = parse_scene(scene)
    entry = SCENES[source.name]
    if as_json:
        typer.echo(json.dumps({**vars(entry), "test_seed": TEST_SEED}, indent=2))
    else:
        typer.echo(f"{entry.name} (family {entry.family}): {entry.title}")
        typer.echo(f"tests {entry.tests}")
        typer.echo(f"training scenes: {entry.name}@1, {entry.name}@2, … (seed {TEST_SEED} is the test scene's)")
    if out is not None:
        from .preview import render_preview

        render_preview(source, out, width=width, samples=samples, threads=share_cores(1, threads, 1)[1])
        typer.echo(f"{out}: {scene}, {width} px wide")


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
