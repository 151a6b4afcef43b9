"""A method must answer with a picture, whatever it is given, and twice with the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from . import bars
from .measures import largest_difference, psnr_db
from .record import VERDICTS, Judgement, Verdict, worst
from .runner import Answer
from .targets import hard_cases

_SAME, _AGAIN, _FLAT, _BLACK = "odd size 127×61", "the same again", "flat disparity in focus", "black"
_IN_FOCUS_MAX = 0.05  # of a flat map: the control "focus" has the finer bar


@dataclass(frozen=True)
class Check:
    """One thing that was looked at in one case. found: a few words for the table."""

    case: str
    what: str
    verdict: Verdict
    found: str


@dataclass(frozen=True)
class RobustnessEvidence:
    """All checks, in order of the cases."""

    checks: tuple[Check, ...]


def judge_robustness(answers: Mapping[str, Answer]) -> Judgement:
    """Look at every answer that was given in any control, and at the hard cases in particular."""
    hard = hard_cases()
    checks = [check for name in hard for check in _of_case(name, answers)]
    checks += _of_the_others([answer for name, answer in answers.items() if name not in hard])
    failures = sum(answer.error is not None for answer in answers.values())
    numbers = {"cases": float(len(answers)), "failures": float(failures)}
    if answers[_SAME].error is None and answers[_AGAIN].error is None:
        repeated, numbers["repeat_max"] = _repeat(answers[_SAME], answers[_AGAIN])
        checks.append(repeated)
    told = [check for check in checks if check.verdict != "pass"]
    verdict = worst(*(check.verdict for check in checks))
    if not told:
        sentence = f"All {len(answers)} inputs are answered with finite pictures of their size, twice with the same."
    else:
        first = next(check for check in told if check.verdict == verdict)
        more = f" ({len(told) - 1} more in the plot.)" if len(told) > 1 else ""
        sentence = f"{first.case}: {first.found}. {_CAUSES[first.what]}{more}"
    return Judgement(verdict, numbers, sentence, RobustnessEvidence(tuple(checks)))


_CAUSES = {
    "answer": "Usual cause: sizes that are no multiple of a network's stride, division by an extent of 0, or integers "
    "where floats are meant.",
    "sign": "Usual cause: a network without a final clamp, or ringing of a resize.",
    "value": "Usual cause: a constant added to avoid division by 0, or normalisation by the picture's own range.",
    "repeat": "Usual cause: random numbers without a fixed seed; fix it, or a table cannot be made twice.",
}


def _of_the_others(answers: list[Answer]) -> list[Check]:
    """Return the worst check of each kind over the inputs of all other controls; the first failure alone, if any."""
    groups = [_of_answer("all other inputs", answer) for answer in answers]
    for answer, group in zip(answers, groups, strict=True):
        if answer.error:
            return group
    return [max(same, key=lambda check: VERDICTS.index(check.verdict)) for same in zip(*groups, strict=True)]


def _of_case(name: str, answers: Mapping[str, Answer]) -> list[Check]:
    answer = answers[name]
    checks = _of_answer(name, answer)
    if answer.error is None and name == _BLACK:
        brightest = float(answer.display.max())
        verdict: Verdict = "pass" if brightest <= bars.BLACK else "notice"
        checks.append(Check(name, "value", verdict, "stays black" if verdict == "pass" else f"becomes {brightest:.3f}"))
    if answer.error is None and name == _FLAT:
        change = largest_difference(answer.display, answer.sample.display)
        verdict = "pass" if change <= _IN_FOCUS_MAX else "notice"
        found = "stays as it is" if verdict == "pass" else f"changes by {change:.3f}, though all of it is in focus"
        checks.append(Check(name, "value", verdict, found))
    return checks


def _of_answer(name: str, answer: Answer) -> list[Check]:
    if answer.picture is None:
        return [Check(name, "answer", "fail", answer.error or "no picture")]
    least = float(answer.picture.min())
    return [
        Check(name, "answer", "pass", "finite, right size"),
        Check(
            name,
            "sign",
            "pass" if least >= bars.NEGATIVE else "notice",
            "not negative" if least >= bars.NEGATIVE else f"as low as {least:.3f}",
        ),
    ]


def _repeat(first: Answer, second: Answer) -> tuple[Check, float]:
    """Return the check of one input that was rendered twice, and the largest difference."""
    largest, likeness = largest_difference(first.display, second.display), psnr_db(first.display, second.display)
    if largest <= bars.REPEAT_MAX:
        return Check(_AGAIN, "repeat", "pass", "same picture"), largest
    found = f"differs by up to {largest:.3f} from the first time, PSNR {likeness:.1f} dB"
    return Check(_AGAIN, "repeat", "notice" if likeness >= bars.REPEAT_DB else "fail", found), largest
