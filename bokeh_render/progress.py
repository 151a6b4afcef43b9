"""How long work tells that it is alive: steps reported by the libraries, shown as bars by the command."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

_WORTH_TELLING_SECONDS = 2.0


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
    """Show one bar per task on a terminal; elsewhere one line for each task that took over two seconds."""
    if not console.is_terminal:
        begun: dict[str, float] = {}

        def print_end(step: Step) -> None:
            started = begun.setdefault(step.task, time.monotonic())
            if step.done == step.total and (spent := time.monotonic() - started) > _WORTH_TELLING_SECONDS:
                console.print(f"{step.task}: {step.total} done in {spent:.0f} s", highlight=False)

        yield print_end
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
