"""Run the controls of a method, and say what they found: as a record, as text, and as pictures."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from bokeh_render.atomic import write_text
from bokeh_render.progress import ReportStep, Step, silent

from ..methods.interface import BatchMethod, Method, MethodInput
from ..methods.measuring import explain
from .catalogue import Control, chosen_controls
from .record import ControlReport, ControlResult, Judgement, NoEvidence, UnmeasurableError
from .runner import Answer, ask

REPORT_FILE = "control.json"
_WIDTH = 100
_TIE = "\N{NO-BREAK SPACE}"  # between a number and its name, so that no line ends there
_MARKS = {"pass": "pass  ", "notice": "NOTICE", "fail": "FAIL  "}


def run_controls(
    method: Method | BatchMethod,
    out: Path | None,
    *,
    only: Sequence[str] = (),
    report: ReportStep = silent,
) -> ControlReport:
    """Ask a method for the pictures of all controls (24, at most 320×240) and judge them.

    out: a folder that gets ``control.json``, a plot for each control and ``control.png`` with all plots; None writes
    nothing. only: names of controls, all if empty. A method that fails fails its controls; nothing is raised for it.
    Raises BadInputError for an unknown control, and when a method that works in batches cannot be started.
    """
    controls = chosen_controls(tuple(only))
    samples: dict[str, MethodInput] = {sample.name: sample for control in controls for sample in control.inputs()}
    task = f"{method.name}: controls"
    answers = ask(method, samples, lambda done, name: report(Step(task, done, len(samples), name)))
    report(Step(task, len(samples), len(samples)))
    judgements = {control.name: _judge(control, answers) for control in controls}
    results = [
        ControlResult(
            name=name,
            verdict=judgement.verdict,
            numbers=dict(judgement.numbers),
            sentence=judgement.sentence,
            plot=None if out is None else f"{name}.png",
        )
        for name, judgement in judgements.items()
    ]
    found = ControlReport(method=method.name, revision=method.revision, results=tuple(results))
    if out is not None:
        _write(found, judgements, out, report)
    return found


def _judge(control: Control, answers: Mapping[str, Answer]) -> Judgement:
    try:
        with np.errstate(all="ignore"):  # what comes of it is found below
            judgement = control.judge(answers)
    except UnmeasurableError as error:
        return _unmeasured(str(error))
    except Exception as error:  # noqa: BLE001  (a ruler met what nobody thought of; the other controls must go on)
        return _unmeasured(f"The ruler failed: {explain(error)}")
    odd = [name for name, number in judgement.numbers.items() if not np.isfinite(number)]
    return _unmeasured(f"No finite number came out for {', '.join(odd)}") if odd else judgement


def _unmeasured(reason: str) -> Judgement:
    return Judgement("fail", {}, f"Could not be measured. {reason.rstrip('.')}.", NoEvidence(reason))


def _write(found: ControlReport, judgements: Mapping[str, Judgement], out: Path, report: ReportStep) -> None:
    from .plots import write_plots  # matplotlib

    write_plots(found, {name: judgement.evidence for name, judgement in judgements.items()}, out, report)
    write_text(out / REPORT_FILE, found.model_dump_json(indent=2) + "\n")


def format_report(report: ControlReport) -> str:
    """Return a report as text for a terminal, 100 columns: verdict, numbers and the sentence of each control."""
    lines = [f"Controls of {report.method} ({report.revision}): {report.verdict}", ""]
    for result in report.results:
        numbers = "  ".join(f"{name}{_TIE}{_number(value)}" for name, value in result.numbers.items())
        lines.append(f"{_MARKS[result.verdict]}  {result.name}")
        lines += _wrapped(result.sentence)
        lines += [*(line.replace(_TIE, " ") for line in _wrapped(numbers)), ""]
    return "\n".join(lines).rstrip()


def _number(value: float) -> str:
    """Return a number as a reader wants it: four digits, no more."""
    if value == round(value) and abs(value) < 1e6:
        return f"{value:.0f}"
    return f"{value:.3f}" if 0.01 <= abs(value) < 1000 else f"{value:.2g}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 8)
