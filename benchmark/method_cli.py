"""``bokehbench method``: start a method, test it, and look at its optics before any table does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from bokeh_render.errors import BadInputError
from bokeh_render.progress import progress_bars

method_app = typer.Typer(help="Start a method of yours, test it, look at its optics.", no_args_is_help=True)
_METHOD_HELP = "An included method, module:Name, an entry point, or a folder with a method.yaml."


@method_app.command("new")
def method_new_command(
    name: Annotated[str, typer.Argument(help="What the method shall be called.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write it into.")],
    kind: Annotated[str, typer.Option(help="python (a class) or command (a program in an environment of its own).")] = (
        "python"
    ),
    adapter: Annotated[
        str | None, typer.Option(help="Instead: an adapter for published code: bokehme, mpib, bokehdiff or drbokeh.")
    ] = None,
) -> None:
    """Write a small method that works, to be made yours; or an adapter for published code that you have."""
    from .methods.template import write_adapter, write_template

    started = write_template(name, kind, out) if adapter is None else write_adapter(name, adapter, out)
    for path in started.files:
        typer.echo(str(path))
    typer.echo(f"Read {out / 'README.md'}; then, in {started.folder}:  bokehbench method test {started.method}")


@method_app.command("test")
def method_test_command(
    method: Annotated[str, typer.Argument(help=_METHOD_HELP)],
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Check that a method answers as it must: shape, values, determinism, K = 0, time. Writes nothing.

    Exit code 1 when a check fails.
    """
    from .methods.conformance import format_report, test_method
    from .methods.loading import load_method

    with progress_bars(Console(stderr=True)) as report:
        found = test_method(load_method(method), report=report)
    typer.echo(found.model_dump_json(indent=2) if as_json else format_report(found))
    if not found.passed:
        raise typer.Exit(1)


@method_app.command("control")
def method_control_command(
    method: Annotated[str, typer.Argument(help=_METHOD_HELP)],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for control.json and a plot for each control.")],
    only: Annotated[
        list[str] | None, typer.Option(help="Only this control; may be given several times.  [default: all]")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Hold a method against closed-form optics: radius, edge, energy, shape, focus, occlusion; a plot for each.

    Exit code 1 when a control fails.
    """
    from .control import format_report, run_controls
    from .control.record import OVERVIEW_FILE
    from .methods.loading import load_method

    if out.exists() and not out.is_dir():
        raise BadInputError(f"{out} is a file; expected a folder for the plots")
    with progress_bars(Console(stderr=True)) as report:
        found = run_controls(load_method(method), out, only=only or (), report=report)
    typer.echo(found.model_dump_json(indent=2) if as_json else format_report(found))
    typer.echo(str(out / OVERVIEW_FILE), err=as_json)
    if found.verdict == "fail":
        raise typer.Exit(1)
