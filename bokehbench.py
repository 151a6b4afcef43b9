"""The command ``bokehbench``: joins the packages' sub-commands, and the packages themselves where a command needs two.

Nothing imports this module. Heavy packages (torch, pandas) are imported by the sub-command that needs them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

import benchmark.cli
import benchmark.method_cli
import benchmark.predictions_cli
import bokeh_render.cli
import bokeh_render.training.cli
import generator.cli
import generator.dataset_cli
import generator.ebb400.cli
import leaderboards.cli
from bokeh_render.errors import BadInputError, BokehbenchError
from bokeh_render.progress import progress_bars

if TYPE_CHECKING:
    from benchmark.dataset import Dataset
    from benchmark.protocols import Protocol
    from benchmark.results import Result
    from bokeh_render.training.config import StageConfig
    from bokeh_render.training.examples import PairSource
    from leaderboards.entry import Entry
    from leaderboards.gallery import PictureSource, Sources

app = typer.Typer(
    help="Make bokeh ground truth, render bokeh, and score any method so that everyone gets the same number.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
scenes_app = typer.Typer(help="The scripted scenes.", no_args_is_help=True)
protocol_app = typer.Typer(help="The rules for scoring.", no_args_is_help=True)
predictions_app = typer.Typer(help="Predictions made elsewhere.", no_args_is_help=True)
leaderboard_app = typer.Typer(help="Tables and pages from results.", no_args_is_help=True)

app.command("generate")(generator.cli.generate_command)
app.command("prepare-ebb400")(generator.ebb400.cli.prepare_ebb400_command)
app.command("render")(bokeh_render.cli.render_command)
app.command("evaluate")(benchmark.cli.evaluate_command)
app.add_typer(leaderboard_app, name="leaderboard")
leaderboard_app.command("check")(leaderboards.cli.leaderboard_check_command)
app.add_typer(generator.dataset_cli.dataset_app, name="dataset")
app.add_typer(scenes_app, name="scenes")
app.add_typer(protocol_app, name="protocol")
app.add_typer(benchmark.method_cli.method_app, name="method")
app.add_typer(predictions_app, name="predictions")
predictions_app.command("validate")(benchmark.predictions_cli.predictions_validate_command)
scenes_app.command("list")(generator.cli.scenes_list_command)
scenes_app.command("show")(generator.cli.scenes_show_command)
protocol_app.command("list")(benchmark.cli.protocol_list_command)
protocol_app.command("show")(benchmark.cli.protocol_show_command)

_INTERRUPTED = (130, 143)  # what typer exits with on Ctrl-C, and what SIGTERM ends an evaluation with
_DEMO_METHODS = ("identity", "gaussian", "blender-defocus", "classical", "layered", "hybrid")


@leaderboard_app.command("build")
def leaderboard_build_command(
    run: Annotated[Path, typer.Argument(help="Folder given to evaluate as --out; its results/ are ranked.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for index.html, leaderboard.md, leaderboard.csv.")],
    dataset: Annotated[
        Path | None, typer.Option(help="The dataset: its results are ranked, its pictures shown side by side.")
    ] = None,
    protocol: Annotated[str | None, typer.Option(help="Rank the results of this protocol only.")] = None,
) -> None:
    """Rank the results of a folder: a page with pictures, Markdown and CSV."""
    from benchmark.dataset import open_dataset
    from benchmark.results import load_results
    from benchmark.store import RESULTS_FOLDER
    from leaderboards.page import build_page

    opened = None if dataset is None else open_dataset(dataset)
    results = load_results(run / RESULTS_FOLDER, protocol, None if opened is None else opened.files_sha256)
    pictures = None if opened is None else _picture_source(opened, results, run)
    typer.echo(str(build_page(results, out, pictures)))


@app.command("demo")
def demo_command(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for dataset, predictions, results and page.")] = Path(
        "demo-out"
    ),
    jobs: generator.cli.Jobs = 0,
    threads: generator.cli.Threads = 0,
) -> None:
    """Render two scenes, score six methods, write the leaderboard page. Killed? Run it again: it goes on."""
    from generator.build import generate
    from generator.config import load_preset

    started = time.monotonic()
    console = Console(stderr=True)
    config = load_preset("demo")
    jobs, threads = generator.cli.share_cores(jobs, threads, len(config.scenes))
    console.print(f"Rendering {len(config.scenes)} scenes with Blender into {out / 'dataset'}", highlight=False)
    with progress_bars(console) as report:
        generate(config, out / "dataset", jobs=jobs, threads=threads, report=report)

    from benchmark.dataset import open_dataset
    from benchmark.methods import included_method
    from benchmark.protocols import load_protocol
    from benchmark.run import evaluate_all
    from leaderboards.page import build_page
    from leaderboards.table import leaderboard, to_markdown

    dataset, protocol = open_dataset(out / "dataset"), load_protocol("blb-v1")
    console.print(f"Scoring {', '.join(_DEMO_METHODS)} under {protocol.name}", highlight=False)
    with progress_bars(console) as report:
        outcomes = evaluate_all(
            [included_method(name) for name in _DEMO_METHODS], dataset, protocol, out, report=report
        )
    results = [outcome.result_or_raise() for outcome in outcomes]
    page = build_page(results, out / "leaderboard", _picture_source(dataset, results, out))
    typer.echo(to_markdown(leaderboard(results)))
    typer.echo(f"Done in {time.monotonic() - started:.0f} s. Open {page.resolve()}")


def _picture_source(dataset: Dataset, results: Sequence[Result], run: Path) -> PictureSource:
    """Join the page to the dataset it is about and to the predictions below the folder ``run``."""
    import numpy as np

    from benchmark.predictions import prediction_path, read_prediction
    from benchmark.protocols import Protocol, load_protocol
    from benchmark.samples import Sample
    from benchmark.store import Store
    from blender_scenes.catalogue import SCENES
    from leaderboards.gallery import Sources

    definition = results[0].protocol.definition
    protocol = load_protocol(results[0].protocol.name) if definition is None else Protocol.model_validate(definition)
    folders = {result.method.name: Store.of(run, result).predictions(result.method) for result in results}
    corruption = results[0].samples[0].corruption  # of several maps the first is shown

    def sources(scene: str, blur: int, focus: Sequence[int], methods: Sequence[str]) -> Sources:
        given = dataset.scene(scene)
        samples = {index: Sample(scene, blur, index, corruption) for index in focus}
        shape = given.image.pixels.shape
        return Sources(
            scene=scene,
            title=SCENES[scene].title if scene in SCENES else scene,
            blur=blur,
            focus={index: given.focus_disparities[index] for index in focus},
            image=np.clip(given.image.as_display(protocol.gamma), *protocol.clip_scored),
            disparity=dataset.method_input(samples[focus[0]], protocol).disparity,
            truth={index: dataset.truth_display(sample.truth, protocol) for index, sample in samples.items()},
            predictions={
                method: {
                    index: read_prediction(prediction_path(folders[method], sample), shape, protocol)
                    for index, sample in samples.items()
                }
                for method in methods
                if folders[method].is_dir()  # predictions made elsewhere are not kept
            },
        )

    return sources


@app.command("submit")
def submit_command(
    results: leaderboards.cli.Results,
    store: leaderboards.cli.StoreFolder = None,
    dataset: Annotated[
        Path | None, typer.Option(help="The dataset; needed for the first entry of a rendering, to describe it.")
    ] = None,
) -> None:
    """Enter results into a leaderboard's store, after all checks; all of them, or none.

    \b
    bokehbench submit run/results/blb-v1/*/mine@1.json --dataset DATASET
    """  # noqa: D301  (the backslash keeps click from joining the lines)
    from benchmark.dataset import open_dataset
    from benchmark.describing import describe_rendering

    folder = leaderboards.cli.store_or_own(store)
    with progress_bars(Console(stderr=True)) as report:
        rendering = None if dataset is None else describe_rendering(open_dataset(dataset, report))
    leaderboards.cli.run_submit(results, folder, rendering)


@leaderboard_app.command("verify")
def leaderboard_verify_command(
    entry: leaderboards.cli.EntryName,
    dataset: Annotated[Path, typer.Option(help="The very rendering that the entry was scored on.")],
    predictions: Annotated[
        Path | None, typer.Option(help="The entry's predictions, folder or zip, to be scored again.")
    ] = None,
    method: Annotated[str | None, typer.Option(help="The entry's method, to be run again; as for evaluate.")] = None,
    store: leaderboards.cli.StoreFolder = None,
    jobs: Annotated[int, typer.Option(min=1, help="With --method: processes that render side by side.")] = 1,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads that score; 0 = all.")] = 0,
) -> None:
    """Score an entry again; if it says the same numbers, note in it that it is reproduced, or verified.

    Exit code 1, with a table of the largest differences, when it says others; the entry then stays as it was.
    """
    if (predictions is None) == (method is None):
        raise BadInputError("expected --predictions or --method, one of them: what is to be scored again")

    def rescore(told: Entry, rule: Protocol) -> Result:
        return _rescore(told, rule, dataset, predictions, method, jobs, threads)

    leaderboards.cli.run_verify(entry, store, "verified" if predictions is None else "reproduced", rescore)


def _rescore(
    entry: Entry, rule: Protocol, dataset: Path, predictions: Path | None, method: str | None, jobs: int, threads: int
) -> Result:
    """Score an entry's predictions again, or those that its method makes anew, by the benchmark's own path."""
    from tempfile import TemporaryDirectory

    from benchmark.dataset import open_dataset
    from benchmark.describing import describe_method
    from benchmark.methods.loading import load_method
    from benchmark.methods.stopping import sigterm_interrupts
    from benchmark.metrics.lpips import load_lpips
    from benchmark.run import evaluate, score_folder
    from leaderboards.verify import check_same_dataset, check_same_method

    with sigterm_interrupts(), TemporaryDirectory() as folder, progress_bars(Console(stderr=True)) as report:
        opened = open_dataset(dataset, report)
        check_same_dataset(entry, opened.files_sha256)
        if load_lpips(rule.lpips.backbone_sha256, None, net=rule.lpips.net) is None:
            raise BadInputError("LPIPS's weights are not on this machine; bokehbench doctor tells how to get them")
        if method is None:
            assert predictions is not None
            return score_folder(
                predictions,
                entry.result.method,
                opened,
                rule,
                Path(folder),
                allow_identity=True,  # whether it was, is for the entry to tell
                threads=threads,
                report=report,
            )
        chosen = load_method(method)
        check_same_method(entry, describe_method(chosen))
        return evaluate(chosen, opened, rule, Path(folder), jobs=jobs, threads=threads, report=report)


@app.command("train")
def train_command(
    config: bokeh_render.training.cli.Config,
    out: bokeh_render.training.cli.Out,
    device: bokeh_render.training.cli.Device = "auto",
    threads: bokeh_render.training.cli.Threads = 0,
    workers: bokeh_render.training.cli.Workers = 0,
    pool: bokeh_render.training.cli.Pool = None,
    pool_only: bokeh_render.training.cli.PoolOnly = False,
    stacks: bokeh_render.training.cli.Stacks = None,
    stack_pairs: bokeh_render.training.cli.StackPairCount = 200,
    rescore: bokeh_render.training.cli.Rescore = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print metrics.json instead of sentences.")] = False,
) -> None:
    """Train the hybrid's networks from a config. Stopped or killed? The same command goes on from there.

    \b
    bokehbench train small -o run                      a config that comes with bokehbench
    bokehbench train my.yaml -o run --device cuda
    bokehbench train refined -o check --rescore shipped
    """  # noqa: D301  (the backslash keeps click from joining the lines)
    bokeh_render.training.cli.run_training(
        config,
        out,
        device=device,
        threads=threads,
        workers=workers,
        pool=pool,
        pool_only=pool_only,
        stacks=None if stacks is None else lambda stage, seed: _stack_pairs(stage, seed, stacks, stack_pairs),
        rescore=rescore,
        as_json=as_json,
    )


def _stack_pairs(stage: StageConfig, seed: int, dataset: Path, count: int) -> PairSource:
    """Return pairs cut from a dataset's stacks, of the size and up to the blur that a stage's own have."""
    from bokeh_render.schema import read_json
    from bokeh_render.training.examples import StreamPairs
    from generator.stack import DATASET_FILE
    from generator.training_stacks import StackPairs, StackPairSettings

    drawn = stage.pairs
    settings = StackPairSettings(
        height=drawn.height,
        width=drawn.width,
        largest_blur_px=drawn.blur_px[1],
        imperfect=drawn.imperfect,
    )
    pairs = StackPairs(dataset, settings)
    key = {
        "files_sha256": read_json(dataset / DATASET_FILE).get("files_sha256"),
        "settings": settings.model_dump(mode="json"),
        "seed": seed,
    }
    return StreamPairs(pairs, seed, count, key)


@app.command("doctor")
def doctor_command(
    download_lpips: Annotated[
        bool, typer.Option("--download-lpips", help="Fetch AlexNet's weights (233 MB) into torch's cache.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print as JSON.")] = False,
) -> None:
    """Say what is installed, what is missing, and how to get it. Exit code 1 when something needed is missing."""
    import json

    from benchmark.metrics.lpips import download_backbone

    if download_lpips:
        download_backbone()
    checks = [*generator.cli.doctor_checks(), *bokeh_render.cli.doctor_checks(), *benchmark.cli.doctor_checks()]
    if as_json:
        typer.echo(json.dumps([vars(check) for check in checks], indent=2))
    else:
        marks = {"ok": "ok      ", "optional": "optional", "missing": "MISSING "}
        for check in checks:
            typer.echo(f"{marks[check.state]}  {check.name:<16} {check.found}")
            if check.remedy:
                typer.echo(f"{'':26} {check.remedy}")
    if any(check.state == "missing" for check in checks):
        raise typer.Exit(1)


def main() -> None:
    """Run the command; a user's mistake ends in one sentence and exit code 2, a failure in one and exit code 1."""
    try:
        app()
    except BokehbenchError as error:
        Console(stderr=True).print(
            f"bokehbench: {error}", style="bold red", markup=False, highlight=False, soft_wrap=True
        )
        sys.exit(error.exit_code)
    except OSError as error:  # a full disk, a folder that may not be written
        place = f" ({error.filename})" if error.filename else ""
        text = f"bokehbench: {error.strerror or error}{place}; what was finished stays, the same command goes on"
        Console(stderr=True).print(text, style="bold red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)
    except SystemExit as end:
        if end.code in _INTERRUPTED:
            Console(stderr=True).print("bokehbench: stopped; the same command goes on from here", highlight=False)
        raise


if __name__ == "__main__":
    main()
