"""``bokehbench submit`` and ``bokehbench leaderboard check|verify``: the command-line face of the store."""

from __future__ import annotations

import json
import tomllib
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bokeh_render.errors import BadInputError, BokehbenchError

if TYPE_CHECKING:
    from benchmark.rendering import Rendering

    from .store_check import CheckedStore
    from .verify import Comparison, Proof, Rescore

Results = Annotated[list[Path], typer.Argument(metavar="RESULT…", help="Result files of evaluate, or entry files.")]
StoreFolder = Annotated[
    Path | None, typer.Option("--store", help="Folder of the store.  [default: leaderboards/ of this checkout]")
]
EntryName = Annotated[
    str, typer.Argument(metavar="ENTRY", help="Its file, or <protocol>/<dataset>@<version>/<method>/<revision>.")
]

_SHOWN = 12
_TABLE_WIDTH = 160


def store_or_own(given: Path | None) -> Path:
    """Return the store that is meant; without one, that of the checkout which this package lies in.

    Raises BadInputError when it lies in none.
    """
    if given is not None:
        return given
    package = Path(__file__).parent
    project = package.parent / "pyproject.toml"
    told = tomllib.loads(project.read_text(encoding="utf-8")) if project.is_file() else {}
    if told.get("project", {}).get("name") == "bokehbench":
        return package
    raise BadInputError(
        "bokehbench is installed and lies in no checkout, so there is no store of its own; name yours by --store"
    )


def run_submit(results: list[Path], store: Path, rendering: Rendering | None) -> None:
    """Enter results and tell where they are and stand. rendering: of the dataset that was named."""
    from .findings import listed
    from .submit import submit

    submission = submit(results, store, datetime.now(UTC), rendering)
    for entry in submission.entries:
        typer.echo(f"{entry.path}{'' if entry.is_new else ' (is there already)'}")
        for line in entry.standing:
            typer.echo(f"  {line}")
    if submission.notices:
        typer.echo(listed(submission.notices))


def leaderboard_check_command(
    store: StoreFolder = None,
    against: Annotated[
        Path | None, typer.Option(help="An older copy of the store: its entries must still be there, unchanged.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Say all that is wrong with a store, at once; nothing is written. Exit code 2 when anything is.

    \b
    bokehbench leaderboard check --store .                      in the CI of a repository of results
    bokehbench leaderboard check --store . --against before     and what a pull request changes
    """  # noqa: D301  (the backslash keeps click from joining the lines)
    from .findings import errors
    from .store_check import check_store

    root = store_or_own(store)
    checked = check_store(root, datetime.now(UTC), against)
    if as_json:
        typer.echo(json.dumps(_as_json(root, checked), indent=2))
    else:
        _print(root, checked)
    if errors(checked.findings):
        raise typer.Exit(2)


def _as_json(root: Path, checked: CheckedStore) -> dict[str, object]:
    return {
        "store": str(root),
        "entries": len(checked.files.entries),
        "renderings": len(checked.files.renderings),
        **_counts(checked),
        "findings": [asdict(one) for one in checked.findings],
        "new": [{"file": one.file, "standing": list(one.standing)} for one in checked.new],
    }


def _counts(checked: CheckedStore) -> dict[str, int]:
    from .findings import errors

    wrong = len(errors(checked.findings))
    return {"errors": wrong, "notices": len(checked.findings) - wrong}


def _print(root: Path, checked: CheckedStore) -> None:
    from .findings import listed

    if checked.findings:
        typer.echo(listed(checked.findings))
    for one in checked.new:
        typer.echo(f"{one.file} is new")
        for line in one.standing:
            typer.echo(f"  {line}")
    counts = _counts(checked)
    typer.echo(
        f"{root}: entries: {len(checked.files.entries)}, renderings: {len(checked.files.renderings)}, "
        f"errors: {counts['errors']}, notices: {counts['notices']}"
    )


def run_verify(entry_name: str, store: Path | None, proves: Proof, rescore: Rescore) -> None:
    """Score an entry again, and write into it that it was checked.

    Raises BokehbenchError, after a table of the largest differences, when it says other numbers; it is left as it was.
    """
    from .verify import add_verification, compare, find_entry, load_entry

    path = find_entry(entry_name, None if Path(entry_name).is_file() else store_or_own(store))
    entry, protocol = load_entry(path)
    found = rescore(entry, protocol)
    comparison = compare(entry, found, proves)
    if not comparison.agrees:
        _print_differences(comparison)
        raise BokehbenchError(
            f"{path} does not say what was found here: {_disagreement(comparison)}; it stays as it was"
        )
    updated = add_verification(path, comparison, found, datetime.now(UTC))
    largest = ", ".join(f"{metric} {size:.1g}" for metric, size in comparison.largest.items())
    typer.echo(f"{path}: {len(entry.result.samples)} samples agree, largest differences {largest}")
    typer.echo(f"its status is {updated.status}")


def _disagreement(comparison: Comparison) -> str:
    counts = {
        "prediction(s) are other files": len(comparison.other_files) if comparison.proves == "reproduced" else 0,
        "ground truth(s) are other files": len(comparison.other_truths),
        "number(s) differ by more than is allowed": len(comparison.too_large),
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count)


def _print_differences(comparison: Comparison) -> None:
    from benchmark.reports.table_text import format_table

    other = set(comparison.other_files)
    rows = [
        (
            str(one.sample),
            one.name,
            *("—" if value is None else f"{value:.6f}" for value in (one.told, one.found)),
            f"{one.size:.2g}",
            f"{one.allowed:g}",
            "another" if one.sample in other else "the same",
        )
        for one in comparison.differences[:_SHOWN]
    ]
    head = ("largest differences", "number", "entry", "found", "difference", "allowed", "file")
    typer.echo(format_table(head, rows, _TABLE_WIDTH))
