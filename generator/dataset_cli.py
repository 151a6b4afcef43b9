"""``bokehbench dataset``: check a dataset, share it as one file, look at it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bokeh_render.progress import progress_bars

dataset_app = typer.Typer(help="Check a dataset, share it as one file, look at it.", no_args_is_help=True)

_MOST_ROWS = 200
"""With more rows (a set of 400 pairs has thousands) those that are ok are left out."""
_STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red", "not checked": "dim"}


@dataset_app.command("validate")
def validate_command(
    dataset: Annotated[Path, typer.Argument(help="A dataset's folder: ours, of stacks or pairs, or the original BLB.")],
    quick: Annotated[bool, typer.Option("--quick", help="Compare sizes, not hashes; open no bokeh image.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check files, numbers, pictures, and the law of blur itself. Exit code 1 when something is wrong."""
    from .validation import validate

    with progress_bars(Console(stderr=True)) as report:
        findings = validate(dataset, quick=quick, report=report)
    counts = {state: sum(finding.state == state for finding in findings) for state in _STYLES}
    if as_json:
        typer.echo(json.dumps({"counts": counts, "findings": [vars(finding) for finding in findings]}, indent=2))
    else:
        table = Table("scene", "check", "state", "found", box=SIMPLE_HEAD)
        shown = findings if len(findings) <= _MOST_ROWS else [f for f in findings if f.state != "ok" or not f.scene]
        for finding in shown:
            state = f"[{_STYLES[finding.state]}]{finding.state}[/]"
            table.add_row(escape(finding.scene or "(all)"), finding.check, state, escape(finding.text))
        Console(highlight=False).print(table)
        left_out = (
            f" ({len(findings) - len(shown)} rows that are ok are left out)" if len(shown) < len(findings) else ""
        )
        typer.echo(
            f"{dataset}: " + ", ".join(f"{count} {state}" for state, count in counts.items() if count) + left_out
        )
    if counts["failed"]:
        raise typer.Exit(1)


@dataset_app.command("export")
def export_command(
    dataset: Annotated[Path, typer.Argument(help="A dataset's folder.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The archive to write, a .tar file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Pack one rendering into one file. The same files always give the same archive."""
    from .archive import export_dataset

    with progress_bars(Console(stderr=True)) as report:
        archive = export_dataset(dataset, out, report=report)
    if as_json:
        content = {"archive": str(out), "bytes": archive.bytes, "sha256": archive.sha256, "files": archive.files}
        typer.echo(json.dumps({**content, "files_sha256": archive.record.files_sha256}, indent=2))
    else:
        typer.echo(f"{out}: {archive.files} files, {archive.bytes / 1e6:.1f} MB, sha256 {archive.sha256}")


@dataset_app.command("import")
def import_command(
    archive: Annotated[Path, typer.Argument(help="A file made by dataset export.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The new folder to unpack into.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the dataset's record as JSON.")] = False,
) -> None:
    """Unpack an archive, every file checked by its hash. Nothing half-written is left behind."""
    from .archive import import_dataset
    from .dataset_page import write_dataset_page

    with progress_bars(Console(stderr=True)) as report:
        record = import_dataset(archive, out, report=report)
        write_dataset_page(out, report=report)
    if as_json:
        typer.echo(record.model_dump_json(indent=2))
    else:
        typer.echo(f"{out}: {record.name} {record.version}, files {record.files_sha256}")


@dataset_app.command("page")
def page_command(dataset: Annotated[Path, typer.Argument(help="A dataset's folder.")]) -> None:
    """Make the dataset's page and contact sheets again, to look at in a browser."""
    from .dataset_page import write_dataset_page

    with progress_bars(Console(stderr=True)) as report:
        page = write_dataset_page(dataset, report=report)
    typer.echo(str(page))
