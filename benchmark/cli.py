"""``bokehbench evaluate`` and ``bokehbench protocol``: the command-line face of this package."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from bokeh_render.doctor import Check, check_package
from bokeh_render.errors import BadInputError, BokehbenchError
from bokeh_render.progress import progress_bars
from bokeh_render.schema import parse

if TYPE_CHECKING:
    from .results import Result
    from .run import Outcome


def evaluate_command(
    methods: Annotated[
        list[str],
        typer.Argument(
            metavar="METHOD…",
            help="Included methods, module:Name, entry points, folders with a method.yaml; with --predictions, a name.",
        ),
    ],
    dataset: Annotated[Path, typer.Option(help="Folder of the dataset (ours, or the original BLB download).")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Gets predictions/, results/ and plots/.")],
    protocol: Annotated[str, typer.Option(help="The rule for scoring; a name, or a .yaml file of yours.")] = "blb-v1",
    predictions: Annotated[
        Path | None,
        typer.Option(help="Score this folder or zip (<scene>/bokeh_KK_FF.png) instead of running a method."),
    ] = None,
    revision: Annotated[
        str, typer.Option(help="With --predictions: the method's revision.  [default: submission.json's, or 1]")
    ] = "",
    description: Annotated[str, typer.Option(help="With --predictions: a line about the method.")] = "",
    allow_identity: Annotated[
        bool, typer.Option("--allow-identity", help="With --predictions: they may equal the input.")
    ] = False,
    lpips_weights: Annotated[Path | None, typer.Option(help="File or folder with LPIPS's backbone weights.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes that render side by side, each with its cores.")] = 1,
    threads: Annotated[int, typer.Option(min=0, help="CPU threads that score; 0 = all.")] = 0,
    plots: Annotated[bool, typer.Option("--plots", help="Draw the scores and error maps into OUT/plots.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole results as JSON.")] = False,
) -> None:
    """Score methods, or a folder of predictions, on a dataset. A missing or wrong prediction is an error.

    Several methods are scored together, which is faster, and compared. A stopped run goes on with the same command.
    """
    from .dataset import open_dataset
    from .methods.loading import check_name, load_method
    from .methods.stopping import sigterm_interrupts
    from .protocols import load_protocol
    from .reports.run_pictures import draw_run
    from .results import MethodReference
    from .run import Outcome, evaluate_all, score_folder

    rule = load_protocol(protocol)
    only_with_predictions = {"--revision": revision, "--description": description, "--allow-identity": allow_identity}
    if predictions is None:
        for option in (name for name, given in only_with_predictions.items() if given):
            raise BadInputError(f"{option} belongs to --predictions; a method that is run says so itself: leave it out")
        chosen = [load_method(name) for name in methods]
    elif len(methods) != 1:
        raise BadInputError(f"--predictions needs one name for its method; found {len(methods)}: {' '.join(methods)}")
    else:
        check_name(methods[0])
    with sigterm_interrupts(), progress_bars(Console(stderr=True)) as report:
        opened = open_dataset(dataset, report)
        if predictions is None:
            outcomes = evaluate_all(
                chosen, opened, rule, out, lpips_weights=lpips_weights, jobs=jobs, threads=threads, report=report
            )
        else:
            told = {"name": methods[0], "revision": revision, "description": description}
            reference = parse(MethodReference, told, "--revision")
            result = score_folder(
                predictions,
                reference,
                opened,
                rule,
                out,
                lpips_weights=lpips_weights,
                allow_identity=allow_identity,
                threads=threads,
                report=report,
            )
            outcomes = [Outcome(reference.name, result)]
        results = [outcome.result for outcome in outcomes if outcome.result is not None]
        drawn = draw_run(results, opened, rule, out, report) if plots and results else None
    if as_json:
        typer.echo(json.dumps([result.model_dump(mode="json") for result in results], indent=2))
    elif results:
        _tell(results, out, drawn)
    _tell_failures(outcomes)


def _tell(results: list[Result], out: Path, drawn: Path | None) -> None:
    """Print the scores, and where everything lies."""
    from .reports.comparison import format_scores
    from .store import Store

    typer.echo(format_scores(results))
    for result in results:
        for notice in result.notices:
            typer.echo(f"{result.method.name}: {notice}")
    for result in results:
        typer.echo(str(Store.of(out, result).result(result.method)))
    if drawn is not None:
        typer.echo(str(drawn))


def _tell_failures(outcomes: list[Outcome]) -> None:
    """End with the error of a method that has no result; several are told one after the other."""
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    if len(errors) == 1:
        raise errors[0]
    if errors:
        told = "\n".join(str(error) for error in errors)
        kind = BadInputError if all(isinstance(error, BadInputError) for error in errors) else BokehbenchError
        raise kind(f"{len(errors)} methods have no result:\n{told}")


def protocol_list_command() -> None:
    """List the protocols."""
    from .protocols import PROTOCOLS, SUMMARIES

    for rule in PROTOCOLS.values():
        typer.echo(f"{rule.name:<17} {SUMMARIES[rule.name]}\n{'':<17} {rule.sha256}")


def protocol_show_command(
    name: Annotated[str, typer.Argument(help="For example blb-v1, or a .yaml file of yours.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the definition as JSON.")] = False,
) -> None:
    """Print a protocol's whole definition and its hash."""
    from .protocol_text import describe
    from .protocols import load_protocol

    rule = load_protocol(name)
    if as_json:
        typer.echo(json.dumps({**rule.model_dump(mode="json"), "sha256": rule.sha256}, indent=2))
    else:
        typer.echo(describe(rule))


def doctor_checks() -> list[Check]:
    """Return what scoring needs: scikit-image, LPIPS's heads and, for its column, AlexNet's weights."""
    from .metrics.lpips import WEIGHTS_VARIABLE, backbone_sha256, find_backbone, load_backbone_state
    from .protocols import PROTOCOLS

    checks = [
        check_package("scikit-image", "pip install scikit-image"),
        check_package("lpips", "pip install lpips==0.1.4"),
    ]
    remedy = (
        f"bokehbench doctor --download-lpips fetches them (233 MB); or name a file by {WEIGHTS_VARIABLE}. "
        "Without them the LPIPS column reads n/a."
    )
    try:
        path = find_backbone()
        if path is None:
            checks.append(Check("LPIPS weights", "optional", "AlexNet's weights are not on this machine", remedy))
        elif backbone_sha256(load_backbone_state(path)) in {p.lpips.backbone_sha256 for p in PROTOCOLS.values()}:
            checks.append(Check("LPIPS weights", "ok", f"verified: {path}"))
        else:
            checks.append(Check("LPIPS weights", "missing", f"{path} holds another AlexNet", remedy))
    except BadInputError as error:
        checks.append(Check("LPIPS weights", "missing", str(error), remedy))
    return checks
