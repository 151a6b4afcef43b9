"""The command ``bokehbench``: joins the packages' sub-commands, and the packages themselves where a command needs two.

Nothing imports this module. Heavy packages (torch, pandas) are imported by the sub-command that needs them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
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
from bokeh_render.exit_codes import INTERRUPTED, TERMINATED
from bokeh_render.progress import progress_bars

if TYPE_CHECKING:
    from benchmark.protocols import Protocol
    from benchmark.results import Result
    from bokeh_render.progress import ReportStep
    from bokeh_render.training.config import StageConfig
    from bokeh_render.training.examples import PairSource
    from leaderboards.entry import Entry
    from leaderboards.reported import ReportedTable
    from leaderboards.store import Content

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
leaderboard_app = typer.Typer(help="The site of published results, and their checks.", no_args_is_help=True)

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

_DEMO_METHODS = ("identity", "gaussian", "blender-defocus", "classical", "layered", "hybrid")


@leaderboard_app.command("build")
def leaderboard_build_command(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the site; index.html is its first page.")],
    source: Annotated[
        Path | None,
        typer.Argument(
            help="A store, or a folder given to evaluate as --out.  [default: leaderboards/ of this checkout]"
        ),
    ] = None,
    dataset: Annotated[
        Path | None, typer.Option(help="The rendering whose pictures are shown; without it there are tables only.")
    ] = None,
    run: Annotated[
        list[Path] | None,
        typer.Option(
            help="With --dataset: folder given to evaluate as --out, for predictions; repeatable.  [default: SOURCE]"
        ),
    ] = None,
    protocol: Annotated[str | None, typer.Option(help="Show the results of this protocol only.")] = None,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads that draw pictures; 0 = all.")] = 0,
) -> None:
    """Build a static site from results: tables, charts, pictures side by side. Stopped? The same command goes on.

    \b
    bokehbench leaderboard build run --dataset DATASET -o site                  from a run of evaluate
    bokehbench leaderboard build -o site --dataset DATASET --run run            from the checkout's own store
    """  # noqa: D301  (the backslash keeps click from joining the lines)
    from leaderboards.reported import read_reported
    from leaderboards.store import read_store
    from leaderboards.website.build import under

    if run and dataset is None:
        raise BadInputError("--run names predictions to show, and they need their ground truths; add --dataset")
    for folder in run or []:
        if not folder.is_dir():
            raise BadInputError(f"--run {folder} is no folder; expected one that was given to evaluate as --out")
    root = leaderboards.cli.store_or_own(source)
    content = read_store(root)
    if protocol is not None:
        content = under(content, protocol)
    with progress_bars(Console(stderr=True)) as report:
        page = _build_site(content, out, dataset, run or [root], read_reported(root), threads, report)
    typer.echo(str(page))


def _build_site(
    content: Content,
    out: Path,
    dataset: Path | None,
    runs: Sequence[Path],
    reported: Mapping[str, ReportedTable],
    threads: int,
    report: ReportStep,
) -> Path:
    from dataclasses import replace

    from benchmark.dataset import open_dataset
    from benchmark.describing import describe_rendering
    from benchmark.metrics.parallel import usable_cores
    from benchmark.scored_pictures import ScoredPictures
    from leaderboards.website.build import build_site

    pictures = None
    if dataset is not None:
        opened = open_dataset(dataset, report)
        if opened.files_sha256 not in content.renderings:
            told = {opened.files_sha256: describe_rendering(opened)}
            content = replace(content, renderings={**content.renderings, **told})
        pictures = ScoredPictures(opened, runs)
    return build_site(
        content, out, pictures=pictures, reported=reported, threads=threads or usable_cores(), report=report
    )


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
    from leaderboards.board import boards
    from leaderboards.board_markdown import board_markdown
    from leaderboards.entry import Entry
    from leaderboards.store import Content

    dataset, protocol = open_dataset(out / "dataset"), load_protocol("blb-v1")
    console.print(f"Scoring {', '.join(_DEMO_METHODS)} under {protocol.name}", highlight=False)
    with progress_bars(console) as report:
        outcomes = evaluate_all(
            [included_method(name) for name in _DEMO_METHODS], dataset, protocol, out, report=report
        )
    content = Content(tuple(Entry(result=outcome.result_or_raise()) for outcome in outcomes), {})
    with progress_bars(console) as report:
        page = _build_site(content, out / "leaderboard", out / "dataset", [out], {}, threads, report)
    for board in boards(content.entries, content.renderings):
        typer.echo(board_markdown(board))
    typer.echo(f"Done in {time.monotonic() - started:.0f} s. Open {page.resolve()}")


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
    precision: bokeh_render.training.cli.Precision = "auto",
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
        precision=precision,
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
        if end.code in (INTERRUPTED, TERMINATED):  # the first is what typer exits with on Ctrl-C
            Console(stderr=True).print("bokehbench: stopped; the same command goes on from here", highlight=False)
        raise


if __name__ == "__main__":
    main()
