"""How long work tells that it is alive: steps reported by the libraries, shown as bars by the command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


@dataclass(frozen=True)
class Step:
    """``done`` of ``total`` pieces of the work named ``task`` are finished; ``note`` says what is going on."""

    task: str
    done: int
    total: int
    note: str = ""


ReportStep = Callable[[Step], None]


def silent(step: Step) -> None:
    """Report nothing."""
    del step


@contextmanager
def progress_bars(console: Console) -> Iterator[ReportStep]:
    """Show one bar per task on a terminal; elsewhere one line when a task begins and one when it is finished."""
    if not console.is_terminal:
        begun: set[str] = set()

        def print_ends(step: Step) -> None:
            if step.task not in begun and step.done < step.total:
                begun.add(step.task)
                console.print(f"{step.task}: {step.done} of {step.total} done, working")
            elif step.task in begun and step.done == step.total:
                begun.discard(step.task)
                console.print(f"{step.task}: {step.done} of {step.total} done")

        yield print_ends
        return

    columns = (
        TextColumn("{task.description:<24}"),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", style="dim"),
    )
    with Progress(*columns, console=console) as bars:
        tasks = {}

        def move_bar(step: Step) -> None:
            if step.task not in tasks:
                tasks[step.task] = bars.add_task(step.task, total=step.total, note="")
            bars.update(tasks[step.task], completed=step.done, total=step.total, note=step.note)

        yield move_bar
