"""``bokehbench predictions``: look at predictions made elsewhere before anybody scores them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from bokeh_render.progress import progress_bars

if TYPE_CHECKING:
    from .dataset import Dataset
    from .protocols import Protocol
    from .submissions.checks import Checked


def predictions_validate_command(
    predictions: Annotated[
        Path, typer.Argument(help="Folder or zip: <scene>/bokeh_KK_FF.png (display values), .exr or .npy (light).")
    ],
    dataset: Annotated[Path, typer.Option(help="Folder of the dataset (ours, or the original BLB download).")],
    protocol: Annotated[
        str, typer.Option(help="The rule they are to be scored by; a name, or a .yaml file.")
    ] = "blb-v1",
    allow_identity: Annotated[
        bool, typer.Option("--allow-identity", help="Predictions may equal the input: doing nothing is the method.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Say all that is wrong with predictions, at once, without scoring them; nothing is written.

    Exit code 2 when they cannot be scored as they are.
    """
    from .dataset import open_dataset
    from .protocols import load_protocol
    from .submissions.checks import check_submission
    from .submissions.submission import open_submission

    rule = load_protocol(protocol)
    opened = open_dataset(dataset)
    with (
        open_submission(predictions, opened, rule) as submission,
        progress_bars(Console(stderr=True)) as report,
    ):
        checked = check_submission(submission, opened, rule, allow_identity=allow_identity, report=report)
    if as_json:
        typer.echo(json.dumps(_as_json(checked, opened, rule), indent=2))
    else:
        _print(checked, len(opened.samples(rule)))
    if checked.errors:
        raise typer.Exit(2)


def _as_json(checked: Checked, dataset: Dataset, protocol: Protocol) -> dict[str, object]:
    return {
        "predictions": checked.name,
        "dataset": {"name": dataset.name, "version": dataset.version, "files_sha256": dataset.files_sha256},
        "protocol": {"name": protocol.name, "sha256": protocol.sha256},
        "samples": len(dataset.samples(protocol)),
        "files": len(checked.files),
        "compared": checked.compared,
        "errors": len(checked.errors),
        "notices": len(checked.notices),
        "problems": [one.model_dump(mode="json") for one in checked.problems],
    }


def _print(checked: Checked, samples: int) -> None:
    from .submissions.problems import CHECKS, Severity, grouped

    table = Table("check", "errors", "notices", box=SIMPLE_HEAD)
    for check, kinds in CHECKS.items():
        found = [one.severity for one in checked.problems if one.kind in kinds]
        table.add_row(check, str(found.count(Severity.ERROR)), str(found.count(Severity.NOTICE)))
    Console(highlight=False).print(table)
    if checked.problems:
        typer.echo(grouped(checked.problems))
    state = "cannot be scored as they are" if checked.errors else "can be scored"
    typer.echo(
        f"{checked.name}: {len(checked.files)} of {samples} samples have a file, {checked.compared} were compared with "
        f"their truths; {len(checked.errors)} error(s), {len(checked.notices)} notice(s): they {state}"
    )
